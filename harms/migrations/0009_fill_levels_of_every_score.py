"""Harms that were scored before get the levels that their four scores were given with."""

from __future__ import annotations

from django.db import migrations

FILL = """
update harm set {kind}_severity = newest.severity, {kind}_frequency = newest.frequency
from (select distinct on (harm_id) harm_id, severity, frequency from risk_point where kind = '{kind}' order by harm_id, id desc) newest
where newest.harm_id = harm.id
"""
KINDS = ("inherent", "measured", "residual", "observed")


class Migration(migrations.Migration):
    dependencies = [("harms", "0008_keep_levels_of_every_score")]
    operations = [migrations.RunSQL(FILL.format(kind=kind), migrations.RunSQL.noop) for kind in KINDS]
