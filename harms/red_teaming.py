"""How red teaming shows in the rest of the portal: the rail, the ledger's pages, what waits for people, the line of a harm, what must hold."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.urls import reverse

from harms import policies, selectors
from harms.actions.campaign_merging import follow_merge
from harms.enums import ENDED_CAMPAIGNS, CampaignState, FindingState, SessionKind
from harms.extensions import HarmLineSource, MergeFollower
from harms.models import Campaign, CampaignHarm, Finding, Harm, ProbeSession, Tester
from harms.selectors import campaigns as campaign_selectors
from harms.views import harm_parts
from harms.workflow import CAMPAIGN, FINDING
from raiportal.accounts import roles
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.audit.subjects import SubjectKind
from raiportal.evidence.kinds import Attachable
from raiportal.integrity.histories import follows, is_recorded
from raiportal.integrity.invariants import Invariant, found_by
from raiportal.integrity.kernel import are_final
from raiportal.look.marks import Mark
from raiportal.look.navigation import NavigationItem
from raiportal.look.timelines import Reference, TimelineEntry
from raiportal.work.sources import WorkItem, WorkSource
from systems.enums import Stage

PROPOSING = datetime.timedelta(milliseconds=50)  # within which the ledger says what the origin says already


# --- The rail and the ledger's pages ---
def _find_campaign(pk: int, user: User) -> Campaign | None:
    return Campaign.objects.visible_to(user).filter(pk=pk).first()  # type: ignore[no-any-return]


def _find_session(pk: int, user: User) -> ProbeSession | None:
    return ProbeSession.objects.visible_to(user).filter(pk=pk).first()  # type: ignore[no-any-return]


def _find_finding(pk: int, user: User) -> Finding | None:
    return Finding.objects.visible_to(user).filter(pk=pk).first()  # type: ignore[no-any-return]


RAIL = (
    NavigationItem(slug="campaigns", label="Red-team campaigns", stage="identify", url_name="campaign-list", order=20),
    NavigationItem(slug="findings", label="Findings", stage="identify", url_name="finding-list", order=21),
)
SUBJECTS = (
    SubjectKind(slug="harms.campaign", name="Red-team campaign", find=_find_campaign, url=lambda found: reverse("campaign", args=[found.pk])),
    SubjectKind(slug="harms.probesession", name="Probe session", find=_find_session, url=lambda found: reverse("probe-session", args=[found.pk])),
    SubjectKind(slug="harms.finding", name="Finding", find=_find_finding, url=lambda found: reverse("finding", args=[found.pk])),
)
ATTACHABLES = (
    Attachable("harms.campaign", may_add=policies.may_write_campaign),
    Attachable("harms.finding", may_add=policies.may_replay),
)


# --- What waits ---
def _to_triage(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    """For owners and contributors: what somebody else found."""
    own = roles.scopes_with(user, Role.OWNER, Role.CONTRIBUTOR)
    waiting = campaign_selectors.open_findings(own).exclude(created_by=user).exclude(system__stage=Stage.RETIRED)
    why = "A tester found this. Somebody else has to say whether it is a finding, and which harm it is."
    return [
        WorkItem(f"{row.code} {row.title}", why, reverse("finding", args=[row.pk]), "Triage", 10, system=row.system.name, since=row.created_at)
        for row in waiting[:most]
    ]


def _to_consent(user: User, now: datetime.datetime, most: int) -> Sequence[WorkItem]:
    asked = Tester.objects.filter(person=user, consented_at=None, opted_out_at=None, removed_at=None).exclude(campaign__state__in=ENDED_CAMPAIGNS)
    rows = asked.exclude(campaign__content_warning="").filter(campaign__in=Campaign.objects.visible_to(user))
    why = "You are asked to take part as a tester. Read the content warning and decide; nobody asks why you don't."
    return [
        WorkItem(
            f"{row.campaign.code} {row.campaign.title}",
            why,
            reverse("campaign", args=[row.campaign_id]),
            "Read and decide",
            12,
            system=row.campaign.system.name,
            since=row.invited_at,
        )
        for row in rows.select_related("campaign__system__scope").order_by("pk")[:most]
    ]


WORK = (WorkSource("findings", "Findings to triage", _to_triage, order=22), WorkSource("testers", "Campaigns that ask for you", _to_consent, order=23))


# --- The line of a harm ---
def _origin(harm: Harm, user: User, most: int) -> Sequence[TimelineEntry]:
    texts = [harm.description] if harm.description else []
    note = f"{harm.created_by.name}, from the {harm.get_origin_display().lower()}"
    from_library = [Reference(f"Library: {harm.library_entry}")] if harm.library_entry else []
    return [TimelineEntry("Proposed", at=harm.created_at, icon="plus", tone="info", texts=texts, note=note, references=from_library)]


def _register(harm: Harm, user: User, most: int) -> Sequence[TimelineEntry]:
    """Statements of risk, and what the ledger says was done."""
    points = list(selectors.risk_points_of(harm)[:most])
    done = [entry for entry in selectors.line_of(harm, points) if entry.point is not None or entry.at > harm.created_at + PROPOSING]
    return list(harm_parts.line(done, selectors.sources_of(points, user)))[:most]


def _campaigns(harm: Harm, user: User, most: int) -> Sequence[TimelineEntry]:
    rows = CampaignHarm.objects.filter(harm=harm).select_related("campaign").order_by("-campaign_id")[:most]
    sessions = ProbeSession.objects.filter(harm=harm, campaign__in=[row.campaign_id for row in rows]).exclude(kind=SessionKind.REPLAY)
    counts: dict[int, list[int]] = {}
    for campaign_id, result in sessions.values_list("campaign_id", "result"):
        counted = counts.setdefault(campaign_id, [0, 0])
        counted[0] += 1
        counted[1] += result == "nothing_found"
    return [_campaign(row, *counts.get(row.campaign_id, [0, 0])) for row in rows]


def _campaign(row: CampaignHarm, sessions: int, nothing: int) -> TimelineEntry:
    campaign = row.campaign
    tried = f"{sessions:,} session{'' if sessions == 1 else 's'}, {nothing:,} of them found nothing." if sessions else "Nobody has tried it yet."
    return TimelineEntry(
        title=f"Red-team campaign: {campaign.title}",
        at=campaign.started_at or campaign.created_at,
        icon="identify",
        url=reverse("campaign", args=[campaign.pk]),
        texts=[f"Tried as number {row.position} of its scope. {tried}"],
        badge=Mark(campaign.get_state_display(), "draft"),
    )


def _findings(harm: Harm, user: User, most: int) -> Sequence[TimelineEntry]:
    rows = Finding.objects.filter(harm=harm).select_related("campaign", "created_by").order_by("-pk")[:most]
    return [
        TimelineEntry(
            title=row.title,
            at=row.created_at,
            icon="alert",
            tone="bad" if row.state == FindingState.CONFIRMED else "",
            url=reverse("finding", args=[row.pk]),
            about=row.code,
            texts=[f"Severity {row.severity}, {row.get_layer_display().lower()}."],
            note=f"{row.created_by.name}, in {row.campaign.code}",
            badge=Mark(row.get_state_display(), "draft"),
        )
        for row in rows
    ]


LINE = (
    HarmLineSource("origin", "Origin", _origin, order=0),
    HarmLineSource("register", "Register", _register, order=10),
    HarmLineSource("campaigns", "Campaigns", _campaigns, order=20),
    HarmLineSource("findings", "Findings", _findings, order=30),
)
FOLLOWER = MergeFollower("campaigns", follow_merge)

# --- What must hold ---
_OTHER_SYSTEM = """
select 'Campaign ' || c.id, 'a harm in its scope' from campaign_harm s join campaign c on c.id = s.campaign_id join harm h on h.id = s.harm_id
    where h.system_id <> c.system_id
union all
select 'Finding ' || f.id, 'its harm' from finding f join harm h on h.id = f.harm_id where h.system_id <> f.system_id
union all
select 'Finding ' || f.id, 'its campaign' from finding f join campaign c on c.id = f.campaign_id where c.system_id <> f.system_id
union all
select 'Finding ' || f.id, 'its original' from finding f join finding o on o.id = f.duplicate_of_id where o.system_id <> f.system_id
"""
_WITHOUT_OPINION = """
select f.id from finding f where f.state = 'confirmed'
    and not exists (select 1 from finding_opinion o where o.finding_id = f.id and o.verdict = 'agrees' and o.created_by_id <> f.created_by_id)
"""
_WITHOUT_CONSENT = """
select t.id from probe_turn t join probe_session s on s.id = t.session_id where s.kind = 'live' and not exists (
    select 1 from campaign_tester p where p.campaign_id = s.campaign_id and p.person_id = t.created_by_id)
"""
INVARIANTS: Sequence[Invariant] = (
    Invariant("INV-08 of findings", "Opinions on findings stay as they were given", are_final("finding_opinion")),
    Invariant(
        "INV-16 of campaigns", "Campaigns, findings and their harms belong to one system", found_by(_OTHER_SYSTEM, "{0} belongs to another system than {1}.")
    ),
    Invariant("INV-18 of campaigns", "Every campaign stands in the ledger as it is", is_recorded(Campaign)),
    Invariant("INV-20 of campaigns", "Campaigns took allowed moves alone", follows(CAMPAIGN, Campaign, begins=(CampaignState.DRAFT,))),
    Invariant("INV-18 of findings", "Every finding stands in the ledger as it is", is_recorded(Finding)),
    Invariant("INV-20 of findings", "Findings took allowed moves alone", follows(FINDING, Finding, begins=(FindingState.OPEN,))),
    Invariant(
        "INV-04 of findings",
        "Somebody but its finder agreed to each confirmed finding",
        found_by(_WITHOUT_OPINION, "Finding {0} is confirmed without a second opinion."),
    ),
    Invariant(
        "INV-16 of probes",
        "Only testers of a campaign probe in it",
        found_by(_WITHOUT_CONSENT, "Turn {0} was sent by somebody who is no tester of its campaign."),
    ),
)
