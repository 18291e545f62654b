"""Rows that follow from the state of a case, kept in step with it.

Theory of operation. A `Projection` says which events touch which of a table's rows, and what a row looks like
in a state. After a command only the touched rows are made again: they are written, or deleted where the state
no longer has them. The rows of a whole batch are collected in `Changes` and go out as one statement per table
and kind of change. `operational` columns are set when a row is made and never touched again from here.

Some tables keep rows that the state has let go (a closed task). `closing` names for an event the row that it
closes, and the columns to set instead of deleting it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Table
from sqlmodel import SQLModel

from engine.core.events import CaseStarted, Event
from engine.runtime.database import Connection
from engine.runtime.statements import Statements, keys, of_kind

Id = Any
"""What tells the rows of one case apart: an int or a text."""

Row = tuple[Any, ...]


class _Now:
    """Stands for the moment of the command, in microseconds, in `Projection.initial`."""


NOW = _Now()


@dataclass(frozen=True, slots=True)
class Projection:
    """How a table follows from the state.

    table: a SQLModel class whose primary key is `case_id`, the columns of `fixed`, and the row's id.
    touches: for each event, the ids of the rows that it may change.
    row: (state, id) -> the `derived` columns outside the primary key, in the table's order; None where the
    state has no such row.
    ids: the ids of all rows in a state, from which `verify` derives the table again.
    fixed: values of the key columns between `case_id` and the id, when several projections share a table.
    initial: `operational` columns of a new row; `NOW` is the moment of the command.
    closing: for an event, the row that it closes and the columns to set, instead of deleting it.
    sweeps: events after which any row of the case may look different.
    together: state -> id -> row, where all rows of a case are sooner made at once.
    asks: for an event, (state, event) -> the ids of the rows that it may change, where telling takes the state. Needs
    `together`.
    """

    table: type[SQLModel]
    touches: Mapping[type[Event], Callable[[Any], Iterable[Id]]]
    row: Callable[[Any, Id], Row | None]
    ids: Callable[[Any], Iterable[Id]]
    fixed: Row = ()
    initial: Mapping[str, Any] = field(default_factory=dict)
    closing: Mapping[type[Event], Callable[[Any], tuple[Id, Mapping[str, Any]]]] = field(default_factory=dict)
    sweeps: frozenset[type[Event]] = frozenset()
    together: Callable[[Any], Mapping[Id, Row]] | None = None
    asks: Mapping[type[Event], Callable[[Any, Any], Iterable[Id]]] = field(default_factory=dict)

    def rows(self, case: str, state: Any) -> dict[Row, Row]:
        """All rows of a case derived from its state: primary key -> derived columns."""
        if self.together is not None:
            return {(case, *self.fixed, i): row for i, row in self.together(state).items()}
        found = ((i, self.row(state, i)) for i in self.ids(state))
        return {(case, *self.fixed, i): row for i, row in found if row is not None}


class Changes:
    """What one projection has to write at the end of a batch."""

    __slots__ = ("closed", "gone", "rows")

    def __init__(self) -> None:
        self.rows: dict[Row, Row] = {}  # key -> derived and initial columns
        self.gone: dict[Row, None] = {}
        self.closed: dict[tuple[str, ...], dict[Row, Row]] = {}  # columns -> key -> their values


class _Plan:
    """A projection with its statements."""

    def __init__(self, projection: Projection, statements: Statements) -> None:
        table = table_of(projection.table)
        derived = of_kind(table, "derived")
        self.projection = projection
        self.row = projection.row
        self.fixed = projection.fixed
        self.table = table
        self.statements = statements
        self.upsert = statements.upsert(table, [*keys(table), *derived, *projection.initial], derived)
        self.delete = statements.delete(table)
        self.initial = tuple(projection.initial.values())
        self.dated = any(value is NOW for value in self.initial)
        self._closes: dict[tuple[str, ...], str] = {}

    def fresh(self, now: int) -> Row:
        """The operational columns of a new row."""
        return tuple([now if v is NOW else v for v in self.initial]) if self.dated else self.initial

    def close(self, columns: tuple[str, ...]) -> str:
        sql = self._closes.get(columns)
        if sql is None:
            sql = self._closes[columns] = self.statements.update(self.table, columns, keys(self.table))
        return sql


class _Watch(NamedTuple):
    """What one kind of event means to the projections, by their place: which rows it touches (None: any of the
    case's), which it closes, and who is asked which it touches. One look-up for each event."""

    touches: list[tuple[int, Callable[[Any], Iterable[Id]] | None]]
    closings: list[tuple[int, Callable[[Any], tuple[Id, Mapping[str, Any]]]]]
    asks: list[tuple[int, Callable[[Any, Any], Iterable[Id]]]]


class Projector:
    """All projections of an installation."""

    def __init__(self, projections: Iterable[Projection], statements: Statements) -> None:
        self._plans = [_Plan(projection, statements) for projection in projections]
        self._watches: dict[type[Event], _Watch] = {}
        self._served = [index for index, plan in enumerate(self._plans) if plan.table.name == "jobs"]
        for index, plan in enumerate(self._plans):
            for event, touches in plan.projection.touches.items():
                self._watch(event).touches.append((index, touches))
            for event in plan.projection.sweeps:
                self._watch(event).touches.append((index, None))
            for event, closing in plan.projection.closing.items():
                self._watch(event).closings.append((index, closing))
            for event, asks in plan.projection.asks.items():
                self._watch(event).asks.append((index, asks))

    def _watch(self, event: type[Event]) -> _Watch:
        return self._watches.setdefault(event, _Watch([], [], []))

    def project(self, changes: dict[int, Changes], case: str, state: Any, events: list[Event], now: int) -> None:
        """Notes what one command's events change, by the projection's place in `changes`. `now`: microseconds, for
        rows that are made."""
        touched: dict[tuple[int, Id], Mapping[str, Any] | None] = {}  # with the columns of a row that is closed
        several: dict[int, dict[Id, None]] = {}
        plans, watches = self._plans, self._watches
        for event in events:
            watch = watches.get(type(event))
            if watch is None:
                continue
            for index, ids in watch.touches:
                for i in plans[index].projection.ids(state) if ids is None else ids(event):
                    touched.setdefault((index, i))
            for index, close in watch.closings:
                i, values = close(event)
                touched[index, i] = values
            for index, asks in watch.asks:
                places = asks(state, event)
                if places:
                    several.setdefault(index, {}).update(dict.fromkeys(places))
        if not touched and not several:
            return
        rows = [(index, i, values, plans[index].row(state, i)) for (index, i), values in touched.items()]
        begun = type(events[0]) is CaseStarted
        for index, places in several.items():
            together = plans[index].projection.together
            made = together(state) if together is not None else {}
            rows += [(index, i, None, made.get(i)) for i in (made if begun else places)]  # nothing to take away yet
        for index, i, closed_as, row in rows:  # nothing is noted before every row could be made
            plan, change = plans[index], changes.get(index)
            if change is None:
                change = changes[index] = Changes()
            key = (case, *plan.fixed, i)
            if row is not None:
                change.rows[key] = row + plan.fresh(now)
                change.gone.pop(key, None)
                for closed in change.closed.values():
                    closed.pop(key, None)
            elif closed_as is not None:
                change.closed.setdefault(tuple(closed_as), {})[key] = tuple(closed_as.values())
            else:
                change.rows.pop(key, None)
                change.gone[key] = None

    def stirs(self, changes: dict[int, Changes]) -> bool:
        """Whether there is service work to do at once."""
        return any(index in changes and changes[index].rows for index in self._served)

    def write(self, connection: Connection, changes: dict[int, Changes]) -> None:
        """One statement per table and kind of change."""
        for index, change in sorted(changes.items()):
            plan = self._plans[index]
            if change.rows:
                connection.bulk(plan.upsert, [key + row for key, row in change.rows.items()])
            if change.gone:
                connection.bulk(plan.delete, list(change.gone))
            for columns, closed in change.closed.items():
                if closed:
                    connection.bulk(plan.close(columns), [row + key for key, row in closed.items()])


def table_of(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
    return table
