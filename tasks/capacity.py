"""How many tasks somebody has, in all cases, as one command of a batch sees it.

Theory of operation. Deciding sees one case; how much somebody has in hand is handed in (`Env.extras`), asked for only
where they have a bound. In a batch the rows of the cases that it has moved already are behind: those are counted in
their states, all others in the table. What counts is written into the event only where somebody gets more than they
may have, so that deciding the command again finds it there (`recorded`).

Two programs on PostgreSQL that give one person tasks of different cases at the same instant do not see each other's:
the bound may then be passed by one.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.core.events import Event
from engine.runtime.database import Connection
from tasks.ground import LOAD
from tasks.lifecycle import OPEN
from tasks.queries import load


def counting(connection: Connection, moved: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """For `Env.extras`. moved: the states of the cases whose rows are behind, by id."""

    def count(user: str) -> int:
        states = moved()
        return load(connection, user, but=list(states)) + sum(_has(state, user) for state in states.values())

    return {LOAD: count}


def recorded(events: Iterable[Event]) -> Mapping[str, Any]:
    """The same for deciding a command again that led to these events."""
    found = (getattr(event, "over", None) for event in events)
    over = next((one for one in found if one), None)
    return {LOAD: (lambda user: over[0]) if over else None}


def _has(state: Any, user: str) -> int:
    return sum(
        1
        for task in state.work.tasks.values()
        if task.holder == user or (not task.holder and task.assignee == user and task.status == OPEN)
    )
