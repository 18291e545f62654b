"""The supervisor's floor: how much waits where, what is late and what soon will be, and who has what in hand.

Theory of operation. Counting everything that is open takes long on a large floor, so it is done for all
supervisors together and kept for ten seconds; whoever asks while it is being counted waits for that count. What
one supervisor sees is cut out of it by the queues and people that they look after. Every page says of when it is.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from bootstrap import Caseway
from engine.runtime.tables import micros, moment
from sla import reports
from tasks.queries import Listed
from tasks.tables import NO_DEADLINE
from web.desk import Desk
from web.lists import SHORT, Heat, TaskLine, clock_title, heat, lines
from web.problems import Problem
from web.roles import floor_people, floor_queues, sees_floor

FRESH = timedelta(seconds=10)
"""How old the figures may be."""
RISK = timedelta(hours=24)
SHOWN = 25
"""Late and endangered clocks on the page; tasks in a list."""

_BY_QUEUE = """SELECT queue, count(*), sum(CASE WHEN holder = '' THEN 1 ELSE 0 END),
    sum(CASE WHEN due < ? THEN 1 ELSE 0 END), sum(CASE WHEN due >= ? AND due < ? THEN 1 ELSE 0 END), min(opened_at)
    FROM tasks WHERE closed_at IS NULL GROUP BY queue"""
_BY_PERSON = """SELECT holder, count(*), 0, sum(CASE WHEN due < ? THEN 1 ELSE 0 END),
    sum(CASE WHEN due >= ? AND due < ? THEN 1 ELSE 0 END), min(claimed_at)
    FROM tasks WHERE closed_at IS NULL AND holder <> '' GROUP BY holder"""
_COLUMNS = "case_id, id, process, number, step, queue, assignee, holder, status, priority, due, opened_at, claimed_at"


class Load(BaseModel):
    """What waits in a queue, or lies with a person."""

    name: str
    title: str
    open: int
    waiting: int
    late: int
    soon: int
    oldest: datetime | None
    people: int = 0


class Pressed(BaseModel):
    """A clock that is late or soon will be."""

    number: str
    process: str
    clock: str
    title: str
    clauses: list[str]
    origin: str
    limit: str
    deadline: datetime
    heat: Heat


class Floor(BaseModel):
    """The floor as one supervisor sees it, as it was at `at`."""

    at: datetime
    queues: list[Load]
    people: list[Load]
    breaches: list[Pressed]
    at_risk: list[Pressed]

    @property
    def totals(self) -> dict[str, int]:
        return {
            "open": sum(load.open for load in self.queues),
            "waiting": sum(load.waiting for load in self.queues),
            "late": sum(load.late for load in self.queues),
            "soon": sum(load.soon for load in self.queues),
        }


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

    def figures(self, caseway: Caseway, now: datetime) -> Figures:
        """Figures that are at most `FRESH` old."""
        with self._lock:
            if self._kept is None or not timedelta(0) <= now - self._kept.at <= FRESH:
                self._kept = _count(caseway, now)
            return self._kept


def _count(caseway: Caseway, now: datetime) -> Figures:
    connection, at = caseway.connection, micros(now)
    bounds = (at, at, micros(now + SHORT))
    breaches = [row for row in reports.breaches(connection, now, limit=2_000) if row.closed_at is None]
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


def floor(desk: Desk, rollup: Rollup) -> Floor:
    """The floor of the supervisor. Raises Problem for somebody who is none."""
    if not sees_floor(desk):
        raise Problem(403, "floor", desk.say("floor.not_you"))
    figures, directory = rollup.figures(desk.caseway, desk.now), desk.caseway.directory
    queues, people = floor_queues(desk), floor_people(desk)

    def mine(row: reports.Listed) -> bool:
        """Clocks of cases that stand in none of somebody's queues (they wait outside) are everybody's."""
        standing = figures.standing.get(row.case)
        return not standing or bool(standing & queues)

    return Floor(
        at=figures.at,
        queues=[
            _load(name, desk.queue(name), figures.queues.get(name), len(directory.members(name)))
            for name in sorted(queues, key=desk.queue)
        ],
        people=[
            _load(name, desk.person(name), figures.people.get(name))
            for name in sorted(people, key=lambda name: (-figures.people.get(name, (0,))[0], desk.person(name)))
        ],
        breaches=[_pressed(desk, row) for row in figures.breaches if mine(row)][:SHOWN],
        at_risk=[_pressed(desk, row) for row in figures.at_risk if mine(row)][:SHOWN],
    )


def _load(name: str, title: str, row: tuple[Any, ...] | None, people: int = 0) -> Load:
    count, waiting, late, soon, oldest = row or (0, 0, 0, 0, None)
    return Load(
        name=name, title=title, open=count, waiting=waiting or 0, late=late or 0, soon=soon or 0,
        oldest=moment(oldest) if oldest is not None else None, people=people,
    )  # fmt: skip


def _pressed(desk: Desk, row: reports.Listed) -> Pressed:
    return Pressed(
        number=row.number, process=row.process, clock=row.clock, title=clock_title(desk, row.process, row.clock),
        clauses=list(row.clauses), origin=row.origin, limit=row.limit, deadline=row.deadline,
        heat=heat(desk.now, row.deadline, row.since),
    )  # fmt: skip


class Tasks(BaseModel):
    """A page of open tasks of a queue or a person, the earliest due first."""

    tasks: list[TaskLine]
    next: str | None


def tasks(desk: Desk, *, queue: str = "", person: str = "", after: str = "", limit: int = SHOWN) -> Tasks:
    """Drill down: the open tasks of one queue or one person. Raises Problem for one that is not theirs."""
    if not sees_floor(desk):
        raise Problem(403, "floor", desk.say("floor.not_you"))
    if (queue and queue not in floor_queues(desk)) or (person and person not in floor_people(desk)):
        raise Problem(403, "floor", desk.say("floor.not_you"))
    if not queue and not person:
        raise Problem(404, "unknown")
    column, value = ("queue", queue) if queue else ("holder", person)
    where, given = "", list[Any]()
    if after:
        where, given = " AND (due, case_id, id) > (?, ?, ?)", list(_place(after))
    sql = (
        f"SELECT {_COLUMNS} FROM tasks WHERE closed_at IS NULL AND {column} = ?{where} "
        "ORDER BY due, case_id, id LIMIT ?"
    )
    rows = desk.caseway.connection.all(sql, (value, *given, limit + 1))
    last = rows[limit - 1] if len(rows) > limit else None
    listed = [Listed._make([*row[:10], None if row[10] == NO_DEADLINE else row[10], *row[11:]]) for row in rows[:limit]]
    return Tasks(tasks=lines(desk, listed), next=f"{last[10]}.{last[0]}.{last[1]}" if last else None)


def _place(text: str) -> tuple[int, str, int]:
    due, _, rest = text.partition(".")
    case, _, task = rest.partition(".")
    if not due.isdecimal() or not task.isdecimal():
        raise Problem(400, "cursor", f"there is no such page: {text[:40]}")
    return int(due), case, int(task)
