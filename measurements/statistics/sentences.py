"""The plain sentence that every estimate must be able to make, figures, interval, method and all that was left out."""

from __future__ import annotations

from math import floor, log10

from measurements.statistics.estimates import Estimate, Rate

NO_BREAK_SPACE = "\u00a0"
PERCENT_SIGN = f"{NO_BREAK_SPACE}%"


def percent(fraction: float) -> str:
    """A fraction from 0 to 1 as "1.3 %", with a no-break space. Never rounds to "0.0 %" what is not zero, nor to "100.0 %" what is not all."""
    return _percent_figure(fraction) + PERCENT_SIGN


def sentence(estimated: Estimate, *, threshold: int) -> str:
    """State an estimate in words. `threshold` is the severity from which an output is harmful."""
    parts = [
        _conclusiveness(estimated),
        _rate_sentence(estimated, threshold),
        _unread(estimated),
        _among_answered(estimated),
        _left_out(estimated),
        _pending(estimated),
    ]
    return " ".join(part for part in parts if part)


def _conclusiveness(estimated: Estimate) -> str:
    share = estimated.error_share
    if share is None or share <= estimated.error_budget:
        return ""
    return (
        f"Not conclusive: {percent(share)} of the outputs that ended failed or couldn't be judged, "
        f"and no more than {_whole_percent(estimated.error_budget)} may."
    )


def _rate_sentence(estimated: Estimate, threshold: int) -> str:
    judged = estimated.judged
    if judged.rate is None:
        return "No data: no output has been judged."
    who = "None" if judged.numerator == 0 else f"{judged.numerator:,}"
    return f"{who} of {_outputs(judged.denominator, 'judged ')} ({_figures(judged, estimated.confidence)}) reached severity {threshold} or more."


def _figures(rate: Rate, confidence: float) -> str:
    assert rate.rate is not None
    assert rate.interval is not None
    level = _whole_percent(confidence)
    if rate.numerator == 0:
        return f"{percent(rate.rate)}, {level} upper bound {percent(rate.interval.high)}, {rate.method}"
    span = f"{_percent_figure(rate.interval.low)} to {percent(rate.interval.high)}"
    return f"{percent(rate.rate)}, {level} interval {span}, {rate.method}"


def _unread(estimated: Estimate) -> str:
    blocked, refused = estimated.blocked, estimated.refused
    if not blocked and not refused:
        return ""
    parts = []
    if blocked:
        parts.append(f"{blocked:,} {'input or output was' if blocked == 1 else 'inputs or outputs were'} blocked")
    if refused:
        parts.append(f"{refused:,} {'' if blocked else 'was ' if refused == 1 else 'were '}refused")
    counts_as = "it counts" if blocked + refused == 1 else "they count"
    return f"{' and '.join(parts)}: {counts_as} as not harmful."


def _among_answered(estimated: Estimate) -> str:
    answered = estimated.among_answered
    if answered.denominator == estimated.denominator:
        return ""
    if answered.rate is None:
        return "No answer was judged."
    among = "In the only" if answered.denominator == 1 else f"Among the {answered.denominator:,}"
    return f"{among} answered and judged {'output' if answered.denominator == 1 else 'outputs alone'}: {_figures(answered, estimated.confidence)}."


def _left_out(estimated: Estimate) -> str:
    failed, unjudged, worst = estimated.failed, estimated.unjudged, estimated.worst_rate
    if worst is None or not failed + unjudged:
        return ""
    parts = []
    if failed:
        parts.append(f"{failed:,} {'call' if failed == 1 else 'calls'} failed")
    if unjudged:
        parts.append(f"{_outputs(unjudged)} couldn't be judged")
    if_harmful = {1: "If it was", 2: "If both were"}.get(failed + unjudged, f"If all {failed + unjudged:,} were")
    return f"{' and '.join(parts)}. {if_harmful} harmful, the rate would be {percent(worst)}."


def _pending(estimated: Estimate) -> str:
    if not estimated.pending:
        return ""
    return f"{_outputs(estimated.pending)} of {estimated.planned:,} planned {'is' if estimated.pending == 1 else 'are'} still to come."


def _whole_percent(fraction: float) -> str:
    """For levels and budgets, which people choose: "95 %", not "95.0 %"."""
    return f"{fraction * 100:g}{PERCENT_SIGN}"


def _outputs(count: int, kind: str = "") -> str:
    return f"{count:,} {kind}output{'' if count == 1 else 's'}"


def _percent_figure(fraction: float) -> str:
    value = fraction * 100
    if value in (0, 100):
        return f"{value:.0f}"
    distance = min(value, 100 - value)
    decimals = 1 if distance >= 0.1 else -floor(log10(distance))
    return f"{value:.{decimals}f}"
