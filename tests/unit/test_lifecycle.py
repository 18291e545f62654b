"""The table of a task's life: what it allows, what comes of it, and the picture in docs/tasks.md."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.core import commands as c
from engine.core.env import Env
from engine.core.events import StepLeft
from engine.core.model import Branch, Parallel
from engine.core.state import SKIPPED as LEFT_OUT
from tasks import commands as t
from tasks import events as e
from tasks import lifecycle
from tasks.ground import Look
from tasks.handling import AHEAD
from tasks.lifecycle import ACTIONS, EITHER, LIFECYCLE, STATES, WHO
from tasks.rules import PARTIES, may
from tests.support.graph import MONDAY, Story, sets, step, within
from tests.unit.test_work import human, kinds, outcome, start, task

DOC = Path(__file__).parents[2] / "docs" / "tasks.md"
LATER = MONDAY + timedelta(days=2)
OPEN_STATES = tuple(dict.fromkeys(state for state, _ in LIFECYCLE))

REVIEW = human("review", "check", queue="review", skippable=True)
CHECK = human("check", None, queue="review", not_by=("review",))

COMMANDS: dict[str, Callable[[int], Any]] = {
    "claim": t.ClaimTask,
    "release": t.ReleaseTask,
    "transfer": lambda n: t.TransferTask(n, queue="senior"),
    "start": t.StartTask,
    "draft": t.SaveDraft,
    "complete": c.CompleteTask,
    "skip": lambda n: c.SkipTask(n, "not needed"),
    "priority": lambda n: t.SetPriority(n, 7),
    "delegate": lambda n: t.DelegateTask(n, "sun"),
    "return": t.ReturnTask,
    "follow_up": lambda n: t.ParkTask(n, LATER),
    "take_up": t.TakeUpTask,
    "ask_review": lambda n: t.AskReview(n, "wu", "Is this right?"),
    "answer": lambda n: t.AnswerReview(n, "It is.", True),
    "withdraw": t.WithdrawReview,
    "suspend": lambda n: t.SuspendTask(n, "waits for a ruling"),
    "resume": t.ResumeTask,
    "vote": lambda n: t.VoteTask(n, "yes"),
}
"""For each action, the command that asks for it."""

HELD = (("chen", "claim"),)
WAYS: dict[str, tuple[tuple[str, str], ...]] = {
    "open": (),
    "claimed": HELD,
    "started": (*HELD, ("chen", "start")),
    "delegated": (*HELD, ("chen", "delegate")),
    "parked": (*HELD, ("chen", "follow_up")),
    "review": (*HELD, ("chen", "ask_review")),
    "suspended": (*HELD, ("sun", "suspend")),
}
"""How a task gets into each state: chen takes it, delegates it to sun, asks wu."""


def in_state(state: str) -> Story:
    told = start(REVIEW, CHECK)
    for actor, action in WAYS[state]:
        told.do(COMMANDS[action](1), actor)
    assert task(told, "review").status == state
    return told


PEOPLE = ("chen", "li", "sun", "gu", "wu", "ann", "old", "nobody")
MOVING = ("sun", "gu", "ann")


def allowed(state: str, action: str) -> list[str]:
    """Who may do it, by trying; `may` must say the same, and the table where it leads."""
    found = []
    for actor in PEOPLE:
        told = in_state(state)
        why = may(Look(told.process, told.state, Env(told.now, **told.env)), actor, 1, action)
        answer = told.ask(COMMANDS[action](1), actor)
        assert (why is None) == (not isinstance(answer, c.Refusal)), (state, actor, action, why, answer)
        if why is not None:
            assert isinstance(answer, c.Refusal)
            assert (answer.code, answer.text) == (why.code, why.text["en"])
            assert "{" not in why.text["zh"] + why.text["en"]
            continue
        found.append(actor)
        now = task(told, "review")
        closed = [one.how for one in told.events if isinstance(one, e.TaskClosed)]
        to = LIFECYCLE[state, action].to
        assert (now.status if now else closed[0]) in EITHER.get(to, (to,))
    return found


EXPECTED: dict[str, dict[str, tuple[str, ...]]] = {
    "open": {
        **dict.fromkeys(("claim", "complete", "skip"), ("chen", "li", "sun")),
        **dict.fromkeys(("transfer", "priority", "suspend"), ("sun", "ann")),
    },
    "claimed": {
        **dict.fromkeys(("start", "draft", "complete", "delegate", "follow_up", "ask_review"), ("chen",)),
        "skip": ("chen", "sun"),
        **dict.fromkeys(("release", "transfer"), ("chen", *MOVING)),
        **dict.fromkeys(("priority", "suspend"), MOVING),
    },
    "delegated": {
        **dict.fromkeys(("draft", "complete"), ("sun",)),
        "return": ("chen", "sun"),
        **dict.fromkeys(("release", "transfer", "priority"), MOVING),
    },
    "parked": {
        "take_up": ("chen",),
        **dict.fromkeys(("release", "transfer"), ("chen", *MOVING)),
        "priority": MOVING,
    },
    "review": {
        "answer": ("wu",),
        "withdraw": ("chen",),
        **dict.fromkeys(("release", "transfer"), ("chen", *MOVING)),
        "priority": MOVING,
    },
    "suspended": dict.fromkeys(("resume", "transfer", "priority"), MOVING),
}
EXPECTED["started"] = {action: who for action, who in EXPECTED["claimed"].items() if action != "start"}


@pytest.mark.parametrize("state", OPEN_STATES)
def test_every_action_is_answered_in_every_state(state: str) -> None:
    found = {action: tuple(allowed(state, action)) for action in COMMANDS}
    assert {action: who for action, who in found.items() if who} == EXPECTED[state]


def test_the_table_is_whole() -> None:
    assert {*COMMANDS, "cancel"} == set(ACTIONS)
    assert set(OPEN_STATES) == set(WAYS) == set(EXPECTED)
    reached = {"open", *(to for _, _, to in lifecycle.moves())}
    assert reached == set(STATES)
    assert {party for rule in LIFECYCLE.values() for party in rule.who} == set(WHO) == set(PARTIES)


def test_the_picture_in_the_docs_is_that_of_the_table() -> None:
    text = DOC.read_text(encoding="utf-8")
    assert f"```mermaid\n{lifecycle.diagram()}\n```" in text
    assert lifecycle.table() in text
    for name, words in {**STATES, **WHO}.items():
        assert f"| {name} | {words} |" in text


# --- delegating ---------------------------------------------------------------------------------------


def test_what_a_delegate_completes_counts_for_both() -> None:
    """R26: everyone who completed the step, or on whose behalf."""
    told = in_state("delegated")
    told.do(c.CompleteTask(1), "sun")
    assert told.state.work.done_by == {"review": ["sun", "chen"]}
    for user in ("sun", "chen"):
        assert told.refused(t.ClaimTask(2), user).code == "four_eyes"
    told.do(t.ClaimTask(2), "li")


def test_a_delegate_meets_four_eyes_and_so_does_who_delegated() -> None:
    told = start(human("a", "b", queue="review"), human("b", None, queue="review", not_by=("a",)))
    told.do(c.CompleteTask(1), "chen")
    told.do(t.ClaimTask(2), "li")
    refused = told.refused(t.DelegateTask(2, "chen"), "li")
    assert refused.code == "not_for" and "chen completed “a” in this case" in refused.text
    assert told.refused(t.DelegateTask(2, "li"), "li").code == "yourself"
    assert told.refused(t.DelegateTask(2, "wu"), "li").code == "not_for"


def test_a_delegator_who_had_a_part_meanwhile_bars_the_delegate() -> None:
    told = start(
        step("both", Parallel((Branch("x", "a"), Branch("y", "b")))),
        *within("both", human("a", None, queue="review"), human("b", None, queue="review", not_by=("a",))),
    )
    first, second = told.token("a"), told.token("b")
    told.do(t.ClaimTask(second), "chen")
    told.do(t.DelegateTask(second, "li"), "chen")
    told.do(c.CompleteTask(first), "chen")
    refused = told.refused(c.CompleteTask(second), "li")
    assert refused.code == "four_eyes_behalf" and "on behalf of chen" in refused.text


def test_a_delegated_task_comes_back_with_its_draft() -> None:
    told = start(human("review", None, ("text",), queue="review"))
    told.do(t.ClaimTask(1), "chen")
    told.do(t.DelegateTask(1, "li", "you know this customer"), "chen")
    told.do(t.SaveDraft(1, {"text": "half"}), "li")
    told.do(t.ReturnTask(1, "that is all I know"), "li")
    found = task(told, "review")
    assert (found.status, found.holder, found.delegator, found.draft) == ("claimed", "chen", "", {"text": "half"})


# --- parking ------------------------------------------------------------------------------------------


def test_a_parked_task_comes_back_by_itself() -> None:
    told = in_state("parked")
    assert told.refused(c.CompleteTask(1), "chen").code == "parked"
    told.now = LATER
    assert told.refused(c.FireTimer("work", 1, LATER + timedelta(seconds=1)), "system").code == "stale"
    assert kinds(told.do(c.FireTimer("work", 1, LATER), "system")) == ["TaskTakenUp", "TimePassed"]
    assert (task(told, "review").status, task(told, "review").holder) == ("claimed", "chen")
    assert told.refused(c.FireTimer("work", 1, LATER), "system").code == "stale"


@pytest.mark.parametrize("until", [MONDAY, MONDAY - timedelta(days=1), datetime(2027, 1, 1)])  # noqa: DTZ001  (that it has no zone is the point)
def test_a_task_is_parked_until_a_moment_to_come(until: datetime) -> None:
    assert in_state("claimed").refused(t.ParkTask(1, until), "chen").code == "until"


def test_the_refusal_says_the_moment_as_people_read_it_and_how_far_one_may_go() -> None:
    told = in_state("claimed")
    assert told.refused(t.ParkTask(1, MONDAY), "chen").said("en").endswith(f"not {MONDAY:%Y-%m-%d} 09:00")
    far = told.refused(t.ParkTask(1, datetime(9999, 12, 31, tzinfo=UTC)), "chen")
    assert (far.code, far.said("en")) == (
        "until_far", f"a task is laid aside for two years at most, which is until {MONDAY + AHEAD:%Y-%m-%d} 09:00",
    )  # fmt: skip
    told.do(t.ParkTask(1, MONDAY + AHEAD), "chen")


def test_moments_are_kept_in_utc() -> None:
    told = in_state("claimed")
    told.do(t.ParkTask(1, datetime.fromisoformat("2026-04-01T08:00:00+08:00")), "chen")
    assert task(told, "review").until == datetime(2026, 4, 1, tzinfo=UTC)
    assert task(told, "review").until.tzinfo is UTC


def test_a_task_that_was_taken_away_while_parked_does_not_come_back() -> None:
    told = in_state("parked")
    told.do(t.TransferTask(1, user="li"), "sun")
    assert told.refused(c.FireTimer("work", 1, LATER), "system").code == "stale"


# --- review, suspension -------------------------------------------------------------------------------


def test_a_review_is_asked_and_answered() -> None:
    told = in_state("review")
    assert (task(told, "review").waits_for, task(told, "review").question) == ("wu", "Is this right?")
    assert told.refused(t.AnswerReview(1, "  ", True), "wu").code == "text"
    assert told.refused(t.AnswerReview(1, "x" * 4001, True), "wu").code == "text"
    told.do(t.AnswerReview(1, "No: the date is wrong.", False), "wu")
    found = task(told, "review")
    assert (found.status, found.holder, found.reviewer, found.question) == ("claimed", "chen", "", "")
    assert told.state.work.done_by == {}
    answered = [one for one in told.events if isinstance(one, e.ReviewAnswered)]
    assert (answered[0].by, answered[0].agrees) == ("wu", False)


@pytest.mark.parametrize(("user", "code"), [("chen", "yourself"), ("old", "inactive"), ("nobody", "inactive")])
def test_who_can_be_asked(user: str, code: str) -> None:
    assert in_state("claimed").refused(t.AskReview(1, user, "Well?"), "chen").code == code


def test_a_suspended_task_stays_so_when_it_is_moved() -> None:
    told = in_state("suspended")
    told.do(t.TransferTask(1, queue="senior"), "sun")
    assert (task(told, "review").status, task(told, "review").holder) == ("suspended", "")
    told.do(t.ResumeTask(1), "gu")
    assert task(told, "review").status == "open"
    assert told.refused(t.SuspendTask(1, " "), "gu").code == "no_reason"


# --- leaving out --------------------------------------------------------------------------------------


def test_a_step_is_left_out_where_it_allows_it() -> None:
    told = in_state("claimed")
    assert told.refused(c.SkipTask(1, " "), "chen").code == "reason"
    told.do(c.SkipTask(1, "the customer has withdrawn"), "chen")
    closed = next(one for one in told.events if isinstance(one, e.TaskClosed))
    assert (closed.how, closed.by, closed.reason) == ("skipped", "chen", "the customer has withdrawn")
    assert told.state.work.done_by == {}  # nobody has completed it
    told.do(t.ClaimTask(2), "chen")
    assert told.refused(c.SkipTask(2, "neither"), "chen").code == "no_skip"


def test_what_is_left_out_sets_nothing_and_falls_through() -> None:
    yes = outcome("yes", next="far", sets=(sets("flag", "true"),))
    told = start(
        human("a", "near", outcomes=(yes,), queue="review", skippable=True),
        human("near", None, queue="review"),
        human("far", None, queue="review"),
    )
    told.do(c.SkipTask(1, "not needed"), "chen")
    assert told.token("near") and "flag" not in told.data
    left = next(one for one in told.events if isinstance(one, StepLeft))
    assert (left.outcome, left.actor) == (LEFT_OUT, "")
