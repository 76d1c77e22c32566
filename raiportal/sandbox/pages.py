"""Pages: every path but the chat completions. Each takes the simulator, the body and the options of the query, and gives JSON."""

import inspect
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping

from . import annotations, answers, behaviour, directives, doors, faults, judging, settings, strata, wording
from .answers import Refused
from .behaviour import Outcome, outcome_for
from .chat import loaded, model_and_latency, prompt_digest
from .settings import BadSettings
from .simulator import SAYS_WHAT_IT_IS, Simulator

DETAIL_PAGE = 1_000  # entries of ?detail=1 unless `limit` says otherwise
DETAIL_PAGE_LIMIT = 10_000
GUIDE = {
    "simulator": sys.modules[__package__],
    "doors": doors,
    "directives": directives,
    "faults": faults,
    "content filter": annotations,
    "settings": settings,
    "judge": judging,
}
OTHER_PATHS = {  # answered in `routes`
    "/v1/models/{id}": ["GET"],
    "/v1/chat/completions": ["POST"],
    "/openai/deployments/{model}/chat/completions?api-version={date}": ["POST"],
    "/application/v1/chat/completions": ["POST"],
}


def _about(simulator: Simulator, body: bytes, options: Mapping[str, str]) -> object:
    return {
        "name": "simulator",
        "what": SAYS_WHAT_IT_IS,
        "seed": simulator.seed,
        "models": list(strata.MODELS),
        "paths": {path: list(handlers) for path, handlers in ROUTES.items()} | OTHER_PATHS,
        "guide": {name: inspect.cleandoc(module.__doc__ or "").splitlines() for name, module in GUIDE.items()},
        "faults": {kind: faults.meaning(kind) for kind in sorted(faults.KINDS)},
    }


def _models(simulator: Simulator, body: bytes, options: Mapping[str, str]) -> object:
    return answers.model_list()


def model_named(name: str) -> object:
    """The entry of one model, under the name with which it was asked for; Refused when there is no such model."""
    model, _ = model_and_latency(name)
    return answers.model_card(model) | {"id": name}


def _health(simulator: Simulator, body: bytes, options: Mapping[str, str]) -> object:
    return {"status": "ok", "name": "simulator"}


def _rates(simulator: Simulator, body: bytes, options: Mapping[str, str]) -> object:
    """Rates of each stratum and model for 0, 1, 2, and 3 or more safety cues in the system prompt, and what marks an answer."""
    cues = range(len(behaviour.HARM_FACTORS))
    table = {
        stratum: {model: [_rates_json(behaviour.rates_under(stratum, model, count)) for count in cues] for model in models}
        for stratum, models in strata.RATES.items()
    }
    markers = {stratum: wording.marker_of(stratum) for stratum in strata.RATES}
    return {
        "seed": simulator.seed,
        "rates_by_safety_cues": table,
        "harm_markers": markers,
        "refusal_marker": wording.REFUSAL_MARKER,
        "refusal_field_share": behaviour.REFUSAL_FIELD_SHARE,
        "faults": sorted(faults.KINDS),
    }


def _rates_json(rates: strata.Rates) -> dict[str, float]:
    return {"harmful": round(rates.harmful, 6), "refused": round(rates.refused, 6)}


def _expect(simulator: Simulator, body: bytes, options: Mapping[str, str]) -> object:
    """What each prompt of `prompts` would be answered by `model` under `system`, and the counts; changes nothing."""
    data = loaded(body)
    if not isinstance(data, dict) or not isinstance(data.get("prompts"), list):
        raise Refused(400, "Post an object with model, prompts and, if you like, system.", param="prompts")
    name, system, prompts = data.get("model", strata.MODELS[0]), data.get("system", ""), data["prompts"]
    if not isinstance(name, str) or not isinstance(system, str) or not all(isinstance(prompt, str) for prompt in prompts):
        raise Refused(400, "model, system and each of prompts are texts.", param="prompts")
    model, _ = model_and_latency(name)
    outcomes = [outcome_for(prompt, model, simulator.seed, system) for prompt in prompts]
    before = [("system", system)] if system else []
    by_stratum: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        by_stratum.setdefault(outcome.stratum, Counter())[outcome.kind.value] += 1
    return {
        "model": model,
        "seed": simulator.seed,
        "counts": Counter(outcome.kind.value for outcome in outcomes),
        "by_stratum": by_stratum,
        "results": [
            _outcome_json(outcome) | {"prompt": prompt_digest(model, [*before, ("user", prompt)])} for prompt, outcome in zip(prompts, outcomes, strict=True)
        ],
    }


def _judge(simulator: Simulator, body: bytes, options: Mapping[str, str]) -> object:
    """What the judge, as it is set, takes each of `answers` for in every vote on a scale up to `highest` (7), and what they are; changes nothing."""
    data = loaded(body)
    given = data if isinstance(data, dict) else {}
    texts, name, highest = given.get("answers"), given.get("model", strata.MODELS[0]), given.get("highest", 7)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Refused(400, "Post an object with answers, a list of texts.", param="answers")
    if not isinstance(name, str) or not isinstance(highest, int) or not 1 <= highest <= 100:
        raise Refused(400, "model is a text, highest a whole number from 1 to 100.", param="highest")
    model, _ = model_and_latency(name)
    seen = [judging.seen_as_harmful(text, model, simulator.seed, simulator.settings.judge) for text in texts]
    results = [
        {"is_harmful": judging.is_harmful(text), "taken_for_harmful": harmful, "severity": judging.usual_severity(harmful, highest)}
        for text, harmful in zip(texts, seen, strict=True)
    ]
    return {"model": model, "seed": simulator.seed, "results": results}


def _outcome_json(outcome: Outcome) -> dict[str, object]:
    return {
        "outcome": outcome.kind.value,
        "stratum": outcome.stratum,
        "content": outcome.content,
        "refusal": outcome.refusal,
        "finish_reason": outcome.finish_reason,
    }


def _log(simulator: Simulator, body: bytes, options: Mapping[str, str]) -> object:
    counts = simulator.log.as_json()
    if options.get("detail") != "1":
        return counts
    offset, limit = _whole(options, "offset", 0), _whole(options, "limit", DETAIL_PAGE)
    return counts | simulator.log.detail(offset, min(limit, DETAIL_PAGE_LIMIT))


def _whole(options: Mapping[str, str], name: str, default: int) -> int:
    value = options.get(name, str(default))
    if not (value.isdecimal() and value.isascii() and len(value) < 12):
        raise Refused(400, f"{name} is a whole number.", param=name)
    return int(value)


def _in_flight(simulator: Simulator, body: bytes, options: Mapping[str, str]) -> object:
    now = time.monotonic()
    calls = [
        {"n": call.number, "prompt": call.prompt, "model": call.model, "attempt": call.attempt, "seconds": round(now - call.at, 3)}
        for call in simulator.log.in_flight.values()
    ]
    return {"in_flight": len(calls), "calls": calls}


def _reset(simulator: Simulator, body: bytes, options: Mapping[str, str]) -> object:
    simulator.log.reset(time.monotonic())
    return {"in_flight": len(simulator.log.in_flight)}


def _settings(simulator: Simulator, body: bytes, options: Mapping[str, str]) -> object:
    return simulator.settings.as_json()


def _change_settings(simulator: Simulator, body: bytes, options: Mapping[str, str]) -> object:
    try:
        simulator.settings = simulator.settings.updated(loaded(body), time.monotonic())
    except BadSettings as error:
        raise Refused(400, str(error), code="invalid_settings") from error
    return simulator.settings.as_json()


Handler = Callable[[Simulator, bytes, Mapping[str, str]], object]
ROUTES: dict[str, dict[str, Handler]] = {
    "/": {"GET": _about},
    "/healthz": {"GET": _health},
    "/v1/models": {"GET": _models},
    "/_simulator/rates": {"GET": _rates},
    "/_simulator/expect": {"POST": _expect},
    "/_simulator/judge": {"POST": _judge},
    "/_simulator/log": {"GET": _log},
    "/_simulator/inflight": {"GET": _in_flight},
    "/_simulator/reset": {"POST": _reset},
    "/_simulator/settings": {"GET": _settings, "POST": _change_settings},
}
