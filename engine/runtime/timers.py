"""Timers that are due become commands, in the order (due, case, slice, id) (R10)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from engine.core.commands import FireTimer, Request
from engine.runtime.answers import Accepted, Answer
from engine.runtime.batch import Item, Step
from engine.runtime.clock import derived_id
from engine.runtime.database import Connection
from engine.runtime.runner import Runner
from engine.runtime.tables import micros, moment

MOST = 256
HELD = timedelta(hours=1)
"""A timer that could not be fired is left alone for this long, so that it does not stand before the others."""

DUE = (
    "SELECT due, case_id, slice, id FROM timers WHERE due <= ? AND (held_until IS NULL OR held_until <= ?) "
    f"ORDER BY due, case_id, slice, id LIMIT {MOST}"
)
HOLD = "UPDATE timers SET held_until = ? WHERE case_id = ? AND slice = ? AND id = ? AND due = ?"


def fire(runner: Runner, connection: Connection, now: datetime) -> int:
    """Fires a batch of what is due; returns how many timers fired."""
    rows = connection.all(DUE, (micros(now), micros(now)))
    answers = runner.submit_items([_item(row, now) for row in rows], machine=True)
    return sum(isinstance(answer, Accepted) and not answer.repeated for answer in answers)


def _item(row: Any, now: datetime) -> Item:
    due, case, slice_, timer = row
    at = moment(due)
    request = Request(
        derived_id(at, 0, case, slice_, timer), case, FireTimer(slice_, timer, at), "system", now, "timer"
    )

    def also(answer: Answer) -> Iterable[Step]:
        if isinstance(answer, Accepted) and not answer.repeated:
            return []
        return [(HOLD, (micros(now + HELD), case, slice_, timer, due))]

    return Item(request, also)
