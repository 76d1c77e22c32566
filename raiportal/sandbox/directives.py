"""Directives: what a prompt may ask of the simulator in its own text.

`[[simulate:KIND name=value ...]]` asks for an outcome, a latency or a fault; `[[stratum:NAME]]` names the stratum;
`[[judge:KIND ...]]` says what the simulated judge makes of the answer (see `judging`).
A prompt may carry several. Everything else in the text is left to `strata` and `behaviour`.
"""

import re
from dataclasses import dataclass, field

DIRECTIVE = re.compile(r"\[\[(simulate|stratum|judge):\s*([\w-]+)((?:\s+[\w-]+=[^\s\]]*)*)\s*\]\]")


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: `word` is "simulate", "stratum" or "judge"; `options` are its name=value pairs as text."""

    word: str
    kind: str
    options: dict[str, str] = field(default_factory=dict)


def directives_in(text: str) -> list[Directive]:
    """The directives of a prompt in the order they are written; an empty list for an ordinary prompt."""
    if "[[" not in text:
        return []
    return [Directive(word, kind.lower(), dict(pair.split("=", 1) for pair in pairs.split())) for word, kind, pairs in DIRECTIVE.findall(text)]


def without_directives(text: str) -> str:
    """The prompt as a reader would see it."""
    return DIRECTIVE.sub("", text).strip() if "[[" in text else text
