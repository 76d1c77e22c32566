"""Writing what is encrypted at rest anew under the newest of the installation's field keys, so that the older ones can go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import connection, transaction

from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.encrypted import cipher
from raiportal.integrity.keys import fingerprint
from raiportal.integrity.secrets import EncryptedPlace, encrypted_places

VALUES_AT_ONCE = 1_000


@dataclass(frozen=True)
class Rotated:
    """What became of the values of one place: so many were written anew, were under the newest key already, or open with no key and stay as they are."""

    what: str
    rewritten_count: int
    kept_count: int
    unreadable_count: int


@transaction.atomic
def rotate_field_keys() -> list[Rotated]:
    """Write every encrypted value that is under an older key anew under the newest, the first of RAIPORTAL_FIELD_KEYS; all of them, or none.

    A value that somebody changes meanwhile is left as they wrote it. Done again, it changes nothing and leaves no entry.
    """
    done = [_rotate(place) for place in encrypted_places()]
    if any(one.rewritten_count for one in done):
        itself = User.system()
        rewritten = {one.what: one.rewritten_count for one in done}
        unreadable = sum(one.unreadable_count for one in done)
        newest = fingerprint(settings.FIELD_KEYS[0])
        ledger.record("integrity.field_keys_rotated", subject=itself, actor=itself, key=newest, rewritten=rewritten, unreadable=unreadable)
    return done


def _rotate(place: EncryptedPlace) -> Rotated:
    rewritten = kept = unreadable = 0
    for batch in _batches(place.values()):
        fresh = [(pk, token, _renewed(token)) for pk, token in batch]
        unreadable += sum(new is None for _, _, new in fresh)
        kept += sum(new == token for _, token, new in fresh)
        rewritten += _write(place, [{"pk": pk, "old": token, "new": new} for pk, token, new in fresh if new not in {None, token}])
    return Rotated(place.what, rewritten, kept, unreadable)


def _renewed(token: str) -> str | None:
    """The token under the newest key: itself where it is already; None where no key opens it."""
    try:
        Fernet(settings.FIELD_KEYS[0]).decrypt(token.encode())
    except InvalidToken:
        try:
            return cipher().rotate(token.encode()).decode()
        except InvalidToken:
            return None
    return token


def _write(place: EncryptedPlace, changes: list[dict[str, Any]]) -> int:
    """Put the new tokens where the old ones still stand. Returns in how many rows."""
    statement = f"update {place.table} set {place.assignment} where {place.key} = %(pk)s and {place.expression} = %(old)s"  # noqa: S608  (names of our models)
    with connection.cursor() as cursor:
        written = 0
        for change in changes:
            cursor.execute(statement, change)
            written += cursor.rowcount
    return written


def _batches(values: Iterator[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    while batch := list(islice(values, VALUES_AT_ONCE)):
        yield batch
