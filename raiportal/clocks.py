"""The one clock: the database's, so that web and worker machines with wrong clocks agree."""

from __future__ import annotations

import datetime

from django.db import connection


def now() -> datetime.datetime:
    """This moment by the database's clock, in UTC. Moves on within a transaction; read it once at the top of an action."""
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        (moment,) = cursor.fetchone()
    return moment.astimezone(datetime.UTC)


def end_of(day: datetime.date) -> datetime.datetime:
    """The moment after a last day, in UTC; the end of time for the last day there is."""
    if day == datetime.date.max:
        return datetime.datetime.max.replace(tzinfo=datetime.UTC)
    return datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time(), datetime.UTC)
