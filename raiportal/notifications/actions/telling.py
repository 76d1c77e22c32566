"""Telling people: written with the change, in its transaction; sent once it is committed."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import models, transaction

from raiportal import queue
from raiportal.accounts.enums import UserKind
from raiportal.accounts.models import Scope, User
from raiportal.audit.ledger import scope_of
from raiportal.audit.subjects import subject_kinds
from raiportal.notifications.enums import Channel
from raiportal.notifications.kinds import notification_kinds
from raiportal.notifications.models import Delivery, Event, Notification, Webhook

DELIVER = "raiportal.notifications.tasks.deliver"
TITLE_CHARACTERS = 200


@transaction.atomic
def notify(
    kind: str,
    *,
    recipients: Iterable[User | int],
    subject: models.Model | None,
    title: str,
    url: str,
    key: str,
    actor: User,
    body: str = "",
    scope: Scope | int | None = None,
    always: bool = False,
) -> list[Notification]:
    """Tell each of `recipients` of one event, in the portal and by mail, and every webhook that wants it. Returns the notifications made now.

    `kind` is a registered slug; `key` names the event within it: a second call adds only recipients who were not told yet, and otherwise does nothing.
    `url` is a page of the portal ("/..."). Title and link leave the portal, `body` does not; none of them may hold prompts, answers or secrets.
    The actor, people who are not active, and (unless `always`) those who may not see `subject` are told nothing. `scope` is the subject's unless given.
    """
    told = notification_kinds[kind]
    scope_id = scope.pk if isinstance(scope, Scope) else scope if scope is not None else scope_of(subject) if subject is not None else None
    about = {"subject_kind": subject._meta.label_lower, "subject_id": subject.pk} if subject is not None else {}
    words = {"title": " ".join(title.split())[:TITLE_CHARACTERS], "body": body, "url": _within(url), "is_always": always, "actor": actor, "scope_id": scope_id}
    event, is_new = Event.objects.get_or_create(kind=told.slug, key=key, defaults={**about, **words})
    if not is_new:
        Event.objects.select_for_update(of=("self",), no_key=True).get(pk=event.pk)  # two who tell further people at once tell each of them once
    made = _tell(event, _who(recipients, subject, actor, always=always))
    if is_new:
        hooks = [webhook for webhook in Webhook.objects.active().defer("secret").order_by("pk") if webhook.wants(told.slug, scope_id)]
        Delivery.objects.bulk_create([Delivery(event=event, channel=Channel.WEBHOOK, webhook=webhook) for webhook in hooks])
    if is_new or made:
        queue.on_commit(DELIVER)
    return made


def _tell(event: Event, people: list[User]) -> list[Notification]:
    """A notification for each who has none of this event yet, and a mail for those with an address."""
    known = set(Notification.objects.filter(event=event).values_list("recipient_id", flat=True))
    rows = [Notification(event=event, recipient=person, kind=event.kind) for person in people if person.pk not in known]
    made = Notification.objects.bulk_create(rows)
    by_mail = [row for row in made if row.recipient.email and row.recipient.kind == UserKind.PERSON]
    Delivery.objects.bulk_create([Delivery(event=event, channel=Channel.EMAIL, notification=row) for row in by_mail])
    return made


def _who(recipients: Iterable[User | int], subject: models.Model | None, actor: User, *, always: bool) -> list[User]:
    """Those who are told, in the order of their ids. They are read anew: roles that a caller's object remembers may be old."""
    named = {person.pk if isinstance(person, User) else person for person in recipients} - {actor.pk}
    people = User.objects.filter(pk__in=named, is_active=True).exclude(kind=UserKind.SYSTEM).order_by("pk")
    if subject is None or always:
        return list(people)
    find = subject_kinds[subject._meta.label_lower].find
    return [person for person in people if find(subject.pk, person) is not None]


def _within(url: str) -> str:
    """An address of this portal without its host, so that a notification leads nowhere else."""
    path = url.removeprefix(settings.PUBLIC_URL)
    if not path.startswith("/") or path.startswith("//"):
        raise ValueError("a notification leads to a page of the portal")
    return path
