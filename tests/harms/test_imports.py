"""Files of harms on their way onto a register."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harms import actions, selectors
from harms.imports import read_file
from harms.models import Harm, HarmCategory, HarmUpload, HarmUploadPart
from raiportal import exports
from raiportal.audit.models import Entry
from raiportal.errors import Invalid, WrongState
from systems.models import AISystem, IntendedUse
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db
HEAD = "title,category,origin,owner,uses,inherent_severity,inherent_frequency"


@pytest.fixture
def system() -> AISystem:
    return make_system(name="Note summariser")


@pytest.fixture
def owner(system: AISystem) -> Client:
    client = Client()
    client.force_login(system.owner)
    return client


def use_of(system: AISystem, number: int = 1) -> IntendedUse:
    return IntendedUse.objects.create(system=system, number=number, title="Discharge", created_by=system.owner)


def read(system: AISystem, text: str, format: str = "csv") -> dict[str, Any]:
    return actions.preview_import(system=system, content=text.encode(), format=format, actor=system.owner).as_json()


def exported(system: AISystem, format: str) -> str:
    register = selectors.register_of(system)
    rows = selectors.exported(register, register.rows(), selectors.SORTS["id"])
    return "".join(exports.csv_lines(selectors.EXPORTED, rows) if format == "csv" else exports.json_lines(rows))


@pytest.mark.parametrize("format", ["csv", "json"])
def test_own_export_comes_in_unchanged(system: AISystem, format: str) -> None:
    use = use_of(system)
    make_harm(system, title="=cmd()", description="Line one\n'+two", assessed=(4, 3), owner=system.owner, uses=[use])
    harm = make_harm(system, title="'quoted'", description="ünïcode, “quotes” ; and\ttabs", library_entry="sycophancy")
    actions.assess_harm(harm_id=harm.pk, severity=5, frequency=2, rationale="There.", intended_use=use, actor=system.owner)
    text = exported(system, format)
    again = read(system, text, format)
    other = make_system(name="Another")
    use_of(other)
    file = text.replace(system.slug, other.slug)

    actions.import_harms(system=other, content=file.encode(), file_name="x", format=format, actor=other.owner)

    assert (again["accepted"], again["duplicates"], again["rejected"]) == (0, 2, [])
    compared = (*selectors.IMPORTED, "state", "priority", "severity", "frequency", "inherent_score")
    first, second = (json.loads(exported(which, "json")) for which in (system, other))
    for before, after in zip(first, second, strict=True):
        rationale = ("rationale",) if not before["rationale"] else ()
        assert {name: before[name] for name in compared if name not in rationale} == {name: after[name] for name in compared if name not in rationale}


letters = st.characters(codec="utf-8", categories=("L", "N", "P", "S"), include_characters=" ")
texts = st.text(st.one_of(letters, st.sampled_from("\n\t")), max_size=60)
titles = st.text(letters, min_size=1, max_size=60).map(lambda said: f"Says {said}")
harms_in_a_file = st.lists(
    st.tuples(titles, texts, st.one_of(st.none(), st.tuples(st.integers(1, 5), st.integers(1, 5)))),
    min_size=1,
    max_size=4,
    unique_by=lambda harm: " ".join(harm[0].split()).casefold(),
)


@pytest.mark.parametrize("format", ["csv", "json"])
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(harms=harms_in_a_file)
def test_whatever_harms_say_their_file_brings_the_same_register(format: str, harms: list[tuple[str, str, tuple[int, int] | None]]) -> None:
    system, other = make_system(), make_system()
    for title, description, levels in harms:
        made = actions.propose_harm(
            system=system,
            title=" ".join(title.split())[:160],
            description=description,
            category=HarmCategory.objects.get(slug="bias"),
            origin="model",
            actor=system.owner,
        )
        if levels:
            severity, frequency = levels
            actions.assess_harm(harm_id=made.pk, severity=severity, frequency=frequency, rationale="Seen.", actor=system.owner)
    actions.import_harms(
        system=other, content=exported(system, format).replace(system.slug, other.slug).encode(), file_name="x", format=format, actor=other.owner
    )
    first, second = (json.loads(exported(which, "json")) for which in (system, other))
    compared = (*set(selectors.IMPORTED) - {"rationale"}, "state", "priority", "severity", "frequency", "inherent_score")
    assert [{name: row[name] for name in compared} for row in first] == [{name: row[name] for name in compared} for row in second]


def test_every_bad_row_is_told_with_its_line_and_reason(system: AISystem) -> None:
    make_harm(system, title="Leaked NOTE")
    text = "\n".join(
        [
            f"\ufeff{HEAD},colour",
            "Good,Confabulation,Model,,,4,3,red",
            "leaked note,bias,model,,,,,",
            '"Two\nlines",bias,model,,,,,',
            ",bias,model,,,,,",
            "A,unheard-of,model,,,,,",
            "B,bias,elsewhere,,,,,",
            "C,bias,model,nobody-here,,,,",
            "D,bias,model,,U-9,,,",
            "E,bias,model,,,6,3,",
            "F,bias,model,,,3,,",
            f"{'t' * 161},bias,model,,,,,",
            "GOOD,bias,model,,,,,",
            "too,many,cells,,,,,,,",
        ]
    )

    report = read(system, text)

    assert report["accepted"] == 2
    assert [row["row"] for row in report["duplicate_rows"]] == [3, 13 + 1]
    assert report["ignored_columns"] == ["colour"]
    reasons = {row["row"]: row["reason"] for row in report["rejected"]}
    assert sorted(reasons) == [6, 7, 8, 9, 10, 11, 12, 13, 15]
    assert reasons[6] == "The title is missing."
    assert "unheard-of" in reasons[7]
    assert "scenario" in reasons[8]
    assert "U-9" in reasons[10]
    assert "6" in reasons[11]
    assert "missing" in reasons[12]
    assert "161" in reasons[13]
    assert "10 cells" in reasons[15]


@pytest.mark.parametrize(
    ("content", "format", "words"),
    [
        (b"title,category,origin\n", "csv", "no harm"),
        (b"title,title,category,origin\na,b,c,d", "csv", "twice"),
        (b"PK\x03\x04rest", "csv", "spreadsheet"),
        ("title".encode("utf-16"), "csv", "UTF-16"),
        (b"title,category,origin\n\xff\xfe,b,c", "csv", "byte 22"),
        (b"title,category,origin\n\0,b,c", "csv", "NUL"),
        (b'title,category,origin\n"open,b,c', "csv", "Line 2"),
        (b"{", "json", "JSON at line 1"),
        (b'{"other": []}', "json", "no list"),
        (b"[" * 100_000, "json", "JSON"),
        (b"[]", "json", "no harm"),
        (b"", "csv", "The file is empty"),
        (b"\xef\xbb\xbf \r\n", "csv", "The file is empty"),
        (b"\n", "json", "The file is empty"),
    ],
)
def test_unusable_file_is_refused_in_words(system: AISystem, content: bytes, format: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        actions.preview_import(system=system, content=content, format=format, actor=system.owner)

    assert refused.value.field == "file"


def test_json_rows_that_are_no_objects_are_rejected_alone(system: AISystem) -> None:
    report = read(system, json.dumps([7, {"title": "A", "category": "bias", "origin": "model", "inherent_severity": 4, "inherent_frequency": 2}]), "json")

    assert (report["accepted"], report["rejected"]) == (1, [{"row": 1, "reason": "It is no object."}])


@pytest.mark.parametrize("unreal", ["NaN", "-Infinity", "1e999", "[NaN]", '{"deep": Infinity}'])
def test_json_rows_with_a_number_that_is_none_are_rejected_alone(system: AISystem, unreal: str) -> None:
    report = read(system, f'[{{"title": {unreal}, "category": "bias", "origin": "model"}}, {{"title": "A", "category": "bias", "origin": "model"}}]', "json")

    assert (report["accepted"], report["rejected"]) == (1, [{"row": 1, "reason": "It holds a number that is not finite."}])


@pytest.mark.parametrize("odd", ["a\0b", "half \ud800"])
def test_what_postgresql_cannot_hold_is_reported_with_its_place_taken(owner: Client, system: AISystem, odd: str) -> None:
    rows = [{odd: 1, "title": "A", "category": odd, "origin": "model"}, {"title": "B", "category": "bias", "origin": "model", "owner": odd}]
    file = io.BytesIO(json.dumps(rows).encode())
    file.name = "odd.json"

    answer = owner.post(reverse("harm-import", args=[system.pk]), {"file": file, "format": "json"})

    upload = HarmUpload.objects.get()
    assert answer.headers["Location"] == reverse("harm-upload", args=[upload.pk])
    assert [row["row"] for row in upload.report["rejected"]] == [1, 2]
    assert all("\N{REPLACEMENT CHARACTER}" in words for words in (*upload.report["ignored_columns"], *(row["reason"] for row in upload.report["rejected"])))


def test_file_is_looked_at_before_it_is_stored(owner: Client, system: AISystem) -> None:
    file = io.BytesIO(b"title;category;origin;inherent_severity;inherent_frequency\nInvented dose;confabulation;model;4;4\nx;nothing;model;;\n")
    file.name = "../harms.csv"
    sent = owner.post(reverse("harm-import", args=[system.pk]), {"file": file, "format": ""})
    upload = HarmUpload.objects.get()
    page = owner.get(sent.url)

    assert (Harm.objects.count(), upload.file_name, upload.format) == (0, "harms.csv", "csv")
    assert "1 new harm" in page.content.decode()
    assert "There is no category “nothing”." in page.content.decode()

    owner.post(reverse("harm-upload-confirm", args=[upload.pk]))

    harm = Harm.objects.get()
    assert (harm.title, harm.state, harm.priority, harm.created_by) == ("Invented dose", "assessed", 16, system.owner)
    assert HarmUploadPart.objects.count() == 0
    assert Entry.objects.about("harms.harm", harm.pk).get().action == "harms.harm_imported"
    assert b"nothing" in b"".join(owner.get(reverse("harm-upload-rejected", args=[upload.pk])))
    with pytest.raises(WrongState):
        actions.confirm_upload(upload_id=upload.pk, actor=system.owner)
    with pytest.raises(WrongState):
        actions.discard_upload(upload_id=upload.pk, actor=system.owner)


def test_same_file_again_brings_nothing(system: AISystem) -> None:
    content = b"title,category,origin\nLeaked note,bias,model\n"

    for _ in range(2):
        actions.import_harms(system=system, content=content, file_name="x.csv", format="csv", actor=system.owner)

    assert Harm.objects.count() == 1


def test_discarded_upload_leaves_no_bytes(owner: Client, system: AISystem) -> None:
    upload = actions.preview_upload(system=system, content=b"title,category,origin\nA,bias,model\n", file_name="a.csv", format="csv", actor=system.owner)

    owner.post(reverse("harm-upload-discard", args=[upload.pk]))

    assert (HarmUploadPart.objects.count(), Harm.objects.count()) == (0, 0)
    assert actions.drop_old_uploads(actor=system.owner.system()) == 0
    HarmUpload.objects.update(created_at="2020-01-01T00:00:00Z")
    assert actions.drop_old_uploads(actor=system.owner.system()) == 1


def test_template_is_a_file_that_an_import_reads(owner: Client, system: AISystem) -> None:
    for format in ("csv", "json"):
        template = b"".join(owner.get(reverse("harm-import-template", args=[system.pk, format])))
        assert read(system, template.decode(), format)["accepted"] == 1


def test_thousand_rows_take_few_statements(system: AISystem, django_assert_max_num_queries: Any) -> None:
    rows = "\n".join(f"Harm {number},bias,model,4,3" for number in range(1_000))
    content = f"title,category,origin,inherent_severity,inherent_frequency\n{rows}".encode()

    with django_assert_max_num_queries(40):
        actions.import_harms(system=system, content=content, file_name="x.csv", format="csv", actor=system.owner)

    assert Harm.objects.filter(priority=12).count() == 1_000
    assert Entry.objects.filter(action="harms.harm_imported").count() == 1_000


def test_a_cell_beyond_the_limit_is_named_and_the_process_keeps_its_own_limit() -> None:
    before = csv.field_size_limit(5_000_000)  # as an import of measurements leaves it
    try:
        with pytest.raises(Invalid, match="100,000 characters"):
            read_file(f"title,category,origin\n{'x' * 100_001},bias,model\n".encode(), "csv")
        assert csv.field_size_limit() == 5_000_000
    finally:
        csv.field_size_limit(before)
