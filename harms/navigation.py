"""Where the rail and the ledger's pages find harms."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.urls import reverse

from harms import policies
from harms.models import Assessment, Baseline, Candidate, Harm, Impact, LibraryDismissal
from raiportal.accounts import roles
from raiportal.accounts.models import User
from raiportal.audit.subjects import SubjectKind
from raiportal.evidence.kinds import Attachable
from raiportal.look.navigation import NavigationItem
from systems.models import IntendedUse


def _reads_some(user: User, system: object) -> bool:
    """Whether there is a system whose register this person may read; the roles are known already."""
    return roles.visible_scopes(user) != []


def _find(pk: int, user: User) -> Harm | None:
    return Harm.objects.visible_to(user).filter(pk=pk).first()  # type: ignore[no-any-return]


def _find_assessment(pk: int, user: User) -> Assessment | None:
    return Assessment.objects.visible_to(user).filter(pk=pk).first()  # type: ignore[no-any-return]


def _find_impact(pk: int, user: User) -> Impact | None:
    return Impact.objects.visible_to(user).filter(pk=pk).first()  # type: ignore[no-any-return]


def _use_codes(numbers: Collection[int]) -> Mapping[int, str]:
    return {use.pk: use.code for use in IntendedUse.objects.filter(pk__in=numbers)}


EVERY_HARM = NavigationItem(slug="register", label="Harms", stage="everywhere", url_name="harm-register", icon="identify", order=25, may_see=_reads_some)
ASSESSMENT = NavigationItem(slug="assessments", label="Impact assessment", stage="identify", url_name="assessment-list", order=-10)
REGISTER = NavigationItem(slug="harms", label="Harm register", stage="identify", url_name="harm-list")
HARM = SubjectKind(
    slug="harms.harm", name="Harm", find=_find, url=lambda harm: reverse("harm", args=[harm.pk]), names={"uses": _use_codes, "intended_uses": _use_codes}
)
ATTACHABLE = Attachable("harms.harm", may_add=policies.may_edit_harm)


def _find_row(model: type[Baseline | Candidate | LibraryDismissal]) -> Callable[[int, User], Any]:
    return lambda pk, user: model.objects.visible_to(user).filter(pk=pk).first()


KINDS = (
    HARM,
    SubjectKind("harms.baseline", "Baseline of a register", find=_find_row(Baseline), url=lambda row: reverse("baseline", args=[row.pk])),
    SubjectKind("harms.candidate", "Candidate for a harm", find=_find_row(Candidate), url=lambda row: reverse("candidate", args=[row.pk])),
    SubjectKind(
        "harms.librarydismissal", "Dismissed known harm", find=_find_row(LibraryDismissal), url=lambda row: reverse("known-harm-list", args=[row.system_id])
    ),
    SubjectKind(slug="harms.assessment", name="Impact assessment", find=_find_assessment, url=lambda found: reverse("assessment", args=[found.pk])),
    SubjectKind(
        slug="harms.impact",
        name="Impact on a group",
        find=_find_impact,
        url=lambda found: f"{reverse('assessment', args=[found.assessment_id])}?section=2#impacts",
    ),
)
