"""Tags and filters for words, figures and small marks. They are built in, like the other tag modules beside this one, so no page loads them."""

from __future__ import annotations

import datetime

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from raiportal.look import formats
from raiportal.look.levels import HIGHEST_SCORE, HIGHEST_SEVERITY, RISK_WORDS, Severity, risk_level, severity_band
from raiportal.look.marks import Mark, Tone

register = template.Library()
DIGEST_SHOWN = 12  # characters of a digest: 48 bits, enough to tell versions of one thing apart

# --- Words and figures ---
register.filter("number", formats.number)
register.filter("rate", formats.rate)
register.filter("threshold", formats.threshold)
register.filter("money", formats.money)
register.filter("price", formats.price)
register.filter("duration", formats.duration)
register.filter("milliseconds", formats.milliseconds)
register.filter("initials", formats.initials)
register.filter("filler", formats.filler)
register.filter("points", formats.points)
register.filter("p_value", formats.p_value)
register.filter("exact", formats.exact)
register.simple_tag(formats.interval, name="interval")
register.simple_tag(formats.counted_rate, name="counted_rate")


@register.simple_tag
def ago(moment: datetime.datetime | None) -> SafeString | str:
    """A moment as people say it, with the exact one in `title` and `datetime`; `live.js` keeps it current."""
    if moment is None:
        return formats.NONE_YET
    text = formats.ago(moment, timezone.now())
    return format_html('<time datetime="{}" title="{}" data-relative>{}</time>', moment.isoformat(), formats.exact(moment), text)


# --- Small marks ---
@register.simple_tag
def icon(name: str, tone: Tone = "") -> SafeString:
    css = f"icon {tone}".strip()
    sprite = static("raiportal/icons.svg")
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', css, sprite, name)


def _marked(css: str, mark: Mark | str, shape: str, tone: str) -> SafeString:
    shown = mark if isinstance(mark, Mark) else Mark(mark, shape, tone)  # type: ignore[arg-type]  # templates pass plain words
    return format_html('<span class="{}">{}{}</span>', f"{css} {shown.tone}".strip(), icon(shown.icon), shown.word)


@register.simple_tag
def badge(mark: Mark | str, icon: str = "draft", tone: str = "", *, loud: bool = False) -> SafeString:
    """A boxed state beside a title, from a Mark or from a word with icon and tone; `loud` for the page's own state."""
    return _marked("badge loud" if loud else "badge", mark, icon, tone)


@register.simple_tag
def state(mark: Mark | str, icon: str = "draft", tone: str = "") -> SafeString:
    """A state without its box, for tables and lists."""
    return _marked("state", mark, icon, tone)


@register.simple_tag
def risk(level: int) -> SafeString:
    """A risk level from 1 to 5 as bars and a word."""
    word = RISK_WORDS[level - 1].capitalize()
    return format_html('<span class="state">{}{}</span>', icon(f"risk-{level}"), word)


_NO_SCORE = SafeString('<span class="score none"><span aria-hidden="true">–</span><span class="sr">none yet</span></span>')


@register.simple_tag
def score(value: int | None) -> SafeString:
    """A risk score from 1 to 25; None is "none yet", never 0."""
    if value is None:
        return _NO_SCORE
    level = risk_level(value)
    words = f" of {HIGHEST_SCORE}, {level.word}"
    return format_html('<span class="score r{}">{}<span class="sr">{}</span></span>', level.number, value, words)


@register.simple_tag
def severity(value: int | Severity | None) -> SafeString:
    """The severity of one output: on a scale of its own, or as a plain number on the scale from 0 to 7."""
    if value is None:
        return _NO_SCORE
    if not isinstance(value, Severity):
        band = severity_band(value)
        value = Severity(value, HIGHEST_SEVERITY, band.word, band.number)
    words = f" of {value.highest}, {value.word}"
    return format_html('<span class="score s{}">{}<span class="sr">{}</span></span>', value.fill, value.value, words)


@register.simple_tag
def avatar(name: str) -> SafeString:
    """Initials of a person or a role, beside the name and never instead of it."""
    return format_html('<span class="avatar" aria-hidden="true">{}</span>', formats.initials(name))


@register.simple_tag
def digest(value: str, title: str = "") -> SafeString:
    """The beginning of a digest, in groups of four, as people compare it; the whole one in `title`."""
    shown = " ".join(value[place : place + 4] for place in range(0, DIGEST_SHOWN, 4)).strip()
    return format_html('<span class="digest" title="{}">{}</span>', title or value, shown)
