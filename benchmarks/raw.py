"""The raw loop: what a stateless engine at least must do for each action, in Python's sqlite3 and nothing else.

For each action, in its own transaction: select the state by id, decode it, change it, encode it to about 1 KB,
update it guarded by its revision, insert one history row of 200 bytes, insert or update one or two task rows.
"""

import sqlite3
from pathlib import Path

import msgspec

from benchmarks.rounds import rate

ACTIONS = 5  # of one case
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

TABLES = """
CREATE TABLE cases (id TEXT PRIMARY KEY, revision INTEGER, state TEXT);
CREATE TABLE history (case_id TEXT, seq INTEGER, content BLOB, PRIMARY KEY (case_id, seq));
CREATE TABLE tasks (case_id TEXT, id INTEGER, queue TEXT, status TEXT, due INTEGER, PRIMARY KEY (case_id, id));
CREATE INDEX open_tasks ON tasks (queue, due, case_id, id) WHERE status = 'open';
"""


class Raw:
    """One client of the raw loop. `synchronous` is FULL or NORMAL."""

    def __init__(self, folder: Path, synchronous: str) -> None:
        self.connection = sqlite3.connect(folder / f"raw-{synchronous}.db", isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute(f"PRAGMA synchronous = {synchronous}")
        if self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
            self.connection.executescript(TABLES)
        self.row = b"h" * 200
        self.count = 0

    def case(self) -> None:
        """The five actions of one case."""
        run = self.connection.execute
        self.count += 1
        case = f"{self.count:032x}"
        state = {"data": {f"field{i}": "x" * 70 for i in range(8)}, "tokens": {}, "seq": 0, "more": "y" * 280}
        run("BEGIN IMMEDIATE")
        run("INSERT INTO cases VALUES (?, 1, ?)", (case, _encode(state).decode()))
        run("INSERT INTO history VALUES (?, 1, ?)", (case, self.row))
        run("INSERT INTO tasks VALUES (?, 1, 'desk', 'open', 1)", (case,))
        run("COMMIT")
        for action in range(2, ACTIONS + 1):
            run("BEGIN IMMEDIATE")
            revision, text = run("SELECT revision, state FROM cases WHERE id = ?", (case,)).fetchone()
            state = _decode(text)
            state["seq"] = action
            run(
                "UPDATE cases SET revision = ?, state = ? WHERE id = ? AND revision = ?",
                (revision + 1, _encode(state).decode(), case, revision),
            )
            run("INSERT INTO history VALUES (?, ?, ?)", (case, action, self.row))
            run("UPDATE tasks SET status = 'done' WHERE case_id = ? AND id = ?", (case, action - 1))
            if action < ACTIONS:
                run("INSERT INTO tasks VALUES (?, ?, 'desk', 'open', 1)", (case, action))
            run("COMMIT")

    def cases(self, count: int) -> None:
        for _ in range(count):
            self.case()

    def rate(self, count: int) -> float:
        """Actions a second over so many cases."""
        return rate(count * ACTIONS, lambda: self.cases(count))
