"""Red-team campaigns: the charter, its scope and objectives, their course."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.db.models import Max

from harms import policies
from harms.actions.campaign_telling import tell_paused
from harms.actions.probing import end_open_sessions
from harms.enums import CampaignState, TestedLayer
from harms.models import MOST_DAILY_MINUTES, MOST_DAILY_PROBES, MOST_RETENTION_DAYS, Campaign, CampaignHarm, Harm, Objective
from harms.workflow import CAMPAIGN
from raiportal import clocks
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.checks import require_clean, require_text
from raiportal.errors import Conflict, Invalid
from systems import policies as system_policies
from systems.models import AISystem, Configuration

MOST_IN_SCOPE = 50
MOST_OBJECTIVES = 500
EDITABLE = (CampaignState.DRAFT, CampaignState.PAUSED)
NOT_CALLABLE = "Choose a configuration of this system, or of the organisation, whose deployment is switched on."


class Charter(TypedDict, total=False):
    """What a charter says besides its title. Limits of exposure hold for each tester and day."""

    aim: str
    approach: str
    configuration: Configuration | None
    layers: Collection[str]
    rules_of_engagement: str
    stop_rules: str
    data_handling: str
    retention_days: int
    content_warning: str
    support_contact: str
    most_probes: int | None
    budget_tokens: int | None
    daily_probes: int
    daily_minutes: int
    break_after_minutes: int
    break_minutes: int
    is_break_enforced: bool


class CharterChanges(Charter, total=False):
    title: str


@transaction.atomic
def add_campaign(*, system: AISystem, title: str, actor: User, scope: Sequence[Harm] | None = None, **charter: Unpack[Charter]) -> Campaign:
    """A draft of a campaign; `scope` are harms, the first to be tried first. Raises PolicyDenied or Invalid."""
    system_policies.may_act_in(actor, system).require()
    campaign = Campaign(system=system, created_by=actor, **_fitting(system, {"title": title, **charter}))
    require_clean(campaign)
    campaign.save(force_insert=True)
    ledger.record("harms.campaign_added", subject=campaign, actor=actor, title=campaign.title, approach=campaign.approach)
    if scope:
        _write_scope(campaign, scope, actor)
    return campaign


@transaction.atomic
def edit_campaign(*, campaign_id: int, actor: User, reason: str = "", scope: Sequence[Harm] | None = None, **changes: Unpack[CharterChanges]) -> Campaign:
    """Change what is given, while it is a draft or paused. A changed content warning asks every tester for consent again."""
    campaign = _editable(campaign_id, actor)
    given = _fitting(campaign.system, dict(changes))
    if campaign.state != CampaignState.DRAFT and given.get("configuration", campaign.configuration) is None:
        raise Invalid(NOT_CALLABLE, field="configuration")
    names = {field.name for field in Campaign._meta.concrete_fields if field.name not in {"title_key", "id"}}
    require_clean(Campaign(**{name: getattr(campaign, name) for name in names} | given))
    ledger.apply_changes(campaign, actor=actor, action="harms.campaign_changed", reason=reason, **given)
    if scope is not None:
        _write_scope(campaign, scope, actor)
    return campaign


def _editable(campaign_id: int, actor: User) -> Campaign:
    campaign: Campaign = Campaign.objects.lock(campaign_id)
    policies.may_write_campaign(actor, campaign).require()
    if campaign.state not in EDITABLE:
        raise Conflict("A charter is changed while it is a draft or paused. Pause the campaign first.")
    return campaign


def _fitting(system: AISystem, given: dict[str, Any]) -> dict[str, Any]:
    """What was said, trimmed. Raises Invalid."""
    fitting: dict[str, Any] = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
    if "title" in fitting:
        require_text(fitting["title"], field="title", sentence="Give the campaign a title.")
    if "layers" in fitting:
        fitting["layers"] = _layers(fitting["layers"])
    configuration = fitting.get("configuration")
    if configuration is not None and (configuration.system_id not in (None, system.pk) or not configuration.deployment.is_active):
        raise Invalid(NOT_CALLABLE, field="configuration")
    for name in ("daily_probes", "daily_minutes", "break_after_minutes", "break_minutes", "most_probes", "budget_tokens", "retention_days"):
        if fitting.get(name) is not None and fitting[name] < 1:
            raise Invalid("Give a number of at least 1.", field=name)
    _within(fitting, "daily_probes", MOST_DAILY_PROBES)
    _within(fitting, "daily_minutes", MOST_DAILY_MINUTES)
    if fitting.get("retention_days", 0) > MOST_RETENTION_DAYS:
        raise Invalid(f"Transcripts are kept for at most {MOST_RETENTION_DAYS:,} days.", field="retention_days")
    return fitting


def _within(fitting: dict[str, Any], name: str, most: int) -> None:
    if fitting.get(name, 0) > most:
        raise Invalid(f"Nobody is asked for more than {most} a day.", field=name)


def _layers(given: Collection[str]) -> list[str]:
    unknown = [layer for layer in given if layer not in TestedLayer.values]
    if unknown:
        raise Invalid(f"Layers are {', '.join(TestedLayer.values)}.", field="layers")
    return [layer for layer in TestedLayer.values if layer in given]


def _write_scope(campaign: Campaign, harms: Sequence[Harm], actor: User) -> None:
    """The harms in their order. One that was probed already stays in scope, since its sessions are part of the campaign."""
    ids = list(dict.fromkeys(harm.pk for harm in harms))
    if len(ids) > MOST_IN_SCOPE:
        raise Invalid(f"A campaign takes at most {MOST_IN_SCOPE} harms; the first ones matter most.", field="scope")
    if any(harm.system_id != campaign.system_id for harm in harms):
        raise Invalid("Choose harms of this system.", field="scope")
    before = list(CampaignHarm.objects.filter(campaign=campaign).order_by("position").values_list("harm_id", flat=True))
    used = set(campaign.sessions.values_list("harm_id", flat=True)) | set(campaign.objectives.values_list("harm_id", flat=True))
    if lost := used - set(ids):
        codes = ", ".join(harm.code for harm in Harm.objects.filter(pk__in=lost).order_by("pk"))
        raise Invalid(f"{codes} was probed or has objectives already, so it stays in scope.", field="scope")
    if before == ids:
        return
    CampaignHarm.objects.filter(campaign=campaign).delete()
    CampaignHarm.objects.bulk_create([CampaignHarm(campaign=campaign, harm_id=pk, position=place) for place, pk in enumerate(ids, start=1)])
    ledger.record("harms.campaign_scope_changed", subject=campaign, actor=actor, changes={"scope": [before, ids]})


@transaction.atomic
def add_objective(*, campaign_id: int, harm: Harm, words: str, actor: User) -> Objective:
    """Name something that testers try to make the system do. Raises PolicyDenied, Conflict or Invalid."""
    campaign: Campaign = Campaign.objects.lock(campaign_id)
    policies.may_write_campaign(actor, campaign).require()
    if campaign.is_ended:
        raise Conflict(f"This campaign is {campaign.get_state_display().lower()}.")
    if not CampaignHarm.objects.filter(campaign=campaign, harm=harm).exists():
        raise Invalid("Choose a harm in scope.", field="harm")
    said = require_text(words, field="words", sentence="Say what testers try to make the system do.")
    number = (campaign.objectives.aggregate(last=Max("number"))["last"] or 0) + 1
    if number > MOST_OBJECTIVES:
        raise Invalid(f"A campaign takes at most {MOST_OBJECTIVES} objectives.", field="words")
    objective = Objective(campaign=campaign, number=number, harm=harm, words=said, created_by=actor)
    require_clean(objective)
    objective.save(force_insert=True)
    ledger.record("harms.objective_added", subject=campaign, actor=actor, objective=number, harm=harm.pk)
    return objective


@transaction.atomic
def start_campaign(*, campaign_id: int, actor: User) -> Campaign:
    """Let it begin. Raises PolicyDenied, WrongState, or Unmet with everything that the charter lacks."""
    started: Campaign = CAMPAIGN.advance(Campaign.objects.lock(campaign_id), "start", actor=actor, started_at=clocks.now())
    return started


@transaction.atomic
def pause_campaign(*, campaign_id: int, reason: str, actor: User) -> Campaign:
    """Nothing more is sent until somebody resumes it; answers under way are still kept. Its testers are told."""
    said = require_text(reason, field="reason", sentence="Say why.")
    paused: Campaign = CAMPAIGN.advance(Campaign.objects.lock(campaign_id), "pause", actor=actor, note=said)
    tell_paused(paused, actor)
    return paused


@transaction.atomic
def resume_campaign(*, campaign_id: int, reason: str, actor: User) -> Campaign:
    said = require_text(reason, field="reason", sentence="Say why it may go on.")
    resumed: Campaign = CAMPAIGN.advance(Campaign.objects.lock(campaign_id), "resume", actor=actor, note=said)
    return resumed


@transaction.atomic
def discard_campaign(*, campaign_id: int, reason: str, actor: User) -> Campaign:
    """Give up a draft. It stays on the list with the reason. Raises PolicyDenied, WrongState or Invalid."""
    said = require_text(reason, field="reason", sentence="Say why it won't be held.")
    discarded: Campaign = CAMPAIGN.advance(Campaign.objects.lock(campaign_id), "discard", actor=actor, note=said)
    return discarded


@transaction.atomic
def change_retention(*, campaign_id: int, days: int, reason: str, actor: User) -> Campaign:
    """Keep transcripts for more or fewer days after the close, unless it is a draft. What was deleted stays deleted; what is over its time goes by itself."""
    campaign: Campaign = Campaign.objects.lock(campaign_id)
    policies.may_lead_campaign(actor, campaign).require()
    if campaign.state in {CampaignState.DRAFT, CampaignState.DISCARDED}:
        raise Conflict("A draft's charter says how long transcripts are kept. Change it there.")
    given = require_text(reason, field="reason", sentence="Say why.")
    fitting = _fitting(campaign.system, {"retention_days": days})
    ledger.apply_changes(campaign, actor=actor, action="harms.campaign_retention_changed", reason=given, **fitting)
    return campaign


@transaction.atomic
def close_campaign(*, campaign_id: int, debrief: str, actor: User) -> Campaign:
    """End it with what was learned. Open sessions end with it."""
    said = require_text(debrief, field="debrief", sentence="Say what was learned, and what comes next.")
    now: datetime.datetime = clocks.now()
    campaign: Campaign = Campaign.objects.lock(campaign_id)
    require_clean(Campaign(title=campaign.title, aim=campaign.aim or "-", debrief=said))
    closed: Campaign = CAMPAIGN.advance(campaign, "close", actor=actor, note="", debrief=said, closed_at=now)
    end_open_sessions(closed, actor)
    return closed
