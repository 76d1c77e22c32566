"""Treatment, review, acceptance, reopening and merging of harms; candidates, dismissed entries of the library, and baselines of registers."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("harms", "0011_freeze_closed_assessments"),
        ("systems", "0008_recognise_places_and_languages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Baseline",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=160)),
                ("reason", models.TextField(blank=True, max_length=2000)),
                ("content", models.JSONField()),
                ("digest", models.CharField(max_length=64)),
                ("harm_count", models.PositiveIntegerField()),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "register_baseline",
            },
        ),
        migrations.CreateModel(
            name="Candidate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("finding", "Red-team finding"),
                            ("output", "Output of a run"),
                            ("incident", "Incident"),
                            ("feedback", "Feedback"),
                            ("telemetry", "Telemetry"),
                            ("person", "Somebody's note"),
                        ],
                        max_length=20,
                    ),
                ),
                ("subject_kind", models.CharField(blank=True, max_length=60)),
                ("subject_id", models.BigIntegerField(null=True)),
                ("title", models.CharField(max_length=160)),
                ("summary", models.TextField(blank=True, max_length=4000)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("new_harm", "Became a harm"), ("linked", "Known harm"), ("dismissed", "Dismissed")],
                        default="waiting",
                        max_length=20,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=2000)),
                ("decided_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "harm_candidate",
            },
        ),
        migrations.CreateModel(
            name="LibraryDismissal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("entry", models.SlugField(db_index=False, max_length=80)),
                ("model_name", models.CharField(blank=True, max_length=120)),
                ("reason", models.CharField(max_length=2000)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("taken_back_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "harm_library_dismissal",
            },
        ),
        migrations.AddField(
            model_name="harm",
            name="accepted_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="harm",
            name="merged_into",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="merged_here", to="harms.harm"),
        ),
        migrations.AddField(
            model_name="harm",
            name="model_name",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="harm",
            name="reopened_count",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="harm",
            name="resolved_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="harm",
            name="review_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="harm",
            name="state_before",
            field=models.CharField(
                blank=True,
                choices=[
                    ("proposed", "Proposed"),
                    ("assessed", "Assessed"),
                    ("in_treatment", "In treatment"),
                    ("accepted", "Accepted"),
                    ("resolved", "Resolved"),
                    ("merged", "Merged into another"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="harm",
            name="treatment",
            field=models.CharField(
                blank=True, choices=[("mitigate", "Mitigate"), ("accept", "Accept"), ("avoid", "Avoid"), ("transfer", "Transfer")], max_length=10
            ),
        ),
        migrations.AddField(
            model_name="harm",
            name="treatment_due_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="harm",
            name="treatment_owner",
            field=models.ForeignKey(
                blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="harm",
            name="treatment_words",
            field=models.TextField(blank=True, max_length=4000),
        ),
        migrations.AlterField(
            model_name="harm",
            name="state",
            field=models.CharField(
                choices=[
                    ("proposed", "Proposed"),
                    ("assessed", "Assessed"),
                    ("in_treatment", "In treatment"),
                    ("accepted", "Accepted"),
                    ("resolved", "Resolved"),
                    ("merged", "Merged into another"),
                ],
                default="proposed",
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="harm",
            index=models.Index(models.F("system"), models.F("review_on"), condition=models.Q(("review_on__isnull", False)), name="harm_by_review"),
        ),
        migrations.AddConstraint(
            model_name="harm",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("accepted_until__isnull", False), ("state", "accepted"), models.Q(("state_before", ""), _negated=True)),
                    models.Q(models.Q(("state", "accepted"), _negated=True), ("accepted_until", None), ("state_before", "")),
                    _connector="OR",
                ),
                name="harm_accepted_until_an_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="harm",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("resolved_at__isnull", False), ("state", "resolved")),
                    models.Q(models.Q(("state", "resolved"), _negated=True), ("resolved_at", None)),
                    _connector="OR",
                ),
                name="harm_resolved_at_a_moment",
            ),
        ),
        migrations.AddConstraint(
            model_name="harm",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("merged_into__isnull", False), ("state", "merged"), models.Q(("merged_into", models.F("id")), _negated=True)),
                    models.Q(models.Q(("state", "merged"), _negated=True), ("merged_into", None)),
                    _connector="OR",
                ),
                name="harm_merged_into_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="harm",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("treatment", ""), ("treatment_due_on", None), ("treatment_owner", None), ("treatment_words", "")),
                    models.Q(models.Q(("treatment", ""), _negated=True), models.Q(("treatment_words", ""), _negated=True)),
                    _connector="OR",
                ),
                name="harm_treatment_has_words",
            ),
        ),
        migrations.AddField(
            model_name="baseline",
            name="made_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="baseline",
            name="system",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.aisystem"),
        ),
        migrations.AddField(
            model_name="candidate",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="candidate",
            name="decided_by",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="candidate",
            name="harm",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="harms.harm"),
        ),
        migrations.AddField(
            model_name="candidate",
            name="system",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.aisystem"),
        ),
        migrations.AddField(
            model_name="librarydismissal",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="librarydismissal",
            name="system",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.aisystem"),
        ),
        migrations.AddField(
            model_name="librarydismissal",
            name="taken_back_by",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name="baseline",
            constraint=models.UniqueConstraint(fields=("system", "number"), name="baseline_number"),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(models.F("system"), models.F("state"), models.OrderBy(models.F("id"), descending=True), name="candidate_of_system"),
        ),
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(models.F("state"), models.OrderBy(models.F("id"), descending=True), name="candidate_by_state"),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.UniqueConstraint(
                condition=models.Q(("subject_id__isnull", False)), fields=("system", "subject_kind", "subject_id"), name="candidate_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("subject_id", None), ("subject_kind", "")),
                    models.Q(models.Q(("subject_kind", ""), _negated=True), ("subject_id__isnull", False)),
                    _connector="OR",
                ),
                name="candidate_names_its_origin",
            ),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("decided_by", None), ("harm", None), ("reason", ""), ("state", "waiting")),
                    models.Q(("decided_at__isnull", False), ("decided_by__isnull", False), ("harm__isnull", False), ("state__in", ("new_harm", "linked"))),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                        ("harm", None),
                        ("state", "dismissed"),
                        models.Q(("reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="candidate_is_as_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="librarydismissal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("taken_back_at", None)), fields=("system", "entry", "model_name"), name="library_dismissal_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="librarydismissal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("taken_back_at", None), ("taken_back_by", None)),
                    models.Q(("taken_back_at__isnull", False), ("taken_back_by__isnull", False)),
                    _connector="OR",
                ),
                name="library_dismissal_taken_back_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="librarydismissal",
            constraint=models.CheckConstraint(condition=models.Q(("reason", ""), _negated=True), name="library_dismissal_has_reason"),
        ),
    ]
