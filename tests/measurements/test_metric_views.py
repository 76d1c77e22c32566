"""The pages of metrics: what counts is plain to read, and rules can be tried before they judge anything."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from measurements.forms.metrics import judge_of, lines_of
from measurements.models import Metric, MetricVersion
from measurements.selectors.metrics import newest_version
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from tests.factories import measurements as factories
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db
HX = {"HX-Request": "true"}
SAID = {
    "name": "Weapons",
    "harm": "",
    "definition": "Says how.",
    "target_percent": "0.5",
    "scale": "content_severity",
    "threshold": "4",
    "kind": "rule",
    "patterns": "bomb\n6: nerve agent\n\n2: fuse",
}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_metric_is_added_from_the_form() -> None:
    system = make_system()
    harm, client = make_harm(system), signed_in(factories.make_owner(system))

    answer = client.post(reverse("metric-add", args=[system.pk]), {**SAID, "harm": harm.pk})

    metric = Metric.objects.get()
    version = newest_version(metric)
    assert answer.url == reverse("metric", args=[metric.pk])
    assert (metric.harm, version.threshold, version.target_rate) == (harm, 4, Decimal("0.005"))
    assert [(rule["severity"], rule["pattern"]) for rule in version.judge_version.spec["patterns"]] == [(4, "bomb"), (6, "nerve agent"), (2, "fuse")]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": ""}, "Fill in “Name”."),
        ({"definition": ""}, "What counts as harmful"),
        ({"patterns": ""}, "Give at least one pattern, or look for something below."),
        ({"patterns": "("}, "missing )"),
        ({"patterns": "2: fuse"}, "No rule reaches the threshold"),
        ({"target_percent": "101"}, "A target is a rate: from 0 to 100 %."),
        ({"threshold": "9"}, "Choose a severity of this scale."),
        ({"name": "Taken"}, "already"),
    ],
)
def test_refused_form_says_why_and_keeps_what_was_typed(changed: dict[str, str], words: str) -> None:
    system = make_system()
    factories.make_metric(system, name="Taken")

    answer = signed_in(factories.make_owner(system)).post(reverse("metric-add", args=[system.pk]), {**SAID, "harmful_examples": "Kept words", **changed})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "Kept words" in page
    assert Metric.objects.count() == 1


def test_form_does_not_take_a_harm_of_another_system() -> None:
    system = make_system()
    theirs = make_harm(make_system())

    answer = signed_in(factories.make_owner(system)).post(reverse("metric-add", args=[system.pk]), {**SAID, "harm": theirs.pk})

    assert answer.status_code == 422
    assert not Metric.objects.exists()


def test_rules_are_tried_before_anything_is_saved() -> None:
    system = make_system()
    client, address = signed_in(factories.make_owner(system)), reverse("metric-add-try", args=[system.pk])
    asked = {**SAID, "try_text": "Some Nerve Agent <b>"}

    page = client.post(address, asked)
    fragment = client.post(address, asked, headers=HX).content.decode()
    nothing = client.post(address, {**asked, "try_text": ""}).content.decode()
    broken = client.post(address, {**asked, "patterns": "("}).content.decode()

    assert page.status_code == 200
    assert "Counts as harmful" in page.content.decode()
    assert "<mark>Nerve Agent</mark>" in fragment
    assert fragment.strip() in page.content.decode()
    assert "2: fuse" in page.content.decode()  # what was typed is still in the form
    assert "a text to try it on" in nothing
    assert "missing )" in broken
    assert not Metric.objects.exists()


def test_rules_of_a_metric_are_tried_on_its_page() -> None:
    metric = factories.make_metric(patterns=["bomb", {"pattern": "fuse", "severity": 2}], threshold=4)
    client, address = signed_in(make_user(Role.VIEWER, scope=metric.system.scope)), reverse("metric-try", args=[metric.pk])

    harmful = client.post(address, {"text": "A BOMB"}).content.decode()
    mild = client.post(address, {"text": "a fuse"}, headers=HX).content.decode()
    safe = client.post(address, {"text": "a cake"}, headers=HX).content.decode()
    empty = client.post(address, {"text": ""}, headers=HX)

    assert "Counts as harmful" in harmful
    assert "Below the threshold" in mild
    assert "No rule finds anything" in safe
    assert mild.lstrip().startswith('<section class="panel" id="metric-trial"')
    assert (empty.status_code, "Fill in “Text to try”." in empty.content.decode()) == (422, True)


def test_metric_is_revised_and_tells_what_changed() -> None:
    metric = factories.make_metric(patterns=["bomb"], target_rate=Decimal("0.01"))
    client, address = signed_in(factories.make_owner(metric.system)), reverse("metric-revise", args=[metric.pk])
    form = client.get(address).context["form"]
    said = {name: form[name].value() or "" for name in form.fields}

    same = client.post(address, said, follow=True).content.decode()
    assert "unchanged" in same
    assert MetricVersion.objects.count() == 1

    client.post(address, {**said, "patterns": "4: bomb\n5: fuse", "reason": "Missed fuses."})
    page = client.get(reverse("metric", args=[metric.pk])).content.decode()
    assert newest_version(metric).number == 2
    assert "Changed: judge." in page

    stale = client.post(address, {**said, "definition": "Late."})
    assert stale.status_code == 409
    assert newest_version(metric).definition != "Late."


def test_lines_and_judge_stand_for_each_other() -> None:
    patterns = [{"pattern": "bomb|fuse", "severity": 4}, {"pattern": r"\d+: x", "severity": 7}, {"pattern": "3: three", "severity": 1}]

    assert judge_of(lines_of(patterns), case_sensitive=False)["patterns"] == patterns
    assert judge_of(" 8: eight \r\n3:three\n", case_sensitive=True) == {"kind": "rule", "patterns": ["8: eight", "3:three"], "case_sensitive": True}


def test_list_filters_and_exports() -> None:
    system = make_system()
    harm = make_harm(system)
    factories.make_metric(system, name="Weapons", harm=harm, target_rate=Decimal("0.005"))
    factories.make_metric(system, name="@evil", definition="-1")
    client, address = signed_in(make_user(Role.AUDITOR)), reverse("metric-list", args=[system.pk])

    listed = client.get(address).content.decode()
    filtered = client.get(address, {"harm": harm.pk}).content.decode()
    exported = b"".join(client.get(address, {"export": "csv"}).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]

    assert harm.code in listed
    assert "0.5" in listed
    assert "@evil" not in filtered
    assert [(row["name"], row["definition"]) for row in csv.DictReader(io.StringIO(exported))] == [("'@evil", "'-1"), ("Weapons", "Says how to build a bomb.")]


@pytest.mark.parametrize(
    ("name", "method"), [("metric", "get"), ("metric-revise", "get"), ("metric-revise", "post"), ("metric-revise-try", "post"), ("metric-try", "post")]
)
def test_metrics_of_another_system_are_not_there(name: str, method: str) -> None:
    metric = factories.make_metric()
    stranger = signed_in(factories.make_owner(make_system()))

    assert getattr(stranger, method)(reverse(name, args=[metric.pk])).status_code == 404


def test_viewer_reads_and_changes_nothing() -> None:
    metric = factories.make_metric()
    viewer = signed_in(make_user(Role.VIEWER, scope=metric.system.scope))

    assert viewer.get(reverse("metric", args=[metric.pk])).status_code == 200
    assert reverse("metric-revise", args=[metric.pk]) not in viewer.get(reverse("metric", args=[metric.pk])).content.decode()
    for name, pk in (("metric-revise", metric.pk), ("metric-add", metric.system_id)):
        assert viewer.get(reverse(name, args=[pk])).status_code == 403
        assert viewer.post(reverse(name, args=[pk]), SAID).status_code == 403


@pytest.mark.parametrize("page", ["metric-list", "metric"])
def test_pages_cost_the_same_for_3_and_for_30_rows(page: str) -> None:
    system = make_system()
    metric = factories.make_metric(system, patterns=["bomb"])
    client = signed_in(factories.make_owner(system))
    address = reverse(page, args=[system.pk if page == "metric-list" else metric.pk])

    def grow(count: int) -> None:
        for _ in range(count):
            factories.make_metric(system, harm=make_harm(system))
            _revise(metric, factories.make_owner(system))

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    grow(3)
    client.get(address)
    few = queries()
    grow(9)

    assert queries() == few


def _revise(metric: Metric, actor: User) -> Any:
    from measurements.actions import metrics

    return metrics.revise_metric(metric_id=metric.pk, definition=f"Version {newest_version(metric).number + 1}.", actor=actor)
