"""My work lists what waits for this person, most urgent first, and nothing that they may not open."""

from __future__ import annotations

import datetime

import pytest
from django.test import Client

from measurements.actions import judgings, runs
from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import Membership
from raiportal.work import selectors
from raiportal.work.sources import WorkItem
from systems import actions as system_actions
from systems.extensions import Share
from systems.models import Configuration
from systems.selectors import standings
from tests.factories.accounts import headers, make_user
from tests.factories.harms import make_harm
from tests.factories.judgings import answered_run
from tests.factories.runs import make_run
from tests.factories.systems import make_deployment, make_system

pytestmark = pytest.mark.django_db


def waiting(user):
    return selectors.my_work(user, clocks.now()).items


def of_kind(user, slug):
    return [entry.item for entry in waiting(user) if entry.source.slug == slug]


def test_work_names_a_proposed_harm_to_its_owner_until_it_is_assessed():
    system = make_system()
    harm = make_harm(system, owner=system.owner)

    (item,) = of_kind(system.owner, "harms")

    assert harm.title in item.title
    assert item.url == f"/harms/{harm.pk}/assess/"
    assert of_kind(make_user(Role.RISK_MANAGER), "harms") == []
    make_harm(system, owner=system.owner, assessed=(2, 2))
    assert len(of_kind(system.owner, "harms")) == 1


def test_work_names_a_run_that_stands_still():
    run = make_run(start=True)
    runs.pause_run(run_id=run.pk, actor=run.created_by)

    (item,) = of_kind(run.created_by, "runs")

    assert run.code in item.title
    assert item.system == run.system.name


def test_work_forgets_what_somebody_may_no_longer_open():
    system = make_system()
    person = make_user(Role.VIEWER, scope=system.scope)
    make_harm(system, owner=person)
    assert len(of_kind(person, "harms")) == 1

    Membership.objects.filter(user=person).delete()

    assert of_kind(type(person).objects.get(pk=person.pk), "harms") == []


def test_work_lists_next_steps_of_own_systems_alone():
    system, other = make_system(), make_system()

    assert {item.system for item in of_kind(system.owner, "next-steps")} == {system.name}
    assert of_kind(make_user(Role.RISK_MANAGER), "next-steps") == []
    assert {item.system for item in of_kind(other.owner, "next-steps")} == {other.name}


def test_work_counts_down_a_role_that_ends():
    system = make_system()
    person = make_user(Role.VIEWER, scope=system.scope)
    now = clocks.now()
    Membership.objects.filter(user=person).update(until=now + datetime.timedelta(days=3))

    (entry,) = [entry for entry in waiting(type(person).objects.get(pk=person.pk)) if entry.source.slug == "roles"]

    assert entry.urgency == "soon"
    assert "viewer" in entry.item.title


def test_work_puts_overdue_first_then_what_is_due_then_ranks():
    now = clocks.now()
    day = datetime.timedelta(days=1)
    items = [
        WorkItem("gap", "", "/", "", 40),
        WorkItem("due far away", "", "/", "", 10, due_at=now + 30 * day),
        WorkItem("stands still since long", "", "/", "", 20, since=now - day),
        WorkItem("stands still", "", "/", "", 20, since=now),
        WorkItem("due tomorrow", "", "/", "", 40, due_at=now + day),
        WorkItem("due in two days", "", "/", "", 10, due_at=now + 2 * day),
        WorkItem("overdue", "", "/", "", 40, due_at=now - day),
    ]

    in_order = sorted(items, key=lambda item: selectors.order_of(item, now))

    assert [item.title for item in in_order] == [
        *("overdue", "due tomorrow", "due in two days", "due far away", "stands still since long", "stands still", "gap"),
    ]


def test_work_page_filters_and_says_when_nothing_waits():
    system = make_system()
    make_harm(system, owner=system.owner, title="Unkind tone")
    client = Client()
    client.force_login(system.owner)

    assert "Unkind tone" in client.get("/my-work/", {"kind": "harms", "system": system.name}).content.decode()
    assert "Nothing fits these filters" in client.get("/my-work/", {"urgency": "overdue"}).content.decode()
    client.force_login(make_user())
    assert "Nothing waits for you" in client.get("/my-work/").content.decode()


def test_api_lists_the_same():
    system = make_system()
    make_harm(system, owner=system.owner, title="Unkind tone")

    answer = Client(headers=headers(system.owner)).get("/api/v1/my-work/").json()

    assert [row["kind"] for row in answer["results"]].count("harms") == 1
    assert answer["results"][0]["kind"] == "harms"  # before the steps, whose ranks begin lower down
    assert answer["kinds_with_more"] == []


def test_work_asks_the_second_person_to_confirm_an_emergency_and_nobody_else():
    system = make_system()
    manager = make_user(Role.RISK_MANAGER)
    configuration = Configuration.objects.get(deployment=make_deployment(system, environment="production"))
    system_actions.ask_for_emergency(
        system_id=system.pk, environment="production", shares=[Share(configuration, 100)], reason="It tells patients the wrong dose.", actor=system.owner
    )

    (item,) = of_kind(manager, "emergencies")

    assert "Confirm or refuse" in item.title
    assert of_kind(system.owner, "emergencies") == []
    assert of_kind(make_user(Role.VIEWER, scope=system.scope), "emergencies") == []
    assert of_kind(make_user(Role.AUDITOR), "emergencies") == []


def test_work_asks_everybody_who_may_act_to_take_over_a_run_whose_person_lost_the_right():
    run = make_run(start=True)
    starter, heir, manager = run.runs_for, make_user(Role.CONTRIBUTOR, scope=run.system.scope), make_user(Role.RISK_MANAGER)
    Membership.objects.filter(user=starter).delete()
    type(run).objects.filter(pk=run.pk).update(state="paused", cause="right_lost")

    (item,) = of_kind(heir, "runs")

    assert item.why == f"{starter.name}, for whom it runs, may not run it any more. Resume it, and it goes on for you; or cancel it."
    assert [item.title for item in of_kind(manager, "runs")] == [item.title]
    onlookers = [make_user(Role.VIEWER, scope=run.system.scope), make_user(Role.AUDITOR), make_system().owner, type(starter).objects.get(pk=starter.pk)]
    assert [of_kind(person, "runs") for person in onlookers] == [[], [], [], []]
    type(run).objects.filter(pk=run.pk).update(cause="quota")
    assert of_kind(manager, "runs") == []


def test_work_asks_to_take_over_a_judging_whose_person_lost_the_right():
    run = answered_run()
    planned = judgings.plan_judgings(run_id=run.pk, actor=type(run.created_by).system())[0]
    type(planned).objects.filter(pk=planned.pk).update(state="paused", cause="right_lost")

    (item,) = of_kind(make_user(Role.RISK_MANAGER), "judgings")

    assert item.why.startswith(f"{run.created_by.name}, for whom it runs, may not run it any more.")


def test_work_lists_documents_to_acknowledge_and_no_step_about_them():
    system, manager = make_system(), make_user(Role.ADMINISTRATOR)
    card = system_actions.add_model_card(developer="Example Labs", family="example", version="1", actor=manager)
    deployment = make_deployment(system)
    type(deployment).objects.filter(pk=deployment.pk).update(model_card=card)
    system_actions.add_document(model_card=card, kind="terms", title="Terms of use", address="https://example.org/terms", version="1", actor=manager)
    contributor = make_user(Role.CONTRIBUTOR, scope=system.scope)

    assert [item.title for item in of_kind(system.owner, "documents")] == ["Read “Terms of use”"]
    for person in (system.owner, contributor):
        assert "Read the models' documents" not in {item.title for item in of_kind(person, "next-steps")}
    asked = [standing.step for stated in standings([system], system.owner)[system.pk].values() for standing in stated if standing.step]
    assert "Read the models' documents" in {step.title for step in asked}
