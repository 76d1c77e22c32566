"""REL-28: what is asked for five times at once happens once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from measurements.models import Lease, Run
from raiportal.audit.models import Entry
from systems.models import Configuration
from tests.factories.accounts import headers
from tests.factories.measurements import make_metric, make_owner, make_version
from tests.factories.systems import make_deployment, make_system

pytestmark = [pytest.mark.django_db(transaction=True)]

RUNS = "/api/v1/runs/"
COPIES = 5


def test_one_request_sent_five_times_at_once_starts_one_run() -> None:
    system = make_system()
    configuration = Configuration.objects.get(deployment=make_deployment(system))
    body = {"configuration": configuration.pk, "measurement_set_version": make_version(system).pk, "metrics": [make_metric(system).pk], "start": True}
    sent = {**headers(make_owner(system)), "Idempotency-Key": "nightly-7"}
    together = Barrier(COPIES)

    def send() -> Any:
        with closing(connections["default"]):
            together.wait()
            return Client(headers=sent).post(RUNS, body, content_type="application/json")

    with ThreadPoolExecutor(COPIES) as senders:
        answers = [sending.result() for sending in [senders.submit(send) for _ in range(COPIES)]]

    assert {answer.status_code for answer in answers} == {201}
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert (Run.objects.count(), Lease.objects.count()) == (1, 1)
    assert Entry.objects.filter(action="measurements.run_started").count() == 1
