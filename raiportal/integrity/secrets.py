"""INV-29: no secret of this installation stands readable in any text column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import connection, models

from raiportal.accounts import factors
from raiportal.audit.keys import PUBLIC
from raiportal.encrypted import EncryptedField, cipher
from raiportal.errors import Unavailable
from raiportal.integrity.invariants import rows_of

SHORTEST_SECRET = 8  # characters; shorter ones stand in ordinary text by chance
TEXT_TYPES = ("text", "character varying", "json", "jsonb", "character")
_COLUMNS = """
select c.table_name, c.column_name from information_schema.columns c
join information_schema.tables t using (table_schema, table_name)
where c.table_schema = current_schema() and t.table_type = 'BASE TABLE' and c.data_type = any(%(types)s::text[]) and c.is_generated = 'NEVER'
order by 1, c.ordinal_position
"""


@dataclass(frozen=True)
class EncryptedPlace:
    """Where encrypted values are stored: `what` in words, the rest as SQL. `expression` reads the token, `assignment` puts %(new)s in its place."""

    what: str
    table: str
    key: str
    expression: str
    assignment: str

    def values(self) -> Iterator[tuple[int, str]]:
        """Each row's key and token as it is stored, fetched as they are needed."""
        yield from rows_of(f"select {self.key}, {self.expression} from {self.table} where {self.expression} <> '' order by 1")  # noqa: S608  (our own names)


def readable_secrets() -> Iterator[str]:
    """Columns in which a stored key of a deployment, or one of the installation's own keys, can be read."""
    secrets = sorted(_known_secrets())
    if not secrets:
        return
    pattern = "|".join(_escaped(secret) for secret in secrets)
    for table, columns in _text_columns().items():
        shown = ", ".join(f"count(*) filter (where {connection.ops.quote_name(column)}::text ~ %(secrets)s)" for column in columns)
        for counts in rows_of(f"select {shown} from {connection.ops.quote_name(table)}", {"secrets": pattern}):  # noqa: S608  (names from the catalogue)
            for column, count in zip(columns, counts, strict=True):
                if count:
                    yield f"A secret can be read in {table}.{column}, in {count} row{'' if count == 1 else 's'}."


def unreadable_values() -> Iterator[str]:
    """Encrypted values that none of this installation's keys opens."""
    for model, field in encrypted_columns():
        for pk in model._base_manager.exclude(**{field: ""}).order_by("pk").values_list("pk", flat=True).iterator():
            try:
                model._base_manager.only(field).get(pk=pk)
            except Unavailable:
                yield f"{model._meta.label} {pk}: its {field.replace('_', ' ')} can't be read with RAIPORTAL_FIELD_KEYS."
    for pk, token in factors.stored_secrets():
        try:
            cipher().decrypt(token.encode())
        except InvalidToken:
            yield f"Second factor {pk} can't be read with RAIPORTAL_FIELD_KEYS."


def encrypted_columns() -> Iterator[tuple[type[models.Model], str]]:
    """Every model and field that is encrypted at rest."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedField):
                yield model, field.name


def encrypted_places() -> Iterator[EncryptedPlace]:
    """Every encrypted column, and what is encrypted of second factors."""
    quote = connection.ops.quote_name
    for model, field in encrypted_columns():
        column, key = quote(str(model._meta.get_field(field).column)), quote(str(model._meta.pk.column))  # type: ignore[union-attr]
        yield EncryptedPlace(f"{model._meta.label} {field}", quote(model._meta.db_table), key, column, f"{column} = %(new)s")
    for name in factors.ENCRYPTED:
        assignment = f"data = jsonb_set(data, '{{{name}}}', to_jsonb(%(new)s::text))"
        yield EncryptedPlace(f"second factors {name}", quote(Authenticator._meta.db_table), "id", f"data ->> '{name}'", assignment)


def _known_secrets() -> set[str]:
    stored = {value for model, field in encrypted_columns() for value in _plain_values(model, field)}
    signing = {key for key in settings.LEDGER_KEYS if not key.startswith(PUBLIC)}
    own = {settings.SECRET_KEY, *settings.FIELD_KEYS, *signing, settings.OIDC_CLIENT_SECRET}
    return {secret for secret in stored | own if len(secret) >= SHORTEST_SECRET}


def _plain_values(model: type[models.Model], field: str) -> Iterator[str]:
    for pk in model._base_manager.exclude(**{field: ""}).order_by("pk").values_list("pk", flat=True):
        try:
            yield getattr(model._base_manager.only(field).get(pk=pk), field)
        except Unavailable:
            continue  # told by `unreadable_values`


def _text_columns() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in list(rows_of(_COLUMNS, {"types": list(TEXT_TYPES)})):
        found.setdefault(table, []).append(column)
    return found


def _escaped(secret: str) -> str:
    """The secret as a pattern of PostgreSQL."""
    return "".join(character if character.isalnum() else f"\\u{ord(character):04x}" for character in secret)
