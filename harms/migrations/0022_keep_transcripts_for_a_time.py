"""How long the texts of a campaign's transcripts are kept, when they went, and drafts that are given up."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("harms", "0021_index_priorities_of_the_register"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="campaign",
            name="campaign_started",
        ),
        migrations.AddField(
            model_name="campaign",
            name="retention_days",
            field=models.PositiveIntegerField(default=365),
        ),
        migrations.AddField(
            model_name="turn",
            name="texts_deleted_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="turn",
            name="texts_digest",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AlterField(
            model_name="campaign",
            name="state",
            field=models.CharField(
                choices=[("draft", "Draft"), ("running", "Running"), ("paused", "Paused"), ("closed", "Closed"), ("discarded", "Discarded")],
                default="draft",
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(condition=models.Q(("retention_days__range", (1, 3650))), name="campaign_retention_days"),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ("draft", "discarded")), models.Q(("configuration__isnull", False), ("started_at__isnull", False)), _connector="OR"
                ),
                name="campaign_started",
            ),
        ),
        migrations.AddConstraint(
            model_name="turn",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("texts_deleted_at", None), ("texts_digest", "")),
                    models.Q(
                        ("answer", ""),
                        ("body__isnull", True),
                        ("detail", ""),
                        ("note", ""),
                        ("refusal", ""),
                        ("text", ""),
                        ("texts_deleted_at__isnull", False),
                        models.Q(("texts_digest", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="probe_turn_texts_deleted",
            ),
        ),
    ]
