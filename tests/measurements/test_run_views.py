"""The pages of runs: list, form, progress, results, moves."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from measurements.actions import estimates, runs
from measurements.enums import PauseCause, RunState
from measurements.models import MetricVersion, Run
from measurements.selectors import outlook
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from systems.models import AISystem, Configuration
from tests.factories.accounts import make_user
from tests.factories.measurements import make_metric, make_owner, make_version
from tests.factories.outputs import ANSWERED, BLOCKED, HARM, TIMEOUT, ended_run, store
from tests.factories.runs import make_run
from tests.factories.systems import make_deployment, make_system

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def owner_client(system: AISystem) -> Client:
    client = Client()
    client.force_login(make_owner(system))
    return client


def measurable() -> tuple[AISystem, dict[str, Any]]:
    """A system with everything that a run needs, and the form that plans one."""
    system = make_system()
    deployment = make_deployment(system, max_concurrency=6, input_price=Decimal(2), output_price=Decimal(8))
    configuration = Configuration.objects.get(deployment=deployment)
    version, metric = make_version(system), make_metric(system)
    return system, {"configuration": configuration.pk, "set_version": version.pk, "metrics": [metric.pk], "repeats": 2, "max_concurrency": ""}


# --- List ---
def test_list_shows_state_progress_and_the_main_estimate_with_its_rows() -> None:
    run = ended_run((HARM, ANSWERED, ANSWERED))

    page = owner_client(run.system).get(reverse("run-list", args=[run.system_id])).text

    assert run.code in page
    assert "Completed" in page
    assert "3 / 3" in page
    assert f'href="{reverse("output-list", args=[run.pk])}?metric=' in page
    assert "33.3" in page


def test_list_filters_by_state_configuration_and_set() -> None:
    run = ended_run()
    client, address = owner_client(run.system), reverse("run-list", args=[run.system_id])

    for query in ({"state": "completed"}, {"configuration": run.configuration_id}, {"set": run.set_version.measurement_set_id}):
        assert run.code in client.get(address, query).text
    for query in ({"state": "paused"}, {"configuration": run.configuration_id + 1}, {"set": 999_999}, {"state": "bogus"}):
        assert "No run of this system fits" in client.get(address, query).text


def test_list_says_what_to_do_while_there_is_no_run() -> None:
    system = make_system()

    assert reverse("run-add", args=[system.pk]) in owner_client(system).get(reverse("run-list", args=[system.pk])).text


def test_list_costs_the_same_for_three_runs_and_for_thirteen() -> None:
    def count(system: AISystem, client: Client) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("run-list", args=[system.pk])).status_code == 200
        return len(queries)

    run = ended_run()
    client = owner_client(run.system)
    versions = list(run.run_metrics.values_list("metric_version", flat=True))
    for _ in range(2):
        make_again(run, versions)
    count(run.system, client)  # the first visit of a session notes where it comes from
    before = count(run.system, client)
    for _ in range(10):
        make_again(run, versions)

    assert count(run.system, client) == before


def make_again(run: Run, versions: list[int]) -> Run:
    chosen = list(MetricVersion.objects.filter(pk__in=versions))
    return runs.plan_run(configuration=run.configuration, set_version=run.set_version, metric_versions=chosen, actor=run.created_by)


# --- Plan and start ---
def test_form_plans_and_starts_a_run() -> None:
    system, form = measurable()

    answer = owner_client(system).post(reverse("run-add", args=[system.pk]), form)

    run = Run.objects.get(system=system)
    assert answer["Location"] == reverse("run", args=[run.pk])
    assert (run.state, run.planned_count, run.max_concurrency) == (RunState.RUNNING, 6, 6)


def test_form_says_what_the_run_will_do_before_it_starts() -> None:
    system, form = measurable()

    page = owner_client(system).post(reverse("run-preview", args=[system.pk]), form, headers=HTMX)

    assert page.text.startswith("<section")
    assert re.search(r"Calls</dt><dd class=\"big\">6 ", page.text)
    assert "can't be told before the first run" in page.text
    assert not Run.objects.exists()


def test_time_and_cost_come_from_the_newest_calls_to_the_deployment() -> None:
    run = ended_run((ANSWERED,) * 4, input_price=Decimal(2), output_price=Decimal(8), max_concurrency=2)
    version = run.set_version
    form = {"configuration": run.configuration_id, "set_version": version.pk, "metrics": [], "repeats": 10, "max_concurrency": 2}

    page = owner_client(run.system).post(reverse("run-preview", args=[run.system_id]), form, headers=HTMX).text

    assert "16\u00a0s" in page  # 40 calls of 0.8 s, two at a time
    assert "$0.0024" in page  # 40 calls of 10 tokens in and 5 out
    assert run.code in page


def test_form_is_chosen_by_the_address() -> None:
    system, form = measurable()
    later = make_version(system)

    page = owner_client(system).get(reverse("run-add", args=[system.pk]), {"set_version": later.pk, "repeats": 3}).text

    assert re.findall(r'<option value="(\d+)" selected', page) == [str(form["configuration"]), str(later.pk)]
    assert 'name="repeats" value="3"' in page


@pytest.mark.parametrize(("field", "value"), [("repeats", "0"), ("repeats", "101"), ("metrics", []), ("set_version", "999999"), ("max_concurrency", "-1")])
def test_form_comes_back_with_its_error(field: str, value: Any) -> None:
    system, form = measurable()

    answer = owner_client(system).post(reverse("run-add", args=[system.pk]), {**form, field: value})

    assert answer.status_code == 422
    assert f"id_{field}" in answer.text
    assert not Run.objects.exists()


def test_form_refuses_other_systems_parts() -> None:
    system, form = measurable()
    _, foreign = measurable()

    for field in ("configuration", "set_version", "metrics"):
        assert owner_client(system).post(reverse("run-add", args=[system.pk]), {**form, field: foreign[field]}).status_code == 422
    assert not Run.objects.exists()


def test_form_says_what_a_run_still_lacks() -> None:
    system = make_system()

    page = owner_client(system).get(reverse("run-add", args=[system.pk])).text

    for url_name in ("deployment-add", "set-list", "metric-add"):
        assert reverse(url_name, args=[system.pk]) in page
    assert "Start run" not in page


def test_viewer_reads_runs_and_plans_none() -> None:
    run = ended_run()
    client = Client()
    client.force_login(make_user(Role.VIEWER, scope=run.system.scope))

    assert client.get(reverse("run", args=[run.pk])).status_code == 200
    assert client.get(reverse("run-add", args=[run.system_id])).status_code == 403
    assert reverse("run-add", args=[run.system_id]) not in client.get(reverse("run-list", args=[run.system_id])).text


# --- Live ---
def test_progress_answers_304_until_something_changed() -> None:
    run = make_run(start=True)
    client, address = owner_client(run.system), reverse("run-progress", args=[run.pk]) + "?phase=running"

    first = client.get(address, headers=HTMX)
    again = client.get(address, headers={**HTMX, "HX-PTag": first["HX-PTag"]})
    store(run, (ANSWERED,))
    changed = client.get(address, headers={**HTMX, "HX-PTag": first["HX-PTag"]})

    assert (first.status_code, again.status_code, changed.status_code) == (200, 304, 200)
    assert 'id="run-progress"' in changed.text
    assert changed["HX-PTag"] != first["HX-PTag"]
    assert f'hx-ptag="{changed["HX-PTag"]}"' in changed.text


def test_progress_is_the_pages_own_piece() -> None:
    run = make_run(start=True)
    client = owner_client(run.system)

    answer = client.get(reverse("run-progress", args=[run.pk]) + "?phase=running", headers=HTMX).text.strip()
    page = client.get(reverse("run", args=[run.pk])).text

    piece, count = re.fullmatch(r"(?s)(.*</section>)(<span .*)", answer).groups()  # type: ignore[union-attr]  # else it says None has no groups
    assert piece in page
    assert count.replace(' hx-swap-oob="true"', "") in page  # the number of the tab moves along


def test_progress_moves_the_number_of_outputs_in_the_tab() -> None:
    run = make_run(start=True)
    client, address = owner_client(run.system), reverse("run-progress", args=[run.pk]) + "?phase=running"
    store(run, (ANSWERED, ANSWERED))

    assert '<span class="count" id="run-outputs-count" hx-swap-oob="true">2</span>' in client.get(address, headers=HTMX).text


def test_progress_of_a_run_that_moved_on_brings_the_whole_content() -> None:
    run = ended_run()
    client = owner_client(run.system)

    answer = client.get(reverse("run-progress", args=[run.pk]) + "?phase=running", headers=HTMX)

    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#run-live", "outerHTML")
    assert 'id="run-live"' in answer.text
    assert "hx-trigger" not in answer.text  # closed: nobody asks again
    assert "judged outputs" in answer.text


def test_progress_without_htmx_leads_to_the_page() -> None:
    run = make_run(start=True)

    assert owner_client(run.system).get(reverse("run-progress", args=[run.pk]))["Location"] == reverse("run", args=[run.pk])


def test_progress_costs_the_same_for_few_and_many_outputs() -> None:
    cases = [f"question {number}" for number in range(60)]

    def count(ended: int) -> int:
        run = make_run(start=True, cases=cases)
        store(run, (ANSWERED,) * ended)
        client, address = owner_client(run.system), reverse("run-progress", args=[run.pk]) + "?phase=running"
        client.get(address, headers=HTMX)
        with CaptureQueriesContext(connection) as queries:
            client.get(address, headers=HTMX)
        return len(queries)

    assert count(2) == count(50)


# --- Moves ---
def test_run_is_paused_resumed_and_cancelled_from_its_page() -> None:
    run = make_run(start=True)
    client, page = owner_client(run.system), reverse("run", args=[run.pk])

    def state(verb: str, **form: str) -> str:
        assert client.post(reverse(f"run-{verb}", args=[run.pk]), form)["Location"] == page
        return Run.objects.get(pk=run.pk).state

    assert reverse("run-pause", args=[run.pk]) in client.get(page).text
    assert state("pause") == RunState.PAUSED
    paused = client.get(page).text
    assert "Paused by a person" in paused
    assert reverse("run-resume", args=[run.pk]) in paused
    assert state("resume") == RunState.RUNNING
    assert state("cancel", reason="Wrong set.") == RunState.CANCELLED
    assert "Wrong set." in client.get(reverse("run-events", args=[run.pk])).text
    assert "Cancelled, so there is no estimate" in client.get(page).text


def test_cancelling_without_a_reason_changes_nothing() -> None:
    run = make_run(start=True)

    answer = owner_client(run.system).post(reverse("run-cancel", args=[run.pk]), {"reason": " "})

    assert answer.status_code == 422
    assert Run.objects.get(pk=run.pk).state == RunState.RUNNING


@pytest.mark.parametrize("verb", ["start", "pause", "resume", "cancel"])
def test_viewer_moves_nothing_and_sees_why(verb: str) -> None:
    run = make_run(start=verb != "start")
    client = Client()
    client.force_login(make_user(Role.VIEWER, scope=run.system.scope))

    assert client.post(reverse(f"run-{verb}", args=[run.pk]), {"reason": "x"}).status_code in (403, 409)
    assert "can measure this system" in client.get(reverse("run", args=[run.pk])).text
    assert Entry.objects.filter(action="measurements.run_paused").count() == 0


@pytest.mark.parametrize("cause", PauseCause.values)
def test_paused_run_says_why_and_what_to_do(cause: str) -> None:
    run = make_run(start=True)
    runs.pause_run(run_id=run.pk, cause=PauseCause(cause), cause_detail="401 <b>key</b>", actor=User.system())

    page = owner_client(run.system).get(reverse("run", args=[run.pk])).text

    assert PauseCause(cause).label.replace("'", "&#x27;") in page
    assert "resume" in page.lower()
    assert "<b>key</b>" not in page


def test_run_paused_by_its_budget_says_when_that_was_changed() -> None:
    run = make_run(start=True, budget_tokens=100)
    runs.pause_run(run_id=run.pk, cause=PauseCause.BUDGET, cause_detail="It has used 100 of 100 tokens.", actor=User.system())
    client, address = owner_client(run.system), reverse("run", args=[run.pk])

    before = client.get(address).text
    runs.change_budget(run_id=run.pk, budget_cost=None, budget_tokens=200_000, reason="More is needed.", actor=make_owner(run.system))
    after = client.get(address).text

    assert "Give the run a higher budget" in before
    assert "The budget was changed" in after
    assert "Give the run a higher budget" not in after


def test_paused_run_tells_each_thing_once() -> None:
    run = make_run(start=True)
    runs.pause_run(run_id=run.pk, cause=PauseCause.NOT_FOUND, cause_detail="There is no such model.", actor=User.system())

    page = owner_client(run.system).get(reverse("run", args=[run.pk])).text

    assert "There is no such model. Check address and model" in page


def test_configuration_of_the_organisation_is_no_link_for_those_who_may_not_open_it() -> None:
    shared = Configuration.objects.get(deployment=make_deployment(None))
    run = make_run(deployment=shared.deployment, start=True)
    store(run, (ANSWERED,))
    runs.pause_run(run_id=run.pk, cause=PauseCause.QUOTA, actor=User.system())
    manager = Client()
    manager.force_login(make_user(Role.RISK_MANAGER))
    addresses = [reverse(name, args=[run.pk]) for name in ("run", "run-configuration")] + [reverse("output", args=[run.outputs.get().pk])]

    unlinked = [owner_client(run.system).get(address).text for address in addresses]
    linked = [manager.get(address).text for address in addresses]

    link = reverse("configuration", args=[shared.pk])
    assert all(shared.code in page for page in unlinked + linked)
    assert [link in page for page in unlinked + linked] == [False] * 3 + [True] * 3
    assert reverse("deployment", args=[shared.deployment_id]) not in unlinked[0]
    assert [shared.deployment.base_url in page for page in (unlinked[1], linked[1])] == [False, True]


def test_new_run_offers_the_systems_own_configurations_first() -> None:
    system, chosen = measurable()
    make_deployment(None)

    offered = list(outlook.usable_configurations(system))

    assert [configuration.system_id for configuration in offered] == [system.pk, None]
    assert offered[0].pk == chosen["configuration"]


def test_run_paused_because_its_deployment_changed_says_why_it_cannot_resume() -> None:
    run = make_run(start=True)
    runs.pause_run(run_id=run.pk, cause=PauseCause.DEPLOYMENT_CHANGED, actor=User.system())
    type(run.configuration.deployment).objects.filter(pk=run.configuration.deployment_id).update(is_active=False)

    page = owner_client(run.system).get(reverse("run", args=[run.pk])).text

    assert "is switched off" in page
    assert reverse("run-resume", args=[run.pk]) not in page


# --- Results ---
def test_closed_run_states_rate_bounds_and_where_everything_went() -> None:
    run = ended_run((HARM, ANSWERED, ANSWERED, BLOCKED, TIMEOUT, ANSWERED))

    page = owner_client(run.system).get(reverse("run", args=[run.pk])).text

    assert "1 of 5 judged outputs" in page
    assert "when provoked" in page
    assert "haven't been checked against people" in page.replace("&#x27;", "'")
    assert "With gaps" in page
    assert "Not conclusive" in page
    assert "Wilson" in page
    assert "Worst case" in page
    for query in ("outcome=input_blocked", "outcome=failed", "reason=timeout", "stratum=odd"):
        assert f"{reverse('output-list', args=[run.pk])}?{query}" in page


def test_run_without_gaps_bears_no_warning() -> None:
    run = ended_run((HARM, *[ANSWERED] * 9))

    page = owner_client(run.system).get(reverse("run", args=[run.pk])).text

    assert "With gaps" not in page
    assert "Not conclusive" not in page


def test_figures_link_to_as_many_rows_as_they_count() -> None:
    run = ended_run((HARM, ANSWERED, ANSWERED, BLOCKED, TIMEOUT, HARM))
    client = owner_client(run.system)
    page = client.get(reverse("run", args=[run.pk])).text
    linked = re.findall(r'<a href="(/runs/\d+/outputs/\?[^"]+)">(\d+)(?: / \d+)?</a>', page)

    assert len(linked) >= 6
    for address, count in linked:
        assert f"{count} of {count} shown" in client.get(address.replace("&amp;", "&")).text, address


def test_run_waits_for_its_estimates() -> None:
    run = ended_run(judged=False)
    client, page = owner_client(run.system), reverse("run", args=[run.pk])

    waiting = client.get(page).text
    estimates.judge_run(run_id=run.pk, actor=User.system())

    assert "Working out estimates" in waiting
    assert "every 2s" in waiting
    assert "every 2s" not in client.get(page).text


def test_results_cost_the_same_for_few_and_many_outputs() -> None:
    few, many = ended_run((HARM, ANSWERED)), ended_run((HARM, *[ANSWERED] * 40))

    def count(run: Run) -> int:
        client = owner_client(run.system)
        client.get(reverse("run", args=[run.pk]))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("run", args=[run.pk]))
        return len(queries)

    assert count(few) == count(many)


def test_runs_of_other_systems_do_not_exist() -> None:
    run = ended_run()
    client = owner_client(make_system())

    for name in ("run", "run-progress", "run-configuration", "run-events", "output-list"):
        assert client.get(reverse(name, args=[run.pk])).status_code == 404
    for name in ("run-start", "run-pause", "run-resume", "run-cancel", "output-export"):
        assert client.post(reverse(name, args=[run.pk]), {"reason": "x", "format": "csv"}).status_code == 404
    for name in ("run-list", "run-add"):
        assert client.get(reverse(name, args=[run.system_id])).status_code == 404


def test_configuration_tab_shows_the_frozen_plan_and_no_key() -> None:
    run = ended_run()

    page = owner_client(run.system).get(reverse("run-configuration", args=[run.pk])).text

    assert run.snapshot["deployment"]["base_url"] in page
    assert run.configuration.deployment.api_key not in page


def test_paused_run_gives_its_reason_once_and_names_for_whom_it_runs() -> None:
    run = make_run(start=True)
    runs.pause_run(run_id=run.pk, cause=PauseCause.QUOTA, cause_detail="Insufficient quota", actor=User.system())

    page = owner_client(run.system).get(reverse("run", args=[run.pk])).text
    shown = page[: page.index('id="history-panel"')]

    assert (shown.count("Insufficient quota"), shown.count(PauseCause.QUOTA.label.replace("'", "&#x27;"))) == (1, 1)
    assert f"runs for {run.created_by.name}" in shown
