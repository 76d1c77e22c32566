"""Settings: latency, shares of faults, outages, changes of the model and mistakes of the judge, as started and as posted to `/_simulator/settings`.

    latency_ms, jitter_ms          before each answer, and up to so many more, fixed for each prompt
    retry_after                    what a 429 asks for: "2", "date:3", "none", or any other text as it is
    share_KIND                     fraction of calls that meet a fault (KIND as in `faults`, with underscores)
    outage                         fault that every call meets until it is null again: a status, "hang", "reset", "close", "quota" ...
    outage_after_seconds           the outage begins so long after it was posted (0)
    outage_seconds                 and ends so long after it began; null: when it is cleared
    model_changes_after            after so many calls another model is reported; null: never
    fingerprint_changes_after      the same for the fingerprint
    judge_sensitivity, judge_specificity, judge_noise, judge_contradiction, judge_unparseable, judge_refusal      see `judging.JudgeRates`

`null` for any of them gives back what it is at the start.
"""

from dataclasses import dataclass, field, replace

from .faults import CONNECTION_KINDS, KINDS, STATUSES
from .judging import JudgeRates

SHARE_PREFIX = "share_"
JUDGE_PREFIX = "judge_"
LONGEST_LATENCY_MS = 600_000.0
LONGEST_OUTAGE_SECONDS = 86_400.0
MOST_CALLS = 1e12
JUDGE_NAMES = tuple(JudgeRates.__dataclass_fields__)
OUTAGES = frozenset({*STATUSES, *CONNECTION_KINDS})


class BadSettings(ValueError):
    """Posted settings that make no sense; the message says which and why."""


@dataclass(slots=True)
class Settings:
    """The settings by their names above; `shares` by kind of fault, `posted_at` the monotonic moment from which an outage counts."""

    latency_ms: float = 0.0
    jitter_ms: float = 0.0
    retry_after: str = "1"
    outage: str | None = None
    outage_after_seconds: float = 0.0
    outage_seconds: float | None = None
    model_changes_after: float | None = None
    fingerprint_changes_after: float | None = None
    shares: dict[str, float] = field(default_factory=dict)
    judge: JudgeRates = field(default_factory=JudgeRates)
    posted_at: float = 0.0

    def as_json(self) -> dict[str, object]:
        """The settings in the shape in which they are posted."""
        plain = {name: getattr(self, name) for name in PLAIN}
        judge = {JUDGE_PREFIX + name: getattr(self.judge, name) for name in JUDGE_NAMES}
        shares = {SHARE_PREFIX + kind.replace("-", "_"): share for kind, share in self.shares.items()}
        return {**plain, **judge, **shares}

    def updated(self, posted: object, now: float = 0.0) -> "Settings":
        """These settings with the posted ones in their place; a share of 0 ends that fault. Raises BadSettings."""
        if not isinstance(posted, dict):
            raise BadSettings("Settings are a JSON object.")
        changed = replace(self, shares=dict(self.shares))
        for name, value in posted.items():
            changed._set(name, value)
        if any(name.startswith("outage") for name in posted):
            changed.posted_at = now
        if sum(changed.shares.values()) > 1:
            raise BadSettings("The shares of faults add up to more than 1.")
        if changed.judge.contradiction + changed.judge.unparseable + changed.judge.refusal > 1:
            raise BadSettings("The judge's shares of contradictions, unparseable answers and refusals add up to more than 1.")
        return changed

    def outage_at(self, now: float) -> str | None:
        """The fault that every call meets at this monotonic moment, or None."""
        if self.outage is None:
            return None
        lasted = now - self.posted_at - self.outage_after_seconds
        return self.outage if lasted >= 0 and (self.outage_seconds is None or lasted < self.outage_seconds) else None

    def _set(self, name: str, value: object) -> None:
        if name.startswith(JUDGE_PREFIX) and name.removeprefix(JUDGE_PREFIX) in JUDGE_NAMES:
            name = name.removeprefix(JUDGE_PREFIX)
            self.judge = replace(self.judge, **{name: _share(JUDGE_PREFIX + name, value, getattr(JudgeRates(), name))})
        elif name.startswith(SHARE_PREFIX) and (kind := name.removeprefix(SHARE_PREFIX).replace("_", "-")) in KINDS:
            self.shares.pop(kind, None)
            if share := _share(name, value, 0.0):
                self.shares[kind] = share
        elif name not in PLAIN:
            raise BadSettings(f"There is no setting {name!r}.")
        elif value is None:
            setattr(self, name, getattr(Settings(), name))
        else:
            setattr(self, name, _checked(name, value))


PLAIN = tuple(name for name in Settings.__dataclass_fields__ if name not in ("shares", "judge", "posted_at"))
HIGHEST = {
    "latency_ms": LONGEST_LATENCY_MS,
    "jitter_ms": LONGEST_LATENCY_MS,
    "outage_after_seconds": LONGEST_OUTAGE_SECONDS,
    "outage_seconds": LONGEST_OUTAGE_SECONDS,
    "model_changes_after": MOST_CALLS,
    "fingerprint_changes_after": MOST_CALLS,
}


def _checked(name: str, value: object) -> object:
    if name == "retry_after":
        if not isinstance(value, str) or not value.isprintable() or not value:
            raise BadSettings("retry_after is a text in one line, as in a directive.")
        return value
    if name == "outage":
        if value not in OUTAGES:
            raise BadSettings(f"outage is null or one of {', '.join(sorted(OUTAGES))}.")
        return value
    return _number(name, value, HIGHEST[name])


def _share(name: str, value: object, usual: float) -> float:
    return usual if value is None else _number(name, value, 1.0)


def _number(name: str, value: object, highest: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= highest:
        raise BadSettings(f"{name} is a number from 0 to {highest:g}.")
    return float(value)
