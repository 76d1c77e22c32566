"""The pages: reading what is signed, signing by the form, conditions, the list."""

from __future__ import annotations

import datetime
import html
import json
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.signoffs import actions
from raiportal.signoffs.enums import ConditionState
from raiportal.signoffs.models import Condition, SignOff
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system
from tests.signoffs.kind import registered
from tests.signoffs.scene import Scene

pytestmark = pytest.mark.django_db


def test_signer_reads_and_signs(client: Client) -> None:
    with registered():
        scene = Scene()
        client.force_login(scene.manager)
        assert scene.request.title in client.get(reverse("sign-off-list")).content.decode()
        address = reverse("sign-off-request", args=[scene.request.pk])
        assert "Sign here" in client.get(address).content.decode()
        sent = {"way": "risk_manager", "verdict": "approve", "reason": "Read it.", "seen": scene.request.digest}
        assert client.post(reverse("sign-off-sign", args=[scene.request.pk]), sent).status_code == 302
        assert SignOff.objects.get().person == scene.manager
        assert "Sign here" not in client.get(address).content.decode()
        client.force_login(scene.author)
        assert "Sign here" not in client.get(address).content.decode()


# --- Conditions, ends, and the list ---
@pytest.fixture
def asked() -> Iterator[Asked]:
    with registered():
        yield Asked()


class Asked:
    """A request that waits, somebody who can sign it, and who sees to conditions."""

    def __init__(self) -> None:
        self.owner = make_user(name="Olga Owner")
        self.system = make_system(owner=self.owner)
        self.harm = make_harm(self.system, actor=make_user(Role.RISK_MANAGER))
        self.manager = make_user(Role.RISK_MANAGER)
        self.request = actions.request_sign_off(kind="tests.acceptance", subject_id=self.harm.pk, actor=self.owner)
        self.address = reverse("sign-off-sign", args=[self.request.pk])

    def verdict(self, **given: str) -> dict[str, str]:
        return {"way": "risk_manager", "verdict": "approve_with_conditions", "reason": "Read it.", "seen": self.request.digest, **given}

    def condition(self, **given: str) -> dict[str, str]:
        due = (clocks.now() + datetime.timedelta(days=20)).date().isoformat()
        return {"words_1": "Measure it again.", "owner_1": self.owner.username, "due_1": due, **given}


def test_an_approval_with_conditions_goes_from_the_form_to_a_confirmed_condition(client: Client, asked: Asked) -> None:
    last_day = (clocks.now() + datetime.timedelta(days=30)).date()
    client.force_login(asked.manager)
    client.post(asked.address, asked.verdict(**asked.condition(), until=last_day.isoformat()))
    condition = Condition.objects.get()

    owner = Client()
    owner.force_login(asked.owner)
    page = owner.get(reverse("sign-off-request", args=[asked.request.pk])).content.decode()
    owner.post(reverse("condition-meet", args=[condition.pk]), {"note": "Measured on Monday."})
    told = client.get(reverse("sign-off-request", args=[asked.request.pk])).content.decode()
    client.post(reverse("condition-confirm", args=[condition.pk]), {"is_met": "yes", "note": ""})

    signed = SignOff.objects.get()
    assert signed.valid_until is not None
    assert signed.valid_until.date() == last_day
    assert "How it was met" in page
    assert "Measured on Monday." in told
    condition.refresh_from_db()
    assert (condition.state, condition.confirmed_by) == (ConditionState.CONFIRMED, asked.manager)


def test_a_condition_that_is_not_met_is_open_again_with_what_is_missing(client: Client, asked: Asked) -> None:
    client.force_login(asked.manager)
    client.post(asked.address, asked.verdict(**asked.condition()))
    condition = Condition.objects.get()
    actions.meet_condition(condition_id=condition.pk, note="Done.", actor=asked.owner)

    refused = client.post(reverse("condition-confirm", args=[condition.pk]), {"is_met": "no", "note": ""})
    client.post(reverse("condition-confirm", args=[condition.pk]), {"is_met": "no", "note": "Nothing is measured."})

    condition.refresh_from_db()
    assert refused.status_code == 422
    assert (condition.state, condition.confirm_note) == (ConditionState.REOPENED, "Nothing is measured.")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"words_1": ""}, "A condition needs what has to be done, by whom and by when."),
        ({"due_1": "2020-01-01"}, "The date of a condition has to be still to come."),
        ({"reason": ""}, "Give your reason."),
        ({"until": "2020-01-01"}, "Give an end that is still to come"),
        ({"verdict": "approve"}, "An approval with conditions, and no other verdict"),
    ],
)
def test_what_is_wrong_is_said_on_the_form_and_nothing_written_is_lost(client: Client, asked: Asked, given: dict[str, str], sentence: str) -> None:
    client.force_login(asked.manager)

    sent = asked.verdict(**asked.condition()) | given
    answer = client.post(asked.address, sent)

    shown = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert sentence in shown
    assert all(value in shown for value in sent.values())
    assert not SignOff.objects.exists()


def test_the_list_is_filtered_and_taken_away(client: Client, asked: Asked) -> None:
    client.force_login(asked.manager)

    waiting = client.get(reverse("sign-off-list"), {"mine": "waiting"}).context["rows"]
    mine = client.get(reverse("sign-off-list"), {"mine": "asked"}).context["rows"]
    wrong = client.get(reverse("sign-off-list"), {"state": "unheard-of"})
    rows = json.loads(b"".join(client.get(reverse("sign-off-export", args=["json"])).streaming_content))  # type: ignore[arg-type]

    assert [row.request.pk for row in waiting] == [asked.request.pk]
    assert mine == []
    assert wrong.status_code == 422
    assert [(row["id"], row["standing"], row["digest"]) for row in rows] == [(asked.request.pk, "open", asked.request.digest)]


def test_what_is_signed_is_laid_out_field_by_field(client: Client, asked: Asked) -> None:
    client.force_login(asked.manager)

    parts = client.get(reverse("sign-off-request", args=[asked.request.pk])).context["parts"]

    labels = [part.label for part, _ in parts]
    values = {value for part, _ in parts for _, value in part.lines}
    assert labels
    assert asked.harm.title in values
