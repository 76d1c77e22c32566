"""What the pages of systems show of their harms: a portfolio column, requirements of the first stage, the worst risks; and what harms take from a use."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils import timezone

from harms import selectors
from harms.actions.points import follow_use
from harms.models import Assessment
from raiportal.accounts.models import User
from systems.extensions import Figure, PortfolioColumn, ReadinessFact, Standing, Step, SystemPanel, UseFollower
from systems.models import AISystem

WORST_SHOWN = 5
KNOWN_SHOWN = 5
ASSESSMENT_LASTS = datetime.timedelta(days=365)  # then it is looked at again


def _high_risks(systems: Sequence[AISystem], user: User) -> dict[int, Figure]:
    counts = selectors.open_high_counts(systems)
    return {system_id: Figure(count, f"{reverse('harm-list', args=[system_id])}?level=high") for system_id, count in counts.items()}


def _standings(systems: Sequence[AISystem], user: User) -> dict[int, list[Standing]]:
    gaps = selectors.gaps_in(systems)
    nothing = selectors.Gaps(0, 0, 0)
    return {system.pk: _standings_of(system, gaps.get(system.pk, nothing)) for system in systems}


def _standings_of(system: AISystem, gaps: selectors.Gaps) -> list[Standing]:
    register = reverse("harm-list", args=[system.pk])
    if not gaps.harms:
        add = reverse("harm-add", args=[system.pk])
        step = Step("Write down what can go wrong", "The register of this system is empty.", "Propose a harm", add, 30, "plus")
        return [Standing("missing", "No harm is on the register", register, step)]
    return [Standing("holds", f"{gaps.harms:,} on the register", register), _assessed(register, gaps), _owned(register, gaps)]


def _assessed(register: str, gaps: selectors.Gaps) -> Standing:
    url = f"{register}?state=proposed"
    if not gaps.proposed:
        return Standing("holds", "Every harm is assessed", register)
    words = "1 harm is not assessed" if gaps.proposed == 1 else f"{gaps.proposed:,} harms are not assessed"
    return Standing("missing", words, url, Step("Assess the proposed harms", f"{words}, so nobody knows where they rank.", "Assess", url, rank=40))


def _owned(register: str, gaps: selectors.Gaps) -> Standing:
    url = f"{register}?level=high&owner=none"
    if not gaps.high_unowned:
        return Standing("holds", "Every high risk has an owner", register)
    words = "1 high risk has no owner" if gaps.high_unowned == 1 else f"{gaps.high_unowned:,} high risks have no owner"
    return Standing("missing", words, url, Step("Name owners of high risks", f"{words}.", "Name owners", url, rank=35))


def _assessments(systems: Sequence[AISystem], user: User) -> dict[int, list[Standing]]:
    newest = selectors.newest_of_each(systems)
    return {system.pk: [_assessment(system, *newest.get(system.pk, (None, None)))] for system in systems}


def _assessment(system: AISystem, closed: Assessment | None, writing: Assessment | None) -> Standing:
    versions = reverse("assessment-list", args=[system.pk])
    if closed is not None and closed.closed_at is not None:
        url = reverse("assessment", args=[closed.pk])
        if timezone.now() - closed.closed_at < ASSESSMENT_LASTS:
            return Standing("holds", f"Impact assessment {closed.code} is closed", url)
        step = Step("Look at the impact assessment again", f"{closed.code} is more than a year old.", "Begin a new version", versions, 45, "file")
        return Standing("stale", "The impact assessment is more than a year old", url, step)
    if writing is not None:
        url = reverse("assessment", args=[writing.pk])
        return Standing(
            "missing", "The impact assessment is being written", url, Step("Close the impact assessment", f"{writing.code} is open.", "Go on", url, 32, "file")
        )
    step = Step("Begin the impact assessment", "Nobody has written down whom this system touches and how.", "Begin", versions, 25, "file")
    return Standing("missing", "There is no impact assessment", versions, step)


def _worst(systems: Sequence[AISystem], user: User) -> Mapping[int, Mapping[str, Any]]:
    counts = selectors.open_high_counts(systems)
    return {pk: {"harms": harms, "high": counts.get(pk, 0)} for pk, harms in selectors.worst_harms(systems, WORST_SHOWN).items()}


def _known(systems: Sequence[AISystem], user: User) -> Mapping[int, Mapping[str, Any]]:
    offered = selectors.known_harms_of(systems)
    return {pk: {"count": len(offers), "offers": offers[:KNOWN_SHOWN]} for pk, offers in offered.items() if offers}


COLUMN = PortfolioColumn("high-risks", "Open high risks", _high_risks, order=10)
FACT = ReadinessFact("harms", "identify", _standings, order=10)
ASSESSMENT_FACT = ReadinessFact("impact-assessment", "identify", _assessments, order=5)
PANEL = SystemPanel("worst-harms", "harms/_worst_harms.html", _worst, order=10)
KNOWN_HARMS = SystemPanel("known-harms", "harms/_known_harms.html", _known, order=12)
FOLLOWER = UseFollower("harm-scores", follow_use)
