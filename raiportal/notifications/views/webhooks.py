"""Webhooks: addresses outside that are told of events."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in
from raiportal.notifications import actions, policies, selectors
from raiportal.notifications.forms import WebhookForm
from raiportal.notifications.models import Webhook

LATEST = 20  # messages shown on a webhook's page


@require_safe
def webhook_list(request: SignedInRequest) -> HttpResponse:
    policies.may_have_webhooks(request.user).require()
    context = {
        "webhooks": selectors.webhooks_for(request.user),
        "counts": selectors.counts_for(request.user),
        "kind_count": len(selectors.told_kinds()),
        "section": "settings",
    }
    return render(request, "notifications/webhook_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def webhook_add(request: SignedInRequest) -> HttpResponse:
    """The form, and after it the page with the secret, which is shown this once."""
    policies.may_have_webhooks(request.user).require()
    form = _adding(request, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            webhook, secret = actions.add_webhook(**{name: given[name] for name in ("name", "url", "kinds", "scope")}, actor=request.user)
        except Invalid as refusal:
            add_refusal(form, refusal)
        else:
            return _page(request, webhook.pk, secret=secret)
    return render(request, "notifications/webhook_add.html", {"form": form, "section": "settings"}, status=422 if form.errors else 200)


@require_safe
def webhook(request: SignedInRequest, webhook_id: int) -> HttpResponse:
    return _page(request, webhook_id)


@require_http_methods(["GET", "HEAD", "POST"])
def webhook_edit(request: SignedInRequest, webhook_id: int) -> HttpResponse:
    shown = _found(request, webhook_id)
    initial = {"name": shown.name, "url": shown.url, "kinds": shown.kinds}
    form = WebhookForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            _, secret = actions.change_webhook(webhook_id=shown.pk, actor=request.user, **form.cleaned_data)
        except Invalid as refusal:
            add_refusal(form, refusal)
        else:
            if secret:
                return _page(request, shown.pk, secret=secret)
            messages.success(request, f"Webhook “{form.cleaned_data['name']}” is changed.")
            return redirect("webhook", shown.pk)
    context = {"webhook": shown, "form": form, "section": "settings"}
    return render(request, "notifications/webhook_edit.html", context, status=422 if form.errors else 200)


@require_POST
def webhook_secret(request: SignedInRequest, webhook_id: int) -> HttpResponse:
    secret = actions.renew_secret(webhook_id=_found(request, webhook_id).pk, actor=request.user)
    return _page(request, webhook_id, secret=secret)


@require_POST
def webhook_end(request: SignedInRequest, webhook_id: int) -> HttpResponse:
    ended = actions.end_webhook(webhook_id=_found(request, webhook_id).pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"Webhook “{ended.name}” is switched off.")
    return redirect("webhook", ended.pk)


@require_POST
def webhook_resume(request: SignedInRequest, webhook_id: int) -> HttpResponse:
    resumed = actions.resume_webhook(webhook_id=_found(request, webhook_id).pk, actor=request.user)
    messages.success(request, f"Webhook “{resumed.name}” is switched on.")
    return redirect("webhook", resumed.pk)


@require_safe
def told_kinds(request: SignedInRequest) -> HttpResponse:
    """What is told to whom: every kind of event in one sentence."""
    return render(request, "notifications/told_kinds.html", {"kinds": selectors.told_kinds(), "section": "settings"})


def _found(request: SignedInRequest, webhook_id: int) -> Webhook:
    found: Webhook = get_object_or_404(selectors.webhooks_for(request.user), pk=webhook_id)
    return found


def _page(request: SignedInRequest, webhook_id: int, *, secret: str = "") -> HttpResponse:
    shown = _found(request, webhook_id)
    context = {
        "webhook": shown,
        "secret": secret,
        "kinds": [selectors.label_of(slug) for slug in shown.kinds],
        "deliveries": selectors.deliveries_for(request.user).filter(webhook=shown).order_by("-pk")[:LATEST],
        "section": "settings",
    }
    return render(request, "notifications/webhook.html", context)


def _adding(request: SignedInRequest, data: Any) -> WebhookForm:
    may_choose_all = policies.may_manage_webhooks(request.user, None).allowed
    return WebhookForm(data, scopes=selectors.scopes_for_webhooks(request.user), may_choose_all=may_choose_all)
