"""The browsers in which somebody is signed in: noted at sign-in, seen about every minute, ended one by one or all."""

from __future__ import annotations

import time
from collections.abc import Iterable

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from raiportal.accounts import devices, policies
from raiportal.accounts.enums import SignInMethod
from raiportal.accounts.models import SignIn, User
from raiportal.audit import ledger
from raiportal.errors import Missing

SEEN_SECONDS = 60  # the column is for people; writing it at every request would cost a write a page
MOST_REMEMBERED = 10_000  # sessions of which a process knows when it last noted them
_noted: dict[str, float] = {}  # session key -> monotonic seconds


def live_sign_ins_of(user: User) -> QuerySet[SignIn]:
    """Those whose session is still there, the latest seen first."""
    session = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=Now())
    return SignIn.objects.filter(Exists(session), user=user).order_by("-last_seen_at", "-pk")


def note_sign_in(request: HttpRequest, user: User) -> SignInMethod:
    """Remember this browser; forget those of this person that have run out. Returns the way by which they came."""
    method = method_of(request)
    if not request.session.session_key:
        request.session.save()
    SignIn.objects.filter(user=user).exclude(pk__in=live_sign_ins_of(user).values("pk")).delete()
    seen = {"user": user, "method": method, "address": devices.address_of(request), "device": devices.device_of(request), "last_seen_at": Now()}
    SignIn.objects.update_or_create(session_key=request.session.session_key, defaults=seen)
    return method


def method_of(request: HttpRequest) -> SignInMethod:
    """How the person of this session got in, by what allauth has noted."""
    records = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY) or [{"method": "password"}]
    methods = {record.get("method") for record in records}
    if any(record.get("passwordless") for record in records):
        return SignInMethod.PASSKEY
    if "socialaccount" in methods:
        return SignInMethod.SINGLE_SIGN_ON
    return SignInMethod.INVITATION if "invitation" in methods else SignInMethod.PASSWORD


def note_seen(session_key: str) -> None:
    """Write that this browser is in use, about once a minute. Not a change that the ledger records."""
    moment = time.monotonic()
    if moment - _noted.get(session_key, -SEEN_SECONDS) < SEEN_SECONDS:
        return
    if len(_noted) >= MOST_REMEMBERED:
        _noted.clear()
    _noted[session_key] = moment
    SignIn.objects.filter(session_key=session_key).update(last_seen_at=Now())


@transaction.atomic
def end_sign_in(*, sign_in_id: int, actor: User) -> None:
    """Sign out one browser of one's own. Raises Missing when it is somebody else's or has ended."""
    found = SignIn.objects.select_for_update().filter(pk=sign_in_id, user=actor).first()
    if found is None:
        raise Missing("This session has ended already.")
    _end([found.session_key])
    ledger.record("accounts.session_ended", subject=actor, actor=actor, device=found.device)


@transaction.atomic
def end_other_sign_ins(*, user: User, kept_key: str | None, actor: User, reason: str = "") -> int:
    """Sign this person out everywhere but in the session of `kept_key`. Returns in how many browsers. Others than themselves need to manage people."""
    if actor.pk != user.pk:
        policies.may_manage_people(actor).require()
    keys = list(SignIn.objects.select_for_update().filter(user=user).exclude(session_key=kept_key or "").values_list("session_key", flat=True))
    if keys:
        _end(keys)
        ledger.record("accounts.sessions_ended", subject=user, actor=actor, reason=reason, count=len(keys))
    return len(keys)


def forget_others(user: User, kept_key: str | None) -> None:
    """After a change of the password, which has made the other sessions worthless already: take their rows away too."""
    _end(list(SignIn.objects.filter(user=user).exclude(session_key=kept_key or "").values_list("session_key", flat=True)))


def forget_session(session_key: str | None) -> None:
    """After signing out."""
    SignIn.objects.filter(session_key=session_key or "").delete()


def _end(keys: Iterable[str]) -> None:
    Session.objects.filter(session_key__in=keys).delete()
    SignIn.objects.filter(session_key__in=keys).delete()
