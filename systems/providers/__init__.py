"""The one door to model endpoints: nothing else in the portal imports `openai`.

`open_client` gives a client for one target, `test_call` makes one real call. The vendor's library costs most of a
second to import, so it is loaded by the first call of either, never when the web process starts.
"""

from __future__ import annotations

from systems.providers.protocol import (
    AZURE_API_VERSION,
    Call,
    CallError,
    Client,
    FailureReason,
    NotSent,
    Outcome,
    Provider,
    Reply,
    Retryable,
    RetryKind,
    Stop,
    StopCause,
    Target,
    TargetKind,
    TestResult,
)
from systems.providers.storable import restored, storable

__all__ = [
    "AZURE_API_VERSION",
    "Call",
    "CallError",
    "Client",
    "FailureReason",
    "NotSent",
    "Outcome",
    "Provider",
    "Reply",
    "RetryKind",
    "Retryable",
    "Stop",
    "StopCause",
    "Target",
    "TargetKind",
    "TestResult",
    "load",
    "open_client",
    "restored",
    "storable",
    "test_call",
]


def open_client(target: Target, api_key: str, max_connections: int) -> Client:
    """A client for `target` with at most `max_connections` connections; close it with `aclose()`.

    Makes no connection yet. Raises Invalid when the address or the key can't be used.
    """
    from systems.providers.openai_client import OpenAIClient

    return OpenAIClient(target, api_key, max_connections)


def load() -> None:
    """Import the vendor's library now, for whoever may not stand still between leave to call and the call."""
    import systems.providers.openai_client  # noqa: F401


def test_call(target: Target, api_key: str) -> TestResult:
    """Make one small real call, at most 15 seconds, and say how it went; never raises for what the endpoint does."""
    from systems.providers.connection_check import check_connection

    return check_connection(target, api_key)
