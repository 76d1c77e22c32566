"""Red-team campaigns: the list, one campaign with its charter, testers and figures, the coverage board."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from harms import actions, policies
from harms.campaign_filters import CampaignFilter
from harms.campaign_forms import CharterForm, ObjectiveForm, charter_of
from harms.enums import CampaignState, SessionKind
from harms.models import Campaign, ProbeSession
from harms.selectors import campaigns as selectors
from harms.selectors.exposed import exposure_of, limits_of
from harms.views.addressed import system_of
from harms.workflow import CAMPAIGN
from raiportal import clocks, exports, keyset
from raiportal.accounts.models import User
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in
from raiportal.look.marks import Mark
from raiportal.look.paging import changed_query, cursor_pager
from systems import policies as system_policies
from systems import selectors as system_selectors
from systems.models import AISystem

A_PAGE = 50
SORTS = {"added": keyset.Sort("pk"), "title": keyset.Sort("title_key")}
NEWEST_FIRST = "-added"
SESSIONS_SHOWN = 8
MARKS: dict[str, Mark] = {
    CampaignState.DRAFT: Mark("Draft", "draft"),
    CampaignState.RUNNING: Mark("Running", "running", "info"),
    CampaignState.PAUSED: Mark("Paused", "pause", "warn"),
    CampaignState.CLOSED: Mark("Closed", "lock", "ok"),
    CampaignState.DISCARDED: Mark("Discarded", "close"),
}
SESSION_NEWEST = keyset.Sort("pk", descending=True)


def campaign_of(request: SignedInRequest, campaign_id: int) -> Campaign:
    rows = selectors.campaigns_of(Campaign.objects.visible_to(request.user))
    found: Campaign = get_object_or_404(rows, pk=campaign_id)
    return found


@require_safe
def campaign_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    filters = _filters(request, system)
    name, sort = keyset.chosen_sort(request.GET.get("sort"), SORTS, NEWEST_FIRST)
    found = filters.qs if filters.is_valid() else filters.queryset.none()
    page = keyset.page(found, sort, request.GET.get("cursor"), A_PAGE)
    context = {
        "system": system,
        "section": "campaigns",
        "lines": [(row, MARKS[row.state]) for row in page.rows],
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "is_filtered": any(request.GET.get(field) for field in filters.filters),
        "sort": name,
        "may_add": system_policies.may_act_in(request.user, system),
        "exports": [(kind.upper(), f"{reverse('campaign-export', args=[system.pk, kind])}{changed_query(request)}") for kind in exports.FORMATS],
    }
    return render(request, "harms/campaign_list.html", context, status=200 if filters.is_valid() else 422)


@require_safe
def campaign_export(request: SignedInRequest, system_id: int, format: str) -> HttpResponseBase:
    system = system_of(request, system_id)
    rows = selectors.exported_campaigns(_filters(request, system).required().order_by("-pk").iterator(chunk_size=500))
    return exports.download(f"campaigns-{system.slug}", format, selectors.CAMPAIGN_COLUMNS, rows)


def _filters(request: SignedInRequest, system: AISystem) -> CampaignFilter:
    return CampaignFilter(request.GET, queryset=selectors.campaigns_of(Campaign.objects.visible_to(request.user).filter(system=system)))


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    system_policies.may_act_in(request.user, system).require()
    form = CharterForm(request.POST or None, system=system)
    if request.method == "POST" and form.is_valid():
        try:
            added = actions.add_campaign(system=system, actor=request.user, **form.charter())
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{added.code} is a draft. Next: invite testers, then start it.")
            return redirect("campaign", added.pk)
    return _form(request, "harms/campaign_add.html", {"form": form, "system": system, "section": "campaigns"})


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_edit(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    shown = campaign_of(request, campaign_id)
    policies.may_write_campaign(request.user, shown).require()
    form = CharterForm(request.POST or None, system=shown.system, initial=charter_of(shown))
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_campaign(campaign_id=shown.pk, actor=request.user, **form.charter())
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "The charter is changed.")
            return redirect("campaign", shown.pk)
    return _form(request, "harms/campaign_edit.html", {"form": form, "campaign": shown, "system": shown.system, "section": "campaigns"})


def _form(request: SignedInRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, context, status=422 if context["form"].errors else 200)


@require_safe
def campaign(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    return render(request, "harms/campaign.html", _page(request, campaign_of(request, campaign_id)))


def _page(request: SignedInRequest, shown: Campaign) -> dict[str, Any]:
    user = request.user
    tester = selectors.tester_of(shown, user)
    testers = selectors.testers_of(shown)
    may_write = policies.may_write_campaign(user, shown)
    return {
        "campaign": shown,
        "system": shown.system,
        "section": "campaigns",
        "mark": MARKS[shown.state],
        "offers": {offer.move.slug: offer for offer in CAMPAIGN.available(shown, user)},
        "scope": selectors.scope_of(shown),
        "objectives": selectors.objectives_of(shown),
        "testers": testers,
        "people": selectors.people_to_invite(shown) if may_write else [],
        "tester": tester if tester and tester.removed_at is None else None,
        "may_probe": policies.may_probe(user, shown, tester),
        "may_write": may_write,
        "may_change_retention": shown.state not in {CampaignState.DRAFT, CampaignState.DISCARDED} and policies.may_lead_campaign(user, shown),
        "is_editable": bool(may_write) and shown.state in (CampaignState.DRAFT, CampaignState.PAUSED),
        "may_bring": policies.may_report_finding(user, shown),
        "figures": selectors.figures_of(shown),
        "sessions": selectors.sessions_of(shown).exclude(kind=SessionKind.REPLAY).order_by("-pk")[:SESSIONS_SHOWN],
        "session_total": ProbeSession.objects.filter(campaign=shown).count(),
        "replay_total": ProbeSession.objects.filter(campaign=shown, kind=SessionKind.REPLAY).count(),
        "findings": shown.findings.select_related("harm", "created_by").order_by("-severity", "-pk")[:SESSIONS_SHOWN],
        "exposure": exposure_of(user, shown, clocks.now()) if tester else None,
        "limits": limits_of(shown),
        "objective_form": ObjectiveForm(campaign=shown),
    }


@require_safe
def campaign_coverage(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    shown = campaign_of(request, campaign_id)
    context = {"campaign": shown, "system": shown.system, "section": "campaigns", "board": selectors.board_of(shown), "mark": MARKS[shown.state]}
    return render(request, "harms/campaign_coverage.html", context)


# --- Its course ---
@require_POST
def campaign_start(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    started = actions.start_campaign(campaign_id=campaign_of(request, campaign_id).pk, actor=request.user)
    messages.success(request, f"{started.code} is running. Its testers can probe.")
    return redirect("campaign", started.pk)


@require_POST
def campaign_pause(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    paused = actions.pause_campaign(campaign_id=campaign_of(request, campaign_id).pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{paused.code} is paused. Nothing is sent.")
    return redirect("campaign", paused.pk)


@require_POST
def campaign_resume(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    resumed = actions.resume_campaign(campaign_id=campaign_of(request, campaign_id).pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{resumed.code} goes on.")
    return redirect("campaign", resumed.pk)


@require_POST
def campaign_discard(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    discarded = actions.discard_campaign(campaign_id=campaign_of(request, campaign_id).pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{discarded.code} is discarded.")
    return redirect("campaign", discarded.pk)


@require_POST
def campaign_close(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    closed = actions.close_campaign(campaign_id=campaign_of(request, campaign_id).pk, debrief=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{closed.code} is closed.")
    return redirect("campaign", closed.pk)


@require_POST
def campaign_retention(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    """How long transcripts are kept, changed with a reason."""
    found, days = campaign_of(request, campaign_id), request.POST.get("days", "")
    if not (days.isascii() and days.isdigit() and len(days) < 6):
        raise Invalid("Give a number of days of at least 1.", field="retention_days")
    kept = actions.change_retention(campaign_id=found.pk, days=int(days), reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"Transcripts of {kept.code} are kept for {kept.retention_days:,} days after it is closed.")
    return redirect("campaign", kept.pk)


# --- Who takes part ---
@require_POST
def tester_invite(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    shown = campaign_of(request, campaign_id)
    policies.may_write_campaign(request.user, shown).require()
    named = request.POST.get("person", "")
    is_id = named.isascii() and named.isdigit() and len(named) <= 18
    person: User | None = system_selectors.people_to_choose().filter(pk=int(named)).first() if is_id else None
    if person is None:
        raise Invalid("Choose a person.", field="person")
    actions.invite_tester(campaign_id=shown.pk, person=person, actor=request.user)
    messages.success(request, f"{person.name} is invited, and takes part after consenting.")
    return redirect("campaign", shown.pk)


@require_POST
def tester_remove(request: SignedInRequest, campaign_id: int, person_id: int) -> HttpResponse:
    shown = campaign_of(request, campaign_id)
    actions.remove_tester(campaign_id=shown.pk, person_id=person_id, actor=request.user)
    messages.success(request, "Taken off the campaign.")
    return redirect("campaign", shown.pk)


@require_POST
def campaign_consent(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    shown = campaign_of(request, campaign_id)
    actions.consent(campaign_id=shown.pk, seen=request.POST.get("seen", ""), actor=request.user)
    messages.success(request, "You take part. You can opt out at any time, without a reason.")
    return redirect("campaign", shown.pk)


@require_POST
def campaign_opt_out(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    shown = campaign_of(request, campaign_id)
    actions.opt_out(campaign_id=shown.pk, actor=request.user)
    messages.success(request, "You opted out. Nobody asks why.")
    return redirect("campaign", shown.pk)


@require_POST
def objective_add(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    shown = campaign_of(request, campaign_id)
    policies.may_write_campaign(request.user, shown).require()
    form = ObjectiveForm(request.POST, campaign=shown)
    if form.is_valid():
        try:
            added = actions.add_objective(
                campaign_id=shown.pk, harm=form.harms[form.cleaned_data["harm"]], words=form.cleaned_data["words"], actor=request.user
            )
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"O-{added.number} is named.")
            return redirect("campaign", shown.pk)
    return render(request, "harms/campaign.html", {**_page(request, shown), "objective_form": form}, status=422)
