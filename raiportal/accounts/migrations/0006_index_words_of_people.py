"""The portal's search finds people by an index, however many there are."""

from __future__ import annotations

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_note_sign_ins"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.search.SearchVector("name", "username", "email", config="english", weight="A"), name="user_search"
            ),
        ),
    ]
