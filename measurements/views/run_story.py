"""A run's faults in plain words: what happened, what was done about it, what is missing, what to do."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils import timezone

from measurements.enums import CLOSED_STATES, FailureReason, Outcome, PauseCause, RunState
from measurements.models import Output, Run
from measurements.selectors import faults
from measurements.selectors.faults import Opening, Pause, Story, ToDo
from measurements.selectors.reported_models import ModelChange, Reported, model_change
from measurements.views.links import outputs_url
from raiportal.look.formats import duration, number

MOST_TOLD = 3  # outages or pauses told one by one; more are summed up
MOST_COUNTED = 1_000  # outputs that needed more than one call

REASON_WORDS: dict[str, str] = {
    FailureReason.TIMEOUT: "got no answer in time",
    FailureReason.PROVIDER_ERROR: "got an error from the provider",
    FailureReason.UNPARSEABLE: "got an answer that couldn't be read",
    FailureReason.EMPTY: "got an answer without text",
    FailureReason.TOO_LARGE: "got an answer larger than the portal keeps",
    FailureReason.CRASHED: "ended their worker three times and are left alone",
    FailureReason.CANCELLED: "were never asked, since the run was cancelled",
}
ADVICE_WORDS = {
    ToDo.READ_FAILED: "Read what failed and why",
    ToDo.MEASURE_AGAIN: "Run it again to ask for what is missing",
    ToDo.WAIT: "Nothing: it goes on by itself as soon as the endpoint answers",
}


@dataclass(frozen=True)
class Sentence:
    """One thing that is told. `url` opens the rows or the page that it is about, by its first `linked` words."""

    text: str
    linked: str = ""
    url: str = ""


@dataclass(frozen=True)
class Told:
    """The four parts; a part without sentences is left out."""

    happened: Sequence[Sentence]
    done: Sequence[Sentence]
    missing: Sequence[Sentence]
    to_do: Sequence[Sentence]

    @property
    def parts(self) -> list[tuple[str, Sequence[Sentence]]]:
        named = [("What happened", self.happened), ("What was done", self.done), ("What is missing", self.missing), ("What to do", self.to_do)]
        return [(title, sentences) for title, sentences in named if sentences]


def told(run: Run, again_url: str = "") -> Told | None:
    """None for a run that went as it should. `again_url` is where those who may measure plan the next one."""
    story, change = faults.story_of(run), model_change(run)
    if story.is_quiet and change is None:
        return None
    return Told(
        happened=[*_failures(run, story), *_openings(story.happened.openings), *_pauses(story.happened.pauses), *_deaths(story), *_change_words(change)],
        done=list(_done(run, story)),
        missing=list(_missing(run, story)),
        to_do=list(_to_do(run, story, again_url)),
    )


def _plural(count: int, singular: str) -> str:
    return f"{number(count)} {singular}{'' if count == 1 else 's'}"


# --- What happened ---
def _failures(run: Run, story: Story) -> Iterator[Sentence]:
    """By reason, with what the endpoint said most often."""
    by_reason: dict[str, tuple[int, str]] = {}
    for failure in story.happened.failures:
        count, said = by_reason.get(failure.reason, (0, failure.last_error))
        by_reason[failure.reason] = (count + failure.outputs, said)
    for reason, (count, said) in by_reason.items():
        often = f", most often: {said.rstrip('. ')}" if said and reason != FailureReason.CANCELLED else ""
        words = REASON_WORDS[reason].replace("their worker", "its worker").replace("are left", "is left") if count == 1 else REASON_WORDS[reason]
        words = words.replace("were never", "was never") if count == 1 else words
        yield Sentence(f"{words}{often}.", _plural(count, "output"), outputs_url(run, reason=reason))


def _openings(openings: Sequence[Opening]) -> Iterator[Sentence]:
    over = [opening for opening in openings if opening.seconds is not None]
    if len(over) > MOST_TOLD:
        total = sum(opening.seconds or 0.0 for opening in over)
        yield Sentence(
            f"The endpoint was down {_plural(len(over), 'time')} between {clock(over[0].opened_at)} and {_end(over[-1])}, {duration(total)} in all. "
            f"The last error: {over[-1].last_error.rstrip('. ')}."
        )
        over = []
    for opening in over:
        said = f" The last error: {opening.last_error.rstrip('. ')}." if opening.last_error else ""
        yield Sentence(f"The endpoint was down from {clock(opening.opened_at)} to {_end(opening)}, {duration(opening.seconds)}.{said}")


def _pauses(pauses: Sequence[Pause]) -> Iterator[Sentence]:
    if len(pauses) > MOST_TOLD:
        causes = ", ".join(dict.fromkeys(PauseCause(pause.cause).label.lower() for pause in pauses))
        yield Sentence(f"Paused {number(len(pauses))} times, last at {clock(pauses[-1].at)}: {causes}.")
        return
    for pause in pauses:
        by = f" by {pause.by}" if pause.by else ""
        length = f" for {duration(pause.seconds)}" if pause.seconds is not None else ""
        yield Sentence(f"Paused{by} at {clock(pause.at)}{length}{_pause_reason(pause)}.")


def _pause_reason(pause: Pause) -> str:
    """Nothing for the pause that still lasts: the run's notice gives its reason."""
    if pause.seconds is None:
        return ""
    why = "" if pause.cause == PauseCause.PERSON else f": {PauseCause(pause.cause).label}"
    detail = f". {pause.detail.rstrip('. ')}" if pause.detail else ""
    return why + detail


def _deaths(story: Story) -> Iterator[Sentence]:
    if story.happened.suspects:
        yield Sentence(f"A worker died while it was at {_plural(story.happened.suspects, 'output')}; another one took the work over.")


def _change_words(change: ModelChange | None) -> Iterator[Sentence]:
    if change is None:
        return
    if change.within:
        listed = "; ".join(f"{each.words}, {_plural(each.outputs, 'output')}" for each in change.within)
        yield Sentence(f"The endpoint named itself in {number(len(change.within))} ways within this run: {listed}.")
    if change.before is not None:
        yield Sentence(f"The endpoint calls itself {change.now[0].words} now; in {change.before.code} it was {_listed(change.earlier)}.")


def _listed(reported: Sequence[Reported]) -> str:
    return " and ".join(each.words for each in reported[:MOST_TOLD])


def clock(moment: datetime.datetime) -> str:
    """`22 Nov 12:03:10`."""
    local = timezone.localtime(moment)
    return f"{local.day} {local:%b %H:%M:%S}"


def _end(opening: Opening) -> str:
    return f"{timezone.localtime(opening.opened_at + datetime.timedelta(seconds=opening.seconds or 0.0)):%H:%M:%S}"


# --- What was done, what is missing, what to do ---
def _done(run: Run, story: Story) -> Iterator[Sentence]:
    done = story.done
    if done.repeated_calls:
        often = f", most often: {done.recovered[0][0].rstrip('. ')}" if done.recovered else ""
        words = "failed and were made again" if done.repeated_calls != 1 else "failed and was made again"
        yield Sentence(f"{words}{often}.", _plural(done.repeated_calls, "call"))
    if run.state in CLOSED_STATES and done.repeated_calls:
        recovered = Output.objects.filter(run=run, attempts__gt=1).exclude(outcome=Outcome.FAILED)[: MOST_COUNTED + 1].count()
        count = _plural(recovered, "output") if recovered <= MOST_COUNTED else f"More than {number(MOST_COUNTED)} outputs"
        if recovered:
            yield Sentence("ended well after more than one call.", count, outputs_url(run, attempts=2))
    if done.probes:
        yield Sentence(f"Calls were held back, and {_plural(done.probes, 'single call')} asked whether the endpoint works again.")
    if done.resumed:
        yield Sentence("The run was resumed." if done.resumed == 1 else f"The run was resumed {number(done.resumed)} times.")


def _missing(run: Run, story: Story) -> Iterator[Sentence]:
    missing = story.missing
    if run.state in CLOSED_STATES and missing.outputs:
        words = "has no answer: counted apart, never as safe; the worst case counts it as harmful."
        several = "have no answer: counted apart, never as safe; the worst case counts them as harmful."
        yield Sentence(words if missing.outputs == 1 else several, _plural(missing.outputs, "output"), outputs_url(run, outcome=Outcome.FAILED.value))
    elif run.state == RunState.PAUSED and missing.pending:
        yield Sentence("wait until it goes on." if missing.pending != 1 else "waits until it goes on.", _plural(missing.pending, "output"))


def _to_do(run: Run, story: Story, again_url: str) -> Iterator[Sentence]:
    """Of a paused run its notice says what to do."""
    for each in story.to_do:
        if each is ToDo.READ_FAILED:
            yield Sentence(".", ADVICE_WORDS[each], outputs_url(run, outcome=Outcome.FAILED.value))
        elif each is ToDo.MEASURE_AGAIN and again_url:
            yield Sentence(".", ADVICE_WORDS[each], again_url)
        elif each is ToDo.WAIT:
            yield Sentence(f"{ADVICE_WORDS[each]}.")
