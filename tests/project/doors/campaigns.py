"""The doors of red teaming."""

from __future__ import annotations

from tests.project.door import (
    ACTS_IN_S1,
    MANAGES_S1,
    READS_S1,
    TOLD,
    Answer,
    Arguments,
    Door,
    Who,
    a_change,
    a_form,
    a_page,
    acts,
    api_add,
    api_change,
    api_list,
    by_pk,
    manages,
    reads,
    why,
)
from tests.project.doors.systems import SYSTEM

PROBES_IN_S1 = ACTS_IN_S1 | {Who.RED_TEAMER}
READS_PROBES = PROBES_IN_S1 | {Who.AUDITOR, Who.READING_TOKEN}
TESTER = frozenset({Who.OWNER})
CAMPAIGN = by_pk(lambda world: world.s1.probed.campaign, "campaign_id")
PAUSED = by_pk(lambda world: world.s1.probed.paused, "campaign_id")
DRAFT = by_pk(lambda world: world.s1.probed.draft, "campaign_id")
TRANSCRIPT = by_pk(lambda world: world.s1.probed.transcript, "session_id")
SESSION = by_pk(lambda world: world.s1.probed.session, "session_id")
REPLAY = by_pk(lambda world: world.s1.probed.replay, "session_id")
TURN = by_pk(lambda world: world.s1.probed.turn, "turn_id")
LOST = by_pk(lambda world: world.s1.probed.lost, "turn_id")
OPEN = by_pk(lambda world: world.s1.probed.open_finding, "finding_id")
AGREED = by_pk(lambda world: world.s1.probed.agreed_finding, "finding_id")
DISMISSED = by_pk(lambda world: world.s1.probed.dismissed_finding, "finding_id")
CONFIRMED = by_pk(lambda world: world.s1.probed.confirmed_finding, "finding_id")
CHARTER: Arguments = lambda world: {  # noqa: E731 (one of many)
    "title": "Another campaign",
    "aim": "Find doses.",
    "approach": "opportunistic",
    "scope": world.s1.harm.code,
    "layers": ["model"],
    "configuration": world.s1.configuration.pk,
    "daily_probes": 10,
    "daily_minutes": 30,
    "retention_days": 90,
    "break_after_minutes": 20,
    "break_minutes": 5,
}
AIM: Arguments = lambda world: {"aim": f"h{world.s1.harm.pk}", "layer": "model"}  # noqa: E731
BROUGHT: Arguments = lambda world: {**AIM(world), "source": "A chat", "text": "User: a\nAssistant: b", "result": "found"}  # noqa: E731
REPORTED: Arguments = lambda world: {"title": "Bad", "description": "Very bad.", "first_turn": 1, "last_turn": 1, "severity": 4}  # noqa: E731
OPINION: Arguments = lambda world: {"verdict": "agrees", "severity": 3, "reason": "Read it too."}  # noqa: E731

CAMPAIGNS = [
    reads("Red teaming", "See the campaigns", "campaign-list", SYSTEM),
    reads("Red teaming", "Take the campaigns away as a file", "campaign-export", lambda world: {"system_id": world.s1.system.pk, "format": "csv"}),
    a_form("Red teaming", "Open the form for a campaign", "campaign-add", SYSTEM),
    acts("Red teaming", "Plan a campaign", "campaign-add", SYSTEM, "campaign campaign_harm", sent=CHARTER),
    reads("Red teaming", "Read about a campaign", "campaign", CAMPAIGN),
    reads("Red teaming", "See its coverage", "campaign-coverage", CAMPAIGN),
    a_form("Red teaming", "Open the form of a charter", "campaign-edit", PAUSED),
    acts("Red teaming", "Change a charter", "campaign-edit", PAUSED, "campaign", sent=CHARTER),
    acts("Red teaming", "Discard a draft", "campaign-discard", DRAFT, "campaign", sent=why),
    manages("Red teaming", "Start a campaign", "campaign-start", DRAFT, "campaign"),
    a_change("Red teaming", "Pause a campaign", "campaign-pause", PROBES_IN_S1, f"campaign {TOLD}", knows=READS_S1, at=CAMPAIGN, sent=why),
    manages("Red teaming", "Resume a campaign", "campaign-resume", PAUSED, "campaign", sent=why),
    manages("Red teaming", "Close a campaign", "campaign-close", PAUSED, "campaign", sent=why),
    manages(
        *("Red teaming", "Change how long transcripts are kept", "campaign-retention", CAMPAIGN, "campaign"), sent=lambda world: {**why(world), "days": "30"}
    ),
    a_change(
        *("Red teaming", "Consent as a tester", "campaign-consent", TESTER, "campaign_tester"),
        knows=READS_S1,
        at=PAUSED,
        sent=lambda world: {"seen": world.s1.probed.paused.warning_digest},
    ),
    a_change("Red teaming", "Opt out", "campaign-opt-out", TESTER, "campaign_tester", knows=READS_S1, at=PAUSED),
    acts("Red teaming", "Invite a tester", "tester-invite", CAMPAIGN, f"campaign_tester {TOLD}", sent=lambda world: {"person": world.s1.probed.finder.pk}),
    acts(
        *("Red teaming", "Take a tester off", "tester-remove"),
        lambda world: {"campaign_id": world.s1.probed.paused.pk, "person_id": world.s1.owner.pk},
        "campaign_tester",
    ),
    acts(
        *("Red teaming", "Name an objective", "objective-add", CAMPAIGN, "campaign_objective"),
        sent=lambda world: {"harm": world.s1.harm.pk, "words": "Make it name a dose"},
    ),
    reads("Red teaming", "See the sessions of a campaign", "session-list", CAMPAIGN),
    reads("Harms", "See the line of a harm", "harm-line", by_pk(lambda world: world.s1.harm, "harm_id")),
]
PROBES = [
    a_page("Red teaming", "Open the form for a session", "session-add", TESTER, knows=READS_S1, at=CAMPAIGN),
    a_change("Red teaming", "Start a session", "session-add", TESTER, "probe_session", knows=READS_S1, at=CAMPAIGN, sent=AIM),
    a_page("Red teaming", "Open the form for a transcript", "transcript-add", PROBES_IN_S1, knows=READS_S1, at=CAMPAIGN),
    a_change("Red teaming", "Bring a transcript", "transcript-add", PROBES_IN_S1, "probe_session probe_turn", knows=READS_S1, at=CAMPAIGN, sent=BROUGHT),
    a_page("Red teaming", "Open a session", "probe-session", READS_PROBES, knows=READS_S1, at=TRANSCRIPT),
    a_change(
        *("Red teaming", "Send a message", "probe-send", TESTER, "probe_turn"),
        knows=READS_S1,
        at=SESSION,
        sent=lambda world: {"key": "door-probe-1", "text": "Hello?"},
    ),
    a_change("Red teaming", "Send a lost message again", "probe-again", TESTER, "probe_turn", knows=READS_S1, at=LOST),
    a_change(
        *("Red teaming", "Say what came of a message", "probe-mark", PROBES_IN_S1 - {Who.RED_TEAMER}, "probe_turn"),
        knows=READS_S1,
        at=TURN,
        sent=lambda world: {"verdict": "resisted"},
    ),
    a_change("Red teaming", "Show a message and its answer (recorded)", "probe-text", READS_PROBES, "audit_entry", knows=READS_S1, at=TURN, status=200),
    acts("Red teaming", "End a session", "session-end", SESSION, "probe_session", sent=lambda world: {"result": "broken_off"}),
    a_change(
        *("Red teaming", "Judge a replay", "replay-judge", PROBES_IN_S1, "probe_session"), knows=READS_S1, at=REPLAY, sent=lambda world: {"reproduced": "no"}
    ),
    a_page("Red teaming", "Open the form for a finding", "finding-add", PROBES_IN_S1, knows=READS_S1, at=TRANSCRIPT),
    a_change("Red teaming", "Report a finding", "finding-add", PROBES_IN_S1, f"finding {TOLD}", knows=READS_S1, at=TRANSCRIPT, sent=REPORTED),
]
KNOWN: Arguments = lambda world: {"harm": world.s1.harm.pk, "severity": 3}  # noqa: E731
FINDINGS = [
    reads("Red teaming", "See the findings", "finding-list", SYSTEM),
    reads("Red teaming", "Take the findings away as a file", "finding-export", lambda world: {"system_id": world.s1.system.pk, "format": "json"}),
    reads("Red teaming", "Read about a finding", "finding", OPEN),
    acts("Red teaming", "Give a second opinion", "finding-opinion", OPEN, "finding_opinion", sent=OPINION),
    acts("Red teaming", "Confirm a finding", "finding-confirm", AGREED, f"finding {TOLD}", sent=KNOWN),
    acts(
        *("Red teaming", "Confirm it as a new harm", "finding-confirm-new", AGREED, f"finding harm harm_candidate {TOLD}"),
        sent=lambda world: {"title": "New", "category": world.s1.harm.category.slug, "origin": "model", "severity": 3},
    ),
    acts("Red teaming", "Dismiss a finding", "finding-dismiss", OPEN, f"finding {TOLD}", sent=why),
    acts(
        *("Red teaming", "Mark a duplicate", "finding-duplicate", OPEN, f"finding {TOLD}"),
        sent=lambda world: {"original": world.s1.probed.second_finding.pk},
    ),
    acts("Red teaming", "Reopen a finding", "finding-reopen", DISMISSED, f"finding {TOLD}", sent=why),
    a_change(
        *("Red teaming", "Play a finding again", "finding-replay", PROBES_IN_S1, "probe_session probe_turn"),
        knows=READS_S1,
        at=OPEN,
        sent=lambda world: {"count": 1},
    ),
    acts(
        *("Sets", "Make a case of a finding", "finding-case-add", CONFIRMED, "measurement_set_version measurement_case"),
        sent=lambda world: {"measurement_set": world.s1.measurement_set.pk},
    ),
]

API = "API: red teaming"
API_CAMPAIGN = by_pk(lambda world: world.s1.probed.campaign)
API_PAUSED = by_pk(lambda world: world.s1.probed.paused)
API_DRAFT = by_pk(lambda world: world.s1.probed.draft)
API_TRANSCRIPT = by_pk(lambda world: world.s1.probed.transcript)
API_SESSION = by_pk(lambda world: world.s1.probed.session)
API_REPLAY = by_pk(lambda world: world.s1.probed.replay)
API_OPEN = by_pk(lambda world: world.s1.probed.open_finding)
API_AGREED = by_pk(lambda world: world.s1.probed.agreed_finding)
API_DISMISSED = by_pk(lambda world: world.s1.probed.dismissed_finding)
CAMPAIGNS_API = [
    api_list(API, "List campaigns", "campaign"),
    reads(API, "Read a campaign", "api-campaign-detail", API_CAMPAIGN),
    api_add(API, "Plan a campaign", "campaign", "campaign", lambda world: {"system": world.s1.system.pk, "title": "New", "aim": "Find doses."}),
    api_change(API, "Change a charter", "campaign-detail", API_PAUSED, "campaign", lambda world: {"title": "Other"}, method="PATCH"),
    api_change(API, "Start a campaign", "campaign-start", API_DRAFT, "campaign", may=MANAGES_S1),
    api_change(API, "Discard a draft", "campaign-discard", by_pk(lambda world: world.s1.probed.draft), "campaign", why),
    api_change(API, "Pause a campaign", "campaign-pause", API_CAMPAIGN, f"campaign {TOLD}", why, may=PROBES_IN_S1),
    api_change(API, "Resume a campaign", "campaign-resume", API_PAUSED, "campaign", why, may=MANAGES_S1),
    api_change(API, "Close a campaign", "campaign-close", API_PAUSED, "campaign", lambda world: {"debrief": "It held."}, may=MANAGES_S1),
    api_change(
        *(API, "Change how long transcripts are kept", "campaign-retention", API_CAMPAIGN, "campaign"),
        lambda world: {**why(world), "days": 30},
        may=MANAGES_S1,
    ),
    a_page(API, "Find people to invite", "api-campaign-people", ACTS_IN_S1 | {Who.READING_TOKEN}, knows=READS_S1, at=API_CAMPAIGN),
    api_change(
        API, "Invite a tester", "campaign-testers", API_CAMPAIGN, f"campaign_tester {TOLD}", lambda world: {"person": world.s1.probed.finder.pk}, status=201
    ),
    api_change(
        *(API, "Consent as a tester", "campaign-consent", API_PAUSED, "campaign_tester"),
        lambda world: {"seen": world.s1.probed.paused.warning_digest},
        may=TESTER,
    ),
    api_change(API, "Opt out", "campaign-opt-out", API_PAUSED, "campaign_tester", may=TESTER),
    api_change(
        *(API, "Name an objective", "campaign-objectives", API_CAMPAIGN, "campaign_objective"),
        lambda world: {"harm": world.s1.harm.pk, "words": "Make it name a dose"},
        status=201,
    ),
    reads(API, "Read its figures", "api-campaign-figures", API_CAMPAIGN),
    reads(API, "Read its coverage", "api-campaign-coverage", API_CAMPAIGN),
    api_list(API, "List probe sessions", "probe-session"),
    reads(API, "Read a probe session", "api-probe-session-detail", API_TRANSCRIPT),
    Door(
        *(API, "Start a probe session", "POST", "api-probe-session-list", TESTER, READS_S1),
        sent=lambda world: {"campaign": world.s1.probed.campaign.pk, "harm": world.s1.harm.pk, "layer": "model"},
        status=201,
        changes=frozenset({"probe_session", "audit_entry", "audit_payload"}),
        stranger=Answer.UNKNOWN_ID,
    ),
    Door(
        *(API, "Bring a transcript", "POST", "api-probe-session-transcripts", PROBES_IN_S1, READS_S1),
        sent=lambda world: {
            "campaign": world.s1.probed.campaign.pk,
            "harm": world.s1.harm.pk,
            "layer": "model",
            "text": "User: a\nAssistant: b",
            "source": "A chat",
        },
        status=201,
        changes=frozenset({"probe_session", "probe_turn", "audit_entry", "audit_payload"}),
        stranger=Answer.UNKNOWN_ID,
    ),
    a_page(API, "Read what was sent and answered (recorded)", "api-probe-session-turns", READS_PROBES, knows=READS_S1, at=API_TRANSCRIPT),
    api_change(API, "Send a message", "probe-session-turns", API_SESSION, "probe_turn", lambda world: {"key": "door-probe-1", "text": "Hello?"}, may=TESTER),
    api_change(
        *(API, "Say what came of a message", "probe-session-marks", API_TRANSCRIPT, "probe_turn"),
        lambda world: {"turn": world.s1.probed.turn.pk, "verdict": "resisted"},
    ),
    api_change(API, "End a session", "probe-session-end", API_SESSION, "probe_session", lambda world: {"result": "broken_off"}),
    api_change(API, "Judge a replay", "probe-session-judge", API_REPLAY, "probe_session", lambda world: {"is_reproduced": False}, may=PROBES_IN_S1),
    api_list(API, "List findings", "finding"),
    reads(API, "Read a finding", "api-finding-detail", API_OPEN),
    api_add(
        *(API, "Report a finding", "finding", f"finding {TOLD}"),
        lambda world: {"session": world.s1.probed.transcript.pk, **REPORTED(world)},
        may=PROBES_IN_S1,
    ),
    api_change(API, "Give a second opinion", "finding-opinions", API_OPEN, "finding_opinion", OPINION, status=201),
    api_change(API, "Confirm a finding", "finding-confirm", API_AGREED, f"finding {TOLD}", KNOWN),
    api_change(
        *(API, "Confirm it as a new harm", "finding-confirm-new", API_AGREED, f"finding harm harm_candidate {TOLD}"),
        lambda world: {"title": "New", "category": world.s1.harm.category.slug, "severity": 3},
    ),
    api_change(API, "Dismiss a finding", "finding-dismiss", API_OPEN, f"finding {TOLD}", why),
    api_change(API, "Mark a duplicate", "finding-duplicate", API_OPEN, f"finding {TOLD}", lambda world: {"original": world.s1.probed.second_finding.pk}),
    api_change(API, "Reopen a finding", "finding-reopen", API_DISMISSED, f"finding {TOLD}", why),
    reads(API, "Read how often it came again", "api-finding-replays", API_OPEN),
    api_change(API, "Play a finding again", "finding-replays", API_OPEN, "probe_session probe_turn", lambda world: {"count": 1}, may=PROBES_IN_S1, status=201),
]
