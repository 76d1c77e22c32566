"""Whether a call may be started: a fresh confirmation of the grant, what the endpoint asked for, and rates a minute."""

from __future__ import annotations

from django.conf import settings

from measurements.engine.grants import Allowance
from measurements.engine.items import Item
from measurements.engine.rates import Bucket

CONFIRMED_SHARE = 0.6  # of a lease's life; without a renewal for so long no call is started


class Permit:
    """What one pump may do between two ticks. Times are monotonic seconds."""

    def __init__(self, now: float) -> None:
        self.slots = 0
        self.not_before = now  # the endpoint asked for it, here or of another pump
        self._confirmed_at = -float("inf")
        self._rated_from: float | None = None
        self._requests, self._tokens = Bucket(now), Bucket(now)

    def heed(self, allowance: Allowance, began: float) -> None:
        """Take over what a tick that began at `began` allowed."""
        self.slots, self._confirmed_at = allowance.slots, began
        self.not_before = max(self.not_before, began + allowance.resumes_in)
        self._requests.limit(allowance.requests_per_minute, began)
        self._tokens.limit(allowance.tokens_per_minute, began)
        is_rated = allowance.requests_per_minute is not None or allowance.tokens_per_minute is not None
        if self._rated_from is None or not is_rated:
            self._rated_from = began + (settings.ENGINE_TICK_SECONDS if is_rated else 0.0)  # by then the others have lowered theirs

    def withdraw(self) -> None:
        self.slots, self._confirmed_at = 0, -float("inf")

    def is_fresh(self, now: float) -> bool:
        """Whether the grant was confirmed so lately that no other pump can have its slots: a process that was frozen or cut off calls nobody."""
        return now < self.fresh_until

    @property
    def fresh_until(self) -> float:
        return self._confirmed_at + CONFIRMED_SHARE * float(settings.ENGINE_LEASE_SECONDS)

    def hold_off(self, until: float) -> None:
        """The endpoint asked not to be called before then."""
        self.not_before = max(self.not_before, until)

    def opens_at(self, item: Item, now: float) -> float:
        """When this item may be called; not after `now` if it may be called now."""
        delay = max(self._requests.seconds_until(1, now), self._tokens.seconds_until(item.tokens, now))
        return max(self.not_before, self._rated_from or now, now + delay)

    def use(self, item: Item, now: float) -> None:
        self._requests.take(1, now)
        self._tokens.take(item.tokens, now)

    def correct(self, item: Item, tokens: int) -> None:
        """Charge what the call really took."""
        self._tokens.correct(tokens - item.tokens)
