"""Counts what has come to history since it last looked, in small transactions, and what is open now.

Theory of operation. A look finds cases with new rows (`reports.follow`), reads their histories outside of any
transaction, and adds up the facts of rows that were not counted yet. One transaction then adds the sums, notes of each
case up to which row it is counted, and moves the mark, on the condition that nobody else has moved it: of two
collectors one starts over, and nothing is counted twice. Cut off anywhere, it goes on at the mark.

A destroyed case cannot be read any more; what was counted of it stays counted. The zone stands beside the mark: in
another one days have other borders, and all is counted anew.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from engine.core.durations import Calendar
from engine.core.env import Versions
from engine.core.events import Event
from engine.runtime.cipher import VaultError
from engine.runtime.database import Connection
from engine.runtime.history import whole
from engine.runtime.projection import table_of
from engine.runtime.runner import Runner
from engine.runtime.statements import Statements
from engine.runtime.tables import micros, moment
from engine.runtime.vault import Vault
from reports.facts import facts
from reports.follow import BEGINNING, FOLLOW, micros_of
from reports.now import count_open
from reports.reader import Fact, Judged, Reader
from reports.sums import Sums
from reports.tables import CountedCase, OpenSum
from sla.explain import explain, measured

EVERY = timedelta(minutes=1)
"""How old figures become before the worker counts again."""
ROWS = 2_000
"""Rows of history that are looked at together."""
LONGEST = timedelta(seconds=2)
"""For how long one look counts, before the worker sees to other work again."""

FORM = 1
"""Rises when more is counted than before: what older programs counted is then counted anew."""

STATE = "SELECT value FROM meta WHERE key = 'reports'"
_MAKE = "INSERT INTO meta (key, value) VALUES ('reports', ?) ON CONFLICT DO NOTHING"
_MOVE = "UPDATE meta SET value = ? WHERE key = 'reports' AND value = ?"
KEY = "SELECT key FROM cases WHERE id = ?"
_COUNTED = ("report_cases", "report_missed", "report_extended", "report_runs", "report_times", "report_open")

_NAMING = ("report_cases", "report_missed", "report_extended")
"""Tables whose rows name a case."""

Events = list[tuple[int, datetime, list[Event]]]


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far history is counted. `at`: everything until then is (microseconds); 0: not once yet. `form`: what is
    counted, see `FORM`."""

    zone: str
    mark: str = BEGINNING
    at: int = 0
    form: int = 0

    def holds(self, zone: str) -> bool:
        """Whether what was counted is what would be counted now."""
        return (self.zone, self.form) == (zone, FORM)


def state(connection: Connection) -> State | None:
    """How far the collector has come; None before its first look."""
    row = connection.one(STATE)
    return None if row is None else msgspec.json.decode(row[0], type=State)


class Collector:
    """versions, calendars: as they are now. decode: the events of a row of history."""

    def __init__(
        self,
        runner: Runner,
        vault: Vault,
        versions: Versions,
        calendars: Callable[[], Mapping[str, Calendar]],
        decode: Callable[[bytes], Iterable[Event]],
        zone: Callable[[], str],
    ) -> None:
        self._runner = runner
        self._vault = vault
        self._versions = versions
        self._calendars = calendars
        self._decode = decode
        self._zone = zone
        self._statements = Statements(runner.database.dialect)
        self._connection = runner.database.connect()

    def due(self, now: datetime) -> bool:
        """Whether the figures have become old, or history is not counted to its end yet."""
        known = state(self._connection)
        return known is None or not known.holds(self._zone()) or not 0 <= micros(now) - known.at < micros_of(EVERY)

    def run(self, now: datetime, longest: timedelta | None = None, clock: Callable[[], float] | None = None) -> int:
        """Counts until history is counted to its end, or for so long by the clock (seconds); how many cases."""
        begun, done = clock() if clock is not None else 0.0, 0
        while True:
            cases, more = self.once(now)
            done += cases
            if not more or (longest and clock is not None and clock() - begun > longest.total_seconds()):
                return done

    def once(self, now: datetime) -> tuple[int, bool]:
        """Counts one batch; how many cases had anything new, and whether there is more. Raises StoreError."""
        connection = self._connection
        row = connection.one(STATE)
        known = msgspec.json.decode(row[0], type=State) if row is not None else State(self._zone(), form=FORM)
        if not known.holds(self._zone()):
            self._runner.write(lambda writing: _forget(writing, row[0]), machine=True)
            return 0, True
        found = FOLLOW[self._runner.database.dialect](connection, known.mark, now, ROWS)
        sums, counted = Sums(ZoneInfo(known.zone)), dict[str, int]()
        for case, seq in found.cases.items():
            before = connection.one("SELECT seq FROM report_cases WHERE case_id = ?", (case,))
            if before is None or before[0] < seq:
                last = self._count(sums, case, before[0] if before is not None else 0, now)
                counted |= {case: last} if last else {}
        sums.settle(connection)
        at = known.at if found.more else micros(now)
        # Looked at together with what is counted, so that the page has one moment for all of it.
        opened = None if found.more else count_open(connection, now)
        after = msgspec.json.encode(State(known.zone, found.mark, at, FORM)).decode()
        self._runner.write(lambda writing: self._write(writing, row, after, sums, counted, opened), machine=True)
        return len(counted), found.more

    def close(self) -> None:
        self._connection.close()

    def _count(self, sums: Sums, case: str, counted: int, now: datetime) -> int:
        """Adds what is new of a case, and returns the number of its newest row; 0 when it cannot be read."""
        try:
            rows = whole(self._connection, self._vault, case)
        except VaultError:
            return 0  # destroyed; or tampered with, which `verify` tells
        history: Events = [(row.seq, moment(row.at), list(self._decode(row.events))) for row in rows]
        reader, new = facts(self._versions, history, counted)
        sums.add(case, reader.number, new, self._lost(reader, history, new, now))
        return history[-1][0] if history else 0

    def _lost(self, reader: Reader, history: Events, new: Iterable[Fact], now: datetime) -> dict[int, tuple[str, str]]:
        """Where the runs that are new and late lost their time."""
        late = {(one.clock, one.run, one.since): one.id for one in new if isinstance(one, Judged)
                and one.judged == "late"}  # fmt: skip
        if not late or reader.process is None:
            return {}
        try:
            told = explain(reader.process, [(at, events) for _, at, events in history], self._calendars(), now)
        except LookupError:
            return {}  # a calendar that is not there any more
        found = {}
        for one in told:
            run = late.get((one.clock.name, one.run, one.since))
            if run is not None:
                steps, amount = one.lost()
                found[run] = (f" {' '.join(steps)} " if steps else "", measured(amount, one.unit))
        return found

    def _write(
        self,
        writing: Connection,
        row: Any,
        after: str,
        sums: Sums,
        counted: Mapping[str, int],
        opened: list[Any] | None,
    ) -> None:
        moved = writing.run(_MAKE, (after,)) if row is None else writing.run(_MOVE, (after, row[0]))
        if not moved:
            return  # another collector was faster; what we found is found again
        sums.write(writing, self._statements)
        if counted:
            table = table_of(CountedCase)
            writing.bulk(self._statements.upsert(table, ["case_id", "seq"], ["seq"]), list(counted.items()))
            # One that was destroyed while it was read leaves no row that names it.
            gone = [row for row in counted if (found := writing.one(KEY, (row,))) is None or found[0] is None]
            for name in _NAMING:
                for case in gone:
                    writing.run(f"DELETE FROM {name} WHERE case_id = ?", (case,))
        if opened is not None:
            writing.run("DELETE FROM report_open")
            if opened:
                table = table_of(OpenSum)
                writing.bulk(self._statements.insert(table, [column.name for column in table.columns]), opened)


def _forget(writing: Connection, before: str) -> None:
    """Begins anew: in another zone, or as more is counted."""
    if writing.run("DELETE FROM meta WHERE key = 'reports' AND value = ?", (before,)):
        for table in _COUNTED:
            writing.run(f"DELETE FROM {table}")
