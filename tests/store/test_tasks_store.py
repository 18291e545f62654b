"""Tasks in the store: rows that follow from the case, lists, the next task; and the organisation's revisions."""

import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlmodel import Session, select

from engine.core import commands as c
from engine.core.env import Env
from engine.core.flow import FLOW
from engine.core.machine import Machine
from engine.core.model import Human, Process
from engine.runtime.answers import Accepted, Answer
from engine.runtime.clock import VirtualClock, new_id
from engine.runtime.database import Connection, Database
from engine.runtime.errors import Violation
from engine.runtime.runner import Runner
from engine.runtime.sweeper import Sweeper
from engine.runtime.tables import micros, moment
from engine.runtime.vault import Vault
from engine.runtime.verify import Report, verify
from organisation.directory import Directory
from organisation.load import load
from organisation.store import Directories, save
from organisation.tables import DirectoryRevision
from tasks import commands as t
from tasks import queries, tables
from tasks.capacity import counting
from tasks.lifecycle import LIFECYCLE
from tasks.model import Work
from tasks.next import claim_next
from tasks.work import NAMES, WORK
from tests.support.graph import graph, step
from tests.unit.test_lifecycle import COMMANDS
from tests.unit.test_work import PEOPLE, human

BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def two(name: str, queue: str, priority: int = 0) -> Process:
    process = graph(human("a", "b", queue=queue, priority=priority), human("b", None, queue=queue, not_by=("a",)))
    return Process(name, f"{name}-1", process.nodes, "a", names=process.names)


class Versions:
    def __init__(self) -> None:
        given = Process("given", "given-1", {"a": step("a", Human(), parts={"work": Work("review", "li")})}, "a")
        self.known = {
            p.name: p for p in (two("low", "review"), two("high", "review", 50), two("top", "senior", 90), given)
        }

    def process(self, name: str, version: str = "") -> Process | None:
        return self.known.get(name)

    def called(self, caller: Process, name: str, latest: bool) -> str | None:
        return None


class Office:
    """A runner with people and tasks."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.clock = VirtualClock(BEGIN)
        self.reading = database.connect()
        self.reading.begin()
        document, _ = load(PEOPLE, "organisation.yaml")
        save(self.reading, document.value, "ann", BEGIN)  # type: ignore[arg-type]  # load has seen to the form
        self.reading.commit()
        self.directories = Directories(database)
        self.due: dict[int, datetime] = {}
        base = Env(now=BEGIN, directory=self.people, names=NAMES)
        rows = tables.projection(lambda state, token: self.due.get(token))
        self.runner = Runner(
            database,
            Machine([FLOW, WORK]),
            Versions(),
            lambda: replace(base, directory=self.people),
            vault,
            projections=[rows, tables.timers()],
            extras=counting,
        )

    @property
    def people(self) -> Directory:
        found = self.directories.current
        assert found is not None
        return found

    def ask(self, actor: str, case: str, command: c.Command) -> Answer:
        now = self.clock.now()
        return self.runner.submit(c.Request(new_id(now), case, command, actor, now, "test"))

    def do(self, actor: str, case: str, command: c.Command) -> Accepted:
        answer = self.ask(actor, case, command)
        assert isinstance(answer, Accepted), answer
        return answer

    def start(self, process: str) -> str:
        self.clock.advance(timedelta(minutes=1))
        case = new_id(self.clock.now())
        self.do("li", case, c.StartCase(process))
        return case

    def next(self, user: str, connection: Connection | None = None, *queues: str) -> Any:
        return claim_next(
            connection or self.reading,
            self.people,
            user,
            lambda case, command: self.ask(user, case, command),
            self.clock.now(),
            queues,
        )

    def row(self, case: str, task: int) -> dict[str, Any]:
        columns = [column.name for column in tables.TaskRow.__table__.columns]  # type: ignore[attr-defined]  # SQLModel sets it
        sql = f"SELECT {', '.join(columns)} FROM tasks WHERE case_id = ? AND id = ?"
        return dict(zip(columns, self.reading.one(sql, (case, task)), strict=True))

    def close(self) -> None:
        self.runner.close()
        self.directories.close()
        self.reading.close()


@pytest.fixture
def office(database: Database, vault: Vault) -> Iterator[Office]:
    made = Office(database, vault)
    yield made
    made.close()


def cases(listed: list[queries.Listed]) -> list[str]:
    return [one.case for one in listed]


def test_a_task_has_a_row_through_its_life(office: Office) -> None:
    case = office.start("low")
    opened = micros(office.clock.now())
    row = office.row(case, 1)
    assert row | {"case_id": ""} == {
        "case_id": "", "id": 1, "process": "low", "number": case, "step": "a", "queue": "review",
        "assignee": "", "holder": "", "status": "open", "priority": 0, "due": tables.NO_DEADLINE,
        "opened_at": opened, "claimed_at": None, "closed_at": None, "closed_by": None, "outcome": None,
    }  # fmt: skip
    office.clock.advance(timedelta(minutes=5))
    office.do("chen", case, t.ClaimTask(1))
    office.do("sun", case, t.SetPriority(1, 30))
    row = office.row(case, 1)
    assert (row["status"], row["holder"], row["priority"]) == ("claimed", "chen", 30)
    assert moment(row["claimed_at"]) == office.clock.now()
    office.do("chen", case, t.TransferTask(1, queue="senior"))
    assert (office.row(case, 1)["queue"], office.row(case, 1)["status"]) == ("senior", "open")
    office.do("gu", case, c.CompleteTask(1))
    row = office.row(case, 1)
    assert (row["status"], row["holder"], row["closed_by"]) == ("completed", "gu", "gu")
    assert moment(row["closed_at"]) == office.clock.now()
    assert [one.step for one in queries.of_case(office.reading, case)] == ["b"]
    office.do("sun", case, c.CancelCase("withdrawn"))
    assert [row[0] for row in office.reading.all("SELECT status FROM tasks ORDER BY id")] == ["completed", "cancelled"]


def test_the_order_of_service(office: Office) -> None:
    low, high, top = office.start("low"), office.start("high"), office.start("top")
    office.due = {1: BEGIN + timedelta(hours=3)}
    soon = office.start("low")
    office.due = {1: BEGIN + timedelta(hours=2)}
    sooner = office.start("low")
    assert cases(queries.queue(office.reading, "review")) == [high, sooner, soon, low]
    assert cases(queries.queues(office.reading, ["review", "senior", "review"])) == [top, high, sooner, soon, low]
    assert queries.queue(office.reading, "review")[1].due == micros(BEGIN + timedelta(hours=2))
    assert queries.queue(office.reading, "review")[3].due is None
    assert queries.count(office.reading, "review") == 4 and queries.count(office.reading, "review", 2) == 2


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_follow_one_another_without_gap_or_repeat(office: Office, size: int) -> None:
    for process in ("low", "high", "top", "low", "high", "low", "top"):
        office.start(process)
    whole = queries.queues(office.reading, ["review", "senior"])
    assert len(whole) == 7
    paged: list[queries.Listed] = []
    after = None
    while page := queries.queues(office.reading, ["review", "senior"], after, size):
        paged += page
        after = page[-1].after
    assert paged == whole


def test_my_work_is_what_i_hold_and_what_is_meant_for_me(office: Office) -> None:
    held, given, other = office.start("low"), office.start("given"), office.start("low")
    office.do("li", held, t.ClaimTask(1))
    office.do("chen", other, t.ClaimTask(1))
    assert cases(queries.my_work(office.reading, "li")) == [held, given]
    assert cases(queries.my_work(office.reading, "chen")) == [other]
    assert cases(queries.queue(office.reading, "review")) == [], "what is meant for one is offered to none"


def test_the_next_task_is_the_best_that_is_for_me(office: Office) -> None:
    low, high = office.start("low"), office.start("high")
    office.do("li", high, c.CompleteTask(1))  # li must not check it: only `low` is left for li
    first = office.next("li")
    assert (first.case, first.task) == (low, 1)
    assert office.next("li") is None
    assert office.next("sun", None, "senior") is None
    assert office.next("sun").case == high
    assert office.next("wu") is None and office.next("old") is None


def test_many_candidates_that_are_not_for_me_are_passed_over(office: Office) -> None:
    for _ in range(25):
        office.do("li", office.start("low"), c.CompleteTask(1))
    mine = office.start("low")
    assert office.next("li").case == mine


def test_two_who_ask_at_once_never_get_the_same_task(office: Office, database: Database) -> None:
    total = 24
    for index in range(total):
        office.start("high" if index % 3 else "low")
    got: dict[str, list[tuple[str, int]]] = {user: [] for user in ("chen", "li", "sun")}

    def work(user: str) -> None:
        connection = database.connect()
        while (found := office.next(user, connection, "review")) is not None:
            got[user].append((found.case, found.task))
        connection.close()

    threads = [threading.Thread(target=work, args=(user,)) for user in got]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [task for tasks in got.values() for task in tasks]
    assert len(taken) == len(set(taken)) == total


def test_lists_read_along_their_index(office: Office, database: Database) -> None:
    if database.dialect != "sqlite":
        pytest.skip("its planner chooses by what the table holds; the benchmark shows what it does")
    office.start("low")
    for column, condition, index in (
        ("queue", tables.OFFERED, "ix_tasks_offered"),
        ("holder", tables.HELD, "ix_tasks_held"),
        ("assignee", tables.GIVEN, "ix_tasks_given"),
        ("assignee", f"{tables.GIVEN} AND status = 'open'", "ix_tasks_given"),
    ):
        sql, given = queries._part(condition, column, "x", queries.After(1, 2, "c", 3), 10)
        plan = " ".join(row[3] for row in office.reading.all(f"EXPLAIN QUERY PLAN {sql}", given))
        assert f"USING INDEX {index} ({column}=? AND priority=? AND " in plan, plan
        assert "TEMP B-TREE" not in plan, plan


def test_a_parked_task_comes_back_when_its_time_has_come(office: Office) -> None:
    case = office.start("low")
    until = office.clock.now() + timedelta(days=3)
    office.do("chen", case, t.ClaimTask(1))
    office.do("chen", case, t.ParkTask(1, until))
    assert office.row(case, 1)["status"] == "parked"
    assert [listed.case for listed in queries.my_work(office.reading, "chen")] == [case]
    sweeper = Sweeper(office.runner, list)
    sweeper.run_once(office.clock.advance(timedelta(days=2)))
    assert office.row(case, 1)["status"] == "parked" and sweeper.earliest() == until
    sweeper.run_once(office.clock.advance(timedelta(days=1)))
    assert office.row(case, 1)["status"] == "claimed" and sweeper.earliest() is None
    sweeper.close()


def test_who_is_asked_sees_it_but_is_not_given_it_as_the_next_task(office: Office) -> None:
    case = office.start("low")
    office.do("chen", case, t.ClaimTask(1))
    office.do("chen", case, t.AskReview(1, "li", "Is this right?"))
    listed = queries.my_work(office.reading, "li")
    assert [(one.case, one.status, one.holder) for one in listed] == [(case, "review", "chen")]
    assert office.next("li") is None
    office.do("li", case, t.AnswerReview(1, "It is.", True))
    assert queries.my_work(office.reading, "li") == []
    assert [one.status for one in queries.my_work(office.reading, "chen")] == ["claimed"]


def test_who_asks_at_once_does_not_run_after_the_same_task(office: Office) -> None:
    """While the best is being given to one, another is given the next; and gets the best again once it was released."""
    first, second = office.start("low"), office.start("low")
    seen: list[str] = []

    def ask(case: str, command: c.Command) -> Answer:
        seen.append(case)
        assert office.next("chen").case == second, "who asks meanwhile"
        return office.ask("li", case, command)

    found = claim_next(office.reading, office.people, "li", ask, office.clock.now())
    assert found is not None and getattr(found, "case", "") == first
    assert seen == [first]
    office.do("li", first, t.ReleaseTask(1))
    assert office.next("sun").case == first, "what was released is the best again"


def test_what_was_refused_is_passed_by_until_it_has_changed(office: Office) -> None:
    """A queue begins with hundreds of tasks that are not for li, who did the step before."""
    cases = [office.start("high") for _ in range(5)]
    for case in cases:
        office.do("li", case, t.ClaimTask(1))
        office.do("li", case, c.CompleteTask(1))
    asked: list[str] = []

    def next_for(user: str) -> str:
        asked.clear()

        def ask(case: str, command: c.Command) -> Answer:
            asked.append(case)
            return office.ask(user, case, command)

        found = claim_next(office.reading, office.people, user, ask, office.clock.now(), tries=5)
        return getattr(found, "case", "")

    assert next_for("li") == "" and asked == cases
    assert next_for("li") == "" and asked == cases[:1], "of the first it was not known how the case stood"
    last = office.start("low")
    assert next_for("li") == last and asked == [last], "what is passed by is no try"
    office.do("li", last, t.ReleaseTask(1))
    office.do("chen", last, t.ClaimTask(1))
    office.do("chen", cases[2], t.Comment("seen"))
    assert next_for("li") == "" and asked == [cases[2]], "the case has changed"
    office.clock.advance(timedelta(hours=1))
    assert next_for("li") == "" and asked == cases
    assert next_for("chen") == cases[0] and asked == cases[:1], "what is not for li may be for others"


# --- the organisation -----------------------------------------------------------------------------------


def test_revisions_are_kept(database: Database, office: Office) -> None:
    document, _ = load(PEOPLE.replace("name: Wu", "name: Wu Li"), "organisation.yaml")
    value: Any = document.value
    connection = office.reading
    for expected in (2, 2):
        connection.begin()
        assert save(connection, value, "ann", BEGIN) == expected, "the same once more is no new revision"
        connection.commit()
    assert office.people.revision == 1
    assert office.directories.refresh() == 2 and office.people.revision == 2
    assert office.people.users["wu"].name["zh"] == "Wu Li"
    before = office.directories.revision(1)
    assert before is not None and before.users["wu"].name["zh"] == "Wu"
    assert office.directories.revision(9) is None
    grant = office.people.may("li", "claims", "", Decimal(1000), "approve")
    assert grant is not None and grant.amount == 1000
    with Session(database.engine) as session:
        rows = session.exec(select(DirectoryRevision)).all()
    assert [(row.revision, row.by, row.loaded_at) for row in rows] == [(1, "ann", BEGIN), (2, "ann", BEGIN)]


def test_two_loads_at_once_collide(database: Database) -> None:
    connection = database.connect()
    connection.begin()
    connection.run("INSERT INTO directories VALUES (1, 0, 'x', '{}')")
    with pytest.raises(Violation):
        connection.run("INSERT INTO directories VALUES (1, 0, 'y', '{}')")
    connection.rollback()
    connection.close()
    directories = Directories(database)
    assert directories.current is None
    directories.close()


# --- rows and history agree -----------------------------------------------------------------------------


def test_rows_derived_again_equal_the_rows_stored(
    office: Office, database: Database, vault: Vault, tmp_path: Path
) -> None:
    chance = random.Random(7)
    made = [office.start(chance.choice(["low", "high", "top", "given"])) for _ in range(30)]
    accepted = set()
    for _ in range(120):
        live = office.reading.all(
            "SELECT case_id, id, status, holder, assignee FROM tasks WHERE closed_at IS NULL ORDER BY case_id, id"
        )
        requests = []
        for _ in range(5 if live else 0):  # several commands for one case in one transaction
            case, number, status, *meant = chance.choice(live)
            open_to = [action for state, action in LIFECYCLE if state == status and action in COMMANDS]
            action = chance.choice(open_to if chance.random() < 0.8 else list(COMMANDS))
            actor = chance.choice([*meant, *meant, "chen", "li", "sun"]) or "li"
            now = office.clock.advance(timedelta(seconds=30))
            requests.append(c.Request(new_id(now), case, COMMANDS[action](number), actor, now, "test"))
        answers = office.runner.submit_many(requests)
        accepted |= {type(r.command) for r, a in zip(requests, answers, strict=True) if isinstance(a, Accepted)}
    one = office.start("low")
    made.append(one)
    # What chance seldom brings about.
    for actor, command in (
        ("chen", t.ClaimTask(1)), ("chen", t.AskReview(1, "li", "Is this right?")), ("chen", t.WithdrawReview(1)),
        ("chen", t.AskReview(1, "li", "And now?")), ("li", t.AnswerReview(1, "It is.", True)),
    ):  # fmt: skip
        office.do(actor, one, command)
        accepted.add(type(command))
    missing = {type(made_of(1)).__name__ for made_of in COMMANDS.values()} - {kind.__name__ for kind in accepted}
    assert missing == {"SkipTask", "VoteTask"}, "no step here may be left out, or is voted on"

    def check() -> Report:
        rows = [tables.projection(), tables.timers()]
        return verify(database, vault, office.runner.machine, office.runner.versions, rows, tmp_path / "anchors")

    assert check().findings == [] and check().whole == len(made)
    office.reading.begin()
    office.reading.run("UPDATE tasks SET closed_by = 'li' WHERE status = 'completed' AND closed_by <> 'li'")
    office.reading.commit()
    assert "closed_by" in check().findings[0].what
