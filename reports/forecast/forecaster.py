"""Learns, process by process, once a day; and tells the chance of each open run, in lots.

Theory of operation. What is learnt of a clock comes from cases of the last year, of many cases some, drawn by their
ids, so that quick ones are no more among them than slow ones. For the same reason only runs whose deadline has passed
are learnt from: of those that have still time only the quick are closed, and they would make all seem quicker.

A chance changes as time goes by and as the case moves. A look takes the cases that have changed since, or whose chances
have become old, those never told of first; it reads each history once for all clocks of the case, outside of any
transaction, and writes a lot at a time. Cut off anywhere, the next look goes on from there.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

from engine.core.durations import Calendar
from engine.core.env import Versions
from engine.core.events import Event
from engine.runtime.cipher import VaultError
from engine.runtime.history import whole
from engine.runtime.runner import Runner
from engine.runtime.statements import Statements
from engine.runtime.tables import micros, moment
from engine.runtime.vault import Vault
from reports.forecast import keep
from reports.forecast.fitting import Settled, learn
from reports.forecast.model import Forecast
from reports.forecast.moments import Moment, Watch, watch

EVERY = timedelta(days=1)
"""How old what was learnt becomes before it is learnt anew."""
FRESH = timedelta(hours=1)
"""How old a chance becomes before it is told anew, where nothing has changed but the time."""
PAST = timedelta(days=365)
"""Cases that began within it are learnt from."""
CASES = 4_000
"""Cases of a process that are learnt from, about, at most."""
LOT = 200
"""Cases whose chances are written together."""
MOST = 5_000
"""Cases that a look takes, at most."""

_RUNS = "SELECT id, clock, deadline, breached, closed_at, paused_since FROM clocks WHERE case_id = ?"


class Forecaster:
    """versions, calendars: as they are now. names: of the processes. decode: the events of a row of history."""

    def __init__(
        self,
        runner: Runner,
        vault: Vault,
        versions: Versions,
        names: Callable[[], Iterable[str]],
        calendars: Callable[[], Mapping[str, Calendar]],
        decode: Callable[[bytes], Iterable[Event]],
    ) -> None:
        self._runner = runner
        self._vault = vault
        self._versions = versions
        self._names = names
        self._calendars = calendars
        self._decode = decode
        self._statements = Statements(runner.database.dialect)
        self._connection = runner.database.connect()

    def run(self, now: datetime, going: Callable[[], bool] = lambda: True) -> int:
        """Learns what is old, and tells chances that are; how many cases. going: asked between, whether to go on.
        Raises StoreError."""
        looked = keep.looked(self._connection)
        for process in sorted(self._names()):
            if going() and not (process in looked and timedelta(0) <= now - looked[process] < EVERY):
                self.learn(process, now, going)
        return self.tell(now, now - FRESH, going)

    def learn(self, process: str, now: datetime, going: Callable[[], bool] = lambda: True) -> None:
        """Learns what the settled runs of a process say of each of its clocks."""
        settled: dict[str, list[Settled]] = {}
        for case in self._drawn(process, now):
            if not going():
                return
            for clock, one in self._settled(case, now):
                settled.setdefault(clock, []).extend(one)
        found = {clock: learn(runs) for clock, runs in sorted(settled.items())}
        self._runner.write(lambda writing: keep.keep(writing, process, found, now), machine=True)

    def tell(self, now: datetime, before: datetime, going: Callable[[], bool] = lambda: True) -> int:
        """Tells the chances of cases that have changed, or were told of before a moment; of how many."""
        known = {(one.process, one.clock): one.forecast for one in keep.learnt(self._connection)}
        cases = keep.waiting(self._connection, before, now, MOST)
        done = 0
        for begin in range(0, len(cases), LOT):
            if not going():
                break
            lot = cases[begin : begin + LOT]
            rows = [row for case, revision in lot for row in self._told(case, revision, known, now)]
            self._runner.write(partial(keep.note, self._statements, rows), machine=True)
            done += len(lot)
        self._runner.write(keep.tidy, machine=True)
        return done

    def of_case(self, case: str, now: datetime) -> list[tuple[Moment, Forecast | None]]:
        """Each open run of a case that is not late, as it stands now, with what was learnt of its clock."""
        watched = self._watched(case)
        known = {(one.process, one.clock): one.forecast for one in keep.learnt(self._connection)}
        found = watched.now(max(now, watched.last or now)) if watched is not None else []
        return [(moment, known.get((moment.process, moment.clock))) for moment in found]

    def close(self) -> None:
        self._connection.close()

    # --- reading cases ----------------------------------------------------------------------------

    def _drawn(self, process: str, now: datetime) -> list[str]:
        """The cases of the last year; of too many those whose ids, which are random, end low."""
        where, given = "process = ? AND started_at >= ? AND key IS NOT NULL", [process, micros(now - PAST)]
        count = int(self._connection.one(f"SELECT count(*) FROM cases WHERE {where}", given)[0])
        if count > CASES:
            where, given = f"{where} AND substr(id, length(id) - 2) < ?", [*given, f"{4096 * CASES // count:03x}"]
        return [row[0] for row in self._connection.all(f"SELECT id FROM cases WHERE {where} ORDER BY id", given)]

    def _watched(self, case: str) -> Watch | None:
        """None for a case that cannot be read: destroyed, or tampered with, which `verify` tells."""
        try:
            rows = whole(self._connection, self._vault, case)
        except VaultError:
            return None
        return watch(self._versions, self._calendars(), [(moment(row.at), self._decode(row.events)) for row in rows])

    def _settled(self, case: str, now: datetime) -> list[tuple[str, list[Settled]]]:
        """Each run of a case by its clock, with what can be learnt from it: nothing while it has time."""
        runs = self._connection.all(_RUNS, (case,))
        over = {row[0] for row in runs if row[2] < (micros(now) if row[5] is None or row[4] is not None else row[5])}
        watched = self._watched(case) if over else None
        found = []
        for run, clock, deadline, breached in (row[:4] for row in runs):
            traits = tuple(one.traits for one in watched.found if one.run == run) if watched is not None else ()
            # One that is open after its deadline is late, whenever it will close.
            settled = [Settled(moment(deadline), breached != 0, traits)] if run in over and traits else []
            found.append((clock, settled))
        return found

    def _told(
        self, case: str, revision: int, known: Mapping[tuple[str, str], Forecast], now: datetime
    ) -> list[keep.Told]:
        watched = self._watched(case)
        if watched is None:
            return []
        moments = {one.run: one for one in watched.now(max(now, watched.last or now))}
        rows: list[keep.Told] = []
        for run, kept in watched.clocks.open.items():
            if kept.passed(now):
                continue  # late: nothing is left to foresee
            chance, why = said(moments.get(run), known)
            rows.append((case, run, chance, why, micros(now), revision))
        return rows


def said(moment: Moment | None, known: Mapping[tuple[str, str], Forecast]) -> tuple[int | None, str]:
    """The chance of a run, of 10,000; or why none can be told."""
    if moment is None:
        return None, "uncounted"
    forecast = known.get((moment.process, moment.clock))
    if forecast is None:
        return None, "not_yet"
    if forecast.model is None:
        return None, forecast.refused
    if forecast.model.unseen(moment.steps):
        return None, "unseen"
    return round(forecast.model.chance(moment.traits) * keep.WHOLE), ""
