"""Business numbers: gapless, one series per template and year (DESIGN, section 10).

A number is taken in memory while a case is started, and written with it; a start that is refused takes none.
"""

from datetime import UTC, datetime
from typing import Any

from engine.core.env import Env
from engine.core.model import Process
from engine.runtime.database import Connection
from engine.runtime.statements import Statements
from engine.runtime.tables import metadata

_COUNTERS = metadata.tables["counters"]


class Numbers:
    """The numbers taken in one transaction."""

    __slots__ = ("_connection", "_lock", "_next", "_site", "_taken")

    def __init__(self, connection: Connection, site: str, lock: str) -> None:
        self._connection = connection
        self._site = site
        self._lock = lock
        self._next: dict[tuple[str, int], int] = {}  # as they will be written
        self._taken: list[tuple[str, int]] = []  # by the command that is being decided

    def begin(self) -> None:
        """A command begins: what the one before took is settled."""
        self._taken.clear()

    def discard(self) -> None:
        """The command was refused, or failed: gives back what it took."""
        for series in self._taken:
            self._next[series] -= 1
        self._taken.clear()

    def take(self, process: Process, case: str, env: Env) -> str:
        """The case's number; a process without a template goes by the case's id."""
        if not process.number:
            return case
        series = (process.number, _year(process, env))
        if series not in self._next:
            row = self._connection.one(f"SELECT next FROM counters WHERE series = ? AND year = ?{self._lock}", series)
            self._next[series] = row[0] if row else 1
        seq = self._next[series]
        self._next[series] = seq + 1
        self._taken.append(series)
        return process.number.format(year=series[1], seq=seq, site=self._site)

    def write(self, sql: str) -> None:
        if self._next:
            self._connection.bulk(sql, [(*series, after) for series, after in self._next.items()])


def statement(statements: Statements) -> str:
    return statements.upsert(_COUNTERS, ["series", "year", "next"], ["next"])


def _year(process: Process, env: Env) -> int:
    """The year of recording, in the zone of the process's calendar."""
    calendar: Any = env.calendars.get(process.calendar)
    zone = calendar.zone if calendar is not None else UTC
    now: datetime = env.now
    return now.astimezone(zone).year
