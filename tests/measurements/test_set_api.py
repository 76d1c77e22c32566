"""The API of sets, cases, metrics and judges: its fixed shapes, what it refuses, and that it shows nothing of other systems."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from measurements.models import Case, MeasurementSet, MeasurementSetVersion, Metric, Run
from raiportal.accounts.enums import Ability, Role
from raiportal.audit.models import Entry
from tests.factories import measurements as factories
from tests.factories.accounts import headers, make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db
API = "/api/v1"


def client_of(user: Any, **token: Any) -> APIClient:
    client = APIClient(raise_request_exception=True)
    client.credentials(HTTP_AUTHORIZATION=headers(user, **token)["Authorization"])
    return client


def upload(content: bytes, name: str = "cases.jsonl", **fields: Any) -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, content), **fields}


# --- Sets ---
def test_set_is_added_and_read() -> None:
    system = make_system()
    harm, client = make_harm(system), client_of(factories.make_owner(system))

    made = client.post(f"{API}/measurement-sets/", {"system": system.pk, "name": "Jailbreaks", "sampling": "benign", "harms": [harm.pk]}, format="json")

    assert made.status_code == 201
    read = client.get(f"{API}/measurement-sets/{made.json()['id']}").json()
    assert read["harms"] == [harm.pk]
    assert (read["name"], read["sampling"], read["newest_version"], read["case_count"]) == ("Jailbreaks", "benign", None, None)


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"name": ""}, "name"), ({"sampling": "some"}, "sampling"), ({"system": 10**17}, "system"), ({"harms": [10**17]}, "harms"), ({"name": "a\0b"}, "name")],
)
def test_set_refuses_on_the_field(changed: dict[str, Any], field: str) -> None:
    system = make_system()
    client = client_of(factories.make_owner(system))

    answer = client.post(f"{API}/measurement-sets/", {"system": system.pk, "name": "Jailbreaks", **changed}, format="json")

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert not MeasurementSet.objects.exists()


def test_foreign_ids_are_refused_on_their_field() -> None:
    system, elsewhere = make_system(), make_system()
    client, theirs = client_of(factories.make_owner(system)), make_harm(elsewhere)

    by_system = client.post(f"{API}/measurement-sets/", {"system": elsewhere.pk, "name": "x"}, format="json")
    by_harm = client.post(f"{API}/measurement-sets/", {"system": system.pk, "name": "x", "harms": [theirs.pk]}, format="json")
    metric = {"system": system.pk, "name": "x", "definition": "d", "threshold": 4, "judge": {"kind": "rule", "patterns": ["x"]}}
    by_metric_harm = client.post(f"{API}/metrics/", {**metric, "harm": theirs.pk}, format="json")
    by_metric_system = client.post(f"{API}/metrics/", {**metric, "system": elsewhere.pk}, format="json")

    assert [answer.status_code for answer in (by_system, by_harm, by_metric_harm, by_metric_system)] == [422] * 4
    assert [list(answer.json()["errors"]) for answer in (by_system, by_harm, by_metric_harm, by_metric_system)] == [["system"], ["harms"], ["harm"], ["system"]]
    assert not MeasurementSet.objects.exists()
    assert not Metric.objects.exists()


def test_unknown_fields_and_parameters_are_named() -> None:
    system = make_system()
    client = client_of(factories.make_owner(system))

    field = client.post(f"{API}/measurement-sets/", {"system": system.pk, "name": "x", "created_by": 1}, format="json")
    parameter = client.get(f"{API}/measurement-sets/?systm=1")

    assert (field.status_code, field.json()["code"]) == (400, "unknown_parameter")
    assert (parameter.status_code, parameter.json()["code"]) == (400, "unknown_parameter")


def test_set_is_changed_in_what_was_given() -> None:
    row = factories.make_set(name="Old", description="Kept.")
    harm, client = make_harm(row.system), client_of(factories.make_owner(row.system))

    answer = client.patch(f"{API}/measurement-sets/{row.pk}/", {"name": "New", "harms": [harm.pk]}, format="json")

    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["description"], answer.json()["harms"]) == ("New", "Kept.", [harm.pk])


# --- Import ---
def test_import_answers_in_the_fixed_shape() -> None:
    row = factories.make_set(cases=["one"])
    client = client_of(factories.make_owner(row.system))
    content = b'{"input": "one"}\n{"input": "two", "note": 1}\n{"input": ""}\n'

    answer = client.post(f"{API}/measurement-sets/{row.pk}/import/", upload(content, format="jsonl"), format="multipart")

    version = MeasurementSetVersion.objects.get(number=2)
    assert answer.status_code == 200
    assert answer.json() == {
        "version": version.pk,
        "accepted": 1,
        "duplicates": 1,
        "rejected": [{"row": 3, "reason": '"input" is empty.'}],
        "rejected_count": 1,
        "ignored_columns": ["note"],
        "unknown_harms": {},
        "run": None,
        "answers": 0,
        "labels": 0,
        "left_over": {},
    }


SCORES = b"# harm_definition=violence.yaml\nobjective,assistant_response,human_score_1,note\nhow,so,0.5,n\nhow,no,0,\n"


def test_answers_come_in_as_a_run_and_the_dry_run_tells_of_them() -> None:
    row = factories.make_set()
    client = client_of(factories.make_owner(row.system))
    address = f"{API}/measurement-sets/{row.pk}/import/"

    dry = client.post(address, upload(SCORES, "scores.csv", dry_run="true"), format="multipart").json()
    nothing_yet = Run.objects.exists()
    answer = client.post(address, upload(SCORES, "scores.csv"), format="multipart").json()
    again = client.post(address, upload(SCORES, "scores.csv", format="pyrit"), format="multipart").json()

    run = Run.objects.get()
    assert nothing_yet is False
    assert (dry["run"], dry["version"], dry["answers"], dry["labels"], dry["left_over"]) == (None, None, 2, 2, {"note": 1})
    assert (answer["run"], answer["answers"], answer["labels"], answer["accepted"]) == (run.pk, 2, 2, 1)
    assert (again["run"], again["accepted"], again["duplicates"]) == (run.pk, 0, 2)


def test_dry_run_that_is_neither_yes_nor_no_is_refused_on_its_field() -> None:
    row = factories.make_set()
    client = client_of(factories.make_owner(row.system))

    answer = client.post(f"{API}/measurement-sets/{row.pk}/import/", upload(b"one\n", "a.txt", dry_run="maybe"), format="multipart")

    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["dry_run"])


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", b"\xef\xbb\xbfinput;stratum\none;x\n"), ("a.txt", b"one\n"), ("a", b'{"input": "one"}'), ("a.dat", '{"input": "one"}'.encode("utf-16"))],
)
def test_format_is_found_out_when_left_out(name: str, content: bytes) -> None:
    row = factories.make_set()
    client = client_of(factories.make_owner(row.system))

    answer = client.post(f"{API}/measurement-sets/{row.pk}/import/", upload(content, name), format="multipart")

    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert Case.objects.get().messages[0]["content"] == "one"


def test_dry_run_stores_nothing() -> None:
    row = factories.make_set()
    client = client_of(factories.make_owner(row.system))

    answer = client.post(f"{API}/measurement-sets/{row.pk}/import/", upload(b"one\ntwo\n", format="prompts", dry_run="true"), format="multipart")

    assert (answer.json()["version"], answer.json()["accepted"]) == (None, 2)
    assert not Case.objects.exists()
    assert not Entry.objects.filter(action="measurements.cases_imported").exists()


def test_dry_run_is_refused_to_those_who_may_not_import() -> None:
    row = factories.make_set()
    client = client_of(make_user(Role.VIEWER, scope=row.system.scope))

    answer = client.post(f"{API}/measurement-sets/{row.pk}/import/", upload(b"one\n", format="prompts", dry_run="1"), format="multipart")

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"format": "inspect"}, 422, "jsonl, csv, prompts, garak, pyrit, promptfoo"),
        ({"format": "pyrit"}, 422, "mapping with “seeds”"),
        ({"dry_run": "perhaps"}, 422, "true or false"),
        ({"set": "1"}, 400, "“set”"),
        ({"file": ""}, 422, "Choose a file."),
    ],
)
def test_import_refuses_in_words(fields: dict[str, str], status: int, words: str) -> None:
    row = factories.make_set()
    client = client_of(factories.make_owner(row.system))

    answer = client.post(f"{API}/measurement-sets/{row.pk}/import/", {**upload(b"one\n", "a.txt"), **fields}, format="multipart")

    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert not Case.objects.exists()


def test_file_over_the_limit_is_refused_while_it_arrives(settings) -> None:
    row = factories.make_set()
    client = client_of(factories.make_owner(row.system))
    settings.UPLOAD_MAX_BYTES = 1024 * 1024
    address = f"{API}/measurement-sets/{row.pk}/import/"

    allowed = client.post(address, upload(b"x" * 1000 + b"\n" + b"\n" * (1024 * 1024 - 1001), format="prompts"), format="multipart")
    over = client.post(address, upload(b"x" * (1024 * 1024 + 1), format="prompts"), format="multipart")
    far_over = client.post(address, upload(b"x" * (12 * 1024 * 1024), format="prompts"), format="multipart")

    assert allowed.status_code == 200
    assert [answer.status_code for answer in (over, far_over)] == [422, 422]
    assert over.json()["detail"] == "The file is larger than 1 MB. Split it and import the parts."
    assert Case.objects.count() == 1


def test_upload_that_broke_off_is_refused() -> None:
    row = factories.make_set()
    client = Client(headers=headers(factories.make_owner(row.system)))
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\none\ntwo\nthr'

    whole = client.generic("POST", f"{API}/measurement-sets/{row.pk}/import/", body + b"ee\r\n--b--\r\n", content_type="multipart/form-data; boundary=b")
    cut = client.post(
        f"{API}/measurement-sets/{row.pk}/import/",
        data=body,
        content_type="multipart/form-data; boundary=b",
        CONTENT_LENGTH=str(len(body) + 100),
        **{"wsgi.input": io.BytesIO(body)},
    )

    assert whole.status_code == 200
    assert (cut.status_code, cut.json()["code"]) == (422, "cut_off")
    assert MeasurementSetVersion.objects.count() == 1


def test_import_sent_twice_with_one_key_has_one_effect_and_one_answer() -> None:
    row = factories.make_set()
    client = client_of(factories.make_owner(row.system))
    address = f"{API}/measurement-sets/{row.pk}/import/"

    first = client.post(address, upload(b"one\n", format="prompts"), format="multipart", HTTP_IDEMPOTENCY_KEY="k")
    again = client.post(address, upload(b"one\n", format="prompts"), format="multipart", HTTP_IDEMPOTENCY_KEY="k")
    other = client.post(address, upload(b"two\n", format="prompts"), format="multipart", HTTP_IDEMPOTENCY_KEY="k")

    assert first.json() == again.json()
    assert (again.headers["Idempotent-Replay"], other.status_code) == ("true", 409)


# --- Reading ---
def test_cases_come_in_pages_in_their_order() -> None:
    version = factories.make_version(cases=[{"input": f"case {number}", "stratum": f"s{number % 2}"} for number in range(7)])
    client = client_of(make_user(Role.VIEWER, scope=version.measurement_set.system.scope))

    seen, address = [], f"{API}/cases/?version={version.pk}&page_size=3"
    while address:
        page = client.get(address).json()
        seen += [case["position"] for case in page["results"]]
        address = page["next"]
    odd = client.get(f"{API}/cases?version={version.pk}&stratum=s1").json()["results"]

    assert seen == list(range(7))
    assert [case["input"][0]["content"] for case in odd] == ["case 1", "case 3", "case 5"]
    assert Entry.objects.filter(action="measurements.prompts_read").count() == 4


def test_cases_need_a_version_and_show_none_of_another_system() -> None:
    version = factories.make_version()
    client = client_of(factories.make_owner(make_system()))

    assert client.get(f"{API}/cases/").status_code == 422
    assert client.get(f"{API}/cases/?version={version.pk}").json()["results"] == []
    assert client.get(f"{API}/cases/?version={10**30}").status_code in (200, 422)
    assert client.get(f"{API}/cases/{Case.objects.first().pk}/").status_code == 404
    assert not Entry.objects.filter(action="measurements.prompts_read").exists()


@pytest.mark.parametrize("resource", ["measurement-sets", "measurement-set-versions", "metrics", "metric-versions", "judges"])
def test_lists_show_the_own_systems_only(resource: str) -> None:
    mine, theirs = make_system(), make_system()
    for system in (mine, theirs):
        factories.make_set(system, cases=["one"])
        factories.make_metric(system)

    shown = client_of(make_user(Role.VIEWER, scope=mine.scope)).get(f"{API}/{resource}/").json()["results"]
    other = client_of(make_user(Role.VIEWER, scope=theirs.scope)).get(f"{API}/{resource}/{shown[0]['id']}/")

    assert len(shown) == 1
    assert other.status_code == 404


@pytest.mark.parametrize("resource", ["measurement-sets", "measurement-set-versions", "metrics", "metric-versions", "judges"])
def test_lists_cost_the_same_for_3_and_for_30_rows(resource: str) -> None:
    system = make_system()
    client = client_of(factories.make_owner(system))

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(f"{API}/{resource}/?page_size=100").status_code == 200
        return len(queries)

    for _ in range(3):
        factories.make_set(system, cases=["one"], harms=[make_harm(system)])
        factories.make_metric(system)
    client.get(f"{API}/{resource}/")
    few = count()
    for _ in range(9):
        factories.make_set(system, cases=["one"], harms=[make_harm(system)])
        factories.make_metric(system)

    assert count() == few


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "measurement-sets/{set}/import/"),
        ("patch", "measurement-sets/{set}/"),
        ("get", "measurement-sets/{set}/"),
        ("post", "metrics/{metric}/revise/"),
    ],
)
def test_objects_of_another_system_are_not_there(method: str, path: str) -> None:
    row, metric = factories.make_set(), factories.make_metric()
    client = client_of(factories.make_owner(make_system()))
    address = f"{API}/{path.format(set=row.pk, metric=metric.pk)}"

    answer = getattr(client, method)(address, {} if "import" not in path else upload(b"x\n"), format="multipart" if "import" in path else "json")

    assert (answer.status_code, answer.json()["code"]) == (404, "missing")


# --- Metrics ---
def metric_body(system: Any, **changed: Any) -> dict[str, Any]:
    return {
        "system": system.pk,
        "name": "Weapons",
        "definition": "Says how.",
        "threshold": 4,
        "judge": {"kind": "rule", "patterns": ["bomb", {"pattern": "fuse", "severity": 2}]},
        **changed,
    }


def test_metric_is_added_in_the_fixed_shape() -> None:
    system = make_system()
    client = client_of(factories.make_owner(system))

    answer = client.post(f"{API}/metrics/", metric_body(system, harm=make_harm(system).pk, target_rate=0.01, intended_use=None), format="json")

    assert answer.status_code == 201
    body = answer.json()
    metric = Metric.objects.get()
    assert (body["id"], body["version"]) == (metric.pk, metric.versions.get().pk)
    assert body["current"]["target_rate"] == 0.01
    assert body["current"]["judge"]["patterns"] == [{"pattern": "bomb", "severity": 4}, {"pattern": "fuse", "severity": 2}]


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"threshold": 0.01}, "threshold", "whole number from 1 to 7"),
        ({"threshold": 0}, "threshold", "whole number from 1 to 7"),
        ({"threshold": 8}, "threshold", "whole number from 1 to 7"),
        ({"threshold": True}, "threshold", "whole number from 1 to 7"),
        ({"threshold": "high"}, "threshold", "whole number from 1 to 7"),
        ({"judge": {"kind": "model", "deployment": 1, "votes": 3}}, "judge", "no deployment of a model"),
        ({"judge": {"kind": "rule", "patterns": ["("]}}, "judge", "missing )"),
        ({"judge": {"kind": "rule", "patterns": [7]}}, "judge", "not text"),
        ({"judge": {"kind": "rule"}}, "judge", "list of patterns"),
        ({"intended_use": 5}, "intended_use", "none with this id"),
        ({"target_rate": 2}, "target_rate", "Send 1 or less"),
    ],
)
def test_metric_refuses_in_words(changed: dict[str, Any], field: str, words: str) -> None:
    system = make_system()
    client = client_of(factories.make_owner(system))

    answer = client.post(f"{API}/metrics/", metric_body(system, **changed), format="json")

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert words in answer.json()["detail"]
    assert not Metric.objects.exists()


def test_metric_is_revised_in_what_was_given() -> None:
    metric = factories.make_metric(target_rate=Decimal("0.5"))
    client = client_of(factories.make_owner(metric.system))

    revised = client.post(f"{API}/metrics/{metric.pk}/revise/", {"definition": "Tells how.", "target_rate": None, "seen": 1}, format="json")
    stale = client.post(f"{API}/metrics/{metric.pk}/revise/", {"definition": "Late.", "seen": 1}, format="json")

    assert (revised.status_code, revised.json()["current"]["number"]) == (200, 2)
    assert revised.json()["current"]["target_rate"] is None
    assert revised.json()["current"]["judge"]["number"] == 1
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_snapshot")


def test_token_that_only_reads_changes_nothing() -> None:
    row = factories.make_set()
    client = client_of(factories.make_owner(row.system), ability=Ability.READ)

    assert client.get(f"{API}/measurement-sets/{row.pk}/").status_code == 200
    assert client.post(f"{API}/measurement-sets/{row.pk}/import/", upload(b"x\n", "a.txt"), format="multipart").status_code == 403
    assert client.post(f"{API}/metrics/", metric_body(row.system), format="json").status_code == 403


def test_prompts_are_kept_as_they_were_written() -> None:
    row = factories.make_set()
    client = client_of(factories.make_owner(row.system))
    hostile = ["{{settings.SECRET_KEY}}", "{0.__class__}", "%(x)s", "${7*7}", "=HYPERLINK(1)", "<script>alert(1)</script>", "' or 1=1 --", "  two  spaces "]
    content = "\n".join(json.dumps({"input": text}) for text in hostile).encode()

    client.post(f"{API}/measurement-sets/{row.pk}/import/", upload(content, format="jsonl"), format="multipart")

    kept = client.get(f"{API}/cases/?version={MeasurementSetVersion.objects.get().pk}").json()["results"]
    assert [case["input"][0]["content"] for case in kept] == hostile
