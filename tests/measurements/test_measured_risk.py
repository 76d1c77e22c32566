"""What a run measured becomes the measured risk of a harm; how often only where its cases are like what users send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from harms import actions as harm_actions
from harms import selectors as harm_selectors
from harms.enums import RiskPointKind
from harms.models import Harm, RiskPoint
from measurements.actions.measured_risk import state_measured_risk
from measurements.models import Estimate, MeasurementSetVersion, Metric, Run
from raiportal.accounts.enums import Role
from raiportal.errors import Conflict, Invalid, PolicyDenied
from raiportal.look.timelines import Reference
from systems import actions as system_actions
from tests.factories.accounts import headers, make_user
from tests.factories.harms import make_harm
from tests.factories.measurements import make_set
from tests.factories.outputs import ended_run
from tests.factories.systems import make_deployment, make_system

pytestmark = pytest.mark.django_db

CASES = ("one", "two", "three")


def measured(sampling: str, *, levels: tuple[int, int] | None = (2, 2)) -> tuple[Harm, Run]:
    """A harm (assessed unless `levels` is None) and a run of three outputs, one of them harmful, by a metric of that harm."""
    system = make_system()
    harm = make_harm(system, assessed=levels) if levels else make_harm(system)
    made = make_set(system, cases=CASES, sampling=sampling)
    run = ended_run(version=MeasurementSetVersion.objects.get(measurement_set=made), deployment=make_deployment(system))
    Metric.objects.filter(system=system).update(harm=harm)
    return harm, run


def estimate(run: Run) -> Estimate:
    return Estimate.objects.get(run=run, stratum="")


def test_representative_rate_says_how_often() -> None:
    harm, run = measured("representative")

    point = state_measured_risk(estimate_id=estimate(run).pk, severity=4, frequency=5, rationale="One of three.", actor=harm.system.owner)

    harm.refresh_from_db()
    assert (point.kind, point.score, harm.measured_score) == (RiskPointKind.MEASURED, 20, 20)
    assert point.rationale.startswith("One of three.")
    assert f"in {run.code}" in point.rationale
    assert "1 of 3 outputs harmful, 333 per 1,000, 95 % interval " in point.rationale
    assert "provoked" not in point.rationale


def test_provoked_rate_gives_severity_and_leaves_the_frequency() -> None:
    harm, run = measured("targeted", levels=(2, 3))
    taken = estimate(run)

    with pytest.raises(Invalid, match="written to provoke"):
        state_measured_risk(estimate_id=taken.pk, severity=4, frequency=5, rationale="Seen.", actor=harm.system.owner)
    point = state_measured_risk(estimate_id=taken.pk, severity=4, rationale="Seen.", actor=harm.system.owner)

    assert (point.severity, point.frequency) == (4, 3)
    assert point.rationale.endswith("when provoked.")


def test_provoked_rate_says_nothing_where_nobody_stated_a_frequency() -> None:
    harm, run = measured("targeted", levels=None)

    with pytest.raises(Conflict, match="Assess the harm first"):
        state_measured_risk(estimate_id=estimate(run).pk, severity=4, rationale="Seen.", actor=harm.system.owner)
    assert not RiskPoint.objects.exists()


def test_frequency_of_a_use_is_that_of_the_use() -> None:
    harm, run = measured("targeted", levels=(2, 2))
    use = system_actions.add_intended_use(system=harm.system, title="Answering guests", actor=harm.system.owner)
    harm_actions.assess_harm(harm_id=harm.pk, severity=1, frequency=5, rationale="In the lobby.", intended_use=use, actor=harm.system.owner)

    point = state_measured_risk(estimate_id=estimate(run).pk, severity=3, intended_use=use, rationale="Seen.", actor=harm.system.owner)

    assert (point.intended_use, point.severity, point.frequency) == (use, 3, 5)


def test_what_is_not_over_not_judged_or_of_a_stratum_is_refused() -> None:
    harm, run = measured("representative")
    owner = harm.system.owner
    said = {"severity": 4, "frequency": 5, "rationale": "Seen.", "actor": owner}
    for stratum in Estimate.objects.filter(run=run).exclude(stratum=""):
        with pytest.raises(Conflict, match="later judging"):
            state_measured_risk(estimate_id=stratum.pk, **said)
    with pytest.raises(Invalid) as refusal:
        state_measured_risk(estimate_id=estimate(run).pk, **{**said, "frequency": None})
    assert refusal.value.field == "frequency"
    with pytest.raises(Invalid) as refusal:
        state_measured_risk(estimate_id=estimate(run).pk, **{**said, "rationale": " "})
    assert refusal.value.field == "rationale"
    with pytest.raises(PolicyDenied):
        state_measured_risk(estimate_id=estimate(run).pk, **{**said, "actor": make_user(Role.VIEWER, scope=harm.system.scope)})
    Run.objects.filter(pk=run.pk).update(state="cancelled")
    with pytest.raises(Conflict, match="completed"):
        state_measured_risk(estimate_id=estimate(run).pk, **said)


def test_metric_without_a_harm_has_nothing_to_state() -> None:
    system = make_system()
    version = MeasurementSetVersion.objects.get(measurement_set=make_set(system, cases=CASES))
    run = ended_run(version=version, deployment=make_deployment(system))

    with pytest.raises(Conflict, match="names no harm"):
        state_measured_risk(estimate_id=estimate(run).pk, severity=4, rationale="Seen.", actor=system.owner)


def test_page_shows_the_rate_and_asks_for_what_it_can_say() -> None:
    harm, run = measured("representative")
    client = Client()
    client.force_login(harm.system.owner)
    address = reverse("measured-risk", args=[estimate(run).pk])

    assert address in client.get(reverse("harm", args=[harm.pk])).text
    page = client.get(address)
    assert "1 of 3 outputs harmful" in page.text
    assert "frequency" in page.context["form"].fields
    refused = client.post(address, {"severity": 3, "rationale": "Seen."})
    assert refused.status_code == 422
    sent = client.post(address, {"severity": 3, "frequency": 4, "rationale": "Seen."}, follow=True)
    assert sent.redirect_chain == [(reverse("harm", args=[harm.pk]), 302)]
    assert "measured risk of 12" in sent.text


def test_page_of_a_provoked_rate_says_what_stays() -> None:
    harm, run = measured("targeted", levels=(2, 3))
    client = Client()
    client.force_login(harm.system.owner)

    page = client.get(reverse("measured-risk", args=[estimate(run).pk]))

    assert "frequency" not in page.context["form"].fields
    assert "frequency stays 3, from the inherent risk" in page.text


def test_program_states_it_by_run_and_metric() -> None:
    harm, run = measured("representative")
    metric = estimate(run).metric_version.metric_id
    client = Client(headers=headers(harm.system.owner))
    address = reverse("api-run-measured-risk", args=[run.pk])

    body = {"metric": metric, "severity": 2, "frequency": 5, "rationale": "Seen."}
    refused = client.post(address, json.dumps({**body, "metric": metric + 1}), content_type="application/json")
    made = client.post(address, json.dumps(body), content_type="application/json")

    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["metric"])
    assert made.status_code == 201
    assert (made.json()["harm"], made.json()["score"]) == (harm.pk, 10)


def test_the_statement_leads_to_its_run() -> None:
    harm, run = measured("representative")
    owner = harm.system.owner
    assert owner is not None
    state_measured_risk(estimate_id=estimate(run).pk, severity=4, frequency=5, rationale="One of three.", actor=owner)
    browser = Client()
    browser.force_login(owner)
    link = f'<a href="{reverse("run", args=[run.pk])}">Run {run.code}</a>'

    page = browser.get(reverse("harm", args=[harm.pk])).content.decode()
    line = browser.get(reverse("harm-line", args=[harm.pk])).content.decode()
    stated, assessed = Client().get(f"/api/v1/harms/{harm.pk}/risk-points/", headers=headers(owner)).json()

    assert page.count(link) == 2  # beside the score, and on the line below
    assert link in line
    assert stated["worked_out_from"] == {"kind": "measurements.run", "id": run.pk, "name": f"Run {run.code}", "page": reverse("run", args=[run.pk])}
    assert assessed["worked_out_from"] is None


def test_nobody_is_led_to_a_run_that_they_may_not_see() -> None:
    harm, run = measured("representative")
    state_measured_risk(estimate_id=estimate(run).pk, severity=4, frequency=5, rationale="One of three.", actor=harm.system.owner)
    points = list(RiskPoint.objects.filter(harm=harm))

    assert list(harm_selectors.sources_of(points, make_user(Role.AUDITOR)).values()) == [Reference(f"Run {run.code}", reverse("run", args=[run.pk]))]
    assert harm_selectors.sources_of(points, make_user()) == {}


def test_a_harm_that_is_merged_leaves_the_run_to_the_other() -> None:
    harm, run = measured("representative")
    other = make_harm(harm.system, assessed=(1, 1))
    state_measured_risk(estimate_id=estimate(run).pk, severity=4, frequency=5, rationale="One of three.", actor=harm.system.owner)

    harm_actions.merge_harms(harm_id=harm.pk, into_id=other.pk, reason="One harm.", actor=harm.system.owner)

    taken = RiskPoint.objects.get(harm=other, kind=RiskPointKind.MEASURED)
    assert (taken.source_kind, taken.source_id) == ("measurements.run", run.pk)


def test_sources_of_many_statements_take_one_query(django_assert_num_queries: Any) -> None:
    harm, run = measured("representative")
    owner = harm.system.owner
    for severity in (1, 2, 3):
        state_measured_risk(estimate_id=estimate(run).pk, severity=severity, frequency=5, rationale="One of three.", actor=owner)
    points, auditor = list(RiskPoint.objects.filter(harm=harm)), make_user(Role.AUDITOR)
    assert len(harm_selectors.sources_of(points, auditor)) == 3  # which also reads the roles, once

    with django_assert_num_queries(1):
        harm_selectors.sources_of(points, auditor)
