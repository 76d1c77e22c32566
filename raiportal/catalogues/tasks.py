"""What has to happen to reference data by itself: an entry that ends on a day is given up on that day by the rows that are made from it."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from raiportal.accounts.models import User
from raiportal.catalogues import actions


@shared_task(name="raiportal.catalogues.tasks.apply_catalogues", soft_time_limit=60, time_limit=90)
def apply_catalogues(**_: Any) -> None:
    actions.apply_all(User.system())
