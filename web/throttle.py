"""How often one address may try to sign in: so many failures within a time, then it has to wait."""

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

MOST = 30
"""Failures from one address within `WITHIN`: a whole office may sit behind it."""
WITHIN = timedelta(minutes=5)
ADDRESSES = 10_000
"""How many addresses are remembered."""


class Throttle:
    """Kept in the process: what guards accounts for good is their own lock-out."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._failures: dict[str, deque[datetime]] = {}
        self._lock = threading.Lock()

    def closed(self, address: str) -> bool:
        """Whether the address has to wait."""
        with self._lock:
            return len(self._recent(address)) >= MOST

    def failed(self, address: str) -> None:
        with self._lock:
            recent = self._recent(address)
            recent.append(self._now())
            self._failures[address] = recent
            while len(self._failures) > ADDRESSES:
                self._failures.pop(next(iter(self._failures)))

    def _recent(self, address: str) -> deque[datetime]:
        found = self._failures.get(address, deque())
        while found and found[0] < self._now() - WITHIN:
            found.popleft()
        return found
