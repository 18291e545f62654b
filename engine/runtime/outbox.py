"""Notices on their way to people: taken, delivered, tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from engine.runtime.backoff import backoff
from engine.runtime.clock import new_id
from engine.runtime.database import Connection
from engine.runtime.errors import storable
from engine.runtime.runner import Runner
from engine.runtime.tables import micros, moment

DUE = (
    'SELECT id, case_id, step, "to", template, facts, created, attempts FROM outbox '
    "WHERE sent_at IS NULL AND due <= ? ORDER BY due, id LIMIT ?"
)
TAKE = "UPDATE outbox SET due = ?, attempts = attempts + 1 WHERE id = ?"
LEAVE = "UPDATE outbox SET sent_at = ?, error = ? WHERE id = ? AND sent_at IS NULL"
FAILED = "UPDATE outbox SET due = ?, error = ? WHERE id = ? AND sent_at IS NULL"
POST = (
    'INSERT INTO outbox (id, case_id, step, "to", template, facts, created, due, attempts) '
    "VALUES (?, '', '', ?, ?, ?, ?, ?, 0)"
)
FIRST, FACTOR, LONGEST = 30, 3, 6 * 3600


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to deliver; `to` and `facts` as the case wrote them. Its id is the idempotency key."""

    id: str
    case: str
    step: str
    to: list[str]
    template: str
    facts: dict[str, Any]
    created: datetime
    attempt: int


def post(connection: Connection, to: list[str], template: str, facts: dict[str, Any], now: datetime) -> None:
    """Puts a notice of Caseway's own, of no case, into the outbox, in the caller's transaction."""
    at, encode = micros(now), msgspec.json.encode
    connection.run(POST, (new_id(now), encode(to).decode(), template, encode(facts).decode(), at, at))


class Outbox:
    """What delivery needs of the store."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._skip = " FOR UPDATE SKIP LOCKED" if runner.database.dialect == "postgresql" else ""

    def take(self, now: datetime, limit: int = 50, seconds: int = 300) -> list[Notice]:
        """Takes notices that are due, oldest first; one that is not reported within `seconds` is due again."""

        def take(connection: Connection) -> list[Notice]:
            rows = connection.all(DUE + self._skip, (micros(now), limit))
            for row in rows:
                connection.run(TAKE, (micros(now + timedelta(seconds=seconds)), row[0]))
            return [_notice(row) for row in rows]

        return self._runner.write(take, machine=True)

    def leave(self, connection: Connection, notice: Notice, now: datetime, error: str | None = None) -> None:
        """It is no longer here to be delivered, in the caller's transaction: others have taken it over, or it is
        passed over for the reason given."""
        connection.run(LEAVE, (micros(now), error, notice.id))

    def failed(self, notice: Notice, error: str, now: datetime) -> None:
        """It is tried again later, ever more seldom, and shows its error meanwhile."""
        later = now + timedelta(seconds=backoff(notice.attempt, FIRST, FACTOR, LONGEST))
        parameters = (micros(later), storable(error), notice.id)
        self._runner.write(lambda connection: connection.run(FAILED, parameters), machine=True)


def _notice(row: Any) -> Notice:
    ident, case, step, to, template, facts, created, attempts = row
    decode = msgspec.json.decode
    return Notice(ident, case, step, decode(to), template, decode(facts), moment(created), attempts + 1)
