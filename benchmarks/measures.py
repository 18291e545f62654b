"""What is measured: each function returns the figures behind some of the named values."""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.installation import WHO, Installation
from benchmarks.lint import lint
from benchmarks.pages import HANDLERS, LASTS, TASKS, lists
from benchmarks.pages import handlers as worked
from benchmarks.pg import compared, crowded
from benchmarks.pooled import pooled
from benchmarks.raw import ACTIONS, Raw
from benchmarks.rebased import rebased
from benchmarks.reports import reports as figured
from benchmarks.rounds import Figures, interleaved, percentile, ratio, seconds
from benchmarks.spiff import Spiff
from benchmarks.stored import Stored
from engine.core.commands import Command
from engine.core.durations import Duration
from engine.language.source import read
from engine.runtime.answers import Answer
from engine.runtime.tables import micros
from sla.calendar_files import load_calendar
from tasks.next import claim_next
from tasks.queries import candidates
from tasks.tables import TaskRow
from workbench.rehearsal.plan import load as load_plan
from workbench.rehearsal.running import replication

SHIPPED = Path(__file__).parent.parent / "processes"
CALENDAR = SHIPPED / "calendars" / "insurer.yaml"
REHEARSAL = SHIPPED / "samples" / "rehearsals" / "claims.yaml"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    cases: int  # of each contestant in a round
    stored: int  # in the big database
    few: int  # in the small one
    actions: int  # on random stored cases in a round
    timers: int  # that fire in a round
    handlers: int  # who work over HTTP
    tasks: int  # that they find
    lasts: float  # seconds that they work
    deadlines: int  # in a round
    jobs: int  # on a pool of Prefect's, in a round
    rehearsed: int  # days of a rehearsal
    claims: int  # whose clocks are counted again


FULL = Size(
    rounds=7,
    cases=400,
    stored=1_000_000,
    few=10_000,
    actions=500,
    timers=1_000,
    handlers=HANDLERS,
    tasks=TASKS,
    lasts=LASTS,
    deadlines=20_000,
    jobs=400,
    rehearsed=28,
    claims=2_000,
)
QUICK = Size(
    rounds=5,
    cases=60,
    stored=30_000,
    few=3_000,
    actions=100,
    timers=200,
    handlers=20,
    tasks=3_000,
    lasts=5,
    deadlines=2_000,
    jobs=200,
    rehearsed=5,
    claims=200,
)

Result = tuple[str, float, Figures]
"""A value by its name, with the figures behind it."""


def actions(folder: Path, size: Size) -> Iterator[Result]:
    """The reference case from start to end: ours, raw and SpiffWorkflow, in actions a second."""
    for name in ("full", "normal"):
        (folder / name).mkdir()
    full, normal = Installation(folder / "full"), Installation(folder / "normal", unsafe=True)
    raw_full, raw_normal, spiff = Raw(folder, "FULL"), Raw(folder, "NORMAL"), Spiff(folder)
    found = interleaved(
        {
            "raw_full": lambda: raw_full.rate(size.cases),
            "one_client_full": lambda: full.rate(size.cases),
            "16_clients_full": lambda: full.rate(size.cases, 16),
            "raw_normal": lambda: raw_normal.rate(size.cases),
            "one_client_normal": lambda: normal.rate(size.cases),
            "spiffworkflow": lambda: spiff.rate(max(10, size.cases // 5)),
        },
        size.rounds,
    )
    full.close()
    normal.close()
    yield _against("actions_one_client_full_vs_raw", found, "one_client_full", "raw_full")
    yield _against("actions_one_client_normal_vs_raw", found, "one_client_normal", "raw_normal")
    yield _against("actions_16_clients_full_vs_raw", found, "16_clients_full", "raw_full")
    yield _against("actions_vs_spiffworkflow", found, "one_client_normal", "spiffworkflow")


def stored(folder: Path, size: Size) -> Iterator[Result]:
    """What a large database does to actions, to the next task and to timers."""
    few, many = Stored(_made(folder / "few"), size.few), Stored(_made(folder / "many"), size.stored)
    raw = sqlite3.connect(_copied(folder / "many" / "caseway.db", folder / "rows.db"), isolation_level=None)
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("PRAGMA cache_size = -65536")
    yield from lists(many, size.rounds)
    yield _growth(few, many, size)
    yield _claims(many, raw, size)
    yield _timers(many, raw, Raw(folder, "FULL"), size)
    few.close()
    many.close()
    raw.close()


def postgres(folder: Path, size: Size) -> Iterator[Result]:
    """The same on PostgreSQL, with sixteen clients, against sixteen raw connections."""
    found = compared(folder / "one", size.rounds, size.cases)
    yield _against("pg_actions_16_clients_vs_raw", found, "16_clients", "raw_16")
    yield _against("pg_two_processes_vs_one", found, "two_processes", "16_clients")
    yield _against("pg_actions_vs_dbos", found, "16_clients", "dbos")
    yield _against("pg_actions_vs_prefect_flow_runs", found, "16_clients", "prefect_flow_runs")
    found = crowded(folder / "many", size.rounds, size.stored)
    yield _against("pg_claim_next_1m_p99_vs_raw", found, "claim_p99_ms", "raw_claim_p99_ms")
    yield "pg_queue_list_1m_p99_ms", percentile(found["list_p99_ms"], 0.5), {"list_p99_ms": found["list_p99_ms"]}


def handlers(folder: Path, size: Size) -> Iterator[Result]:
    """Handlers who take and complete tasks over HTTP, side by side."""
    yield from worked(folder / "house", size.tasks, size.handlers, size.lasts)


def reports(folder: Path, size: Size) -> Iterator[Result]:
    """The pages of reports over so many closed cases."""
    yield from figured(folder, size.stored, min(size.rounds, 3))


def checks(folder: Path, size: Size) -> Iterator[Result]:
    """The full lint of all shipped processes, in seconds of CPU on one core."""
    reached, figures = lint(min(size.rounds, 5))
    yield "lint_s", reached, figures


def deadlines(folder: Path, size: Size) -> Iterator[Result]:
    """The average of a deadline in working days, in microseconds, anywhere in ten years."""
    calendar = load_calendar(read(CALENDAR.read_bytes(), CALENDAR.name).value)
    chance = random.Random(1)
    first = datetime(2017, 1, 1, tzinfo=UTC)
    asked = [
        (first + timedelta(minutes=chance.randrange(10 * 365 * 1440)), Duration(chance.randint(1, 60), "wd"))
        for _ in range(size.deadlines)
    ]

    def average() -> float:
        begin = time.process_time()  # nothing waits here: what others do to the machine does not count
        for start, limit in asked:
            calendar.due(start, limit)
        return (time.process_time() - begin) / size.deadlines * 1e6

    found = interleaved({"microseconds": average}, size.rounds)
    yield "deadline_us", percentile(found["microseconds"], 0.5), found


# --- on many stored cases -------------------------------------------------------------------------------


def _growth(few: Stored, many: Stored, size: Size) -> Result:
    """Actions on random old cases, each on another one."""

    def acting(on: Stored) -> Callable[[], float]:
        left = on.ids[len(on.ids) // 3 :]  # the oldest are for the next task and the timers
        random.Random(2).shuffle(left)

        def run() -> float:
            chosen, left[:] = left[: size.actions], left[size.actions :]
            return size.actions / seconds(lambda: [on.installation.complete(c, on.task, on.step) for c in chosen])

        return run

    found = interleaved({"few": acting(few), "many": acting(many)}, size.rounds)
    return _against("growth_1m_vs_10k", found, "many", "few")


def _claims(many: Stored, raw: sqlite3.Connection, size: Size) -> Result:
    """Taking the best task of a queue, at the default durability; both in turn, task by task."""
    caseway = many.installation.caseway
    seen = _Seen()
    candidates(seen, WHO, caseway.directory.serving(WHO))  # type: ignore[arg-type]  # all that it asks for
    table = TaskRow.__tablename__
    take = f"UPDATE {table} SET status = 'claimed', holder = ? WHERE case_id = ? AND id = ? AND status = 'open'"

    def ask(case: str, command: Command) -> Answer:
        return caseway.ask(case, command, WHO)

    def ours() -> None:
        assert claim_next(caseway.connection, caseway.directory, WHO, ask, caseway.clock.now()) is not None

    def theirs() -> None:
        raw.execute("BEGIN IMMEDIATE")
        best = raw.execute(seen.sql, seen.parameters).fetchall()[0]
        assert raw.execute(take, (WHO, best[0], best[1])).rowcount == 1
        raw.execute("COMMIT")

    found: Figures = {"claim_next_p99_us": [], "raw_p99_us": []}
    for turn in range(size.rounds + 1):
        took: list[list[float]] = [[], []]
        for _ in range(200):
            took[0].append(seconds(ours))
            took[1].append(seconds(theirs))
        if turn:
            for name, times in zip(found, took, strict=True):
                found[name].append(percentile(times, 0.99) * 1e6)
    return _against("claim_next_1m_p99_vs_raw", found, "claim_next_p99_us", "raw_p99_us")


def _timers(many: Stored, raw: sqlite3.Connection, actions: Raw, size: Size) -> Result:
    """Firing what is due, each timer into its case, in seconds."""
    sweeper = many.installation.caseway.sweeper
    due = [many.due(size.timers * (turn + 1) - 1) for turn in range(size.rounds + 1)]
    moments, raw_moments = iter(due), iter(due)

    def ours() -> float:
        now = next(moments)
        begin = time.perf_counter()
        swept = sweeper.run_once(now)
        took = time.perf_counter() - begin
        assert swept is not None and swept.timers == size.timers, swept
        return took

    def delete() -> None:
        rows = raw.execute(
            "SELECT due, case_id, slice, id FROM timers WHERE due <= ? ORDER BY due, case_id, slice, id",
            (micros(next(raw_moments)),),
        ).fetchall()
        assert len(rows) == size.timers
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany("DELETE FROM timers WHERE case_id = ? AND slice = ? AND id = ?", [row[1:] for row in rows])
        raw.execute("COMMIT")

    def theirs() -> float:
        return seconds(delete) + size.timers / actions.rate(size.timers // ACTIONS)

    found = interleaved({"timers_s": ours, "raw_s": theirs}, size.rounds)
    return _against("timers_1m_vs_raw", found, "timers_s", "raw_s")


class _Seen:
    """Stands where a connection is wanted, and keeps the statement."""

    sql = ""
    parameters: Any = ()

    def all(self, sql: str, parameters: Any = ()) -> list[Any]:
        self.sql, self.parameters = sql, parameters
        return []


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _copied(database: Path, to: Path) -> Path:
    """Tasks and timers, with their indexes, in a database of their own."""
    with closing(sqlite3.connect(to, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode = WAL")
        copy.execute("PRAGMA synchronous = OFF")
        copy.execute("ATTACH ? AS theirs", (str(database),))
        for kind, sql in (("table", True), ("index", False)):
            found = "SELECT name, sql FROM theirs.sqlite_master WHERE type = ? AND tbl_name IN ('tasks', 'timers')"
            for name, statement in copy.execute(f"{found} AND sql IS NOT NULL", (kind,)).fetchall():
                copy.execute(statement)
                if sql:
                    copy.execute(f"INSERT INTO main.{name} SELECT * FROM theirs.{name} ORDER BY case_id")
    return to


def _against(name: str, found: Figures, ours: str, theirs: str) -> Result:
    return name, ratio(found, ours, theirs), {ours: found[ours], theirs: found[theirs]}


def prefect(folder: Path, size: Size) -> Iterator[Result]:
    """Jobs a second on a pool of Prefect's, by one worker, its server beside it."""
    reached, figures = pooled(folder, size.jobs, 3)
    yield "prefect_jobs_s", reached, figures


def recounts(folder: Path, size: Size) -> Iterator[Result]:
    """Clocks counted again a second on another calendar."""
    yield from rebased(folder, size.claims, size.rounds)


def rehearsal(folder: Path, size: Size) -> Iterator[Result]:
    """Answered actions a second of a rehearsal of the claims floor, as shipped."""
    plan = load_plan(REHEARSAL)
    found = interleaved({"actions_s": lambda: replication(replace(plan, days=size.rehearsed), 1).rate}, 2)
    yield "rehearsal_actions_s", percentile(found["actions_s"], 0.5), found
