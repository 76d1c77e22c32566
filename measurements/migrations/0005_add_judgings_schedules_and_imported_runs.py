"""Judging as passes with votes, schedules, imported runs, budgets, circuits, scales."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("measurements", "0004_keep_the_mix_of_versions"),
        ("systems", "0003_add_azure_and_applications"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Circuit",
            fields=[
                (
                    "deployment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="+", serialize=False, to="systems.deployment"
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("probe_at", models.DateTimeField()),
                ("probes", models.PositiveIntegerField(default=0)),
                ("prober", models.UUIDField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=300)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "endpoint_circuit",
            },
        ),
        migrations.CreateModel(
            name="DueTime",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField()),
                ("outcome", models.CharField(choices=[("started", "Run started"), ("missed", "Missed"), ("refused", "Could not start")], max_length=20)),
                ("detail", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "schedule_due_time",
            },
        ),
        migrations.CreateModel(
            name="Judging",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("is_planned", models.BooleanField()),
                ("votes", models.PositiveSmallIntegerField(default=1)),
                ("planned_count", models.PositiveIntegerField(default=0)),
                ("snapshot", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[("running", "Judging"), ("paused", "Paused"), ("completed", "Completed"), ("cancelled", "Cancelled")],
                        default="running",
                        max_length=20,
                    ),
                ),
                (
                    "cause",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("person", "Paused by a person"),
                            ("quota", "The provider's quota is used up"),
                            ("unauthorized", "The provider refused the API key"),
                            ("forbidden", "The provider forbids this key to call the model"),
                            ("not_found", "The provider doesn't know the address or the model"),
                            ("endpoint_refused", "The portal may not call this address"),
                            ("rate_limited", "The provider asks for a longer wait than the portal waits by itself"),
                            ("deployment_changed", "The deployment was changed or switched off"),
                            ("endpoint_down", "The endpoint has failed for too long"),
                            ("budget", "The run's budget is used up"),
                            ("key_unreadable", "The stored API key can't be read any more"),
                            ("system_retired", "The system was retired"),
                        ],
                        max_length=30,
                    ),
                ),
                ("cause_detail", models.CharField(blank=True, max_length=300)),
                ("reason", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(null=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "judging",
            },
        ),
        migrations.CreateModel(
            name="OutsideLabeller",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "outside_labeller",
            },
        ),
        migrations.CreateModel(
            name="Schedule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("repeats", models.PositiveSmallIntegerField(default=1)),
                ("max_concurrency", models.PositiveIntegerField(blank=True, null=True)),
                ("budget_cost", models.DecimalField(blank=True, decimal_places=6, max_digits=14, null=True)),
                ("budget_tokens", models.BigIntegerField(blank=True, null=True)),
                ("rhythm", models.CharField(choices=[("daily", "Every day"), ("weekly", "Every week"), ("monthly", "Every month")], max_length=20)),
                ("weekday", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("month_day", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("at_time", models.TimeField()),
                ("time_zone", models.CharField(max_length=64)),
                ("is_active", models.BooleanField(default=True)),
                ("next_due_at", models.DateTimeField(null=True)),
                ("refusals_in_a_row", models.PositiveSmallIntegerField(default=0)),
                ("off_reason", models.CharField(blank=True, max_length=2000)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "schedule",
            },
        ),
        migrations.CreateModel(
            name="Vote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("judged", "Judged"),
                            ("unparseable", "Unparseable verdict"),
                            ("blocked", "Blocked by the judge's own content filter"),
                            ("refused", "The judge refused"),
                            ("failed", "Failed"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("timeout", "Timeout"),
                            ("provider_error", "Provider error"),
                            ("unparseable", "Unparseable answer"),
                            ("empty", "Empty answer"),
                            ("too_large", "Answer too large"),
                            ("crashed", "Ended its worker three times"),
                            ("cancelled", "Cancelled"),
                        ],
                        max_length=20,
                    ),
                ),
                ("severity", models.PositiveSmallIntegerField(null=True)),
                ("explanation", models.TextField(blank=True)),
                ("is_contradicted", models.BooleanField(default=False)),
                ("text", models.TextField(blank=True)),
                ("status_code", models.PositiveSmallIntegerField(null=True)),
                ("prompt_tokens", models.PositiveIntegerField(null=True)),
                ("completion_tokens", models.PositiveIntegerField(null=True)),
                ("latency_ms", models.PositiveIntegerField(null=True)),
                ("attempts", models.PositiveSmallIntegerField()),
                ("last_error", models.CharField(blank=True, max_length=300)),
                ("model_reported", models.CharField(blank=True, max_length=120)),
                ("fingerprint", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "judge_vote",
            },
        ),
        migrations.RemoveConstraint(
            model_name="attempt",
            name="attempt_once",
        ),
        migrations.RemoveConstraint(
            model_name="estimate",
            name="estimate_once",
        ),
        migrations.RemoveConstraint(
            model_name="judgement",
            name="judgement_one_source",
        ),
        migrations.RemoveConstraint(
            model_name="judgement",
            name="judgement_once_a_judge",
        ),
        migrations.RemoveConstraint(
            model_name="judgement",
            name="judgement_once_a_labeller",
        ),
        migrations.RemoveConstraint(
            model_name="lease",
            name="lease_number",
        ),
        migrations.RemoveIndex(model_name="run", name="run_without_estimates"),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(condition=models.Q(("judged_at", None), ("state__in", ["completed", "cancelled"])), fields=["id"], name="run_without_estimates"),
        ),
        migrations.RemoveIndex(
            model_name="lease",
            name="lease_open",
        ),
        migrations.AddField(
            model_name="judgement",
            name="is_contradicted",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="judgement",
            name="spread",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="judgeversion",
            name="configuration",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.configuration"),
        ),
        migrations.AddField(
            model_name="lease",
            name="first_output",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="lease",
            name="last_output",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="metricversion",
            name="scale",
            field=models.CharField(
                choices=[("content_severity", "Content severity, 0 to 7"), ("five_levels", "Five levels, 0 to 4"), ("yes_no", "Yes or no, 0 or 1")],
                default="content_severity",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="budget_cost",
            field=models.DecimalField(decimal_places=6, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="budget_tokens",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="reported",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="run",
            name="source",
            field=models.CharField(choices=[("portal", "Measured by the portal"), ("imported", "Imported")], default="portal", max_length=20),
        ),
        migrations.AddField(
            model_name="run",
            name="source_digest",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AlterField(
            model_name="judge",
            name="kind",
            field=models.CharField(
                choices=[("rule", "Rule"), ("content_filter", "Content filter"), ("model", "Model"), ("imported", "Imported verdicts")], max_length=20
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="cause",
            field=models.CharField(
                blank=True,
                choices=[
                    ("person", "Paused by a person"),
                    ("quota", "The provider's quota is used up"),
                    ("unauthorized", "The provider refused the API key"),
                    ("forbidden", "The provider forbids this key to call the model"),
                    ("not_found", "The provider doesn't know the address or the model"),
                    ("endpoint_refused", "The portal may not call this address"),
                    ("rate_limited", "The provider asks for a longer wait than the portal waits by itself"),
                    ("deployment_changed", "The deployment was changed or switched off"),
                    ("endpoint_down", "The endpoint has failed for too long"),
                    ("budget", "The run's budget is used up"),
                    ("key_unreadable", "The stored API key can't be read any more"),
                    ("system_retired", "The system was retired"),
                ],
                max_length=30,
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="configuration",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.configuration"),
        ),
        migrations.AlterField(
            model_name="setupload",
            name="format",
            field=models.CharField(
                choices=[
                    ("jsonl", "JSON lines"),
                    ("csv", "CSV with a column “input”"),
                    ("prompts", "Plain list, one prompt a line"),
                    ("garak", "garak: prompt file or report"),
                    ("pyrit", "PyRIT: seed prompts or scorer evaluation"),
                    ("promptfoo", "promptfoo: tests or results"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="metricversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("scale", "content_severity"),
                    models.Q(("scale", "five_levels"), ("threshold__lte", 4)),
                    models.Q(("scale", "yes_no"), ("threshold", 1)),
                    _connector="OR",
                ),
                name="metric_threshold_on_scale",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("configuration__isnull", False), ("source", "portal"), ("source_digest", "")),
                    models.Q(("configuration", None), ("source", "imported"), ("source_digest__gt", ""), ("state", "completed")),
                    _connector="OR",
                ),
                name="run_imported_or_configured",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("budget_cost", None), ("budget_cost__gt", 0), _connector="OR"),
                    models.Q(("budget_tokens", None), ("budget_tokens__gt", 0), _connector="OR"),
                ),
                name="run_budget_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(condition=models.Q(("source", "imported")), fields=("set_version", "source_digest"), name="run_imported_once"),
        ),
        migrations.AddField(
            model_name="duetime",
            name="run",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="measurements.run"),
        ),
        migrations.AddField(
            model_name="judging",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="judging",
            name="judge_version",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="measurements.judgeversion"),
        ),
        migrations.AddField(
            model_name="judging",
            name="metric_version",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="measurements.metricversion"),
        ),
        migrations.AddField(
            model_name="judging",
            name="run",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="judgings", to="measurements.run"),
        ),
        migrations.AddField(
            model_name="attempt",
            name="judging",
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="measurements.judging"),
        ),
        migrations.AddField(
            model_name="estimate",
            name="judging",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="estimates", to="measurements.judging"),
        ),
        migrations.AddField(
            model_name="grant",
            name="judging",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="measurements.judging"),
        ),
        migrations.AddField(
            model_name="judgement",
            name="judging",
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="measurements.judging"),
        ),
        migrations.AddField(
            model_name="lease",
            name="judging",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="leases", to="measurements.judging"),
        ),
        migrations.AddIndex(
            model_name="lease",
            index=models.Index(condition=models.Q(("is_done", False)), fields=["run", "judging", "number"], name="lease_open"),
        ),
        migrations.AddField(
            model_name="attempt",
            name="excused",
            field=models.PositiveSmallIntegerField(db_default=0),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(fields=("run", "judging", "item"), name="attempt_once", nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name="estimate",
            constraint=models.UniqueConstraint(fields=("run", "judging", "stratum", "scoring_version"), name="estimate_once"),
        ),
        migrations.AddConstraint(
            model_name="lease",
            constraint=models.UniqueConstraint(fields=("run", "judging", "number"), name="lease_number", nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name="lease",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("first_output", None), ("judging", None), ("last_output", None)),
                    models.Q(("first_output__isnull", False), ("judging__isnull", False), ("last_output__isnull", False)),
                    _connector="OR",
                ),
                name="lease_of_judging_has_outputs",
            ),
        ),
        migrations.AddField(
            model_name="outsidelabeller",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="outsidelabeller",
            name="system",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.aisystem"),
        ),
        migrations.AddField(
            model_name="judgement",
            name="outside_labeller",
            field=models.ForeignKey(
                db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="measurements.outsidelabeller"
            ),
        ),
        migrations.AddConstraint(
            model_name="judgement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("judge_version__isnull", False), ("labeller", None), ("outside_labeller", None)),
                    models.Q(("judge_version", None), ("labeller__isnull", False), ("outside_labeller", None)),
                    models.Q(("judge_version", None), ("labeller", None), ("outside_labeller__isnull", False)),
                    _connector="OR",
                ),
                name="judgement_one_source",
            ),
        ),
        migrations.AddConstraint(
            model_name="judgement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("judge_version__isnull", False)), fields=("output", "metric_version", "judge_version"), name="judgement_once_a_judge"
            ),
        ),
        migrations.AddConstraint(
            model_name="judgement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("labeller__isnull", False)), fields=("output", "metric_version", "labeller"), name="judgement_once_a_labeller"
            ),
        ),
        migrations.AddConstraint(
            model_name="judgement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("outside_labeller__isnull", False)), fields=("output", "metric_version", "outside_labeller"), name="judgement_once_outside"
            ),
        ),
        migrations.AddField(
            model_name="schedule",
            name="configuration",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.configuration"),
        ),
        migrations.AddField(
            model_name="schedule",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="schedule",
            name="measurement_set",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="measurements.measurementset"),
        ),
        migrations.AddField(
            model_name="schedule",
            name="metrics",
            field=models.ManyToManyField(related_name="+", to="measurements.metric"),
        ),
        migrations.AddField(
            model_name="schedule",
            name="responsible",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="schedule",
            name="system",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.aisystem"),
        ),
        migrations.AddField(
            model_name="duetime",
            name="schedule",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="due_times", to="measurements.schedule"),
        ),
        migrations.AddField(
            model_name="vote",
            name="judging",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="measurements.judging"),
        ),
        migrations.AddField(
            model_name="vote",
            name="output",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="measurements.output"),
        ),
        migrations.AddIndex(
            model_name="judging",
            index=models.Index(condition=models.Q(("state__in", ["running", "paused"])), fields=["id"], name="judging_open"),
        ),
        migrations.AddConstraint(
            model_name="judging",
            constraint=models.UniqueConstraint(fields=("run", "number"), name="judging_number"),
        ),
        migrations.AddConstraint(
            model_name="judging",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["running", "paused"])), fields=("run", "metric_version", "judge_version"), name="judging_one_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="judging",
            constraint=models.UniqueConstraint(condition=models.Q(("is_planned", True)), fields=("run", "metric_version"), name="judging_planned_once"),
        ),
        migrations.AddConstraint(
            model_name="judging",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cause__gt", ""), ("state", "paused")), models.Q(models.Q(("state", "paused"), _negated=True), ("cause", "")), _connector="OR"
                ),
                name="judging_pause_has_cause",
            ),
        ),
        migrations.AddConstraint(
            model_name="judging",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["running", "paused"]), ("finished_at__isnull", False), _connector="XOR"), name="judging_finished_if_closed"
            ),
        ),
        migrations.AddConstraint(
            model_name="outsidelabeller",
            constraint=models.UniqueConstraint(fields=("system", "name"), name="outside_labeller_once"),
        ),
        migrations.AddIndex(
            model_name="schedule",
            index=models.Index(condition=models.Q(("is_active", True)), fields=["next_due_at"], name="schedule_due"),
        ),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.UniqueConstraint(fields=("system", "name"), name="schedule_name_once"),
        ),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("month_day", None), ("rhythm", "daily"), ("weekday", None)),
                    models.Q(("month_day", None), ("rhythm", "weekly"), ("weekday__isnull", False), ("weekday__lte", 6)),
                    models.Q(("month_day__gte", 1), ("month_day__isnull", False), ("month_day__lte", 31), ("rhythm", "monthly"), ("weekday", None)),
                    _connector="OR",
                ),
                name="schedule_rhythm_has_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("is_active", True), ("next_due_at__isnull", False), ("off_reason", "")),
                    models.Q(("is_active", False), ("next_due_at", None), ("off_reason__gt", "")),
                    _connector="OR",
                ),
                name="schedule_due_if_active",
            ),
        ),
        migrations.AddConstraint(
            model_name="duetime",
            constraint=models.UniqueConstraint(fields=("schedule", "due_at"), name="due_time_once"),
        ),
        migrations.AddConstraint(
            model_name="duetime",
            constraint=models.CheckConstraint(condition=models.Q(("outcome", "started"), ("run", None), _connector="XOR"), name="due_time_run_if_started"),
        ),
        migrations.AddConstraint(
            model_name="vote",
            constraint=models.UniqueConstraint(fields=("judging", "output", "number"), name="vote_once"),
        ),
        migrations.AddConstraint(
            model_name="vote",
            constraint=models.CheckConstraint(condition=models.Q(("outcome", "judged"), ("severity", None), _connector="XOR"), name="vote_severity_if_judged"),
        ),
        migrations.AddConstraint(
            model_name="vote",
            constraint=models.CheckConstraint(condition=models.Q(("severity", None), ("severity__lte", 7), _connector="OR"), name="vote_severity_range"),
        ),
        migrations.AddConstraint(
            model_name="vote",
            constraint=models.CheckConstraint(condition=models.Q(("outcome", "failed"), ("reason", ""), _connector="XOR"), name="vote_reason_if_failed"),
        ),
        migrations.AddIndex(
            model_name="judgement",
            index=models.Index(
                condition=models.Q(("is_contradicted", True), ("spread__gt", 0), _connector="OR"), fields=["run", "output"], name="judgement_doubtful"
            ),
        ),
        migrations.AddIndex(
            model_name="output",
            index=models.Index(condition=models.Q(("attempts__gt", 1)), fields=["run", "id"], name="output_retried"),
        ),
        migrations.AddIndex(
            model_name="output",
            index=models.Index(
                condition=models.Q(
                    models.Func(
                        models.F("filters"),
                        models.Func(
                            models.Value(
                                '$.*.* ? (@.filtered == true || @.detected == true || @.severity == "low" || @.severity == "medium" || @.severity == "high")'
                            ),
                            template="(%(expressions)s)::jsonpath",
                        ),
                        function="jsonb_path_exists",
                        output_field=models.BooleanField(),
                    )
                ),
                fields=["run", "id"],
                name="output_flagged",
            ),
        ),
    ]
