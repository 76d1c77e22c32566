"""What lies in the queue is for anybody who can read the broker: ids alone, as JSON. SEC-31."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Callable, Iterator

import kombu.serialization
import pytest
from django.conf import settings
from kombu.exceptions import ContentDisallowed

from measurements.actions import runs
from raiportal.celery import app
from tests.factories.runs import make_run
from tests.factories.systems import KEY

pytestmark = pytest.mark.django_db(transaction=True)
CANARY = "canary prompt that nobody but the endpoint reads"
QUEUES = tuple(app.amqp.queues)
PREFIX = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]  # kombu puts it before the key of DEL, not before that of LRANGE


@pytest.fixture
def waiting() -> Iterator[Callable[[], list[bytes]]]:
    """The messages in all of the portal's queues, as they lie in the broker."""
    with app.connection_for_read() as connection, connection.channel() as channel:
        channel.client.delete(*QUEUES)
        yield lambda: [message for queue in QUEUES for message in channel.client.lrange(f"{PREFIX}{queue}", 0, -1)]
        channel.client.delete(*QUEUES)


def test_the_queue_holds_ids_and_no_content(waiting: Callable[[], list[bytes]]) -> None:
    run = make_run(cases=[CANARY], start=True)
    runs.cancel_run(run_id=run.pk, reason="Enough.", actor=run.created_by)

    raw = waiting()
    messages = [json.loads(message) for message in raw]
    everything = b"".join([*raw, *(base64.b64decode(message["body"]) for message in messages)])

    assert messages
    assert CANARY.encode() not in everything
    assert KEY.encode() not in everything
    for message in messages:
        _, arguments, _ = json.loads(base64.b64decode(message["body"]))
        assert message["content-type"] == "application/json"
        assert all(isinstance(value, int) for value in arguments.values()), arguments


def test_a_pickle_is_refused() -> None:
    body = pickle.dumps({"task": "anything"})

    with pytest.raises(ContentDisallowed):
        kombu.serialization.loads(body, "application/x-python-serialize", "binary", accept=app.conf.accept_content)


def test_a_result_is_kept_nowhere() -> None:
    assert app.conf.result_backend is None
    assert app.conf.task_ignore_result
