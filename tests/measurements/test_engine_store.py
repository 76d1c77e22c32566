"""Storing: one statement that writes all of a batch or, for whoever comes late, nothing."""

from __future__ import annotations

import asyncio
import uuid

import psycopg
import pytest
from django.db import transaction
from pytest_django import Settings

from measurements.engine import database
from measurements.engine.answers import Answer, Stored
from measurements.engine.outputs import CaseItem
from measurements.engine.plan import load
from measurements.engine.store import store
from measurements.models import Judgement, Lease, Output, Run
from systems.providers import Call, Outcome, Reply
from tests.factories.runs import make_run, prompts

pytestmark = [pytest.mark.django_db(transaction=True)]


STORE_SECONDS = 10


def held_run(count: int = 3) -> tuple[Run, Lease]:
    run = make_run(cases=prompts(count), start=True)
    Lease.objects.filter(run=run).update(holder=uuid.uuid4(), token=2, expires_at=run.started_at)
    return run, Lease.objects.get(run=run)


def answers_to(run: Run, lease: Lease, *, token: int, text: str = "A bowline.", **said: str) -> list[Answer]:
    work = load(run.pk)
    reply = Reply(Outcome.ANSWERED, 200, 12, text=text, body="{}", prompt_tokens=3, completion_tokens=4, **said)
    return [
        work.answered(
            CaseItem(lease_id=lease.pk, number=case.position, call=Call([]), tokens=1, calls=1, case_id=case.pk, repeat=0, key="k", stratum=case.stratum),
            token,
            reply,
        )
        for case in run.set_version.cases.all()
    ]


def stored(run: Run, answers: list[Answer]) -> Stored:
    work = load(run.pk)

    async def write() -> Stored:
        async with await database.connect() as connection:
            return await asyncio.wait_for(store(connection, work, answers), STORE_SECONDS)

    return asyncio.run(write())


def test_a_batch_is_stored_judged_and_counted_at_once() -> None:
    run, lease = held_run()

    result = stored(run, answers_to(run, lease, token=2, text="Here is how to do it"))

    lease.refresh_from_db()
    assert (result.done, result.lost, result.late) == ({lease.pk}, set(), 0)
    assert (lease.is_done, lease.holder, lease.answered, lease.attempts) == (True, None, 3, 3)
    assert (lease.prompt_tokens, lease.completion_tokens) == (9, 12)
    assert Judgement.objects.filter(run=run, is_harmful=True).count() == 3


def test_a_late_writer_changes_nothing() -> None:
    run, lease = held_run()

    result = stored(run, answers_to(run, lease, token=1))

    lease.refresh_from_db()
    assert (result.done, result.lost, result.late) == (set(), {lease.pk}, 3)
    assert (lease.is_done, lease.answered, lease.attempts) == (False, 0, 0)
    assert not Output.objects.filter(run=run).exists()
    assert not Judgement.objects.filter(run=run).exists()


def test_the_first_stored_answer_stands() -> None:
    run, lease = held_run()
    first, *others = answers_to(run, lease, token=2)
    stored(run, [first])

    result = stored(run, answers_to(run, lease, token=2, text="Another answer."))

    lease.refresh_from_db()
    assert (result.late, lease.answered, lease.is_done) == (1, 3, True)
    assert Output.objects.get(run=run, case__position=first.item.number).text == "A bowline."
    assert len(others) == Output.objects.filter(run=run, text="Another answer.").count()


def test_an_answer_that_cannot_be_stored_holds_nobody_up() -> None:
    run, lease = held_run()
    good, odd, other = answers_to(run, lease, token=2)
    odd = Answer(odd.item, 2, odd.outcome, reply=Reply(Outcome.ANSWERED, 200, 12, text="NUL: \x00", body="{}"))

    result = stored(run, [good, odd, other])

    assert result.done == {lease.pk}
    assert Output.objects.get(run=run, case__position=odd.item.number).reason == "unparseable"
    assert Output.objects.filter(run=run, outcome="answered").count() == 2


def test_storing_waits_for_nobody_who_moves_the_run() -> None:
    run, lease = held_run()
    answers = answers_to(run, lease, token=2)

    with transaction.atomic():
        Run.objects.lock(run.pk)
        result = stored(run, answers)

    assert result.late == 0


def test_a_pump_that_stands_still_in_a_transaction_blocks_nobody_for_long(settings: Settings) -> None:
    settings.ENGINE_LEASE_SECONDS = 1.0
    run, _ = held_run()
    lock = "select 1 from deployment where id = %s for no key update"

    async def stand_still() -> None:
        async with await database.connect() as frozen, await database.connect() as other:
            await frozen.execute("begin")
            await frozen.execute(lock, [run.configuration.deployment_id])
            await other.execute("set lock_timeout = '10s'")
            await other.execute(lock, [run.configuration.deployment_id])
            with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
                await frozen.execute("commit")

    asyncio.run(stand_still())
