"""A pump's own connection: asynchronous, with a planner that can't fall into a plan made while a table was empty."""

from __future__ import annotations

from typing import Any

import orjson
import psycopg
from django.conf import settings
from django.db import connections
from psycopg.rows import namedtuple_row
from psycopg.types.json import set_json_loads

CONNECT_SECONDS = 5
PATIENCE_SHARE = 0.5  # of a lease's life
MILLISECONDS = 1_000

Connection = psycopg.AsyncConnection[Any]


async def connect() -> Connection:
    """Open a connection by Django's settings. Every statement is prepared at its first use; outside a transaction block each commits by itself."""
    database = connections["default"].settings_dict
    connection = await psycopg.AsyncConnection.connect(
        dbname=database["NAME"],
        user=database["USER"],
        password=database["PASSWORD"],
        host=database["HOST"],
        port=database["PORT"] or None,
        connect_timeout=CONNECT_SECONDS,
        application_name="raiportal pump",
        autocommit=True,
        prepare_threshold=1,
        row_factory=namedtuple_row,
    )
    set_json_loads(orjson.loads, connection)
    await connection.execute("set enable_seqscan = off")  # a plan cached while `output` was empty would scan it whole for the rest of the run
    await connection.execute("select set_config('idle_in_transaction_session_timeout', %s, false)", [_patience()])
    return connection


def _patience() -> str:
    """How long a transaction may wait for its pump: one that was frozen in the middle of it would hold the deployment's row, and with it every other pump."""
    return f"{round(settings.ENGINE_LEASE_SECONDS * PATIENCE_SHARE * MILLISECONDS)}ms"
