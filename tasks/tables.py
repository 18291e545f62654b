"""The row of every task: what lists, boards and "next task" read. It follows from the case's state.

Open tasks are derived from the state; a closed one keeps its last row, with how it closed. A task without a
deadline has the last moment there is, so that rows sort the same way in every database.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, text
from sqlmodel import SQLModel

from engine.core.events import Event, TokenMapped
from engine.runtime.derive import timers_of
from engine.runtime.projection import Projection, Row
from engine.runtime.tables import Moment, derived, micros, operational
from tasks import events as e
from tasks.lifecycle import COMPLETED, OPEN, REVIEW
from tasks.model import NAME

NO_DEADLINE = 2**63 - 1
"""The `due` of a task without a deadline."""

OFFERED = f"status = '{OPEN}' AND assignee = ''"
"""Free for anyone who serves the queue."""
GIVEN = f"status IN ('{OPEN}', '{REVIEW}') AND assignee <> ''"
"""Meant for one person, who has not taken it yet, or has not said what they were asked."""
HELD = "holder <> '' AND closed_at IS NULL"
UNCLOSED = "closed_at IS NULL"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class TaskRow(SQLModel, table=True):
    """A person's task, by its case and token."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_offered", "queue", text("priority DESC"), "due", "case_id", "id", **_where(OFFERED)),
        Index("ix_tasks_given", "assignee", text("priority DESC"), "due", "case_id", "id", **_where(GIVEN)),
        Index("ix_tasks_due", "queue", "due", "case_id", "id", **_where(UNCLOSED)),
        Index("ix_tasks_held", "holder", text("priority DESC"), "due", "case_id", "id", **_where(HELD)),
        {"sqlite_with_rowid": False},
    )

    case_id: str = derived(key=True)
    id: int = derived(BigInteger, key=True)
    process: str = derived()
    number: str = derived()  # of the case
    step: str = derived()
    queue: str = derived()  # "" for none
    assignee: str = derived()  # whom it is meant for; in review, who has been asked
    holder: str = derived()
    status: str = derived()  # see tasks.lifecycle
    priority: int = derived(Integer)
    due: int = derived(BigInteger)  # microseconds, the earliest running deadline, or NO_DEADLINE
    opened_at: datetime = derived(Moment)
    claimed_at: datetime | None = derived(Moment, null=True)
    closed_at: datetime | None = derived(Moment, null=True)
    closed_by: str | None = derived(null=True)
    outcome: str | None = derived(null=True)


class Allocation(SQLModel, table=True):
    """When a queue that pushes its work last gave some to a member."""

    __tablename__ = "allocations"
    __table_args__ = ({"sqlite_with_rowid": False},)

    queue: str = operational(key=True)
    user_id: str = operational(key=True)
    last_at: int = operational(BigInteger)  # microseconds, no two alike in a queue


class Likeness(SQLModel, table=True):
    """What a case is compared by with others: a key for each rule of its process (`tasks.likeness`)."""

    __tablename__ = "likenesses"
    __table_args__ = (Index("ix_likenesses_key", "key", "case_id"), {"sqlite_with_rowid": False})

    case_id: str = derived(key=True)
    rule: str = derived(key=True)
    key: str = derived()


class CaseWatcher(SQLModel, table=True):
    """Who watches a case: a list of one's own, newest first."""

    __tablename__ = "case_watchers"
    __table_args__ = (
        Index("ix_case_watchers_user_id", "user_id", "started_at", "case_id"),
        {"sqlite_with_rowid": False},
    )

    case_id: str = derived(key=True)
    user_id: str = derived(key=True)
    started_at: datetime = derived(Moment)  # the case


class CaseWord(SQLModel, table=True):
    """A word by which a case is found (`tasks.search`)."""

    __tablename__ = "case_words"
    __table_args__ = (
        Index("ix_case_words_word", "word", "started_at", "case_id"),
        {"sqlite_with_rowid": False},
    )

    case_id: str = derived(key=True)
    id: int = derived(BigInteger, key=True)  # its place among the case's words
    word: str = derived()
    started_at: datetime = derived(Moment)  # the case: what is found is shown newest first


Due = Callable[[Any, int], datetime | None]
"""The earliest running deadline of a task: (state of the case, token) -> moment, None without one."""


def projection(due: Due | None = None, moves: Iterable[type[Event]] = ()) -> Projection:
    """The tasks of a case as rows. `due` tells deadlines, `moves` are the events that may change them."""

    def row(state: Any, token: int) -> Row | None:
        task = state.work.tasks.get(token)
        if task is None:
            return None
        deadline = None if due is None else due(state, token)
        return (
            state.flow.process,
            state.flow.number,
            task.step,
            task.queue,
            task.waits_for,
            task.holder,
            task.status,
            task.priority,
            NO_DEADLINE if deadline is None else micros(deadline),
            micros(task.opened),
            None if task.claimed is None else micros(task.claimed),
            None,
            None,
            None,
        )

    return Projection(
        table=TaskRow,
        touches={event: _token for event in _TOUCHES},
        row=row,
        ids=lambda state: state.work.tasks,
        closing={e.TaskClosed: _closed},
        sweeps=frozenset(moves),
    )


def watchers() -> Projection:
    """Who watches a case, as rows."""

    def row(state: Any, user: str) -> Row | None:
        return (micros(state.flow.started),) if user in state.work.watchers else None

    return Projection(
        table=CaseWatcher,
        touches={event: lambda event: (event.user,) for event in (e.WatcherAdded, e.WatcherRemoved)},
        row=row,
        ids=lambda state: state.work.watchers,
    )


_TOUCHES: tuple[type[Event], ...] = (
    TokenMapped,
    e.TaskOpened,
    e.TaskClaimed,
    e.TaskReleased,
    e.TaskTransferred,
    e.PriorityChanged,
    e.TaskStarted,
    e.TaskDelegated,
    e.TaskReturned,
    e.TaskParked,
    e.TaskTakenUp,
    e.TaskSuspended,
    e.TaskResumed,
    e.ReviewAsked,
    e.ReviewAnswered,
    e.ReviewWithdrawn,
)


def timers() -> Projection:
    """When parked tasks come back."""

    def due(state: Any, token: int) -> int | None:
        task = state.work.tasks.get(token)
        return None if task is None or task.until is None else micros(task.until)

    touching = (e.TaskParked, e.TaskTakenUp, e.TaskReleased, e.TaskTransferred)
    touches: dict[type[Event], Callable[[Any], Iterable[int]]] = dict.fromkeys(touching, _token)
    touches[e.TaskClosed] = _unless_completed
    return timers_of(NAME, touches, due, lambda state: state.work.tasks)


def _token(event: Any) -> tuple[int]:
    return (event.token,)


def _unless_completed(event: e.TaskClosed) -> tuple[int, ...]:
    """A parked task is taken up before it is completed: most tasks that close have no timer to be taken away."""
    return () if event.how == COMPLETED else (event.token,)


def _closed(event: e.TaskClosed) -> tuple[int, dict[str, Any]]:
    columns: dict[str, Any] = {
        "status": event.how,
        "closed_at": micros(event.at),
        "closed_by": event.by or None,
        "outcome": event.outcome or None,
    }
    if event.how == COMPLETED:
        columns["holder"] = event.by  # also of a task that was claimed by completing it
    return event.token, columns
