"""`docs/openapi.yaml`: the API's description as the portal serves it."""

from __future__ import annotations

import io

from django.core.management import call_command


def page() -> str:
    """Raises when the description is not valid OpenAPI, or when generating it warns."""
    written = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=written)
    return written.getvalue()
