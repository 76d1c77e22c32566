"""How the ledger's pages find and name requests, conditions and stand-ins."""

from __future__ import annotations

from django.urls import reverse

from raiportal.accounts.models import User
from raiportal.audit.subjects import SubjectKind
from raiportal.signoffs.models import Condition, SignOffRequest, StandIn


def _request(pk: int, user: User) -> SignOffRequest | None:
    return SignOffRequest.objects.visible_to(user).filter(pk=pk).first()  # type: ignore[no-any-return]


def _condition(pk: int, user: User) -> Condition | None:
    return Condition.objects.visible_to(user).select_related("sign_off__request").filter(pk=pk).first()  # type: ignore[no-any-return]


def _stand_in(pk: int, user: User) -> StandIn | None:
    return StandIn.objects.visible_to(user).select_related("person", "for_person").filter(pk=pk).first()  # type: ignore[no-any-return]


KINDS = (
    SubjectKind("signoffs.signoffrequest", "Request for sign-off", find=_request, url=lambda row: reverse("sign-off-request", args=[row.pk])),
    SubjectKind("signoffs.condition", "Condition", find=_condition, url=lambda row: reverse("sign-off-request", args=[row.sign_off.request_id])),
    SubjectKind("signoffs.standin", "Stand-in", find=_stand_in, url=lambda row: reverse("stand-in-list")),
)
