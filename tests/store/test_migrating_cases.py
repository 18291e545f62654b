"""Running cases over to another version, on both databases: what they keep, what stops them, and going on."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bootstrap import MACHINE, Caseway, Home, create
from engine.core import commands as c
from engine.language.problems import DefinitionError
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from tasks import commands as t
from tests.support.branch import FOLDER, MONDAY, settle_in
from tests.support.renewed import MIGRATION, renewed
from workbench.migrating import run as runs
from workbench.migrating.file import read_order
from workbench.migrating.trial import trial
from workbench.story import accounts, state_of
from workbench.version_stats import version_stats

TASK = 3
"""The first task of an order: what the order itself waits for comes before it."""


class Town:
    """An installation with open orders of the first version, and the second in force."""

    def __init__(self, caseway: Caseway, clock: VirtualClock, folder: Path) -> None:
        self.caseway, self.clock = caseway, clock
        settle_in(caseway)
        self.checked = self.start("Ada")
        self.ask(self.checked, t.ClaimTask(TASK), "chen")
        self.ask(self.checked, t.SaveDraft(TASK, {"score": 7, "amount": "12.50"}), "chen")
        self.asked = self.start("Bob", identity="X-1")
        self.ask(self.asked, c.CompleteTask(TASK, "ask", {"note": "who are you"}), "chen")
        self.clock.advance(timedelta(minutes=30))
        self.sweep()
        self.first = caseway.definitions.names()["order"]
        caseway.deploy(renewed(folder / "renewed"), "ann")
        self.second = caseway.definitions.names()["order"]

    def start(self, who: str, **data: Any) -> str:
        answer = self.caseway.start(c.StartCase("order", {"who": who, "kind": "plain", **data}), "li")
        assert isinstance(answer, Accepted), answer
        return answer.case

    def ask(self, case: str, command: c.Command, user: str) -> Accepted:
        answer = self.caseway.ask(case, command, user)
        assert isinstance(answer, Accepted), answer
        return answer

    def sweep(self) -> None:
        for _ in range(5):
            self.caseway.sweep()
            self.caseway.work()

    def order(self, text: str = MIGRATION) -> Any:
        return read_order(self.caseway, text.encode(), "orders.yaml")

    def migrate(self, text: str = MIGRATION, by: str = "ann", **how: Any) -> runs.Progress:
        made = runs.propose(self.caseway, self.order(text), text, "li")
        runs.approve(self.caseway, made.id, by)
        return runs.carry_out(self.caseway, made.id, by, **how)

    def clean(self) -> None:
        report = self.caseway.verify(deep=True)
        assert report.clean, [str(one) for one in report.findings][:5]


@pytest.fixture
def town(home: Home, tmp_path: Path) -> Iterator[Town]:
    create(home)
    clock = VirtualClock(MONDAY)
    with Caseway(home, clock) as caseway:
        yield Town(caseway, clock, tmp_path)


def test_a_case_goes_over_with_all_that_hangs_on_it(town: Town) -> None:
    before = state_of(town.caseway, town.checked)[0]
    assert town.migrate() == runs.Progress(0, 2, 0)
    state, process = state_of(town.caseway, town.checked)
    assert (state.flow.version, process.version) == (town.second, town.second)
    task = state.work.tasks[TASK]
    assert (task.step, task.holder, task.draft) == ("examine", "chen", {"score": 7, "amount": "12.50"})
    assert {n: timer.due for n, timer in state.flow.timers.items()} == {
        n: timer.due for n, timer in before.flow.timers.items()
    }
    kept = {(run.run, run.limit, run.deadline) for run in before.clocks.open.values()}
    assert {(run.run, run.limit, run.deadline) for run in state.clocks.open.values()} == kept
    assert {run.clock for run in state.clocks.open.values()} == {"answer", "working", "examine"}
    assert state.flow.data["visits"] == 10 and state.work.done_by == before.work.done_by
    (row,) = town.caseway.connection.all("SELECT step, holder FROM tasks WHERE case_id = ?", (town.checked,))
    assert tuple(row) == ("examine", "chen")
    town.clean()
    town.ask(town.checked, c.CompleteTask(TASK, "ok", {"score": 3, "remark": "fine"}), "chen")
    assert state_of(town.caseway, town.checked)[0].work.done_by == {"examine": ["chen"]}
    town.sweep()
    town.clean()


def test_data_moves_and_messages_still_find_the_case(town: Town) -> None:
    number = state_of(town.caseway, town.asked)[0].flow.number
    town.migrate()
    data = state_of(town.caseway, town.asked)[0].flow.data
    assert data["remark"] == "who are you" and "note" not in data
    assert state_of(town.caseway, town.asked)[0].work.done_by == {"examine": ["chen"]}
    assert town.caseway.receive("m1", "reply", number, {"text": "me"}, "customer") is None
    town.sweep()
    assert {one.clock.name for one in accounts(town.caseway, town.asked)} >= {"answer", "check", "examine"}
    assert [task.step for task in state_of(town.caseway, town.asked)[0].work.tasks.values()] == ["examine"]
    town.clean()


def test_the_dry_run_is_what_happens(town: Town) -> None:
    order = town.order()
    told = {one.case: one for one in runs.dry_run(town.caseway, order)}
    assert set(told) == {town.checked, town.asked} and not any(one.stops for one in told.values())
    tasks = [change for change in told[town.checked].changes if change.kind == "task"]
    assert [(one.before, one.after) for one in tasks] == [("check · chen · started", "examine · chen · started")]
    assert {change.kind for change in told[town.checked].changes} == {
        "task",
        "draft",
        "form",
        "timer",
        "clock",
        "data",
        "wait",
    }
    revision = "SELECT sum(revision) FROM cases"
    before = town.caseway.connection.one(revision)[0]
    assert town.caseway.connection.one(revision)[0] == before
    town.migrate()
    for case, one in told.items():
        state, process = state_of(town.caseway, case)
        from workbench.migrating.trial import standing

        now = set(standing(state, process).values())
        assert all(change.after in now for change in one.changes if change.after)


def test_a_case_that_cannot_go_over_stays_and_says_what_to_do(town: Town) -> None:
    text = MIGRATION.replace("  check: {map: examine}\n", "  ask: {map: ask}\n")
    told = {one.case: one for one in runs.dry_run(town.caseway, town.order(text))}
    stops = told[town.checked].stops or {}
    assert "map, again or drop" in stops["step check"]["en"] and "迁移文件" in stops["step check"]["zh"]
    assert not told[town.asked].stops
    now = town.migrate(text)
    assert now == runs.Progress(0, 1, 1)
    assert state_of(town.caseway, town.checked)[0].flow.version == town.first
    made = runs.of_process(town.caseway.connection, "order")[0]
    (line,) = runs.cases(town.caseway.connection, made.id, "stopped")
    assert line.why.keys() == stops.keys()
    assert town.migrate() == runs.Progress(0, 1, 0)
    town.clean()


def test_a_draft_that_the_new_form_does_not_take(town: Town) -> None:
    town.ask(town.checked, t.SaveDraft(TASK, {"note": "half"}), "chen")
    (stopped,) = [one for one in runs.dry_run(town.caseway, town.order()) if one.stops]
    assert list(stopped.stops or {}) == [f"task {TASK}"]
    text = MIGRATION.replace("check: {map: examine}", "check: {map: examine, draft: drop}")
    assert town.migrate(text).moved == 2
    assert state_of(town.caseway, town.checked)[0].work.tasks[TASK].draft is None
    town.clean()


@pytest.mark.parametrize(("how", "limit", "hours"), [("keep", "4h", 4), ("rebase", "6h", 6), ("restart", "6h", 6.5)])
def test_clocks_keep_rebase_or_restart(town: Town, how: str, limit: str, hours: float) -> None:
    since = state_of(town.caseway, town.checked)[0].flow.started
    town.migrate(f"{MIGRATION}clocks: {{answer: {how}}}\n")
    state = state_of(town.caseway, town.checked)[0]
    (run,) = [run for run in state.clocks.open.values() if run.clock == "answer"]
    assert (run.limit, run.deadline) == (limit, since + timedelta(hours=hours))
    due = town.caseway.connection.one("SELECT min(due) FROM tasks WHERE case_id = ?", (town.checked,))[0]
    assert due > 0
    town.clean()
    (told,) = [one for one in accounts(town.caseway, town.checked, "answer") if one.status != "void"]
    assert (told.limit, told.deadline) == (limit, run.deadline)
    town.clock.advance(timedelta(hours=8))
    town.sweep()
    town.clean()


def test_a_second_person_approves_and_must_be_one_who_may(town: Town) -> None:
    made = runs.propose(town.caseway, town.order(), MIGRATION, "ann")
    with pytest.raises(runs.MigrationRefused) as refused:
        runs.approve(town.caseway, made.id, "ann")
    assert refused.value.code == "migration.own"
    with pytest.raises(runs.MigrationRefused):
        runs.carry_out(town.caseway, made.id, "ann")
    runs.approve(town.caseway, made.id, "li")
    now = runs.carry_out(town.caseway, made.id, "li")
    assert now == runs.Progress(0, 0, 2)
    (line, _) = runs.cases(town.caseway.connection, made.id, "stopped")
    assert list(line.why) == ["not_steering"]


def test_a_run_that_breaks_off_goes_on(town: Town) -> None:
    made = runs.propose(town.caseway, town.order(), MIGRATION, "li")
    runs.approve(town.caseway, made.id, "ann")
    assert runs.carry_out(town.caseway, made.id, "ann", most=1) == runs.Progress(1, 1, 0)
    late = town.caseway.start(c.StartCase("order", {"who": "Cid", "kind": "plain"}, town.first), "li")
    assert isinstance(late, Accepted)
    assert runs.carry_out(town.caseway, made.id, "ann") == runs.Progress(0, 3, 0)
    assert runs.carry_out(town.caseway, made.id, "ann") == runs.Progress(0, 3, 0)


def test_figures_by_version(town: Town) -> None:
    town.ask(town.checked, c.CompleteTask(TASK, "refuse", {}, "no"), "chen")
    town.start("Eve")
    found = version_stats(town.caseway.connection, "order", town.clock.now() + timedelta(days=1))
    old, new = found[town.first], found[town.second]
    assert (old.open, old.closed, old.median, old.incidents) == (1, 1, timedelta(minutes=30), 0)
    assert (new.open, new.closed, new.median) == (1, 0, None)
    assert (new.breaches, old.breaches) == (3, 1)


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("check: {map: examine}", "chek: {map: examine}", "CW961", 5),
        ("check: {map: examine}", "check: {map: exam}", "CW961", 5),
        ("check: {map: examine}", "check: {mapp: examine}", "CW101", 5),
        ("to: in_force", "to: 0123456", "CW962", 2),
        ("migration: order", "migration: orders", "CW961", 1),
        ("coalesce(visits", "coalesce(visit", "CW963", 8),
        ("rename: {note: remark}", "rename: {note: remarks}", "CW961", 7),
    ],
)
def test_faults_of_a_file_are_told_with_their_places(town: Town, old: str, new: str, code: str, line: int) -> None:
    with pytest.raises(DefinitionError) as error:
        town.order(MIGRATION.replace(old, new))
    problem = error.value.problems[0]
    assert (problem.code, problem.line) == (code, line), error.value.problems


def test_a_trial_writes_nothing(town: Town) -> None:
    before = town.caseway.connection.all("SELECT id, revision, state FROM cases ORDER BY id")
    trial(town.caseway, town.checked, town.order().command())
    assert town.caseway.connection.all("SELECT id, revision, state FROM cases ORDER BY id") == before
    assert MACHINE.decode(before[0][2]).flow.version == town.first
    assert (FOLDER / "order.yaml").exists()
