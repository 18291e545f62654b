"""What programs outside hear of cases: who listens, and the row of each call that is to be made.

Theory of operation. A webhook names the events that it wants. Who listens is kept in memory and looked up again
from time to time (`refresh`), so that a command costs nothing while nobody does; a new webhook hears from then
on, within seconds. A command that brings about what somebody wants writes one row for each of them in its own
transaction: what is called later is what has happened, no more and no less. A row holds names and numbers of the
case, never its data; who wants more asks with a token of their own.

`Calls` is what delivery needs of the store. A row that is being delivered is due again after a while, should
nobody report on it; what arrives twice has the same id.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from engine.core.events import Event
from engine.runtime.backoff import backoff
from engine.runtime.clock import derived_id
from engine.runtime.database import Connection, Database
from engine.runtime.errors import storable
from engine.runtime.runner import Runner
from engine.runtime.statements import Statements
from engine.runtime.tables import metadata, micros, moment

Row = tuple[Any, ...]
Kinds = Mapping[type[Event], Callable[[Any], str]]
"""For each event that may be told outside, its name there."""

CALL = ("id", "webhook", "case_id", "number", "process", "revision", "events", "at", "state", "attempts", "due")
LISTENING = "SELECT id, events FROM webhooks WHERE stopped_at IS NULL ORDER BY id"
FIRST, FACTOR, LONGEST, TRIES = 5, 3, 6 * 3600, 12
"""Seconds to the second try, how much longer each next time, at most; tries in all: about a day."""
KEEP = {"sent": timedelta(days=7), "dead": timedelta(days=30)}
"""How long a finished call stays to be looked at."""


class Listeners:
    """Who listens, by event. `kinds`: what may be told."""

    def __init__(self, database: Database, kinds: Kinds) -> None:
        self._kinds = kinds
        self._connection = database.connect()
        self._lock = Lock()
        self._insert = Statements(database.dialect).insert_new(metadata.tables["webhook_calls"], CALL)
        self.wanted: Mapping[str, tuple[str, ...]] = {}  # name of an event -> ids of webhooks
        self.refresh()

    def refresh(self) -> None:
        """Looks again who listens."""
        found: dict[str, tuple[str, ...]] = {}
        with self._lock:
            rows = self._connection.all(LISTENING)
        for webhook, events in rows:
            for name in json.loads(events):
                found[name] = (*found.get(name, ()), webhook)
        self.wanted = found

    def calls(
        self, request: str, flow: Any, revision: int, events: Iterable[Event], case: str, now: datetime
    ) -> list[Row]:
        """The rows of what these events of a command tell, one for each who wants any of it."""
        told: dict[str, list[dict[str, Any]]] = {}
        for event in events:
            name = self._kinds.get(type(event))
            listening = self.wanted.get(name(event)) if name is not None else None
            if name is not None and listening:
                one = _told(name(event), event, flow)
                for webhook in listening:
                    told.setdefault(webhook, []).append(one)
        at = micros(now)
        return [
            (derived_id(now, index, request, webhook), webhook, case, flow.number, flow.process, revision,
             json.dumps(some), at, "pending", 0, at)
            for index, (webhook, some) in enumerate(told.items())
        ]  # fmt: skip

    def write(self, connection: Connection, rows: list[Row]) -> None:
        connection.bulk(self._insert, rows)

    def close(self) -> None:
        self._connection.close()


def _told(name: str, event: Any, flow: Any) -> dict[str, Any]:
    """The event by its name, with the task and the step that it is about."""
    token = getattr(event, "token", 0)
    at = flow.tokens.get(token)
    step = getattr(event, "step", "") or (at.at if at is not None else "")
    about = {"task": token if name.startswith("task.") else 0, "step": step, "name": _name(event)}
    return {"type": name, **{key: value for key, value in about.items() if value}}


def _name(event: Any) -> str:
    """Of a milestone, of the end of a case."""
    return getattr(event, "name", "") or getattr(event, "end", "")


# --- delivery ---------------------------------------------------------------------------------------

COLUMNS = "id, webhook, case_id, number, process, revision, events, at, state, attempts, due, tried_at, status, error"
DUE = f"SELECT {COLUMNS} FROM webhook_calls WHERE state = 'pending' AND due <= ? ORDER BY due, id LIMIT ?"
TAKE = "UPDATE webhook_calls SET due = ? WHERE id = ?"
SENT = (
    "UPDATE webhook_calls SET state = 'sent', attempts = attempts + 1, due = ?, tried_at = ?, status = ?, error = NULL "
    "WHERE id = ? AND state = 'pending'"
)
FAILED = (
    "UPDATE webhook_calls SET state = ?, attempts = attempts + 1, due = ?, tried_at = ?, status = ?, error = ? "
    "WHERE id = ? AND state = 'pending'"
)
AGAIN = "UPDATE webhook_calls SET state = 'pending', attempts = 0, due = ? WHERE id = ? AND webhook = ?"
OLD = "DELETE FROM webhook_calls WHERE state = ? AND due <= ?"
STOP = "UPDATE webhooks SET stopped_at = ?, stopped_why = ? WHERE id = ? AND stopped_at IS NULL"


@dataclass(frozen=True, slots=True)
class Call:
    """What one webhook is to be told of one command. Its id is the receiver's idempotency key."""

    id: str
    webhook: str
    case: str
    number: str
    process: str
    revision: int
    events: list[dict[str, Any]]
    at: datetime
    state: str  # pending | sent | dead
    attempts: int
    due: datetime  # the next try; of a finished one, when it is removed
    tried_at: datetime | None
    status: int | None  # of HTTP, of the last try
    error: str | None


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a call. `error` None: it has arrived."""

    call: Call
    status: int | None
    error: str | None = None
    gone: bool = False  # the receiver says that nobody listens there any more


def call_of(row: Any) -> Call:
    """A row of `COLUMNS`."""
    id, webhook, case, number, process, revision, events, at, state, attempts, due, tried, status, error = row
    return Call(
        id, webhook, case, number, process, revision, json.loads(events), moment(at), state, attempts, moment(due),
        None if tried is None else moment(tried), status, error,
    )  # fmt: skip


class Calls:
    """Takes what is due and notes what came of it."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._skip = " FOR UPDATE SKIP LOCKED" if runner.database.dialect == "postgresql" else ""

    def take(self, now: datetime, limit: int = 200, seconds: int = 120) -> list[Call]:
        """Takes calls that are due, the longest due first; one not reported within `seconds` is due again."""

        def take(connection: Connection) -> list[Call]:
            rows = connection.all(DUE + self._skip, (micros(now), limit))
            for row in rows:
                connection.run(TAKE, (micros(now + timedelta(seconds=seconds)), row[0]))
            return [call_of(row) for row in rows]

        return self._runner.write(take, machine=True)

    def report(self, tried: list[Tried], now: datetime, untried: Iterable[Call] = ()) -> None:
        """Notes what came of calls; one that failed is tried again ever more seldom, and in the end given up.
        `untried`: what was taken and has to wait a little more."""

        def note(connection: Connection) -> None:
            for one in tried:
                call, at = one.call, micros(now)
                if one.error is None:
                    connection.run(SENT, (micros(now + KEEP["sent"]), at, one.status, call.id))
                    continue
                dead = one.gone or call.attempts + 1 >= TRIES
                later = timedelta(seconds=backoff(call.attempts + 1, FIRST, FACTOR, LONGEST))
                due = micros(now + (KEEP["dead"] if dead else later))
                state = "dead" if dead else "pending"
                connection.run(FAILED, (state, due, at, one.status, storable(one.error), call.id))
                if one.gone:
                    connection.run(STOP, (at, storable(one.error), call.webhook))
            for call in untried:
                connection.run(TAKE, (micros(now + timedelta(seconds=FIRST)), call.id))

        self._runner.write(note, machine=True)

    def again(self, webhook: str, call: str, now: datetime) -> bool:
        """Tries a call again from the beginning, whatever came of it; False if there is none such."""
        return self._runner.write(lambda connection: connection.run(AGAIN, (micros(now), call, webhook))) == 1

    def tidy(self, now: datetime) -> int:
        """Removes what has been finished for long; how many."""
        return self._runner.write(
            lambda connection: sum(connection.run(OLD, (state, micros(now))) for state in KEEP), machine=True
        )
