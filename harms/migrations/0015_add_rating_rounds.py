"""Rating rounds with their raters and ratings, what was agreed, appetite, and scores carried over to another scale."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("harms", "0014_name_reason_of_decision"),
        ("systems", "0008_recognise_places_and_languages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RatingRound",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=160)),
                ("message", models.TextField(blank=True, max_length=2000)),
                ("state", models.CharField(choices=[("open", "Open"), ("closed", "Closed")], default="open", max_length=10)),
                ("due_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("closed_at", models.DateTimeField(null=True)),
                ("close_reason", models.TextField(blank=True, max_length=2000)),
                ("closed_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                (
                    "intended_use",
                    models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.intendeduse"),
                ),
                ("opened_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("scale", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="harms.riskscale")),
                ("system", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.aisystem")),
            ],
            options={
                "db_table": "rating_round",
            },
        ),
        migrations.CreateModel(
            name="Rater",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(blank=True, max_length=120)),
                ("organisation", models.CharField(blank=True, max_length=160)),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("digest", models.CharField(max_length=64, null=True, unique=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                ("erased_at", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("asked_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("person", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("round", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="raters", to="harms.ratinground")),
            ],
            options={
                "db_table": "rater",
            },
        ),
        migrations.CreateModel(
            name="RoundHarm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("harm", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="harms.harm")),
                ("round", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="harms", to="harms.ratinground")),
            ],
            options={
                "db_table": "rating_round_harm",
            },
        ),
        migrations.CreateModel(
            name="Rating",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("severity", models.PositiveSmallIntegerField(null=True)),
                ("frequency", models.PositiveSmallIntegerField(null=True)),
                ("cannot_judge", models.BooleanField(default=False)),
                ("confidence", models.CharField(blank=True, choices=[("low", "Low"), ("medium", "Medium"), ("high", "High")], max_length=10)),
                ("rationale", models.TextField(blank=True, max_length=4000)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("rater", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="ratings", to="harms.rater")),
                ("round_harm", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="ratings", to="harms.roundharm")),
            ],
            options={
                "db_table": "rating",
            },
        ),
        migrations.CreateModel(
            name="Consensus",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("severity", models.PositiveSmallIntegerField()),
                ("frequency", models.PositiveSmallIntegerField()),
                ("median_severity", models.PositiveSmallIntegerField(null=True)),
                ("median_frequency", models.PositiveSmallIntegerField(null=True)),
                ("rating_count", models.PositiveIntegerField()),
                ("is_override", models.BooleanField()),
                ("override_reason", models.TextField(blank=True, max_length=2000)),
                ("note", models.TextField(max_length=4000)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("point", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="harms.riskpoint")),
                ("recorded_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("round_harm", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="consensus", to="harms.roundharm")),
            ],
            options={
                "db_table": "rating_consensus",
            },
        ),
        migrations.CreateModel(
            name="ScaleChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("severity_levels", models.JSONField()),
                ("frequency_levels", models.JSONField()),
                ("reason", models.TextField(max_length=2000)),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("baseline", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="harms.baseline")),
                ("from_scale", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="harms.riskscale")),
                ("made_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("system", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.aisystem")),
                ("to_scale", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="harms.riskscale")),
            ],
            options={
                "db_table": "scale_change",
            },
        ),
        migrations.CreateModel(
            name="ScoreMove",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("after", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="harms.riskpoint")),
                ("before", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="harms.riskpoint")),
                ("change", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="moves", to="harms.scalechange")),
            ],
            options={
                "db_table": "scale_change_move",
            },
        ),
        migrations.CreateModel(
            name="Appetite",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("highest_score", models.PositiveSmallIntegerField(null=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("category", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="harms.harmcategory")),
                ("system", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.aisystem")),
                ("updated_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "db_table": "harm_appetite",
                "constraints": [
                    models.UniqueConstraint(fields=("category", "system"), name="harm_appetite_once", nulls_distinct=False),
                    models.CheckConstraint(condition=models.Q(("highest_score__range", (1, 25))), name="harm_appetite_is_a_score"),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="ratinground",
            index=models.Index(models.F("due_at"), condition=models.Q(("state", "open")), name="rating_round_due"),
        ),
        migrations.AddConstraint(
            model_name="ratinground",
            constraint=models.UniqueConstraint(fields=("system", "number"), name="rating_round_number"),
        ),
        migrations.AddConstraint(
            model_name="ratinground",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("close_reason", ""), ("closed_at", None), ("closed_by", None), ("state", "open")),
                    models.Q(("closed_at__isnull", False), ("closed_by__isnull", False), ("state", "closed")),
                    _connector="OR",
                ),
                name="rating_round_closed_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="rater",
            constraint=models.UniqueConstraint(condition=models.Q(("person__isnull", False)), fields=("round", "person"), name="rater_once"),
        ),
        migrations.AddConstraint(
            model_name="rater",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("digest", None),
                        ("email", ""),
                        ("expires_at", None),
                        ("name", ""),
                        ("organisation", ""),
                        ("person__isnull", False),
                        ("revoked_at", None),
                        ("sent_at", None),
                    ),
                    models.Q(("digest__isnull", False), ("expires_at__isnull", False), ("person", None), models.Q(("name", ""), _negated=True)),
                    _connector="OR",
                ),
                name="rater_inside_or_outside",
            ),
        ),
        migrations.AddConstraint(
            model_name="rater",
            constraint=models.CheckConstraint(condition=models.Q(("sent_at", None), ("revoked_at", None), _connector="OR"), name="rater_sent_or_revoked"),
        ),
        migrations.AddConstraint(
            model_name="roundharm",
            constraint=models.UniqueConstraint(fields=("round", "harm"), name="rating_round_harm_once"),
        ),
        migrations.AddConstraint(
            model_name="rating",
            constraint=models.UniqueConstraint(fields=("rater", "round_harm"), name="rating_once"),
        ),
        migrations.AddConstraint(
            model_name="rating",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cannot_judge", True), ("confidence", ""), ("frequency", None), ("severity", None)),
                    models.Q(
                        ("cannot_judge", False),
                        ("frequency__range", (1, 5)),
                        ("severity__range", (1, 5)),
                        models.Q(("confidence", ""), _negated=True),
                        models.Q(("rationale", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="rating_levels_or_none",
            ),
        ),
        migrations.AddConstraint(
            model_name="consensus",
            constraint=models.CheckConstraint(condition=models.Q(("frequency__range", (1, 5)), ("severity__range", (1, 5))), name="rating_consensus_levels"),
        ),
        migrations.AddConstraint(
            model_name="consensus",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("is_override", False),
                        ("median_frequency__isnull", False),
                        ("median_severity__isnull", False),
                        ("override_reason", ""),
                        ("frequency", models.F("median_frequency")),
                        ("severity", models.F("median_severity")),
                    ),
                    models.Q(("is_override", True), models.Q(("override_reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="rating_consensus_override_has_reason",
            ),
        ),
    ]
