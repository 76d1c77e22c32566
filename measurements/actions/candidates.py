"""An output that may show a harm nobody knew is put before the system's team, as a candidate that leads back to it."""

from __future__ import annotations

from django.db import transaction

from harms.actions.candidates import LONGEST_TITLE, add_candidate
from harms.enums import CandidateSource
from harms.models import Candidate
from measurements import policies
from measurements.models import Output
from raiportal.accounts.models import User
from raiportal.checks import require_text
from raiportal.errors import Missing

SEEN_IN = "Seen in output {output} of run {run}, case {case}."


@transaction.atomic
def add_candidate_from_output(*, output_id: int, words: str, actor: User) -> Candidate:
    """Say in `words` which harm an output may show. An output gives one candidate: a second call returns the first.

    None of its texts is copied, since they may be harmful: they are read where it is kept. Raises PolicyDenied, Invalid, Missing.
    """
    output = Output.objects.select_related("run__system__scope", "case").filter(pk=output_id).first()
    if output is None:
        raise Missing("This isn't there any more.")
    policies.may_read(actor, output.run.system).require()
    said = require_text(words, field="words", sentence="Say in one line which harm it may be.")
    where = SEEN_IN.format(output=output.pk, run=output.run.code, case=output.case.position + 1)
    title, *more = said.splitlines()
    return add_candidate(
        system=output.run.system,
        source=CandidateSource.OUTPUT,
        title=title,
        summary="\n".join([said, where] if more or len(title) > LONGEST_TITLE else [where]),
        subject=output,
        actor=actor,
    )
