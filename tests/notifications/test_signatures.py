"""Signatures are those of the Standard Webhooks specification."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raiportal.notifications import signatures

# The example of the specification's reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
MOMENT = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_signature_is_that_of_the_published_example() -> None:
    assert signatures.signature(SECRET, MESSAGE, MOMENT, BODY) == SIGNATURE
    assert signatures.signature(SECRET.removeprefix("whsec_"), MESSAGE, MOMENT, BODY) == SIGNATURE


def test_headers_carry_id_moment_and_signature() -> None:
    assert signatures.headers(SECRET, MESSAGE, MOMENT, BODY) == {
        "webhook-id": MESSAGE,
        "webhook-timestamp": str(MOMENT),
        "webhook-signature": SIGNATURE,
    }


@given(body=st.binary(max_size=200), moment=st.integers(0, 2**40))
def test_signature_covers_id_moment_and_body(body: bytes, moment: int) -> None:
    secret = signatures.new_secret()
    key = base64.b64decode(secret.removeprefix("whsec_"))

    said = signatures.signature(secret, MESSAGE, moment, body)

    wanted = hmac.new(key, b".".join([MESSAGE.encode(), str(moment).encode(), body]), hashlib.sha256).digest()
    assert said == f"v1,{base64.b64encode(wanted).decode()}"
    assert said != signatures.signature(secret, MESSAGE, moment + 1, body)
    assert said != signatures.signature(secret, "msg_other", moment, body)
    assert said != signatures.signature(secret, MESSAGE, moment, body + b" ")


def test_new_secrets_are_long_and_differ() -> None:
    made = {signatures.new_secret() for _ in range(20)}

    assert len(made) == 20
    assert all(secret.startswith("whsec_") and len(base64.b64decode(secret[6:])) == 32 for secret in made)


def test_secret_that_is_not_base64_is_refused() -> None:
    with pytest.raises(ValueError, match="base64"):
        signatures.signature("whsec_no base64!", MESSAGE, MOMENT, BODY)
