"""The history in words: every kind of event is told, or it is said why not; and what people did is told whole."""

import types
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from engine.core import commands as core
from engine.core import events as core_events
from engine.core.events import Event
from papers import events as paper_events
from sla import events as clock_events
from tasks import commands as work
from tasks import events as work_events
from tasks.authority import Matter, _beyond
from tasks.leavers import REASON
from tasks.model import Authority
from tests.web.conftest import MORNING, Town
from web.desk import Desk
from web.noted import noted
from web.opened import Opened
from web.telling import UNTOLD, WORDS, Teller


def kinds() -> Iterator[type[Event]]:
    """All that a history may hold."""
    for module in (core_events, work_events, clock_events, paper_events):
        for found in vars(module).values():
            if isinstance(found, type) and issubclass(found, Event) and found is not Event:
                yield found


def test_every_event_is_told_or_it_is_said_why_not() -> None:
    known = set(kinds())
    assert known == WORDS.keys() | UNTOLD.keys(), "give it words in web/telling.py, or say there why it has none"
    assert not WORDS.keys() & UNTOLD.keys() and all(UNTOLD.values())


def sample(kind: Any) -> Any:
    """A value of that type."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return sample(inner[0])
    plain = {str: "x", int: 1, bool: True, datetime: MORNING, float: 1.0}
    if origin in (tuple, list):
        return origin((sample(inner[0]), sample(inner[0])))
    return plain.get(kind, {} if (origin or kind) is dict else None)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_words_hold_for_every_event(town: Town, language: str) -> None:
    opened = Opened(Desk(town.caseway, "lu_yao", language), town.claim())
    for kind in WORDS:
        hints = get_type_hints(kind)
        event = kind(**{name: sample(hints[name]) for name in kind.__struct_fields__})
        assert isinstance(event, msgspec.Struct)
        if kind is core_events.CaseLinked:
            event = msgspec.structs.replace(event, kind="related")
        told = WORDS[kind](Teller(opened), event)
        assert isinstance(told, str) and "{" not in told, kind


def told(town: Town, number: str, language: str = "en") -> str:
    return town.browser("lu_yao", language).get(f"/cases/{number}").text


def test_what_people_do_with_a_task_is_told_with_why_and_to_whom(town: Town) -> None:
    number = town.claim()
    task = town.task_of(number)

    def do(command: Any, user: str = "chen_wei") -> None:
        case = town.caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))[0]
        answer = town.caseway.ask(case, command, user)
        assert type(answer).__name__ == "Accepted", answer

    do(work.ClaimTask(task))
    do(work.ParkTask(task, MORNING + timedelta(days=1), "the customer is abroad"))
    do(work.TakeUpTask(task))
    do(work.AskReview(task, "lu_yao", "is this a collision?"))
    do(work.AnswerReview(task, "it is one", True), "lu_yao")
    do(work.AskReview(task, "lu_yao", "sure?"))
    do(work.WithdrawReview(task))
    do(work.DelegateTask(task, "lu_yao", "I am at the garage"))
    do(work.ReturnTask(task, "not mine"), "lu_yao")
    do(work.SuspendTask(task, "the line is down"), "lin_xiaoyan")
    do(work.ResumeTask(task, "it is up"), "lin_xiaoyan")
    do(work.SetPriority(task, 70, "a VIP"), "lin_xiaoyan")
    do(work.Comment("called twice", task))
    do(work.Comment("the file is thin"), "lu_yao")
    do(work.Watch(), "lu_yao")
    do(work.Unwatch(), "lu_yao")
    do(core.CancelCase("a mistake"), "gu_mingyuan")
    text = told(town, number)
    for words in (
        "laid Intake aside until 2026-03-04 10:00 (the customer is abroad)", "Intake was taken up again",
        "Lu Yao was asked about Intake: is this a collision?", "the review of Intake agrees: it is one",
        "the question about Intake was withdrawn", "Intake was delegated to Lu Yao (I am at the garage)",
        "Intake was given back (not mine)", "Intake was suspended (the line is down)", "Intake goes on (it is up)",
        "Intake now has priority 70 (a VIP)", "comment on Intake: called twice", "comment: the file is thin",
        "Lu Yao watches the case", "Lu Yao watches the case no longer",
    ):  # fmt: skip
        assert words in text, words
    assert "陆瑶 复核" in told(town, number, "zh")


def test_a_grant_is_told_by_the_titles_of_the_house(town: Town) -> None:
    def grant(language: str, grant: str) -> str:
        return Teller(Opened(Desk(town.caseway, "lu_yao", language), number)).grant(grant)

    number = town.claim()
    assert (
        grant("zh", "role.officer claims motor ex_gratia up to 10000")
        == "经办 · 理赔审批 · 车险 · 通融赔付 · 10,000.00 以内"
    )
    assert grant("en", "role.officer claims motor any amount") == "Officer · Claims · Motor · any amount"
    assert grant("en", "user.lu_yao discipline none any amount").endswith("Discipline · No penalty · any amount")
    page = town.browser("dong_lei", "zh").get("/admin/authority").text
    assert all(title in page for title in ("车险", "通融赔付"))
    assert not any(f">{name}<" in page for name in ("motor", "ex_gratia"))


def test_what_the_engine_notes_is_told_with_titles(town: Town) -> None:
    """As `tasks.climbing`, `tasks.steering` and `tasks.push` write it; what a person wrote stays."""
    zh, en = (Desk(town.caseway, "lu_yao", language) for language in ("zh", "en"))
    task = Matter("claims", "motor", Decimal(50_000), "approve")
    assert noted(zh, f"nobody in the queue claims_approval may decide {task}") == (
        "队列“理赔审批”中无人有权决定：理赔审批 · 车险 · 同意赔付 · 50,000.00"
    )
    why = _beyond(town.caseway.directory, task, Authority("claims"), MORNING.date())
    assert noted(en, why.recorded).startswith(
        "the authority of who had it does not reach this far: Claims · Motor · Pay"
    )
    assert noted(zh, "round_robin") == "自动轮流分配" and noted(zh, REASON) == "已离职"
    assert noted(zh, "the customer is abroad") == "the customer is abroad"
