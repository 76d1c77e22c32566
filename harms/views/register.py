"""The register of one system and the one over all that somebody may see: list, heat-map, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from harms import policies, selectors
from harms.enums import RiskPointKind
from harms.filters import LEVELS, MYSELF, NOBODY, HarmFilter
from harms.selectors import Frame, Register
from harms.views.addressed import system_of
from raiportal import exports, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.heat_maps import HeatMap, HeatStep, heat_map
from raiportal.look.paging import changed_query, cursor_pager
from systems.models import AISystem, IntendedUse

HARMS_A_PAGE = 50
FILTERS = (
    *("q", "system", "use", "origin", "category", "state", "level", "owner"),
    *("measured", "appetite", "flag", "since", "until", "severity", "frequency"),
)
ORDERS = (
    *(("-priority", "Risk, highest first"), ("priority", "Risk, lowest first"), ("title", "Title"), ("system", "System"), ("category", "Category")),
    *(("origin", "Origin"), ("state", "State"), ("owner", "Owner"), ("-created", "Newest first"), ("created", "Oldest first"), ("-changed", "Changed last")),
)
UNREADABLE = "A filter in the address can't be read."


@dataclass(frozen=True)
class Asked:
    """What an address asks of the register. `rows` is empty where a filter can't be read."""

    register: Register
    filters: HarmFilter
    rows: QuerySet[Any]
    is_readable: bool

    @property
    def is_filtered(self) -> bool:
        """Whether some of the register's rows may be left out; its place (system, use) is no filter."""
        return any(self.filters.data.get(name) for name in self.filters.filters if name != "point")


@require_safe
def harm_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    """One system's harms worst first, or those of one of its uses; the address keeps filters and order."""
    system = system_of(request, system_id)
    context = {"system": system, "may_propose": policies.may_propose_harm(request.user, system), "place": reverse("harm-list", args=[system.pk])}
    return _page(request, system, context, export="harm-export", arguments=(system.pk,))


@require_safe
def harm_register(request: SignedInRequest) -> HttpResponse:
    """The harms of every system that this person may see."""
    return _page(request, None, {"place": reverse("harm-register")}, export="harm-register-export")


def _page(request: SignedInRequest, system: AISystem | None, context: dict[str, Any], *, export: str, arguments: Sequence[Any] = ()) -> HttpResponse:
    asked = read_address(request, system, request.GET)
    name, sort = keyset.chosen_sort(request.GET.get("sort"), asked.register.sorts, selectors.WORST_FIRST)
    page = selectors.register_page(asked.register, asked.rows, sort, request.GET.get("cursor"), HARMS_A_PAGE)
    frame = selectors.frame(asked.register, request.user)
    queried = _without(request.GET, "cursor")
    context |= {
        "section": "harms" if system else "register",
        "rows": page.rows,
        "use": asked.register.use,
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": asked.filters,
        "is_filtered": asked.is_filtered or not asked.is_readable,
        "chips": _chips(asked, frame) if asked.is_readable else [],
        "levels": LEVELS,
        "frame": frame,
        "open_view": _open_view(request, frame),
        "total": frame.views[0],
        "high": frame.views[1],
        "sort": name,
        "point": asked.filters.point_shown if asked.is_readable else "",
        "points": _point_tabs(request, asked),
        "heat": _heat(request, asked, frame),
        "exports": [(format.upper(), f"{reverse(export, args=[*arguments, format])}{queried}") for format in exports.FORMATS],
        "query": queried.removeprefix("?"),
        "orders": [(key, words) for key, words in ORDERS if key.removeprefix("-") in asked.register.sorts],
    }
    return render(request, "harms/harm_list.html", context, status=200 if asked.is_readable else 422)


@require_safe
def harm_export(request: SignedInRequest, system_id: int, format: str) -> HttpResponseBase:
    """The filtered register as a file, in the order of the page."""
    system = system_of(request, system_id)
    return _file(request, system, format, f"harms-{system.slug}")


@require_safe
def harm_register_export(request: SignedInRequest, format: str) -> HttpResponseBase:
    return _file(request, None, format, "harms")


def _file(request: SignedInRequest, system: AISystem | None, format: str, name: str) -> HttpResponseBase:
    asked = read_address(request, system, request.GET)
    if not asked.is_readable:
        raise Invalid(UNREADABLE, field="filter")
    _, sort = keyset.chosen_sort(request.GET.get("sort"), asked.register.sorts, selectors.WORST_FIRST)
    return exports.download(name, format, selectors.EXPORTED, selectors.exported(asked.register, asked.rows, sort))


# --- What the address says ---
def read_address(request: SignedInRequest, system: AISystem | None, query: QueryDict) -> Asked:
    """The register and the rows that a query asks for; a filter that can't be read shows nothing, since all might be more than was asked for."""
    register, is_known = _register(request, system, query)
    filters = HarmFilter(query, register.rows(), request=request, to_harm=register.to_harm)
    is_readable = is_known and filters.is_valid()
    return Asked(register, filters, filters.qs if is_readable else register.rows().none(), is_readable)


def _register(request: SignedInRequest, system: AISystem | None, query: QueryDict) -> tuple[Register, bool]:
    """The place that `system` and `use` of a query name, and whether it is one that this person may see."""
    register = selectors.register_of(system) if system else selectors.register_for(request.user)
    narrowed = query.get("system", "") if system is None else ""
    if narrowed:
        pk = _id(narrowed)
        if pk is None or (register.scopes is not None and pk not in register.scopes):
            return register, False
        register = Register(None, None, (pk,))
    if not query.get("use"):
        return register, True
    uses = IntendedUse.objects.visible_to(request.user).filter(pk=_id(query.get("use", "")) or 0, archived_at=None)
    use = (uses.filter(system=system) if system else uses).first()
    return Register(system, use, (use.system_id,) if use else register.scopes), use is not None


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _without(query: QueryDict, *names: str) -> str:
    rest = query.copy()
    for name in names:
        rest.pop(name, None)
    return f"?{rest.urlencode()}" if rest else ""


# --- What is drawn around the list ---
def _chips(asked: Asked, frame: Frame) -> list[tuple[str, str, str]]:
    """Set filters as (words, parameter, value)."""
    data = asked.filters.data
    return [(_chip_words(asked, frame, name, data[name]), name, data[name]) for name in FILTERS if data.get(name)]


def _chip_words(asked: Asked, frame: Frame, name: str, value: str) -> str:
    offered = {"category": frame.categories, "owner": frame.people, "system": frame.systems, "use": frame.uses}
    if name == "use" and asked.register.use:
        return f"Use: {asked.register.use.title}"
    if name == "owner" and value in (MYSELF, NOBODY):
        return "Owner: me" if value == MYSELF else "Owner: nobody"
    if name in offered:
        label = next((choice.label for choice in offered[name] if choice.value == value), "the one chosen")
        return f"{name.capitalize()}: {label}"
    choices = dict(getattr(asked.filters.form.fields[name], "choices", ()))
    return f"{asked.filters.filters[name].label}: {choices.get(value, value)}"


def _open_view(request: SignedInRequest, frame: Frame) -> str:
    asked = sorted(QueryDict(_without(request.GET, "sort", "cursor", "point").removeprefix("?")).lists())
    whole = sorted(QueryDict(_without(request.GET, "cursor").removeprefix("?")).lists())
    return next((view.slug for view in frame.views if sorted(QueryDict(view.query).lists()) in (asked, whole)), "")


def _point_tabs(request: SignedInRequest, asked: Asked) -> list[tuple[str, str, bool]]:
    """Which score the heat-map shows: label, address, whether it is the one shown."""
    shown = asked.filters.point_shown if asked.is_readable else ""
    points = [("", "Ranking"), *((kind.value, str(kind.label)) for kind in RiskPointKind)]
    return [(label, changed_query(request, point=point or None, severity=None, frequency=None), point == shown) for point, label in points]


def _heat(request: SignedInRequest, asked: Asked, frame: Frame) -> HeatMap | None:
    """The harms of the list by their levels, whichever cell of them is open."""
    if not asked.is_readable:
        return None
    point = asked.filters.point_shown
    severities, frequencies = (_steps(frame, axis) for axis in ("severity", "frequency"))
    counts_all = bool(point) or _is_cut(asked)
    return heat_map(
        severities,
        frequencies,
        selectors.counts_of(_all_cells(request, asked), point) if counts_all else frame.counts,
        lambda severity, frequency: changed_query(request, severity=str(severity), frequency=str(frequency)),
        current=asked.filters.cell,
        most=None if counts_all else selectors.MOST_COUNTED,
    )


def _steps(frame: Frame, axis: str) -> list[HeatStep]:
    return [HeatStep(level["level"], level["label"], level["anchor"]) for level in frame.levels[axis]]


def _is_cut(asked: Asked) -> bool:
    return any(asked.filters.data.get(name) for name in asked.filters.filters if name not in ("point", "severity", "frequency"))


def _all_cells(request: SignedInRequest, asked: Asked) -> QuerySet[Any]:
    query = asked.filters.data.copy()
    for name in ("severity", "frequency"):
        query.pop(name, None)
    rest = HarmFilter(query, asked.register.rows(), request=request, to_harm=asked.register.to_harm)
    return rest.qs
