"""Links that let somebody in carry their secret in the address; addresses are logged, the secret is not."""

from __future__ import annotations

import re
from typing import Any

SECRET_PART = re.compile(r"(/(?:account/(?:invitation|password/new)|rate)/)[^/\s\"'?]+")


def mask_links(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A processor of structlog: wherever a text names such an address, its secret part becomes an ellipsis."""
    return {name: SECRET_PART.sub(r"\1…", value) if isinstance(value, str) else value for name, value in event.items()}
