"""A task that nobody of its queue may take is seen: an incident of its step, and a notice to who manages the queue."""

from typing import Any

import pytest

from engine.core.commands import StartCase
from engine.core.events import IncidentClosed, IncidentRaised, NoticeRequested
from tasks import commands as t
from tasks.model import Approvals, Authority
from tasks.stranded import KIND, NOTICE
from tasks.work import NAMES
from tests.support.graph import Story, graph, x
from tests.unit.test_work import MACHINE, PEOPLE, human, outcome, people, start

OK = outcome("ok")


def alarms(told: Story) -> list[int]:
    return [one.token for one in told.state.flow.incidents.values() if one.kind == KIND]


def notices(told: Story) -> list[NoticeRequested]:
    return [one for one in told.events if isinstance(one, NoticeRequested) and one.template == NOTICE]


ALONE = PEOPLE.replace(
    "intake: {members: [chen, old], managers: [sun]", "intake: {members: [chen, old], managers: [chen]"
)


def told_of(people_: str, *nodes: Any) -> Story:
    told = Story(graph(*nodes), MACHINE, directory=people(people_), names=NAMES)
    told.do(StartCase("test", {}), "li")
    return told


def two(**second: Any) -> Story:
    """`a` in the queue intake, which only chen serves and manages; then `b`, there too."""
    told = told_of(
        ALONE,
        human("a", "b", queue="intake", outcomes=[OK]),
        human("b", None, queue="intake", outcomes=[outcome("yes", decision="approve")], **second),
    )
    return told.complete("a", "ok", actor="chen")


def test_four_eyes_that_leave_nobody() -> None:
    told = two(not_by=("a",))
    assert alarms(told) == [2]
    (incident,) = (one for one in told.events if isinstance(one, IncidentRaised))
    assert "nobody in the queue intake may take task 2: had a part before, not in service" in incident.text
    (notice,) = notices(told)
    assert notice.to == ["user.chen"] and notice.facts["why"] == {
        "zh": "须由他人复核、不在职", "en": "had a part before, not in service",
    }  # fmt: skip


def test_authority_that_nobody_has() -> None:
    amount = Authority("claims", "", x("5000"), "approve", climb=False)
    assert alarms(two(authority=amount)) == [2]
    assert alarms(two(authority=Authority("claims", "", x("500"), "approve", climb=False))) == []
    told = two(authority=Authority("claims", "", x("5000"), "approve"))
    assert alarms(told) == [], "it climbs to who has it"


def test_nobody_is_told_of_what_somebody_may_take() -> None:
    assert alarms(two()) == [] and notices(two()) == []
    assert alarms(start(human("a", None, queue="review", outcomes=[OK], not_by=("a",)))) == []
    assert alarms(two(not_by=("a",), approvals=Approvals(2, 1))) == [], "votes are asked of several"


def test_it_is_told_once_and_is_over_when_somebody_has_it() -> None:
    told = two(not_by=("a",))
    told.do(t.TransferTask(2, queue="intake", reason="again"), "ann")
    assert len(notices(told)) == 1 and len(alarms(told)) == 1
    told.do(t.TransferTask(2, queue="review", reason="others"), "ann")
    assert alarms(told) == [] and isinstance(told.events[-1], IncidentClosed)
    told.do(t.TransferTask(2, queue="intake", reason="back"), "ann")
    assert alarms(told) == [2] and len(notices(told)) == 2
    told.do(t.TransferTask(2, queue="review", user="li", reason="yours"), "ann")
    assert alarms(told) == []


def test_it_goes_with_its_task() -> None:
    told = two(not_by=("a",))
    told.do(t.TransferTask(2, queue="review", reason="others"), "ann")
    told.complete("b", "yes", actor="li")
    assert not told.state.flow.incidents and told.state.flow.status == "ended"


@pytest.mark.parametrize(("skill", "alarm"), [("fraud", True), ("motor", False)])
def test_a_skill_that_nobody_has(skill: str, alarm: bool) -> None:
    text = PEOPLE.replace("review: {members: [chen, li, sun], managers: [sun]}",
                          "review: {members: [chen, li], managers: [li], assign_by: skill}")  # fmt: skip
    text = text.replace("chen: {name: Chen, roles: [officer]", "chen: {name: Chen, skills: [motor], roles: [officer]")
    told = told_of(text, human("a", None, queue="intake", outcomes=[OK], skill=skill))
    assert alarms(told) == []
    told.do(t.TransferTask(1, queue="review", reason="there"), "ann")
    assert bool(alarms(told)) == alarm
