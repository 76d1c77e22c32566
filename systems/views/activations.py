"""What is active in each environment, and how it changes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal import clocks
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid, StaleSnapshot, Unmet, WrongState
from raiportal.look.forms import add_refusal, reason_in
from raiportal.look.timelines import Reference, TimelineEntry
from systems import actions, policies, selectors
from systems.enums import ActivationKind, EmergencyState, Environment, Finding
from systems.forms import ActivationForm, ReviewForm, initial_of_order
from systems.models import Activation, AISystem, EmergencyActivation
from systems.views.scope import system_of

KIND_WORDS = {ActivationKind.NORMAL: "Activated", ActivationKind.RETURN: "Gone back", ActivationKind.EMERGENCY: "Activated in an emergency"}


@require_safe
def activation_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    """The page "Active": what is in force in each environment, what was, and what waits for a second person."""
    system = system_of(request, system_id)
    places, now = selectors.places_of(system), clocks.now()
    may_activate = policies.may_activate(request.user, system)
    in_force = {place.activation.pk for place in places if place.activation}
    context = {
        "system": system,
        "section": "active",
        "places": [(place, place.waiting if place.waiting and not place.waiting.is_over(now) else None, _stale(place)) for place in places],
        "emergencies": [row for row in selectors.emergencies_of(system)[:20] if row.state == EmergencyState.ACTED],
        "history": [_entry(row, may_go_back=may_activate.allowed and row.pk not in in_force) for row in selectors.history_of(system)],
        "may_activate": may_activate,
        "may_ask": policies.may_ask_for_emergency(request.user, system),
    }
    return render(request, "systems/activation_list.html", context)


def _stale(place: selectors.Place) -> list[str]:
    """What in force could not be activated again: its deployment was switched off or changed since."""
    rows = [row.configuration for row in place.shares]
    return [row.code for row in rows if not row.deployment.is_active or not selectors.endpoint_still_matches(row)]


def _entry(activation: Activation, *, may_go_back: bool) -> TimelineEntry:
    order = ", ".join(f"{row.configuration.code} {row.share}\u00a0%" for row in sorted(activation.shares.all(), key=lambda row: row.position))
    emergency = getattr(activation, "emergency", None)
    who = f"Asked by {emergency.created_by.name}, confirmed by {activation.created_by.name}" if emergency else activation.created_by.name
    again = f"{reverse('activation-add', args=[activation.system_id])}?from={activation.pk}"
    return TimelineEntry(
        KIND_WORDS[ActivationKind(activation.kind)],
        activation.created_at,
        icon="alert" if emergency else "holds",
        tone="warn" if emergency else "",
        about=f"{activation.get_environment_display()}: {order}",
        texts=(activation.reason,),
        note=who,
        references=(Reference("Go back to this", again),) if may_go_back else (),
        anchor=f"activation-{activation.pk}",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def activation_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    """Put an order into force; a GET may name an earlier one (`from`) or a configuration to begin with."""
    system = system_of(request, system_id)
    policies.may_activate(request.user, system).require()
    form, context = _order_form(request, system)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = actions.activate(
                system_id=system.pk,
                environment=given["environment"],
                shares=form.shares,
                reason=given["reason"],
                replaces=_seen(request, given["environment"]),
                actor=request.user,
            )
        except Unmet as error:
            context["missing"] = error.missing
        except StaleSnapshot as error:
            form.add_error(None, error.detail)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"Active in {made.get_environment_display().lower()} from now on.")
            return redirect("activation-list", system.pk)
    status = 409 if "missing" in context else 422 if form.errors else 200
    return render(request, "systems/activation_add.html", {**context, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def emergency_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    """Ask for an activation that skips the higher checks; a second person has an hour to confirm it."""
    system = system_of(request, system_id)
    policies.may_ask_for_emergency(request.user, system).require()
    form, context = _order_form(request, system)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            asked = actions.ask_for_emergency(
                system_id=system.pk, environment=given["environment"], shares=form.shares, reason=given["reason"], actor=request.user
            )
        except Unmet as error:
            context["missing"] = error.missing
        except WrongState as error:
            form.add_error(None, error.detail)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Asked. Nothing is active before a second person confirms it.")
            return redirect("emergency", asked.pk)
    status = 409 if "missing" in context else 422 if form.errors else 200
    return render(request, "systems/emergency_add.html", {**context, "form": form}, status=status)


def _order_form(request: SignedInRequest, system: AISystem) -> tuple[ActivationForm, dict[str, Any]]:
    earlier = _earlier(request, system)
    start: dict[str, Any] = {"environment": request.GET.get("environment") or Environment.DEVELOPMENT, "configuration": request.GET.get("configuration")}
    if earlier is not None:
        start = initial_of_order(earlier.environment, list(earlier.shares.order_by("position")))
    form = ActivationForm(request.POST or None, initial=start, configurations=selectors.configurations_of(system))
    return form, {"system": system, "section": "active", "places": selectors.places_of(system), "earlier": earlier}


def _earlier(request: SignedInRequest, system: AISystem) -> Activation | None:
    asked = request.GET.get("from", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) <= 18):
        return None
    return get_object_or_404(Activation.objects.filter(system=system), pk=int(asked))


def _seen(request: SignedInRequest, environment: str) -> int | None:
    """The activation that the page showed as in force there; None when it didn't say."""
    seen = request.POST.get(f"seen_{environment}", "")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= 18 else None


# --- One emergency ---
def _emergency(request: SignedInRequest, emergency_id: int) -> EmergencyActivation:
    known = EmergencyActivation.objects.visible_to(request.user).select_related("system__scope", "created_by", "confirmed_by", "reviewed_by")
    return get_object_or_404(known, pk=emergency_id)


@require_http_methods(["GET", "HEAD", "POST"])
def emergency(request: SignedInRequest, emergency_id: int) -> HttpResponse:
    """What was asked for and where it stands; a POST closes the review."""
    shown = _emergency(request, emergency_id)
    form = ReviewForm(request.POST or None)
    if request.method == "POST":
        policies.may_review_emergency(request.user, shown).require()
        if form.is_valid():
            closed = actions.review_emergency(emergency_id=shown.pk, actor=request.user, **form.cleaned_data)
            messages.success(request, f"Review closed: {Finding(closed.finding).label.lower()}.")
            return redirect("emergency", shown.pk)
    context = {
        "emergency": shown,
        "system": shown.system,
        "section": "active",
        "shares": shown.shares.select_related("configuration__deployment").order_by("position"),
        "is_over": shown.is_over(clocks.now()),
        "form": form,
        "may_confirm": policies.may_confirm_emergency(request.user, shown),
        "may_withdraw": policies.may_withdraw_emergency(request.user, shown),
        "may_review": policies.may_review_emergency(request.user, shown),
    }
    return render(request, "systems/emergency.html", context, status=422 if form.errors else 200)


@require_POST
def emergency_confirm(request: SignedInRequest, emergency_id: int) -> HttpResponse:
    shown = _emergency(request, emergency_id)
    actions.confirm_emergency(emergency_id=shown.pk, actor=request.user)
    messages.success(request, f"Active in {shown.get_environment_display().lower()} from now on. The review waits for somebody else.")
    return redirect("emergency", shown.pk)


@require_POST
def emergency_withdraw(request: SignedInRequest, emergency_id: int) -> HttpResponse:
    shown = _emergency(request, emergency_id)
    actions.withdraw_emergency(emergency_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, "Withdrawn. Nothing changed.")
    return redirect("activation-list", shown.system_id)
