"""`Idempotency-Key`: the same request sent again has one effect and gets the first answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.db import connection, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from raiportal.accounts.models import User
from raiportal.api.models import IdempotentAnswer
from raiportal.errors import Conflict, Invalid

HEADER = "HTTP_IDEMPOTENCY_KEY"
LONGEST_KEY = 200


def once(request: Request, user: User, act: Callable[[], Response]) -> Response:
    """Do `act` once for the request's key; without a key just do it.

    Requests with one key wait for each other on the row, so that five at once have one effect. A refusal rolls the row back: it can be tried again.
    """
    key = request.META.get(HEADER, "")
    if not key:
        return act()
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise Invalid(f"Idempotency-Key is at most {LONGEST_KEY} printable characters.", field="Idempotency-Key")
    with transaction.atomic():
        row, mine = _claim(user, key, _fingerprint(request))
        if not mine:
            return Response(row.body, status=row.status or 200, headers={"Idempotent-Replay": "true"})
        response = act()
        row.status, row.body = response.status_code, _plain(response)
        row.save(update_fields=["status", "body"])
        return response


def _claim(user: User, key: str, fingerprint: str) -> tuple[IdempotentAnswer, bool]:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into api_idempotent_answer (user_id, key, fingerprint) values (%s, %s, %s) on conflict do nothing returning id", [user.pk, key, fingerprint]
        )
        mine = cursor.fetchone() is not None
    row = IdempotentAnswer.objects.get(user=user, key=key)
    if row.fingerprint != fingerprint:
        raise Conflict("This Idempotency-Key was used for another request. Take a new one.", code="idempotency_key_reused")
    return row, mine


def _fingerprint(request: Request) -> str:
    digest = hashlib.sha256(f"{request.method} {request.path.rstrip('/')}\n".encode())
    digest.update(request.META.get("raiportal.body_digest", "").encode())
    return digest.hexdigest()


def _plain(response: Response) -> object:
    import json

    from rest_framework.utils.encoders import JSONEncoder

    return json.loads(json.dumps(response.data, cls=JSONEncoder))
