"""The floor's figures: counted for all supervisors together, and kept for ten seconds.

Theory of operation. Counting everything that is open takes long on a large floor. Whoever asks while it is being
counted for the first time waits for that count. Where counting takes long it is begun anew before the figures are
too old, beside those who ask, so that nobody waits for it again while the floor is looked at.
"""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bootstrap import Caseway
from engine.runtime.database import Connection
from engine.runtime.errors import StoreError
from engine.runtime.tables import micros
from sla import reports
from web.lists import SHORT

log = logging.getLogger(__name__)

FRESH = timedelta(seconds=10)
"""How old the figures may be."""
SLOW = 0.05
"""Seconds from which on counting is done beside those who ask."""
RISK = timedelta(hours=24)
MOST = 2_000
"""Late clocks that are looked at."""

_BY_QUEUE = """SELECT queue, count(*), sum(CASE WHEN holder = '' THEN 1 ELSE 0 END),
    sum(CASE WHEN due < ? THEN 1 ELSE 0 END), sum(CASE WHEN due >= ? AND due < ? THEN 1 ELSE 0 END), min(opened_at)
    FROM tasks WHERE closed_at IS NULL GROUP BY queue"""
_BY_PERSON = """SELECT holder, count(*), 0, sum(CASE WHEN due < ? THEN 1 ELSE 0 END),
    sum(CASE WHEN due >= ? AND due < ? THEN 1 ELSE 0 END), min(claimed_at)
    FROM tasks WHERE closed_at IS NULL AND holder <> '' GROUP BY holder"""


@dataclass(frozen=True, slots=True)
class Figures:
    at: datetime
    queues: dict[str, tuple[Any, ...]]
    people: dict[str, tuple[Any, ...]]
    breaches: list[reports.Listed]
    at_risk: list[reports.Listed]
    standing: dict[str, set[str]]  # case -> queues in which it stands, of the clocks above


class Rollup:
    """Keeps the last figures; one per process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: Figures | None = None
        self._took = 0.0  # seconds to count them
        self._ahead: threading.Thread | None = None

    def figures(self, caseway: Caseway, now: datetime) -> Figures:
        """Figures that are at most `FRESH` old."""
        kept = self._kept
        age = FRESH * 2 if kept is None else now - kept.at
        if kept is None or not timedelta(0) <= age <= FRESH:
            with self._lock:
                kept = self._kept
                if kept is None or not timedelta(0) <= now - kept.at <= FRESH:
                    kept = self._count(caseway.connection, now)
        elif age > FRESH / 2 and self._took > SLOW and self._lock.acquire(blocking=False):
            self._ahead = threading.Thread(target=self._count_ahead, args=(caseway,), name="rollup", daemon=True)
            self._ahead.start()
        return kept

    def forget(self) -> None:
        """Has it counted again: somebody wants to see what they have just done."""
        with self._lock:
            self._kept = None

    def _count(self, connection: Connection, now: datetime) -> Figures:
        begun = time.monotonic()
        self._kept = found = _count(connection, now)
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


def _count(connection: Connection, now: datetime) -> Figures:
    at = micros(now)
    bounds = (at, at, micros(now + SHORT))
    breaches = reports.open_breaches(connection, now, limit=MOST)
    risk = reports.at_risk(connection, now, RISK, limit=500)
    cases = list({row.case for row in (*breaches, *risk)})
    standing: dict[str, set[str]] = {}
    for start in range(0, len(cases), 500):
        some = cases[start : start + 500]
        marks = ", ".join("?" * len(some))
        sql = f"SELECT case_id, queue FROM tasks WHERE closed_at IS NULL AND case_id IN ({marks})"
        for case, queue in connection.all(sql, some):
            standing.setdefault(case, set()).add(queue)
    return Figures(
        now,
        {row[0]: tuple(row[1:]) for row in connection.all(_BY_QUEUE, bounds)},
        {row[0]: tuple(row[1:]) for row in connection.all(_BY_PERSON, bounds)},
        breaches, risk, standing,
    )  # fmt: skip
