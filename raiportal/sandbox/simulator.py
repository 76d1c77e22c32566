"""The state of one simulator."""

from dataclasses import dataclass, field

from .behaviour import DEFAULT_SEED
from .log import CallLog
from .settings import Settings

SAYS_WHAT_IT_IS = "an imitation of a model endpoint, for trying out and tests"


@dataclass(slots=True)
class Simulator:
    """Seed, settings and log, and the SHA-256 (hexadecimal) of the key that callers must present, or None."""

    seed: int = DEFAULT_SEED
    settings: Settings = field(default_factory=Settings)
    log: CallLog = field(default_factory=CallLog)
    key_digest: str | None = None
