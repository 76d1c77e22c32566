"""The installation's keys by fingerprint: a backup names those that it takes, and never holds one."""

from __future__ import annotations

import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from raiportal.integrity.secrets import encrypted_places

FINGERPRINT_LENGTH = 16  # hexadecimal digits


def fingerprint(key: str) -> str:
    """Which key it is, without telling it: keys are random, so the digest gives nothing away."""
    return hashlib.sha256(f"raiportal key\n{key}".encode()).hexdigest()[:FINGERPRINT_LENGTH]


def known() -> set[str]:
    """Fingerprints of this installation's field keys."""
    return {fingerprint(key) for key in settings.FIELD_KEYS}


def in_use() -> list[str]:
    """Fingerprints of the field keys that open at least one stored value. A value that none opens is for `check_invariants` to tell."""
    ciphers = {fingerprint(key): Fernet(key) for key in settings.FIELD_KEYS}
    used = {opener for place in encrypted_places() for _, token in place.values() if (opener := _opener(ciphers, token))}
    return sorted(used)


def _opener(ciphers: dict[str, Fernet], token: str) -> str | None:
    for name, cipher in ciphers.items():
        try:
            cipher.decrypt(token.encode())
        except InvalidToken:
            continue
        return name
    return None
