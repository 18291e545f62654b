"""Commands that one case has for another, run later, exactly once (R2).

A row leaves the inbox in the transaction that runs its command, whatever the answer was; a refusal is in the
audit. Only a fault of the program keeps it, to be tried again ever more seldom.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from engine.core.commands import FinishCall, Refusal, Request, StartCase
from engine.runtime.answers import Answer, Failed
from engine.runtime.backoff import backoff
from engine.runtime.batch import Item, Step
from engine.runtime.clock import derived_id
from engine.runtime.database import Connection
from engine.runtime.outgoing import INBOX, inbox_row
from engine.runtime.runner import BUSY, Runner
from engine.runtime.tables import micros

MOST = 256
DUE = f"SELECT id, case_id, command, ground, attempts FROM inbox WHERE due <= ? ORDER BY due, id LIMIT {MOST}"
DONE = "DELETE FROM inbox WHERE id = ?"
AGAIN = "UPDATE inbox SET attempts = ?, due = ?, error = ? WHERE id = ?"
PUT = f"INSERT INTO inbox ({', '.join(INBOX)}) VALUES ({', '.join('?' * len(INBOX))})"


def run(runner: Runner, connection: Connection, now: datetime) -> int:
    """Runs what is due, in order; returns how many commands have left the inbox."""
    rows = connection.all(DUE, (micros(now),))
    answers = runner.submit_items([_item(runner, row, now) for row in rows], machine=True)
    return sum(not isinstance(answer, Failed) and answer != BUSY for answer in answers)


def _item(runner: Runner, row: Any, now: datetime) -> Item:
    ident, case, text, ground, attempts = row
    command = runner.machine.decode_command(text)
    request = Request(ident, case, command, "system", now, ground)

    def also(answer: Answer) -> Iterable[Step]:
        if isinstance(answer, Failed):
            later = now + timedelta(seconds=backoff(attempts + 1, 60, 2, 86_400))
            return [(AGAIN, (attempts + 1, micros(later), answer.text, ident))]
        return [(DONE, (ident,)), *_reply(request, answer, now)]

    return Item(request, also)


def _reply(request: Request, answer: Answer, now: datetime) -> list[Step]:
    """A called case that was not started: its caller learns why, or it would wait for ever."""
    start = request.command
    if not isinstance(answer, Refusal) or not isinstance(start, StartCase) or not start.parent:
        return []
    finish = FinishCall(start.parent_token, request.case, error=answer.code)
    ident = derived_id(now, 0, request.id, "refused")
    ground = f"case {request.case} was not started: {answer.text}"
    return [(PUT, inbox_row(ident, start.parent, finish, ground, now))]
