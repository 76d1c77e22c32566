"""What beat asks of the ledger: a seal every minute, and every hour whether the whole of it has to be verified again."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from raiportal import clocks
from raiportal.audit import selectors
from raiportal.audit.actions import sealing, verifying


@shared_task(name="raiportal.audit.tasks.seal_ledger", soft_time_limit=300, time_limit=330)
def seal_ledger(**_: Any) -> None:
    sealing.seal()


@shared_task(name="raiportal.audit.tasks.verify_ledger", soft_time_limit=3_600, time_limit=3_660)
def verify_ledger(**_: Any) -> None:
    """Asked for every hour and whenever beat starts: the last verification's age decides, so that no restart of beat puts the next one off."""
    if selectors.is_verification_due(clocks.now()):
        verifying.verify_and_note()
