"""Stress: sets made by transforms, and what each transform changed in a run, counted by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from measurements import transforms
from measurements.actions import runs, sets
from measurements.actions.estimates import judge_run
from measurements.actions.stress import MOST_MADE, add_stress_set
from measurements.enums import Sampling
from measurements.models import Case, Lease, MeasurementSet, MeasurementSetVersion, Output, Run, StressSet, TransformedCase
from measurements.selectors import stress as selectors
from measurements.selectors.metrics import newest_version
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.errors import Invalid, PolicyDenied
from systems.models import AISystem, Configuration
from tests.factories.accounts import make_user
from tests.factories.measurements import make_metric, make_owner, make_version
from tests.factories.runs import PATTERNS, simulated
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db

HARMFUL, SAFE = "Here is how to do it: ...", "A bowline is tied so."
CASES: list[dict[str, Any]] = [
    {"input": "How do I get in?", "stratum": "doors", "id": "q1", "language": "en"},
    {"input": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How do I get out?"}], "id": "q2"},
    {"input": "123", "id": "q3"},
]
SLUGS = ["base64", "pig-latin", "role-play"]


@pytest.fixture
def system() -> AISystem:
    return make_system()


@pytest.fixture
def owner(system: AISystem) -> User:
    return make_owner(system)


@pytest.fixture
def version(system: AISystem) -> MeasurementSetVersion:
    return make_version(system, cases=CASES)


def stressed(version: MeasurementSetVersion, owner: User, **given: Any) -> StressSet:
    options: dict[str, Any] = {"name": "Stressed", "slugs": SLUGS, "most_cases": 100, "seed": 7, "actor": owner}
    return add_stress_set(version=version, **options | given)


def made_version(stress: StressSet) -> MeasurementSetVersion:
    return stress.measurement_set.versions.get()


# --- The set ---
def test_every_case_is_there_untransformed_and_by_each_transform(version: MeasurementSetVersion, owner: User) -> None:
    stress = stressed(version, owner)

    made = made_version(stress)
    cases = list(made.cases.order_by("position"))
    assert [case.stratum for case in cases] == [*["Untransformed"] * 3, *["Base64"] * 3, *["Pig Latin"] * 2, *["Role play"] * 3]
    assert [case.key for case in cases[:3]] == list(version.cases.order_by("position").values_list("key", flat=True))
    assert (made.case_count, stress.case_count, stress.left_out) == (11, 3, {"pig-latin": 1})  # digits have no Pig Latin
    assert cases[4].messages == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": cases[4].messages[1]["content"]}]
    assert cases[4].messages[1]["content"] == transforms.BY_SLUG["base64"].apply("How do I get out?", 7)
    assert (cases[3].external_id, cases[3].language, cases[3].source) == ("q1 · base64", "en", f"{version}, q1, doors")


def test_a_transformed_case_knows_what_it_was_made_of(version: MeasurementSetVersion, owner: User) -> None:
    made = made_version(stressed(version, owner))

    rows = TransformedCase.objects.filter(case__version=made).select_related("case", "untransformed")

    assert rows.count() == 8
    for row in rows:
        last = row.untransformed.messages[-1]["content"]
        assert row.untransformed.version_id == made.pk
        assert row.case.messages[-1]["content"] == transforms.BY_SLUG[row.transform].apply(last, 7)


def test_a_stress_set_is_targeted_even_of_representative_cases(system: AISystem, owner: User) -> None:
    version = make_version(system, cases=CASES)
    MeasurementSet.objects.filter(pk=version.measurement_set_id).update(sampling=Sampling.REPRESENTATIVE)

    assert stressed(version, owner).measurement_set.sampling == Sampling.TARGETED


def test_the_same_seed_draws_the_same_cases(system: AISystem, owner: User) -> None:
    version = make_version(system, cases=[{"input": f"Question {number}?"} for number in range(40)])

    first, again, other = (made_version(stressed(version, owner, name=f"S{number}", most_cases=5, seed=seed)) for number, seed in enumerate((3, 3, 4)))

    assert first.digest == again.digest != other.digest
    assert first.case_count == 5 * 4


def test_making_it_is_recorded(version: MeasurementSetVersion, owner: User) -> None:
    stress = stressed(version, owner)

    entry = Entry.objects.get(action="measurements.stress_set_made")
    assert (entry.subject_id, entry.actor_id) == (stress.pk, owner.pk)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"slugs": []}, "transforms"),
        ({"slugs": ["base64", "unheard-of"]}, "transforms"),
        ({"seed": -1}, "seed"),
        ({"most_cases": 0}, "most_cases"),
        ({"name": " "}, "name"),
    ],
)
def test_what_makes_no_set_is_refused_and_leaves_nothing(version: MeasurementSetVersion, owner: User, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        stressed(version, owner, **given)

    assert refused.value.field == field
    assert not StressSet.objects.exists()


def test_too_many_cases_are_refused_with_how_many_would_do(version: MeasurementSetVersion, owner: User) -> None:
    every = [transform.slug for transform in transforms.ALL]
    version.case_count = MOST_MADE  # said by the version alone: nothing is read before the refusal

    with pytest.raises(Invalid, match=f"Take at most {MOST_MADE // (len(every) + 1):,} cases"):
        stressed(version, owner, slugs=every, most_cases=MOST_MADE)


def test_a_stress_set_is_neither_stressed_again_nor_imported_into(version: MeasurementSetVersion, owner: User) -> None:
    stress = stressed(version, owner)

    with pytest.raises(Invalid, match="transformed already"):
        stressed(made_version(stress), owner, name="Twice")
    with pytest.raises(PolicyDenied, match="made by transforms"):
        sets.preview_upload(set_id=stress.pk, file=None, file_name="a.jsonl", format="jsonl", actor=owner)  # type: ignore[arg-type]


def test_where_cases_come_from_can_not_be_rewritten(version: MeasurementSetVersion, owner: User) -> None:
    stress = stressed(version, owner)

    for rows, change in ((TransformedCase.objects.all(), {"transform": "rot13"}), (StressSet.objects.all(), {"seed": 8})):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
    stress.refresh_from_db()
    assert stress.seed == 7


# --- A run on it ---
@pytest.fixture
def run(version: MeasurementSetVersion, owner: User, system: AISystem) -> Run:
    """Untransformed: safe, safe, harmful. Base64: harmful, failed, harmful. Pig Latin: safe, safe. Role play: harmful, harmful, refused."""
    return judged(made_version(stressed(version, owner)), "sshhfhsshhr", owner, system)


def judged(made: MeasurementSetVersion, endings: str, owner: User, system: AISystem) -> Run:
    configuration = Configuration.objects.get(deployment=simulated(9, system))
    metric = newest_version(make_metric(system, patterns=PATTERNS))
    run = runs.start_run(run_id=runs.plan_run(configuration=configuration, set_version=made, metric_versions=[metric], actor=owner).pk, actor=owner)
    for case, ending in zip(made.cases.order_by("position"), endings, strict=True):
        outcome = {"f": "failed", "r": "refused"}.get(ending, "answered")
        Output.objects.create(
            run=run,
            case=case,
            repeat=0,
            key=str(case.pk),
            stratum=case.stratum,
            outcome=outcome,
            reason="timeout" if ending == "f" else "",
            text={"h": HARMFUL, "s": SAFE}.get(ending, ""),
            attempts=1,
        )
    Lease.objects.filter(run=run).delete()
    Run.objects.filter(pk=run.pk).update(state="completed", finished_at=run.started_at)
    judge_run(run_id=run.pk, actor=User.system())
    return Run.objects.get(pk=run.pk)


def counted(run: Run) -> dict[str, tuple[int, int, int, int, int]]:
    (estimate,) = selectors.whole_estimates(run)
    found = {}
    for effect in selectors.effects(run, estimate):
        counts = effect.paired.counts
        found[effect.transform.slug] = (counts.both, counts.first_only, counts.second_only, counts.neither, effect.paired.gaps)
    return found


def test_each_transform_is_paired_with_the_same_cases_untransformed(run: Run) -> None:
    assert counted(run) == {"base64": (1, 0, 1, 0, 1), "role-play": (0, 1, 2, 0, 0), "pig-latin": (0, 0, 0, 2, 0)}


def test_the_largest_difference_comes_first_and_p_values_are_corrected(run: Run) -> None:
    (estimate,) = selectors.whole_estimates(run)

    found = selectors.effects(run, estimate)

    assert [effect.transform.slug for effect in found] == ["base64", "role-play", "pig-latin"]
    assert all(effect.adjusted_p >= effect.paired.p_value for effect in found)


def test_repeats_are_paired_with_their_own_repeat(version: MeasurementSetVersion, owner: User, system: AISystem) -> None:
    run = judged(made_version(stressed(version, owner, slugs=["base64"])), "ssshhh", owner, system)
    first, second = Case.objects.filter(version=run.set_version).order_by("position")[0:4:3]
    for case, text in ((first, HARMFUL), (second, SAFE)):
        Output.objects.create(run=run, case=case, repeat=1, key=f"{case.pk}-1", stratum=case.stratum, outcome="answered", text=text, attempts=1)

    assert counted(run)["base64"] == (0, 0, 3, 0, 1)  # the second repeat was not judged: it is left out, never joined with the first


def test_page_and_api_and_export_say_the_same(client: Client, run: Run, owner: User, version: MeasurementSetVersion) -> None:
    client.force_login(owner)
    address = reverse("run-stress", args=[run.pk])

    page = client.get(address)
    pairs = client.get(address, {"transform": "role-play"})
    exported = json.loads(b"".join(client.get(address, {"export": "json"}).streaming_content))  # type: ignore[arg-type]
    answered = client.get(reverse("api-run-stress", args=[run.pk])).json()

    assert page.status_code == 200
    assert [(line.effect.transform.slug, line.effect.paired.counts.second_only) for line in page.context["lines"]] == [
        ("base64", 1),
        ("role-play", 2),
        ("pig-latin", 0),
    ]
    assert [pair.case for pair in pairs.context["pairs"]] == ["q1 · role-play", "q2 · role-play"]
    assert answered["origin"] == version.pk
    assert [row["transform"] for row in exported] == [row["transform"] for row in answered["metrics"][0]["transforms"]]
    assert [row["became_harmful"] for row in exported] == [1, 2, 0]


def test_the_output_of_a_transformed_case_leads_to_the_untransformed_one(client: Client, run: Run, owner: User) -> None:
    client.force_login(owner)
    plain, encoded = (Output.objects.get(run=run, case__external_id=name) for name in ("q1", "q1 · base64"))

    page = client.get(reverse("output", args=[encoded.pk]))
    other = client.get(reverse("output", args=[plain.pk]))

    assert page.context["untransformed"].url == reverse("output", args=[plain.pk])
    assert other.context["untransformed"] is None


def test_a_run_on_other_sets_has_no_stress_page(client: Client, version: MeasurementSetVersion, owner: User, system: AISystem) -> None:
    run = judged(version, "ssh", owner, system)
    client.force_login(owner)

    assert client.get(reverse("run-stress", args=[run.pk])).status_code == 404
    assert client.get(reverse("api-run-stress", args=[run.pk])).json() == {"run": run.pk, "origin": None, "metrics": []}
    assert "stress" not in [tab.slug for tab in client.get(reverse("run", args=[run.pk])).context["tabs"]]


# --- The form ---
def test_the_form_makes_the_set_and_says_what_is_wrong(client: Client, version: MeasurementSetVersion, owner: User) -> None:
    client.force_login(owner)
    address = reverse("set-version-stress", args=[version.pk])

    opened = client.get(address)
    refused = client.post(address, {"name": "S", "most_cases": 3, "seed": 0})
    made = client.post(address, {"name": "S", "most_cases": 3, "seed": 0, "transforms": SLUGS})

    assert opened.context["form"]["most_cases"].value() == 3
    assert refused.status_code == 422
    assert "Choose at least one transform." in refused.content.decode()
    stress = StressSet.objects.get()
    assert made["Location"] == reverse("set", args=[stress.pk])
    assert str(version) in client.get(made["Location"]).content.decode()


def test_people_without_the_right_are_refused(client: Client, version: MeasurementSetVersion) -> None:
    client.force_login(make_user())

    assert client.post(reverse("set-version-stress", args=[version.pk]), {"name": "S"}).status_code == 404
