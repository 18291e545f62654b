"""The same done to many tasks: an answer for each."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from engine.core import commands as c
from engine.core.commands import Refusal
from engine.runtime.answers import Answer
from engine.runtime.clock import new_id
from tasks.bulk import BULK, MOST, Item, bulk
from tests.store.test_tasks_store import Office
from tests.store.test_tasks_store import office as office  # the fixture


def asking(office: Office, user: str) -> Callable[[Sequence[tuple[str, c.Command]]], list[Answer]]:
    def ask(commands: Sequence[tuple[str, c.Command]]) -> list[Answer]:
        now = office.clock.now()
        return office.runner.submit_many([c.Request(new_id(now), case, one, user, now, "") for case, one in commands])

    return ask


def test_each_has_its_answer(office: Office) -> None:
    cases = [office.start("low") for _ in range(3)]
    office.do("li", cases[1], c.CompleteTask(1))
    items = [Item(case, 1) for case in cases]
    items.append(items[0])  # twice the same is once
    claimed = bulk("claim", items, asking(office, "chen"))
    assert [one.ok for one in claimed] == [True, False, True]
    assert isinstance(claimed[1].answer, Refusal) and claimed[1].answer.code == "closed"
    wanted: dict[str, dict[str, Any]] = {
        "priority": {"priority": 60, "reason": "the storm"},
        "comment": {"text": "The storm."},
        "transfer": {"queue": "senior", "reason": "the storm"},
    }
    for action, given in wanted.items():
        done = bulk(action, items, asking(office, "sun"), **given)
        assert [one.ok for one in done] == [True, False, True], action
    for case in (cases[0], cases[2]):
        row = office.row(case, 1)
        assert (row["queue"], row["priority"], row["holder"]) == ("senior", 60, "")
    retried = bulk("retry", [Item(cases[0], 99)], asking(office, "gu"))
    assert isinstance(retried[0].answer, Refusal) and "no open incident 99" in retried[0].answer.text


def test_what_cannot_be_asked_is_told_before_anything_is_done(office: Office) -> None:
    def never(commands: Sequence[tuple[str, c.Command]]) -> list[Answer]:
        raise AssertionError("nothing is to be asked")

    with pytest.raises(ValueError, match="expected one of claim, transfer"):
        bulk("close", [Item("x", 1)], never)
    with pytest.raises(ValueError, match="can be taken at once"):
        bulk("claim", [Item("x", n) for n in range(MOST + 1)], never)
    with pytest.raises(TypeError):
        bulk("claim", [Item("x", 1)], never, priority=3)
    assert set(BULK) == {"claim", "transfer", "priority", "comment", "retry"}
