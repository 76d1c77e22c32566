"""A finding of red teaming becomes a case of a measurement set, so that what was found once is measured from then on."""

from __future__ import annotations

import io
import json

from django.db import transaction

from harms.enums import FindingState, TurnProgress
from harms.models import Finding, Turn
from measurements.actions.sets import ImportResult, import_cases
from measurements.models import MeasurementSet
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Conflict, Invalid

NOT_CONFIRMED = "Only a confirmed finding becomes a case: it has to be clear which harm it is."
TEXTS_DELETED = "What was said is deleted, as the charter of its campaign says, so it can't become a case any more."
UNANSWERED = "The turns before it were not answered, so they can't be repeated as a conversation."


@transaction.atomic
def add_case_from_finding(*, finding_id: int, set_id: int, expectation: str = "", actor: User) -> ImportResult:
    """Put the conversation up to the finding's last message into the next version of a set of its system, with its harm and where it comes from.

    A set that holds the case already gets no new version. Raises PolicyDenied, Conflict or Invalid.
    """
    finding: Finding = Finding.objects.select_related("harm", "campaign").lock(finding_id)
    if finding.state != FindingState.CONFIRMED or finding.harm is None:
        raise Conflict(NOT_CONFIRMED)
    measurement_set: MeasurementSet = MeasurementSet.objects.lock(set_id)
    if measurement_set.system_id != finding.system_id:
        raise Invalid("Choose a set of this system.", field="measurement_set")
    case = {
        "id": finding.code,
        "input": _conversation(finding),
        "harm": finding.harm.code,
        "stratum": finding.strategies[0] if finding.strategies else "red team",
        "source": f"{finding.code} of red-team campaign {finding.campaign.code}",
        **({"expectation": expectation.strip()} if expectation.strip() else {}),
    }
    file = io.BytesIO(json.dumps(case, ensure_ascii=False).encode() + b"\n")
    result = import_cases(set_id=set_id, file=file, file_name=f"{finding.code}.jsonl", format="jsonl", actor=actor)
    if result.report.rejected_count:
        raise Invalid("The set doesn't take this conversation as a case: it is too long, or has nothing to send.", field="measurement_set")
    ledger.record("harms.finding_became_case", subject=finding, actor=actor, set=set_id, version=result.version.pk if result.version else None)
    return result


def _conversation(finding: Finding) -> list[dict[str, str]]:
    """The messages as the engine sends them: what was said and answered before, then the last message alone."""
    turns = list(Turn.objects.filter(session=finding.session_id, number__lte=finding.last_turn, progress=TurnProgress.DONE).order_by("number"))
    if any(turn.texts_deleted_at for turn in turns):
        raise Conflict(TEXTS_DELETED)
    messages: list[dict[str, str]] = []
    for turn in turns:
        messages.append({"role": "user", "content": turn.text})
        if turn.number == finding.last_turn:
            return messages
        if not turn.said_back:
            messages.pop()
            continue
        messages.append({"role": "assistant", "content": turn.said_back})
    raise Conflict(UNANSWERED)
