"""Text that is encrypted at rest: keys of model endpoints. Rotation: put the new key first, `manage.py rotate_field_keys`, drop the old one."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

from raiportal.errors import Unavailable


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def cipher() -> MultiFernet:
    return _cipher(tuple(settings.FIELD_KEYS))


class EncryptedField(models.TextField):  # type: ignore[type-arg]
    """A text column whose stored form is a Fernet token; the empty string stays empty. Can't be filtered on."""

    def get_prep_value(self, value: Any) -> Any:
        return cipher().encrypt(str(value).encode()).decode() if value else ""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str:
        if not value:
            return ""
        try:
            return cipher().decrypt(value.encode()).decode()
        except InvalidToken as error:
            raise Unavailable("A stored key can't be read with this installation's RAIPORTAL_FIELD_KEYS. Enter it again.") from error
