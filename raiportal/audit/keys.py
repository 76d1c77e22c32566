"""The keys that sign the ledger's segments: Ed25519, from RAIPORTAL_LEDGER_KEY. The first signs; the others are kept so that older seals verify."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from raiportal.audit.standalone.verify_ledger import key_id

SEED_BYTES = 32
PUBLIC = "public:"  # in front of a public key, where the private one was destroyed
HINT = 'Make one with: python -c "import base64, os; print(base64.b64encode(os.urandom(32)).decode())"'


@dataclass(frozen=True)
class Signer:
    """The key in use."""

    id: str
    public_key: bytes
    _private: Ed25519PrivateKey = field(repr=False)

    def sign(self, text: str) -> str:
        """The signature of the text in UTF-8, base64."""
        return base64.b64encode(self._private.sign(text.encode())).decode()


def signer() -> Signer:
    """The newest key. Raises ImproperlyConfigured, with what to do."""
    newest = settings.LEDGER_KEYS[0] if settings.LEDGER_KEYS else ""
    if not newest or newest.startswith(PUBLIC):
        raise ImproperlyConfigured(f"RAIPORTAL_LEDGER_KEY has no key to sign with. {HINT}")
    private = Ed25519PrivateKey.from_private_bytes(_decoded(newest))
    public = private.public_key().public_bytes_raw()
    return Signer(key_id(public), public, private)


def public_keys() -> Mapping[str, bytes]:
    """Every key by which seals are accepted, by its id, newest first."""
    found = [_public(text) for text in settings.LEDGER_KEYS]
    return {key_id(key): key for key in found}


def check_keys(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Django's system check: the keys can be read, and there is one to sign with."""
    try:
        if settings.LEDGER_KEYS or not settings.EMBEDDED:
            signer()
            public_keys()
    except ImproperlyConfigured as problem:
        return [Error(str(problem), id="audit.E001")]
    return []


def is_signed(public_key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _public(text: str) -> bytes:
    if text.startswith(PUBLIC):
        return _decoded(text.removeprefix(PUBLIC))
    return Ed25519PrivateKey.from_private_bytes(_decoded(text)).public_key().public_bytes_raw()


def _decoded(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != SEED_BYTES:
        raise ImproperlyConfigured(f"RAIPORTAL_LEDGER_KEY holds something that isn't a key of {SEED_BYTES} bytes in base64. {HINT}")
    return key
