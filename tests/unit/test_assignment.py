"""Where a new task goes, and where an open one moves when the value that it follows changes."""

from typing import Any

import pytest

from engine.core import commands as c
from engine.core.model import Branch, Parallel, Set
from tasks import commands as t
from tasks import events as e
from tasks.model import Owning
from tests.support.graph import Story, sets, step, within, x
from tests.unit.test_work import human, start, task


def place(told: Story, name: str) -> tuple[str, str, str]:
    opened = [one for one in told.events if isinstance(one, e.TaskOpened) and one.step == name][-1]
    assert (task(told, name).queue, task(told, name).assignee) == (opened.queue, opened.assignee)
    assert opened.revision == 3
    return opened.queue, opened.assignee, opened.note


@pytest.mark.parametrize(
    ("work", "where"),
    [
        ({"queue": "review"}, ("review", "", "")),
        ({"queue": x("kind"), "else_queue": "intake"}, ("senior", "", "")),
        ({"queue": x("text"), "else_queue": "intake"}, ("intake", "", "text is not set")),
        ({"queue": x("kind ~ 's'"), "else_queue": "intake"}, ("intake", "", "there is no queue seniors")),
        ({"assign": "starter", "else_queue": "intake"}, ("intake", "li", "")),
        ({"assign": "starter", "queue": "review"}, ("review", "li", "")),
        ({"assign": "sun", "queue": "review"}, ("review", "sun", "")),
        ({"assign": "owner", "else_queue": "intake"}, ("intake", "", "there is no owner")),
        ({"assign": x("log[0]"), "queue": "review"}, ("review", "", "log[0] is not set")),
        ({"assign": x("'o' ~ 'ld'"), "queue": "review"}, ("review", "", "old is not a user in service")),
        ({}, ("senior", "", "")),
    ],
)
def test_where_a_task_goes(work: dict[str, Any], where: tuple[str, str, str]) -> None:
    told = start(human("a", None, **work), parts=Owning(first="z", else_queue="senior"), kind="senior")
    assert place(told, "a") == where


def test_an_expression_that_fails_leads_to_the_other_queue() -> None:
    told = start(human("a", None, queue=x("'senior' if x > 1 else 'review'"), else_queue="intake"))
    queue, _, note = place(told, "a")
    assert queue == "intake" and "x is not set" in note


def test_a_case_started_from_outside_goes_to_the_other_queue() -> None:
    told = start(human("a", None, assign="starter", else_queue="intake"), by="web")
    assert place(told, "a") == ("intake", "", "web is not a user in service")


def test_nobody_is_given_what_is_not_for_their_eyes() -> None:
    told = start(human("a", "b", queue="review"), human("b", None, assign="starter", queue="review", not_by=("a",)))
    told.complete("a", actor="li")
    assert place(told, "b") == ("review", "", "li completed a")


def test_priority_from_data() -> None:
    for given, priority in ((30, 30), (400, 100), (None, 0), (-5, 0)):
        told = start(human("a", None, queue="review", priority=x("x")), x=given)
        assert task(told, "a").priority == priority


def following(**work: Any) -> Story:
    """Two tasks side by side: `a` goes where `kind` says, completing `b` changes it to intake."""
    block = step("both", Parallel((Branch("one", "a"), Branch("two", "b"))), None)
    return start(
        block,
        within("both", human("a", None, else_queue="senior", **work), human("b", "change", queue="review"),
               step("change", Set((sets("kind", "'intake'"),)), "c"), human("c", "same", queue="review"),
               step("same", Set((sets("y", "1"),)))),
        kind="review",
        parts=Owning(starter=True),
    )  # fmt: skip


def test_a_task_follows_the_value_that_its_queue_reads() -> None:
    told = following(queue=x("kind"), follow=True)
    told.do(t.ClaimTask(told.token("a")), "chen")
    told.complete("b", actor="li")
    assert (task(told, "a").queue, task(told, "a").holder) == ("intake", "")
    told.do(t.TransferTask(told.token("a"), queue="senior"), "sun")
    told.complete("c", actor="li")
    assert task(told, "a").queue == "senior", "another value leaves it where it was moved to"


def test_without_follow_it_stays() -> None:
    assert task(following(queue=x("kind")).complete("b", actor="li"), "a").queue == "review"


def test_a_task_follows_the_owner() -> None:
    told = following(assign="owner", follow=True)
    assert task(told, "a").assignee == "li"
    told.do(t.SetOwner("chen", "on duty"), "li")
    assert (task(told, "a").assignee, task(told, "a").queue) == ("chen", "senior")


def test_a_step_that_is_gone_at_once_opens_no_task() -> None:
    block = step("both", Parallel((Branch("one", "a"), Branch("two", "b")), needs=1), None)
    told = start(block, within("both", human("a", None, queue="review"), step("b", Set(()))))
    assert told.ended is not None
    opened = [one.token for one in told.events if isinstance(one, e.TaskOpened)]
    closed = [one.token for one in told.events if isinstance(one, e.TaskClosed)]
    assert opened == closed and told.state.work.tasks == {}
    assert told.refused(c.CompleteTask(2), "li").code == "ended"
