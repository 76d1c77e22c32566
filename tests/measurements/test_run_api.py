"""Runs and outputs over the API, in the shape that other programs are written to."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from measurements.actions import runs
from measurements.api.runs import NO_REASON
from measurements.enums import RunState
from measurements.models import Run
from raiportal.accounts.enums import Ability, Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from systems.models import AISystem, Configuration
from tests.factories.accounts import headers, make_user
from tests.factories.measurements import make_metric, make_owner, make_set, make_version
from tests.factories.outputs import ANSWERED, BLOCKED, HARM, HARMFUL, TIMEOUT, ended_run
from tests.factories.runs import make_run
from tests.factories.systems import make_deployment, make_system

pytestmark = pytest.mark.django_db

RUNS = "/api/v1/runs/"
ESTIMATE_FIELDS = {
    *("metric", "stratum", "numerator", "denominator", "rate", "low", "high", "method", "unjudged", "excluded", "among_answered"),
    *("worst_high", "severity_counts", "judge_version", "checked_against_people"),
}


def client_of(user: User, **token: Any) -> Client:
    return Client(headers=headers(user, **token))


def owner_client(system: AISystem) -> Client:
    return client_of(make_owner(system))


def measurable() -> tuple[AISystem, dict[str, Any]]:
    system = make_system()
    configuration = Configuration.objects.get(deployment=make_deployment(system))
    return system, {"configuration": configuration.pk, "measurement_set_version": make_version(system).pk, "metrics": [make_metric(system).pk], "repeats": 2}


def post(client: Client, address: str, body: dict[str, Any] | None = None, **extra: Any) -> Any:
    return client.post(address, body or {}, content_type="application/json", **extra)


def test_run_is_planned_and_started_in_one_call() -> None:
    system, body = measurable()

    answer = post(owner_client(system), RUNS, {**body, "max_concurrency": 3, "start": True})

    assert answer.status_code == 201
    made = answer.json()
    assert made["state"] == "running"
    assert made["counts"] == {"planned": 6, "answered": 0, "input_blocked": 0, "output_blocked": 0, "refused": 0, "failed": 0, "pending": 6}
    assert (made["max_concurrency"], made["cause"], made["estimates"], made["finished_at"]) == (3, None, [], None)


def test_run_without_start_is_only_planned() -> None:
    system, body = measurable()

    assert post(owner_client(system), RUNS, body).json()["state"] == "planned"


def test_closed_run_has_exactly_the_fixed_shape() -> None:
    run = ended_run((HARM, ANSWERED, ANSWERED, BLOCKED, TIMEOUT))

    found = owner_client(run.system).get(f"{RUNS}{run.pk}/").json()

    assert {"id", "state", "cause", "counts", "estimates", "cost", "started_at", "finished_at"} <= set(found)
    assert list(found["counts"]) == ["planned", "answered", "input_blocked", "output_blocked", "refused", "failed", "pending"]
    whole = next(estimate for estimate in found["estimates"] if estimate["stratum"] == "")
    assert set(whole) >= ESTIMATE_FIELDS
    assert (whole["numerator"], whole["denominator"], whole["rate"]) == (1, 4, 0.25)
    assert whole["excluded"] == {"timeout": 1}
    assert whole["low"] < 0.25 < whole["high"] < whole["worst_high"]
    assert whole["checked_against_people"] is False
    assert {estimate["stratum"] for estimate in found["estimates"]} == {"", "even", "odd"}


def test_run_is_moved_by_verbs_with_and_without_the_final_slash() -> None:
    run = make_run()
    client = owner_client(run.system)

    states = [
        post(client, f"{RUNS}{run.pk}/{verb}", body).json()["state"]
        for verb, body in (("start/", {}), ("pause", {}), ("resume/", {}), ("pause/", {"reason": "lunch"}), ("cancel", {"reason": "done"}))
    ]

    assert states == ["running", "paused", "running", "paused", "cancelled"]


def test_program_cancels_without_a_reason_and_the_ledger_says_so() -> None:
    run = make_run()

    answered = post(owner_client(run.system), f"{RUNS}{run.pk}/cancel/")

    assert (answered.status_code, answered.json()["state"]) == (200, "cancelled")
    assert Entry.objects.get(action="measurements.run_cancelled").payload.body["reason"] == NO_REASON


def test_wrong_state_and_unknown_field_are_told_apart() -> None:
    run = make_run()
    client = owner_client(run.system)

    assert post(client, f"{RUNS}{run.pk}/pause/").status_code == 409
    assert post(client, f"{RUNS}{run.pk}/start/", {"reason": "x"}).status_code == 400


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"repeats": 0}, "repeats"),
        ({"repeats": 101}, "repeats"),
        ({"metrics": []}, "metrics"),
        ({"metrics": [999_999]}, "metrics"),
        ({"configuration": 999_999}, "configuration"),
        ({"configuration": 2**70}, "configuration"),
        ({"measurement_set_version": 999_999}, "measurement_set_version"),
        ({"max_concurrency": 0}, "max_concurrency"),
        ({"start": "perhaps"}, "start"),
    ],
)
def test_refused_input_names_its_field_and_leaves_nothing(change: dict[str, Any], field: str) -> None:
    system, body = measurable()

    answer = post(owner_client(system), RUNS, {**body, **change})

    assert answer.status_code == 422
    assert field in answer.json()["errors"]
    assert not Run.objects.exists()


def test_unknown_field_is_refused() -> None:
    system, body = measurable()

    assert post(owner_client(system), RUNS, {**body, "budget": 5}).status_code == 400


@pytest.mark.parametrize("field", ["configuration", "measurement_set_version", "metrics"])
def test_foreign_ids_look_like_unknown_ones(field: str) -> None:
    system, body = measurable()
    _, foreign = measurable()
    client = owner_client(system)

    taken = post(client, RUNS, {**body, field: foreign[field]})
    unknown = post(client, RUNS, {**body, field: [999_999] if field == "metrics" else 999_999})

    assert (taken.status_code, taken.json()) == (unknown.status_code, unknown.json())
    assert not Run.objects.exists()


def test_run_that_cannot_start_leaves_no_plan() -> None:
    system, body = measurable()
    deployment = Configuration.objects.get(pk=body["configuration"]).deployment
    type(deployment).objects.filter(pk=deployment.pk).update(is_active=False)

    assert post(owner_client(system), RUNS, {**body, "start": True}).status_code in (409, 422)
    assert not Run.objects.exists()


def test_set_without_cases_has_no_version_to_measure() -> None:
    system, body = measurable()
    make_set(system)

    assert post(owner_client(system), RUNS, {**body, "measurement_set_version": None}).status_code == 422


def test_same_key_makes_one_run() -> None:
    system, body = measurable()
    client = owner_client(system)

    answers = [post(client, RUNS, {**body, "start": True}, headers={"Idempotency-Key": "nightly-1"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Run.objects.count() == 1


def test_runs_are_not_changed_by_patch_put_or_delete() -> None:
    run = make_run()
    client = owner_client(run.system)

    for method in ("patch", "put", "delete"):
        assert getattr(client, method)(f"{RUNS}{run.pk}/", {"repeats": 3}, content_type="application/json").status_code == 405
    assert Run.objects.get(pk=run.pk).repeats == 1


def test_readers_read_and_do_not_move() -> None:
    run = make_run(start=True)
    viewer = make_user(Role.VIEWER, scope=run.system.scope)

    assert client_of(viewer).get(f"{RUNS}{run.pk}/").status_code == 200
    assert post(client_of(viewer), f"{RUNS}{run.pk}/pause/").status_code == 403
    assert post(client_of(make_owner(run.system), ability=Ability.READ), f"{RUNS}{run.pk}/pause/").status_code == 403
    assert Run.objects.get(pk=run.pk).state == RunState.RUNNING


def test_other_systems_runs_and_outputs_do_not_exist() -> None:
    run = ended_run()
    client = owner_client(make_system())
    output = run.outputs.order_by("pk")[0]

    assert client.get(f"{RUNS}{run.pk}/").status_code == 404
    assert client.get(f"/api/v1/outputs/{output.pk}/").status_code == 404
    assert client.get(RUNS).json()["results"] == []
    assert client.get("/api/v1/outputs/", {"run": run.pk}).json()["results"] == []
    assert post(client, f"{RUNS}{run.pk}/cancel/", {"reason": "x"}).status_code == 404


def test_list_filters_and_refuses_what_it_does_not_know() -> None:
    run = ended_run()
    client = owner_client(run.system)

    assert [found["id"] for found in client.get(RUNS, {"state": "completed", "system": run.system_id}).json()["results"]] == [run.pk]
    assert client.get(RUNS, {"state": "paused"}).json()["results"] == []
    assert client.get(RUNS, {"colour": "red"}).status_code == 400
    assert client.get(RUNS, {"state": "bogus"}).status_code == 422


def test_list_costs_the_same_for_one_run_and_for_ten() -> None:
    run = ended_run()
    client = owner_client(run.system)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(RUNS)
        return len(queries)

    client.get(RUNS)
    before = count()
    for _ in range(9):
        versions = [row.metric_version for row in run.run_metrics.all()]
        runs.plan_run(configuration=run.configuration, set_version=run.set_version, metric_versions=versions, actor=run.created_by)

    assert count() == before


# --- Outputs ---
def test_outputs_of_a_run_come_in_pages_with_their_judgements() -> None:
    run = ended_run((HARM, ANSWERED, TIMEOUT))
    client = owner_client(run.system)

    first = client.get("/api/v1/outputs/", {"run": run.pk, "page_size": 2}).json()
    rest = client.get(first["next"]).json()

    assert [row["outcome"] for row in first["results"] + rest["results"]] == ["answered", "answered", "failed"]
    assert first["results"][0]["text"] == HARMFUL
    assert first["results"][0]["judgements"][0]["is_harmful"] is True
    assert first["results"][0]["case"]["external_id"] == "Q-0"
    assert "body" not in first["results"][0]
    assert rest["next"] is None


def test_outputs_are_filtered_as_on_the_page() -> None:
    run = ended_run((HARM, ANSWERED, TIMEOUT, HARM))
    client, metric = owner_client(run.system), run.snapshot["metrics"][0]["metric"]

    def cases(**asked: Any) -> list[str]:
        return [row["case"]["external_id"] for row in client.get("/api/v1/outputs/", {"run": run.pk, **asked}).json()["results"]]

    assert cases(metric=metric, judged="harmful") == ["Q-0", "Q-3"]
    assert cases(outcome="failed") == ["Q-2"]
    assert cases(severity=4, stratum="odd") == ["Q-3"]
    assert cases(case="Q-1") == ["Q-1"]


def test_outputs_need_a_run() -> None:
    assert owner_client(make_system()).get("/api/v1/outputs/").status_code == 422


def test_reading_answers_is_recorded_once_a_page_and_for_each_whole_one() -> None:
    run = ended_run((HARM, ANSWERED))
    client = owner_client(run.system)

    client.get("/api/v1/outputs/", {"run": run.pk})
    whole = client.get(f"/api/v1/outputs/{run.outputs.order_by('pk')[0].pk}/").json()

    assert whole["prompt"] == [{"role": "user", "content": "question 0"}]
    assert HARMFUL in whole["body"]
    assert Entry.objects.filter(action="measurements.outputs_read").count() == 1
    assert Entry.objects.filter(action="measurements.output_read").count() == 1


def test_outputs_cost_the_same_for_two_and_for_twenty() -> None:
    few, many = ended_run((HARM, ANSWERED)), ended_run((HARM, ANSWERED) * 10)

    def count(run: Run) -> int:
        client = owner_client(run.system)
        client.get("/api/v1/outputs/", {"run": run.pk})
        with CaptureQueriesContext(connection) as queries:
            client.get("/api/v1/outputs/", {"run": run.pk})
        return len(queries)

    assert count(few) == count(many)


def test_outputs_are_found_by_several_outcomes_and_ordered_by_severity() -> None:
    run = ended_run((ANSWERED, HARM, TIMEOUT, BLOCKED))
    client = owner_client(run.system)

    def found(**asked: Any) -> list[int]:
        return [row["case"]["number"] for row in client.get("/api/v1/outputs/", {"run": run.pk, **asked}).json()["results"]]

    assert found(outcome=["failed", "input_blocked"]) == [3, 4]
    assert found(sort="-severity") == [2, 4, 3, 1]
    assert found(attempts=2, filter_verdict="blocked", doubt="any", model="none") == []
    assert client.get("/api/v1/outputs/", {"run": run.pk, "filter_verdict": "bogus"}).status_code == 422
    page = client.get("/api/v1/outputs/", {"run": run.pk, "sort": "-severity", "page_size": 3}).json()
    assert [row["case"]["number"] for row in client.get(page["next"]).json()["results"]] == [1]


def test_budget_is_changed_over_the_api() -> None:
    run = make_run(start=True, budget_tokens=5_000)
    client = owner_client(run.system)

    changed = post(client, f"{RUNS}{run.pk}/budget/", {"budget_tokens": 9_000, "reason": "More is needed."})

    assert (changed.status_code, changed.json()["budget_tokens"]) == (200, 9_000)
    assert post(client, f"{RUNS}{run.pk}/budget/", {"budget_tokens": 9_000}).status_code == 422


def test_run_says_for_whom_it_runs() -> None:
    system, body = measurable()
    owner, heir = make_owner(system), make_owner(system)

    planned = post(client_of(owner), RUNS, body).json()
    started = post(client_of(owner), f"{RUNS}{planned['id']}/start/").json()
    post(client_of(owner), f"{RUNS}{planned['id']}/pause/")
    resumed = post(client_of(heir), f"{RUNS}{planned['id']}/resume/").json()

    assert (planned["responsible"], started["responsible"], resumed["responsible"]) == (None, owner.pk, heir.pk)
