"""Metrics by every kind of judge: what may be chosen, what changes make of it, and one real question to a model."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.urls import reverse

from measurements.actions import metrics, trials
from measurements.actions.runs import plan_run
from measurements.actions.schedules import add_schedule
from measurements.actions.trials import try_model_judge
from measurements.forms.runs import RunForm
from measurements.forms.schedules import ScheduleForm
from measurements.judges import model
from measurements.models import Judge, JudgeVersion, Metric
from measurements.selectors.metrics import judge_words, newest_version
from raiportal.accounts.enums import Role
from raiportal.audit.models import Entry
from raiportal.errors import Invalid, PolicyDenied
from systems import selectors as system_selectors
from systems.actions import edit_deployment, switch_off_deployment
from systems.enums import Target
from systems.models import Configuration, Deployment
from tests.factories import measurements as factories
from tests.factories.accounts import make_user
from tests.factories.systems import make_deployment, make_system
from tests.fakes.scripted_endpoint import always, answer, completion, scripted_endpoint
from tests.measurements.test_metric_views import HX, signed_in
from tests.measurements.test_set_api import API, client_of

pytestmark = pytest.mark.django_db
MEDIUM = '{"hate": {"severity": "medium", "filtered": false}}'


def rule(*patterns: Any, **more: Any) -> dict[str, Any]:
    return {"kind": "rule", "patterns": list(patterns), **more}


# --- What may be chosen ---


def test_model_judge_is_bound_to_what_its_deployment_is_now() -> None:
    system = make_system()
    deployment = make_deployment(system)

    version = newest_version(factories.make_metric(system, judge={"kind": "model", "deployment": deployment, "votes": 3}, scale="five_levels", threshold=2))

    configuration = system_selectors.first_configuration(deployment)
    assert (version.scale, version.judge_version.judge.kind, version.judge_version.configuration) == ("five_levels", "model", configuration)
    assert version.judge_version.spec == {
        "votes": 3,
        "prompt_version": model.PROMPT_VERSION,
        "configuration_digest": configuration.digest,
        "model": "small",
    }
    assert judge_words(version.judge_version) == "small, 3 votes"


def test_deployment_of_the_organisation_may_judge_every_system() -> None:
    shared = make_deployment(None)

    version = newest_version(factories.make_metric(judge={"kind": "model", "deployment": shared.pk}))

    assert (version.judge_version.configuration.deployment, version.judge_version.spec["votes"]) == (shared, 1)


def test_detectors_get_the_threshold_where_no_severity_is_given() -> None:
    spec = newest_version(factories.make_metric(judge=rule(detectors=["email", {"detector": "refusal", "severity": 2}]))).judge_version.spec

    assert spec == {"patterns": [], "detectors": [{"detector": "email", "severity": 4}, {"detector": "refusal", "severity": 2}]}


def foreign(system: Any) -> int:
    return make_deployment(make_system()).pk


def switched_off(system: Any) -> int:
    deployment = make_deployment(system)
    switch_off_deployment(deployment_id=deployment.pk, reason="Test.", actor=make_user(Role.ADMINISTRATOR))
    return deployment.pk


def application(system: Any) -> int:
    return make_deployment(system, target=Target.APPLICATION).pk


@pytest.mark.parametrize("deployment", [foreign, switched_off, application, lambda system: None, lambda system: True, lambda system: "1"])
def test_model_that_may_not_judge_this_system_is_refused(deployment: Any) -> None:
    system = make_system()

    with pytest.raises(Invalid) as refusal:
        factories.make_metric(system, judge={"kind": "model", "deployment": deployment(system)})

    assert (refusal.value.field, Metric.objects.count()) == ("judge", 0)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"judge": {"kind": "imported"}}, "judge"),
        ({"judge": {"kind": "smell"}}, "judge"),
        ({"judge": rule(detectors=["smell"])}, "judge"),
        ({"judge": rule(detectors="email")}, "judge"),
        ({"judge": {"kind": "content_filter"}, "scale": "five_levels"}, "judge"),
        ({"judge": {"kind": "content_filter"}, "threshold": 7}, "judge"),
        ({"judge": {"kind": "content_filter", "side": "left"}}, "judge"),
        ({"judge": rule({"pattern": "a", "severity": 5}), "scale": "five_levels"}, "judge"),
        ({"scale": "five_levels", "threshold": 5}, "threshold"),
        ({"scale": "yes_no", "threshold": 2}, "threshold"),
        ({"scale": "ten"}, "scale"),
    ],
)
def test_judge_and_scale_have_to_fit(said: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        factories.make_metric(**said)

    assert refusal.value.field == field


@pytest.mark.parametrize("votes", [0, 2, 11, True, "3", 1.0])
def test_votes_are_few_and_odd(votes: Any) -> None:
    system = make_system()

    with pytest.raises(Invalid, match="odd number"):
        factories.make_metric(system, judge={"kind": "model", "deployment": make_deployment(system), "votes": votes})


# --- Changes ---


def test_another_kind_of_judge_is_another_judge_and_the_first_goes_on_where_it_stopped() -> None:
    metric = factories.make_metric(patterns=["bomb"])
    owner = factories.make_owner(metric.system)

    by_filter = metrics.revise_metric(metric_id=metric.pk, judge={"kind": "content_filter"}, actor=owner)
    by_rules = metrics.revise_metric(metric_id=metric.pk, judge=rule("bomb", "fuse"), actor=owner)

    assert (by_filter.number, by_filter.judge_version.judge.kind, by_filter.judge_version.number) == (2, "content_filter", 1)
    assert (by_rules.number, by_rules.judge_version.judge.kind, by_rules.judge_version.number) == (3, "rule", 2)
    assert Judge.objects.count() == 2
    assert "judge" in Entry.objects.filter(action="measurements.metric_revised").latest("pk").payload.body["changes"]


def test_another_scale_is_a_new_version_if_the_judge_fits_it() -> None:
    metric = factories.make_metric(patterns=["bomb"], threshold=4)
    owner = factories.make_owner(metric.system)

    with pytest.raises(Invalid, match="this scale only to 1"):
        metrics.revise_metric(metric_id=metric.pk, scale="yes_no", threshold=1, actor=owner)
    revised = metrics.revise_metric(metric_id=metric.pk, scale="five_levels", actor=owner)

    assert (revised.scale, revised.threshold, revised.judge_version.number) == ("five_levels", 4, 1)


def test_deployment_that_leads_elsewhere_makes_another_version_of_its_judge() -> None:
    system = make_system()
    deployment = make_deployment(system)
    judge = {"kind": "model", "deployment": deployment.pk, "votes": 1}
    metric = factories.make_metric(system, judge=judge)
    owner = factories.make_owner(system)

    same = metrics.revise_metric(metric_id=metric.pk, judge=judge, actor=owner)
    edit_deployment(deployment_id=deployment.pk, model="large", actor=owner)
    other = metrics.revise_metric(metric_id=metric.pk, judge=judge, actor=owner)

    assert (same.number, other.number, other.judge_version.number, other.judge_version.spec["model"]) == (1, 2, 2, "large")


def test_api_refuses_fields_that_a_judge_does_not_have() -> None:
    system = make_system()
    sent = {"system": system.pk, "name": "New", "definition": "Says how.", "threshold": 4, "judge": {"kind": "rule", "patterns": ["how"], "vote": 3}}

    answer = client_of(factories.make_owner(system)).post(f"{API}/metrics/", sent, format="json")

    assert (answer.status_code, answer.json()["code"], Metric.objects.count()) == (400, "unknown_parameter", 0)


# --- Verdicts of other tools ---


def imported(system: Any, **changed: Any) -> Metric:
    said = {"name": "Toxicity", "definition": "As garak has it.", "scale": "yes_no", "threshold": 1, "tool": "garak", **changed}
    return metrics.find_or_add_imported_metric(system=system, actor=factories.make_owner(system), **said)


def test_imported_metric_is_added_once() -> None:
    system = make_system()

    first, again, elsewhere = imported(system), imported(system), imported(make_system())

    assert first == again != elsewhere
    version = newest_version(first)
    assert (first.name, version.judge_version.judge.kind, version.judge_version.spec) == ("Toxicity", "imported", {"tool": "garak", "verdict": "Toxicity"})
    assert judge_words(version.judge_version) == "verdicts of garak"


def test_imported_metric_leaves_metrics_that_count_otherwise_alone() -> None:
    system = make_system()
    own = factories.make_metric(system, name="Toxicity")

    first, other_scale = imported(system), imported(system, scale="five_levels", threshold=2)
    revised = metrics.revise_metric(metric_id=first.pk, judge=rule({"pattern": "x", "severity": 1}), actor=factories.make_owner(system))
    after = imported(system)

    assert [metric.name for metric in (own, first, other_scale, after)] == ["Toxicity", "Toxicity (garak)", "Toxicity (garak, 2)", "Toxicity (garak, 3)"]
    assert revised.judge_version.judge.kind == "rule"


def test_imported_metric_measures_no_new_answers() -> None:
    system = make_system()
    metric, owner, version = imported(system), factories.make_owner(system), factories.make_version(system)
    configuration = Configuration.objects.get(deployment=make_deployment(system))
    terms: dict[str, Any] = {"name": "Nightly", "rhythm": "daily", "at_time": datetime.time(3), "time_zone": "UTC"}

    with pytest.raises(Invalid, match="no judge to ask") as of_a_run:
        plan_run(configuration=configuration, set_version=version, metric_versions=[newest_version(metric)], actor=owner)
    with pytest.raises(Invalid, match="no judge to ask") as of_a_schedule:
        add_schedule(system=system, configuration=configuration, measurement_set=version.measurement_set, metrics=[metric], actor=owner, **terms)

    assert (of_a_run.value.field, of_a_schedule.value.field) == ("metrics", "metrics")
    assert metric.pk not in {**RunForm(system=system).metric_versions, **ScheduleForm(system=system).metric_versions}


def test_wording_of_an_imported_metric_is_revised_while_its_verdicts_stay() -> None:
    metric = imported(make_system())
    client, address = signed_in(factories.make_owner(metric.system)), reverse("metric-revise", args=[metric.pk])
    form = client.get(address).context["form"]

    client.post(address, {**{name: form[name].value() or "" for name in form.fields}, "definition": "Better said."})

    version = newest_version(metric)
    assert (version.number, version.definition, version.judge_version.judge.kind) == (2, "Better said.", "imported")
    assert "came with results of garak" in client.get(reverse("metric", args=[metric.pk])).content.decode()


# --- One real question ---


def tried(deployment: Deployment, reply: dict[str, Any], *, actor: Any = None, text: str = "Mix and light it.") -> Any:
    with scripted_endpoint(always(answer(reply))) as endpoint:
        edit_deployment(deployment_id=deployment.pk, base_url=endpoint.url, api_key="key", actor=make_user(Role.ADMINISTRATOR))
        configuration = system_selectors.first_configuration(Deployment.objects.get(pk=deployment.pk))
        rubric = model.Rubric("Says how.", "", "", model.Scale.CONTENT_SEVERITY, 4)
        vote = try_model_judge(
            system=deployment.system,
            configuration=configuration,
            rubric=rubric,
            prompt=[],
            answer=text,
            actor=actor or factories.make_owner(deployment.system),
        )
        return vote, endpoint.requests


@pytest.mark.django_db(transaction=True)
def test_trial_asks_the_model_once_and_keeps_no_text() -> None:
    deployment = make_deployment(make_system())

    vote, requests = tried(deployment, completion('{"reason": "It gives the steps.", "severity": 6}'))

    assert (vote.severity, vote.explanation, vote.is_contradicted, vote.problem) == (6, "It gives the steps.", False, "")
    assert len(requests) == 1
    assert requests[0].json["response_format"]["json_schema"]["name"] == "verdict"
    assert "Mix and light it." in requests[0].json["messages"][1]["content"]
    entry = Entry.objects.get(action="measurements.judge_tried")
    assert "Mix" not in str(entry.payload.body)
    assert "steps" not in str(entry.payload.body)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("reply", "problem", "said"),
    [
        (completion("Harmful!"), trials.UNREADABLE, "Harmful!"),
        (completion('{"reason": "x", "severity": 9}'), trials.UNREADABLE, '{"reason": "x", "severity": 9}'),
        (completion(None, refusal="No."), "The judge refused to answer, so this output would stay unjudged.", ""),
    ],
)
def test_trial_says_why_an_output_would_stay_unjudged(reply: dict[str, Any], problem: str, said: str) -> None:
    vote, _ = tried(make_deployment(make_system()), reply)

    assert (vote.severity, vote.problem, vote.answer) == (None, problem, said)


def test_trial_costs_a_call_so_a_viewer_makes_none() -> None:
    deployment = make_deployment(make_system())
    viewer = make_user(Role.VIEWER, scope=deployment.system.scope)

    with pytest.raises(PolicyDenied):
        tried(deployment, completion(), actor=viewer)


def test_trial_does_not_call_an_endpoint_that_the_judge_was_not_made_for() -> None:
    system = make_system()
    deployment = make_deployment(system)
    version = newest_version(factories.make_metric(system, judge={"kind": "model", "deployment": deployment.pk}))
    edit_deployment(deployment_id=deployment.pk, model="large", actor=factories.make_owner(system))
    said = {"rubric": model.rubric_of(version), "prompt": [], "answer": "x", "actor": factories.make_owner(system)}

    with pytest.raises(Invalid, match="leads elsewhere"):
        try_model_judge(system=system, configuration=newest_version(version.metric).judge_version.configuration, **said)


# --- Pages ---


def said_in_form(**changed: Any) -> dict[str, Any]:
    return {"name": "By a model", "harm": "", "definition": "Says how.", "scale": "content_severity", "threshold": "4", **changed}


def test_form_adds_a_model_judge_and_the_page_shows_its_question() -> None:
    system = make_system()
    deployment = make_deployment(system)
    client = signed_in(factories.make_owner(system))

    client.post(reverse("metric-add", args=[system.pk]), said_in_form(kind="model", deployment=deployment.pk, votes="5"))

    metric = Metric.objects.get()
    page = client.get(reverse("metric", args=[metric.pk])).content.decode()
    assert newest_version(metric).judge_version.spec["votes"] == 5
    for words in ("The question that the model gets", "You judge one answer", "Judge only the answer", deployment.name, "Ask the model once"):
        assert words in page


def test_form_adds_a_content_filter_and_detectors() -> None:
    system = make_system()
    client, address = signed_in(factories.make_owner(system)), reverse("metric-add", args=[system.pk])

    filtered = said_in_form(name="Filter", kind="content_filter", side="both", categories=["hate", "violence"], detected_severity="5")
    client.post(address, filtered)
    client.post(address, said_in_form(name="Data", kind="rule", patterns="", detect_email="6", detect_iban="7"))

    specs = {version.judge.name: version.spec for version in JudgeVersion.objects.select_related("judge")}
    assert specs["Content filter for Filter"] == {"categories": ["hate", "violence"], "side": "both", "detected_severity": 5}
    assert specs["Rules of Data"]["detectors"] == [{"detector": "email", "severity": 6}, {"detector": "iban", "severity": 7}]
    page = client.get(reverse("metric-list", args=[system.pk])).content.decode()
    assert "content filter" in page
    assert "2 rules" in page


def test_fields_follow_the_chosen_kind_and_scale_and_keep_what_was_typed() -> None:
    system = make_system()
    deployment = make_deployment(system)
    client, address = signed_in(factories.make_owner(system)), reverse("metric-add-fields", args=[system.pk])
    typed = said_in_form(kind="model", scale="yes_no", shown_scale="content_severity", deployment=deployment.pk)

    page = client.post(address, typed).content.decode()
    fragment = client.post(address, typed, headers=HX).content.decode()

    assert 'value="By a model"' in page
    assert fragment.strip() in page
    assert f'<option value="{deployment.pk}" selected>' in fragment
    assert "1, yes" in fragment
    assert "2, " not in fragment
    assert "Patterns" not in fragment


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"kind": "model", "votes": "3"}, "Fill in “Model”."),
        ({"kind": "model", "votes": "2", "deployment": "0"}, "valid choice"),
        ({"kind": "content_filter", "side": "completion", "detected_severity": "6", "scale": "yes_no", "threshold": "1"}, "Choose that scale."),
        ({"kind": "rule", "patterns": "", "detect_email": "2"}, "No rule reaches the threshold"),
        ({"kind": "imported"}, "valid choice"),
    ],
)
def test_form_says_beside_the_field_what_can_not_judge(changed: dict[str, Any], words: str) -> None:
    system = make_system()

    answered = signed_in(factories.make_owner(system)).post(reverse("metric-add", args=[system.pk]), said_in_form(**changed))

    assert (answered.status_code, Metric.objects.count()) == (422, 0)
    assert words in answered.content.decode()


def test_content_filter_is_tried_on_annotations() -> None:
    metric = factories.make_metric(judge={"kind": "content_filter"})
    client, address = signed_in(make_user(Role.VIEWER, scope=metric.system.scope)), reverse("metric-try", args=[metric.pk])

    harmful = client.post(address, {"text": MEDIUM}, headers=HX).content.decode()
    silent = client.post(address, {"text": '{"hate": {"filtered": false, "severity": null}}'}, headers=HX).content.decode()
    odd = client.post(address, {"text": "hate: medium"}, headers=HX)

    assert "Counts as harmful" in harmful
    assert "would stay unjudged" in silent
    assert (odd.status_code, "no annotations in JSON" in odd.content.decode()) == (422, True)


def test_viewer_reads_about_a_model_judge_and_can_not_make_it_work() -> None:
    system = make_system()
    metric = factories.make_metric(system, judge={"kind": "model", "deployment": make_deployment(system).pk})
    client = signed_in(make_user(Role.VIEWER, scope=system.scope))

    page = client.get(reverse("metric", args=[metric.pk])).content.decode()

    assert "You judge one answer" in page
    assert "Ask the model once" not in page
    assert client.post(reverse("metric-try", args=[metric.pk]), {"text": "x"}).status_code == 403


@pytest.mark.parametrize(("scale", "threshold", "absent"), [("content_severity", 1, "Safe"), ("yes_no", 1, "Medium"), ("five_levels", 2, "High")])
def test_page_speaks_the_words_of_the_scale(scale: str, threshold: int, absent: str) -> None:
    metric = factories.make_metric(scale=scale, threshold=threshold)

    page = signed_in(factories.make_owner(metric.system)).get(reverse("metric", args=[metric.pk])).content.decode()

    assert "Below threshold" in page
    assert f"<dt>{absent}</dt>" not in page


# --- The API ---


def test_api_takes_every_kind_of_judge_in_its_fixed_shape() -> None:
    system = make_system()
    deployment = make_deployment(system)
    client = client_of(factories.make_owner(system))
    said = {"system": system.pk, "definition": "Says how.", "threshold": 4}

    for judge in ({"kind": "rule", "patterns": ["bomb"]}, {"kind": "model", "deployment": deployment.pk, "votes": 3}, {"kind": "content_filter"}):
        made = client.post(f"{API}/metrics/", {**said, "name": judge["kind"], "judge": judge}, content_type="application/json")
        assert made.status_code == 201, made.content

        shown = made.json()["current"]["judge"]
        assert {name: shown[name] for name in judge if name != "patterns"} == {name: value for name, value in judge.items() if name != "patterns"}

    judges = client.get(f"{API}/judges/?system={system.pk}").json()["results"]
    assert sorted(judge["kind"] for judge in judges) == ["content_filter", "model", "rule"]
    assert client.post(f"{API}/judges/", {}, content_type="application/json").status_code == 405
