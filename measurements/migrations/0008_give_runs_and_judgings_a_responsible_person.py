"""SEC-13: a run and a judging belong to whoever started or last resumed them; without a person they belong to whoever made them."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("measurements", "0007_require_judging_of_estimates"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="judging",
            name="responsible",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="run",
            name="responsible",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name="judging",
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
                    ("right_lost", "Whoever started or last resumed it lost the right to run it"),
                ],
                max_length=30,
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
                    ("right_lost", "Whoever started or last resumed it lost the right to run it"),
                ],
                max_length=30,
            ),
        ),
    ]
