"""Tags and filters that every template may use: they are built in, so no page loads them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms, template
from django.forms import BaseForm, BoundField
from django.forms.widgets import CheckboxInput, FileInput
from django.template.context import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from raiportal.look import charts, formats, paging
from raiportal.look.levels import HIGHEST_SCORE, HIGHEST_SEVERITY, RISK_WORDS, Severity, risk_level, severity_band
from raiportal.look.marks import Mark, Tone
from raiportal.look.navigation import Link, StageLink
from raiportal.look.widgets import CheckboxesAcross, HintedRadioSelect

register = template.Library()

# --- Words and figures ---
register.filter("number", formats.number)
register.filter("rate", formats.rate)
register.filter("threshold", formats.threshold)
register.filter("money", formats.money)
register.filter("duration", formats.duration)
register.filter("milliseconds", formats.milliseconds)
register.filter("initials", formats.initials)
register.filter("filler", formats.filler)
register.filter("exact", formats.exact)
register.simple_tag(formats.interval, name="interval")
register.simple_tag(formats.counted_rate, name="counted_rate")


@register.simple_tag
def ago(moment: datetime.datetime | None) -> SafeString | str:
    """A moment as people say it, with the exact one in `title` and `datetime`; `portal.js` keeps it current."""
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


@register.inclusion_tag("components/tally.html")
def tally(holds: int, stale: int = 0, missing: int = 0) -> dict[str, Any]:
    return {"tally": charts.tally(holds, stale, missing)}


@register.inclusion_tag("components/spark.html")
def spark(values: Sequence[int]) -> dict[str, Any]:
    return {"spark": charts.sparkline(values)}


# --- Charts ---
@register.inclusion_tag("components/interval_plot.html")
def interval_plot(
    plot: charts.IntervalPlot, heading: str = "Metric", counted: str = "Harmful / judged", caption: str = "", *, tight: bool = False
) -> dict[str, Any]:
    return {"plot": plot, "heading": heading, "counted": counted, "caption": caption, "tight": tight}


@register.inclusion_tag("components/severity_bar.html")
def severity_bar(counts: Sequence[int] | Sequence[charts.SeverityPart]) -> dict[str, Any]:
    """From the parts of any scale, or from eight counts, one for each severity from 0 to 7."""
    parts = [part for part in counts if isinstance(part, charts.SeverityPart)]
    plain = [count for count in counts if isinstance(count, int)]
    return {"bar": charts.severity_parts_bar(parts) if parts else charts.severity_bar(plain)}


@register.inclusion_tag("components/outcome_bar.html")
def outcome_bar(counts: Mapping[str, int], failed_note: str = "") -> dict[str, Any]:
    return {"bar": charts.outcome_bar(counts, failed_note=failed_note)}


# --- Places ---
@register.simple_tag
def crumbs(*parts: str) -> SafeString:
    """The way here: label and address in turn, and last the label of this page."""
    links = zip(parts[:-1:2], parts[1:-1:2], strict=True)
    items = format_html_join("", '<li><a href="{1}">{0}</a></li>', links)
    return format_html('<nav class="crumbs" aria-label="Breadcrumb"><ol>{}<li aria-current="page">{}</li></ol></nav>', items, parts[-1])


@register.simple_tag(takes_context=True)
def everywhere_links(context: Context) -> list[Link]:
    return context["shell"].everywhere(context.get("section", ""))  # type: ignore[no-any-return]


@register.simple_tag(takes_context=True)
def stage_links(context: Context) -> list[StageLink]:
    return context["shell"].stages(context["system"], context.get("section", ""))  # type: ignore[no-any-return]


# --- Lists ---
@register.inclusion_tag("components/sort_head.html", takes_context=True)
def sort_head(context: Context, label: str, key: str, css: str = "", *, default: str = "", first: str = "ascending", fold: bool = True) -> dict[str, Any]:
    """A column head that orders the list by `key`, `first` in this direction; the other way when it does already. `default` is the order without a
    choice."""
    request = context["request"]
    chosen = request.GET.get("sort", default)
    direction = {key: "ascending", f"-{key}": "descending"}.get(chosen, "")
    turns_down = direction == "ascending" or (not direction and first == "descending")
    url = paging.changed_query(request, sort=f"-{key}" if turns_down else key)
    return {"label": label, "url": url, "css": css, "direction": direction, "fold": fold}


@register.inclusion_tag("components/chip.html", takes_context=True)
def chip(context: Context, label: str, parameter: str, value: str) -> dict[str, Any]:
    """A set filter as a link that removes it from the address."""
    return {"label": label, "url": paging.without_value(context["request"], parameter, value)}


@register.inclusion_tag("components/pager.html")
def pager(pager: paging.Pager, name: str = "Pages") -> dict[str, Any]:
    """Which rows are shown, and the ways back and on. A second pager on a page needs a name of its own."""
    return {"pager": pager, "name": name}


# --- Forms ---
def _kind(bound: BoundField) -> str:
    widget = bound.field.widget
    if bound.use_fieldset:
        return "choices"
    if isinstance(widget, CheckboxInput):
        return "checkbox"
    return "file" if isinstance(widget, FileInput) else "control"


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, *, bare: bool = False) -> dict[str, Any]:
    """Label, hint, error and control of one form field; the control names hint and error by `aria-describedby`.

    `bare` leaves out the hint and the placeholder that a library's form brings along.
    """
    if bare:
        bound.help_text = ""
        bound.field.widget.attrs.pop("placeholder", None)
    widget = bound.field.widget
    hints = widget.hints if isinstance(widget, HintedRadioSelect) else {}
    options = [(option, hints.get(str(option.data["value"]), "")) for option in bound] if bound.use_fieldset else []
    across = isinstance(widget, HintedRadioSelect | CheckboxesAcross) and widget.across
    return {"field": bound, "kind": _kind(bound), "options": options, "across": across, "errors": _messages(bound)}


def _messages(bound: BoundField) -> list[str]:
    """A field's errors; Django's own words for a missing answer give way to words that name the field."""
    bare = forms.Field.default_error_messages["required"]
    return [f"Fill in “{bound.label}”." if message == bare else str(message) for message in bound.errors]


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: BaseForm, *, focus: bool = True) -> dict[str, Any]:
    """The notice above a refused form: every error, linked to its field; it takes the focus."""
    problems = [(_anchor(bound), message) for bound in form for message in _messages(bound)]
    return {"form": form, "problems": problems, "count": len(problems) + len(form.non_field_errors()), "focus": focus}


def _anchor(bound: BoundField) -> str:
    return bound.id_for_label or f"{bound.auto_id}_0"
