"""`verify` names the place of every change that somebody makes behind the engine's back (R13)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.core import commands as c
from engine.core.env import Env
from engine.core.flow import FLOW
from engine.core.machine import Machine
from engine.core.model import Block, Catch, End, Human, Service, Trigger
from engine.runtime import history, keys
from engine.runtime.anchors import FILE, anchor
from engine.runtime.answers import Accepted
from engine.runtime.chain import START, link
from engine.runtime.cipher import Destroyed, VaultError
from engine.runtime.database import Database
from engine.runtime.examine import Finding
from engine.runtime.history import StoredRow, decode_row, place
from engine.runtime.runner import Runner
from engine.runtime.vault import Vault
from engine.runtime.verify import Report, verify
from tasks import commands as t
from tasks.tables import projection as task_rows
from tasks.work import WORK
from tests.store.processes import Deployed
from tests.store.test_tasks_store import Office
from tests.store.test_tasks_store import Versions as TaskVersions
from tests.support.graph import MONDAY, after, graph, step, within, x

DONE = step("done", End("done"))
PROCESS = graph(
    step("a", Human(form=(("x",),)), "b", handlers=(after("120h", body="a/1"),)),
    step("a/1", Block("late")),
    within("a/1", step("late", Human())),
    step("b", Service("post", {"x": x("x")}, ((("", ("y",))),)), "c"),
    step("c", Catch(Trigger("message", "reply", key=x("text"))), "done"),
    DONE,
)
CASES = ("c1", "c2", "c3")


class Place:
    """An installation: database, key file, anchors, and three cases that stand at different steps."""

    def __init__(self, database: Database, vault: Vault, folder: Path) -> None:
        self.database = database
        self.vault = vault
        self.anchors = folder / FILE
        self.machine = Machine([FLOW])
        self.versions = Deployed({"test": PROCESS})
        self.now = MONDAY
        self.count = 0
        env = Env(MONDAY, versions=self.versions)
        self.runner = Runner(database, self.machine, self.versions, lambda: env, vault)
        self.behind = database.connect()
        for case in CASES:
            self.do(case, c.StartCase("test", {"text": case, "x": 1}))
        self.do("c2", c.CompleteTask(self.token("c2", "a"), data={"x": 2}))
        self.do("c3", c.CompleteTask(self.token("c3", "a"), data={"x": 3}))
        self.do("c3", c.FinishJob(next(iter(self.state("c3").flow.jobs)), 4))

    def close(self) -> None:
        self.runner.close()
        self.behind.close()

    def do(self, case: str, command: c.Command) -> None:
        self.count += 1
        self.now += timedelta(minutes=1)
        answer = self.runner.submit(c.Request(f"id-{self.count}", case, command, "li", self.now))
        assert isinstance(answer, Accepted), answer

    def anchor(self) -> None:
        anchor(self.database, self.vault, self.anchors, self.now)

    def verify(self, **more: Any) -> Report:
        return verify(self.database, self.vault, self.machine, self.versions, [], self.anchors, **more)

    def found(self) -> list[Finding]:
        report = self.verify()
        assert report.clean == (not report.findings and not report.problems)
        assert report.tampered == len({finding.case for finding in report.findings})
        return report.findings

    # --- what somebody with the database can do ---------------------------------------------------

    def sql(self, text: str, *given: Any) -> None:
        self.behind.run(text, given)

    def ask(self, text: str, *given: Any) -> list[Any]:
        return [tuple(row) for row in self.behind.all(text, given)]

    def state(self, case: str) -> Any:
        return self.machine.decode(self.ask("SELECT state FROM cases WHERE id = ?", case)[0][0])

    def token(self, case: str, at: str) -> int:
        tokens: dict[int, Any] = self.state(case).flow.tokens
        return next(number for number, token in tokens.items() if token.at == at)

    def rows(self, case: str) -> list[StoredRow]:
        names = ", ".join(StoredRow._fields)
        found = self.ask(f"SELECT {names} FROM history WHERE case_id = ? ORDER BY seq", case)
        return [StoredRow(*row) for row in found]

    def rehash(self, case: str) -> None:
        """Makes the chain, and the head on the case's row, look whole again, as far as that can be done."""
        previous, seq = START, 0
        for seq, row in enumerate(self.rows(case), 1):
            self.sql("UPDATE history SET seq = ? WHERE case_id = ? AND seq = ?", seq, case, row.seq)
            new = link(place(previous, row._replace(seq=seq)), row.content)
            self.sql("UPDATE history SET hash = ? WHERE case_id = ? AND seq = ?", new, case, seq)
            previous = new
        self.sql("UPDATE cases SET head = ?, seq = ?, revision = ? WHERE id = ?", previous, seq, seq, case)

    def rewind(self, case: str, seq: int) -> None:
        """Cuts the tail of a history and mends all that follows from it: only an anchor can tell."""
        rows = self.rows(case)[:seq]
        cipher = self.vault.cipher(case, self.ask("SELECT key FROM cases WHERE id = ?", case)[0][0])
        state, previous = self.machine.new(), START
        for row in rows:
            self.machine.replay(self.machine.decode_events(decode_row(cipher, previous, row).events), state)
            previous = row.hash
        self.sql("DELETE FROM history WHERE case_id = ? AND seq > ?", case, seq)
        self.sql(
            "UPDATE cases SET seq = ?, revision = ?, head = ?, state = ?, status = ?, last_at = ? WHERE id = ?",
            seq, seq, previous, self.machine.encode(state).decode(), state.flow.status, rows[-1].at, case,
        )  # fmt: skip


@pytest.fixture
def made(database: Database, vault: Vault, tmp_path: Path) -> Iterator[Place]:
    made = Place(database, vault, tmp_path)
    yield made
    made.close()


def test_what_the_runner_writes_is_whole(made: Place) -> None:
    for table, count in (("timers", 1), ("jobs", 1), ("waits", 1), ("history", 6)):
        assert made.ask(f"SELECT count(*) FROM {table}") == [(count,)], table
    made.anchor()
    steps: list[tuple[int, int]] = []
    report = made.verify(progress=lambda done, total: steps.append((done, total)))
    assert (report.findings, report.problems, report.notes) == ([], [], [])
    assert (report.cases, report.whole, report.destroyed, report.tampered, report.rows) == (3, 3, 0, 0, 6)
    assert report.anchor is not None and report.anchor.heads == 3
    assert steps == [(3, 3)] and report.clean


def test_without_an_anchor_the_report_says_what_it_cannot_tell(made: Place) -> None:
    report = made.verify()
    assert report.clean and "no anchor" in report.notes[0]


OF = "UPDATE history SET {} WHERE case_id = 'c3' AND seq = {}"
C2 = "UPDATE cases SET {} WHERE id = 'c2'"
OTHER = "(SELECT {} FROM {} WHERE {})"

CHANGES: dict[str, tuple[str, tuple[str, int, str]]] = {
    "a row's content": (
        OF.format("content = " + OTHER.format("content", "history", "case_id = 'c2' AND seq = 2"), 2),
        ("c3", 2, "changed"),
    ),
    "a row's moment": (OF.format("at = at + 1", 2), ("c3", 2, "changed")),
    "a row's command id": (OF.format("command_id = 'x'", 1), ("c3", 1, "changed")),
    "a row's digest": (OF.format("payload_hash = hash", 1), ("c3", 1, "changed")),
    "a row's hash": (OF.format("hash = payload_hash", 1), ("c3", 1, "changed")),
    "the first row dropped": ("DELETE FROM history WHERE case_id = 'c3' AND seq = 1", ("c3", 1, "missing")),
    "a row dropped": ("DELETE FROM history WHERE case_id = 'c3' AND seq = 2", ("c3", 2, "missing")),
    "the last row dropped": ("DELETE FROM history WHERE case_id = 'c3' AND seq = 3", ("c3", 3, "missing")),
    "all rows dropped": ("DELETE FROM history WHERE case_id = 'c3'", ("c3", 1, "missing")),
    "the head": (C2.format("head = " + OTHER.format("head", "cases", "id = 'c1'")), ("c2", 2, "head")),
    "the sequence": (C2.format("seq = 1"), ("c2", 2, "knows 1 rows, 2 are there")),
    "the revision": (C2.format("revision = 7"), ("c2", 0, "cases is not what the history gives, in revision")),
    "the case's row": ("DELETE FROM cases WHERE id = 'c2'", ("c2", 2, "without a case")),
    "the state": (C2.format("""state = replace(state, '"x":2', '"x":9')"""), ("c2", 0, "flow.data.x")),
    "the state's spelling": (C2.format("state = state || ' '"), ("c2", 0, "its spelling")),
    "no state": (C2.format("state = ''"), ("c2", 0, "no JSON")),
    "the status": (C2.format("status = 'ended'"), ("c2", 0, "in status")),
    "the number": (C2.format("number = '9'"), ("c2", 0, "in number")),
    "the moments": (
        C2.format("started_at = 1, last_at = 1, ended_at = 1"),
        ("c2", 0, "in started_at, last_at, ended_at"),
    ),
    "the key": (C2.format("key = " + OTHER.format("key", "cases", "id = 'c1'")), ("c2", 0, "does not open")),
    "a faked destruction": (
        C2.format("key = NULL"),
        ("c2", 0, "destroyed, but something is left of it: state, jobs"),
    ),
    "a timer's moment": (
        "UPDATE timers SET due = due + 1",
        ("c1", 0, "timers (flow, 2) is not what the history gives, in due"),
    ),
    "a timer gone": ("DELETE FROM timers", ("c1", 0, "timers (flow, 2) is missing")),
    "a timer too many": (
        "INSERT INTO timers VALUES ('c2', 'flow', 77, 0, NULL)",
        ("c2", 0, "timers (flow, 77) is one too many"),
    ),
    "a timer of no slice": (
        "INSERT INTO timers VALUES ('c2', 'x', 77, 0, NULL)",
        ("c2", 0, "timers (x, 77) is one too many"),
    ),
    "a timer of no case": (
        "INSERT INTO timers VALUES ('c9', 'flow', 1, 0, NULL)",
        ("c9", 0, "timers without a case"),
    ),
    "a job's arguments": ("UPDATE jobs SET args = '{}'", ("c2", 0, "in args")),
    "a message's key": ("UPDATE waits SET key = 'c1'", ("c3", 0, "in key")),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_found_at_its_place(made: Place, what: str) -> None:
    sql, (case, seq, says) = CHANGES[what]
    made.sql(sql)
    found = made.found()
    assert any((one[:2], says in one[2]) == ((case, seq), True) for one in found), found
    assert {one[0] for one in found} == {case}


def test_a_row_moved_to_another_case(made: Place) -> None:
    made.sql("UPDATE history SET case_id = 'c1', seq = 2 WHERE case_id = 'c3' AND seq = 3")
    found = made.found()
    assert ("c1", 2) in [one[:2] for one in found] and ("c3", 3) in [one[:2] for one in found]


def test_operational_columns_are_nobodys_evidence(made: Place) -> None:
    made.sql("UPDATE jobs SET attempts = 3, due = 5, leased_by = 'w1', error = 'down'")
    made.sql("UPDATE timers SET held_until = 5")
    made.sql("UPDATE waits SET since = 5")
    assert made.found() == []


def test_swapped_rows(made: Place) -> None:
    made.sql("UPDATE history SET seq = -seq WHERE case_id = 'c3' AND seq > 1")
    made.sql("UPDATE history SET seq = 5 + seq WHERE case_id = 'c3' AND seq < 0")
    found = made.found()
    assert ("c3", 2) in [one[:2] for one in found] and {one[0] for one in found} == {"c3"}


TAILS: dict[str, tuple[str, int]] = {
    "changed": ("UPDATE history SET at = at + 1 WHERE case_id='c3' AND seq = 2", 2),
    "changed at the end": ("UPDATE history SET at = at + 1 WHERE case_id='c3' AND seq = 3", 3),
    "dropped": ("DELETE FROM history WHERE case_id='c3' AND seq = 2", 2),
    "its content taken from elsewhere": (
        "UPDATE history SET content = (SELECT content FROM history WHERE case_id='c2' AND seq=2) "
        "WHERE case_id='c3' AND seq = 2",
        2,
    ),
    "swapped with the one after it": (
        "UPDATE history SET content = (SELECT o.content FROM history o "
        "WHERE o.case_id='c3' AND o.seq = 5 - history.seq) WHERE case_id='c3' AND seq > 1",
        2,
    ),
    "written once more at the end": (
        "INSERT INTO history (case_id, seq, command_id, payload_hash, at, content, hash) "
        "SELECT case_id, 4, 'again', payload_hash, at, content, hash FROM history WHERE case_id='c3' AND seq = 3",
        4,
    ),
    "forged at the end": (
        "INSERT INTO history (case_id, seq, command_id, payload_hash, at, content, hash) "
        "SELECT 'c3', 4, 'forged', payload_hash, at, content, hash FROM history WHERE case_id='c1' AND seq = 1",
        4,
    ),
}


@pytest.mark.parametrize("what", TAILS)
def test_a_tail_hashed_again_does_not_open(made: Place, what: str) -> None:
    sql, seq = TAILS[what]
    made.sql(sql)
    made.rehash("c3")
    (found,) = made.found()
    assert found[:2] == ("c3", seq) and "hashed again" in found[2]


def test_two_histories_exchanged_do_not_open(made: Place) -> None:
    """Whole, with their heads and hashed again: each row is bound to its case."""
    for was, now in (("c2", "x"), ("c3", "c2"), ("x", "c3")):
        made.sql("UPDATE history SET case_id = ? WHERE case_id = ?", now, was)
    made.rehash("c2"), made.rehash("c3")
    found = made.found()
    assert [(one[:2], "hashed again" in one[2]) for one in found] == [(("c2", 1), True), (("c3", 1), True)]


def cut(made: Place) -> None:
    """c2 goes back behind its last command, with all its rows: nothing in the database shows it."""
    made.do("c2", c.SuspendCase("why"))
    made.anchor()
    made.rewind("c2", 2)


def test_a_cut_tail_shows_against_the_anchor(made: Place) -> None:
    cut(made)
    (found,) = made.found()
    assert found[:2] == ("c2", 3) and "anchored on 2026-03-02" in found[2] and "cut off" in found[2]
    made.anchors.rename(made.anchors.with_suffix(".gone"))
    assert made.found() == []
    assert "are not in it, the first of 2026-03-02" in made.verify().problems[0]


def test_a_tail_written_anew_shows_against_the_anchor(made: Place) -> None:
    cut(made)
    made.do("c2", c.SuspendCase("something else"))
    made.anchor()  # the next anchor does not cover it up
    (found,) = made.found()
    assert found[:2] == ("c2", 3) and "written again" in found[2]


def test_a_case_that_vanished_shows_against_the_anchor(made: Place) -> None:
    made.anchor()
    for table, column in (("cases", "id"), ("history", "case_id"), ("waits", "case_id")):
        made.sql(f"DELETE FROM {table} WHERE {column} = 'c3'")
    (found,) = made.found()
    assert found[:2] == ("c3", 3) and "cut off" in found[2]


def test_anchors_hold_what_moved_since(made: Place) -> None:
    made.anchor()
    made.now += timedelta(days=3)
    made.do("c1", c.SuspendCase("why"))
    made.anchor()
    for _ in range(2):
        made.now += timedelta(days=3)
        made.anchor()
    report = made.verify()
    assert report.clean and report.anchor is not None
    assert (report.anchor.number, report.anchor.heads) == (4, 0)
    # What moved within a day of the anchor before is named again, to be sure.
    assert [row[0] for row in made.ask("SELECT cases FROM anchors ORDER BY day")] == [3, 3, 1, 0]


def test_a_clock_set_back_loses_no_head(made: Place) -> None:
    made.now += timedelta(days=400)
    made.anchor()
    made.now -= timedelta(days=399)
    made.do("c2", c.SuspendCase("why"))
    made.anchor()
    made.rewind("c2", 2)
    assert ("c2", 3) in [one[:2] for one in made.found()]


Edit = Callable[[list[bytes]], list[bytes]]
EDITS: dict[str, tuple[Edit, str]] = {
    "a line changed": (lambda lines: [lines[0].replace(b'["c2",2,', b'["c2",1,'), *lines[1:]], ":1: the signature"),
    "a line dropped": (lambda lines: [lines[0], *lines[2:]], ":2: anchor 3 follows anchor 1"),
    "a line given twice": (lambda lines: [lines[0], *lines], ":2: anchor 1 follows anchor 1"),
    "the end cut off": (lambda lines: lines[:2], "the first of 2026-03-04"),
    "everything gone": (lambda lines: [], "3 anchors"),
    "half a line lost": (lambda lines: [*lines[:2], lines[2][:60]], "the first of 2026-03-04"),
}  # fmt: skip


@pytest.mark.parametrize("what", EDITS)
def test_a_changed_file_of_anchors_shows(made: Place, what: str) -> None:
    for _ in range(3):
        made.anchor()
        made.now += timedelta(days=1)
    edit, says = EDITS[what]
    made.anchors.write_bytes(b"".join(line + b"\n" for line in edit(made.anchors.read_bytes().splitlines())))
    report = made.verify()
    assert not report.clean and says in "\n".join(report.problems)


def test_half_a_line_left_by_a_crash_is_no_tampering(made: Place) -> None:
    made.anchor()
    whole = made.anchors.read_bytes()
    made.anchors.write_bytes(whole + whole[:50])
    report = made.verify()
    assert report.clean and "half a line" in report.notes[0]
    made.anchor()
    report = made.verify()
    assert report.clean and report.anchor is not None and report.anchor.number == 2


def test_anchors_of_another_installation(made: Place, tmp_path: Path) -> None:
    anchor(made.database, Vault.create(tmp_path / "other.key"), made.anchors, made.now)
    assert "another installation" in made.verify().problems[0]


def test_keys_rotate_and_everything_stays_whole(made: Place) -> None:
    made.anchor()
    before = made.ask("SELECT key FROM cases ORDER BY id")
    assert keys.rotate(made.database, made.vault) == 3
    assert made.vault.forget() == ["m1"]
    after = made.ask("SELECT key FROM cases ORDER BY id")
    assert not {key for (key,) in before} & {key for (key,) in after}
    made.do("c1", c.SuspendCase("why"))
    made.anchor()
    assert made.found() == [] and made.verify().problems == []


def test_a_destroyed_case_leaves_a_chain_that_nobody_can_read(made: Place) -> None:
    made.anchor()
    content = [row.content for row in made.rows("c3")]
    keys.destroy(made.database, "c3")
    report = made.verify()
    assert report.clean and (report.whole, report.destroyed) == (2, 1)
    assert [row.content for row in made.rows("c3")] == content
    assert made.ask("SELECT key, state, search, owner FROM cases WHERE id = 'c3'") == [(None, "", None, None)]
    assert made.ask("SELECT count(*) FROM waits") == [(0,)]
    made.sql("UPDATE history SET at = at + 1 WHERE case_id = 'c3' AND seq = 2")
    ((case, seq, what),) = made.found()
    assert (case, seq) == ("c3", 2) and "changed" in what


def test_a_history_is_read(made: Place) -> None:
    rows = history.read(made.database, made.vault, "c3")
    assert [(row.case, row.seq, row.command_id, row.actor) for row in rows] == [
        ("c3", 1, "id-3", "li"), ("c3", 2, "id-5", "li"), ("c3", 3, "id-6", "li"),
    ]  # fmt: skip
    assert [type(made.machine.decode_command(row.command)).__name__ for row in rows] == [
        "StartCase", "CompleteTask", "FinishJob",
    ]  # fmt: skip
    events = [event for row in rows for event in made.machine.decode_events(row.events)]
    assert made.machine.replay(events) == made.state("c3")
    assert history.read(made.database, made.vault, "c9") == []
    made.sql("DELETE FROM history WHERE case_id = 'c3' AND seq = 2")
    with pytest.raises(VaultError):
        history.read(made.database, made.vault, "c3")
    keys.destroy(made.database, "c3")
    with pytest.raises(Destroyed):
        history.read(made.database, made.vault, "c3")


def test_another_installations_key_file_opens_nothing(made: Place, tmp_path: Path) -> None:
    made.vault = Vault.create(tmp_path / "other.key")
    assert {one[:2] for one in made.found()} == {("c1", 0), ("c2", 0), ("c3", 0)}
    assert all("another installation" in one[2] for one in made.found())


def test_deciding_again_is_compared_with_what_was_decided(made: Place) -> None:
    seen: list[tuple[str, int]] = []

    def decide(row: Any, state: Any) -> bytes:
        seen.append((row.case, row.seq))
        if row.case == "c2":
            return b"[]"
        if row.case == "c3" and row.seq == 2:
            raise LookupError("no such table")
        events: bytes = row.events
        return events

    report = made.verify(decide=decide)
    assert seen == [("c1", 1), ("c2", 1), ("c2", 2), ("c3", 1), ("c3", 2), ("c3", 3)]
    assert [finding[:2] for finding in report.findings] == [("c2", 1), ("c2", 2), ("c3", 2)]
    assert "no such table" in report.findings[2].what


def test_many_cases_are_read_page_by_page(made: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.runtime.verify.PAGE", 2)
    made.anchor()
    made.sql("INSERT INTO timers VALUES ('c0', 'flow', 1, 0, NULL), ('c9', 'flow', 1, 0, NULL)")
    assert [one[0] for one in made.found()] == ["c0", "c9"]
    assert made.verify().cases == 5


CLOSED: dict[str, tuple[str, str]] = {
    "who": ("UPDATE tasks SET closed_by = 'gu' WHERE status = 'completed'", "in closed_by"),
    "how": ("UPDATE tasks SET status = 'cancelled' WHERE status = 'completed'", "in status"),
    "when": ("UPDATE tasks SET closed_at = closed_at - 1 WHERE status = 'completed'", "in closed_at"),
    "as it was before": ("UPDATE tasks SET priority = 0 WHERE status = 'completed'", "in priority"),
    "gone": ("DELETE FROM tasks WHERE status = 'completed'", "is missing"),
    "open again": ("UPDATE tasks SET status = 'open', holder = '' WHERE status = 'cancelled'", "in status"),
}


@pytest.mark.parametrize("what", CLOSED)
def test_rows_that_the_state_let_go_are_derived_from_the_history(
    database: Database, vault: Vault, tmp_path: Path, what: str
) -> None:
    office = Office(database, vault)
    one, other = office.start("low"), office.start("low")
    office.do("sun", one, t.SetPriority(1, 30))
    office.do("chen", one, t.ClaimTask(1))
    office.do("chen", one, c.CompleteTask(1))
    office.do("sun", other, c.CancelCase("withdrawn"))
    machine, projections = Machine([FLOW, WORK]), [task_rows(lambda state, token: None)]

    def found() -> Report:
        return verify(database, vault, machine, TaskVersions(), projections, tmp_path / FILE)

    assert found().findings == []
    sql, says = CLOSED[what]
    office.reading.run(sql)
    report = found()
    assert len(report.findings) == 1 and says in report.findings[0].what, report.findings
    office.close()
