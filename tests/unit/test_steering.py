"""Cases as a whole: corrected, moved by two, reopened, held; and who may ask for it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.core import commands as c
from engine.core import events as e
from engine.core.correcting import worked_out
from engine.core.env import Env
from engine.core.model import Block, Branch, Catch, Each, End, Human, Parallel, Set, Start, Trigger
from engine.core.steering import targets
from tasks import commands as t
from tasks import events as work
from tasks.ground import Look
from tasks.lifecycle import SYSTEM
from tasks.model import Authority, Owning
from tasks.steering import STEERING, closed
from tasks.work import NAMES
from tests.support.graph import Story, after, graph, on, sets, step, within, x
from tests.unit.test_work import MACHINE, human, outcome, people, task

END = step("done", End("done"))
PROCESS = graph(
    human("enter", "check", form=("text", "amount"), queue="review"),
    human("check", "work", form=("x",), queue="review"),
    step("work", Set((sets("y", "x + 1"),)), "wait"),
    step("wait", Catch(Trigger("message", "reply", key=x("text"))), "late", handlers=(after("2h", "late"),)),
    human("late", "done", queue="senior"),
    END,
    parts={"work": Owning(first="enter", else_queue="review")},
    start=Start(("staff",), (("kind",),)),
    reopen=("check",),
)


def story(process: Any = PROCESS, **data: Any) -> Story:
    told = Story(process, MACHINE, directory=people(), names=NAMES)
    told.do(c.StartCase("test", data), "li")
    return told


def look(told: Story) -> Env:
    return Env(told.now, directory=people(), names=NAMES)


def of(events: list[Any], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


# --- who may ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", STEERING)
def test_every_action_has_its_command_decided_and_its_parties(action: str) -> None:
    rule = STEERING[action]
    assert rule.command in MACHINE.deciders and rule.who and rule.states


@pytest.mark.parametrize(
    ("actor", "command", "may"),
    [
        ("li", c.SuspendCase("court"), True),  # owns it
        ("chen", c.SuspendCase("court"), False),
        ("sun", c.SuspendCase("court"), True),  # manages the queue, and stands above
        ("gu", c.SuspendCase("court"), True),
        ("ann", c.SuspendCase("court"), True),  # has a role for every case
        ("old", c.SuspendCase("court"), False),
        (SYSTEM, c.SuspendCase("court"), True),
        ("chen", c.CancelCase("no"), False),
        ("chen", t.SetOwner("chen", "mine"), False),
        ("chen", c.LinkCases("other", "related"), True),  # has its task in hand
        ("wu", c.LinkCases("other", "related"), False),
        ("wu", c.StartStep(2, "enter"), False),
        ("wu", c.FinishBlock(2), False),
        ("wu", c.AddInstance(2, "x"), False),
        ("ann", c.HoldCase("court"), False),  # neither director nor compliance
        ("ann", c.MoveToken(2, "enter", "back"), False),  # by two, or by Caseway itself
        (SYSTEM, c.MoveToken(2, "enter", "back"), True),
        ("ann", c.NoteLink("other", "related", "ann"), False),
        ("ann", c.NoteDecision("other", "paid"), False),
    ],
)
def test_who_may_steer(actor: str, command: c.Command, may: bool) -> None:
    told = story().complete("enter", actor="li", text="a")
    told.do(t.ClaimTask(told.token("check")), "chen")
    answer = told.ask(command, actor)
    assert isinstance(answer, c.Refusal) is not may
    if isinstance(answer, c.Refusal):
        assert answer.code in ("not_steering", "inactive") and {"zh", "en"} <= answer.told.keys()


def test_what_a_page_shows_is_what_deciding_says() -> None:
    told = story().complete("enter", actor="li", text="a")
    ground = Look(told.process, told.state, look(told))
    for user in ("li", "chen", "sun", "ann", "wu", "old"):
        for action, command in (("suspend", c.SuspendCase("x")), ("cancel", c.CancelCase("x"))):
            refused = isinstance(MACHINE.decide(told.process, MACHINE.decode(MACHINE.encode(told.state)),
                c.Request("q", "case1", command, user, told.now), look(told)), c.Refusal)  # fmt: skip
            assert (closed(ground, user, action) is not None) is refused, (user, action)
    why = closed(ground, "li", "reopen")
    assert why is not None and why.code == "going"
    why = closed(ground, "li", "resume")
    assert why is not None and why.code == "going"


# --- correcting ---------------------------------------------------------------------------------------


def test_a_correction_keeps_what_was_and_why() -> None:
    told = story(kind="a").complete("enter", actor="li", text="old", amount="10")
    events = told.do(c.CorrectData({"text": "new", "amount": "10"}, " misheard "), "li")
    (corrected,) = of(events, e.DataCorrected)
    assert (corrected.before, corrected.after, corrected.reason) == ({"text": "old"}, {"text": "new"}, "misheard")
    assert told.data["text"] == "new"
    told.do(c.CorrectData({"kind": None}, "not known"), "li")
    assert told.data["kind"] is None


@pytest.mark.parametrize(
    ("changes", "reason", "code", "fields"),
    [
        ({"text": "new"}, " ", "reason", {"reason"}),
        ({}, "why", "form", set[str]()),
        ({"nothing": 1}, "why", "form", {"nothing"}),
        ({"y": 5}, "why", "form", {"y"}),  # which the process works out
        ({"amount": "ten"}, "why", "form", {"amount"}),
        ({"text": "old"}, "why", "unchanged", set()),
        ({"out": None}, "why", "unchanged", set()),
    ],
)
def test_what_cannot_be_corrected(changes: dict[str, Any], reason: str, code: str, fields: set[str]) -> None:
    told = story().complete("enter", actor="li", text="old")
    refusal = told.refused(c.CorrectData(changes, reason), "li")
    assert refusal.code == code and refusal.fields.keys() == fields


def test_what_the_process_works_out_is_told_from_what_is_entered() -> None:
    form = human("a", "b", form=("x",), outcomes=[outcome("ok", sets=(sets("kind", "'z'"),))], queue="review")
    caught = step("b", Catch(Trigger("message", "m", into=(sets("at", "at"),))), "c")
    each = step("c", Each(x("items"), "item", "c/item", collect=((("out",), x("item")),)), "d")
    body = (*within("c", step("c/item", Block("i"))), *within("c/item", human("i", queue="review")))
    process = graph(form, caught, each, body, step("d", Set((sets("x", "1"), sets("y", "1"))), None))
    assert worked_out(process) == {"kind", "out", "y"}


def test_conditions_are_looked_at_again_in_the_same_turn() -> None:
    watched = replace(human("a", "done", queue="review"), handlers=(on("when", next="high", when=x("x > 5")),))
    told = story(graph(watched, step("high", Human(), "done"), END), x=1)
    told.do(c.CorrectData({"x": 9}, "a digit was missing"), "sun")
    assert told.open == ["high"]


WAITS = step(
    "w", Catch(Trigger("message", "reply", key=x("text"))), "done", handlers=(on("at", next="done", at=x("at")),)
)  # fmt: skip


def test_moments_and_keys_read_from_it_are_armed_again() -> None:
    told = Story(graph(WAITS, END), MACHINE, directory=people(), names=NAMES)
    first, later = told.now + timedelta(hours=1), told.now + timedelta(hours=5)
    told.do(c.StartCase("test", {"text": "k1", "at": first.isoformat()}), "li")
    told.do(c.CorrectData({"text": "k2", "at": later.isoformat()}, "wrong paper"), "ann")
    assert [timer.due for timer in told.flow.timers.values()] == [later]
    assert [wait.key for wait in told.flow.waits.values()] == ["k2"]
    told.do(c.CorrectData({"at": None}, "no such day"), "ann")
    assert [timer.due for timer in told.flow.timers.values()] == [later]
    assert ["expected a moment" in one.text for one in told.flow.incidents.values()] == [True]
    told.message("reply", "k2")
    assert told.ended == "done"


def test_a_suspended_case_is_corrected_and_its_timers_stay_held() -> None:
    told = Story(graph(WAITS, END), MACHINE, directory=people(), names=NAMES)
    told.do(c.StartCase("test", {"text": "k", "at": (told.now + timedelta(hours=1)).isoformat()}), "li")
    told.do(c.SuspendCase("court"), "ann")
    told.do(c.CorrectData({"at": (told.now + timedelta(hours=3)).isoformat()}, "wrong"), "ann")
    assert [timer.left for timer in told.flow.timers.values()] == [3 * 3600 * 10**6]


def test_a_holder_whose_authority_no_longer_reaches_loses_the_task() -> None:
    approve = human("approve", "done", form=(), queue="review", outcomes=[outcome("approve", "approve")],
                    authority=Authority("claims", "", x("amount"), "approve"))  # fmt: skip
    told = story(graph(approve, END), amount="500")
    told.do(t.ClaimTask(told.token("approve")), "li")
    told.do(c.CorrectData({"amount": "900"}, "still within"), "sun")
    assert task(told, "approve").holder == "li"
    events = told.do(c.CorrectData({"amount": "4000"}, "a zero was missing"), "sun")
    assert task(told, "approve").holder == "" and of(events, work.TaskTransferred)[0].by == "sun"
    assert told.refused(t.ClaimTask(told.token("approve")), "li").code == "authority"


# --- moving -------------------------------------------------------------------------------------------


def test_a_move_takes_two() -> None:
    told = story().complete("enter", actor="li", text="k").complete("check", actor="chen", x=1)
    waits = told.token("wait")
    told.do(c.ProposeMove(waits, "check", "the amount was wrong"), "li")
    proposal = told.flow.proposal.number
    assert told.refused(c.ApproveMove(proposal), "li").code == "not_steering"  # an owner does not approve
    assert told.refused(c.ProposeMove(waits, "late", "or there"), "sun").code == "proposed"
    events = told.do(c.ApproveMove(proposal), "sun")
    (moved,) = of(events, e.TokenMoved)
    assert (moved.step, moved.target, moved.by, moved.proposed_by) == ("wait", "check", "sun", "li")
    assert told.open == ["check"] and not told.flow.timers and not told.flow.waits and told.state.flow.proposal is None
    told.do(c.ProposeMove(told.token("check"), "late", "on"), "sun")
    assert told.refused(c.ApproveMove(told.flow.proposal.number), "sun").code == "four_eyes"
    told.do(c.WithdrawMove(told.flow.proposal.number, "not needed"), "li")
    assert told.flow.proposal is None


def test_a_case_that_has_moved_since_is_not_moved() -> None:
    told = story().complete("enter", actor="li", text="k")
    told.do(c.ProposeMove(told.token("check"), "late", "go on"), "li")
    number = told.flow.proposal.number
    told.do(t.ClaimTask(told.token("check")), "chen")  # who holds it is not where the case stands
    told.do(c.CorrectData({"text": "other"}, "wrong"), "li")
    assert told.refused(c.ApproveMove(number), "sun").code == "moved"
    told.do(c.ProposeMove(told.token("check"), "late", "again"), "li")  # takes the place of the stale one
    assert told.refused(c.ApproveMove(number), "sun").code == "closed"
    told.do(c.ApproveMove(told.flow.proposal.number), "sun")
    assert told.open == ["late"] and "chen" not in told.state.work.done_by.get("check", ())


@pytest.mark.parametrize(
    ("token", "target", "reason", "code"),
    [
        (9, "late", "why", "closed"),
        (0, "nowhere", "why", "target"),
        (0, "check", "why", "target"),
        (0, "late", "", "reason"),
    ],
)
def test_moves_that_there_are_not(token: int, target: str, reason: str, code: str) -> None:
    told = story().complete("enter", actor="li", text="k")
    number = token or told.token("check")
    assert told.refused(c.ProposeMove(number, target, reason), "li").code == code


def test_a_jump_stays_in_its_block_and_branch() -> None:
    left = within("both", step("a", Human(), "a2"), step("a2", Human()))
    right = within("both", step("b", Human(), "b2"), step("b2", Human()))
    both = step("both", Parallel((Branch("left", "a"), Branch("right", "b"))), "after")
    process = graph(both, left, right, step("after", Human()))
    told = Story(process, MACHINE, directory=people(), names=NAMES)
    told.do(c.StartCase("test"), "li")
    assert targets(process, told.flow, told.token("a")) == ("a2",)
    assert targets(process, told.flow, told.token("b")) == ("b2",)
    assert targets(process, told.flow, told.token("both")) == ("after",)
    told.do(c.MoveToken(told.token("a"), "a2", "go on"), SYSTEM)
    assert sorted(told.open) == ["a2", "b"]
    told.do(c.MoveToken(told.token("both"), "after", "no need for either"), SYSTEM)
    assert told.open == ["after"]


def test_a_moved_instance_stays_the_instance_it_was() -> None:
    body = within("each/item", human("one", "two", queue="review"), human("two", queue="review"))
    process = graph(step("each", Each(x("items"), "item", "each/item", collect=((("out",), x("item")),)), None),
                    within("each", step("each/item", Block("one"))), body)  # fmt: skip
    told = Story(process, MACHINE, directory=people(), names=NAMES)
    told.do(c.StartCase("test", {"items": ["p", "q"]}), "li")
    first = told.token("one")
    told.do(c.MoveToken(first, "two", "skip"), SYSTEM)
    assert sorted(told.open) == ["one", "two"]
    moved = told.flow.tokens[told.token("two")]
    assert targets(process, told.flow, moved.up) == () and told.flow.tokens[moved.up].item == 0
    told.complete("two")
    told.complete("one")
    told.complete("two")
    assert told.data["out"] == ["p", "q"]


# --- reopening ----------------------------------------------------------------------------------------


def ended() -> Story:
    told = story().complete("enter", actor="li", text="k").complete("check", actor="chen", x=1)
    told.message("reply", "k")
    return told.complete("late", actor="gu")


def test_a_case_is_reopened_where_its_process_says() -> None:
    told = ended()
    assert told.flow.status == "ended"
    assert told.refused(c.ReopenCase("wrong", "late"), "li").code == "target"
    assert told.refused(c.ReopenCase(" "), "li").code == "reason"
    (event,) = of(told.do(c.ReopenCase("the customer objects"), "li"), e.CaseReopened)
    assert (event.step, event.end, told.flow.status, told.flow.end) == ("check", "done", "open", "")
    assert told.open == ["check"] and told.state.work.done_by["check"] == ["chen"]
    assert told.refused(c.ReopenCase("again"), "li").code == "not_ended"
    told.complete("check", actor="chen", x=2).message("reply", "k").complete("late", actor="gu")
    assert told.ended == "done"


def test_without_the_word_an_end_is_final() -> None:
    told = story(replace(PROCESS, reopen=()))
    told.do(c.CancelCase("mistake"), "sun")
    assert told.refused(c.ReopenCase("after all"), "sun").code == "final"
    why = closed(Look(told.process, told.state, look(told)), "sun", "reopen")
    assert why is not None and why.code == "final"


def test_the_handlers_of_the_case_are_armed_afresh() -> None:
    told = story(replace(PROCESS, handlers=(after("3h", "late"),)))
    told.do(c.CancelCase("mistake"), "sun")
    assert not told.flow.timers
    told.do(c.ReopenCase("after all"), "sun")
    assert [timer.due - told.now for timer in told.flow.timers.values()] == [timedelta(hours=3)]
    told.wait("3h")
    assert told.open == ["late"]


# --- holds --------------------------------------------------------------------------------------------


def test_holds_are_placed_and_lifted_one_by_one() -> None:
    told = ended()
    told.do(c.HoldCase("court of Pudong"), SYSTEM)
    told.do(c.HoldCase("regulator"), SYSTEM)
    first, second = told.flow.holds
    told.do(c.LiftHold(first, "withdrawn"), SYSTEM)
    assert list(told.flow.holds) == [second] and told.refused(c.LiftHold(first, "x"), SYSTEM).code == "closed"
    assert told.refused(c.HoldCase(""), SYSTEM).code == "reason"


def test_the_page_about_cases_has_the_table_of_the_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cases.md").read_text(encoding="utf-8")
    for action, rule in STEERING.items():
        row = f"| {action} | `{rule.command.__name__}` | {', '.join(rule.states)} | {', '.join(rule.who)} |"
        assert row in page, row
