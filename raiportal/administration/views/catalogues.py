"""The reference data: which catalogues there are, what their entries say and said before, and how administrators change them."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal import clocks, exports, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.administration import catalogue_pages
from raiportal.administration.catalogue_filters import IN_ORDER, SORTS, CatalogueFilter
from raiportal.administration.catalogue_forms import EndForm, EntryForm
from raiportal.administration.filters import query_of
from raiportal.catalogues import actions, policies, selectors
from raiportal.catalogues.kinds import CatalogueKind, catalogues
from raiportal.catalogues.models import CatalogueEntry
from raiportal.errors import Conflict, Invalid
from raiportal.listing import order_of
from raiportal.look.forms import add_refusal, reason_in
from raiportal.look.paging import cursor_pager

ENTRIES_A_PAGE = 100


@require_safe
def catalogue_list(request: SignedInRequest) -> HttpResponse:
    return render(request, "administration/catalogue_list.html", {"lines": selectors.catalogue_lines()})


@require_safe
def catalogue(request: SignedInRequest, slug: str) -> HttpResponse:
    """The entries of one catalogue, by filters that the address keeps."""
    kind = _kind(slug)
    filters = CatalogueFilter(request.GET, kind=kind)
    status = 200 if filters.is_valid() else 422
    name, sort = keyset.chosen_sort(request.GET.get("sort"), SORTS, IN_ORDER)
    page = keyset.page(filters.qs if status == 200 else CatalogueEntry.objects.none(), sort, request.GET.get("cursor"), ENTRIES_A_PAGE)
    today = clocks.now().date()
    context = {
        "kind": kind,
        "rows": [(entry, catalogue_pages.state_of(entry, today), catalogue_pages.gist_of(kind, entry)) for entry in page.rows],
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "sort": name,
        "export_query": query_of(request),
        "may_edit": policies.may_edit_catalogue(request.user),
    }
    return render(request, "administration/catalogue.html", context, status=status)


@require_safe
def catalogue_export(request: SignedInRequest, slug: str, format: str) -> StreamingHttpResponse:
    """The filtered entries as a file, every field of each."""
    kind = _kind(slug)
    entries = CatalogueFilter(request.GET, kind=kind).required().order_by(*order_of(request, SORTS, IN_ORDER))
    rows = catalogue_pages.exported(kind, entries.iterator(), is_flat=format == "csv")
    return exports.download(kind.slug, format, catalogue_pages.columns_of(kind), rows)


@require_safe
def catalogue_entry(request: SignedInRequest, entry_id: int) -> HttpResponse:
    return _entry_page(request, _entry(entry_id))


def _entry_page(request: SignedInRequest, entry: CatalogueEntry, *, end_form: EndForm | None = None, status: int = 200) -> HttpResponse:
    kind = _kind(entry.catalogue)
    versions = catalogue_pages.shown_versions(kind, entry)
    current = next(shown for shown in versions if shown.version.number == entry.number)
    shipped = next((shown for shown in versions if shown.version.number == entry.shipped_number), None)
    context = {
        "kind": kind,
        "entry": entry,
        "state": catalogue_pages.state_of(entry, clocks.now().date()),
        "fields": catalogue_pages.shown_fields(kind, entry),
        "referring": [(row, catalogues[row.catalogue]) for row in selectors.referring_to(entry)],
        "versions": versions,
        "current": current,
        "shipped": shipped if shipped and shipped is not current else None,
        "end_form": end_form or EndForm(initial={"on": clocks.now().date()}),
        "may_edit": policies.may_edit_catalogue(request.user),
    }
    return render(request, "administration/catalogue_entry.html", context, status=status)


@require_http_methods(["GET", "POST"])
def catalogue_entry_add(request: SignedInRequest, slug: str) -> HttpResponse:
    policies.may_edit_catalogue(request.user).require()
    kind = _kind(slug)
    form = EntryForm(request.POST or None, kind=kind)
    if request.method == "POST" and form.is_valid():
        try:
            given = form.cleaned_data
            entry = actions.add_entry(catalogue=kind.slug, slug=given["slug"], content=form.content, reason=given["reason"], actor=request.user)
        except Invalid as error:
            add_refusal(form, error)
        except Conflict as error:
            form.add_error("slug", error.detail)
        else:
            messages.success(request, f"“{entry.title}” stands in the catalogue.")
            return redirect("catalogue-entry", entry.pk)
    return render(request, "administration/catalogue_entry_add.html", {"kind": kind, "form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def catalogue_entry_edit(request: SignedInRequest, entry_id: int) -> HttpResponse:
    policies.may_edit_catalogue(request.user).require()
    entry = _entry(entry_id)
    form = EntryForm(request.POST or None, kind=_kind(entry.catalogue), entry=entry)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            changed = actions.edit_entry(entry_id=entry.pk, content=form.content, reason=given["reason"], seen=given["seen"], actor=request.user)
        except Invalid as error:
            add_refusal(form, error)
        except Conflict as error:
            form.add_error(None, error.detail)
        else:
            messages.success(request, f"“{changed.title}” is at version {changed.number}.")
            return redirect("catalogue-entry", entry.pk)
    return render(request, "administration/catalogue_entry_edit.html", {"kind": form.kind, "entry": entry, "form": form}, status=422 if form.errors else 200)


@require_POST
def catalogue_entry_end(request: SignedInRequest, entry_id: int) -> HttpResponse:
    policies.may_edit_catalogue(request.user).require()
    entry = _entry(entry_id)
    form = EndForm(request.POST)
    if not form.is_valid():
        return _entry_page(request, entry, end_form=form, status=422)
    try:
        actions.end_entry(entry_id=entry.pk, on=form.cleaned_data["on"], reason=form.cleaned_data["reason"], actor=request.user)
    except Invalid as error:
        form.add_error("on", error.detail)
        return _entry_page(request, entry, end_form=form, status=422)
    messages.success(request, f"“{entry.title}” ends on {form.cleaned_data['on']:%Y-%m-%d}.")
    return redirect("catalogue-entry", entry.pk)


@require_POST
def catalogue_entry_restore(request: SignedInRequest, entry_id: int) -> HttpResponse:
    policies.may_edit_catalogue(request.user).require()
    entry = actions.restore_entry(entry_id=_entry(entry_id).pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"“{entry.title}” holds without an end.")
    return redirect("catalogue-entry", entry.pk)


@require_POST
def catalogue_entry_take_over(request: SignedInRequest, entry_id: int) -> HttpResponse:
    policies.may_edit_catalogue(request.user).require()
    entry = actions.take_over_shipped(entry_id=_entry(entry_id).pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"“{entry.title}” says what is shipped.")
    return redirect("catalogue-entry", entry.pk)


def _kind(slug: str) -> CatalogueKind:
    kind = catalogues.get(slug)
    if kind is None:
        raise Http404("no such catalogue")
    return kind


def _entry(entry_id: int) -> CatalogueEntry:
    return get_object_or_404(CatalogueEntry.objects.filter(catalogue__in=[kind.slug for kind in catalogues]), pk=entry_id)
