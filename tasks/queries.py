"""Lists of tasks, one query each, the same text on SQLite and PostgreSQL.

Theory of operation. Each list is read along an index in the order of service: priority, then deadline, then
case. A page begins after the last row of the page before (key-set paging), so that the thousandth page costs
what the first does. Priority runs down and the rest up, which no single comparison of rows says; so a page is
the rest of that priority followed by the lower ones. Several queues are each read along the index as far as
the page may need, then merged: one query over them all would sort everything that is open.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.runtime.database import Connection
from tasks.lifecycle import CLAIMED, OPEN, PARKED, REVIEW, STARTED
from tasks.model import NAME
from tasks.tables import GIVEN, HELD, NO_DEADLINE, OFFERED

MOST = 1_000
"""Rows in a page at most."""


class Listed(NamedTuple):
    """A task as lists show it. Moments are microseconds since 1970 UTC."""

    case: str
    task: int
    process: str
    number: str
    step: str
    queue: str
    assignee: str
    holder: str
    status: str
    priority: int
    due: int | None
    opened_at: int
    claimed_at: int | None

    @property
    def after(self) -> "After":
        """Where the page after this row begins."""
        return After(self.priority, NO_DEADLINE if self.due is None else self.due, self.case, self.task)


class After(NamedTuple):
    """A place in the order of service."""

    priority: int
    due: int
    case: str
    task: int


COLUMNS = "case_id, id, process, number, step, queue, assignee, holder, status, priority, due, opened_at, claimed_at"
FREE_FOR = f"{GIVEN} AND status = '{OPEN}'"
TAKEN = f"'{CLAIMED}', '{STARTED}', '{PARKED}', '{REVIEW}'"
"""States in which who stands in may take a task over (`tasks.lifecycle`)."""
_ORDER = "ORDER BY priority DESC, due, case_id, id LIMIT ?"


def queue(connection: Connection, name: str, after: After | None = None, limit: int = 100) -> list[Listed]:
    """What a queue offers to anyone who serves it, in the order of service."""
    return queues(connection, (name,), after, limit)


def queues(connection: Connection, names: Sequence[str], after: After | None = None, limit: int = 100) -> list[Listed]:
    """What several queues offer, merged in the order of service."""
    parts = [_part(OFFERED, "queue", name, after, limit) for name in dict.fromkeys(names)]
    return _read(connection, parts, limit)


def my_work(connection: Connection, user: str, after: After | None = None, limit: int = 100) -> list[Listed]:
    """What the user holds, what is meant for them, and what they were asked to look at, in the order of service."""
    parts = [_part(HELD, "holder", user, after, limit), _part(GIVEN, "assignee", user, after, limit)]
    return _read(connection, parts, limit)


def held_or_meant(connection: Connection, user: str, processes: Sequence[str] = (), limit: int = 100) -> list[Listed]:
    """What the user holds and is meant to do, of these processes, none for all; in the order of service."""
    only = f" AND process IN ({', '.join('?' * len(processes))})" if processes else ""
    parts = []
    for condition, column in ((HELD, "holder"), (FREE_FOR, "assignee")):
        sql = f"SELECT {COLUMNS} FROM tasks WHERE {condition} AND {column} = ?{only} {_ORDER}"
        parts.append((f"SELECT * FROM ({sql}) AS part", [user, *processes, limit]))
    return _read(connection, parts, limit)


def stood_in(connection: Connection, absent: Sequence[tuple[str, Sequence[str]]], limit: int = 100) -> list[Listed]:
    """What those who are away hold and are meant to do, which who stands in may take; each for these processes, none
    for all. In the order of service."""
    parts = []
    for user, processes in absent:
        only = f" AND process IN ({', '.join('?' * len(processes))})" if processes else ""
        for condition, column in ((f"{HELD} AND status IN ({TAKEN})", "holder"), (FREE_FOR, "assignee")):
            sql = f"SELECT {COLUMNS} FROM tasks WHERE {condition} AND {column} = ?{only} {_ORDER}"
            parts.append((f"SELECT * FROM ({sql}) AS part", [user, *processes, limit]))
    return _read(connection, parts, limit)


def returns(connection: Connection, tasks: Sequence[Listed]) -> dict[tuple[str, int], int]:
    """When each of these that is laid aside comes back, in microseconds; by case and task."""
    cases = list(dict.fromkeys(task.case for task in tasks if task.status == PARKED))
    if not cases:
        return {}
    sql = f"SELECT case_id, id, due FROM timers WHERE slice = ? AND case_id IN ({', '.join('?' * len(cases))})"
    return {(row[0], row[1]): row[2] for row in connection.all(sql, (NAME, *cases))}


def candidates(
    connection: Connection, user: str, names: Sequence[str], after: After | None = None, limit: int = 20
) -> list[Listed]:
    """What the user might take next: meant for them, or offered by these queues; in the order of service."""
    parts = [_part(f"{GIVEN} AND status = '{OPEN}'", "assignee", user, after, limit)]
    parts += [_part(OFFERED, "queue", name, after, limit) for name in dict.fromkeys(names)]
    return _read(connection, parts, limit)


def taken(connection: Connection) -> list[Listed]:
    """All that is in somebody's hands, oldest first."""
    sql = f"SELECT {COLUMNS} FROM tasks WHERE {HELD} AND status IN ('{CLAIMED}', '{STARTED}') ORDER BY case_id, id"
    return [listed(row) for row in connection.all(sql)]


def of_case(connection: Connection, case: str) -> list[Listed]:
    """The open tasks of a case, oldest first."""
    sql = f"SELECT {COLUMNS} FROM tasks WHERE case_id = ? AND closed_at IS NULL ORDER BY id"
    return [listed(row) for row in connection.all(sql, (case,))]


def one(connection: Connection, case: str, task: int) -> Listed | None:
    """A task, open or not."""
    row = connection.one(f"SELECT {COLUMNS} FROM tasks WHERE case_id = ? AND id = ?", (case, task))
    return listed(row) if row is not None else None


def steps(connection: Connection, case: str, tasks: Sequence[int]) -> dict[int, str]:
    """The steps of these tasks of a case, open or not."""
    if not tasks:
        return {}
    sql = f"SELECT id, step FROM tasks WHERE case_id = ? AND id IN ({', '.join('?' * len(tasks))})"
    return {row[0]: row[1] for row in connection.all(sql, (case, *tasks))}


def load(connection: Connection, user: str, most: int = MOST, but: Sequence[str] = ()) -> int:
    """How many tasks the user has in hand, or are meant for them, in all cases but these; counted no further than
    `most`."""
    others = f" AND case_id NOT IN ({', '.join('?' * len(but))})" if but else ""
    held = f"SELECT 1 FROM tasks WHERE holder = ? AND {HELD}{others}"
    meant = f"SELECT 1 FROM tasks WHERE assignee = ? AND {GIVEN} AND status = '{OPEN}'{others}"
    sql = f"SELECT count(*) FROM (SELECT * FROM ({held} UNION ALL {meant}) AS theirs LIMIT ?) AS counted"
    return int(connection.one(sql, (user, *but, user, *but, most))[0])


def count(connection: Connection, name: str, most: int = MOST) -> int:
    """How many tasks a queue offers, counted no further than `most`: a list then says "1000+"."""
    sql = f"SELECT count(*) FROM (SELECT 1 FROM tasks WHERE queue = ? AND {OFFERED} LIMIT ?) AS offered"
    return int(connection.one(sql, (name, most))[0])


Part = tuple[str, list[Any]]


def _part(condition: str, column: str, value: str, after: After | None, limit: int) -> Part:
    """The rows of one stretch of an index, as a query and its parameters."""
    head = f"SELECT {COLUMNS} FROM tasks WHERE {condition} AND {column} = ?"
    if after is None:
        return f"SELECT * FROM ({head} {_ORDER}) AS part", [value, limit]
    same = f"SELECT * FROM ({head} AND priority = ? AND (due, case_id, id) > (?, ?, ?) {_ORDER}) AS same"
    lower = f"SELECT * FROM ({head} AND priority < ? {_ORDER}) AS lower"
    return f"{same} UNION ALL {lower}", [value, *after, limit, value, after.priority, limit]


def _read(connection: Connection, parts: Sequence[Part], limit: int) -> list[Listed]:
    if not parts:
        return []
    limit = min(limit, MOST)
    sql = " UNION ALL ".join(part for part, _ in parts)
    parameters = [value for _, given in parts for value in given]
    return [listed(row) for row in connection.all(f"SELECT * FROM ({sql}) AS page {_ORDER}", [*parameters, limit])]


def listed(row: Sequence[Any]) -> Listed:
    """A row of `COLUMNS`."""
    due = None if row[10] == NO_DEADLINE else row[10]
    return Listed._make([*row[:10], due, *row[11:]])
