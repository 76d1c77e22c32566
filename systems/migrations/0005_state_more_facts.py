"""What rules ask about a system; what was free text about languages and places is kept beside what catalogues have."""

import django.contrib.postgres.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_keep_an_administrator"),
        ("systems", "0004_add_intended_uses"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RenameField(model_name="aisystem", old_name="languages", new_name="other_languages"),
        migrations.RenameField(model_name="aisystem", old_name="jurisdictions", new_name="other_places"),
        migrations.AddField(
            model_name="aisystem",
            name="languages",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), blank=True, default=list, size=None),
        ),
        migrations.AddField(
            model_name="aisystem",
            name="jurisdictions",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), blank=True, default=list, size=None),
        ),
        migrations.AddField(
            model_name="aisystem",
            name="acts_through_tools",
            field=models.BooleanField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="aisystem",
            name="depicts_people",
            field=models.BooleanField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="aisystem",
            name="domain_stakes",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="aisystem",
            name="generates_media",
            field=models.BooleanField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="aisystem",
            name="output_classification",
            field=models.CharField(
                blank=True,
                choices=[("public", "Public"), ("internal", "Internal"), ("confidential", "Confidential"), ("secret", "Strictly confidential")],
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="aisystem",
            name="output_retention_days",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="aisystem",
            name="regions",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), blank=True, default=list, size=None),
        ),
        migrations.AddField(
            model_name="aisystem",
            name="risk_tier",
            field=models.CharField(blank=True, choices=[("low", "Low"), ("moderate", "Moderate"), ("high", "High"), ("critical", "Critical")], max_length=20),
        ),
        migrations.AddConstraint(
            model_name="aisystem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("output_retention_days", None), models.Q(("output_retention_days__gte", 1), ("output_retention_days__lte", 36500)), _connector="OR"
                ),
                name="ai_system_retention",
            ),
        ),
    ]
