"""The lists behind the figures: single runs that were missed, or were given more time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.runtime.database import Connection
from engine.runtime.tables import micros, moment
from reports.ask import Scope, Wanted, among
from reports.periods import Period

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Missed:
    """A run that closed late, or unmet."""

    case: str
    id: int
    number: str
    process: str
    clock: str
    run: int
    clauses: tuple[str, ...]
    origin: str
    klass: str
    queue: str
    person: str
    deadline: datetime
    closed_at: datetime
    closed_by: str
    reason: str
    lost: tuple[str, ...]
    lost_time: str

    @property
    def late_by(self) -> timedelta:
        return self.closed_at - self.deadline


_COLUMNS = (
    "case_id, id, number, process, clock, run, clauses, origin, klass, queue, person, deadline, closed_at, closed_by, "
    "reason, lost, lost_time"
)
Place = tuple[int, str, int]
"""Where a list goes on: when the last one shown closed (microseconds), its case and run."""
FILTERS = ("clause", "origin", "person", "class", "clock", "reason", "lost", "version")
_BY = {"clause": "clauses LIKE ?", "lost": "lost = ?", "class": "klass = ?"}


def missed(
    connection: Connection,
    wanted: Wanted,
    judged: str,
    by: str = "",
    value: str = "",
    after: Place | None = None,
    limit: int = 50,
    zone: Any = None,
) -> list[Missed]:
    """Runs that closed `late` (or `unmet`) in the period, the latest first; those of one value of a dimension.

    zone: the house's, in which the period begins and ends."""
    where, given = wanted.where()
    if by in FILTERS:
        where += f" AND {_BY.get(by, f'{by} = ?')}"
        given.append(f"% {value} %" if by == "clause" else f" {value} " if by == "lost" and value else value)
    if by == "person":
        where, given = among(where, given, "person", wanted.scope.people)
    if after is not None:
        where, given = f"{where} AND (closed_at, case_id, id) < (?, ?, ?)", [*given, *after]
    sql = (
        f"SELECT {_COLUMNS} FROM report_missed WHERE judged = ? AND closed_at >= ? AND closed_at < ?{where} "
        "ORDER BY closed_at DESC, case_id DESC, id DESC LIMIT ?"
    )
    rows = connection.all(sql, (judged, *_ends(wanted.period, zone), *given, limit))
    return [_missed(row, wanted.scope) for row in rows]


def _missed(row: Any, scope: Scope) -> Missed:
    case, number_, number, process, clock, run, clauses, origin, klass, queue, person, deadline, closed = row[:13]
    by, reason, lost, lost_time = row[13:]
    return Missed(
        case=case, id=number_, number=number, process=process, clock=clock, run=run, clauses=tuple(clauses.split()),
        origin=origin, klass=klass, queue=queue,
        person=person if scope.people is None or person in scope.people else "",
        deadline=moment(deadline), closed_at=moment(closed), closed_by=by, reason=reason, lost=tuple(lost.split()),
        lost_time=lost_time,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class More:
    """More time that a run was given."""

    case: str
    id: int
    number: str
    process: str
    clock: str
    run: int
    clauses: tuple[str, ...]
    origin: str
    queue: str
    length: str
    most: str
    reason: str
    approver: str
    at: datetime
    before: datetime
    deadline: datetime


_MORE = (
    "case_id, id, number, process, clock, run, clauses, origin, queue, length, most, reason, approver, at, before, "
    "deadline"
)


def extensions(
    connection: Connection, wanted: Wanted, after: Place | None = None, limit: int = 50, zone: Any = None
) -> list[More]:
    """The extensions given in the period, the latest first. zone: as for `missed`."""
    where, given = wanted.where()
    if after is not None:
        where, given = f"{where} AND (at, case_id, id) < (?, ?, ?)", [*given, *after]
    sql = (
        f"SELECT {_MORE} FROM report_extended WHERE at >= ? AND at < ?{where} "
        "ORDER BY at DESC, case_id DESC, id DESC LIMIT ?"
    )
    return [_more(row) for row in connection.all(sql, (*_ends(wanted.period, zone), *given, limit))]


def _more(row: Any) -> More:
    case, id, number, process, clock, run, clauses, origin, queue, length, most, reason, approver = row[:13]
    at, before, deadline = map(moment, row[13:])
    return More(
        case, id, number, process, clock, run, tuple(clauses.split()), origin, queue, length, most, reason, approver,
        at, before, deadline,
    )  # fmt: skip


def _ends(period: Period, zone: Any) -> tuple[int, ...]:
    """When a period begins and ends, in the house's zone."""
    return tuple(
        micros(datetime(day.year, day.month, day.day, tzinfo=zone)) for day in (period.first, period.last + _DAY)
    )
