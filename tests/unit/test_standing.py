"""Who acts for whom: substitutes, votes of several, authority that climbs."""

from datetime import timedelta
from typing import Any

import pytest

from engine.core import commands as c
from engine.core.model import Branch, Parallel
from organisation.directory import Directory
from tasks import commands as t
from tasks import events as e
from tasks.model import Approvals, Authority
from tests.support.graph import MONDAY, Story, graph, step, within, x
from tests.unit.test_work import MACHINE, NAMES, PEOPLE, human, outcome, people, task

AWAY = """\
absences:
  - {user: chen, from: 2026-03-01, to: 2026-03-06, substitute: li}
  - {user: sun, from: 2026-03-02, to: 2026-03-02, substitute: gu, processes: [other]}
"""


def told(*nodes: Any, by: str = "wu", directory: Directory | None = None, **data: Any) -> Story:
    made = Story(graph(*nodes), MACHINE, directory=directory or people(PEOPLE + AWAY), names=NAMES)
    made.do(c.StartCase("test", data), by)
    return made


def notes(story: Story) -> list[str]:
    return [one.note for one in story.events if isinstance(one, e.TaskOpened)]


# --- substitutes --------------------------------------------------------------------------------------


def test_what_is_meant_for_who_is_away_goes_to_who_stands_in() -> None:
    story = told(human("a", "b", assign="chen"), human("b", None, queue="review", not_by=("a",)))
    assert (task(story, "a").assignee, task(story, "a").stands_for, notes(story)) == ("li", "chen", ["chen is away"])
    story.do(c.CompleteTask(1), "li")
    assert story.state.work.done_by == {"a": ["li", "chen"]}
    for user in ("li", "chen"):
        assert story.refused(t.ClaimTask(2), user).code == "four_eyes"


def test_nobody_stands_in_for_a_part_that_the_absent_had() -> None:
    """R26: the substitute of somebody who did `a` may not do `b` on that person's behalf."""
    story = told(human("a", "b", queue="review"), human("b", None, assign="chen", else_queue="review", not_by=("a",)))
    story.do(c.CompleteTask(1), "chen")
    assert (task(story, "b").assignee, task(story, "b").queue) == ("", "review")
    assert notes(story)[-1] == "chen completed a"


def test_a_substitute_takes_over_what_the_absent_holds() -> None:
    story = told(human("a", None, ("text",), queue="review"))
    story.do(t.ClaimTask(1), "chen")
    story.do(t.SaveDraft(1, {"text": "half"}), "chen")
    assert story.refused(t.ClaimTask(1), "sun").code == "held"
    story.do(t.ClaimTask(1), "li")
    found = task(story, "a")
    assert (found.holder, found.stands_for, found.status, found.draft) == ("li", "chen", "claimed", {"text": "half"})
    story.do(c.CompleteTask(1, data={"text": "whole"}), "li")
    assert story.state.work.done_by == {"a": ["li", "chen"]}


def test_what_was_parked_by_who_is_away_can_be_taken_over() -> None:
    story = told(human("a", None, queue="review"))
    story.do(t.ClaimTask(1), "chen")
    story.do(t.ParkTask(1, MONDAY + timedelta(days=3)), "chen")
    story.do(t.ClaimTask(1), "li")
    assert (task(story, "a").status, task(story, "a").until) == ("claimed", None)


def test_when_the_absent_is_back_nobody_stands_in() -> None:
    story = told(human("a", None, queue="review"))
    story.do(t.ClaimTask(1), "chen")
    story.now = MONDAY + timedelta(days=5)
    assert story.refused(t.ClaimTask(1), "li").code == "held"


def test_an_absence_may_be_for_some_processes_only() -> None:
    story = told(human("a", None, assign="sun"))  # away for the process `other`, this one is `test`
    assert (task(story, "a").assignee, task(story, "a").stands_for) == ("sun", "")


def test_nothing_is_handed_to_who_is_away() -> None:
    story = told(human("a", None, queue="review"))
    refused = story.refused(t.TransferTask(1, user="chen"), "sun")
    assert refused.code == "not_for" and "chen is away until 2026-03-06; who stands in: li" in refused.text


def test_a_substitute_has_only_their_own_authority() -> None:
    node = human("a", None, assign="sun", authority=Authority("claims", "", x("amount"), "approve", climb=False))
    away = people(PEOPLE + "absences: [{user: sun, from: 2026-03-01, to: 2026-03-09, substitute: chen}]\n")
    story = told(node, amount="3000", directory=away)
    assert task(story, "a").assignee == "chen"
    assert story.refused(t.ClaimTask(1), "chen").code == "authority"


def test_substitutes_of_substitutes_and_circles() -> None:
    text = PEOPLE + (
        "absences:\n"
        "  - {user: chen, from: 2026-03-01, to: 2026-03-09, substitute: li}\n"
        "  - {user: li, from: 2026-03-01, to: 2026-03-09, substitute: %s}\n"
    )
    assert task(told(human("a", None, assign="chen"), directory=people(text % "sun")), "a").assignee == "sun"
    story = told(human("a", None, assign="chen", else_queue="senior"), directory=people(text % "chen"))
    assert (task(story, "a").assignee, task(story, "a").queue) == ("", "senior")
    assert notes(story) == ["chen is away, and nobody stands in"]


# --- votes --------------------------------------------------------------------------------------------

YES, NO = outcome("yes"), outcome("no", reason=True)


def voting(of: int, needs: int, early: bool = True, role: str = "", directory: Directory | None = None) -> Story:
    here = {"queue": "review", "approvals": Approvals(of, needs, early, role)}
    return told(
        human("start", "vote", queue="intake"),
        human("vote", "after", outcomes=(YES, NO), not_by=("start",), **here),
        human("after", None, queue="review", not_by=("vote",)),
        directory=directory or people(PEOPLE.replace("members: [chen, li, sun]", "members: [chen, li, sun, wu, gu]")),
    )


@pytest.mark.parametrize(
    ("of", "needs", "early", "votes", "result"),
    [
        (3, 2, True, "yy", "yes"),
        (3, 2, True, "yny", "yes"),
        (3, 2, True, "nn", "no"),
        (3, 2, False, "yy", ""),
        (3, 2, False, "yyn", "yes"),
        (3, 2, False, "nny", "no"),
        (3, 3, True, "n", "no"),  # all of them
        (3, 3, True, "yyy", "yes"),
        (3, 1, True, "y", "yes"),  # any of them
        (3, 1, True, "nn", ""),
        (3, 1, True, "nnn", "no"),
        (4, 2, True, "nn", ""),
        (4, 2, True, "nnn", "no"),
    ],
)
def test_n_of_m(of: int, needs: int, early: bool, votes: str, result: str) -> None:
    story = voting(of, needs, early)
    story.do(c.CompleteTask(1), "chen")
    number = story.token("vote")
    for user, word in zip(("li", "sun", "wu", "gu"), votes, strict=False):
        story.do(t.VoteTask(number, "yes" if word == "y" else "no", f"{user} thinks so"), user)
    closed = [one for one in story.events if isinstance(one, e.TaskClosed) and one.step == "vote"]
    assert [one.outcome for one in closed] == ([result] if result else [])
    if result:
        users = ["li", "sun", "wu", "gu"][: len(votes)]
        assert sorted(story.state.work.done_by["vote"]) == sorted(users)
        for user in users:
            assert story.refused(t.ClaimTask(story.token("after")), user).code == "four_eyes"


def test_a_vote_is_cast_once_and_by_who_may() -> None:
    story = voting(3, 2)
    story.do(c.CompleteTask(1), "chen")
    number = story.token("vote")
    assert story.refused(t.VoteTask(number, "yes"), "chen").code == "four_eyes"
    assert story.refused(t.VoteTask(number, "maybe"), "li").code == "outcome"
    assert story.refused(t.VoteTask(number, "no"), "li").code == "no_reason"
    assert story.refused(t.ClaimTask(number), "li").code == "votes"
    assert story.refused(c.CompleteTask(number, "yes"), "li").code == "votes"
    story.do(t.VoteTask(number, "yes"), "li")
    assert story.refused(t.VoteTask(number, "yes"), "li").code == "voted"
    assert story.refused(t.VoteTask(number, "yes"), "ann").code == "not_served"
    assert [(one.by, one.outcome) for one in task(story, "vote").votes] == [("li", "yes")]
    assert told(human("a", None, queue="review")).refused(t.VoteTask(1, "yes"), "li").code == "no_votes"


def test_only_a_role_may_vote() -> None:
    story = voting(1, 1, role="supervisor")
    story.do(c.CompleteTask(1), "chen")
    number = story.token("vote")
    assert story.refused(t.VoteTask(number, "yes"), "li").code == "no_role"
    story.do(t.VoteTask(number, "yes"), "sun")


def test_authority_is_weighed_for_each_vote_and_its_outcome() -> None:
    approve, refuse = outcome("approve", "approve"), outcome("refuse", "refuse")
    story = told(
        human("v", None, outcomes=(approve, refuse), queue="review", approvals=Approvals(2, 2),
              authority=Authority("claims", "", x("amount"))),
        amount="3000", directory=people(),
    )  # fmt: skip
    assert story.refused(t.VoteTask(1, "approve"), "li").code == "authority"
    story.do(t.VoteTask(1, "approve"), "sun")
    assert any(isinstance(one, e.TaskAuthorised) and one.by == "sun" for one in story.events)


# --- climbing -----------------------------------------------------------------------------------------


def deciding(amount: str, directory: Directory | None = None, **work: Any) -> Story:
    work = {"queue": "review", "authority": Authority("claims", "", x("amount"), "approve"), **work}
    return told(human("first", "a", ("amount",), queue="review"), human("a", None, **work), amount=amount,
                directory=directory or people(PEOPLE + "  - {user: gu, kind: claims}\n"))  # fmt: skip


def climbed(amount: str, **more: Any) -> tuple[str, str, str]:
    story = deciding("1", **more)
    story.do(c.CompleteTask(1, data={"amount": amount}), "li")
    found = task(story, "a")
    return found.assignee, found.queue, notes(story)[-1]


def test_what_nobody_of_the_queue_may_decide_goes_up() -> None:
    assert climbed("900") == ("", "review", "")
    assert climbed("4000") == ("", "review", "")  # sun serves the queue, and may
    assert climbed("6000") == ("gu", "review", "nobody in the queue review may decide claims approve 6000")


def test_who_is_out_for_another_reason_is_passed_over() -> None:
    """The supervisor did the first step, so the second is for somebody above."""
    story = deciding("1", not_by=("first",))
    story.do(c.CompleteTask(1, data={"amount": "4000"}), "sun")
    assert task(story, "a").assignee == "gu"


def test_without_anybody_above_the_narrowest_grant_has_it() -> None:
    grants = "  - {user: wu, kind: claims, amount: 9000}\n  - {user: ann, kind: claims, amount: 8000}\n"
    assert climbed("6000", directory=people(PEOPLE + grants))[0] == "ann"
    assert climbed("8500", directory=people(PEOPLE + grants))[0] == "wu"
    assert climbed("9500", directory=people(PEOPLE + grants)) == (
        "", "review", "nobody in the queue review may decide claims approve 9500",
    )  # fmt: skip


def test_an_assignee_without_authority_is_passed_over_for_who_stands_above() -> None:
    assert climbed("4000", assign="chen")[0] == "sun"
    assert climbed("6000", assign="chen")[0] == "gu"
    assert climbed("900", assign="chen")[0] == "chen"


def test_it_stays_where_it_may_not_climb() -> None:
    authority = Authority("claims", "", x("amount"), "approve", climb=False)
    assert climbed("6000", authority=authority) == ("", "review", "")


def test_a_task_climbs_when_the_amount_grows_while_nobody_has_it() -> None:
    authority = Authority("claims", "", x("amount"), "approve")
    story = told(
        step("both", Parallel((Branch("x", "a"), Branch("y", "b")))),
        *within(
            "both",
            human("a", None, queue="review", authority=authority),
            human("b", None, ("amount",), queue="review"),
        ),
        amount="10", directory=people(PEOPLE + "  - {user: gu, kind: claims}\n"),
    )  # fmt: skip
    assert task(story, "a").assignee == ""
    story.do(c.CompleteTask(story.token("b"), data={"amount": "7000"}), "li")
    assert task(story, "a").assignee == "gu"
    moved = next(one for one in story.events if isinstance(one, e.TaskTransferred))
    assert moved.reason == "nobody in the queue review may decide claims approve 7000"


def test_a_task_may_be_handed_up_the_line_whoever_serves_the_queue() -> None:
    story = deciding("6000")
    story.do(t.ClaimTask(1), "chen")
    story.do(t.TransferTask(1, user="gu"), "chen")
    assert task(story, "first").assignee == "gu"
