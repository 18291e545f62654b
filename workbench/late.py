"""What is late, soon will be, or was late unexplained, on the floor of somebody who looks after some queues.

Theory of operation. A clock belongs to the queues in which its case has open tasks; that of a case with none (it
waits outside) is everybody's. A run that has closed belongs to the queues that its case has ever stood in. Each list
walks an index in its own order and stops when it is full, so that a floor with few late clocks costs no more than a
house with many: at most one step over each clock that is late.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from engine.runtime.database import Connection
from engine.runtime.tables import micros
from organisation.directory import Directory
from sla.model import ORIGINS
from sla.reports import COLUMNS, Listed, listed
from tasks.steering import EVERY_CASE

MOST = 1000
"""Clocks are counted no further than this."""

_OPEN = "SELECT 1 FROM tasks t WHERE t.case_id = clocks.case_id AND t.closed_at IS NULL"
_UNEXPLAINED = "breached = 1 AND acknowledged_at IS NULL AND status IN ('stopped', 'unmet')"

Place = tuple[int, int, str, int]
"""Where a list goes on: rank of the origin, deadline in microseconds, case, run."""


def place(row: Listed) -> Place:
    return (ORIGINS.index(row.origin), micros(row.deadline), row.case, row.id)


def late(
    connection: Connection, now: datetime, queues: Collection[str], *, after: Place | None = None, limit: int = MOST
) -> list[Listed]:
    """Clocks past their deadline and still open: the law's first, then the longest late."""
    mine, names = _mine(queues)
    found: list[Listed] = []
    for rank, origin in enumerate(ORIGINS):
        if after is not None and rank < after[0]:
            continue
        beyond, given = "", list[Any]()
        if after is not None and rank == after[0]:
            beyond, given = " AND (deadline, case_id, id) > (?, ?, ?)", list(after[1:])
        some: list[Listed] = []
        for which, at in _late(now):
            sql = (
                f"SELECT {COLUMNS} FROM clocks WHERE {which} AND origin = ?{beyond} AND {mine} "
                "ORDER BY deadline, case_id, id LIMIT ?"
            )
            asked = (*at, origin, *given, *names, limit - len(found))
            some += [listed(row, now) for row in connection.all(sql, asked)]
        found += sorted(some, key=place)[: limit - len(found)]
        if len(found) >= limit:
            break
    return found


def count(connection: Connection, now: datetime, queues: Collection[str]) -> tuple[int, int]:
    """How many clocks are late and still open, and for how many of them nobody has said why; neither beyond `MOST`
    and one."""
    mine, names = _mine(queues)
    found = [0, 0]
    for index, more in enumerate(("", " AND acknowledged_at IS NULL")):
        for which, at in _late(now):
            sql = f"SELECT count(*) FROM (SELECT 1 FROM clocks WHERE {which}{more} AND {mine} LIMIT ?) AS counted"
            found[index] += int(connection.one(sql, (*at, *names, MOST + 1 - found[index]))[0])
    return found[0], found[1]


def soon(connection: Connection, now: datetime, within: timedelta, queues: Collection[str], limit: int) -> list[Listed]:
    """Running clocks whose deadline comes within a time from now, the soonest first."""
    mine, names = _mine(queues)
    sql = (
        f"SELECT {COLUMNS} FROM clocks WHERE status = 'running' AND deadline >= ? AND deadline < ? AND {mine} "
        "ORDER BY deadline, case_id, id LIMIT ?"
    )
    return [listed(row, now) for row in connection.all(sql, (micros(now), micros(now + within), *names, limit))]


Next = tuple[int, int, str, int]
"""Where the list by chance goes on: 0 and the chance in parts of 10,000, or, of one that has none, 1 (2 if it is
paused) and the deadline in microseconds; case, run."""


def likely(
    connection: Connection, now: datetime, queues: Collection[str], *, after: Next | None = None, limit: int = MOST
) -> list[tuple[Next, Listed]]:
    """Clocks that are open and not late, the likeliest to be breached first; then those of which too little is known,
    the soonest first, paused ones last. Each with its place."""
    mine, names = _mine(queues)
    found: list[tuple[Next, Listed]] = []
    for rank, (which, by, beyond, order) in enumerate(_LIKELY):
        if after is not None and rank < after[0]:
            continue
        on, given = (beyond, after[1:]) if after is not None and rank == after[0] else ("", ())
        at = (micros(now),) if "?" in which else ()
        sql = f"SELECT {COLUMNS}, {by} FROM {which}{on} AND {mine} ORDER BY {order} LIMIT ?"
        rows = connection.all(sql, (*at, *given, *names, limit - len(found)))
        found += [((rank, row[-1], row[0], row[15]), listed(row[:-1], now)) for row in rows]
        if len(found) >= limit:
            break
    return found


def unexplained(
    connection: Connection,
    now: datetime,
    queues: Collection[str],
    *,
    after: tuple[int, str, int] | None = None,
    limit: int = MOST,
) -> list[Listed]:
    """Clocks that have closed late, for which nobody has said why: the latest closed first. `after`: when the last
    one shown closed (microseconds), its case and run."""
    names = sorted(queues)
    ever = f"EXISTS (SELECT 1 FROM tasks t WHERE t.case_id = clocks.case_id AND t.queue IN ({_marks(names)}))"
    beyond = " AND (closed_at, case_id, id) < (?, ?, ?)" if after else ""
    sql = (
        f"SELECT {COLUMNS} FROM clocks WHERE {_UNEXPLAINED}{beyond} AND {ever} "
        "ORDER BY closed_at DESC, case_id DESC, id DESC LIMIT ?"
    )
    return [listed(row, now) for row in connection.all(sql, (*(after or ()), *names, limit))]


_TOLD = "SELECT case_id AS of_case, id AS of_run, chance FROM forecast_chances WHERE chance IS NOT NULL"
_UNTOLD = f"NOT EXISTS ({_TOLD} AND case_id = clocks.case_id AND id = clocks.id)"
_RUNS_ON, _IS_HELD = "status = 'running' AND deadline >= ?", "status = 'paused' AND deadline >= paused_since"
_BY_DEADLINE = ("deadline", " AND (deadline, case_id, id) > (?, ?, ?)", "deadline, case_id, id")
_LIKELY = (
    (  # CROSS JOIN, so that SQLite goes by the index of chances, and stops when the list is full
        f"({_TOLD}) AS told CROSS JOIN clocks WHERE of_case = clocks.case_id AND of_run = clocks.id "
        f"AND ({_RUNS_ON} OR {_IS_HELD})",
        "chance", " AND (chance, of_case, of_run) < (?, ?, ?)", "chance DESC, of_case DESC, of_run DESC",
    ),
    (f"clocks WHERE {_RUNS_ON} AND {_UNTOLD}", *_BY_DEADLINE),
    (f"clocks WHERE {_IS_HELD} AND {_UNTOLD}", *_BY_DEADLINE),
)  # fmt: skip
"""Which clocks that are open and not late, what their place goes by, what lies beyond a place, the order."""


LEADS = frozenset({"supervisor", "manager"}) | EVERY_CASE
"""Roles that have a floor to look after."""


def floor_queues(people: Directory, user: str) -> frozenset[str]:
    """The queues that the user looks after: those they manage, and those that people below them serve."""
    if people.roles(user) & EVERY_CASE:
        return frozenset(people.queues)
    managed = {queue for queue in people.queues if people.manages(user, queue)}
    below = {queue for other in people.users if people.above(user, other) for queue in people.serving(other)}
    return frozenset(managed | below)


def supervises(people: Directory, user: str) -> bool:
    """Whether the user has a floor, and anything on it."""
    return bool(people.roles(user) & LEADS) and bool(floor_queues(people, user))


def in_charge(connection: Connection, people: Directory, user: str, case: str) -> bool:
    """Whether the clocks of the case are the user's affair: to say why one is late, to give one more time.
    The house and the clock say by which role."""
    return supervises(people, user) and looks_after(connection, case, floor_queues(people, user))


def looks_after(connection: Connection, case: str, queues: Collection[str]) -> bool:
    """Whether a case stands or has stood in one of these queues; one that never stood in any is everybody's."""
    rows = connection.all("SELECT DISTINCT queue FROM tasks WHERE case_id = ?", (case,))
    stood = {row[0] for row in rows}
    return not stood or not stood.isdisjoint(queues)


def _late(now: datetime) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """What holds for clocks past their deadline that have not closed, running or paused, with what it takes."""
    return (
        ("status = 'running' AND deadline < ?", (micros(now),)),
        ("status = 'paused' AND deadline < paused_since", ()),
    )


def _mine(queues: Collection[str]) -> tuple[str, list[str]]:
    """The condition that a clock belongs to these queues or to nobody's, with what it takes."""
    names = sorted(queues)
    return f"(EXISTS ({_OPEN} AND t.queue IN ({_marks(names)})) OR NOT EXISTS ({_OPEN}))", names


def _marks(names: Collection[str]) -> str:
    return ", ".join("?" * len(names)) or "NULL"
