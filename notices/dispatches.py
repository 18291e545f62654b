"""Dispatches in the database: made of notices, taken to be sent, reported on, tried again, given up.

Theory of operation. Spreading a notice writes a row for each way to each recipient and marks the notice as spread, in
one transaction; the rows' ids follow from their cause, so that doing it twice does it once. A worker takes what is
due: `due` moves to the moment at which it is due again should nobody report, and the try is counted. Whoever reports
names the try, so that a report which comes after another worker's taking changes nothing. What was sent may still be
sent twice (a worker dies between the sending and the report): each message carries its key, the id of its lot.

A digest is a lot of several rows. When the first of them is taken, those of the same recipient and channel that are
due as well join it: their lot is its id, and from then on they go with it, at every try, under its key.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.runtime.backoff import backoff
from engine.runtime.clock import derived_id
from engine.runtime.database import Connection
from engine.runtime.errors import storable
from engine.runtime.outbox import Notice, Outbox
from engine.runtime.projection import table_of
from engine.runtime.runner import Runner
from engine.runtime.statements import Statements
from engine.runtime.tables import micros, moment
from notices.people import Way
from notices.tables import Dispatch as Row

FIRST, FACTOR, LONGEST, TRIES = 30, 3, 6 * 3600, 12
"""Seconds to the second try, how much longer each next time, at most; tries in all: about a day and a half."""
LEASE = 300
"""Seconds in which a taken dispatch is reported on."""
KEEP = {"sent": timedelta(days=30), "dead": timedelta(days=90)}
"""How long a finished dispatch stays to be looked at."""
STATES = ("pending", "sent", "dead")

NOBODY = ("没有可以告知的人，或没有其联系方式", "nobody to tell, or no address of theirs")
OLD = ("积压过久，未再发送", "older than what is still sent")

COLUMNS = (
    "id", "notice", "case_id", "number", "template", "recipient", "channel", "digest", "urgent", "created", "state",
    "lot", "due", "attempts", "tried_at", "error",
)  # fmt: skip
_LIST = ", ".join(COLUMNS)
_DUE = f"SELECT {_LIST} FROM dispatches WHERE state = 'pending' AND due <= ? ORDER BY due, id LIMIT ?"
_TAKE = "UPDATE dispatches SET lot = ?, due = ?, attempts = attempts + 1 WHERE id = ?"
_JOIN = "UPDATE dispatches SET lot = ?, due = NULL WHERE id = ?"
_LOT = f"SELECT {_LIST} FROM dispatches WHERE lot = ? AND state = 'pending' ORDER BY created, id"
_LEADS = "id = ? AND state = 'pending' AND attempts = ?"
_LATER = f"UPDATE dispatches SET due = ?, attempts = ? WHERE {_LEADS}"
_FAILED = f"UPDATE dispatches SET due = ?, tried_at = ?, error = ? WHERE {_LEADS}"
_FINISH = (
    "UPDATE dispatches SET state = ?, due = ?, tried_at = ?, error = ? WHERE lot = ? AND state = 'pending' "
    "AND EXISTS (SELECT 1 FROM dispatches AS leader WHERE leader.id = ? AND leader.attempts = ?)"
)
_AGAIN = (
    "UPDATE dispatches SET state = 'pending', attempts = 0, due = CASE WHEN id = lot THEN ? END "
    "WHERE lot = ? AND state = 'dead'"
)
_SPREAD_AGAIN = "UPDATE outbox SET sent_at = NULL, due = ? WHERE id = ?"
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM dispatches WHERE state = ? LIMIT ?) AS counted"
_FORGET = "DELETE FROM dispatches WHERE id = ?"
_TIDY = "DELETE FROM dispatches WHERE state = ? AND due <= ?"


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One notice on one way to one recipient."""

    id: str
    notice: str
    case: str
    number: str
    template: str
    recipient: str
    channel: str
    digest: bool
    urgent: bool
    created: datetime
    state: str  # pending | sent | dead
    lot: str
    due: datetime | None
    attempts: int
    tried_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Lot:
    """What goes out as one message: the one that was taken, and those that go with it, itself among them."""

    leader: Dispatch
    parts: tuple[Dispatch, ...]

    @property
    def key(self) -> str:
        """The idempotency key: the same at every try."""
        return self.leader.id


class NotSent(Exception):
    """Why a message did not go out, in both languages. `final`: trying again would not help."""

    def __init__(self, zh: str, en: str, *, final: bool = False) -> None:
        super().__init__(en)
        self.kept = json.dumps({"zh": zh, "en": en}, ensure_ascii=False)
        self.final = final


def told(kept: str, language: str) -> str:
    """Why something did not arrive, as `NotSent` keeps it, in one language."""
    try:
        return str(json.loads(kept)[language])
    except (ValueError, KeyError, TypeError):
        return kept


class Dispatches:
    """What delivery needs of the store."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        dialect = runner.database.dialect
        self._skip = " FOR UPDATE SKIP LOCKED" if dialect == "postgresql" else ""
        self._insert = Statements(dialect).insert_new(table_of(Row), COLUMNS)
        self.outbox = Outbox(runner)

    def spread(self, notice: Notice, number: str, urgent: bool, ways: Sequence[Way], now: datetime) -> None:
        """Writes what a notice becomes; with that it has left the outbox. A way without a channel is a dead letter."""
        self._hand(notice, [_row(notice, number, urgent, way, now) for way in ways], now)

    def pass_over(self, notice: Notice, now: datetime) -> None:
        """A notice that is too old to be told leaves the outbox, with the reason."""
        self._hand(notice, [], now, NotSent(*OLD).kept)

    def _hand(self, notice: Notice, rows: list[Any], now: datetime, error: str | None = None) -> None:
        def write(connection: Connection) -> None:
            if rows:
                connection.bulk(self._insert, rows)
            self.outbox.leave(connection, notice, now, error)

        self._runner.write(write, machine=True)

    def take(self, now: datetime, limit: int = 100) -> list[Lot]:
        """Takes what is due, the longest due first; nobody else gets it while the lease lasts."""

        def take(connection: Connection) -> list[Lot]:
            rows = [dispatch_of(row) for row in connection.all(_DUE + self._skip, (micros(now), limit))]
            first: dict[tuple[str, str], str] = {}
            leaders: list[Dispatch] = []
            for one in rows:
                leader = (
                    first.setdefault((one.recipient, one.channel), one.id) if one.digest and not one.lot else one.id
                )
                if leader != one.id:
                    connection.run(_JOIN, (leader, one.id))
                    continue
                connection.run(_TAKE, (one.id, micros(now + timedelta(seconds=LEASE)), one.id))
                leaders.append(one)
            return [self._lot(connection, one.id) for one in leaders]

        return self._runner.write(take, machine=True)

    def _lot(self, connection: Connection, id: str) -> Lot:
        parts = tuple(dispatch_of(row) for row in connection.all(_LOT, (id,)))
        return Lot(next(one for one in parts if one.id == id), parts)

    def sent(self, lot: Lot, now: datetime) -> None:
        self._finish(lot, "sent", None, now)

    def failed(self, lot: Lot, error: NotSent, now: datetime) -> None:
        """It is tried again later, ever more seldom; after the last try, or a final fault, it is a dead letter."""
        if error.final or lot.leader.attempts >= TRIES:
            self._finish(lot, "dead", error.kept, now)
            return
        later = now + timedelta(seconds=backoff(lot.leader.attempts, FIRST, FACTOR, LONGEST))
        given = (micros(later), micros(now), storable(error.kept), lot.leader.id, lot.leader.attempts)
        self._runner.write(lambda connection: connection.run(_FAILED, given), machine=True)

    def postpone(self, lots: Iterable[tuple[Lot, datetime]]) -> None:
        """What was taken but not tried waits until then; the try does not count."""

        def write(connection: Connection) -> None:
            for lot, until in lots:
                one = lot.leader
                connection.run(_LATER, (micros(until), one.attempts - 1, one.id, one.attempts))

        self._runner.write(write, machine=True)

    def again(self, id: str, now: datetime) -> bool:
        """Tries a dead letter again from the beginning; False if there is none such. Where nobody could be told it is
        asked anew whom the notice is for."""

        def write(connection: Connection) -> bool:
            row = connection.one(f"SELECT {_LIST} FROM dispatches WHERE id = ? AND state = 'dead'", (id,))
            if row is None:
                return False
            found = dispatch_of(row)
            if found.channel:
                connection.run(_AGAIN, (micros(now), found.lot))
            else:
                connection.run(_SPREAD_AGAIN, (micros(now), found.notice))
                connection.run(_FORGET, (id,))
            return True

        return self._runner.write(write, machine=True)

    def tidy(self, now: datetime) -> int:
        """Removes what has been finished for long; how many."""
        return self._runner.write(
            lambda connection: sum(connection.run(_TIDY, (state, micros(now))) for state in KEEP), machine=True
        )

    def _finish(self, lot: Lot, state: str, error: str | None, now: datetime) -> None:
        given = (
            state, micros(now + KEEP[state]), micros(now), error and storable(error), lot.leader.id, lot.leader.id,
            lot.leader.attempts,
        )  # fmt: skip
        self._runner.write(lambda connection: connection.run(_FINISH, given), machine=True)


def listed(connection: Connection, state: str, after: str = "", limit: int = 50, case: str = "") -> list[Dispatch]:
    """Dispatches in a state, the newest first, those before an id; of one case, if one is named."""
    where, given = "state = ?", list[Any]([state])
    for clause, value in (("case_id = ?", case), ("id < ?", after)):
        if value:
            where, given = f"{where} AND {clause}", [*given, value]
    sql = f"SELECT {_LIST} FROM dispatches WHERE {where} ORDER BY id DESC LIMIT ?"
    return [dispatch_of(row) for row in connection.all(sql, (*given, limit))]


def count(connection: Connection, state: str, most: int) -> int:
    """How many dispatches are in a state, counted no further than `most`."""
    return int(connection.one(_COUNT, (state, most))[0])


def dispatch_of(row: Any) -> Dispatch:
    """A row of `COLUMNS`."""
    id, notice, case, number, template, to, channel, digest, urgent, created, state, lot, due, tries, tried, error = row
    return Dispatch(
        id, notice, case, number, template, to, channel, bool(digest), bool(urgent), moment(created), state, lot,
        None if due is None else moment(due), tries, None if tried is None else moment(tried), error,
    )  # fmt: skip


def _row(notice: Notice, number: str, urgent: bool, way: Way, now: datetime) -> Any:
    id = derived_id(notice.created, 0, notice.id, way.recipient, way.channel)
    head = (
        id, notice.id, notice.case, number, notice.template, way.recipient, way.channel, way.digest, urgent,
        micros(notice.created),
    )  # fmt: skip
    if not way.channel:
        kept = NotSent(*NOBODY).kept
        return (*head, "dead", id, micros(now + KEEP["dead"]), 0, micros(now), kept)
    return (*head, "pending", "" if way.digest else id, micros(way.due), 0, None, None)
