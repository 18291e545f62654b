"""Who watches a case is told of what matters, unless they did it or may not read it."""

from typing import Any

from engine.core import commands as c
from engine.core.events import NoticeRequested
from engine.core.flow import FLOW
from engine.core.machine import Machine
from sla.clock import CLOCKS
from tasks import commands as t
from tasks.watching import NOTICE
from tasks.work import WORK
from tests.support.clocks import ClockStory, clock, clocked, rung
from tests.support.graph import Story
from tests.unit.test_work import PEOPLE, human, people, start


def told(story: Story, command: c.Command, actor: str) -> list[tuple[str, list[str], str]]:
    """What watchers hear of a command: the kind, who, in English."""
    notices = [one for one in story.do(command, actor) if isinstance(one, NoticeRequested) and one.template == NOTICE]
    return [(one.facts["kind"], one.to, one.facts["what"]["en"]) for one in notices]


MACHINE = Machine([FLOW, WORK, CLOCKS])


def two(**parts: Any) -> Story:
    story = start(human("first", "second", queue="review"), human("second", None, queue="review"), **parts)
    for user in ("chen", "sun"):
        story.do(t.Watch(user), "gu")
    return story


def test_a_step_that_is_done_and_the_end() -> None:
    story = two()
    assert told(story, c.CompleteTask(1), "li") == [
        ("completed", ["user.chen", "user.sun"], "Li completed “first”"),
    ]
    assert sorted(told(story, c.CompleteTask(2), "chen")) == [
        ("completed", ["user.sun"], "Chen completed “second”"),
        ("ended", ["user.sun"], "the case has ended"),
    ]


def test_a_case_that_is_ended_tells_of_no_task_besides() -> None:
    assert told(two(), c.CancelCase("a mistake"), "sun") == [("withdrawn", ["user.chen"], "Sun ended the case")]


def test_a_comment_is_told_and_not_shown() -> None:
    (comment,) = told(two(), t.Comment("Beware of the dog."), "sun")
    assert comment == ("comment", ["user.chen"], "Sun commented")


def test_nobody_hears_what_they_did_or_where_nobody_watches() -> None:
    story = two()
    story.do(t.Unwatch(), "sun")
    assert told(story, t.Comment("mine"), "chen") == []


def test_who_may_not_read_the_case_hears_nothing() -> None:
    story = two()
    story.do(t.Watch(), "wu")
    assert told(story, t.Comment("one"), "li")[0][1] == ["user.chen", "user.sun"], "wu has no part in it"
    story.do(t.RestrictCase("a colleague's claim", ("user.sun",)), "sun")
    assert told(story, t.Comment("two"), "li")[0][1] == ["user.sun"]


def test_who_has_left_hears_nothing() -> None:
    story = two()
    left = PEOPLE.replace("sun: {name: Sun,", "sun: {name: Sun, to: 2025-12-31,")
    story.env["directory"] = people(left)
    assert told(story, t.Comment("three"), "li")[0][1] == ["user.chen"]


def test_a_limit_that_passes_is_told_once_for_each_rung_from_then_on() -> None:
    limit = clock("answer", "3h", ladder=(rung("50%"), rung("due", every="1h", times=3), rung("due + 2h")))
    process = clocked([limit], human("first", None, queue="review"))
    story = ClockStory(process, machine=MACHINE, directory=people())
    story.do(c.StartCase("test"), "li")
    story.do(t.Watch(), "chen")
    story.go("2026-02-10 18:00")
    late = [one for one in story.told("NoticeRequested") if one.template == NOTICE]
    assert [(one.facts["kind"], one.to, one.facts["what"]["en"]) for one in late] == [
        ("late", ["user.chen"], "“answer” is late")
    ] * 2
