"""Tags for ways around: crumbs, the rail, tabs, and what a list's head and foot link to."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from raiportal.look import formats, paging
from raiportal.look.navigation import Link, StageLink

register = template.Library()


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


@register.simple_block_tag
def tabs(content: SafeString, name: str) -> SafeString:
    """Views of one thing, as links: `{% tabs "Parts of this run" %}{% tab ... %}{% tab ... %}{% endtabs %}`."""
    return format_html('<nav class="tabs" aria-label="{}">{}</nav>', name, content)


@register.simple_tag(takes_context=True)
def tab(
    context: Context, label: str, url: str, *, count: int | str | None = None, current: Any = None, slug: str = "", open: str = "", count_id: str = ""
) -> SafeString:
    """One of the tabs. It is the open one when its address is this page's, unless `current` says so or otherwise, or `slug` is compared with `open`.

    `count_id` lets an answer renew its count.
    """
    if slug:
        current = slug == open
    is_open = context["request"].path == url.split("?")[0] if current is None else bool(current)
    shown = formats.number(count) if isinstance(count, int) else count
    named = format_html(' id="{}"', count_id) if count_id else ""
    counted = format_html(' <span class="count"{}>{}</span>', named, shown) if count is not None else ""
    here = SafeString(' aria-current="page"') if is_open else ""
    return format_html('<a href="{}"{}>{}{}</a>', url, here, label, counted)


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


@register.simple_block_tag
def bulk(content: SafeString, of: str) -> SafeString:
    """The bar that acts on selected rows: put it last in `<form class="selectable">` around a table with a box in each row.

    It shows only with a selection. `forms.js` counts, and works a box with `data-select-all` in the head.
    """
    return render_to_string("components/bulk.html", {"content": content, "of": of})
