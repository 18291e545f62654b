"""Cases that belong together, in the store: links over the inbox, merging, likeness, holds; the same on both."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.core import commands as c
from engine.core.env import Env
from engine.core.flow import FLOW
from engine.core.machine import Machine
from engine.core.model import End, Process
from engine.runtime import keys
from engine.runtime.answers import Accepted, Answer
from engine.runtime.clock import VirtualClock, new_id
from engine.runtime.database import Database
from engine.runtime.errors import OnHold
from engine.runtime.runner import Runner
from engine.runtime.sweeper import Sweeper
from engine.runtime.vault import Vault
from engine.runtime.verify import verify
from organisation.load import build, load
from tasks import likeness, related, tables
from tasks.likeness import PART, Alike
from tasks.model import Owning
from tasks.work import NAMES, WORK
from tests.store.conftest import BEGIN
from tests.support.graph import graph, step
from tests.unit.test_work import PEOPLE, human

RULES = Alike({"same_text": ("kind", "text"), "same_amount": ("amount",)}, "at", frozenset({"kind", "text", "amount"}))
CLAIM = graph(
    human("enter", "decide", form=("text", "amount"), queue="review"), human("decide", "paid", queue="senior"),
    step("paid", End("paid")),
    parts={PART: RULES, "work": Owning(first="enter", else_queue="review")}, reopen=("decide",),
)  # fmt: skip


class Versions:
    def process(self, name: str, version: str = "") -> Process | None:
        return CLAIM if name == "test" else None

    def called(self, caller: Process, name: str, latest: bool) -> str | None:
        return None


class Registry:
    """A runner with people, likenesses and a sweeper."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database, self.vault, self.clock = database, vault, VirtualClock(BEGIN)
        self.machine = Machine([FLOW, WORK])
        document, _ = load(PEOPLE, "organisation.yaml")
        people = build(document.value, 3)  # type: ignore[arg-type]  # load has seen to the form
        self.projections = [tables.projection(), tables.timers(), likeness.projection()]
        base = Env(now=BEGIN, directory=people, names=NAMES, versions=Versions())
        self.runner = Runner(
            database, self.machine, Versions(), lambda: base, vault, projections=self.projections
        )  # fmt: skip
        self.sweeper = Sweeper(self.runner, lambda: [CLAIM], dict, "sweeper-1")
        self.reading = database.connect()

    def ask(self, case: str, command: c.Command, actor: str = "sun") -> Answer:
        now = self.clock.now()
        return self.runner.submit(c.Request(new_id(now), case, command, actor, now, "test"))

    def do(self, case: str, command: c.Command, actor: str = "sun") -> Accepted:
        answer = self.ask(case, command, actor)
        assert isinstance(answer, Accepted), answer
        return answer

    def start(self, **data: Any) -> str:
        self.clock.advance(timedelta(minutes=1))
        case = new_id(self.clock.now())
        self.do(case, c.StartCase("test", data), "li")
        return case

    def sweep(self) -> None:
        for _ in range(4):
            self.clock.advance(timedelta(seconds=1))
            self.sweeper.run_once(self.clock.now())

    def flow(self, case: str) -> Any:
        text = self.reading.one("SELECT state FROM cases WHERE id = ?", (case,))[0]
        return self.machine.decode(text).flow

    def task(self, case: str) -> int:
        return int(max(self.flow(case).tokens))

    def pay(self, case: str) -> None:
        while self.flow(case).status == "open":
            self.do(
                case,
                c.CompleteTask(self.task(case)),
                "sun" if self.flow(case).tokens[self.task(case)].at == "enter" else "gu",
            )

    def kinds(self, case: str) -> list[tuple[str, str, bool]]:
        return [(one.case, one.kind, one.merged) for one in related.links(self.reading, case)]

    def close(self) -> None:
        self.sweeper.close()
        self.runner.close()
        self.reading.close()


@pytest.fixture
def registry(database: Database, vault: Vault, tmp_path: Path) -> Iterator[Registry]:
    made = Registry(database, vault)
    yield made
    report = verify(database, vault, made.machine, Versions(), made.projections, tmp_path / "anchors")
    assert report.clean, report.findings
    made.close()


def test_both_cases_know_of_a_link(registry: Registry) -> None:
    one, other = registry.start(text="a"), registry.start(text="b")
    registry.do(one, c.LinkCases(other, "part_of", "the same storm"))
    assert registry.kinds(one) == [(other, "part_of", False)] and registry.kinds(other) == []
    registry.sweep()
    assert registry.kinds(other) == [(one, "has_part", False)]
    assert registry.flow(other).links[one].by == "sun"
    refused = registry.ask(other, c.LinkCases(one, "has_part"))
    assert isinstance(refused, c.Refusal) and refused.code == "linked"
    registry.do(other, c.UnlinkCases(one, "another storm"))
    registry.sweep()
    assert registry.kinds(one) == registry.kinds(other) == []
    assert registry.reading.all("SELECT id FROM inbox") == []


def test_a_link_to_a_case_that_is_not_there_is_told_to_the_audit(registry: Registry) -> None:
    one = registry.start(text="a")
    registry.do(one, c.LinkCases("0" * 32, "related"))
    registry.sweep()
    assert registry.reading.all("SELECT command, code FROM refusals") == [("NoteLink", "unknown")]
    assert related.links(registry.reading, one) == []


def test_a_duplicate_ends_and_hears_what_was_decided(registry: Registry) -> None:
    main, twin, third = (registry.start(text="a") for _ in range(3))
    registry.do(twin, c.MergeCase(main, "reported twice"))
    registry.do(third, c.MergeCase(twin, "and once more"))  # into what is itself merged: a chain
    registry.sweep()
    assert [(registry.flow(one).status, registry.flow(one).end) for one in (twin, third)] == [("ended", "merged")] * 2
    assert (twin, "has_duplicate", True) in registry.kinds(main)
    assert registry.reading.one("SELECT count(*) FROM tasks WHERE case_id = ? AND closed_at IS NULL", (twin,))[0] == 0
    assert registry.flow(twin).links[main].end == ""
    registry.pay(main)
    registry.sweep()
    assert registry.flow(twin).links[main].end == "paid"
    assert registry.flow(third).links[twin].end == "paid", "told on along the chain"
    refused = registry.ask(twin, c.UnlinkCases(main, "no"))
    assert isinstance(refused, c.Refusal) and refused.code == "merged"
    registry.do(main, c.ReopenCase("the customer objects"))
    registry.do(main, c.CancelCase("withdrawn"), "gu")
    registry.sweep()
    assert registry.flow(twin).links[main].end == "cancelled"


def test_who_merges_into_a_case_that_has_ended_hears_at_once(registry: Registry) -> None:
    main, twin = registry.start(text="a"), registry.start(text="a")
    registry.pay(main)
    registry.do(twin, c.MergeCase(main, "reported twice"))
    registry.sweep()
    assert registry.flow(twin).links[main].end == "paid"


def test_two_that_merge_into_each_other_at_once_come_to_rest(registry: Registry) -> None:
    one, other = registry.start(text="a"), registry.start(text="a")
    registry.do(one, c.MergeCase(other, "the same"))
    registry.do(other, c.MergeCase(one, "the same"))
    registry.sweep()
    assert registry.reading.all("SELECT id FROM inbox") == []
    assert {registry.flow(case).end for case in (one, other)} == {"merged"}
    registry.do(one, c.ReopenCase("neither was worked on"))
    refused = registry.ask(one, c.MergeCase(one, "x"))
    assert isinstance(refused, c.Refusal) and refused.code == "itself"


def test_what_is_alike_is_found_by_rule(registry: Registry) -> None:
    first = registry.start(kind="motor", text="粤B 12345", amount="10")
    second = registry.start(kind="motor", text="粤b12345", amount="99")
    third = registry.start(kind="motor", text="another", amount="10.00")
    lone = registry.start(text="粤B12345")
    found = {one.case: one.rules for one in related.alike(registry.reading, first)}
    assert found == {second: ("same_text",), third: ("same_amount",)}
    assert related.alike(registry.reading, lone) == [], "a rule of which a field is not set finds nothing"
    before = likeness.keys_of(CLAIM, {"kind": "motor", "text": " another ", "amount": "ten"})
    assert [one.case for one in related.like(registry.reading, before)] == [third]
    assert related.like(registry.reading, likeness.keys_of(CLAIM, {"kind": "motor"})) == []
    registry.do(lone, c.CorrectData({"text": "another"}, "misread"))
    registry.do(
        third, c.CorrectData({"text": None}, "not known"), "li" if registry.flow(third).status == "x" else "sun"
    )
    assert [one.case for one in related.like(registry.reading, before)] == [], "lone has no kind, third no text"


def test_numbers_become_commands(registry: Registry) -> None:
    main, twin, third = (registry.start(text="a") for _ in range(3))
    naming = related.naming
    assert naming(registry.reading, "link", main, twin, "w", "related") == c.LinkCases(twin, "related", "w")
    assert naming(registry.reading, "unlink", main, twin, "w") == c.UnlinkCases(twin, "w")
    assert naming(registry.reading, "merge", twin, f" {main} ", "w") == c.MergeCase(main, "w")
    codes = [
        getattr(naming(registry.reading, *given), "code", "")
        for given in (("link", main, "LP-0", "w", "related"), ("link", main, twin, "w", "cousin"))
    ]
    assert codes == ["no_case", "kind"]
    registry.do(twin, c.MergeCase(main, "reported twice"))
    refused = naming(registry.reading, "merge", third, twin, "w")
    assert getattr(refused, "code", "") == "merged" and main in str(refused)


def test_a_case_on_hold_is_not_destroyed(registry: Registry) -> None:
    case = registry.start(text="a")
    registry.do(case, c.HoldCase("court of Pudong"), "system")
    with pytest.raises(OnHold, match="court of Pudong"):
        keys.destroy(registry.database, case)
    assert registry.flow(case).status == "open" and registry.reading.one("SELECT key FROM cases")[0]
    registry.do(case, c.LiftHold(next(iter(registry.flow(case).holds)), "settled"), "system")
    assert keys.destroy(registry.database, case)
    assert registry.reading.all("SELECT * FROM likenesses") == []
