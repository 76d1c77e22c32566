"""The last proof of life that came back through broker and worker."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """One row: when a task last went all the way from beat through the broker to a worker and into the database."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "status_heartbeat"

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"
