"""Red-team campaigns with scope, objectives and testers; probe sessions with their turns; findings and second opinions."""

from __future__ import annotations

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("harms", "0016_freeze_ratings"),
        ("systems", "0008_recognise_places_and_languages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Campaign",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=160)),
                ("aim", models.TextField(max_length=4000)),
                (
                    "approach",
                    models.CharField(choices=[("opportunistic", "Opportunistic"), ("systematic", "Systematic")], default="opportunistic", max_length=20),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("running", "Running"), ("paused", "Paused"), ("closed", "Closed")], default="draft", max_length=20
                    ),
                ),
                (
                    "layers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("model", "The model alone"),
                                ("safety_system", "The model with its filters"),
                                ("application", "The whole application"),
                                ("interface", "The interface as people use it"),
                            ],
                            max_length=20,
                        ),
                        default=list,
                        size=None,
                    ),
                ),
                ("rules_of_engagement", models.TextField(blank=True, max_length=4000)),
                ("stop_rules", models.TextField(blank=True, max_length=4000)),
                ("data_handling", models.TextField(blank=True, max_length=4000)),
                ("content_warning", models.TextField(blank=True, max_length=4000)),
                ("support_contact", models.CharField(blank=True, max_length=200)),
                ("most_probes", models.PositiveIntegerField(blank=True, null=True)),
                ("budget_tokens", models.PositiveBigIntegerField(blank=True, null=True)),
                ("daily_probes", models.PositiveIntegerField(default=60)),
                ("daily_minutes", models.PositiveIntegerField(default=120)),
                ("break_after_minutes", models.PositiveIntegerField(default=45)),
                ("break_minutes", models.PositiveIntegerField(default=10)),
                ("is_break_enforced", models.BooleanField(default=False)),
                ("debrief", models.TextField(blank=True, max_length=4000)),
                ("started_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "title_key",
                    models.GeneratedField(db_persist=True, expression=django.db.models.functions.text.Lower("title"), output_field=models.TextField()),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "configuration",
                    models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.configuration"),
                ),
                ("created_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("system", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.aisystem")),
            ],
            options={
                "db_table": "campaign",
            },
        ),
        migrations.CreateModel(
            name="CampaignHarm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("campaign", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="scope", to="harms.campaign")),
                ("harm", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="harms.harm")),
            ],
            options={
                "db_table": "campaign_harm",
            },
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_turn", models.PositiveIntegerField()),
                ("last_turn", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=160)),
                ("description", models.TextField(max_length=4000)),
                ("severity", models.PositiveSmallIntegerField()),
                (
                    "layer",
                    models.CharField(
                        choices=[
                            ("model", "The model alone"),
                            ("safety_system", "The model with its filters"),
                            ("application", "The whole application"),
                            ("interface", "The interface as people use it"),
                        ],
                        max_length=20,
                    ),
                ),
                ("strategies", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), default=list, size=None)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Waits for triage"), ("confirmed", "Confirmed"), ("dismissed", "Dismissed"), ("duplicate", "Duplicate")],
                        default="open",
                        max_length=20,
                    ),
                ),
                ("is_new_harm", models.BooleanField(default=False)),
                ("triaged_at", models.DateTimeField(null=True)),
                (
                    "title_key",
                    models.GeneratedField(db_persist=True, expression=django.db.models.functions.text.Lower("title"), output_field=models.TextField()),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("campaign", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="findings", to="harms.campaign")),
                ("created_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("duplicate_of", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="duplicates", to="harms.finding")),
                ("harm", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="harms.harm")),
                ("system", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.aisystem")),
                ("triaged_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "db_table": "finding",
            },
        ),
        migrations.CreateModel(
            name="Objective",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("words", models.CharField(max_length=300)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("campaign", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="objectives", to="harms.campaign")),
                ("created_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("harm", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="harms.harm")),
            ],
            options={
                "db_table": "campaign_objective",
            },
        ),
        migrations.CreateModel(
            name="Opinion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("verdict", models.CharField(choices=[("agrees", "Agrees"), ("disagrees", "Disagrees")], max_length=20)),
                ("severity", models.PositiveSmallIntegerField()),
                ("reason", models.CharField(max_length=2000)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("created_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("finding", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="opinions", to="harms.finding")),
            ],
            options={
                "db_table": "finding_opinion",
            },
        ),
        migrations.CreateModel(
            name="ProbeSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("live", "Live"), ("transcript", "Transcript"), ("replay", "Replay")], default="live", max_length=20)),
                ("state", models.CharField(choices=[("open", "Open"), ("ended", "Ended")], default="open", max_length=20)),
                (
                    "layer",
                    models.CharField(
                        choices=[
                            ("model", "The model alone"),
                            ("safety_system", "The model with its filters"),
                            ("application", "The whole application"),
                            ("interface", "The interface as people use it"),
                        ],
                        max_length=20,
                    ),
                ),
                ("language", models.CharField(blank=True, max_length=35)),
                ("goal", models.CharField(blank=True, max_length=300)),
                ("source", models.CharField(blank=True, max_length=200)),
                (
                    "result",
                    models.CharField(
                        blank=True, choices=[("found", "Something found"), ("nothing_found", "Nothing found"), ("broken_off", "Broken off")], max_length=20
                    ),
                ),
                ("is_reproduced", models.BooleanField(null=True)),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(null=True)),
                ("campaign", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="sessions", to="harms.campaign")),
                ("configuration", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.configuration")),
                ("created_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("finding", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="replays", to="harms.finding")),
                ("harm", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="harms.harm")),
                ("judged_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("objective", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="harms.objective")),
                ("tester", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "db_table": "probe_session",
            },
        ),
        migrations.AddField(
            model_name="finding",
            name="session",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="findings", to="harms.probesession"),
        ),
        migrations.CreateModel(
            name="Tester",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("invited_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("consented_at", models.DateTimeField(null=True)),
                ("warning_digest", models.CharField(blank=True, max_length=64)),
                ("opted_out_at", models.DateTimeField(null=True)),
                ("removed_at", models.DateTimeField(null=True)),
                ("campaign", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="testers", to="harms.campaign")),
                ("invited_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "db_table": "campaign_tester",
            },
        ),
        migrations.CreateModel(
            name="Turn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("key", models.CharField(max_length=64)),
                ("text", models.TextField(max_length=100000)),
                ("strategies", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), default=list, size=None)),
                ("note", models.CharField(blank=True, max_length=2000)),
                (
                    "progress",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("sending", "Being answered"), ("done", "Done"), ("lost", "Lost")], default="waiting", max_length=20
                    ),
                ),
                ("attempt_count", models.PositiveIntegerField(default=0)),
                ("sent_at", models.DateTimeField(null=True)),
                ("gives_up_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("answered", "Answered"),
                            ("input_blocked", "Input blocked"),
                            ("output_blocked", "Output blocked"),
                            ("refused", "Refused"),
                            ("failed", "Failed"),
                        ],
                        max_length=20,
                    ),
                ),
                ("answer", models.TextField(blank=True)),
                ("refusal", models.TextField(blank=True)),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("detail", models.TextField(blank=True)),
                ("finish_reason", models.CharField(blank=True, max_length=300)),
                ("filters", models.JSONField(default=dict)),
                ("model_reported", models.CharField(blank=True, max_length=300)),
                ("fingerprint", models.CharField(blank=True, max_length=300)),
                ("prompt_tokens", models.PositiveIntegerField(null=True)),
                ("completion_tokens", models.PositiveIntegerField(null=True)),
                ("latency_ms", models.PositiveIntegerField(null=True)),
                ("http_status", models.PositiveSmallIntegerField(null=True)),
                ("body", models.JSONField(null=True)),
                (
                    "verdict",
                    models.CharField(
                        blank=True, choices=[("succeeded", "The attack succeeded"), ("resisted", "The system held"), ("unclear", "Unclear")], max_length=20
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("created_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("session", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="turns", to="harms.probesession")),
            ],
            options={
                "db_table": "probe_turn",
            },
        ),
        migrations.AddIndex(
            model_name="campaign",
            index=models.Index(models.F("system"), models.OrderBy(models.F("id"), descending=True), name="campaign_newest"),
        ),
        migrations.AddIndex(
            model_name="campaign",
            index=models.Index(models.F("system"), models.F("title_key"), name="campaign_by_title"),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(condition=models.Q(("daily_probes__range", (1, 500))), name="campaign_daily_probes"),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(condition=models.Q(("daily_minutes__range", (1, 480))), name="campaign_daily_minutes"),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(condition=models.Q(("break_after_minutes__gte", 1), ("break_minutes__gte", 1)), name="campaign_breaks"),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "draft"), models.Q(("configuration__isnull", False), ("started_at__isnull", False)), _connector="OR"),
                name="campaign_started",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(models.Q(("state", "closed"), _negated=True), ("closed_at", None)),
                    models.Q(("closed_at__isnull", False), ("state", "closed"), models.Q(("debrief", ""), _negated=True)),
                    _connector="OR",
                ),
                name="campaign_closed_with_debrief",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaignharm",
            constraint=models.UniqueConstraint(fields=("campaign", "harm"), name="campaign_harm_once"),
        ),
        migrations.AddConstraint(
            model_name="objective",
            constraint=models.UniqueConstraint(fields=("campaign", "number"), name="objective_number"),
        ),
        migrations.AddConstraint(
            model_name="opinion",
            constraint=models.UniqueConstraint(fields=("finding", "created_by"), name="opinion_once"),
        ),
        migrations.AddConstraint(
            model_name="opinion",
            constraint=models.CheckConstraint(condition=models.Q(("severity__range", (1, 5))), name="opinion_severity"),
        ),
        migrations.AddIndex(
            model_name="probesession",
            index=models.Index(models.F("campaign"), models.OrderBy(models.F("id"), descending=True), name="probe_session_newest"),
        ),
        migrations.AddIndex(
            model_name="probesession",
            index=models.Index(models.F("tester"), models.F("state"), name="probe_session_of_tester"),
        ),
        migrations.AddConstraint(
            model_name="probesession",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("result", ""), ("state", "open")), models.Q(("ended_at__isnull", False), ("state", "ended")), _connector="OR"
                ),
                name="probe_session_ended_with_result",
            ),
        ),
        migrations.AddConstraint(
            model_name="probesession",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finding__isnull", False), ("kind", "replay")),
                    models.Q(models.Q(("kind", "replay"), _negated=True), ("finding", None)),
                    _connector="OR",
                ),
                name="probe_session_replays_a_finding",
            ),
        ),
        migrations.AddConstraint(
            model_name="probesession",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "transcript"), ("configuration__isnull", False), _connector="OR"), name="probe_session_calls_a_configuration"
            ),
        ),
        migrations.AddConstraint(
            model_name="probesession",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("kind", "transcript"), _negated=True), models.Q(("source", ""), _negated=True), _connector="OR"),
                name="probe_session_names_its_source",
            ),
        ),
        migrations.AddConstraint(
            model_name="probesession",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("is_reproduced", None), ("judged_by", None)),
                    models.Q(("is_reproduced__isnull", False), ("judged_by__isnull", False)),
                    _connector="OR",
                ),
                name="probe_session_judged_by_somebody",
            ),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(models.F("system"), models.OrderBy(models.F("id"), descending=True), name="finding_newest"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(
                models.F("system"),
                models.OrderBy(models.F("severity"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="finding_by_severity",
            ),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(models.F("system"), models.F("title_key"), name="finding_by_title"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(models.F("system"), models.F("state"), name="finding_by_state"),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.CheckConstraint(condition=models.Q(("first_turn__gte", 1), ("last_turn__gte", models.F("first_turn"))), name="finding_turns"),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.CheckConstraint(condition=models.Q(("severity__range", (1, 5))), name="finding_severity"),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("state", "confirmed"), _negated=True), ("harm__isnull", False), _connector="OR"),
                name="finding_confirmed_is_a_harm",
            ),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("duplicate_of__isnull", False), ("state", "duplicate"), models.Q(("duplicate_of", models.F("id")), _negated=True)),
                    models.Q(models.Q(("state", "duplicate"), _negated=True), ("duplicate_of", None)),
                    _connector="OR",
                ),
                name="finding_duplicate_of_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="tester",
            constraint=models.UniqueConstraint(fields=("campaign", "person"), name="tester_once"),
        ),
        migrations.AddConstraint(
            model_name="tester",
            constraint=models.CheckConstraint(
                condition=models.Q(("consented_at", None), models.Q(("warning_digest", ""), _negated=True), _connector="OR"),
                name="tester_consents_to_a_warning",
            ),
        ),
        migrations.AddIndex(
            model_name="turn",
            index=models.Index(models.F("created_by"), models.F("created_at"), name="probe_turn_of_tester"),
        ),
        migrations.AddIndex(
            model_name="turn",
            index=models.Index(
                models.F("progress"), models.F("sent_at"), condition=models.Q(("progress__in", ("waiting", "sending"))), name="probe_turn_under_way"
            ),
        ),
        migrations.AddIndex(
            model_name="turn",
            index=django.contrib.postgres.indexes.GinIndex(fields=["strategies"], name="probe_turn_strategies"),
        ),
        migrations.AddConstraint(
            model_name="turn",
            constraint=models.UniqueConstraint(fields=("session", "number"), name="probe_turn_number"),
        ),
        migrations.AddConstraint(
            model_name="turn",
            constraint=models.UniqueConstraint(fields=("session", "key"), name="probe_turn_key"),
        ),
        migrations.AddConstraint(
            model_name="turn",
            constraint=models.UniqueConstraint(
                condition=models.Q(("progress__in", ("waiting", "sending"))), fields=("session",), name="probe_turn_one_under_way"
            ),
        ),
        migrations.AddConstraint(
            model_name="turn",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("progress", "done"), models.Q(("outcome", ""), _negated=True)),
                    models.Q(models.Q(("progress", "done"), _negated=True), ("outcome", "")),
                    _connector="OR",
                ),
                name="probe_turn_done_with_outcome",
            ),
        ),
    ]
