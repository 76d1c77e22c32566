"""What is active where: checks, going back, emergencies with two people, two who activate at once. OP-4, MI-4."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from raiportal.accounts.enums import Role, UserKind
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.errors import Invalid, PolicyDenied, StaleSnapshot, Unmet, WrongState
from systems import actions, selectors
from systems.enums import ActivationKind, EmergencyState, Environment
from systems.extensions import ActivationCheck, CheckResult, Share, activation_checks
from systems.models import Activation, ActivationShare, AISystem, Configuration, EmergencyActivation
from tests.factories.accounts import make_token, make_user
from tests.factories.systems import make_deployment, make_system

pytestmark = pytest.mark.django_db
GATE_SHUT = "No gate is open for this configuration."


@pytest.fixture
def system() -> AISystem:
    return make_system()


@pytest.fixture
def gate() -> Iterator[dict[str, bool]]:
    """A higher check, shut at first, as an app further up would register one."""
    state = {"open": False}

    def check(system: AISystem, environment: Environment, shares: Any, user: User) -> list[CheckResult]:
        return [CheckResult(state["open"], GATE_SHUT)]

    activation_checks.register(ActivationCheck("gate", "Gate", check, order=10))
    yield state
    del activation_checks._entries["gate"]


def make_configuration(system: AISystem, environment: str = "production", **parameters: Any) -> Configuration:
    deployment = make_deployment(system, actor=system.owner, environment=environment)
    return actions.add_configuration(deployment=deployment, parameters=parameters, actor=system.owner)


def whole(configuration: Configuration) -> list[Share]:
    return [Share(configuration, 100)]


def activate(system: AISystem, shares: list[Share], **rest: Any) -> Activation:
    given: dict[str, Any] = {"environment": "production", "reason": "It passed.", "actor": system.owner, **rest}
    return actions.activate(system_id=system.pk, shares=shares, **given)


def active(system: AISystem, environment: Environment = Environment.PRODUCTION) -> list[tuple[int, int]]:
    found = selectors.active_in(system, environment)
    return selectors.order_of(found) if found else []


def managers(system: AISystem) -> tuple[User, User, User]:
    return make_user(Role.OWNER, scope=system.scope), make_user(Role.RISK_MANAGER), make_user(Role.ADMINISTRATOR)


# --- Activating ---
def test_activation_names_order_shares_person_and_reason(system: AISystem) -> None:
    first, second = make_configuration(system), make_configuration(system)

    made = activate(system, [Share(first, 90), Share(second, 10)], reason="A tenth tries the new one.")

    assert active(system) == [(first.pk, 90), (second.pk, 10)]
    assert (made.kind, made.created_by, made.reason) == (ActivationKind.NORMAL, system.owner, "A tenth tries the new one.")
    assert Entry.objects.filter(action="systems.activated", subject_id=made.pk, scope_id=system.pk).count() == 1
    assert selectors.environments_of([first, second]) == {first.pk: [(Environment.PRODUCTION, 90)], second.pk: [(Environment.PRODUCTION, 10)]}


@pytest.mark.parametrize("percents", [(50, 40), (60, 50), (100, 0)])
def test_shares_add_up_to_a_hundred(system: AISystem, percents: tuple[int, int]) -> None:
    shares = [Share(make_configuration(system), percent) for percent in percents]

    with pytest.raises(Unmet):
        activate(system, shares)
    assert active(system) == []


def test_one_configuration_stands_in_an_order_once(system: AISystem) -> None:
    configuration = make_configuration(system)

    with pytest.raises(Unmet, match="once"):
        activate(system, [Share(configuration, 50), Share(configuration, 50)])


def test_everything_that_is_missing_is_listed(system: AISystem, gate: dict[str, bool]) -> None:
    staged, off, moved = make_configuration(system, "staging"), make_configuration(system), make_configuration(system)
    foreign = make_configuration(make_system())
    actions.switch_off_deployment(deployment_id=off.deployment_id, reason="Contract ended.", actor=system.owner)
    actions.edit_deployment(deployment_id=moved.deployment_id, model="another", actor=system.owner)

    with pytest.raises(Unmet) as refusal:
        activate(system, [Share(row, 25) for row in (staged, off, moved, foreign)])

    sentences = " ".join(refusal.value.missing)
    assert "is marked staging" in sentences
    assert "is switched off" in sentences
    assert f"isn't what {moved.code} froze" in sentences
    assert "another system" in sentences
    assert foreign.deployment.name not in sentences.split("another system")[0].split("froze")[-1]
    assert active(system) == []


def test_higher_checks_hold_a_normal_activation_up_until_they_pass(system: AISystem, gate: dict[str, bool]) -> None:
    configuration = make_configuration(system)

    with pytest.raises(Unmet) as refusal:
        activate(system, whole(configuration))
    assert refusal.value.missing == [GATE_SHUT]

    gate["open"] = True
    assert activate(system, whole(configuration)).kind == ActivationKind.NORMAL


def test_staging_takes_deployments_that_are_not_marked_production(system: AISystem) -> None:
    configuration = make_configuration(system, "development")

    activate(system, whole(configuration), environment="staging")

    assert active(system, Environment.STAGING) == [(configuration.pk, 100)]


def test_contributors_and_readers_do_not_activate(system: AISystem) -> None:
    configuration = make_configuration(system)

    for role in (Role.CONTRIBUTOR, Role.VIEWER, Role.REVIEWER):
        with pytest.raises(PolicyDenied):
            activate(system, whole(configuration), actor=make_user(role, scope=system.scope))
    with pytest.raises(PolicyDenied):
        activate(system, whole(configuration), actor=make_user(Role.AUDITOR))


def test_the_same_again_and_a_stale_page_are_refused(system: AISystem) -> None:
    first, second = make_configuration(system), make_configuration(system)
    made = activate(system, whole(first), replaces=0)

    with pytest.raises(Invalid, match="already"):
        activate(system, whole(first))
    with pytest.raises(StaleSnapshot):
        activate(system, whole(second), replaces=0)
    assert activate(system, whole(second), replaces=made.pk).kind == ActivationKind.NORMAL


# --- Going back ---
def test_going_back_to_what_passed_needs_no_gate(system: AISystem, gate: dict[str, bool]) -> None:
    gate["open"] = True
    first, second = make_configuration(system), make_configuration(system)
    activate(system, whole(first))
    activate(system, whole(second))
    gate["open"] = False

    assert activate(system, whole(first), reason="The new one invents doses.").kind == ActivationKind.RETURN
    assert active(system) == [(first.pk, 100)]


def test_going_back_never_gives_more_than_what_passed(system: AISystem, gate: dict[str, bool]) -> None:
    gate["open"] = True
    first, second = make_configuration(system), make_configuration(system)
    activate(system, [Share(first, 90), Share(second, 10)])
    gate["open"] = False

    with pytest.raises(Unmet):
        activate(system, whole(second))
    with pytest.raises(Unmet):
        activate(system, whole(first), environment="staging")  # it passed elsewhere, not here


def test_going_back_needs_the_deployment_as_it_was_frozen(system: AISystem) -> None:
    first, second = make_configuration(system), make_configuration(system)
    activate(system, whole(first))
    activate(system, whole(second))
    actions.switch_off_deployment(deployment_id=first.deployment_id, reason="Contract ended.", actor=system.owner)

    with pytest.raises(Unmet, match="switched off"):
        activate(system, whole(first))


# --- Emergencies ---
def ask(system: AISystem, configuration: Configuration, actor: User) -> EmergencyActivation:
    return actions.ask_for_emergency(
        system_id=system.pk, environment="production", shares=whole(configuration), reason="Keys leak in the answers.", actor=actor
    )


def test_emergency_takes_two_people_and_a_third_reviews(system: AISystem, gate: dict[str, bool]) -> None:
    asker, confirmer, reviewer = managers(system)
    configuration = make_configuration(system)

    asked = ask(system, configuration, asker)
    assert active(system) == []
    with pytest.raises(PolicyDenied, match="second person"):
        actions.confirm_emergency(emergency_id=asked.pk, actor=asker)

    acted = actions.confirm_emergency(emergency_id=asked.pk, actor=confirmer)
    assert active(system) == [(configuration.pk, 100)]
    assert (acted.state, acted.activation.kind) == (EmergencyState.ACTED, ActivationKind.EMERGENCY)
    for one in (asker, confirmer):
        with pytest.raises(PolicyDenied, match="somebody else"):
            actions.review_emergency(emergency_id=asked.pk, finding="justified", finding_text="We were right.", actor=one)

    closed = actions.review_emergency(emergency_id=asked.pk, finding="avoidable", finding_text="The gate was two hours away.", actor=reviewer)
    assert (closed.state, closed.reviewed_by) == (EmergencyState.REVIEWED, reviewer)
    past = set(Entry.objects.filter(subject_id=asked.pk, action__startswith="systems.emergency").values_list("action", flat=True))
    assert past == {f"systems.emergency_activation_{word}" for word in ("asked", "confirmed", "reviewed")}


def test_what_came_in_an_emergency_has_not_passed(system: AISystem, gate: dict[str, bool]) -> None:
    asker, confirmer, _ = managers(system)
    configuration, other = make_configuration(system), make_configuration(system)
    actions.confirm_emergency(emergency_id=ask(system, configuration, asker).pk, actor=confirmer)
    gate["open"] = True
    activate(system, whole(other))
    gate["open"] = False

    with pytest.raises(Unmet) as refusal:
        activate(system, whole(configuration))
    assert refusal.value.missing == [GATE_SHUT]


def test_emergency_never_skips_integrity(system: AISystem) -> None:
    asker, confirmer, _ = managers(system)
    with pytest.raises(Unmet, match="marked staging"):
        ask(system, make_configuration(system, "staging"), asker)

    configuration = make_configuration(system)
    asked = ask(system, configuration, asker)
    actions.switch_off_deployment(deployment_id=configuration.deployment_id, reason="Broken.", actor=asker)
    with pytest.raises(Unmet, match="switched off"):
        actions.confirm_emergency(emergency_id=asked.pk, actor=confirmer)
    assert active(system) == []


@pytest.mark.parametrize("becomes", ["without a role", "kept out"])
def test_one_person_does_not_activate_on_the_word_of_somebody_who_may_not_any_more(system: AISystem, becomes: str) -> None:
    asker, confirmer, _ = managers(system)
    asked = ask(system, make_configuration(system), asker)
    if becomes == "kept out":
        User.objects.filter(pk=asker.pk).update(is_active=False)
    else:
        asker.memberships.all().delete()

    with pytest.raises(PolicyDenied, match="any more"):
        actions.confirm_emergency(emergency_id=asked.pk, actor=confirmer)

    assert active(system) == []


def test_emergency_is_over_after_an_hour_and_may_be_asked_again(system: AISystem) -> None:
    asker, confirmer, _ = managers(system)
    configuration = make_configuration(system)
    asked = ask(system, configuration, asker)
    with pytest.raises(WrongState, match="Another emergency"):
        ask(system, configuration, confirmer)
    EmergencyActivation.objects.filter(pk=asked.pk).update(expires_at=asked.created_at - datetime.timedelta(seconds=1))

    with pytest.raises(WrongState, match="hour"):
        actions.confirm_emergency(emergency_id=asked.pk, actor=confirmer)
    again = ask(system, configuration, confirmer)

    asked.refresh_from_db()
    assert (asked.state, again.state) == (EmergencyState.EXPIRED, EmergencyState.WAITING)


def test_withdrawn_emergency_does_nothing(system: AISystem) -> None:
    asker, confirmer, _ = managers(system)
    asked = ask(system, make_configuration(system), asker)

    actions.withdraw_emergency(emergency_id=asked.pk, reason="A false alarm.", actor=asker)

    with pytest.raises(WrongState):
        actions.confirm_emergency(emergency_id=asked.pk, actor=confirmer)
    assert active(system) == []


def test_programs_are_no_second_person(system: AISystem) -> None:
    asker, confirmer, _ = managers(system)
    asked = ask(system, make_configuration(system), asker)
    User.objects.filter(pk=confirmer.pk).update(kind=UserKind.SERVICE)

    with pytest.raises(PolicyDenied, match="people"):
        actions.confirm_emergency(emergency_id=asked.pk, actor=User.objects.get(pk=confirmer.pk))


# --- The database ---
def test_database_refuses_one_person_for_both_parts(system: AISystem) -> None:
    asker, confirmer, reviewer = managers(system)
    asked = ask(system, make_configuration(system), asker)
    actions.confirm_emergency(emergency_id=asked.pk, actor=confirmer)
    row = EmergencyActivation.objects.filter(pk=asked.pk)

    with pytest.raises(IntegrityError, match="emergency_activation_two_people"), transaction.atomic():
        row.update(confirmed_by=asker)
    for one in (asker, confirmer):
        with pytest.raises(IntegrityError, match="emergency_activation_reviewed_by_another"), transaction.atomic():
            row.update(state="reviewed", finding="justified", finding_text="Fine.", reviewed_by=one, reviewed_at=asked.created_at)
    with pytest.raises(IntegrityError, match="emergency_activation_finding"), transaction.atomic():
        row.update(state="reviewed", reviewed_by=reviewer, reviewed_at=asked.created_at)


def test_database_keeps_orders_whole_and_as_they_were(system: AISystem) -> None:
    configuration = make_configuration(system)
    made = activate(system, whole(configuration))

    for change in (lambda: ActivationShare.objects.filter(activation=made).update(share=50), lambda: Activation.objects.filter(pk=made.pk).delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    with pytest.raises(IntegrityError, match="add up to 100"), transaction.atomic():
        write_half_an_order(system, configuration)


def write_half_an_order(system: AISystem, configuration: Configuration) -> None:
    """Past the actions, as far as the end of a transaction."""
    part = Activation.objects.create(system=system, environment="staging", kind="normal", reason="Half.", created_by=system.owner)
    ActivationShare.objects.create(activation=part, position=1, configuration=configuration, share=50)
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")


@pytest.mark.django_db(transaction=True)
def test_two_who_activate_at_once_leave_one_order() -> None:
    """Two connections that begin together: one comes first, the other is told that its page is old."""
    system = make_system()
    configurations = [make_configuration(system) for _ in range(2)]
    begin = Barrier(2)

    def attempt(configuration: Configuration) -> str:
        begin.wait(10)
        try:
            activate(system, whole(configuration), replaces=0)
        except StaleSnapshot:
            return "stale"
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(attempt, configurations))

    assert found == ["done", "stale"]
    assert Activation.objects.filter(system=system).count() == 1
    assert len(active(system)) == 1


# --- The doors ---
def test_page_shows_what_is_active_and_takes_an_order(system: AISystem, client: Client) -> None:
    configuration, other = make_configuration(system), make_configuration(system)
    client.force_login(system.owner)
    add, page = reverse("activation-add", args=[system.pk]), reverse("activation-list", args=[system.pk])
    assert "Nothing is active here" in client.get(page).content.decode()

    split = {"environment": "production", "configuration": configuration.pk, "share": 80, "configuration_2": other.pk, "share_2": 20, "reason": "Go."}
    assert client.post(add, {**split, "share_2": 10}).status_code == 409
    assert client.post(add, {**split, "share_2": ""}).status_code == 422
    assert client.post(add, split)["Location"] == page
    assert active(system) == [(configuration.pk, 80), (other.pk, 20)]

    shown = client.get(page).content.decode()
    assert "Activated" in shown
    assert "Go back to this" not in shown  # it is in force
    assert "Production" in client.get(reverse("configuration", args=[configuration.pk])).content.decode()
    assert configuration.code in client.get(reverse("portfolio")).content.decode()

    first = Activation.objects.latest("pk").pk
    client.post(add, {"environment": "production", "configuration": other.pk, "share": 100, "reason": "All.", "seen_production": first})
    assert re.findall(r'\?from=(\d+)">Go back to this', client.get(page).content.decode()) == [str(first)]


def test_api_activates_and_lists(system: AISystem) -> None:
    configuration, foreign = make_configuration(system), make_configuration(make_system())
    program = Client(headers={"Authorization": f"Bearer {make_token(system.owner)}"})
    address = f"/api/v1/systems/{system.pk}/activate/"
    order = {"environment": "production", "shares": [{"configuration": configuration.pk, "share": 100}], "reason": "It passed."}

    for unknown in (foreign.pk, 987_654_321):
        refused = program.post(address, {**order, "shares": [{"configuration": unknown, "share": 100}]}, content_type="application/json")
        assert (refused.status_code, list(refused.json()["errors"])) == (422, ["shares"])
    made = program.post(address, order, content_type="application/json")

    assert (made.status_code, made.json()["kind"]) == (201, "normal")
    listed = program.get("/api/v1/activations/", {"system": system.pk, "environment": "production"}).json()["results"]
    assert [row["shares"] for row in listed] == [[{"configuration": configuration.pk, "share": 100}]]
    assert program.get(f"/api/v1/configurations/{configuration.pk}/").json()["active"] == {"production": 100}


def test_page_costs_the_same_for_three_and_thirty_activations(system: AISystem, client: Client, django_assert_num_queries: Any) -> None:
    pair = [make_configuration(system) for _ in range(2)]
    client.force_login(system.owner)
    page = reverse("activation-list", args=[system.pk])
    for number in range(3):
        activate(system, whole(pair[number % 2]))
    client.get(page)
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    for number in range(3, 30):
        activate(system, whole(pair[number % 2]))

    with django_assert_num_queries(len(few)):
        client.get(page)
