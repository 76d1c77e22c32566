"""The browsers in which people are signed in, so that they can see and end them."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_keep_an_administrator"),
    ]

    operations = [
        migrations.CreateModel(
            name="SignIn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("session_key", models.CharField(max_length=40, unique=True)),
                (
                    "method",
                    models.CharField(
                        choices=[("password", "Password"), ("passkey", "Passkey"), ("single_sign_on", "Single sign-on"), ("invitation", "Invitation")],
                        max_length=20,
                    ),
                ),
                ("address", models.GenericIPAddressField(blank=True, null=True)),
                ("device", models.CharField(max_length=80)),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("last_seen_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "db_table": "account_sign_in",
            },
        ),
    ]
