"""Clocks in the store: rows and timers follow from the cases, reports read them, `verify` derives them again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.core.commands import CancelCase, Command, CompleteTask, DeliverMessage, Request, StartCase
from engine.core.env import Env
from engine.core.flow import FLOW
from engine.core.machine import Machine
from engine.core.model import Catch, End, Human, Milestone, Outcome, Process, Trigger
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock, new_id
from engine.runtime.database import Database
from engine.runtime.history import read
from engine.runtime.runner import Runner
from engine.runtime.tables import moment
from engine.runtime.timers import fire
from engine.runtime.vault import Vault
from engine.runtime.verify import verify
from sla.clock import CLOCKS
from sla.events import RebaseClocks
from sla.explain import Account, explain
from sla.model import Pause
from sla.projection import projections
from sla.reports import at_risk, breaches, compliance, lost, outdated
from tests.store.processes import Deployed
from tests.support.clocks import at, calendar, clock, clocked, notice, rung, shown
from tests.support.graph import step

ASKING = Pause("any_in", frozenset({"ask"}))


def complaint() -> Process:
    ways = {"ask": Outcome("ask", {}, "ask"), "ok": Outcome("ok", {}, "answered")}
    ladder = (rung("80%", notice("owner")), rung("due", notice("owner"), every="1wd", times=2))
    own = clock("work", "1wd", until=(), origin="target", step="work", calendar="")
    process = clocked(
        [
            clock("law", "5d", origin="law", clauses=("L-1",), until=("milestone.answered",), pause=ASKING),
            clock("outcome", "3wd", clauses=("A-4.4", "C-5.3"), until=("milestone.answered",), ladder=ladder),
            clock("told", "24h", clauses=("C-5.3",), until=("milestone.told",), void_on=frozenset({"cancelled"})),
        ],
        step("told", Milestone("told"), "work"),
        step("work", Human(outcomes=ways), "answered"),
        step("ask", Catch(Trigger("message", "reply")), "work"),
        step("answered", Milestone("answered"), "end"),
        step("end", End("finished")),
    )
    nodes = {**process.nodes, "work": replace(process.nodes["work"], parts={"clocks": own})}
    return replace(process, nodes=nodes, name="complaint")


class Office:
    """A runner with clocks, told in local time; timers fire on the way."""

    def __init__(self, database: Database, vault: Vault, folder: Path) -> None:
        self.database, self.vault, self.folder = database, vault, folder
        self.versions = Deployed({"complaint": complaint()})
        self.machine = Machine([FLOW, CLOCKS])
        self.projections = projections(self.versions)
        self.clock = VirtualClock(at("2026-03-02 10:00"))
        self.calendars = {"insurer": calendar()}
        self.runner = Runner(database, self.machine, self.versions, self.env, vault, self.projections)
        self.cold = database.connect()

    def env(self) -> Env:
        return Env(now=self.now, versions=self.versions, calendars=self.calendars)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def do(self, case: str, command: Command) -> None:
        request = Request(new_id(self.now), case, command, "anna", self.now, "test")
        answer = self.runner.submit(request)
        assert isinstance(answer, Accepted), answer

    def start(self) -> str:
        case = new_id(self.now)
        self.do(case, StartCase("complaint"))
        return case

    def complete(self, case: str, outcome: str) -> None:
        state = self.machine.decode(self.cold.all("SELECT state FROM cases WHERE id = ?", (case,))[0][0])
        self.do(case, CompleteTask(max(state.flow.tokens), outcome))

    def go(self, to: str) -> None:
        until = at(to)
        while True:
            row = self.cold.one("SELECT min(due) FROM timers")
            due = None if row[0] is None else datetime.fromtimestamp(0, UTC) + timedelta(microseconds=row[0])
            if due is None or due > until:
                break
            self.clock.set(max(due, self.now))
            assert fire(self.runner, self.cold, self.now)
        self.clock.set(until)

    def rows(self, case: str) -> dict[str, tuple[Any, ...]]:
        """clock.run -> status, breached"""
        sql = "SELECT clock, run, status, breached FROM clocks WHERE case_id = ? ORDER BY id"
        return {f"{c}.{r}": (status, breached) for c, r, status, breached in self.cold.all(sql, (case,))}

    def whole(self) -> None:
        report = verify(
            self.database, self.vault, self.machine, self.versions, self.projections, self.folder / "anchors"
        )
        assert report.clean, report.findings

    def close(self) -> None:
        self.runner.close()
        self.cold.close()


@pytest.fixture
def office(database: Database, vault: Vault, tmp_path: Path) -> Iterator[Office]:
    made = Office(database, vault, tmp_path)
    yield made
    made.close()


def test_rows_are_kept_when_their_clocks_close(office: Office) -> None:
    quick, slow, gone = office.start(), office.start(), office.start()
    # what starts and stops in one command has its row too
    assert office.rows(quick)["told.1"] == ("stopped", 0)
    office.go("2026-03-03 10:00")
    office.complete(quick, "ok")
    office.complete(slow, "ask")
    office.do(gone, CancelCase("twice"))
    assert office.rows(slow) == {
        "law.1": ("paused", None), "outcome.1": ("running", None), "told.1": ("stopped", 0), "work.1": ("stopped", 0),
    }  # fmt: skip
    assert office.rows(gone)["outcome.1"] == ("unmet", 0)
    office.whole()
    office.go("2026-03-09 10:00")
    office.do(slow, DeliverMessage("reply", ""))
    office.whole()
    office.complete(slow, "ok")
    assert office.rows(slow) == {
        "law.1": ("stopped", 0), "outcome.1": ("stopped", 1), "told.1": ("stopped", 0), "work.1": ("stopped", 0),
        "work.2": ("stopped", 0),
    }  # fmt: skip
    assert not office.cold.all("SELECT * FROM timers")
    office.whole()


def test_what_a_supervisor_asks(office: Office) -> None:
    quick, slow, waiting = office.start(), office.start(), office.start()
    office.complete(quick, "ok")
    office.go("2026-03-05 17:30")
    office.complete(slow, "ok")
    found = breaches(office.cold, office.now)
    assert [(one.clock, one.case) for one in found] == [
        ("outcome", slow), ("outcome", waiting), ("work", slow), ("work", waiting),
    ]  # fmt: skip
    assert found[0].late == timedelta(minutes=30) and found[0].clauses == ("A-4.4", "C-5.3")
    assert [one.case for one in breaches(office.cold, office.now, clause="A-4.4")] == [slow, waiting]
    assert not breaches(office.cold, office.now, until=at("2026-03-03 00:00"))
    (soon,) = at_risk(office.cold, office.now, timedelta(days=3))
    assert (soon.clock, soon.case, soon.origin) == ("law", waiting, "law")
    told = [(c.origin, c.clause, c.met, c.late, c.open) for c in compliance(office.cold, office.now)]
    assert told == [
        ("law", "L-1", 2, 0, 1),
        ("manual", "A-4.4", 1, 2, 0),
        ("manual", "C-5.3", 4, 2, 0),
        ("target", "work", 1, 2, 0),
    ]
    assert str(compliance(office.cold, office.now)[1].share) == "0.3333"


def test_where_the_time_of_a_breach_went(office: Office) -> None:
    slow = office.start()
    office.go("2026-03-05 17:30")

    def accounts(case: str) -> list[Account]:
        rows = read(office.database, office.vault, case)
        told = [(moment(row.at), office.machine.decode_events(row.events)) for row in rows]
        return explain(complaint(), told, office.calendars, office.now)

    found = lost(breaches(office.cold, office.now), accounts)
    assert [(one.clock, one.lost_at, one.lost) for one in found] == [
        ("outcome", ("work",), "3wd"),
        ("work", ("work",), "3wd"),
    ]
    assert accounts(slow)[0].clock.name == "law"


def test_clocks_of_a_new_year_are_found_and_counted_again(office: Office) -> None:
    office.clock.set(at("2026-12-30 10:00"))
    early, done = office.start(), office.start()
    office.complete(done, "ok")

    def outcome() -> tuple[str | None, int]:
        sql = "SELECT deadline, provisional FROM clocks WHERE case_id = ? AND clock = 'outcome'"
        ((deadline, provisional),) = office.cold.all(sql, (early,))
        return shown(moment(deadline)), provisional

    assert outcome() == ("2027-01-04 17:00", 1)
    closed = {"date": "2027-01-04", "hours": "closed", "reason": {"en": "Stocktaking"}}
    office.calendars = {"insurer": calendar(company_days=[closed])}
    version = office.calendars["insurer"].version
    assert outdated(office.cold, "insurer", version) == [early]
    office.do(early, RebaseClocks("insurer", version))
    assert outcome() == ("2027-01-05 17:00", 1)
    assert not outdated(office.cold, "insurer", version)
    office.whole()
