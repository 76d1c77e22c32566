"""The doors of reports."""

from __future__ import annotations

from typing import Any

from tests.project.door import ACTS_IN_S1, READS_S1, SIGNED_IN, TOLD, Answer, Door, Who, a_change, a_form, a_page, acts, api_change, api_list, by_pk, reads, why

OWNER = frozenset({Who.OWNER})
REPORT = by_pk(lambda world: world.s1.report, "report_id")
FAILED = by_pk(lambda world: world.s1.failed_report, "report_id")
RECIPIENT = by_pk(lambda world: world.s1.report_recipient, "recipient_id")
SENT = f"report_recipient {TOLD} deadline"
NOTED = "report_recipient notification_event notification"


def _register(world: Any) -> dict[str, Any]:
    return {"kind": "harms.register", "subject_id": world.s1.system.pk}


def _form(world: Any) -> dict[str, Any]:
    return {"recipients": [world.somebody.pk], "message": "Please read it.", "due_on": "2099-01-31"}


def _file(format: str) -> Any:
    return lambda world: {"report_id": world.s1.report.pk, "format": format}


def _digest(world: Any) -> dict[str, Any]:
    return {"digest": world.s1.report.digest, "note": "Read."}


REPORTS = [
    a_page("Reports", "List reports that one may read", "report-list", SIGNED_IN),
    a_page("Reports", "Take the list of reports away as a file", "report-export", SIGNED_IN, at=lambda world: {"format": "csv"}),
    a_form("Reports", "Open the form for a report of the register", "report-make", _register),
    acts("Reports", "Make a report of the register", "report-make", _register, "report report_pdf"),
    reads("Reports", "Read a report", "report", REPORT),
    reads("Reports", "Take a report away as a file", "report-file", _file("json")),
    reads("Reports", "See how far a report's PDF is", "report-pdf", REPORT, status=302),
    acts("Reports", "Have a PDF made again", "report-pdf-again", FAILED, "report_pdf"),
    reads("Reports", "See what changed between two reports", "report-compare", REPORT),
    a_change("Reports", "Acknowledge what was sent to oneself (the owner)", "report-acknowledge", OWNER, NOTED, knows=READS_S1, at=REPORT, sent=_digest),
    a_form("Reports", "Open the form to send a report", "report-send", REPORT),
    acts("Reports", "Send a report", "report-send", REPORT, SENT, sent=_form),
    acts("Reports", "Remind who has not acknowledged", "report-remind", REPORT, NOTED),
    reads("Reports", "See who was sent a report", "report-recipients", REPORT),
    reads("Reports", "Take the list of recipients away as a file", "report-recipients-export", _file("csv")),
    acts("Reports", "Take a report back", "report-take-back", RECIPIENT, "report_recipient", sent=why),
]

API_REPORT = by_pk(lambda world: world.s1.report)


def _api(what: str, name: str, changes: str, sent: Any = lambda world: {}, **rest: Any) -> Door:
    return api_change("API: reports", what, f"report-{name}", API_REPORT, changes, sent, **rest)


REPORTS_API = [
    api_list("API: reports", "List reports", "report"),
    a_change(
        *("API: reports", "Make a report of the register", "api-report-list", ACTS_IN_S1, "report report_pdf"),
        knows=READS_S1,
        sent=lambda world: {"kind": "harms.register", "subject": world.s1.system.pk},
        status=201,
        stranger=Answer.UNKNOWN_ID,
    ),
    reads("API: reports", "Read about a report", "api-report-detail", API_REPORT),
    reads("API: reports", "Read all that a report says", "api-report-pack", API_REPORT),
    reads("API: reports", "Get a report as PDF", "api-report-pdf", API_REPORT),
    reads("API: reports", "See who was sent a report", "api-report-recipients", API_REPORT),
    _api("Send a report", "send", f"report_recipient {TOLD}", lambda world: {"recipients": [world.somebody.username]}),
    _api("Remind who has not acknowledged", "remind", NOTED),
    _api("Acknowledge a report that was sent to oneself (to the owner)", "acknowledge", NOTED, _digest, may=OWNER),
    _api("Take a report back", "take-back", "report_recipient", lambda world: {"recipient": world.s1.report_recipient.pk, "reason": "Tried by a test."}),
]
