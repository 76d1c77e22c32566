"""The probing console, transcripts from elsewhere, and the list of a campaign's sessions."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from harms import actions, policies
from harms.campaign_filters import SessionFilter
from harms.campaign_forms import ProbeForm, SessionForm, TranscriptForm
from harms.enums import SessionKind, SessionResult, SessionState, TurnOutcome, TurnProgress, Verdict
from harms.models import ProbeSession, Turn
from harms.selectors import campaigns as selectors
from harms.selectors import findings as finding_selectors
from harms.selectors.exposed import exposure_of, limits_of
from harms.transcripts import MOST_CHARACTERS
from harms.views.campaigns import MARKS, SESSION_NEWEST, campaign_of
from raiportal import clocks, htmx, keyset
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Conflict, Invalid
from raiportal.look.forms import add_refusal
from raiportal.look.marks import Mark
from raiportal.look.paging import cursor_pager
from raiportal.uploads import received_file
from systems.providers.storable import decoded

A_PAGE = 50
CONVERSATION = "harms/_probe_conversation.html"
OUTCOMES: dict[str, Mark] = {
    TurnOutcome.ANSWERED: Mark("Answered", "check", "info"),
    TurnOutcome.INPUT_BLOCKED: Mark("Input blocked", "block", "warn"),
    TurnOutcome.OUTPUT_BLOCKED: Mark("Output blocked", "block", "warn"),
    TurnOutcome.REFUSED: Mark("Refused", "block", "warn"),
    TurnOutcome.FAILED: Mark("Failed", "fails", "bad"),
}
PROGRESS: dict[str, Mark] = {
    TurnProgress.WAITING: Mark("Waiting", "clock", "info"),
    TurnProgress.SENDING: Mark("Being answered", "running", "info"),
    TurnProgress.LOST: Mark("No answer", "alert", "bad"),
}
VERDICTS: dict[str, Mark] = {
    Verdict.SUCCEEDED: Mark("The attack succeeded", "alert", "bad"),
    Verdict.RESISTED: Mark("The system held", "holds", "ok"),
    Verdict.UNCLEAR: Mark("Unclear", "stale", "warn"),
}


def session_of(request: SignedInRequest, session_id: int) -> ProbeSession:
    rows = selectors.with_counts(ProbeSession.objects.visible_to(request.user)).select_related("configuration__metaprompt", "configuration__filters")
    found: ProbeSession = get_object_or_404(rows, pk=session_id)
    return found


def turn_of(request: SignedInRequest, turn_id: int) -> Turn:
    found: Turn = get_object_or_404(Turn.objects.visible_to(request.user).select_related("session__campaign__system__scope"), pk=turn_id)
    return found


@require_safe
def session_list(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    campaign = campaign_of(request, campaign_id)
    filters = SessionFilter(request.GET, queryset=selectors.sessions_of(campaign))
    found = filters.qs if filters.is_valid() else ProbeSession.objects.none()
    page = keyset.page(found, SESSION_NEWEST, request.GET.get("cursor"), A_PAGE)
    context = {
        "campaign": campaign,
        "system": campaign.system,
        "section": "campaigns",
        "mark": MARKS[campaign.state],
        "sessions": page.rows,
        "pager": cursor_pager(request, shown=len(page.rows), previous=page.previous, following=page.next),
        "filters": filters,
        "is_filtered": any(request.GET.get(field) for field in filters.filters),
    }
    return render(request, "harms/session_list.html", context, status=200 if filters.is_valid() else 422)


@require_http_methods(["GET", "HEAD", "POST"])
def session_add(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    campaign = campaign_of(request, campaign_id)
    policies.may_probe(request.user, campaign, selectors.tester_of(campaign, request.user)).require()
    form = SessionForm(request.POST or None, campaign=campaign)
    if request.method == "POST" and form.is_valid():
        try:
            started = actions.start_session(campaign_id=campaign.pk, goal=form.cleaned_data["goal"], actor=request.user, **form.aimed())
        except Invalid as error:
            add_refusal(form, error)
        else:
            return redirect("probe-session", started.pk)
    context = {"form": form, "campaign": campaign, "system": campaign.system, "section": "campaigns"}
    return render(request, "harms/session_add.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def transcript_add(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    campaign = campaign_of(request, campaign_id)
    policies.may_report_finding(request.user, campaign).require()
    form = TranscriptForm(request.POST or None, request.FILES or None, campaign=campaign)
    if request.method == "POST" and form.is_valid():
        try:
            kept = actions.add_transcript(campaign_id=campaign.pk, actor=request.user, **_transcript(request, form))
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{kept.code} is kept, from {kept.source}.")
            return redirect("probe-session", kept.pk)
    context = {"form": form, "campaign": campaign, "system": campaign.system, "section": "campaigns"}
    return render(request, "harms/transcript_add.html", context, status=422 if form.errors else 200)


def _transcript(request: SignedInRequest, form: TranscriptForm) -> dict[str, Any]:
    said = form.cleaned_data
    text = said["text"]
    if not text and request.FILES:
        text = decoded(received_file(request).read(4 * MOST_CHARACTERS)).removeprefix("\ufeff")
    given = {"text": text, "source": said["source"], "strategies": said["strategies"], "result": said["result"]}
    return {**given, "configuration": form.configurations.get(said["configuration"]), **form.aimed()}


# --- The console ---
@require_safe
def probe_session(request: SignedInRequest, session_id: int) -> HttpResponse:
    shown = session_of(request, session_id)
    policies.may_read_probes(request.user, shown.campaign).require()
    return htmx.render(request, "harms/probe_session.html", CONVERSATION, _console(request, shown))


def _console(request: SignedInRequest, shown: ProbeSession, *, form: ProbeForm | None = None, opened: int | None = None) -> dict[str, Any]:
    """What the console shows. Texts stay behind a click, but for the turn that was just `opened`."""
    turns = list(finding_selectors.turns_of(shown))
    titles = selectors.strategy_titles()
    exposure = exposure_of(request.user, shown.campaign, clocks.now())
    is_mine = shown.tester_id == request.user.pk
    takes_more = is_mine and shown.kind == SessionKind.LIVE and shown.state == SessionState.OPEN
    may_probe = policies.may_probe(request.user, shown.campaign, selectors.tester_of(shown.campaign, request.user)) if takes_more else None
    return {
        "session": shown,
        "campaign": shown.campaign,
        "system": shown.campaign.system,
        "section": "campaigns",
        "turns": [_turn(turn, titles, opened) for turn in turns],
        "is_under_way": any(turn.is_under_way for turn in turns),
        "takes_more": takes_more and bool(may_probe),
        "refusal": exposure.refusal(limits_of(shown.campaign)) or (may_probe.reason if may_probe is not None else ""),
        "exposure": exposure,
        "limits": limits_of(shown.campaign),
        "form": form or ProbeForm(initial={"key": uuid.uuid4().hex}),
        "verdicts": Verdict.choices,
        "may_mark": policies.may_end_session(request.user, shown),
        "may_report": policies.may_report_finding(request.user, shown.campaign) if shown.kind != SessionKind.REPLAY else None,
        "results": SessionResult.choices,
        "findings": shown.findings.order_by("pk"),
        "has_done": any(turn.progress == TurnProgress.DONE for turn in turns),
    }


def _turn(turn: Turn, titles: dict[str, str], opened: int | None) -> dict[str, Any]:
    blocked = [f"{side}: {name.replace('_', ' ')}" for side, found in turn.filters.items() for name, verdict in found.items() if verdict.get("filtered")]
    return {
        "row": turn,
        "mark": OUTCOMES[turn.outcome] if turn.outcome else PROGRESS[turn.progress],
        "verdict": VERDICTS.get(turn.verdict),
        "strategies": [titles.get(slug, slug) for slug in turn.strategies],
        "blocked": blocked,
        "is_open": opened == turn.pk,
        "shown_at": clocks.now() if opened == turn.pk else None,
        "length": len(turn.text) + len(turn.said_back),
        "is_deleted": turn.texts_deleted_at is not None,
    }


@require_POST
def probe_send(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Send a message and wait for what comes back, which is shown at once to who sent it."""
    shown = session_of(request, session_id)
    policies.may_send(request.user, shown).require()
    form = ProbeForm(request.POST)
    if not form.is_valid():
        return htmx.render(request, "harms/probe_session.html", CONVERSATION, _console(request, shown, form=form), status=422)
    try:
        turn = actions.send_turn(session_id=shown.pk, actor=request.user, **form.cleaned_data)
    except Invalid as error:
        add_refusal(form, error)
        return htmx.render(request, "harms/probe_session.html", CONVERSATION, _console(request, shown, form=form), status=422)
    actions.deliver_turn(turn_id=turn.pk, actor=request.user)
    return _after(request, shown)


@require_POST
def probe_again(request: SignedInRequest, turn_id: int) -> HttpResponse:
    turn = turn_of(request, turn_id)
    actions.send_again(turn_id=turn.pk, actor=request.user)
    actions.deliver_turn(turn_id=turn.pk, actor=request.user)
    return _after(request, session_of(request, turn.session_id))


@require_POST
def probe_mark(request: SignedInRequest, turn_id: int) -> HttpResponse:
    turn = turn_of(request, turn_id)
    actions.mark_turn(turn_id=turn.pk, verdict=request.POST.get("verdict", ""), actor=request.user)
    return _after(request, session_of(request, turn.session_id))


@require_POST
def probe_text(request: SignedInRequest, turn_id: int) -> HttpResponse:
    """What one turn sent and got, in this answer alone; the ledger says who asked."""
    turn = turn_of(request, turn_id)
    actions.open_session(session_id=turn.session_id, part=str(turn.number), actor=request.user)
    shown = session_of(request, turn.session_id)
    return htmx.render(request, "harms/probe_session.html", CONVERSATION, _console(request, shown, opened=turn.pk))


@require_POST
def session_end(request: SignedInRequest, session_id: int) -> HttpResponse:
    shown = session_of(request, session_id)
    actions.end_session(session_id=shown.pk, result=request.POST.get("result", ""), actor=request.user)
    messages.success(request, f"{shown.code} is ended.")
    return htmx.go(request, reverse("probe-session", args=[shown.pk]))


def _after(request: SignedInRequest, shown: ProbeSession) -> HttpResponse:
    fresh = session_of(request, shown.pk)
    url = reverse("probe-session", args=[shown.pk])
    if not htmx.wants_fragment(request):
        return redirect(url)
    return htmx.go_or_swap(request, url, CONVERSATION, _console(request, fresh))


# --- Replays ---
@require_POST
def replay_judge(request: SignedInRequest, session_id: int) -> HttpResponse:
    shown = session_of(request, session_id)
    if shown.finding_id is None:
        raise Conflict("This is no replay.")
    said = request.POST.get("reproduced", "")
    if said not in ("yes", "no"):
        raise Invalid("Say whether it came again: yes or no.", field="reproduced")
    actions.judge_replay(session_id=shown.pk, is_reproduced=said == "yes", actor=request.user)
    return redirect("finding", shown.finding_id)
