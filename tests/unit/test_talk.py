"""Comments on a case, and who watches it."""

import pytest

from engine.core import commands as c
from tasks import commands as t
from tasks import events as e
from tests.support.graph import Story
from tests.unit.test_work import human, start, story


def one() -> Story:
    return start(human("review", None, queue="review"))


def test_a_comment_is_kept_in_the_history_alone() -> None:
    told = one()
    before = told.machine.encode(told.state.work)
    told.do(t.Comment(" The customer called. ", 1), "wu")
    told.do(t.Comment("About the case."), "gu")
    said = [(x.by, x.text, x.task) for x in told.events if isinstance(x, e.Commented)]
    assert said == [("wu", "The customer called.", 1), ("gu", "About the case.", 0)]
    assert told.machine.encode(told.state.work) == before
    told.do(c.CompleteTask(1), "chen")
    told.do(t.Comment("Thank you."), "gu")  # the case has ended
    assert told.refused(t.Comment("Which?", 1), "gu").code == "closed"


@pytest.mark.parametrize(("text", "user", "code"), [
    (" ", "wu", "text"), ("x" * 4001, "wu", "text"), ("Well.", "old", "inactive"), ("Well.", "nobody", "inactive"),
])  # fmt: skip
def test_what_is_no_comment(text: str, user: str, code: str) -> None:
    assert one().refused(t.Comment(text), user).code == code


def test_who_watches() -> None:
    told = one()
    told.do(t.Watch(), "wu")
    told.do(t.Watch("gu"), "wu")
    assert told.state.work.watchers == ["wu", "gu"]
    assert told.refused(t.Watch(), "wu").code == "watches"
    assert told.refused(t.Watch("old"), "wu").code == "inactive"
    told.do(t.Unwatch(), "wu")
    assert told.state.work.watchers == ["gu"]
    assert told.refused(t.Unwatch(), "wu").code == "watches_not"


def test_a_case_that_is_not_there_has_neither() -> None:
    for command in (t.Comment("Well."), t.Watch(), t.Unwatch()):
        assert story(human("review", None, queue="review")).refused(command, "wu").code == "unknown"
