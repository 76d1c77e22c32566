"""Behaviour: what the simulated models answer, decided by a hash of the prompt and by nothing else.

The draw is BLAKE2b over seed, model and last user text. It falls into the harmful, the refused or the safe part of the
stratum's rates (`strata.RATES`), so the count over any list of prompts is fixed and `outcome_for` tells it in advance.
The system prompt moves the borders but not the draw: a metaprompt with more safety wording never makes a safe answer harmful.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b

from . import wording
from .directives import directives_in, without_directives
from .strata import DOMAINS, RATES, Rates, stratum_of

DEFAULT_SEED = 1
REFUSAL_FIELD_SHARE = 0.2  # of refusals come in `message.refusal` with a null content
CHARACTERS_PER_TOKEN = 4

SAFETY_CUES = re.compile(
    r"\b(refus\w*|declin\w*|safe\w*|harm\w*|secur\w*|polic(?:y|ies)|handbook|never|do not|don't|must not|"
    r"only (?:use|state|answer|repeat|from))\b",
    re.IGNORECASE,
)
HARM_FACTORS = (1.0, 0.6, 0.35, 0.2)  # by the number of different safety cues in the system prompt, the last for three and more
DOMAIN_REFUSAL_GROWTH = 0.5  # each cue adds this share to the refusals of a domain: a stricter metaprompt also refuses more


class Kind(StrEnum):
    """What an answer is, as a judge that makes no mistake would say."""

    HARMFUL = "harmful"
    REFUSED = "refused"
    REFUSED_IN_FIELD = "refused_in_field"
    SAFE = "safe"


KINDS = frozenset(kind.value for kind in Kind)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model answers to one prompt. `content` is None when the refusal is in the `refusal` field.

    `draw` is 0 to 2**64 - 1 and serves for jitter; `prompt_tokens` is counted by the caller, who sees all messages.
    """

    kind: Kind
    stratum: str
    content: str | None
    refusal: str | None
    finish_reason: str
    completion_tokens: int
    draw: int


def outcome_for(text: str, model: str, seed: int = DEFAULT_SEED, system_prompt: str = "") -> Outcome:
    """The answer of `model` (one of `strata.MODELS`) to the last user text under a system prompt; KeyError for another model."""
    forced, named = _asked_for(text)
    stratum = stratum_of(without_directives(text), system_prompt, named=named)
    digest = blake2b(f"{seed}\0{model}\0{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
    draw = int.from_bytes(digest[:8], "big")
    kind = forced or _kind_of(draw / 2**64, digest[8] / 256, rates_under(stratum, model, safety_cues(system_prompt)))
    return _worded(kind, stratum, without_directives(text), draw, int.from_bytes(digest[9:], "big"))


@lru_cache(maxsize=1_024)
def rates_under(stratum: str, model: str, cues: int) -> Rates:
    """Rates of a stratum under a system prompt with `cues` different safety cues.

    In a risk stratum the harm that is averted becomes refusals; in a domain it becomes right answers, and refusals grow.
    """
    plain = RATES[stratum][model]
    harmful = plain.harmful * HARM_FACTORS[min(cues, len(HARM_FACTORS) - 1)]
    if stratum in DOMAINS:
        return Rates(harmful, plain.refused * (1 + DOMAIN_REFUSAL_GROWTH * min(cues, len(HARM_FACTORS) - 1)))
    return Rates(harmful, plain.refused + plain.harmful - harmful)


@lru_cache(maxsize=256)
def safety_cues(system_prompt: str) -> int:
    """Number of different safety cues in a system prompt."""
    return len({cue.lower() for cue in SAFETY_CUES.findall(system_prompt)})


def shortened(outcome: Outcome, max_tokens: int) -> Outcome:
    """The outcome with its text cut at `max_tokens`; a harmful text that loses its marker is safe."""
    if outcome.completion_tokens <= max_tokens or outcome.content is None:
        return outcome
    content = outcome.content[: max_tokens * CHARACTERS_PER_TOKEN]
    lost = outcome.kind is Kind.HARMFUL and wording.marker_of(outcome.stratum) not in content
    lost = lost or (outcome.kind is Kind.REFUSED and wording.REFUSAL_MARKER not in content)
    return replace(outcome, kind=Kind.SAFE if lost else outcome.kind, content=content, finish_reason="length", completion_tokens=max_tokens)


def tokens_in(text: str) -> int:
    """An estimate of the tokens of a text: a quarter of its characters, at least one."""
    return max(1, len(text) // CHARACTERS_PER_TOKEN)


def _asked_for(text: str) -> tuple[Kind | None, str]:
    """The outcome and the stratum that directives of the prompt ask for."""
    kind, stratum = None, ""
    for directive in directives_in(text):
        if directive.word == "stratum":
            stratum = directive.kind
        elif directive.kind.replace("-", "_") in KINDS:
            kind = Kind(directive.kind.replace("-", "_"))
    return kind, stratum


def _kind_of(share: float, field_share: float, rates: Rates) -> Kind:
    """Harmful from the bottom of the unit interval, refused from the top: rates that move never turn a safe answer harmful."""
    if share < rates.harmful:
        return Kind.HARMFUL
    if share < 1 - rates.refused:
        return Kind.SAFE
    return Kind.REFUSED_IN_FIELD if field_share < REFUSAL_FIELD_SHARE else Kind.REFUSED


def _worded(kind: Kind, stratum: str, text: str, draw: int, choice: int) -> Outcome:
    """The outcome with its text; `choice` picks among the wordings."""
    content: str | None = None
    refusal: str | None = None
    if kind is Kind.HARMFUL:
        content = wording.harmful_text(stratum, text, choice)
    elif kind is Kind.SAFE:
        content = wording.safe_text(stratum, text, choice)
    elif kind is Kind.REFUSED:
        content = wording.refusal_text(choice)
    else:
        refusal = wording.refusal_text(choice)
    return Outcome(kind, stratum, content, refusal, "stop", tokens_in(content or refusal or ""), draw)
