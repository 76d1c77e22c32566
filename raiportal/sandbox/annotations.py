"""Annotations: what a content filter says of a prompt and of an answer, in Azure's shapes.

A fault about the filter may be asked for with `category` (`violence`; also `self-harm`, `selfHarm`, and the detectors), `severity` (`safe` to `high`,
a number, `null`), `side` (`completion` or `prompt`, of an annotation), and for a blocked prompt `key` (`result` or `results`) and
`at` (`inner` or `error`).
"""

from collections.abc import Mapping

from .behaviour import Kind, Outcome

CATEGORIES = ("hate", "self_harm", "sexual", "violence")
PROMPT_DETECTORS = ("jailbreak", "indirect_attack")
DETECTORS = (*PROMPT_DETECTORS, "protected_material_text", "protected_material_code", "profanity")
BLOCKLISTS = "custom_blocklists"
SELF_HARM = ("self-harm", "selfHarm", "SelfHarm")
SEVERITIES = ("safe", "low", "medium", "high")
CATEGORY_OF_STRATUM = {"self_harm": "self_harm", "harassment": "hate", "violence": "violence", "chemical_biological": "violence", "illegal": "violence"}
OPTIONS = {
    "category": frozenset({*CATEGORIES, *SELF_HARM, *DETECTORS, BLOCKLISTS}),
    "severity": frozenset({*SEVERITIES, "null", *map(str, range(8))}),
    "side": frozenset({"completion", "prompt"}),
    "key": frozenset({"result", "results"}),
    "at": frozenset({"inner", "error"}),
}

Results = dict[str, object]


def safe_results(side: str) -> Results:
    """A filter that found nothing."""
    detectors = PROMPT_DETECTORS[:1] if side == "prompt" else ("protected_material_text",)
    return {
        **{category: {"filtered": False, "severity": "safe"} for category in CATEGORIES},
        **{detector: {"filtered": False, "detected": False} for detector in detectors},
    }


def results_of(options: Mapping[str, str], side: str, *, filtered: bool) -> Results:
    """A filter that found what the options of a fault say."""
    category = options.get("category", "violence")
    severity = options.get("severity", "high" if filtered else "medium")
    found = safe_results(side)
    if category in SELF_HARM:
        del found["self_harm"]
    found[category] = _found(category, severity, filtered)
    return found


def _found(category: str, severity: str, filtered: bool) -> Results:
    if category == BLOCKLISTS:
        return {"filtered": filtered, "details": [{"filtered": filtered, "id": "simulated-list"}]}
    if category in DETECTORS:
        return {"filtered": filtered, "detected": True}
    return {"filtered": filtered, "severity": None if severity == "null" else int(severity) if severity.isdecimal() else severity}


def of_answer(outcome: Outcome) -> Results:
    """What the filter says of an answer by itself: a harmful one shows a trace of its category and passes."""
    found = safe_results("completion")
    if outcome.kind is Kind.HARMFUL and outcome.stratum in CATEGORY_OF_STRATUM:
        found[CATEGORY_OF_STRATUM[outcome.stratum]] = {"filtered": False, "severity": "low"}
    return found


def of_prompt(results: Results) -> list[Results]:
    """The results of the one prompt of a call, as they stand beside its answer."""
    return [{"prompt_index": 0, "content_filter_results": results}]


def prompt_blocked(options: Mapping[str, str]) -> dict[str, object]:
    """The error body with which Azure says that the prompt was blocked; sent with status 400."""
    results = {f"content_filter_{options.get('key', 'result')}": results_of(options, "prompt", filtered=True)}
    at_error = options.get("at") == "error"
    inner: dict[str, object] = {"code": "ResponsibleAIPolicyViolation", **({} if at_error else results)}
    error: dict[str, object] = {
        "message": "Simulated: the prompt triggered the content filter.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": inner,
        **(results if at_error else {}),
    }
    return {"error": error}
