"""The pages of sets: a file is looked at before it counts, and prompts stay hidden until asked for."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from measurements.models import Case, MeasurementSet, MeasurementSetVersion, Run, SetUpload
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from tests.factories import measurements as factories
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db
HX = {"HX-Request": "true"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, measurement_set: MeasurementSet, content: bytes, name: str = "cases.jsonl", format: str = "") -> Any:
    file = SimpleUploadedFile(name, content)
    return client.post(reverse("set-import", args=[measurement_set.pk]), {"format": format, "file": file})


# --- Sets ---
def test_set_is_added_from_the_form_and_leads_to_the_import() -> None:
    system = make_system()
    harm, client = make_harm(system), signed_in(factories.make_owner(system))

    page = client.get(reverse("set-add", args=[system.pk]), {"harm": harm.pk})
    answer = client.post(reverse("set-add", args=[system.pk]), {"name": "Jailbreaks", "description": "", "sampling": "benign", "harms": [harm.pk]})

    added = MeasurementSet.objects.get()
    assert harm.title in page.content.decode()
    assert "checked" in page.content.decode().split(harm.title)[0].rsplit("<label", 1)[1]
    assert answer.url == reverse("set-import", args=[added.pk])
    assert (added.name, added.sampling, list(added.harms.all())) == ("Jailbreaks", "benign", [harm])


@pytest.mark.parametrize("changed", [{"name": ""}, {"sampling": "some"}, {"name": "Taken"}])
def test_refused_form_comes_back_with_what_was_typed(changed: dict[str, str]) -> None:
    system = make_system()
    factories.make_set(system, name="Taken")
    client = signed_in(factories.make_owner(system))

    answer = client.post(reverse("set-add", args=[system.pk]), {"name": "Typed", "description": "Kept words", "sampling": "benign", **changed})

    assert answer.status_code == 422
    assert "There is a problem" in answer.content.decode()
    assert "Kept words" in answer.content.decode()
    assert MeasurementSet.objects.count() == 1


def test_form_does_not_take_a_harm_of_another_system() -> None:
    system = make_system()
    make_harm(system)
    theirs = make_harm(make_system())

    answer = signed_in(factories.make_owner(system)).post(reverse("set-add", args=[system.pk]), {"name": "Mine", "sampling": "benign", "harms": [theirs.pk]})

    assert answer.status_code == 422
    assert not MeasurementSet.objects.exists()


def test_set_is_edited() -> None:
    row = factories.make_set(name="Old", sampling="targeted")
    client = signed_in(factories.make_owner(row.system))

    assert "Old" in client.get(reverse("set-edit", args=[row.pk])).content.decode()
    answer = client.post(reverse("set-edit", args=[row.pk]), {"name": "New", "description": "Said.", "sampling": "targeted"})

    row.refresh_from_db()
    assert (answer.status_code, row.name, row.description) == (302, "New", "Said.")


def test_list_says_what_to_do_when_it_is_empty() -> None:
    system = make_system()

    to_owner = signed_in(factories.make_owner(system)).get(reverse("set-list", args=[system.pk])).content.decode()
    to_viewer = signed_in(make_user(Role.VIEWER, scope=system.scope)).get(reverse("set-list", args=[system.pk])).content.decode()

    assert reverse("set-add", args=[system.pk]) in to_owner
    assert reverse("set-add", args=[system.pk]) not in to_viewer


def test_list_filters_sorts_and_exports_with_formulas_disarmed() -> None:
    system = make_system()
    factories.make_set(system, name="Benign talk", sampling="benign")
    factories.make_set(system, name="=cmd()", sampling="targeted", cases=["one", "two"])
    client, address = signed_in(make_user(Role.AUDITOR)), reverse("set-list", args=[system.pk])

    found = client.get(address, {"q": "benign"}).content.decode()
    none = client.get(address, {"q": "nothing like it"}).content.decode()
    backwards = client.get(address, {"sort": "-name"}).content.decode()
    exported = b"".join(client.get(address, {"export": "csv"}).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    as_json = json.loads(b"".join(client.get(address, {"export": "json", "sampling": "benign"}).streaming_content))  # type: ignore[attr-defined]

    assert "Benign talk" in found
    assert "=cmd()" not in found
    assert "No set fits" in none
    assert backwards.index("Benign talk") < backwards.index("=cmd()")
    assert [(row["name"], row["cases"]) for row in csv.DictReader(io.StringIO(exported))] == [("'=cmd()", "2"), ("Benign talk", "")]
    assert [row["name"] for row in as_json] == ["Benign talk"]
    assert client.get(address, {"export": "exe"}).status_code == 422
    assert client.get(address, {"cursor": "broken"}).status_code == 422


# --- Upload ---
def test_upload_is_looked_at_then_confirmed() -> None:
    row = factories.make_set(cases=["one"])
    client = signed_in(factories.make_owner(row.system))

    sent = send(client, row, b'{"input": "one"}\n{"input": "two", "stratum": "new stratum", "note": 1}\n{"input": ""}\n')
    looked = client.get(sent.url).content.decode()

    upload = SetUpload.objects.get()
    assert sent.url == reverse("upload", args=[upload.pk])
    for words in ("1 new case in cases.jsonl", "new stratum", "is empty.", "note", "Import 1 case"):
        assert words in looked
    assert Case.objects.count() == 1

    confirmed = client.post(reverse("upload-confirm", args=[upload.pk]))
    version = MeasurementSetVersion.objects.get(number=2)
    assert confirmed.url == reverse("set-version", args=[version.pk])
    assert client.get(reverse("upload", args=[upload.pk])).url == confirmed.url
    assert client.post(reverse("upload-confirm", args=[upload.pk])).status_code == 409


SCORES = b"# harm_definition=violence.yaml\nobjective,assistant_response,human_score_1,note\nhow,very hostile words,0.5,n\nhow,no,0,\n"


def test_upload_with_answers_tells_of_them_and_leads_to_their_run() -> None:
    row = factories.make_set()
    client = signed_in(factories.make_owner(row.system))

    sent = send(client, row, SCORES, "scores.csv")
    looked = client.get(sent.url).content.decode()
    confirmed = client.post(reverse("upload-confirm", args=[SetUpload.objects.get().pk]), follow=True)
    again = client.get(send(client, row, SCORES, "scores.csv").url).content.decode()

    run = Run.objects.get()
    for words in ("2 answers and 1 new case in scores.csv", "Import 2 answers", "human_score_1 of scores.csv", "What has no place here"):
        assert words in looked
    assert "hostile" not in looked
    assert confirmed.redirect_chain[0][0] == reverse("run", args=[run.pk])
    assert "has become this run of 2 answers" in confirmed.content.decode()
    assert client.get(sent.url).url == reverse("run", args=[run.pk])
    assert "Nothing new in scores.csv" in again
    assert f'href="{reverse("run", args=[run.pk])}"' in again
    assert "Import 2 answers" not in again


def test_import_page_names_the_tools_whose_files_it_reads() -> None:
    row = factories.make_set()

    page = signed_in(factories.make_owner(row.system)).get(reverse("set-import", args=[row.pk])).content.decode()

    for words in ("garak: prompt file or report", "PyRIT: seed prompts or scorer evaluation", "promptfoo: tests or results", "a failed call never does"):
        assert words in page


def test_discarded_upload_is_gone() -> None:
    row = factories.make_set()
    client = signed_in(factories.make_owner(row.system))
    send(client, row, b"one\n", "list.txt")
    upload = SetUpload.objects.get()

    discarded = client.post(reverse("upload-discard", args=[upload.pk]))

    assert discarded.url == reverse("set", args=[row.pk])
    assert "Discarded" in client.get(reverse("upload", args=[upload.pk])).content.decode()
    assert not Case.objects.exists()


def test_upload_hides_its_texts_until_asked_and_records_the_asking() -> None:
    row = factories.make_set()
    client = signed_in(factories.make_owner(row.system))
    send(client, row, b'{"input": "<script>alert(1)</script> hostile"}\n')
    upload = SetUpload.objects.get()

    hidden = client.get(reverse("upload", args=[upload.pk])).content.decode()
    shown = client.post(reverse("upload-show", args=[upload.pk])).content.decode()
    fragment = client.post(reverse("upload-show", args=[upload.pk]), headers=HX).content.decode()

    assert "hostile" not in hidden
    assert "&lt;script&gt;alert(1)&lt;/script&gt; hostile" in shown
    assert "<script>alert" not in shown
    assert fragment.lstrip().startswith('<section class="section" id="upload-sample"')
    assert fragment.strip() in shown
    assert Entry.objects.filter(action="measurements.upload_read", subject_id=upload.pk).count() == 2


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"prompt\nx\n", "no column"),
        ("a.txt", b"", "no rows"),
        ("a.xlsx", b"PK\x03\x04" + b"\0" * 50, "a ZIP archive or a spreadsheet"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "PNG image"),
    ],
)
def test_unusable_file_comes_back_on_the_form(name: str, content: bytes, words: str) -> None:
    row = factories.make_set()

    answer = send(signed_in(factories.make_owner(row.system)), row, content, name)

    assert answer.status_code == 422
    assert words in answer.content.decode().replace("&quot;", '"')
    assert not SetUpload.objects.exists()


def test_form_without_a_file_and_file_over_the_limit_come_back_in_words(settings: Any) -> None:
    row = factories.make_set()
    client = signed_in(factories.make_owner(row.system))
    settings.UPLOAD_MAX_BYTES = 1024 * 1024

    missing = client.post(reverse("set-import", args=[row.pk]), {"format": ""})
    large = send(client, row, b"x" * (1024 * 1024 + 1), "a.txt")

    assert (missing.status_code, large.status_code) == (422, 422)
    assert "Choose a file." in missing.content.decode()
    assert "larger than 1 MB" in large.content.decode()


def test_chosen_format_overrules_the_guess() -> None:
    row = factories.make_set()

    send(signed_in(factories.make_owner(row.system)), row, b'{"input": "one"}\n', "a.jsonl", format="prompts")

    assert SetUpload.objects.get().format == "prompts"


def test_all_rejected_rows_can_be_downloaded() -> None:
    row = factories.make_set()
    client = signed_in(factories.make_owner(row.system))
    send(client, row, b"\n".join(b'{"input": 1}' for _ in range(150)))
    upload = SetUpload.objects.get()

    page = client.get(reverse("upload", args=[upload.pk])).content.decode()
    download = client.get(reverse("upload-rejected", args=[upload.pk]))
    rows = list(csv.DictReader(io.StringIO(b"".join(download.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]

    assert "the first 100 of 150" in page
    assert download["Content-Disposition"] == f'attachment; filename="rejected-rows-{upload.pk}.csv"'
    assert [row["row"] for row in rows] == [str(number) for number in range(1, 151)]


# --- Cases ---
def test_prompts_are_shown_when_asked_and_until_hidden() -> None:
    version = factories.make_version(cases=[{"input": "very hostile words", "expectation": "Refuses."}])
    client = signed_in(make_user(Role.VIEWER, scope=version.measurement_set.system.scope))
    address = reverse("set-version", args=[version.pk])

    before = client.get(address).content.decode()
    asked = client.post(reverse("set-version-show", args=[version.pk]) + "?stratum=%28none%29")
    shown = client.get(asked.url).content.decode()
    client.post(reverse("set-version-hide", args=[version.pk]))
    after = client.get(address).content.decode()

    assert asked.url == f"{address}?stratum=%28none%29"
    assert "very hostile words" in shown
    assert "Refuses." in shown
    for hidden in (before, after):
        assert "hostile" not in hidden
        assert "Refuses." not in hidden
    assert Entry.objects.filter(action="measurements.prompts_read").count() == 1


def test_cases_filter_by_what_they_are_and_say() -> None:
    harm_system = make_system()
    harm = make_harm(harm_system)
    cases = [
        {"input": 'says "quoted" thing', "id": "case-a", "stratum": "s/1", "language": "de", "harm": harm.code},
        {"input": "role user content", "id": "case-b", "language": "en"},
        {"input": "third", "id": "case-c", "stratum": "s/1"},
    ]
    version = factories.make_version(harm_system, cases=cases)
    client, address = signed_in(factories.make_owner(harm_system)), reverse("set-version", args=[version.pk])

    def found(**asked: str) -> list[str]:
        page = client.get(address, asked).content.decode()
        return [name for name in ("case-a", "case-b", "case-c") if name in page]

    assert found() == ["case-a", "case-b", "case-c"]
    assert found(stratum="s/1") == ["case-a", "case-c"]
    assert found(stratum="(none)") == ["case-b"]
    assert found(language="de") == ["case-a"]
    assert found(harm=str(harm.pk)) == ["case-a"]
    assert found(q='"QUOTED"') == ["case-a"]
    assert found(q="role") == ["case-b"]
    assert found(q="case-c") == ["case-c"]
    assert found(q="100%_") == []


def test_cases_page_both_ways() -> None:
    version = factories.make_version(cases=[{"input": f"x{number}", "id": f"case-{number:03d}"} for number in range(120)])
    client, address = signed_in(factories.make_owner(version.measurement_set.system)), reverse("set-version", args=[version.pk])

    first = client.get(address)
    second = client.get(address + first.context["pager"].next_url)
    back = client.get(address + second.context["pager"].previous_url)

    assert "50 of 120 shown" in first.content.decode()
    assert "case-050" in second.content.decode()
    assert [line.case.position for line in back.context["lines"]] == list(range(50))


def test_export_is_recorded_and_can_be_imported_again() -> None:
    system = make_system()
    harm = make_harm(system)
    cases = [{"input": "=1+1", "id": "a", "harm": harm.code}, {"input": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]}]
    version = factories.make_version(system, cases=cases)
    client = signed_in(factories.make_owner(system))

    answer = client.post(reverse("set-version-export", args=[version.pk]), {"format": "json"})
    rows = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    as_csv = b"".join(client.post(reverse("set-version-export", args=[version.pk]), {"format": "csv"}).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]

    copy = factories.add_cases(factories.make_set(system), rows)
    assert copy.digest == version.digest
    assert next(csv.DictReader(io.StringIO(as_csv)))["input"] == "'=1+1"
    assert Entry.objects.filter(action="measurements.prompts_read").count() == 2


# --- Rights, and what pages cost ---
@pytest.mark.parametrize(
    "name",
    [
        "set",
        "set-edit",
        "set-import",
        "set-version",
        "upload",
        "upload-show",
        "upload-confirm",
        "upload-discard",
        "upload-rejected",
        "set-version-show",
        "set-version-export",
    ],
)
def test_pages_of_another_system_are_not_there(name: str) -> None:
    row = factories.make_set(cases=["one"])
    send(signed_in(factories.make_owner(row.system)), row, b"two\n", "a.txt")
    pk = {"set": row.pk, "upload": SetUpload.objects.get().pk}.get(name.split("-")[0])
    pk = MeasurementSetVersion.objects.get().pk if name.startswith("set-version") else pk
    stranger = signed_in(factories.make_owner(make_system()))
    method = stranger.post if name.endswith(("show", "confirm", "discard", "export")) else stranger.get

    assert method(reverse(name, args=[pk])).status_code == 404


def test_viewer_reads_and_changes_nothing() -> None:
    row = factories.make_set(cases=["one"])
    send(signed_in(factories.make_owner(row.system)), row, b"two\n", "a.txt")
    upload, version = SetUpload.objects.get(), MeasurementSetVersion.objects.get()
    viewer = signed_in(make_user(Role.VIEWER, scope=row.system.scope))

    for name, pk in (("set", row.pk), ("set-version", version.pk), ("upload", upload.pk)):
        assert viewer.get(reverse(name, args=[pk])).status_code == 200
    for name, pk in (("set-edit", row.pk), ("set-import", row.pk), ("set-add", row.system_id)):
        assert viewer.get(reverse(name, args=[pk])).status_code == 403
        assert viewer.post(reverse(name, args=[pk])).status_code == 403
    for name in ("upload-confirm", "upload-discard"):
        assert viewer.post(reverse(name, args=[upload.pk])).status_code == 403
    assert Case.objects.count() == 1


@pytest.mark.parametrize("page", ["set-list", "set", "set-version"])
def test_pages_cost_the_same_for_3_and_for_30_rows(page: str) -> None:
    system = make_system()
    row = factories.make_set(system, cases=["one"], harms=[make_harm(system)])
    client = signed_in(factories.make_owner(system))

    def address() -> str:
        newest = MeasurementSetVersion.objects.filter(measurement_set=row).order_by("-number")[0]
        return reverse(page, args=[{"set-list": system.pk, "set": row.pk, "set-version": newest.pk}[page]])

    def grow(start: int, count: int) -> None:
        for number in range(start, start + count):
            harm = make_harm(system)
            factories.make_set(system, cases=["one"], harms=[harm])
            factories.add_cases(row, [{"input": f"case {number}", "stratum": f"s{number}", "harm": harm.code}])

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address()).status_code == 200
        return len(captured)

    grow(0, 3)
    client.get(address())
    few = queries()
    grow(3, 9)

    assert queries() == few
