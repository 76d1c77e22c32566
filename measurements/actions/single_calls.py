"""Single calls that a person makes, such as a probe of red teaming: they hold a slot like a pump, so that all calls together stay within the limits.

A call waits in a row of its own without a slot, which makes the pumps leave it a fair share at their next tick. After the call the row stays as long
as the deployment's rates ask for, so that a minute never holds more than its share.
"""

from __future__ import annotations

import datetime
import time
import uuid
from contextlib import suppress

from django.conf import settings
from django.db import transaction

from harms.extensions import CallEnd, CallGate, Slot
from measurements.actions.circuits import close_circuit
from measurements.models import Circuit, Grant
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.errors import Conflict, Unavailable
from systems.models import Deployment

PATIENCE_SECONDS = 20.0  # that a person waits for a slot
LOOK_SECONDS = 0.2  # between two looks
WAITING_LIFE_SECONDS = 3.0  # of a row that waits; its process looks far more often
SENDING_SECONDS = 5.0  # from the slot to the moment before which the request goes out
LONGEST_PACE_SECONDS = 60.0  # that a row stays for the rates' sake
LONGEST_SILENCE_SECONDS = 300.0  # for which an endpoint is left alone when it asks for it
PROBE_SECONDS = 30.0  # until the next call to an endpoint that is down and that no pump watches

OFF = "This deployment is switched off."
DOWN = "The endpoint doesn't answer at the moment, so nothing is sent to it. The last error: {error}"
FULL = "Every slot of this deployment is taken by runs and other calls. Send it again in a while."
SILENT = "The endpoint asked not to be called for now. Send it again in a while."


def take_slot(deployment_id: int, lasts_seconds: float) -> Slot:
    """Wait for a slot, at most PATIENCE_SECONDS. Raises Unavailable when there is none, or when the endpoint is known to be down."""
    holder, until = uuid.uuid4(), time.monotonic() + PATIENCE_SECONDS
    while True:
        refusal = _try(deployment_id, holder, lasts_seconds)
        if not refusal:
            return Slot(holder, deployment_id, time.monotonic() + SENDING_SECONDS)
        if time.monotonic() >= until:
            Grant.objects.filter(holder=holder).delete()
            raise Unavailable(refusal)
        time.sleep(LOOK_SECONDS)


@transaction.atomic
def _try(deployment_id: int, holder: uuid.UUID, lasts_seconds: float) -> str:
    """Take a slot if one is free, else stand in the row for one. Returns why there is none, or nothing."""
    deployment: Deployment = Deployment.objects.lock(deployment_id)
    if not deployment.is_active:
        raise Unavailable(OFF)
    now = clocks.now()
    Grant.objects.filter(deployment=deployment, expires_at__lte=now).delete()
    others = list(Grant.objects.filter(deployment=deployment).exclude(holder=holder))
    _heed_circuit(deployment, others, now)
    refusal = _refusal(deployment, others, now)
    life = WAITING_LIFE_SECONDS if refusal else SENDING_SECONDS + lasts_seconds + settings.ENGINE_TICK_SECONDS
    slots = 0 if refusal else 1
    values = {"deployment": deployment, "wanted": 1, "slots": slots, "in_flight": slots, "expires_at": now + datetime.timedelta(seconds=life)}
    Grant.objects.update_or_create(holder=holder, defaults=values)
    return refusal


def _refusal(deployment: Deployment, others: list[Grant], now: datetime.datetime) -> str:
    if any(row.resumes_at and row.resumes_at > now for row in others):
        return SILENT
    is_paced = deployment.requests_per_minute or deployment.tokens_per_minute
    is_pacing = is_paced and any(row.run_id is None and row.slots and not row.in_flight for row in others)
    return FULL if is_pacing or sum(row.slots for row in others) >= deployment.max_concurrency else ""


def _heed_circuit(deployment: Deployment, others: list[Grant], now: datetime.datetime) -> None:
    """Refuse while the endpoint is down; where no pump watches it, one call in a while goes through to see whether it still is."""
    circuit = Circuit.objects.filter(deployment=deployment).first()
    if circuit is None:
        return
    if any(row.run_id is not None for row in others) or circuit.probe_at > now:
        raise Unavailable(DOWN.format(error=circuit.last_error or "it gave no answer."))
    circuit.probe_at, circuit.probes = now + datetime.timedelta(seconds=PROBE_SECONDS), circuit.probes + 1
    circuit.save(update_fields=["probe_at", "probes", "updated_at"])


def give_slot_back(slot: Slot, end: CallEnd) -> None:
    """Free the slot, or keep its row as long as the rates or the endpoint ask for."""
    _give_back(slot, end)
    circuit = Circuit.objects.filter(deployment_id=slot.deployment_id).first() if end.has_answered else None
    if circuit is not None:
        with suppress(Conflict):
            close_circuit(deployment_id=slot.deployment_id, opened_at=circuit.opened_at, has_answered=True, actor=User.system())


@transaction.atomic
def _give_back(slot: Slot, end: CallEnd) -> None:
    deployment: Deployment = Deployment.objects.lock(slot.deployment_id)
    grant = Grant.objects.filter(holder=slot.holder).first()
    if grant is None:
        return
    now = clocks.now()
    if end.retry_after:
        until = now + datetime.timedelta(seconds=min(end.retry_after, LONGEST_SILENCE_SECONDS))
        Grant.objects.filter(pk=grant.pk).update(wanted=0, slots=0, in_flight=0, resumes_at=until, expires_at=until)
        return
    held = sum(row.slots for row in Grant.objects.filter(deployment=deployment, expires_at__gt=now))
    pace = _pace_seconds(deployment, part=1 / max(1, held), tokens=end.tokens)
    if pace <= 0:
        grant.delete()
        return
    Grant.objects.filter(pk=grant.pk).update(wanted=1, slots=1, in_flight=0, expires_at=now + datetime.timedelta(seconds=pace))


def _pace_seconds(deployment: Deployment, *, part: float, tokens: int) -> float:
    """How long one call of so many tokens uses up this holder's part of the rates a minute."""
    by_requests = 60 / (deployment.requests_per_minute * part) if deployment.requests_per_minute else 0.0
    by_tokens = 60 * tokens / (deployment.tokens_per_minute * part) if deployment.tokens_per_minute else 0.0
    return min(max(by_requests, by_tokens), LONGEST_PACE_SECONDS)


GATE = CallGate("engine", take_slot, give_slot_back)
