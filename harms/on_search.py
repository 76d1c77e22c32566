"""What search finds of harms, of candidates for them, and of baselines of registers."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import reverse

from harms.models import SEARCHED_TEXT, Baseline, Candidate, Harm
from harms.models.baselines import BASELINE_TEXT
from harms.models.candidates import CANDIDATE_TEXT
from raiportal.accounts.models import User
from raiportal.work.rows import RowSearch, row_source
from raiportal.work.sources import Hit


def _harms(user: User) -> QuerySet[Harm]:
    return Harm.objects.visible_to(user).select_related("system__scope")  # type: ignore[no-any-return]


def _harm(harm: Harm) -> Hit:
    return Hit(harm.title, reverse("harm", args=[harm.pk]), harm.system.name, harm.code)


def _candidates(user: User) -> QuerySet[Candidate]:
    return Candidate.objects.visible_to(user).select_related("system__scope")  # type: ignore[no-any-return]


def _candidate(candidate: Candidate) -> Hit:
    return Hit(candidate.title, reverse("candidate", args=[candidate.pk]), candidate.system.name, candidate.code)


def _baselines(user: User) -> QuerySet[Baseline]:
    return Baseline.objects.visible_to(user).select_related("system__scope").defer("content")  # type: ignore[no-any-return]


def _baseline(baseline: Baseline) -> Hit:
    return Hit(baseline.title, reverse("baseline", args=[baseline.pk]), baseline.system.name, baseline.code)


SOURCES = (
    row_source("harms", "Harms", RowSearch(_harms, SEARCHED_TEXT, _harm, excerpt="description", letters="H"), order=15),
    row_source("candidates", "Candidates for harms", RowSearch(_candidates, CANDIDATE_TEXT, _candidate, excerpt="summary", letters="C"), order=16),
    row_source("baselines", "Baselines", RowSearch(_baselines, BASELINE_TEXT, _baseline, excerpt="reason", letters="B", number="number"), order=17),
)
