"""Lists of tasks to look through: mine, my queues', my team's; filtered, searched, in two orders, by pages.

Theory of operation. A *scope* is some stretches of indexes: one for each queue or person. In the order of service
(`tasks.queries`) what queues offer is read along `ix_tasks_offered`; by deadline all that is open in a queue along
`ix_tasks_due`. What somebody holds or is meant to take is read along `ix_tasks_held` and `ix_tasks_given` and is so
little that it is sorted. The stretches are each read as far as a page may need, and merged.

A filter may leave out most of what is read. So a page with filters looks at `WALK` tasks at most: it may be short,
and then says where to go on. With words, few cases may have them: then their tasks are read by their case (the
primary key) and held against the scope. Counts go no further than `MOST`, nor than such a walk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from engine.runtime.database import Connection
from tasks import find
from tasks.lifecycle import OPEN, REVIEW
from tasks.queries import COLUMNS, FREE_FOR, MOST, TAKEN, After, Listed, listed
from tasks.search import Term
from tasks.tables import GIVEN, HELD, OFFERED, UNCLOSED

WALK = 1_000
"""Tasks that a page with filters looks at, at most."""

Order = Literal["service", "due"]
ORDERS: dict[Order, str] = {
    "service": "ORDER BY priority DESC, due, case_id, id",
    "due": "ORDER BY due, case_id, id",
}
FREE = f"{UNCLOSED} AND status || '' = '{OPEN}' AND assignee || '' = ''"
"""What `OFFERED` says, so written that `ix_tasks_offered` does not serve: it would have to be sorted."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose tasks. queues: of these; with `free` only what they offer. people: what these hold or are meant to take.
    absent: likewise, of these processes (none: all), where somebody stands in."""

    queues: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    free: bool = True
    absent: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """What is left of them. overdue: with a deadline before this moment (microseconds); 0: whatever the deadline.
    priority: of this one at least; 0: of any."""

    process: str = ""
    step: str = ""
    overdue: int = 0
    terms: tuple[Term, ...] = ()
    priority: int = 0

    @property
    def any(self) -> bool:
        return bool(self.process or self.step or self.overdue or self.terms or self.priority)


EVERYTHING = Filter()


class Page(NamedTuple):
    """`next`: where the next page begins; None where there is none. `found`: how many there are, counted no further
    than `MOST`; with a filter from the page's beginning. `more`: there may be more than that."""

    tasks: list[Listed]
    next: After | None
    found: int
    more: bool


Part = tuple[str, list[Any]]


def page(
    connection: Connection, scope: Scope, order: Order = "service", only: Filter = EVERYTHING,
    after: After | None = None, limit: int = 25,
) -> Page:  # fmt: skip
    """A page of the tasks in the scope that pass the filter."""
    if not scope.queues and not scope.people and not scope.absent:
        return Page([], None, 0, False)
    if only.any:
        return _filtered(connection, scope, order, only, after, limit)
    read, given = _read(scope, order, after, limit + 1)
    rows = [listed(row) for row in connection.all(read, given)]
    found = 0
    for condition, values in _stretches(scope, order):
        sql = f"SELECT count(*) FROM (SELECT 1 FROM tasks WHERE {condition} LIMIT ?) AS counted"
        found += connection.one(sql, (*values, MOST + 1 - found))[0]
        if found > MOST:
            break
    onward = rows[limit - 1].after if len(rows) > limit else None
    return Page(rows[:limit], onward, min(found, MOST), found > MOST)


def _filtered(
    connection: Connection, scope: Scope, order: Order, only: Filter, after: After | None, limit: int
) -> Page:
    """All that is looked at comes, each with whether it passes: one query tells page, count, and where to go on."""
    asked = [find.ask(connection, term) for term in only.terms]
    rare = min(asked, key=lambda one: one.cases, default=None)
    led = rare if rare is not None and rare.cases <= find.RARE else None
    read, given = _read(scope, order, after, WALK) if led is None else _of_cases(led, scope, order, after)
    where, values = _conditions(only, asked)
    passes = f"CASE WHEN {' AND '.join(where)} THEN 1 ELSE 0 END"
    rows = connection.all(f"SELECT {COLUMNS}, {passes} FROM ({read}) AS read {ORDERS[order]}", [*values, *given])
    passed = [listed(row[:-1]) for row in rows if row[-1]]
    cut = led is None and len(rows) == WALK
    if len(passed) > limit:
        onward: After | None = passed[limit - 1].after
    else:
        onward = listed(rows[-1][:-1]).after if cut else None
    return Page(passed[:limit], onward, min(len(passed), MOST), cut or len(passed) > MOST)


def _stretches(scope: Scope, order: Order) -> list[tuple[str, tuple[str, ...]]]:
    """The stretches of indexes that the scope is: what holds of their tasks, and the values that it asks for."""
    offered = (OFFERED if order == "service" else FREE) if scope.free else UNCLOSED
    return [
        *((f"{offered} AND queue = ?", (queue,)) for queue in dict.fromkeys(scope.queues)),
        *((f"{HELD} AND holder = ?", (person,)) for person in dict.fromkeys(scope.people)),
        *((f"{GIVEN} AND assignee = ?", (person,)) for person in dict.fromkeys(scope.people)),
        *(stretch for one in scope.absent for stretch in _absent(*one)),
    ]


def _absent(person: str, processes: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    only = f" AND process IN ({', '.join('?' * len(processes))})" if processes else ""
    return [
        (f"{HELD} AND status IN ({TAKEN}) AND holder = ?{only}", (person, *processes)),
        (f"{FREE_FOR} AND assignee = ?{only}", (person, *processes)),
    ]


def _read(scope: Scope, order: Order, after: After | None, most: int) -> Part:
    """The tasks of the scope in the order, as far as they may be needed."""
    parts, given = list[str](), list[Any]()
    for condition, values in _stretches(scope, order):
        for beyond, place in _beyond(order, after):
            sql = f"SELECT {COLUMNS} FROM tasks WHERE {condition}{beyond} {ORDERS[order]} LIMIT ?"
            parts.append(f"SELECT * FROM ({sql}) AS part")
            given += [*values, *place, most]
    whole = " UNION ".join(parts) if scope.queues and (scope.people or scope.absent) else " UNION ALL ".join(parts)
    return f"SELECT * FROM ({whole}) AS parts {ORDERS[order]} LIMIT ?", [*given, most]


def _beyond(order: Order, after: After | None) -> list[tuple[str, list[Any]]]:
    """What comes after a place, as conditions each of which an index can follow, with their parameters."""
    if after is None:
        return [("", [])]
    if order == "due":
        return [(" AND (due, case_id, id) > (?, ?, ?)", [after.due, after.case, after.task])]
    return [
        (" AND priority = ? AND (due, case_id, id) > (?, ?, ?)", [*after]),
        (" AND priority < ?", [after.priority]),
    ]


def _of_cases(led: find.Asked, scope: Scope, order: Order, after: After | None) -> Part:
    """The tasks of the cases that have a rare word, held against the scope; so written that only the primary key
    serves."""
    cases, given = find.led(led)
    ways = []
    for condition, column, values in (
        (FREE if scope.free else UNCLOSED, "queue", scope.queues),
        (UNCLOSED, "holder", scope.people),
        (f"{UNCLOSED} AND status || '' IN ('{OPEN}', '{REVIEW}')", "assignee", scope.people),
    ):
        if values:
            ways.append(f"({condition} AND {column} || '' IN ({', '.join('?' * len(values))}))")
            given += values
    for person, processes in scope.absent:
        for condition, theirs in _absent(person, processes):
            ways.append(f"({condition})")
            given += theirs
    later = [(condition.removeprefix(" AND "), place) for condition, place in _beyond(order, after) if condition]
    held = f" AND ({' OR '.join(f'({condition})' for condition, _ in later)})" if later else ""
    given += [value for _, place in later for value in place]
    ids = f"SELECT id FROM ({cases}) AS led"
    return f"SELECT {COLUMNS} FROM tasks WHERE case_id IN ({ids}) AND ({' OR '.join(ways)}){held}", given


def _conditions(only: Filter, asked: Sequence[find.Asked]) -> tuple[list[str], list[Any]]:
    where, given = list[str](), list[Any]()
    asked_for: tuple[tuple[str, str | int], ...] = (
        ("process = ?", only.process), ("step = ?", only.step), ("due < ?", only.overdue),
        ("priority >= ?", only.priority),
    )  # fmt: skip
    for condition, value in asked_for:
        if value:
            where.append(condition)
            given.append(value)
    words, more = find.conditions(asked, "read.case_id")
    return [*where, *words], [*given, *more]
