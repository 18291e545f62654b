"""Time and the ids made from it. The only place that reads the wall clock.

Ids are UUIDs in 32 hex digits that begin with their millisecond, so that new rows land side by side in the
indexes. What a person or a program asks gets a random one (version 7); what the engine makes itself gets one
that follows from its cause (version 8), so that making it twice gives the same id.
"""

import hashlib
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from engine.runtime.tables import micros


def stamp() -> int:
    """Nanoseconds since 1970 by the machine's own clock: for what observes the program, never for what it decides."""
    return time.time_ns()


class Clock(Protocol):
    def now(self) -> datetime:
        """The moment, aware, UTC."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class VirtualClock:
    """A clock that stands still until it is moved; for tests, simulations and samples."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> datetime:
        return self.set(self._at + by)

    def set(self, at: datetime) -> datetime:
        """Moves to that moment. Raises ValueError for one before now: time does not run back."""
        if at < self._at:
            raise ValueError(f"expected a moment at or after {self._at.isoformat()}, not {at.isoformat()}")
        self._at = at.astimezone(UTC)
        return self._at


class _Order(threading.local):
    last = 0
    count = 0


_order = _Order()


def new_id(now: datetime) -> str:
    """A new random id (UUID version 7); those of one thread and millisecond are in order."""
    ms = micros(now) // 1000
    order = _order
    if ms == order.last:
        order.count = (order.count + 1) & 0xFFF
    else:
        order.last, order.count = ms, 0
    tail = int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    return f"{ms:012x}7{order.count:03x}{tail:016x}"


FRESH = "~"
"""What an id begins with that was made for one command and told to nobody: it cannot come again."""


def fresh_id(now: datetime) -> str:
    """A new random id for a command whose caller has given none, and so can never repeat it (R5)."""
    return FRESH + new_id(now)


def derived_id(at: datetime, index: int, *cause: str | int) -> str:
    """The id of what follows from a cause (UUID version 8): the same arguments give the same id.

    at: the moment of the cause; index: the order among what follows from one cause.
    """
    digest = hashlib.sha256("\0".join(map(str, cause)).encode() + index.to_bytes(8)).digest()
    tail = int.from_bytes(digest[:8]) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    return f"{micros(at) // 1000:012x}8{index & 0xFFF:03x}{tail:016x}"
