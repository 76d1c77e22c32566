"""Stakeholders, filter versions, what is active where, model cards with their documents."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("systems", "0005_state_more_facts"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="Acknowledgement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "model_document_acknowledgement",
            },
        ),
        migrations.CreateModel(
            name="Activation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "environment",
                    models.CharField(choices=[("development", "Development"), ("staging", "Staging"), ("production", "Production")], max_length=20),
                ),
                ("kind", models.CharField(choices=[("normal", "Activated"), ("return", "Gone back"), ("emergency", "Emergency")], max_length=20)),
                ("reason", models.TextField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "activation",
            },
        ),
        migrations.CreateModel(
            name="ActivationShare",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("share", models.PositiveSmallIntegerField()),
            ],
            options={
                "db_table": "activation_share",
            },
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("system_card", "System card"), ("terms", "Provider's terms"), ("approval", "Approval"), ("other", "Other")], max_length=20
                    ),
                ),
                ("title", models.CharField(max_length=160)),
                ("address", models.CharField(max_length=500)),
                ("version", models.CharField(max_length=80)),
                ("dated_on", models.DateField(blank=True, null=True)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "model_document",
            },
        ),
        migrations.CreateModel(
            name="EmergencyActivation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "environment",
                    models.CharField(choices=[("development", "Development"), ("staging", "Staging"), ("production", "Production")], max_length=20),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waits for a second person"),
                            ("withdrawn", "Withdrawn"),
                            ("expired", "Expired"),
                            ("acted", "Acted, review open"),
                            ("reviewed", "Reviewed"),
                        ],
                        default="waiting",
                        max_length=20,
                    ),
                ),
                ("reason", models.TextField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "finding",
                    models.CharField(
                        blank=True,
                        choices=[("justified", "It was justified"), ("avoidable", "It could have waited for the checks"), ("wrong", "It was wrong")],
                        max_length=20,
                    ),
                ),
                ("finding_text", models.TextField(blank=True)),
                ("reviewed_at", models.DateTimeField(blank=True, null=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "emergency_activation",
            },
        ),
        migrations.CreateModel(
            name="EmergencyShare",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("share", models.PositiveSmallIntegerField()),
            ],
            options={
                "db_table": "emergency_share",
            },
        ),
        migrations.CreateModel(
            name="FilterConfiguration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=120)),
                ("provider", models.CharField(choices=[("azure_openai", "Azure OpenAI"), ("other", "Another")], default="azure_openai", max_length=30)),
                ("settings", models.JSONField()),
                ("note", models.CharField(blank=True, max_length=300)),
                ("digest", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "filter_configuration",
            },
        ),
        migrations.CreateModel(
            name="ModelCard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("developer", models.CharField(max_length=120)),
                ("family", models.CharField(max_length=120)),
                ("version", models.CharField(blank=True, max_length=80)),
                (
                    "modalities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[("text", "Text"), ("image", "Images"), ("audio", "Sound and speech"), ("video", "Video"), ("code", "Code")], max_length=20
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "capabilities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("text-generation", "Text generation"),
                                ("summarisation", "Summarisation"),
                                ("question-answering", "Question answering"),
                                ("retrieval", "Retrieval"),
                                ("translation", "Translation"),
                                ("code-generation", "Code generation"),
                                ("image-generation", "Image generation"),
                                ("image-understanding", "Image understanding"),
                                ("speech", "Speech"),
                                ("agents-tools", "Agents and tools"),
                                ("embeddings-ranking", "Embeddings and ranking"),
                                ("companionship-roleplay", "Companionship and role play"),
                                ("persuasion", "Persuasion"),
                            ],
                            max_length=40,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("context_window_tokens", models.PositiveIntegerField(blank=True, null=True)),
                ("knowledge_cutoff", models.CharField(blank=True, max_length=40)),
                ("alignment", models.TextField(blank=True)),
                ("known_limits", models.TextField(blank=True)),
                ("sources", models.TextField(blank=True)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "model_card",
            },
        ),
        migrations.CreateModel(
            name="Stakeholder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=160)),
                ("reach", models.CharField(choices=[("direct", "Direct"), ("indirect", "Indirect")], max_length=20)),
                ("description", models.TextField(blank=True)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "stakeholder",
            },
        ),
        migrations.AddField(
            model_name="acknowledgement",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="activation",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="activation",
            name="system",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="activations", to="systems.aisystem"),
        ),
        migrations.AddField(
            model_name="activationshare",
            name="activation",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="shares", to="systems.activation"),
        ),
        migrations.AddField(
            model_name="activationshare",
            name="configuration",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.configuration"),
        ),
        migrations.AddField(
            model_name="document",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="document",
            name="deployment",
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="documents", to="systems.deployment"),
        ),
        migrations.AddField(
            model_name="acknowledgement",
            name="document",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="acknowledgements", to="systems.document"),
        ),
        migrations.AddField(
            model_name="emergencyactivation",
            name="activation",
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="emergency", to="systems.activation"),
        ),
        migrations.AddField(
            model_name="emergencyactivation",
            name="confirmed_by",
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="emergencyactivation",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="emergencyactivation",
            name="reviewed_by",
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="emergencyactivation",
            name="system",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="emergency_activations", to="systems.aisystem"),
        ),
        migrations.AddField(
            model_name="emergencyshare",
            name="configuration",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="systems.configuration"),
        ),
        migrations.AddField(
            model_name="emergencyshare",
            name="emergency",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="shares", to="systems.emergencyactivation"),
        ),
        migrations.AddField(
            model_name="filterconfiguration",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="filterconfiguration",
            name="system",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="filter_configurations", to="systems.aisystem"),
        ),
        migrations.AddField(
            model_name="configuration",
            name="filters",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="configurations", to="systems.filterconfiguration"
            ),
        ),
        migrations.AddField(
            model_name="modelcard",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="document",
            name="model_card",
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="documents", to="systems.modelcard"),
        ),
        migrations.AddField(
            model_name="deployment",
            name="model_card",
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="deployments", to="systems.modelcard"),
        ),
        migrations.AddField(
            model_name="stakeholder",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="stakeholder",
            name="intended_uses",
            field=models.ManyToManyField(blank=True, db_table="stakeholder_intended_use", related_name="stakeholders", to="systems.intendeduse"),
        ),
        migrations.AddField(
            model_name="stakeholder",
            name="system",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="stakeholders", to="systems.aisystem"),
        ),
        migrations.AddIndex(
            model_name="activation",
            index=models.Index(models.F("system"), models.F("environment"), models.OrderBy(models.F("id"), descending=True), name="activation_newest"),
        ),
        migrations.AddConstraint(
            model_name="activationshare",
            constraint=models.UniqueConstraint(fields=("activation", "position"), name="activation_share_position"),
        ),
        migrations.AddConstraint(
            model_name="activationshare",
            constraint=models.UniqueConstraint(fields=("activation", "configuration"), name="activation_share_configuration"),
        ),
        migrations.AddConstraint(
            model_name="activationshare",
            constraint=models.CheckConstraint(condition=models.Q(("share__gte", 1), ("share__lte", 100)), name="activation_share_percent"),
        ),
        migrations.AddConstraint(
            model_name="acknowledgement",
            constraint=models.UniqueConstraint(fields=("document", "version", "created_by"), name="model_document_read_once"),
        ),
        migrations.AddConstraint(
            model_name="emergencyactivation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")), fields=("system", "environment"), name="emergency_activation_one_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="emergencyactivation",
            constraint=models.CheckConstraint(
                condition=models.Q(("confirmed_by", None), models.Q(("confirmed_by", models.F("created_by")), _negated=True), _connector="OR"),
                name="emergency_activation_two_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="emergencyactivation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reviewed_by", None),
                    models.Q(
                        models.Q(("reviewed_by", models.F("created_by")), _negated=True), models.Q(("reviewed_by", models.F("confirmed_by")), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="emergency_activation_reviewed_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="emergencyactivation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("activation__isnull", False), ("confirmed_at__isnull", False), ("confirmed_by__isnull", False), ("state__in", ["acted", "reviewed"])
                    ),
                    models.Q(("activation", None), ("confirmed_at", None), ("confirmed_by", None), ("state__in", ["waiting", "withdrawn", "expired"])),
                    _connector="OR",
                ),
                name="emergency_activation_acted",
            ),
        ),
        migrations.AddConstraint(
            model_name="emergencyactivation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("reviewed_at__isnull", False),
                        ("reviewed_by__isnull", False),
                        ("state", "reviewed"),
                        models.Q(("finding", ""), _negated=True),
                        models.Q(("finding_text", ""), _negated=True),
                    ),
                    models.Q(
                        models.Q(("state", "reviewed"), _negated=True), ("finding", ""), ("finding_text", ""), ("reviewed_at", None), ("reviewed_by", None)
                    ),
                    _connector="OR",
                ),
                name="emergency_activation_finding",
            ),
        ),
        migrations.AddConstraint(
            model_name="emergencyshare",
            constraint=models.UniqueConstraint(fields=("emergency", "position"), name="emergency_share_position"),
        ),
        migrations.AddConstraint(
            model_name="emergencyshare",
            constraint=models.UniqueConstraint(fields=("emergency", "configuration"), name="emergency_share_configuration"),
        ),
        migrations.AddConstraint(
            model_name="emergencyshare",
            constraint=models.CheckConstraint(condition=models.Q(("share__gte", 1), ("share__lte", 100)), name="emergency_share_percent"),
        ),
        migrations.AddConstraint(
            model_name="filterconfiguration",
            constraint=models.UniqueConstraint(fields=("system", "number"), name="filter_configuration_number"),
        ),
        migrations.AddConstraint(
            model_name="modelcard",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("developer"),
                django.db.models.functions.text.Lower("family"),
                django.db.models.functions.text.Lower("version"),
                name="model_card_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="modelcard",
            constraint=models.CheckConstraint(
                condition=models.Q(("context_window_tokens", None), ("context_window_tokens__gte", 1), _connector="OR"), name="model_card_context"
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("deployment__isnull", False), ("model_card", None)),
                    models.Q(("deployment", None), ("model_card__isnull", False)),
                    _connector="OR",
                ),
                name="model_document_of_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="stakeholder",
            constraint=models.UniqueConstraint(fields=("system", "number"), name="stakeholder_number"),
        ),
    ]
