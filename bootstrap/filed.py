"""The cases of an installation as the archive sees them: files that are destroyed when their time is over.

The day on which a case's time is over is kept nowhere: it follows from the day on which it ended and from what the
house in force says, so that a longer term of a new law holds for old cases, too. An index over the moment of the end
finds them.
"""

import heapq
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from engine.language.house import House
from engine.runtime import keys
from engine.runtime.clock import Clock
from engine.runtime.database import Database
from engine.runtime.destroyed import Destruction, note
from engine.runtime.errors import OnHold
from engine.runtime.tables import micros, moment
from engine.runtime.vault import Vault
from papers.store import Store
from tasks.archive import File, Held, StillOpen, years_later

PAGE = 200

_OF = "SELECT id, status, key, process, ended_at FROM cases WHERE number = ?"
_CASE = f"{_OF} UNION ALL SELECT id, status, key, process, ended_at FROM cases WHERE id = ? AND number IS NULL"
_CANCELLED = "SELECT 1 FROM cases WHERE number = ? AND status = 'ended' AND \"end\" = ''"
_HOLD = "SELECT 1 FROM holds WHERE case_id = ? LIMIT 1"
_NEXT = "SELECT min(process) FROM cases WHERE process > ?"
_DUE = f"""
    SELECT c.ended_at, c.id, coalesce(c.number, c.id) FROM cases c
    WHERE c.process = ? AND c.key IS NOT NULL AND c.ended_at < ? AND (c.ended_at, c.id) > (?, ?)
    AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.case_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM cases p WHERE p.id = c.parent AND p.status <> 'ended')
    AND NOT EXISTS (SELECT 1 FROM links l JOIN cases o ON o.id = l.other WHERE l.case_id = c.id AND o.status <> 'ended')
    ORDER BY c.ended_at, c.id LIMIT {PAGE}
"""


class Over(NamedTuple):
    """A case that the house keeps no longer: when it ended, in microseconds, its id, number and process, and the last
    day for which it was to be kept."""

    ended: int
    case: str
    number: str
    process: str
    keep_until: date


class FiledCases:
    """`tasks.archive.Cases` on the database; worker functions call it from threads of their own. `house`: the one in
    force; `record`: the list of what was destroyed."""

    def __init__(
        self, database: Database, files: Store, house: Callable[[], House], vault: Vault, record: Path, clock: Clock
    ) -> None:
        self._database, self._files, self._house = database, files, house
        self._vault, self._record, self._clock = vault, record, clock

    def held(self, number: str, on: date) -> bool:
        found = self._one(_CASE, number, number)
        if found is None or found[2] is None:
            return False
        case, status, _, process, ended = found
        return status != "ended" or self._kept(process, ended, on) or self._one(_HOLD, case) is not None

    def due(self, on: date) -> Iterator[File]:
        for one in self.over(on):
            yield File(one.number, f"{one.process} {one.number}", "other", "internal", "electronic", one.keep_until)

    def over(self, on: date, after: tuple[int, str] = (-1, "")) -> Iterator[Over]:
        """As `due`, what follows the case that ended at a moment and has that id."""
        connection = self._database.connect()
        try:
            names: list[str] = []
            while (name := connection.one(_NEXT, (names[-1] if names else "",))[0]) is not None:
                names.append(name)
            house = self._house()
            terms = ((name, years) for name in names if (years := house.years_kept(name)) is not None)
            yield from heapq.merge(*(_over(connection, *term, on, zone_of(house), after) for term in terms))
        finally:
            connection.close()

    @property
    def today(self) -> date:
        """The day that it is where the house is."""
        return self._clock.now().astimezone(zone_of(self._house())).date()

    def cancelled(self, number: str) -> bool:
        return self._one(_CANCELLED, number) is not None

    def destroy(self, number: str, on: date, by: str) -> bool:
        found = self._one(_CASE, number, number)
        if found is None:
            return False
        case, status, key, process, ended = found
        if key is not None:
            if status == "ended" and self._kept(process, ended, on):
                raise StillOpen(
                    f"{number} ended on {_day(ended, zone_of(self._house()))}; the house keeps it for longer"
                )
            try:
                done = keys.destroy(self._database, case, ended=True, note=lambda: self.note(case, number, by))
            except OnHold as error:
                raise Held(str(error)) from error
            if not done:
                raise StillOpen(f"{number} has not ended")
        self._files.forget(case)  # also if that was cut off the last time
        return True

    def note(self, case: str, number: str, by: str) -> None:
        """Puts a case on the list of what was destroyed. Raises StoreError."""
        note(self._record, self._vault, Destruction(case, number, self._clock.now(), by))

    def _kept(self, process: str, ended: int, on: date) -> bool:
        """Whether the house keeps a case of that end on that day; what no rule keeps goes by its file alone."""
        house = self._house()
        years = house.years_kept(process)
        return years is not None and years_later(_day(ended, zone_of(house)), years) >= on

    def _one(self, statement: str, *values: str) -> Any:
        connection = self._database.connect()
        try:
            return connection.one(statement, values)
        finally:
            connection.close()


FIRST = 1970
"""No case ended before this year: there are no moments from before."""


def _over(
    connection: Any, process: str, years: int, on: date, zone: ZoneInfo, after: tuple[int, str]
) -> Iterator[Over]:
    """The cases of a process that ended more than so many years before a day."""
    if on.year - years < FIRST:
        return
    before = micros(datetime.combine(years_later(on, -years), time(), zone).astimezone(UTC))
    at, last = after
    while True:
        page = connection.all(_DUE, (process, before, at, last))
        for ended, case, number in page:
            yield Over(ended, case, number, process, years_later(_day(ended, zone), years))
        if len(page) < PAGE:
            return
        at, last, _ = page[-1]


def _day(ended: int, zone: ZoneInfo) -> date:
    return moment(ended).astimezone(zone).date()


def zone_of(house: House) -> ZoneInfo:
    """The zone of the house's first calendar: where its days begin."""
    return ZoneInfo(next((calendar.zone for calendar in house.calendars.values()), "UTC"))
