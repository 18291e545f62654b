"""The floor's figures: counted once for all who look after the same, and kept for ten seconds.

Theory of operation. Counting everything that is open takes long on a large floor. Whoever asks while it is being
counted for the first time waits for that count. Where counting takes long it is begun anew before the figures are
too old, beside those who ask, so that nobody waits for it again while the floor is looked at. Loads are counted for
all supervisors together; what is late, for each set of queues that somebody looks after.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from bootstrap import Caseway
from engine.runtime.database import Connection
from engine.runtime.errors import StoreError
from engine.runtime.tables import micros
from reports.forecast.keep import Likely, likely
from sla.reports import Listed
from web.lists import SHORT
from workbench import late

log = logging.getLogger(__name__)

FRESH = timedelta(seconds=10)
"""How old the figures may be."""
SLOW = 0.05
"""Seconds from which on counting is done beside those who ask."""
RISK = timedelta(hours=24)
SHOWN = 25
"""Late and endangered clocks on the floor's page."""
FLOORS = 256
"""Sets of queues of which figures are kept."""

_BY_QUEUE = """SELECT queue, count(*), sum(CASE WHEN holder = '' THEN 1 ELSE 0 END),
    sum(CASE WHEN due < ? THEN 1 ELSE 0 END), sum(CASE WHEN due >= ? AND due < ? THEN 1 ELSE 0 END), min(opened_at)
    FROM tasks WHERE closed_at IS NULL GROUP BY queue"""
_BY_PERSON = """SELECT CASE WHEN holder <> '' THEN holder ELSE assignee END AS person, count(*),
    sum(CASE WHEN holder = '' THEN 1 ELSE 0 END),
    sum(CASE WHEN due < ? THEN 1 ELSE 0 END), sum(CASE WHEN due >= ? AND due < ? THEN 1 ELSE 0 END), min(opened_at)
    FROM tasks WHERE closed_at IS NULL AND (holder <> '' OR assignee <> '') GROUP BY person"""
_INCIDENTS = "SELECT count(*) FROM (SELECT 1 FROM incidents LIMIT ?) AS counted"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Figures:
    """What is open: by queue and by person, (how many, of which nobody has taken, late, soon late, since when)."""

    at: datetime
    queues: dict[str, tuple[Any, ...]]
    people: dict[str, tuple[Any, ...]]
    incidents: int


@dataclass(frozen=True, slots=True)
class Pressing:
    """What is late on a floor, and soon will be. The counts go no further than `workbench.late.MOST` and one."""

    at: datetime
    late: int
    unexplained: int  # of which nobody has said why
    breaches: list[Listed]  # the first of them
    at_risk: list[Listed]
    likely: list[Listed]  # the likeliest of all that are not late
    chances: dict[tuple[str, int], Likely]  # of those at risk or likely, by case and run


class Kept(Generic[T]):
    """Keeps what was counted last."""

    def __init__(self, count: Callable[[Connection, datetime], T]) -> None:
        self._of = count
        self._lock = threading.Lock()
        self._kept: tuple[datetime, T] | None = None
        self._took = 0.0  # seconds to count

    def get(self, caseway: Caseway, now: datetime) -> T:
        """What is at most `FRESH` old."""
        kept = self._kept
        if kept is None or not timedelta(0) <= now - kept[0] <= FRESH:
            with self._lock:
                kept = self._kept
                if kept is None or not timedelta(0) <= now - kept[0] <= FRESH:
                    kept = self._count(caseway.connection, now)
        elif now - kept[0] > FRESH / 2 and self._took > SLOW and self._lock.acquire(blocking=False):
            threading.Thread(target=self._count_ahead, args=(caseway,), name="rollup", daemon=True).start()
        return kept[1]

    def forget(self) -> None:
        """Has it counted again: somebody wants to see what they have just done."""
        with self._lock:
            self._kept = None

    def _count(self, connection: Connection, now: datetime) -> tuple[datetime, T]:
        begun = time.monotonic()
        self._kept = found = (now, self._of(connection, now))
        self._took = time.monotonic() - begun
        return found

    def _count_ahead(self, caseway: Caseway) -> None:
        """With the lock that the asker has taken for it."""
        try:
            connection = caseway.database.connect()
            try:
                self._count(connection, caseway.clock.now())
            finally:
                connection.close()
        except StoreError as error:
            log.error("the floor cannot be counted: %s", error)
        finally:
            self._lock.release()


class Rollup:
    """The figures of all floors; one per process."""

    def __init__(self) -> None:
        self._figures = Kept(_figures)
        self._floors: dict[frozenset[str], Kept[Pressing]] = {}

    def figures(self, caseway: Caseway, now: datetime) -> Figures:
        return self._figures.get(caseway, now)

    def pressing(self, caseway: Caseway, now: datetime, queues: frozenset[str]) -> Pressing:
        """What presses on the floor of who looks after these queues."""
        if queues not in self._floors and len(self._floors) >= FLOORS:
            self._floors = {}
        kept = self._floors.setdefault(queues, Kept(lambda connection, at: _pressing(connection, at, queues)))
        return kept.get(caseway, now)

    def forget(self) -> None:
        """Has all counted again."""
        self._figures.forget()
        self._floors = {}


def _figures(connection: Connection, now: datetime) -> Figures:
    at = micros(now)
    bounds = (at, at, micros(now + SHORT))
    return Figures(
        now,
        {row[0]: tuple(row[1:]) for row in connection.all(_BY_QUEUE, bounds)},
        {row[0]: tuple(row[1:]) for row in connection.all(_BY_PERSON, bounds)},
        int(connection.one(_INCIDENTS, (late.MOST + 1,))[0]),
    )


def _pressing(connection: Connection, now: datetime, queues: frozenset[str]) -> Pressing:
    number, unexplained = late.count(connection, now, queues)
    soon = late.soon(connection, now, RISK, queues, SHOWN)
    first = [row for _, row in late.likely(connection, now, queues, limit=SHOWN)]
    return Pressing(
        now, number, unexplained, late.late(connection, now, queues, limit=SHOWN), soon, first,
        likely(connection, {(row.case, row.id): None for row in (*soon, *first)}),
    )  # fmt: skip
