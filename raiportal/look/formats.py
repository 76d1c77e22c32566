"""How figures, rates, durations and moments are written on pages. A figure and its unit never part at a line's end."""

from __future__ import annotations

import datetime
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone

NO_BREAK = "\u00a0"
MINUS = "\u2212"
DASH = "\u2013"
NONE_YET = DASH  # shown where there is no figure; never 0
MOST_DECIMALS = 6
FILLER_MOST = 600  # characters; a veil shows no more lines than that
_FILLER = "Etaoin shrdlu cmfwyp vbgkqj xz etaoin shrdlu cmfwyp vbgk qjxz etao inshrd lucm fwypv bgkqjx zetaoin "

Number = int | float | Decimal


def number(value: Number | None, decimals: int = 0) -> str:
    """`1,488`; a dash for None; a true minus sign."""
    if value is None:
        return NONE_YET
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def _percent(fraction: float, decimals: int) -> str:
    """Rounded half up from the digits that the fraction is written with, so that 0.0015 is 0.2 and not what binary makes of it."""
    return str((Decimal(repr(fraction)) * 100).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))


def decimals_for(fraction: float) -> int:
    """Decimals of a rate in percent: one, or as many as keep a small rate off 0 and a large one off 100."""
    for decimals in range(1, MOST_DECIMALS):
        if fraction in (0, 1) or 0 < float(_percent(fraction, decimals)) < 100:
            return decimals
    return MOST_DECIMALS


def p_value(value: float) -> str:
    """A p-value to three places, from 0.001 on: "< 0.001", "0.042"."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def rate(fraction: float | None) -> str:
    """A fraction from 0 to 1 as `1.3 %`; exactly none and all as `0 %` and `100 %`."""
    if fraction is None:
        return NONE_YET
    if fraction in (0, 1):
        return f"{fraction * 100:.0f}{NO_BREAK}%"
    return f"{_percent(fraction, decimals_for(fraction))}{NO_BREAK}%"


def threshold(fraction: float | None) -> str:
    """A chosen figure as it was chosen, without decimals that nobody wrote: `1 %`, `0.5 %`."""
    return NONE_YET if fraction is None else f"{round(float(fraction) * 100, MOST_DECIMALS):g}{NO_BREAK}%"


def interval(low: float | None, high: float | None, joint: str = DASH) -> str:
    """Bounds given as fractions, in percent without the sign, as the look writes them beside a rate: `0.9–1.8`."""
    if low is None or high is None:
        return NONE_YET
    decimals = max(decimals_for(high), decimals_for(low) if low > 0.5 else 1)
    return f"{_percent(low, decimals)}{joint}{_percent(high, decimals)}"


def points(difference: float, *, signed: bool = True) -> str:
    """A difference of rates, as a fraction, in percentage points: `−0.9`, and `+1.1` where `signed`."""
    shown = f"{difference * 100:+.1f}" if signed else f"{difference * 100:.1f}"
    return "0.0" if float(shown) == 0 else shown.replace("-", MINUS)


def counted_rate(numerator: int, denominator: int, low: float, high: float) -> str:
    """The whole figure in words: `31 of 2,383 (1.3 %, 95 % interval 0.9 to 1.8 %)`."""
    bounds = interval(low, high, joint=" to ")
    shown = rate(numerator / denominator)
    return f"{number(numerator)} of {number(denominator)} ({shown}, 95{NO_BREAK}% interval {bounds}{NO_BREAK}%)"


def money(amount: Number | None, sign: str = "$") -> str:
    """`$7.31`; amounts below a cent keep four decimals."""
    if amount is None:
        return NONE_YET
    decimals = 4 if 0 < abs(float(amount)) < 0.01 else 2
    return f"{MINUS if amount < 0 else ''}{sign}{abs(amount):,.{decimals}f}"


def price(amount: Number | None) -> str:
    """A chosen price with no more decimals than it was chosen with: `0.3`, `12`, `0.000125`."""
    if amount is None:
        return NONE_YET
    text = f"{Decimal(amount):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(seconds: Number | None) -> str:
    """The two largest units: `350 ms`, `3.4 s`, `4 min 41 s`, `1 h 12 min`, `2 d 3 h`."""
    if seconds is None:
        return NONE_YET
    if seconds < 0.9995:
        return f"{float(seconds) * 1000:.0f}{NO_BREAK}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}{NO_BREAK}s"
    return _whole_units(round(seconds))


def _whole_units(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next(index for index, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count}{NO_BREAK}{unit}" for count, unit in parts[first : first + 2] if count)


def milliseconds(value: Number | None) -> str:
    """A duration held in milliseconds."""
    return NONE_YET if value is None else duration(float(value) / 1000)


def exact(moment: datetime.datetime) -> str:
    """`22 Nov 2026 12:51 UTC`, in the portal's time zone."""
    local = timezone.localtime(moment)
    return f"{local.day} {local:%b %Y %H:%M %Z}"


def moment(moment: datetime.datetime, now: datetime.datetime) -> str:
    """As short as the day lets it be: `14:21` today, `23 Nov 12:51` on another day, in the portal's time zone."""
    local = timezone.localtime(moment)
    is_today = local.date() == timezone.localtime(now).date()
    return f"{local:%H:%M}" if is_today else f"{_date(moment, now)}{NO_BREAK}{local:%H:%M}"


def ago(moment: datetime.datetime, now: datetime.datetime) -> str:
    """Relative within a week on both sides (`3 min ago`, `in 2 h`), after that the date."""
    seconds = (now - moment).total_seconds()
    span = abs(seconds)
    if span >= 7 * 86_400:
        return _date(moment, now)
    if span < 60:
        return "just now" if seconds >= 0 else "in a moment"
    words = _span(span)
    return f"{words} ago" if seconds > 0 else f"in {words}"


def _span(seconds: float) -> str:
    if seconds < 3_600:
        return f"{seconds // 60:.0f}{NO_BREAK}min"
    if seconds < 86_400:
        return f"{seconds // 3_600:.0f}{NO_BREAK}h"
    days = int(seconds // 86_400)
    return f"{days}{NO_BREAK}{'day' if days == 1 else 'days'}"


def _date(moment: datetime.datetime, now: datetime.datetime) -> str:
    local = timezone.localtime(moment)
    year = "" if local.year == timezone.localtime(now).year else f"{NO_BREAK}{local.year}"
    return f"{local.day}{NO_BREAK}{local:%b}{year}"


def initials(name: str) -> str:
    """First letters of the first and the last word, for an avatar."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def filler(length: int) -> str:
    """Letters that mean nothing, as many as the hidden text has, up to what a veil can show."""
    wanted = min(length, FILLER_MOST)
    return (_FILLER * (wanted // len(_FILLER) + 1))[:wanted]
