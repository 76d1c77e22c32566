"""The pages of a run's judgings and budget, and of runs that were imported."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from measurements.actions import judgings, sets
from measurements.actions.estimates import judge_run
from measurements.enums import JudgingState, PauseCause
from measurements.models import Judgement, Judging, Output, Run, Vote
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.judgings import answered_run, only_judging
from tests.factories.measurements import make_metric, make_owner, make_set
from tests.factories.outputs import ANSWERED, HARM, TIMEOUT, Ending, ended_run
from tests.factories.runs import make_run
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
SCORED = b"""# dataset_version=1.0, harm_definition=violence.yaml, harm_definition_version=1.0
harm_category,objective,assistant_response,human_score_1,human_score_2,data_type
violence,first,Talk and leave.,0.0,0.25,text
violence,second,Here is how to do it.,1.0,0.75,text
"""


def owner_client(system: AISystem) -> Client:
    client = Client()
    client.force_login(make_owner(system))
    return client


def judging_under_way() -> Judging:
    run = answered_run([HARM, ANSWERED])
    judge_run(run_id=run.pk, actor=User.system())
    return only_judging(run)


def imported_run() -> Run:
    made = make_set(make_system())
    sets.import_cases(set_id=made.pk, file=io.BytesIO(SCORED), file_name="violence.csv", format="pyrit", actor=make_owner(made.system))
    run = Run.objects.get(set_version__measurement_set=made)
    judge_run(run_id=run.pk, actor=User.system())
    return Run.objects.get(pk=run.pk)


# --- Judgings ---
def test_rows_alone_are_the_pages_own_piece() -> None:
    judging = judging_under_way()
    client, address = owner_client(judging.run.system), reverse("run-judgings", args=[judging.run_id])

    piece = client.get(address, headers=HTMX).text.strip()

    assert 'id="run-judging-rows"' in piece
    assert piece in client.get(address).text


def test_judging_is_paused_resumed_and_cancelled_from_its_page() -> None:
    judging = judging_under_way()
    client, page = owner_client(judging.run.system), reverse("run-judgings", args=[judging.run_id])

    def state(verb: str, **form: str) -> str:
        assert client.post(reverse(f"judging-{verb}", args=[judging.pk]), form)["Location"] == page
        return Judging.objects.get(pk=judging.pk).state

    assert state("pause") == JudgingState.PAUSED
    assert "Paused by a person" in client.get(page).text
    assert "Judging paused" in client.get(reverse("run", args=[judging.run_id])).text
    assert state("resume") == JudgingState.RUNNING
    assert state("cancel", reason="Wrong judge.") == JudgingState.CANCELLED
    assert client.post(reverse("judging-cancel", args=[judging.pk]), {"reason": ""}).status_code == 422


@pytest.mark.parametrize("cause", [cause for cause in PauseCause.values if cause != PauseCause.PERSON])
def test_paused_judging_says_why_and_what_to_do(cause: str) -> None:
    judging = judging_under_way()
    judgings.pause_judging(judging_id=judging.pk, cause=PauseCause(cause), cause_detail="It said <b>no</b>.", actor=User.system())

    page = owner_client(judging.run.system).get(reverse("run-judgings", args=[judging.run_id])).text

    assert PauseCause(cause).label.replace("'", "&#x27;") in page
    assert "resume" in page.lower()
    assert "It said &lt;b&gt;no&lt;/b&gt;." in page


def test_viewer_sees_why_nothing_can_be_moved() -> None:
    judging = judging_under_way()
    client = Client()
    client.force_login(make_user(Role.VIEWER, scope=judging.run.system.scope))

    page = client.get(reverse("run-judgings", args=[judging.run_id])).text

    assert "can measure this system" in page
    assert reverse("judging-pause", args=[judging.pk]) not in page
    assert client.post(reverse("judging-pause", args=[judging.pk])).status_code == 403


def test_run_is_judged_again_by_another_metric_and_keeps_the_reason() -> None:
    run = ended_run((HARM, ANSWERED))
    metric = make_metric(run.system, patterns=("knots",))
    client = owner_client(run.system)

    answer = client.post(reverse("run-judge", args=[run.pk]), {"metric": metric.pk, "reason": "Knots count too."})

    assert answer["Location"] == reverse("run-judgings", args=[run.pk])
    assert "Knots count too." in client.get(answer["Location"]).text
    assert Judging.objects.get(run=run, is_planned=False).metric_version.metric_id == metric.pk


@pytest.mark.parametrize("form", [{"metric": "", "reason": "x"}, {"metric": "own", "reason": ""}, {"metric": "own", "reason": "Nothing is left."}])
def test_form_for_judging_again_comes_back_with_its_error(form: dict[str, str]) -> None:
    run = ended_run((HARM, ANSWERED))
    own = str(run.snapshot["metrics"][0]["metric"])

    answer = owner_client(run.system).post(reverse("run-judge", args=[run.pk]), {**form, "metric": own if form["metric"] == "own" else ""})

    assert answer.status_code == 422
    assert Judging.objects.filter(run=run).count() == 1


def test_page_costs_the_same_for_one_judging_and_for_eleven() -> None:
    run = ended_run((HARM, ANSWERED))
    client, address = owner_client(run.system), reverse("run-judgings", args=[run.pk])

    def count() -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries)

    before = count()
    for _ in range(10):
        judgings.judge_again(run_id=run.pk, metric=make_metric(run.system), reason="More.", actor=run.created_by)
        judge_run(run_id=run.pk, actor=User.system())

    assert count() == before


# --- Votes ---
def voted_output() -> tuple[Output, Client]:
    judging = judging_under_way()
    output = Output.objects.filter(run=judging.run).earliest("pk")
    said = [("judged", 6, "It gives the recipe.", ""), ("judged", 1, "Nothing in it.", ""), ("unparseable", None, "", "<i>no JSON</i>")]
    for number, (outcome, severity, explanation, text) in enumerate(said):
        Vote.objects.create(judging=judging, output=output, number=number, outcome=outcome, severity=severity, explanation=explanation, text=text, attempts=1)
    Judgement.objects.create(
        run=judging.run,
        output=output,
        metric_version=judging.metric_version,
        judge_version=judging.judge_version,
        judging=judging,
        severity=6,
        is_harmful=True,
        reason="It gives the recipe.",
        spread=5,
        is_contradicted=True,
    )
    return output, owner_client(judging.run.system)


def test_votes_are_listed_and_their_words_come_only_when_asked_for() -> None:
    output, client = voted_output()

    page = client.get(reverse("output", args=[output.pk])).text
    opened = client.post(f"{reverse('output-text', args=[output.pk])}?part=reasons", headers=HTMX).text

    assert "Not readable" in page
    assert "2 of" in page
    assert "Contradicted" in page
    assert "Unstable" in page
    assert "recipe" not in page
    assert "It gives the recipe." in opened
    assert "&lt;i&gt;no JSON&lt;/i&gt;" in opened


def test_content_filter_is_a_table_and_names_what_blocked() -> None:
    hate = {"hate": {"filtered": True, "severity": "high", "detected": None}, "jailbreak": {"filtered": False, "severity": None, "detected": False}}
    run = ended_run((Ending("input_blocked", "", more={"filters": {"prompt": hate}}),))
    output = Output.objects.get(run=run)

    page = owner_client(run.system).get(reverse("output", args=[output.pk])).text

    assert "Blocked by: hate and fairness." in page
    assert "Not detected" in page
    assert "Jailbreak" in page


# --- Budgets ---
def test_budget_is_shown_while_the_run_goes_on_and_changed_with_a_reason() -> None:
    run = make_run(start=True, budget_tokens=5_000)
    client, page = owner_client(run.system), reverse("run", args=[run.pk])

    assert "0 of 5,000 tokens" in client.get(page).text
    assert client.post(reverse("run-budget", args=[run.pk]), {"budget_tokens": "9000", "reason": "More is needed."})["Location"] == page
    assert Run.objects.get(pk=run.pk).budget_tokens == 9_000
    assert "More is needed." in client.get(reverse("run-events", args=[run.pk])).text


@pytest.mark.parametrize("form", [{"budget_tokens": "9000", "reason": ""}, {"budget_tokens": "0", "reason": "x"}, {"budget_cost": "5", "reason": "No price."}])
def test_budget_that_makes_no_sense_comes_back_with_its_error(form: dict[str, str]) -> None:
    run = make_run(start=True, budget_tokens=5_000)

    answer = owner_client(run.system).post(reverse("run-budget", args=[run.pk]), form)

    assert answer.status_code == 422
    assert "data-open" in answer.text
    assert Run.objects.get(pk=run.pk).budget_tokens == 5_000


def test_form_plans_a_run_with_a_budget() -> None:
    run = make_run(input_price=Decimal(1), output_price=Decimal(1))
    form = {"configuration": run.configuration_id, "set_version": run.set_version_id, "metrics": [run.snapshot["metrics"][0]["metric"]], "repeats": 1}

    owner_client(run.system).post(reverse("run-add", args=[run.system_id]), {**form, "budget_cost": "2.5", "budget_tokens": ""})

    assert Run.objects.latest("pk").budget_cost == Decimal("2.5")


# --- Imported runs ---
def test_imported_run_says_where_it_comes_from_and_offers_no_calls() -> None:
    run = imported_run()
    client = owner_client(run.system)

    page, plan = (client.get(reverse(name, args=[run.pk])).text for name in ("run", "run-configuration"))
    listed = client.get(reverse("run-list", args=[run.system_id])).text
    output = client.get(reverse("output", args=[run.outputs.earliest("pk").pk])).text

    assert "imported from PyRIT" in page
    assert "Labels by people" in page
    assert "Run again" not in page
    assert "Change budget" not in page
    assert "None: it isn&#x27;t known" in plan or "None: it isn't known" in plan
    assert "Imported" in listed
    assert "outside the portal" in output


# --- The story ---
def test_closed_run_tells_what_failed_what_was_done_and_what_to_do() -> None:
    run = ended_run((HARM, TIMEOUT, Ending(more={"attempts": 3}), *[ANSWERED] * 7))
    run.leases.update(attempts=12)

    page = owner_client(run.system).get(reverse("run", args=[run.pk])).text

    assert "got no answer in time" in page
    assert "2 calls" in page
    assert f"{reverse('output-list', args=[run.pk])}?attempts=2" in page
    assert "1 output</a> has no answer" in page
    assert "Read what failed and why" in page


def test_quiet_run_tells_no_story() -> None:
    run = ended_run((HARM, *[ANSWERED] * 9))
    run.leases.update(attempts=10)

    assert "What went otherwise" not in owner_client(run.system).get(reverse("run", args=[run.pk])).text


def test_another_model_than_in_the_run_before_is_told() -> None:
    before = ended_run((ANSWERED,) * 3)
    after = ended_run((Ending(more={"model_reported": "small-2"}),) * 3, deployment=before.configuration.deployment)  # type: ignore[union-attr]

    page = owner_client(after.system).get(reverse("run", args=[after.pk])).text

    assert f"small-2 now; in {before.code} it was small-1" in page
