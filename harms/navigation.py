"""Where the rail and the ledger's pages find harms."""

from __future__ import annotations

from django.urls import reverse

from harms.models import Harm
from raiportal.accounts.models import User
from raiportal.audit.subjects import SubjectKind
from raiportal.look.navigation import NavigationItem


def _find(pk: int, user: User) -> Harm | None:
    return Harm.objects.visible_to(user).filter(pk=pk).first()  # type: ignore[no-any-return]


REGISTER = NavigationItem(slug="harms", label="Harm register", stage="identify", url_name="harm-list")
HARM = SubjectKind(slug="harms.harm", name="Harm", find=_find, url=lambda harm: reverse("harm", args=[harm.pk]))
