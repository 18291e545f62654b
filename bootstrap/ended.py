"""The ended cases of an installation, as the draw of a quality sample sees them (`tasks.quality.EndedCases`)."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from bootstrap.filed import zone_of
from bootstrap.machine import MACHINE
from engine.language.house import House
from engine.runtime.database import Database
from engine.runtime.tables import micros
from tasks.quality import Ended

PAGE = 1_000

_ENDED = f"""
    SELECT c.ended_at, c.id, coalesce(c.number, c.id), c."end",
           EXISTS (SELECT 1 FROM clocks k WHERE k.case_id = c.id AND k.breached = 1)
    FROM cases c
    WHERE c.process = ? AND c.key IS NOT NULL AND c.ended_at >= ? AND c.ended_at < ? AND (c.ended_at, c.id) > (?, ?)
    AND c."end" <> ''
    ORDER BY c.ended_at, c.id LIMIT {PAGE}
"""
_STATE = "SELECT state FROM cases WHERE id = ?"
_CALLED = "SELECT id FROM cases WHERE parent = ? ORDER BY id"


class EndedBook:
    """`EndedCases` on the database; worker functions call it from threads of their own. `house`: the one in force."""

    def __init__(self, database: Database, house: Callable[[], House]) -> None:
        self._database, self._house = database, house

    def ended(self, process: str, first: date, after: date) -> Iterator[Ended]:
        zone = zone_of(self._house())
        since, until = (micros(datetime.combine(day, time(), zone).astimezone(UTC)) for day in (first, after))
        at, last = since, ""
        connection = self._database.connect()
        try:
            while page := connection.all(_ENDED, (process, since, until, at, last)):
                for _, case, number, end, breached in page:
                    yield Ended(case, number, process, end, bool(breached))
                at, last = page[-1][:2]
        finally:
            connection.close()

    def people(self, case: str) -> list[str] | None:
        connection = self._database.connect()
        try:
            return _people(connection, case)
        finally:
            connection.close()


def _people(connection: Any, case: str) -> list[str] | None:
    """The owner, and who completed a task of the case or was acted for, in their order; then those of called cases."""
    state = MACHINE.decode(connection.one(_STATE, (case,))[0])
    if state.work.restricted:
        return None
    found = dict.fromkeys((state.work.owner,) if state.work.owner else ())
    for users in state.work.done_by.values():
        found.update(dict.fromkeys(users))
    for (called,) in connection.all(_CALLED, (case,)):
        of_called = _people(connection, called)
        if of_called is None:
            return None
        found.update(dict.fromkeys(of_called))
    return list(found)
