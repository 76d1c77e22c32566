"""Signatures of webhooks after the Standard Webhooks specification 1.0 (standardwebhooks.com): HMAC-SHA256 over id, moment and body."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
SECRET_BYTES = 32  # the specification asks for 24 to 64
VERSION = "v1"


def new_secret() -> str:
    """A random secret as its receiver enters it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """What stands in `webhook-signature`. `timestamp` is in whole seconds since 1970. Raises ValueError for a secret that isn't base64."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("the secret isn't base64") from error
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"{VERSION},{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers that a message carries."""
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": signature(secret, message_id, timestamp, body)}
