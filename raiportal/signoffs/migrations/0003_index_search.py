"""Requests are found by their title and message."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import migrations

DOCUMENT = SearchVector("title", config="english", weight="A") + SearchVector("message", config="english", weight="B")


class Migration(migrations.Migration):
    dependencies = [("signoffs", "0002_hold_the_rules")]
    operations = [migrations.AddIndex("signoffrequest", GinIndex(DOCUMENT, name="sign_off_request_search"))]
