"""Requests for a decision, the sign-offs that they gather, conditions, and who stands in for whom.

A request's snapshot, digest, rules and excluded people stay as they were made, and sign-offs are written once: triggers see to both.
"""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import Scope, ScopedQuerySet, User
from raiportal.signoffs.enums import ConditionState, Ending, RequestState, Verdict
from raiportal.work.text import document

SEARCHED_TEXT = document("title", ("message",))  # what the portal's search looks in
DIGEST_SHAPE = "^[0-9a-f]{64}$"  # SHA-256 in hexadecimal
SEES_STAND_INS = frozenset({Role.ADMINISTRATOR, Role.RISK_MANAGER, Role.AUDITOR})
CONFIRM_WITHIN = datetime.timedelta(days=14)  # after its date, in which a condition that its owner met waits for the signer's word


class SignOffRequestQuerySet(ScopedQuerySet):
    scope_lookup = "scope_id"

    def visible_to(self, user: Any) -> Any:
        """Those whose subject the person may see."""
        from raiportal.signoffs.kinds import about_visible

        return self.filter(about_visible(user))

    def about(self, kind: str, *ids: int) -> SignOffRequestQuerySet:
        return self.filter(kind=kind, subject_id__in=ids)  # type: ignore[no-any-return]

    def open(self) -> SignOffRequestQuerySet:
        return self.filter(state=RequestState.OPEN)  # type: ignore[no-any-return]

    def standing(self) -> SignOffRequestQuerySet:
        """Approvals that nobody has ended; whether they hold at this moment is worked out."""
        return self.filter(state=RequestState.APPROVED, ended_at=None)  # type: ignore[no-any-return]


class SignOffRequest(models.Model):
    """One question to people in their roles: do you approve this object as it is in the snapshot?"""

    kind = models.CharField(max_length=60)
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+", null=True)  # null = the organisation
    subject_kind = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    title = models.CharField(max_length=200)
    message = models.TextField(max_length=4_000, blank=True)
    snapshot = models.JSONField(encoder=DjangoJSONEncoder)  # {"subject": as its kind gives it, "evidence": [...]}
    digest = models.CharField(max_length=64)  # SHA-256 of the snapshot as canonical JSON
    rules = models.JSONField()  # {"roles": [{"key", "role", "review_kind", "quorum"}], "validity_days", "decisions": [ledger actions]}
    excluded_ids = models.JSONField()  # users who asked for it, or had a hand in the subject when it was asked for
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=RequestState.choices, default=RequestState.OPEN)
    decided_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)  # who withdrew or revoked it
    close_reason = models.CharField(max_length=2_000, blank=True)
    ended_at = models.DateTimeField(null=True)  # when it was told that an approval holds no more
    ended_why = models.CharField(max_length=20, choices=Ending.choices, blank=True)
    is_emergency = models.BooleanField(default=False)
    emergency_confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    emergency_review_due_at = models.DateTimeField(null=True)

    objects = SignOffRequestQuerySet.as_manager()

    class Meta:
        db_table = "sign_off_request"
        verbose_name = "request for sign-off"
        verbose_name_plural = "requests for sign-off"
        constraints = [
            models.UniqueConstraint(name="sign_off_one_open_request", fields=["kind", "subject_id"], condition=Q(state=RequestState.OPEN)),
            models.UniqueConstraint(
                name="sign_off_one_standing_approval", fields=["kind", "subject_id"], condition=Q(state=RequestState.APPROVED, ended_at=None)
            ),
            models.CheckConstraint(name="sign_off_request_digest_shape", condition=Q(digest__regex=DIGEST_SHAPE)),
            models.CheckConstraint(
                name="sign_off_approval_has_end",
                condition=~Q(state__in=[RequestState.APPROVED, RequestState.REVOKED]) | Q(valid_until__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="sign_off_open_is_undecided", condition=~Q(state=RequestState.OPEN) | Q(decided_at=None, valid_until=None, ended_at=None)
            ),
            models.CheckConstraint(
                name="sign_off_closed_with_reason",
                condition=~Q(state__in=[RequestState.WITHDRAWN, RequestState.REVOKED]) | Q(closed_by__isnull=False) & ~Q(close_reason=""),
            ),
            models.CheckConstraint(name="sign_off_ended_has_cause", condition=Q(ended_at=None, ended_why="") | Q(ended_at__isnull=False) & ~Q(ended_why="")),
            models.CheckConstraint(
                name="sign_off_emergency_has_second",
                condition=Q(emergency_confirmed_by=None) | Q(is_emergency=True) & ~Q(emergency_confirmed_by=F("requested_by")),
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "subject_id", "-id"], name="sign_off_request_subject"),
            models.Index(fields=["subject_kind", "subject_id"], name="sign_off_request_object"),
            models.Index(fields=["valid_until"], name="sign_off_request_end", condition=Q(state="approved", ended_at=None)),
            GinIndex(SEARCHED_TEXT, name="sign_off_request_search"),
        ]

    def __str__(self) -> str:
        return self.title


class SignOffQuerySet(ScopedQuerySet):
    def visible_to(self, user: Any) -> Any:
        return self.filter(request__in=SignOffRequest.objects.visible_to(user))


class SignOff(models.Model):
    """One person's verdict in one role on the snapshot with this digest. Written once."""

    request = models.ForeignKey(SignOffRequest, on_delete=models.PROTECT, related_name="sign_offs")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    stand_in_for = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)  # whose role it was
    role = models.CharField(max_length=60)  # "risk_manager", "reviewer:legal"
    verdict = models.CharField(max_length=30, choices=Verdict.choices)
    reason = models.TextField(max_length=4_000)
    digest = models.CharField(max_length=64)
    valid_until = models.DateTimeField(null=True)  # of an approval
    at = models.DateTimeField(db_default=Now())

    objects = SignOffQuerySet.as_manager()

    class Meta:
        db_table = "sign_off"
        constraints = [
            models.UniqueConstraint(name="sign_off_one_person_one_role", fields=["request", "person"]),
            models.UniqueConstraint(F("request"), Coalesce("stand_in_for", "person"), name="sign_off_represented_once"),
            models.CheckConstraint(name="sign_off_has_reason", condition=Q(reason__regex=r"\S")),
            models.CheckConstraint(
                name="sign_off_approval_ends",
                condition=Q(verdict__in=["approve", "approve_with_conditions"], valid_until__isnull=False)
                | Q(verdict__in=["request_changes", "reject", "recuse"], valid_until=None),
            ),
            models.CheckConstraint(name="sign_off_not_for_oneself", condition=Q(stand_in_for=None) | ~Q(stand_in_for=F("person"))),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} ({self.role})"


class ConditionQuerySet(ScopedQuerySet):
    def visible_to(self, user: Any) -> Any:
        return self.filter(sign_off__request__in=SignOffRequest.objects.visible_to(user))

    def unconfirmed(self) -> ConditionQuerySet:
        return self.exclude(state=ConditionState.CONFIRMED)  # type: ignore[no-any-return]


class Condition(models.Model):
    """Something that has to be done by a date for an approval to hold: its owner says when it is met, and the signer confirms it."""

    sign_off = models.ForeignKey(SignOff, on_delete=models.PROTECT, related_name="conditions")
    words = models.CharField(max_length=1_000)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()  # the last day, in UTC
    state = models.CharField(max_length=10, choices=ConditionState.choices, default=ConditionState.OPEN)
    met_at = models.DateTimeField(null=True)
    met_note = models.CharField(max_length=2_000, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    confirm_note = models.CharField(max_length=2_000, blank=True)

    objects = ConditionQuerySet.as_manager()

    class Meta:
        db_table = "sign_off_condition"
        constraints = [
            models.CheckConstraint(name="sign_off_condition_says_what", condition=Q(words__regex=r"\S")),
            models.CheckConstraint(
                name="sign_off_condition_confirmed_by",
                condition=~Q(state="confirmed") | Q(confirmed_at__isnull=False, confirmed_by__isnull=False, met_at__isnull=False),
            ),
            models.CheckConstraint(name="sign_off_condition_confirmed_by_another", condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("owner"))),
        ]

    def __str__(self) -> str:
        return self.words[:120]

    @property
    def audit_scope_id(self) -> int | None:
        return self.sign_off.request.scope_id

    @property
    def ends_at(self) -> datetime.datetime:
        """When the approval lapses by it: after its day, or later where its owner met it and the signer has not looked yet."""
        day_after = clocks.end_of(self.due_on)
        return day_after + CONFIRM_WITHIN if self.state == ConditionState.MET else day_after

    def is_overdue(self, now: datetime.datetime) -> bool:
        return self.state != ConditionState.CONFIRMED and self.ends_at <= now


class StandInQuerySet(ScopedQuerySet):
    def visible_to(self, user: Any) -> Any:
        """One's own, on either side; those who oversee roles or read everything see all. A token that is limited to systems sees those of its systems."""
        from raiportal.accounts import roles

        held = roles.of(user)
        if held.organisation & SEES_STAND_INS and held.narrowed_to is None:
            return self
        own = self.filter(Q(person=user) | Q(for_person=user))
        return own if held.narrowed_to is None else own.filter(scope__in=held.narrowed_to)

    def in_force(self, now: datetime.datetime) -> StandInQuerySet:
        return self.filter(from_at__lte=now, until_at__gt=now, ended_at=None, for_person__is_active=True)


class StandIn(models.Model):
    """`person` may sign in the roles of `for_person` between two moments, for a system or (scope null) wherever that person holds them."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    for_person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+", null=True)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    reason = models.CharField(max_length=2_000)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    objects = StandInQuerySet.as_manager()

    class Meta:
        db_table = "stand_in"
        constraints = [
            models.CheckConstraint(name="stand_in_is_somebody_else", condition=~Q(person=F("for_person"))),
            models.CheckConstraint(name="stand_in_is_dated", condition=Q(until_at__gt=F("from_at"))),
            models.CheckConstraint(name="stand_in_is_not_self_made", condition=~Q(person=F("created_by"))),
            models.CheckConstraint(name="stand_in_has_reason", condition=Q(reason__regex=r"\S")),
        ]
        indexes = [models.Index(fields=["person", "until_at"], name="stand_in_person")]

    def __str__(self) -> str:
        return f"{self.person} for {self.for_person}"

    @property
    def last_on(self) -> datetime.date:
        """The last day, in UTC, of which some is theirs."""
        return (self.until_at.astimezone(datetime.UTC) - datetime.timedelta(microseconds=1)).date()

    def time_at(self, now: datetime.datetime) -> str:
        """ "now" while it is in force, "later" or "over"."""
        if self.ended_at is not None or self.until_at <= now:
            return "over"
        return "now" if self.from_at <= now else "later"
