"""The Celery application. Workers are only woken through it; what there is to do stands in PostgreSQL."""

from __future__ import annotations

import contextlib
import os

from celery import Celery, signals
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raiportal.settings")

VERIFICATION_SECONDS = 3_600  # between two looks whether the ledger has to be verified, as in the settings' schedule

app = Celery("raiportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)  # type: ignore[index]
app.autodiscover_tasks()


@signals.setup_logging.connect
def keep_our_logging(**kwargs: object) -> None:
    """Celery would replace the handlers; the settings' logging stays instead."""
    import logging.config

    logging.config.dictConfig(settings.LOGGING)


@signals.beat_init.connect
def beat_at_once(**kwargs: object) -> None:
    """Beat's first heartbeat would be one interval away, and nothing is ready before it; the first look at the ledger an hour."""
    with contextlib.suppress(OperationalError):
        app.send_task("raiportal.status.tasks.beat", retry=False, expires=settings.HEARTBEAT_SECONDS)
        app.send_task("raiportal.audit.tasks.verify_ledger", retry=False, expires=VERIFICATION_SECONDS)
