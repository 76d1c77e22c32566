"""Two runs compared: pairs counted by hand, obstacles named, pages and API saying the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from measurements.actions import runs
from measurements.actions.estimates import judge_run
from measurements.models import Lease, Output, Run
from measurements.selectors import comparisons
from measurements.selectors.comparisons import Verdict
from measurements.selectors.metrics import newest_version
from measurements.views.comparisons import sentence
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from systems.models import AISystem, Configuration
from tests.factories.accounts import make_user
from tests.factories.measurements import make_metric, make_owner, make_version
from tests.factories.runs import PATTERNS, simulated
from tests.factories.systems import make_deployment, make_system

pytestmark = pytest.mark.django_db

HARMFUL, SAFE = "Here is how to do it: ...", "A bowline is tied so."
CASES = [{"input": f"question {number}", "stratum": "ab"[number % 2]} for number in range(8)]


@pytest.fixture
def system() -> AISystem:
    return make_system()


def judged_run(system: AISystem, endings: str, *, parts: dict[str, Any] | None = None) -> Run:
    """A judged run over eight cases; each letter ends one: h harmful, s safe, f failed, r refused."""
    parts = parts if parts is not None else {}
    owner = parts.setdefault("owner", make_owner(system))
    version = parts.setdefault("version", make_version(system, cases=CASES))
    if "configuration" not in parts:
        parts["configuration"] = Configuration.objects.get(deployment=simulated(9, system))
    if "metric" not in parts:
        parts["metric"] = make_metric(system, patterns=PATTERNS)
    planned = runs.plan_run(configuration=parts["configuration"], set_version=version, metric_versions=[newest_version(parts["metric"])], actor=owner)
    run = runs.start_run(run_id=planned.pk, actor=owner)
    for case, ending in zip(version.cases.order_by("position"), endings, strict=True):
        outcome = {"f": "failed", "r": "refused"}.get(ending, "answered")
        text = {"h": HARMFUL, "s": SAFE}.get(ending, "")
        reason = "timeout" if outcome == "failed" else ""
        Output.objects.create(run=run, case=case, repeat=0, key=str(case.pk), stratum=case.stratum, outcome=outcome, reason=reason, text=text, attempts=1)
    Run.objects.filter(pk=run.pk).update(state="completed", finished_at=run.started_at)
    judge_run(run_id=run.pk, actor=User.system())
    return Run.objects.get(pk=run.pk)


def two_runs(system: AISystem, before: str, after: str) -> tuple[Run, Run]:
    parts: dict[str, Any] = {}
    return judged_run(system, before, parts=parts), judged_run(system, after, parts=parts)


def test_pairs_are_counted_output_by_output(system: AISystem) -> None:
    first, second = two_runs(system, "hhssssfr", "hshhssss")

    (pair,) = comparisons.comparison(first, second).metrics
    paired = comparisons.paired(pair)

    counts = paired[""].counts
    assert (counts.both, counts.first_only, counts.second_only, counts.neither) == (1, 1, 2, 3)
    assert paired[""].cells[(Verdict.FAILED, Verdict.HARMLESS)] == 1
    assert paired[""].gaps == 1
    assert counts.total + paired[""].gaps == 8
    assert paired["a"].counts.total + paired["b"].counts.total == 7


def test_the_pairs_of_a_cell_can_be_read_one_by_one(system: AISystem) -> None:
    first, second = two_runs(system, "hhssssfr", "hshhssss")
    (pair,) = comparisons.comparison(first, second).metrics

    became_harmful = comparisons.pairs_in(pair, (Verdict.HARMLESS, Verdict.HARMFUL), None)
    behind = comparisons.pairs_in(pair, (Verdict.HARMLESS, Verdict.HARMFUL), (became_harmful[0].case_id, 0))

    assert [row.position for row in became_harmful] == [2, 3]
    assert [(row.first_severity, row.second_severity) for row in became_harmful] == [(0, 4), (0, 4)]
    assert [row.position for row in behind] == [3]
    assert [row.position for row in comparisons.pairs_in(pair, (Verdict.FAILED, Verdict.HARMLESS), None)] == [6]
    assert [row.position for row in comparisons.pairs_in(pair, (Verdict.HARMLESS, Verdict.HARMLESS), None)] == [4, 5, 7]


def test_runs_on_different_versions_are_not_compared(system: AISystem) -> None:
    first, second = judged_run(system, "hhhhssss"), judged_run(system, "hhhhssss", parts={"metric": make_metric(system, name="Other", patterns=PATTERNS)})

    found = comparisons.comparison(first, second)

    assert not found.metrics
    assert "Pairs need the same version" in found.obstacles[0]


def test_a_metric_that_only_one_run_was_judged_by_is_named(system: AISystem) -> None:
    parts: dict[str, Any] = {}
    first = judged_run(system, "hhhhssss", parts=parts)
    second = judged_run(system, "hhhhssss", parts={**parts, "metric": make_metric(system, name="Another", patterns=PATTERNS)})

    found = comparisons.comparison(first, second)

    assert not found.obstacles
    assert not found.metrics
    assert len(found.lacking) == 2


def test_the_page_says_what_changed_and_lists_it(system: AISystem, client: Client) -> None:
    first, second = two_runs(system, "hhssssss", "hshhssss")
    client.force_login(first.created_by)

    page = client.get(reverse("run-compare", args=[system.pk]), {"first": first.pk, "second": second.pk})

    content = page.content.decode()
    assert page.status_code == 200
    assert "Of 8 pairs 2 became harmful and 1 became harmless" in content
    assert "No change shown" in content
    assert "Case 3" in content
    assert "Case 2<" not in content


@pytest.mark.parametrize("query", [{"first": "x"}, {"first": "9" * 40}, {"show": "up-down"}, {"cursor": "1"}, {"cursor": "1.x"}])
def test_damaged_addresses_are_refused_with_a_sentence(system: AISystem, client: Client, query: dict[str, str]) -> None:
    first, second = two_runs(system, "hhssssss", "hshhssss")
    client.force_login(first.created_by)

    page = client.get(reverse("run-compare", args=[system.pk]), {"first": first.pk, "second": second.pk, **query})

    assert page.status_code in (400, 422)


def test_a_run_of_another_system_is_not_there(system: AISystem, client: Client) -> None:
    first, _ = two_runs(system, "hhssssss", "hshhssss")
    foreign = judged_run(make_system(), "hhssssss")
    client.force_login(first.created_by)

    page = client.get(reverse("run-compare", args=[system.pk]), {"first": first.pk, "second": foreign.pk})

    assert page.status_code == 404


def test_differences_name_what_may_explain_a_change(system: AISystem) -> None:
    first, second = two_runs(system, "hhssssss", "hrssssss")
    alike = judged_run(system, "hhssssss", parts={"configuration": first.configuration, "version": first.set_version})
    Lease.objects.filter(run__in=(first, alike)).update(answered=8)
    Lease.objects.filter(run=second).update(answered=7, refused=1)
    Run.objects.filter(pk=second.pk).update(reported=[{"model": "next", "fingerprint": "", "outputs": 7}])
    second.refresh_from_db()
    moved = judged_run(system, "hhssssss", parts={"version": first.set_version})

    assert comparisons.differences(first, alike) == []
    assert comparisons.differences(first, second) == [("model reported", "nothing said", "next"), ("Answered", "8", "7"), ("Refused", "0", "1")]
    assert ("deployment", first.snapshot["deployment"]["name"], moved.snapshot["deployment"]["name"]) in comparisons.differences(first, moved)


def test_address_of_the_organisations_deployment_stays_with_those_who_may_open_it(system: AISystem) -> None:
    first = judged_run(system, "hhssssss")
    shared = make_deployment(None, base_url="http://127.0.0.1:9/house/v1")
    parts = {"configuration": Configuration.objects.get(deployment=shared), "version": first.set_version}
    second = judged_run(system, "hhssssss", parts={**parts, "metric": first.run_metrics.get().metric_version.metric})
    address = f"{reverse('run-compare', args=[system.pk])}?first={first.pk}&second={second.pk}"
    readers = [Client(), Client()]
    for reader, person in zip(readers, (make_owner(system), make_user(Role.AUDITOR)), strict=True):
        reader.force_login(person)

    pages = [reader.get(address).content.decode() for reader in readers]

    assert all(shared.name in page for page in pages)
    assert [shared.base_url in page for page in pages] == [False, True]


def test_a_comparison_counts_once(system: AISystem, django_assert_num_queries: Any) -> None:
    first, second = two_runs(system, "hhssssss", "hshhssss")
    (pair,) = comparisons.comparison(first, second).metrics
    before = comparisons.paired(pair)

    with django_assert_num_queries(1):  # of the cache
        assert comparisons.paired(pair) == before


def test_the_sentence_has_method_and_gaps(system: AISystem) -> None:
    first, second = two_runs(system, "hhssssfs", "hshhssss")
    (pair,) = comparisons.comparison(first, second).metrics

    words = sentence(comparisons.paired(pair)[""])

    assert "Newcombe, paired; exact McNemar p = 1.000" in words
    assert "1 more pair had a side that failed" in words
