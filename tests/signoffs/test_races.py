"""REL-26, REL-27: two people at once, on connections of their own: the outcome is that of one of the two orders, each effect is there once.

All but the double click were seen to fail without the locks of subject and request; that one is held by the database's own rule as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.db.models import Count

from harms.models import Harm
from raiportal.accounts.enums import Role
from raiportal.audit import ledger
from raiportal.audit.models import Entry
from raiportal.errors import RaiportalError
from raiportal.signoffs import actions
from raiportal.signoffs.kinds import RoleNeeded, Rules
from raiportal.signoffs.models import SignOff, SignOffRequest
from tests.factories.accounts import make_user
from tests.signoffs.kind import happened, registered
from tests.signoffs.scene import Scene

ROUNDS = (40, pytest.param(200, marks=pytest.mark.full))  # of each pair: 200 in all each time, and 200 of each as REL-26 asks in the long tests
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.parametrize("rounds", ROUNDS)]


class Pair:
    """Two people, whose connections stay open from round to round."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(2)

    def at_once(self, first: Callable[[], object], second: Callable[[], object]) -> list[str]:
        """Do both at the same moment; what each came to, "done" or the refusal's code."""
        barrier = threading.Barrier(2)

        def run(act: Callable[[], object]) -> str:
            barrier.wait()
            try:
                act()
            except RaiportalError as error:
                return error.code
            return "done"

        return [begun.result() for begun in [self.threads.submit(run, first), self.threads.submit(run, second)]]

    def close(self) -> None:
        assert self.at_once(lambda: connection.close(), lambda: connection.close()) == ["done", "done"]
        self.threads.shutdown()


@pytest.fixture
def pair() -> Iterator[Pair]:
    both = Pair()
    yield both
    both.close()


def _rounds(scene: Scene, rounds: int) -> Iterator[int]:
    """Ask anew in each round; then look at the ledger: each effect has one entry, and each verdict its own."""
    for number in range(rounds):
        if number:
            scene.request = actions.request_sign_off(kind="tests.acceptance", subject_id=scene.harm.pk, actor=scene.owner)
        happened.clear()
        yield number
    entries = Entry.objects.filter(subject_kind="signoffs.signoffrequest")
    once = ["signoffs.approved", "signoffs.refused", "signoffs.withdrawn", "signoffs.ended"]
    assert not entries.filter(action__in=once).values("subject_id", "action").annotate(times=Count("pk")).filter(times__gt=1).exists()
    assert entries.filter(action="signoffs.signed").count() == SignOff.objects.count()


def test_two_last_signers_approve_once(pair: Pair, rounds: int) -> None:
    with registered():
        scene = Scene()
        for _ in _rounds(scene, rounds):
            told = pair.at_once(lambda: scene.sign(scene.manager, "risk_manager"), lambda: scene.sign(scene.lawyer, "reviewer:legal"))
            assert told == ["done", "done"]
            assert happened == [("approved", scene.request.pk)]


def test_withdrawn_request_has_no_verdict_after_it(pair: Pair, rounds: int) -> None:
    with registered():
        scene = Scene()
        for _ in _rounds(scene, rounds):
            told = pair.at_once(
                lambda: scene.sign(scene.manager, "risk_manager", "reject"),
                lambda: actions.withdraw(request_id=scene.request.pk, reason="No", actor=scene.owner),
            )
            assert sorted(told) == ["done", "wrong_state"]
            asked = SignOffRequest.objects.get(pk=scene.request.pk)
            assert SignOff.objects.filter(request=asked).exists() == (asked.state == "refused")


def test_last_approval_and_withdrawal_end_in_one_of_both(pair: Pair, rounds: int) -> None:
    with registered():
        scene = Scene()
        for _ in _rounds(scene, rounds):
            scene.sign(scene.manager, "risk_manager")
            told = pair.at_once(
                lambda: scene.sign(scene.lawyer, "reviewer:legal"), lambda: actions.withdraw(request_id=scene.request.pk, reason="No", actor=scene.owner)
            )
            asked, signed = SignOffRequest.objects.get(pk=scene.request.pk), SignOff.objects.filter(request=scene.request, role="reviewer:legal").exists()
            assert (told, asked.state, signed) in ((["done", "wrong_state"], "approved", True), (["wrong_state", "done"], "withdrawn", False))
            assert happened == ([("approved", asked.pk)] if signed else [])


def test_double_click_signs_once(pair: Pair, rounds: int) -> None:
    with registered():
        scene = Scene()
        for _ in _rounds(scene, rounds):
            told = pair.at_once(lambda: scene.sign(scene.manager, "risk_manager"), lambda: scene.sign(scene.manager, "risk_manager"))
            assert sorted(told) == ["done", "signed_already"]
            actions.withdraw(request_id=scene.request.pk, reason="The next round.", actor=scene.owner)


@transaction.atomic
def _edit(scene: Scene, title: str) -> None:
    """An app's change of the subject: under its lock, with a look at its approvals before it commits."""
    harm = Harm.objects.lock(scene.harm.pk)
    ledger.apply_changes(harm, actor=scene.author, action="harms.harm_changed", title=title)
    actions.recheck(harm, actor=scene.author)


def test_no_approval_stands_on_what_an_edit_replaced(pair: Pair, rounds: int) -> None:
    """SEC-16, REL-26, REL-27: the last signature and an edit at once: either the signer is told, or the approval ends with the edit."""
    with registered():
        scene = Scene()
        for number in _rounds(scene, rounds):
            scene.sign(scene.manager, "risk_manager")
            told = pair.at_once(lambda: scene.sign(scene.lawyer, "reviewer:legal"), lambda title=f"Claim {number}": _edit(scene, title))  # type: ignore[misc]
            pk = scene.request.pk
            assert told in (["done", "done"], ["stale_snapshot", "done"])
            assert not SignOffRequest.objects.standing().filter(pk=pk).exists()
            assert happened == ([("approved", pk), ("stale", pk)] if told[0] == "done" else [])


def test_quorum_of_two_is_reached_once(pair: Pair, rounds: int) -> None:
    """REL-26, INV-03: two people in one role at once fill its quorum of two, and the approval comes about once."""
    rules = Rules((RoleNeeded(Role.RISK_MANAGER, quorum=2),), validity_days=90)
    with registered(rules=lambda harm: rules):
        scene, second = Scene(), make_user(Role.RISK_MANAGER)
        for _ in _rounds(scene, rounds):
            told = pair.at_once(lambda: scene.sign(scene.manager, "risk_manager"), lambda: scene.sign(second, "risk_manager"))
            assert told == ["done", "done"]
            assert happened == [("approved", scene.request.pk)]
