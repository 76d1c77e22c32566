"""Why something was decided about a candidate is named for the decision."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("harms", "0013_freeze_baselines")]
    operations = [
        migrations.RemoveConstraint("candidate", "candidate_is_as_decided"),
        migrations.RenameField("candidate", "reason", "decided_why"),
        migrations.AddConstraint(
            "candidate",
            models.CheckConstraint(
                name="candidate_is_as_decided",
                condition=Q(state="waiting", harm=None, decided_at=None, decided_by=None, decided_why="")
                | Q(state__in=("new_harm", "linked"), harm__isnull=False, decided_at__isnull=False, decided_by__isnull=False)
                | Q(state="dismissed", harm=None, decided_at__isnull=False, decided_by__isnull=False) & ~Q(decided_why=""),
            ),
        ),
    ]
