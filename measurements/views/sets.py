"""Sets: the list, one set, its forms, and the cases of a version."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from harms.models import Harm
from measurements import policies
from measurements.actions import sets as actions
from measurements.filters import CaseFilter, SetFilter
from measurements.forms.sets import SetForm
from measurements.models import Case, MeasurementSet, MeasurementSetVersion
from measurements.selectors import cases as case_selectors
from measurements.selectors import sets as selectors
from measurements.selectors.stress import stress_of
from raiportal import exports, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid, Missing
from raiportal.look.forms import add_refusal
from raiportal.look.paging import cursor_pager
from systems.models import AISystem

SETS_A_PAGE = 50
CASES_A_PAGE = 50
EXPORTED_AT_ONCE = 500  # rows
VERSIONS_LISTED = 50
SORTS = {"name": keyset.Sort("name"), "added": keyset.Sort("pk")}
IN_ORDER = keyset.Sort("position")
OPENED = "versions_with_prompts_shown"  # session key: ids of versions whose prompts this person asked to read
OPENED_MOST = 50
EXPORT_COLUMNS = ("id", "name", "sampling", "description", "harms", "cases", "version", "runs", "created_at")


# --- List ---
@require_safe
def set_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    filters = SetFilter(request.GET, queryset=selectors.sets_of(system))
    found = filters.qs if filters.is_valid() else MeasurementSet.objects.none()
    if format := request.GET.get("export"):
        return _export_sets(system, found, format)
    _, sort = keyset.chosen_sort(request.GET.get("sort"), SORTS, "name")
    page = keyset.page(found, sort, request.GET.get("cursor"), SETS_A_PAGE)
    runs = selectors.runs_of_sets(page.rows)
    context = {
        "system": system,
        "section": "sets",
        "rows": [(row, runs[row.pk]) for row in page.rows],
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "is_filtered": any(request.GET.get(name) for name in filters.filters),
        "total": selectors.set_count(system),
        "may_edit": policies.may_edit_sets(request.user, system),
    }
    return render(request, "measurements/set_list.html", context)


def _export_sets(system: AISystem, found: QuerySet[Any], format: str) -> HttpResponse:
    rows = (
        {
            **{name: getattr(row, name) for name in ("id", "name", "sampling", "description", "created_at")},
            "harms": ", ".join(harm.code for harm in row.harms.all()),
            "cases": row.case_count,
            "version": row.newest_number,
            "runs": runs[row.pk],
        }
        for batch in exports.batches(found.order_by("name", "pk").iterator(chunk_size=EXPORTED_AT_ONCE), EXPORTED_AT_ONCE)
        for runs in [selectors.runs_of_sets(batch)]
        for row in batch
    )
    return exports.download(f"sets-{system.slug}", known_format(format), EXPORT_COLUMNS, rows)  # type: ignore[return-value]


def known_format(asked: str) -> str:
    if asked not in exports.FORMATS:
        raise Invalid(f"Lists are exported as {' or '.join(exports.FORMATS)}.", field="export")
    return asked


# --- One set ---
@require_safe
def measurement_set(request: SignedInRequest, set_id: int) -> HttpResponse:
    shown = set_of(request, set_id)
    versions = list(selectors.versions_of(shown)[:VERSIONS_LISTED])
    newest = versions[0] if versions else None
    context = {
        **set_context(request, shown),
        "versions": versions,
        "newest": newest,
        "mix": case_selectors.mix(newest) if newest else None,
        "harms": shown.harms.order_by("-priority", "pk"),
        "waiting": selectors.waiting_uploads(shown),
        "runs": sum(version.run_count for version in versions),
    }
    return render(request, "measurements/set.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def set_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    policies.may_edit_sets(request.user, system).require()
    form = SetForm(request.POST or None, harms=harms_of(system), initial={"harms": request.GET.getlist("harm")})
    if request.method == "POST" and form.is_valid():
        try:
            added = actions.add_set(system=system, **_said(form), actor=request.user)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"Set “{added.name}” added. Import its cases next.")
            return HttpResponseRedirect(reverse("set-import", args=[added.pk]))
    context = {"system": system, "section": "sets", "form": form}
    return render(request, "measurements/set_add.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def set_edit(request: SignedInRequest, set_id: int) -> HttpResponse:
    shown = set_of(request, set_id)
    policies.may_edit_sets(request.user, shown.system).require()
    initial = {name: getattr(shown, name) for name in ("name", "description", "sampling")}
    form = SetForm(request.POST or None, harms=harms_of(shown.system), initial={**initial, "harms": list(shown.harms.all())})
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_set(set_id=shown.pk, **_said(form), actor=request.user)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Set changed.")
            return HttpResponseRedirect(reverse("set", args=[shown.pk]))
    return render(request, "measurements/set_edit.html", {**set_context(request, shown), "form": form}, status=422 if form.errors else 200)


def _said(form: SetForm) -> dict[str, Any]:
    return {**form.cleaned_data, "harms": list(form.cleaned_data.get("harms", ()))}


# --- The cases of a version ---
@require_safe
def set_version(request: SignedInRequest, version_id: int) -> HttpResponse:
    version = version_of(request, version_id)
    filters = CaseFilter(_asked(request, version), queryset=case_selectors.without_texts(Case.objects.visible_to(request.user)))
    found = filters.qs if filters.is_valid() else Case.objects.none()
    page = keyset.page(found, IN_ORDER, request.GET.get("cursor"), CASES_A_PAGE)
    is_filtered = any(request.GET.get(name) for name in filters.filters)
    is_shown = version.pk in request.session.get(OPENED, [])
    total = None if is_filtered else version.case_count
    context = {
        **set_context(request, version.measurement_set),
        "version": version,
        "here": f"Version {version.number}",
        "lines": case_selectors.lines(page.rows, shown=is_shown),
        "is_shown": is_shown,
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next, total=total),
        "filters": filters,
        "is_filtered": is_filtered,
        "mix": case_selectors.mix(version),
        "newest": selectors.latest_version(version.measurement_set),
        "may_read": policies.may_read_prompts(request.user, version.measurement_set.system_id),
    }
    return render(request, "measurements/set_version.html", context)


@require_POST
def set_version_show(request: SignedInRequest, version_id: int) -> HttpResponse:
    """Show the prompts of a version to this person until they hide them or sign out; asking is recorded."""
    version = actions.open_prompts(version_id=version_of(request, version_id).pk, actor=request.user)
    opened = [pk for pk in request.session.get(OPENED, []) if pk != version.pk]
    request.session[OPENED] = [*opened[1 - OPENED_MOST :], version.pk]
    return _back_to(version, request)


@require_POST
def set_version_hide(request: SignedInRequest, version_id: int) -> HttpResponse:
    version = version_of(request, version_id)
    request.session[OPENED] = [pk for pk in request.session.get(OPENED, []) if pk != version.pk]
    return _back_to(version, request)


@require_POST
def set_version_export(request: SignedInRequest, version_id: int) -> HttpResponse:
    """Every case with its texts, in a form that an import reads; asking is recorded."""
    asked = version_of(request, version_id)
    format = known_format(request.POST.get("format", ""))
    version = actions.open_prompts(version_id=asked.pk, actor=request.user)
    name = f"set-{version.measurement_set_id}-v{version.number}"
    return exports.download(name, format, case_selectors.EXPORT_COLUMNS, case_selectors.export_rows(version))  # type: ignore[return-value]


def _asked(request: SignedInRequest, version: MeasurementSetVersion) -> QueryDict:
    asked = request.GET.copy()
    asked["version"] = str(version.pk)
    return asked


def _back_to(version: MeasurementSetVersion, request: SignedInRequest) -> HttpResponse:
    """The page of the version as it was filtered."""
    query = QueryDict(request.META["QUERY_STRING"]).urlencode()
    address = reverse("set-version", args=[version.pk])
    return HttpResponseRedirect(f"{address}?{query}" if query else address)


# --- What the address names ---
def system_of(request: SignedInRequest, system_id: int) -> AISystem:
    system: AISystem = get_object_or_404(AISystem.objects.visible_to(request.user), pk=system_id)
    return system


def set_of(request: SignedInRequest, set_id: int) -> MeasurementSet:
    rows = MeasurementSet.objects.visible_to(request.user).select_related("system__scope", "created_by")
    found: MeasurementSet = get_object_or_404(rows, pk=set_id)
    return found


def version_of(request: SignedInRequest, version_id: int) -> MeasurementSetVersion:
    rows = MeasurementSetVersion.objects.visible_to(request.user).select_related("measurement_set__system__scope", "created_by")
    found = rows.filter(pk=version_id).first()
    if found is None:
        raise Missing("There is nothing here, or nothing that you may see.")
    return found  # type: ignore[no-any-return]


def harms_of(system: AISystem) -> QuerySet[Harm]:
    return Harm.objects.on_register().filter(system=system).order_by("-priority", "pk")


def set_context(request: SignedInRequest, shown: MeasurementSet) -> dict[str, Any]:
    """What every page below a set's address needs."""
    return {
        "system": shown.system,
        "section": "sets",
        "set": shown,
        "sampling": shown.get_sampling_display().split(":")[0],
        "stress": stress_of(shown),
        "may_edit": policies.may_edit_sets(request.user, shown.system),
        "may_import": policies.may_import_cases(request.user, shown),
    }
