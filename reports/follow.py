"""Which cases have new rows of history since a mark, some at a time.

Theory of operation. On SQLite rows of history get rising numbers (rowid), as there is one writer at a time. The mark is
the number of the last row that was seen, with the case and seq of that row: after the file was written anew (VACUUM, a
restored backup) the number is another row's, and all is followed from the beginning. On PostgreSQL rows of several
writers become visible out of their order; there the mark is a moment, an index of ranges (BRIN) finds what came since,
and the last minute is always looked at again. Following what was seen already does no harm: `reports.collect` knows of
each case what it has counted.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from engine.runtime.database import Connection
from engine.runtime.tables import micros

BEGINNING = ""
"""The mark before all history."""
AGAIN = timedelta(minutes=1)
"""For how long a writer may take from the moment that a command is given until its row can be seen, clocks that differ
included."""
_HOUR = timedelta(hours=1)


class Found(NamedTuple):
    """Cases with the number of their newest row that was found; the next mark; whether there is more by now."""

    cases: dict[str, int]
    mark: str
    more: bool


def _by_rowid(connection: Connection, mark: str, now: datetime, limit: int) -> Found:
    number, case, seq = mark.split(" ") if mark else ("0", "", "0")
    if mark:
        row = connection.one("SELECT case_id, seq FROM history WHERE rowid = ?", (int(number),))
        if row is None or (row[0], row[1]) != (case, int(seq)):
            number = "0"
    sql = "SELECT rowid, case_id, seq FROM history WHERE rowid > ? ORDER BY rowid LIMIT ?"
    rows = connection.all(sql, (int(number), limit))
    last = f"{rows[-1][0]} {rows[-1][1]} {rows[-1][2]}" if rows else mark
    return Found({row[1]: row[2] for row in rows}, last, len(rows) == limit)


def _by_moment(connection: Connection, mark: str, now: datetime, limit: int) -> Found:
    """An hour at a time, or the next hour in which there is anything."""
    since = int(mark) if mark else 0
    first = connection.one("SELECT min(at) FROM history WHERE at >= ?", (since,))[0]
    if first is None:
        return Found({}, mark, False)
    until = first + micros_of(_HOUR)
    rows = connection.all(
        "SELECT case_id, max(seq) FROM history WHERE at >= ? AND at < ? GROUP BY case_id", (first, until)
    )
    settled = micros(now - AGAIN)
    return Found({row[0]: row[1] for row in rows}, str(max(since, min(until, settled))), until <= settled)


def micros_of(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


FOLLOW: dict[str, Callable[[Connection, str, datetime, int], Found]] = {
    "sqlite": _by_rowid,
    "postgresql": _by_moment,
}
"""By the database's dialect: (connection, mark, now, rows at most) -> what was found."""
