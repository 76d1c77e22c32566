"""Sets and imports: nothing before it is confirmed, nothing twice, every rejected row with its reason."""

from __future__ import annotations

import datetime
import io
import json
import threading
import time
import tracemalloc

import pytest
from django.db import DatabaseError, connection, connections, transaction

from measurements.actions import sets
from measurements.actions.cases import cases_digest
from measurements.enums import UploadState
from measurements.models import Case, MeasurementSet, MeasurementSetVersion, SetUpload, SetUploadPart
from measurements.selectors import reading
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.errors import Invalid, Missing, PolicyDenied, WrongState
from tests.factories import measurements as factories
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


def prompts(*lines: str) -> io.BytesIO:
    return io.BytesIO("\n".join(lines).encode())


def import_prompts(measurement_set: MeasurementSet, *lines: str, actor: User) -> sets.ImportResult:
    return sets.import_cases(set_id=measurement_set.pk, file=prompts(*lines), file_name="list.txt", format="prompts", actor=actor)


def preview(measurement_set: MeasurementSet, *lines: str, actor: User) -> SetUpload:
    return sets.preview_upload(set_id=measurement_set.pk, file=prompts(*lines), file_name="list.txt", format="prompts", actor=actor)


# --- Sets ---
def test_set_keeps_what_it_was_given_and_is_recorded() -> None:
    system = make_system()
    owner, harm = factories.make_owner(system), make_harm(system)

    added = sets.add_set(system=system, name=" Jailbreaks ", description="From the field.", sampling="targeted", harms=[harm], actor=owner)

    assert (added.name, added.description, list(added.harms.all())) == ("Jailbreaks", "From the field.", [harm])
    entry = Entry.objects.get(action="measurements.set_added")
    assert (entry.subject_id, entry.actor, entry.scope_id) == (added.pk, owner, system.pk)


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"name": "  "}, "name"), ({"name": "n" * 121}, "name"), ({"sampling": "random"}, "sampling")],
)
def test_set_refuses_what_is_no_set(changed: dict[str, str], field: str) -> None:
    system = make_system()
    said = {"name": "Jailbreaks", "sampling": "targeted", **changed}

    with pytest.raises(Invalid) as refusal:
        sets.add_set(system=system, actor=factories.make_owner(system), **said)

    assert refusal.value.field == field
    assert not MeasurementSet.objects.exists()


def test_set_refuses_a_harm_of_another_system() -> None:
    system, elsewhere = make_system(), make_system()

    with pytest.raises(Invalid) as refusal:
        sets.add_set(system=system, name="Jailbreaks", harms=[make_harm(elsewhere)], actor=factories.make_owner(system))

    assert refusal.value.field == "harms"


def test_name_is_taken_once_for_each_system() -> None:
    taken = factories.make_set(name="Jailbreaks")
    factories.make_set(name="Jailbreaks")  # elsewhere

    with pytest.raises(Invalid, match="already"):
        sets.add_set(system=taken.system, name="Jailbreaks", actor=factories.make_owner(taken.system))

    other = factories.make_set(taken.system)
    with pytest.raises(Invalid, match="already"):
        sets.edit_set(set_id=other.pk, name="Jailbreaks", description="", sampling="benign", harms=[], actor=factories.make_owner(taken.system))


def test_edit_records_what_changed_and_nothing_else() -> None:
    row = factories.make_set(name="Old", harms=[])
    harm, owner = make_harm(row.system), factories.make_owner(row.system)

    edited = sets.edit_set(set_id=row.pk, name="New", description="", sampling=row.sampling, harms=[harm], actor=owner)

    assert (edited.name, list(edited.harms.all())) == ("New", [harm])
    assert Entry.objects.get(action="measurements.set_edited").payload.body["changes"] == {"name": ["Old", "New"]}
    assert Entry.objects.get(action="measurements.set_harms_changed").payload.body["changes"] == {"harms": [[], [harm.pk]]}


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.AUDITOR])
def test_only_those_who_act_in_the_system_add_sets_and_import(role: Role | None) -> None:
    row = factories.make_set()
    person = make_user(*([role] if role == Role.AUDITOR else []))
    if role == Role.VIEWER:
        person = make_user(role, scope=row.system.scope)

    for act in (
        lambda: sets.add_set(system=row.system, name="Mine", actor=person),
        lambda: sets.edit_set(set_id=row.pk, name="Mine", description="", sampling="benign", harms=[], actor=person),
        lambda: import_prompts(row, "one", actor=person),
        lambda: preview(row, "one", actor=person),
    ):
        with pytest.raises(PolicyDenied):
            act()
    assert not Case.objects.exists()
    assert not SetUpload.objects.exists()


# --- Importing ---
def test_first_import_makes_the_first_version() -> None:
    row = factories.make_set()
    harm, owner = make_harm(row.system, title="Poisoning"), factories.make_owner(row.system)
    lines = [
        {"input": "Hello", "id": "a-1", "stratum": "greeting", "harm": harm.code, "expectation": "Says hello.", "language": "en", "source": "our own"},
        {"input": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "=1+1 {{settings.SECRET_KEY}}"}]},
    ]

    result = sets.import_cases(set_id=row.pk, file=factories.jsonl(lines), file_name="../../etc/cases.jsonl", format="jsonl", actor=owner)

    version = result.version
    assert version is not None
    assert (version.number, version.case_count, version.added_count, version.file_name) == (1, 2, 2, "cases.jsonl")
    first, second = Case.objects.filter(version=version).order_by("position")
    assert (first.position, first.external_id, first.stratum, first.harm, first.language, first.source) == (0, "a-1", "greeting", harm, "en", "our own")
    assert first.expectation == "Says hello."
    assert first.messages == [{"role": "user", "content": "Hello"}]
    assert (second.position, second.messages) == (1, lines[1]["input"])
    assert version.digest == cases_digest([second.key, first.key])
    assert version.mix["strata"] == {"different": 2, "largest": [["greeting", 1], ["", 1]]}
    assert version.mix["harms"] == {"different": 2, "largest": [[harm.pk, 1], ["", 1]]}
    entry = Entry.objects.get(action="measurements.cases_imported")
    assert entry.payload.body["details"]["accepted"] == 2
    assert "Hello" not in json.dumps(entry.payload.body)


def test_next_version_holds_the_earlier_cases_and_the_new_ones() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    first = import_prompts(row, "one", "two", actor=owner).version

    result = import_prompts(row, "two", "three", "three", actor=owner)

    second = result.version
    assert first is not None
    assert second is not None
    assert (second.number, second.case_count, second.added_count) == (2, 3, 1)
    assert (result.report.accepted, result.report.already_there, result.report.repeated) == (1, 1, 1)
    texts = Case.objects.filter(version=second).order_by("position").values_list("messages__0__content", flat=True)
    assert list(texts) == ["one", "two", "three"]
    assert Case.objects.filter(version=first).count() == 2
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
        MeasurementSetVersion.objects.filter(pk=first.pk).update(case_count=5)


def test_same_file_again_brings_nothing_and_makes_no_version() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    first = import_prompts(row, "one", "two", actor=owner)

    again = import_prompts(row, "one", "two", actor=owner)

    assert again.version == first.version
    assert (again.report.accepted, again.report.duplicates) == (0, 2)
    assert MeasurementSetVersion.objects.count() == 1


def test_file_without_a_case_gives_an_empty_set_no_version() -> None:
    row = factories.make_set()
    file = io.BytesIO(b'{"input": ""}\n')

    result = sets.import_cases(set_id=row.pk, file=file, file_name="x.jsonl", format="jsonl", actor=factories.make_owner(row.system))

    assert result.version is None
    assert [row.reason for row in result.report.rejected] == ['"input" is empty.']


def test_unusable_file_changes_nothing() -> None:
    row = factories.make_set(cases=["one"])

    with pytest.raises(Invalid, match='no column "input"'):
        sets.import_cases(set_id=row.pk, file=io.BytesIO(b"prompt\nx\n"), file_name="x.csv", format="csv", actor=factories.make_owner(row.system))

    assert MeasurementSetVersion.objects.count() == 1


def test_file_that_turns_out_unusable_after_the_first_batch_changes_nothing(monkeypatch: pytest.MonkeyPatch, settings) -> None:
    row = factories.make_set(cases=["one"])
    monkeypatch.setattr("measurements.actions.cases.BATCH_CASES", 2)
    settings.UPLOAD_MAX_BYTES = 300_000
    lines = [f"prompt {number} {'x' * 1_000}" for number in range(400)]

    with pytest.raises(Invalid, match="larger than"):
        import_prompts(row, *lines, actor=factories.make_owner(row.system))

    assert MeasurementSetVersion.objects.count() == 1
    assert Case.objects.count() == 1


def test_harm_is_found_by_code_id_and_title_of_this_system_only() -> None:
    row = factories.make_set()
    harm, stranger = make_harm(row.system, title="Wrong dose"), make_harm(make_system(), title="Elsewhere")
    for _ in range(2):
        make_harm(row.system, title="Twice")
    named = [harm.code, harm.code.lower(), f"H-{harm.pk:06d}", str(harm.pk), " wrong DOSE ", stranger.code, "Elsewhere", "Twice", "H-0", "", "9" * 40]
    lines = [{"input": f"case {number}", "harm": name} for number, name in enumerate(named)]

    result = sets.import_cases(set_id=row.pk, file=factories.jsonl(lines), file_name="x.jsonl", format="jsonl", actor=factories.make_owner(row.system))

    assert list(Case.objects.order_by("position").values_list("harm", flat=True)) == [harm.pk] * 5 + [None] * 6
    assert result.report.rejected == []
    assert result.report.unknown_harms == {stranger.code: 1, "Elsewhere": 1, "Twice": 1, "H-0": 1, "9" * 40: 1}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\temp\\a.csv", "a.csv"),
        ("../../../etc/passwd", "passwd"),
        ("a\0b\u202ecsv.exe", "abcsv.exe"),
        ("n" * 300 + ".jsonl", "n" * 194 + ".jsonl"),
        ("", "file"),
        ("..", ".."),
    ],
)
def test_file_name_is_only_shown_and_made_fit_for_that(given: str, kept: str) -> None:
    assert sets.stored_file_name(given) == kept


# --- Upload, look, confirm ---
def test_preview_reports_and_leaves_the_set_as_it_is() -> None:
    row = factories.make_set(cases=["one"])

    upload = preview(row, "one", "two", "two", actor=factories.make_owner(row.system))

    report = upload.report
    assert (report["accepted"], report["already_there"], report["repeated"], report["rejected_count"]) == (1, 1, 1, 0)
    assert [case["messages"][0]["content"] for case in report["sample"]] == ["two"]
    assert Case.objects.count() == 1
    assert upload.state == UploadState.PREVIEWED


def test_confirmed_upload_becomes_the_next_version_once() -> None:
    row = factories.make_set(cases=["one"])
    owner = factories.make_owner(row.system)
    upload = preview(row, "one", "two", actor=owner)

    version = sets.confirm_upload(upload_id=upload.pk, actor=owner)

    assert version is not None
    assert (version.number, version.case_count, version.file_name, version.file_digest) == (2, 2, "list.txt", upload.file_digest)
    upload.refresh_from_db()
    assert (upload.state, upload.version) == (UploadState.CONFIRMED, version)
    with pytest.raises(WrongState):
        sets.confirm_upload(upload_id=upload.pk, actor=owner)
    with pytest.raises(WrongState):
        sets.discard_upload(upload_id=upload.pk, actor=owner)


def test_confirming_counts_anew_when_the_set_moved_on() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    upload = preview(row, "one", "two", actor=owner)
    import_prompts(row, "one", actor=owner)

    version = sets.confirm_upload(upload_id=upload.pk, actor=owner)

    upload.refresh_from_db()
    assert version is not None
    assert (version.number, version.added_count, upload.report["accepted"], upload.report["already_there"]) == (2, 1, 1, 1)


def test_discarded_upload_leaves_no_text_behind() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    upload = preview(row, "one", actor=owner)

    sets.discard_upload(upload_id=upload.pk, actor=owner)

    upload.refresh_from_db()
    assert (upload.state, upload.report["sample"], SetUploadPart.objects.count()) == (UploadState.DISCARDED, [], 0)
    with pytest.raises(WrongState):
        sets.confirm_upload(upload_id=upload.pk, actor=owner)
    assert not Case.objects.exists()


def test_upload_in_several_parts_reads_as_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "PART_BYTES", 7)
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    upload = preview(row, "first prompt", "second prompt – with dash", "third", actor=owner)

    version = sets.confirm_upload(upload_id=upload.pk, actor=owner)

    assert SetUploadPart.objects.count() > 3
    texts = Case.objects.filter(version=version).order_by("position").values_list("messages__0__content", flat=True)
    assert list(texts) == ["first prompt", "second prompt – with dash", "third"]


def test_all_rejected_rows_of_an_upload_can_be_read_again() -> None:
    row = factories.make_set()
    file = io.BytesIO(b"\n".join(b'{"input": 1}' for _ in range(250)))
    upload = sets.preview_upload(set_id=row.pk, file=file, file_name="x.jsonl", format="jsonl", actor=factories.make_owner(row.system))

    assert (upload.report["rejected_count"], len(upload.report["rejected"])) == (250, 100)
    assert [rejected.row for rejected in reading.rejected_rows(upload)] == list(range(1, 251))


def test_uploads_go_after_a_day_and_what_came_of_them_stays() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    confirmed, forgotten, fresh = preview(row, "one", actor=owner), preview(row, "two", actor=owner), preview(row, "three", actor=owner)
    sets.confirm_upload(upload_id=confirmed.pk, actor=owner)
    SetUpload.objects.exclude(pk=fresh.pk).update(created_at=fresh.created_at - datetime.timedelta(hours=25))

    dropped = sets.drop_old_uploads(actor=User.system())

    assert (dropped, list(SetUpload.objects.all())) == (2, [fresh])
    assert Case.objects.filter(version__measurement_set=row).count() == 1
    assert forgotten.pk not in SetUploadPart.objects.values_list("upload", flat=True)


def test_only_the_portal_itself_drops_uploads() -> None:
    with pytest.raises(PolicyDenied):
        sets.drop_old_uploads(actor=make_user(Role.ADMINISTRATOR))


def test_missing_set_is_missing() -> None:
    with pytest.raises(Missing):
        sets.preview_upload(set_id=999_999, file=prompts("x"), file_name="x", format="prompts", actor=make_user(Role.ADMINISTRATOR))


def test_asking_for_prompts_is_recorded() -> None:
    version = factories.make_version()
    viewer = make_user(Role.VIEWER, scope=version.measurement_set.system.scope)

    sets.open_prompts(version_id=version.pk, actor=viewer)

    entry = Entry.objects.get(action="measurements.prompts_read")
    assert (entry.actor, entry.subject_id) == (viewer, version.pk)


# --- At the same time, and at size ---
@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_make_two_versions_that_hold_all() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    start = threading.Barrier(2)

    def bring(*lines: str) -> None:
        try:
            start.wait()
            import_prompts(row, *lines, actor=owner)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=bring, args=(f"of {number}", "of both")) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    versions = MeasurementSetVersion.objects.order_by("number")
    assert [(version.number, version.case_count) for version in versions] == [(1, 2), (2, 3)]


def test_large_import_is_fast_and_flat_in_memory() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    lines = [f"prompt number {number}, {'words ' * 30}" for number in range(10_000)]
    import_prompts(row, *lines[:100], actor=owner)

    started = time.perf_counter()
    version = import_prompts(row, *lines, actor=owner).version
    rows_a_second = 10_000 / (time.perf_counter() - started)

    assert version is not None
    assert version.case_count == 10_000
    assert rows_a_second > 1_500


def test_memory_of_an_import_grows_by_keys_only() -> None:
    def peak(rows: int) -> int:
        row = factories.make_set()
        owner = factories.make_owner(row.system)
        file = prompts(*(f"{number} {'x' * 2_000}" for number in range(rows)))
        tracemalloc.start()
        sets.import_cases(set_id=row.pk, file=file, file_name="x.txt", format="prompts", actor=owner)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    assert peak(6_000) < peak(2_000) + 4_000 * 500


def test_statements_of_an_import_do_not_grow_with_the_rows_of_a_batch(django_assert_max_num_queries) -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    lines = [f"prompt {number}" for number in range(900)]

    with django_assert_max_num_queries(20):
        import_prompts(row, *lines, actor=owner)

    assert connection.in_atomic_block
