"""Making, sending, reading and acknowledging reports; their files."""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import json
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from harms import actions as harm_actions
from harms.models import Harm
from raiportal import clocks, exports
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.deadlines.models import Deadline
from raiportal.errors import Conflict, Invalid, Missing, PolicyDenied, StaleSnapshot
from raiportal.notifications.models import Notification
from raiportal.reports import actions, differences, on_work, packs, selectors
from raiportal.reports.content import Column, Content, Section, Table, digest_of, plain, read
from raiportal.reports.enums import PdfState, RecipientState
from raiportal.reports.models import Report, ReportPdf, ReportRecipient
from tests.factories.accounts import headers, make_user
from tests.factories.harms import make_harm
from tests.factories.reports import HOSTILE, make_report, send
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def report() -> Report:
    return make_report()


@pytest.fixture
def stakeholder() -> User:
    """Somebody without any role."""
    return make_user(email="stakeholder@example.org")


def _browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_report_holds_the_ranked_register(report: Report) -> None:
    table = report.content.main_table

    assert [row[0] for row in table.rows] == [1, 2]
    assert [row[2] for row in table.rows] == [HOSTILE, "Gives a wrong dose"]
    assert table.rows[0][5] == (4, 4)
    assert table.rows[1][5] is None
    assert report.number == 1


def test_reader_can_work_out_the_digest_of_the_json_file(report: Report) -> None:
    file = json.loads(_browser(report.made_by).get(reverse("report-file", args=[report.pk, "json"])).content)

    text = json.dumps(file["pack"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == file["digest"] == report.digest
    assert packs.is_whole(Report.objects.get(pk=report.pk))


def test_report_stays_as_it_was_made_when_the_register_changes(report: Report) -> None:
    harm = Harm.objects.filter(system_id=report.scope_id).order_by("pk")[0]
    harm_actions.edit_harm(harm_id=harm.pk, actor=report.made_by, title="Another title")

    assert Report.objects.get(pk=report.pk).content == report.content


@pytest.mark.parametrize(
    "statement",
    [
        "update report set title = 'x'",
        "delete from report",
        "delete from report_recipient",
        "update report_recipient set person_id = made.id from (select min(id) as id from account_user) made",
        "update report_recipient set acknowledged_at = null",
        "update report_recipient set opened_at = now() + interval '1 day'",
        "update report_pdf set content = 'x'",
        "delete from report_pdf",
    ],
)
def test_database_refuses_to_change_what_was_noted(report: Report, stakeholder: User, statement: str) -> None:
    send(report, stakeholder)
    actions.acknowledge(report_id=report.pk, digest=report.digest, actor=stakeholder)
    actions.make_pdf(report_id=report.pk, actor=User.system())

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_viewer_can_neither_make_nor_send(report: Report, stakeholder: User) -> None:
    viewer = make_user(Role.VIEWER, scope=report.scope)

    with pytest.raises(PolicyDenied):
        actions.make_report(kind="harms.register", subject_id=report.subject_id, actor=viewer)
    with pytest.raises(PolicyDenied):
        actions.send_report(report_id=report.pk, recipients=[stakeholder], actor=viewer)


def test_stranger_is_not_told_whether_a_system_is_there(report: Report) -> None:
    with pytest.raises(Missing):
        actions.make_report(kind="harms.register", subject_id=report.subject_id, actor=make_user())


def test_recipient_reads_the_report_and_nothing_else(report: Report, stakeholder: User) -> None:
    other = make_user()
    send(report, stakeholder, other)
    browser = _browser(stakeholder)

    assert browser.get(reverse("report", args=[report.pk])).status_code == 200
    assert browser.get(reverse("report-file", args=[report.pk, "csv"])).status_code == 200
    assert browser.get(reverse("harm-list", args=[report.scope_id])).status_code == 404
    assert browser.get(reverse("report-recipients", args=[report.pk])).status_code == 403
    assert [held.person for held in selectors.recipients_of(report, stakeholder)] == [stakeholder]


def test_other_people_find_no_report(report: Report, stakeholder: User) -> None:
    browser = _browser(stakeholder)

    assert browser.get(reverse("report", args=[report.pk])).status_code == 404
    assert report.title not in browser.get(reverse("report-list")).content.decode()
    assert browser.get(reverse("report-file", args=[report.pk, "json"])).status_code == 404


def test_taken_back_report_is_read_no_more(report: Report, stakeholder: User) -> None:
    (held,) = send(report, stakeholder)
    actions.take_back(recipient_id=held.pk, reason="Sent to the wrong person.", actor=report.made_by)

    assert _browser(stakeholder).get(reverse("report", args=[report.pk])).status_code == 404
    with pytest.raises(PolicyDenied):
        actions.acknowledge(report_id=report.pk, digest=report.digest, actor=stakeholder)
    with pytest.raises(Conflict):
        send(report, stakeholder)


def test_opening_is_noted_once(report: Report, stakeholder: User) -> None:
    (held,) = send(report, stakeholder)
    browser = _browser(stakeholder)
    browser.head(reverse("report", args=[report.pk]))
    held.refresh_from_db()
    assert held.opened_at is None

    browser.get(reverse("report", args=[report.pk]))
    held.refresh_from_db()
    first = held.opened_at
    browser.get(reverse("report", args=[report.pk]))
    held.refresh_from_db()

    assert first is not None
    assert held.opened_at == first
    assert held.state == RecipientState.OPENED


def test_acknowledging_is_kept_with_its_note_and_told(report: Report, stakeholder: User) -> None:
    (held,) = send(report, stakeholder, due_at=clocks.now() + datetime.timedelta(days=10))
    page = _browser(stakeholder).post(reverse("report-acknowledge", args=[report.pk]), {"digest": report.digest, "note": "Read it all."})
    held.refresh_from_db()

    assert page.status_code == 302
    assert (held.state, held.note) == (RecipientState.ACKNOWLEDGED, "Read it all.")
    assert Notification.objects.filter(kind="reports.acknowledged", recipient=report.made_by).count() == 1
    assert Deadline.objects.get(subject_kind="reports.reportrecipient", subject_id=held.pk).closed_at is not None
    assert Entry.objects.filter(action="reports.report_acknowledged", actor=stakeholder).count() == 1


def test_acknowledging_names_the_digest_that_was_read(report: Report, stakeholder: User) -> None:
    send(report, stakeholder)

    with pytest.raises(StaleSnapshot):
        actions.acknowledge(report_id=report.pk, digest="0" * 64, actor=stakeholder)


def test_nobody_acknowledges_for_somebody_else(report: Report, stakeholder: User) -> None:
    send(report, stakeholder)

    with pytest.raises(PolicyDenied):
        actions.acknowledge(report_id=report.pk, digest=report.digest, actor=report.made_by)


def test_waiting_report_is_work_until_it_is_acknowledged(report: Report, stakeholder: User) -> None:
    send(report, stakeholder, due_at=clocks.now() + datetime.timedelta(days=3))
    assert len(on_work.WORK.load(stakeholder, clocks.now(), 10)) == 1

    actions.acknowledge(report_id=report.pk, digest=report.digest, actor=stakeholder)

    assert on_work.WORK.load(stakeholder, clocks.now(), 10) == []


def test_reminder_goes_to_those_who_have_not_and_once_a_day(report: Report, stakeholder: User, monkeypatch: pytest.MonkeyPatch) -> None:
    done = make_user()
    send(report, stakeholder, done)
    actions.acknowledge(report_id=report.pk, digest=report.digest, actor=done)
    assert actions.remind(report_id=report.pk, actor=report.made_by) == []

    later = clocks.now() + datetime.timedelta(days=1)
    monkeypatch.setattr(clocks, "now", lambda: later)
    reminded = actions.remind(report_id=report.pk, actor=report.made_by)

    assert [held.person for held in reminded] == [stakeholder]
    assert actions.remind(report_id=report.pk, actor=report.made_by) == []
    assert Notification.objects.filter(kind="reports.reminded", recipient=stakeholder).count() == 1


def test_newer_report_replaces_the_one_that_waits(report: Report, stakeholder: User) -> None:
    (older,) = send(report, stakeholder, due_at=clocks.now() + datetime.timedelta(days=3))
    newer = make_report(Harm.objects.filter(system_id=report.scope_id)[0].system)
    send(newer, stakeholder)
    older.refresh_from_db()

    assert newer.number == 2
    assert older.state == RecipientState.REPLACED
    assert [held.report for held in ReportRecipient.objects.waiting().filter(person=stakeholder)] == [newer]
    assert not Deadline.objects.open().filter(subject_id=older.pk, kind="reports.acknowledge").exists()


@pytest.mark.parametrize("kind", ["inactive", "service", "past", "nobody"])
def test_sending_refuses_what_makes_no_sense(report: Report, stakeholder: User, kind: str) -> None:
    people = [stakeholder]
    due_at = clocks.now() - datetime.timedelta(days=1) if kind == "past" else None
    if kind == "inactive":
        people = [make_user(is_active=False)]
    elif kind == "service":
        people = [make_user(kind="service")]
    elif kind == "nobody":
        people = []

    with pytest.raises(Invalid):
        send(report, *people, due_at=due_at)


# --- Files ---
def test_csv_has_no_formula_and_gives_every_text_back(report: Report) -> None:
    answer: Any = _browser(report.made_by).get(reverse("report-file", args=[report.pk, "csv"]))
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))

    assert rows[0]["title"].startswith("'=")
    assert exports.unguarded(rows[0]["title"]) == HOSTILE
    assert (rows[0]["risk_score"], rows[0]["risk_severity"], rows[1]["risk_score"]) == ("16", "4", "")


def test_pdf_is_tagged_and_the_same_each_time(report: Report) -> None:
    from raiportal.reports import pdf

    first = pdf.rendered(report)

    assert first.startswith(b"%PDF-")
    assert b"StructTreeRoot" in first
    assert pdf.rendered(report) == first


def test_pdf_comes_by_the_task_and_is_served(report: Report) -> None:
    browser = _browser(report.made_by)
    assert browser.get(reverse("report-file", args=[report.pk, "pdf"])).status_code == 404
    assert "PDF is being made" in browser.get(reverse("report", args=[report.pk])).content.decode()

    assert actions.make_pdf(report_id=report.pk, actor=User.system())
    assert not actions.make_pdf(report_id=report.pk, actor=User.system())

    assert browser.get(reverse("report-file", args=[report.pk, "pdf"])).content.startswith(b"%PDF-")


def test_lost_pdf_is_swept_and_one_that_kills_its_worker_is_given_up(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(_: Report) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("raiportal.reports.pdf.rendered", killed)
    for _ in range(3):
        ReportPdf.objects.filter(pk=report.pk).update(tried_at=None)
        with pytest.raises(KeyboardInterrupt):
            actions.make_waiting_pdfs(actor=User.system())
    ReportPdf.objects.filter(pk=report.pk).update(tried_at=None)
    assert actions.make_waiting_pdfs(actor=User.system()) == 0
    assert ReportPdf.objects.get(pk=report.pk).state == PdfState.FAILED

    monkeypatch.undo()
    actions.try_pdf_again(report_id=report.pk, actor=report.made_by)
    assert actions.make_waiting_pdfs(actor=User.system()) == 1


def test_report_with_letters_of_no_font_has_a_pdf_all_the_same() -> None:
    system = make_system()
    make_harm(system, title="\u4e2d\u6587 \U0001f600 " + "x" * 100)

    assert actions.make_pdf(report_id=make_report(system).pk, actor=User.system())


# --- Content and differences ---
def test_content_survives_its_way_through_json(report: Report) -> None:
    assert plain(read(report.pack["content"])) == report.pack["content"]
    assert digest_of(report.pack) == report.digest


def test_fractions_and_ragged_rows_are_refused() -> None:
    columns = (Column("code", "Code"), Column("rate", "Rate"))
    for row, error in ((("H-1", 0.5), TypeError), (("H-1",), ValueError)):
        table = Table("main", "Main", columns, (row,), key="code")  # type: ignore[arg-type]
        with pytest.raises(error):
            plain(Content("T", (), (Section("s", "S", (table,)),), "main"))


def test_difference_names_rows_that_came_and_cells_that_changed(report: Report) -> None:
    system = Harm.objects.filter(system_id=report.scope_id)[0].system
    added = make_harm(system, title="New one")
    wrong = Harm.objects.get(system=system, title="Gives a wrong dose")
    harm_actions.edit_harm(harm_id=wrong.pk, actor=report.made_by, title="Gives a far too high dose")
    newer = make_report(system)

    found = differences.difference(report.content, newer.content)

    harms = found.tables[0]
    assert [row.code for row in harms.added] == [added.code]
    assert [(row.code, [cell.label for cell in row.cells]) for row in harms.changed] == [(wrong.code, ["Harm"])]
    assert newer.content.tables["changes"].rows
    page = _browser(report.made_by).get(reverse("report-compare", args=[newer.pk])).content.decode()
    assert "Gives a far too high dose" in page


def test_hostile_text_stays_text_on_the_page(report: Report) -> None:
    page = _browser(report.made_by).get(reverse("report", args=[report.pk])).content.decode()

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


# --- Making and sending from the pages and over the API ---
def test_form_makes_and_sends_at_once(stakeholder: User) -> None:
    system = make_system()
    make_harm(system)
    assert system.owner is not None
    form = {"recipients": [stakeholder.pk], "message": "Please look.", "due_on": "2099-01-31"}
    page = _browser(system.owner).post(reverse("report-make", args=["harms.register", system.pk]), form)

    held = ReportRecipient.objects.get(person=stakeholder)
    assert page.url == reverse("report", args=[held.report_id])
    assert held.due_at == datetime.datetime(2099, 2, 1, tzinfo=datetime.UTC)
    assert held.message == "Please look."


def test_whole_way_over_the_api(stakeholder: User) -> None:
    system = make_system()
    make_harm(system)
    assert system.owner is not None
    owner, reader = headers(system.owner), headers(stakeholder)
    client = Client()

    def post(path: str, body: dict[str, Any], who: dict[str, str]) -> Any:
        return client.post(f"/api/v1/reports/{path}", body, content_type="application/json", headers=who)

    made = post("", {"kind": "harms.register", "subject": system.pk}, owner).json()
    sent = post(f"{made['id']}/send/", {"recipients": [stakeholder.username]}, owner)
    pack = client.get(f"/api/v1/reports/{made['id']}/pack/", headers=reader).json()
    done = post(f"{made['id']}/acknowledge/", {"digest": digest_of(pack["pack"])}, reader)
    held = client.get(f"/api/v1/reports/{made['id']}/recipients/", headers=owner).json()

    assert sent.status_code == done.status_code == 200
    assert held[0]["state"] == "acknowledged"
    assert post(f"{made['id']}/send/", {"recipients": ["nobody-here"]}, owner).status_code == 422
    assert post("", {"kind": "harms.register", "subject": system.pk}, reader).status_code == 422


def test_list_takes_the_same_queries_for_few_and_many(django_assert_num_queries: Any) -> None:
    report = make_report()
    browser = _browser(report.made_by)
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as few:
        browser.get(reverse("report-list"))
    system = Harm.objects.filter(system_id=report.scope_id)[0].system
    for _ in range(5):
        make_report(system)
    with CaptureQueriesContext(connection) as many:
        browser.get(reverse("report-list"))

    assert len(many) <= len(few)
