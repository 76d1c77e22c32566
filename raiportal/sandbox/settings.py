"""Settings: latency and shares of faults, as started and as posted to `/_simulator/settings`."""

from dataclasses import dataclass, field

from .faults import KINDS

SHARE_PREFIX = "share_"
LONGEST_LATENCY_MS = 600_000.0


class BadSettings(ValueError):
    """Posted settings that make no sense; the message says which and why."""


@dataclass(slots=True)
class Settings:
    """`latency_ms` before each answer, up to `jitter_ms` more (fixed for each prompt), `retry_after` of a 429 as written in a
    directive, and `shares`: fraction of calls, by kind of fault, that fail so."""

    latency_ms: float = 0.0
    jitter_ms: float = 0.0
    retry_after: str = "1"
    shares: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The settings in the shape in which they are posted."""
        shares = {SHARE_PREFIX + kind.replace("-", "_"): share for kind, share in self.shares.items()}
        return {"latency_ms": self.latency_ms, "jitter_ms": self.jitter_ms, "retry_after": self.retry_after, **shares}

    def updated(self, posted: object) -> "Settings":
        """These settings with the posted ones in their place; a share of 0 ends that fault. Raises BadSettings."""
        if not isinstance(posted, dict):
            raise BadSettings("Settings are a JSON object.")
        changed = Settings(self.latency_ms, self.jitter_ms, self.retry_after, dict(self.shares))
        for name, value in posted.items():
            changed._set(name, value)
        if sum(changed.shares.values()) > 1:
            raise BadSettings("The shares of faults add up to more than 1.")
        return changed

    def _set(self, name: str, value: object) -> None:
        if name in ("latency_ms", "jitter_ms"):
            setattr(self, name, _number(name, value, LONGEST_LATENCY_MS))
        elif name == "retry_after":
            if not isinstance(value, str) or not value.isprintable() or not value:
                raise BadSettings("retry_after is a text in one line, as in a directive.")
            self.retry_after = value
        elif name.startswith(SHARE_PREFIX) and (kind := name.removeprefix(SHARE_PREFIX).replace("_", "-")) in KINDS:
            share = _number(name, value, 1.0)
            self.shares.pop(kind, None)
            if share:
                self.shares[kind] = share
        else:
            raise BadSettings(f"There is no setting {name!r}.")


def _number(name: str, value: object, highest: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= highest:
        raise BadSettings(f"{name} is a number from 0 to {highest:g}.")
    return float(value)
