"""What the sample programme asks of others: a sign-off of an impact assessment, and the register's report that is sent round."""

from __future__ import annotations

import datetime

from harms.models import Assessment
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.reports import actions as reports
from raiportal.signoffs import actions as sign_offs

DAYS = 14  # that people have for both
RECIPIENTS = ("executive", "auditor", "viewer")


def ask_for_sign_off(assessment: Assessment, actor: User) -> None:
    """It has a sensitive use, so it waits for more than the risk manager, who has signed."""
    request = sign_offs.request_sign_off(
        kind="harms.assessment",
        subject_id=assessment.pk,
        message="One use can injure patients. The pilot's readings are attached to the harm that we fear most.",
        due_at=clocks.now() + datetime.timedelta(days=DAYS),
        actor=actor,
    )
    manager = User.objects.get(username="risk-manager")
    reason = "The answers hold what the pilot showed, and the sensitive use is named as one."
    sign_offs.sign(request_id=request.pk, role="risk_manager", verdict="approve", reason=reason, seen=request.digest, actor=manager)


def name_stand_in(manager: User) -> None:
    """The risk manager is away for two weeks; the executive signs meanwhile."""
    now = clocks.now()
    until = now + datetime.timedelta(days=DAYS)
    executive = User.objects.get(username="executive")
    sign_offs.name_stand_in(person=executive, for_person=manager, from_at=now, until_at=until, reason="On leave.", actor=manager)


def share_register(assessment: Assessment, actor: User) -> None:
    """The register as a frozen report, sent to three people, one of whom has acknowledged it."""
    report = reports.make_report(kind="harms.register", subject_id=assessment.system_id, actor=actor)
    people = list(User.objects.filter(username__in=RECIPIENTS))
    due_at = clocks.now() + datetime.timedelta(days=DAYS)
    reports.send_report(report_id=report.pk, recipients=people, message="The register before the pilot's second month.", due_at=due_at, actor=actor)
    reader = User.objects.get(username=RECIPIENTS[0])
    reports.note_opened(report_id=report.pk, actor=reader)
    reports.acknowledge(report_id=report.pk, digest=report.digest, note="Read, and taken to the board.", actor=reader)
