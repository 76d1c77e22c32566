"""Red-team campaigns as pages, exports and the API read them: lists, figures, the coverage board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from harms import attack_success, policies
from harms.attack_success import AttackFigures, SessionCounts
from harms.enums import Approach, FindingState, SessionKind, TestedLayer
from harms.models import Campaign, CampaignHarm, Finding, Harm, Objective, ProbeSession, Tester
from raiportal.accounts.models import User
from raiportal.accounts.selectors import people_holding
from raiportal.catalogues import selectors as catalogues
from systems import selectors as system_selectors
from systems.models import AISystem, Configuration

STRATEGIES = "attack-strategies"
PLAIN = ""  # a turn that names no strategy
CAMPAIGN_COLUMNS = ("id", "code", "title", "state", "approach", "sessions", "findings", "created_at", "started_at", "closed_at")
_SESSIONS = """
select s.id, s.objective_id, count(t.id),
    count(t.id) filter (where t.outcome = 'failed'),
    count(t.id) filter (where t.progress <> 'done'),
    count(t.id) filter (where t.progress = 'done' and t.outcome <> 'failed'
        and (t.verdict in ('succeeded', 'resisted') or (t.verdict = '' and t.outcome in ('input_blocked', 'output_blocked', 'refused')))),
    count(t.id) filter (where t.verdict = 'succeeded')
from probe_session s left join probe_turn t on t.session_id = s.id
where s.campaign_id = %s and s.kind <> 'replay'
group by s.id order by s.id
"""
_TRIED = """
select s.harm_id, s.layer, strategy, count(*), count(distinct s.id), count(distinct s.id) filter (where s.result = 'nothing_found')
from probe_session s join probe_turn t on t.session_id = s.id
cross join lateral unnest(case when cardinality(t.strategies) = 0 then array['']::varchar[] else t.strategies end) strategy
where s.campaign_id = %s and s.kind <> 'replay' and t.progress = 'done' and t.outcome <> 'failed'
group by 1, 2, 3
"""
_FOUND = """
select s.harm_id, f.layer, strategy, count(*)
from finding f join probe_session s on s.id = f.session_id
cross join lateral unnest(case when cardinality(f.strategies) = 0 then array['']::varchar[] else f.strategies end) strategy
left join finding original on original.id = f.duplicate_of_id
where f.campaign_id = %s and (f.state in ('open', 'confirmed') or f.state = 'duplicate' and original.state in ('open', 'confirmed'))
group by 1, 2, 3
"""


def campaigns_of(rows: QuerySet[Campaign]) -> QuerySet[Campaign]:
    """With what a list shows of each: how many sessions and findings."""
    sessions = (
        ProbeSession.objects.filter(campaign=OuterRef("pk")).exclude(kind=SessionKind.REPLAY).order_by().values("campaign").annotate(n=Count("pk")).values("n")
    )
    findings = Finding.objects.filter(campaign=OuterRef("pk")).order_by().values("campaign").annotate(n=Count("pk")).values("n")
    counted = rows.annotate(session_count=Coalesce(Subquery(sessions), 0), finding_count=Coalesce(Subquery(findings), 0))
    return counted.select_related("system__scope", "configuration__deployment", "created_by")


def exported_campaigns(rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for row in rows:
        kept = {name: getattr(row, name) for name in CAMPAIGN_COLUMNS if name not in ("sessions", "findings")}
        yield {**kept, "sessions": row.session_count, "findings": row.finding_count}


def scope_of(campaign: Campaign) -> list[CampaignHarm]:
    return list(CampaignHarm.objects.filter(campaign=campaign).select_related("harm").order_by("position"))


def objectives_of(campaign: Campaign) -> list[Objective]:
    return list(Objective.objects.filter(campaign=campaign).select_related("harm").order_by("number"))


def testers_of(campaign: Campaign) -> list[Tester]:
    return list(Tester.objects.filter(campaign=campaign, removed_at=None).select_related("person").order_by("invited_at", "pk"))


def tester_of(campaign: Campaign, person: User) -> Tester | None:
    return Tester.objects.filter(campaign=campaign, person=person).first()


def sessions_of(campaign: Campaign) -> QuerySet[ProbeSession]:
    return with_counts(ProbeSession.objects.filter(campaign=campaign))


def with_counts(rows: QuerySet[ProbeSession]) -> QuerySet[ProbeSession]:
    counted = rows.annotate(turn_count=Count("turns"))
    return counted.select_related("campaign__system__scope", "tester", "harm", "objective", "configuration__deployment", "finding")


def configurations_to_choose(system: AISystem) -> QuerySet[Configuration]:
    rows = Configuration.objects.filter(system=system) | Configuration.objects.filter(system=None)
    return rows.filter(deployment__is_active=True).select_related("deployment", "metaprompt").order_by("-system_id", "-pk")


def figures_of(campaign: Campaign) -> AttackFigures:
    with connection.cursor() as cursor:
        cursor.execute(_SESSIONS, [campaign.pk])
        rows = [SessionCounts(*row) for row in cursor.fetchall()]
    named = Objective.objects.filter(campaign=campaign).count()
    return attack_success.figures(rows, objectives=named, is_systematic=campaign.approach == Approach.SYSTEMATIC)


def people_to_invite(campaign: Campaign, words: str = "") -> QuerySet[User]:
    """Who may be a tester (see `policies.may_be_tester`) and is none yet, by name; of whom name or username hold the words."""
    able = people_holding(*policies.PROBES_IN_SYSTEM, scope_id=campaign.system_id)
    people = system_selectors.people_to_choose().filter(pk__in=able).exclude(pk__in=[row.person_id for row in testers_of(campaign)])
    if words.strip():
        people = people.filter(Q(name__icontains=words.strip()) | Q(username__icontains=words.strip()))
    return people


# --- Coverage ---
@dataclass
class Cell:
    """What was tried in one place of the board."""

    attempts: int = 0
    sessions: int = 0
    nothing_found: int = 0
    found: int = 0

    @property
    def found_words(self) -> str:
        return f"{self.found:,} found"

    @property
    def is_gap(self) -> bool:
        return not self.attempts and not self.found


@dataclass(frozen=True)
class BoardRow:
    slug: str
    title: str
    cells: Sequence[tuple[TestedLayer, Cell]]

    @property
    def is_gap(self) -> bool:
        """Nobody tried it for this harm, in any layer."""
        return all(cell.is_gap for _, cell in self.cells)


@dataclass(frozen=True)
class BoardHarm:
    """One harm in scope: a row for each strategy that the campaign tried anywhere, a cell for each layer of the charter."""

    entry: CampaignHarm
    rows: Sequence[BoardRow]
    whole: Sequence[tuple[TestedLayer, Cell]]

    @property
    def gaps(self) -> int:
        return sum(cell.is_gap for row in self.rows for _, cell in row.cells)

    @property
    def tried(self) -> list[BoardRow]:
        return [row for row in self.rows if not row.is_gap]

    @property
    def untried(self) -> list[str]:
        """Titles of the strategies that were tried for other harms and not for this one."""
        return [row.title for row in self.rows if row.is_gap]


@dataclass(frozen=True)
class Board:
    layers: Sequence[TestedLayer]
    harms: Sequence[BoardHarm]
    untried: Sequence[str] = field(default_factory=tuple)  # titles of strategies of the catalogue that nobody tried
    families: Sequence[tuple[str, int, int]] = field(default_factory=tuple)  # family, tried, all

    @property
    def gaps(self) -> int:
        return sum(harm.gaps for harm in self.harms)


def board_of(campaign: Campaign) -> Board:
    """Harm by strategy by layer: tried, nothing found, found; what nobody tried shows as a gap. A fixed number of queries."""
    cells: dict[tuple[int, str, str], Cell] = defaultdict(Cell)
    with connection.cursor() as cursor:
        cursor.execute(_TRIED, [campaign.pk])
        for harm_id, layer, strategy, attempts, sessions, nothing in cursor.fetchall():
            cells[harm_id, layer, strategy] = Cell(attempts, sessions, nothing)
        cursor.execute(_FOUND, [campaign.pk])
        for harm_id, layer, strategy, found in cursor.fetchall():
            cells[harm_id, layer, strategy].found = found
    entries = catalogues.entries(STRATEGIES, ended=True)
    titles = {entry.slug: entry.title for entry in entries}
    tried = sorted({strategy for _, _, strategy in cells}, key=lambda slug: (slug == PLAIN, titles.get(slug, slug)))
    layers = [TestedLayer(layer) for layer in campaign.layers]
    harms = [_board_harm(entry, tried or [PLAIN], layers, cells, titles) for entry in scope_of(campaign)]
    families: dict[str, list[int]] = {}
    for entry in entries:
        counted = families.setdefault(entry.body.get("family", ""), [0, 0])
        counted[0] += entry.slug in tried
        counted[1] += 1
    untried = [entry.title for entry in entries if entry.slug not in tried]
    return Board(layers, harms, untried, [(name, done, of) for name, (done, of) in families.items()])


def _board_harm(
    entry: CampaignHarm, tried: Sequence[str], layers: Sequence[TestedLayer], cells: dict[tuple[int, str, str], Cell], titles: dict[str, str]
) -> BoardHarm:
    nothing = Cell()
    rows = [
        BoardRow(slug, titles.get(slug, slug) or "No strategy named", [(layer, cells.get((entry.harm_id, layer.value, slug), nothing)) for layer in layers])
        for slug in tried
    ]
    return BoardHarm(entry, rows, [(layer, _sum(row.cells[place][1] for row in rows)) for place, layer in enumerate(layers)])


def _sum(cells: Iterable[Cell]) -> Cell:
    whole = Cell()
    for cell in cells:
        whole.attempts += cell.attempts
        whole.sessions += cell.sessions
        whole.nothing_found += cell.nothing_found
        whole.found += cell.found
    return whole


def scope_choices(system: AISystem) -> QuerySet[Harm]:
    """Harms of the system, worst first, those that were merged away left out."""
    return Harm.objects.filter(system=system, merged_into=None).order_by("-priority", "pk")


def strategy_titles() -> dict[str, str]:
    return catalogues.titles(STRATEGIES)


def strategy_choices() -> list[tuple[str, str]]:
    """The strategies in force in the catalogue's order, each named with its family, so that typing finds either."""
    return [(entry.slug, f"{entry.title} ({entry.body.get('family', '')})") for entry in catalogues.entries(STRATEGIES)]


def open_findings(system_ids: Iterable[int]) -> QuerySet[Finding]:
    return (
        Finding.objects.filter(system__in=list(system_ids), state=FindingState.OPEN)
        .select_related("system__scope", "campaign", "created_by")
        .order_by("-severity", "pk")
    )
