"""A database with many open cases, each on its first task with a timer running: copies of one real case.

Theory of operation. One case is started through the runner. Its rows are the pattern: a copy has another id, another
number and other moments in them, a key of its own, and a row of history that is encrypted and chained as the runner
does it; so every copy is a case like any other, and `verify` finds it whole. The copies lie in the past, one after
the other, and are written in bulk without syncing.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.installation import DATA, HERE, WHO, Installation, accepted, opened
from engine.core.commands import StartCase
from engine.runtime.chain import START
from engine.runtime.clock import FRESH, new_id
from engine.runtime.history import StoredRow, decode_row, encode_row
from engine.runtime.statements import Statements
from engine.runtime.tables import metadata, micros, moment

PROCESS = "patient"
APART = timedelta(seconds=2)
WAIT = timedelta(hours=720)
"""How long the timer of the first task runs, as the process says."""
QUEUES = ("desk", "counter", "night")
"""The queues of the first tasks, in turn."""
TABLES = ("cases", "history", "tasks", "timers")
CHUNK = 10_000

Row = dict[str, Any]


class Stored:
    """An installation with so many open cases. `ids`: theirs, the oldest first; `task` of each is open, at `step`."""

    def __init__(self, folder: Path, count: int, people: Path = HERE / "people.yaml", url: str = "") -> None:
        self.installation = Installation(folder, people=people, url=url)
        self.first = datetime.now(UTC).replace(microsecond=0) - count * APART
        self.ids: list[str] = []
        caseway = self.installation.caseway
        template = accepted(caseway.start(StartCase(PROCESS, {**DATA, "desk": QUEUES[0]}), WHO))
        ((self.task, self.step),) = opened(template)
        rows = {table: self._row(table, template.case) for table in TABLES}
        bulk = caseway.database.connect()
        dialect = caseway.database.dialect
        bulk.run({"sqlite": "PRAGMA synchronous = OFF", "postgresql": "SET synchronous_commit = off"}[dialect])
        self._write(bulk, rows, count, Statements(dialect))
        bulk.all({"sqlite": "PRAGMA wal_checkpoint(TRUNCATE)"}.get(dialect, "SELECT 1"))
        if dialect == "postgresql":
            bulk.run("VACUUM ANALYZE")
        bulk.close()

    def due(self, index: int) -> datetime:
        """When the timer of a case fires."""
        return self.first + index * APART + WAIT

    def close(self) -> None:
        self.installation.close()

    # --- copies -----------------------------------------------------------------------------------------

    def _row(self, table: str, case: str) -> Row:
        names = [column.name for column in metadata.tables[table].columns]
        quoted = ", ".join(f'"{name}"' for name in names)
        key = "id" if table == "cases" else "case_id"
        found = self.installation.caseway.connection.one(f"SELECT {quoted} FROM {table} WHERE {key} = ?", (case,))
        return dict(zip(names, found, strict=True))

    def _write(self, connection: Any, rows: dict[str, Row], count: int, statements: Statements) -> None:
        sql = {table: statements.insert(metadata.tables[table], list(row)) for table, row in rows.items()}
        waiting: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
        for index, copy in enumerate(self._copies(rows, count), 1):
            for table, row in copy.items():
                waiting[table].append(tuple(row.values()))
            if index % CHUNK == 0 or index == count:
                connection.begin()
                for table, found in waiting.items():
                    connection.bulk(sql[table], found)
                    found.clear()
                connection.commit()

    def _copies(self, rows: dict[str, Row], count: int) -> Iterator[dict[str, Row]]:
        vault = self.installation.caseway.vault
        case, history = rows["cases"], rows["history"]
        before = moment(case["started_at"])
        first = decode_row(vault.cipher(case["id"], case["key"]), START, StoredRow(**history))
        old = (case["id"], case["number"], _written(before), _written(before + WAIT), *_desk(QUEUES[0]))
        for index in range(count):
            at = self.first + index * APART
            ident, number, stamp, queue = new_id(at), f"P-{index}", micros(at), QUEUES[index % len(QUEUES)]
            self.ids.append(ident)
            new = (ident, number, _written(at), _written(at + WAIT), *_desk(queue))
            key = vault.new_key(ident)
            row = encode_row(
                vault.cipher(ident, key), START, ident, 1, FRESH + ident, stamp, actor=first.actor,
                command=_patched(first.command, old, new), answer=_patched(first.answer, old, new),
                events=_patched(first.events, old, new),
            )  # fmt: skip
            yield {
                "cases": case
                | {
                    "id": ident, "number": number, "key": key, "head": row.hash, "started_at": stamp,
                    "last_at": stamp, "state": _patched(case["state"].encode(), old, new).decode(),
                },
                "history": row._asdict(),
                "tasks": rows["tasks"] | {"case_id": ident, "number": number, "queue": queue, "opened_at": stamp},
                "timers": rows["timers"] | {"case_id": ident, "due": micros(at + WAIT)},
            }  # fmt: skip


def _desk(queue: str) -> tuple[str, str]:
    """Where the queue stands in the data and in the task, as JSON."""
    return f'"desk":"{queue}"', f'"queue":"{queue}"'


def _written(at: datetime) -> str:
    """A moment as JSON has it."""
    return at.isoformat().replace("+00:00", "Z")


def _patched(text: bytes, old: tuple[str, ...], new: tuple[str, ...]) -> bytes:
    for before, after in zip(old, new, strict=True):
        text = text.replace(before.encode(), after.encode())
    return text
