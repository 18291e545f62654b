"""Ladders: rungs before, at and after the limit, each once; their acts (R27, R29). Dates worked by hand."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.core import commands as c
from engine.core.flow import FLOW
from engine.core.machine import Machine
from engine.core.model import Catch, End, Human, Milestone, Outcome, Process, Trigger
from organisation.load import build, load
from sla.clock import CLOCKS
from sla.contract import task_due
from sla.model import Act, Clock, Message, OtherAct, Pause, Rung, Signal
from tasks.commands import ClaimTask
from tasks.model import Owning, Work
from tasks.work import NAMES, WORK
from tests.support.clocks import NAMED, ClockStory, clock, clocked, notice, rung, shown
from tests.support.graph import step, x


def process(*clocks: Clock, **more: Any) -> Process:
    ways = {"ask": Outcome("ask", {}, "ask"), "ok": Outcome("ok", {}, "done")}
    return clocked(
        clocks,
        step("work", Human((("received",),), ways), "done"),
        step("ask", Catch(Trigger("message", "reply")), "work"),
        step("done", Milestone("done"), "end"),
        step("end", End("finished")),
        **more,
    )


def fired(
    *rungs: Rung, limit: str = "5wd", until: str = "2026-03-31 00:00", begins: str = "2026-03-02 10:00"
) -> list[str]:
    """When the rungs come, on a clock begun on Monday 2 March 2026 at 10:00."""
    story = ClockStory(process(clock("c", limit, ladder=rungs)), "2026-03-02 10:00").start().go("2026-03-31 00:00")
    assert all(e.at == e.due for e in story.told("RungFired"))
    return [line.removeprefix("c ") for line in story.rungs()]


@pytest.mark.parametrize(
    ("limit", "point", "comes"),
    [
        ("5wd", "80%", "2026-03-06 17:00"),  # the close of the 4th working day after the start day
        ("5wd", "50%", "2026-03-05 13:00"),  # two and a half working days: half of Thursday's hours
        ("5wd", "100%", "2026-03-09 17:00"),
        ("5wd", "due", "2026-03-09 17:00"),
        ("5wd", "due + 1wd", "2026-03-10 17:00"),
        ("5wd", "due + 2h", "2026-03-09 19:00"),
        ("5wd", "due - 1wd", "2026-03-06 17:00"),
        ("5wd", "due - 2h", "2026-03-09 15:00"),
        ("5wd", "4h", "2026-03-02 14:00"),
        ("5wd", "2wd", "2026-03-04 17:00"),
        ("48h", "75%", "2026-03-03 22:00"),
        ("48h", "due - 30min", "2026-03-04 09:30"),
        ("48h", "1wd", "2026-03-03 17:00"),
        ("10wh", "50%", "2026-03-02 15:00"),
        ("10d", "due + 1d", "2026-03-13 23:59"),
    ],
)
def test_points(limit: str, point: str, comes: str) -> None:
    assert fired(rung(point, notice("owner")), limit=limit) == [f"0.1 @ {comes}"]


def test_repeats_end_with_their_times_or_with_the_clock() -> None:
    daily = rung("due", notice("owner"), every="1wd", times=3)
    assert fired(daily, limit="1wd") == ["0.1 @ 2026-03-03 17:00", "0.2 @ 2026-03-04 17:00", "0.3 @ 2026-03-05 17:00"]
    hourly = rung("due + 1h", notice("owner"), every="4h", times=None)
    story = ClockStory(process(clock("c", "2h", ladder=(hourly,))), "2026-03-02 10:00").start()
    story.go("2026-03-02 22:00").complete("work", "ok").go("2026-03-09 10:00")
    assert story.rungs() == ["c 0.1 @ 2026-03-02 13:00", "c 0.2 @ 2026-03-02 17:00", "c 0.3 @ 2026-03-02 21:00"]


def test_a_pause_holds_the_ladder_and_moves_it() -> None:
    pause = Pause("any_in", frozenset({"ask"}))
    ladder = (rung("50%", notice("owner")), rung("4h", notice("owner")), rung("due", notice("owner")))
    story = ClockStory(process(clock("c", "10h", ladder=ladder, pause=pause)), "2026-03-02 10:00").start()
    story.go("2026-03-02 13:00").complete("work", "ask")
    assert story.run("c").next is None
    story.go("2026-03-03 13:00").message("reply")
    story.go("2026-03-04 13:00")
    assert story.rungs() == ["c 1.1 @ 2026-03-03 14:00", "c 0.1 @ 2026-03-03 15:00", "c 2.1 @ 2026-03-03 20:00"]


def test_what_came_late_is_recorded_in_order_repeats_and_notices_coalesce() -> None:
    """The machine stood still for a week: each rung once, its acts in order, one notice: the latest."""
    ladder = (
        rung("80%", notice("owner", template="near"), OtherAct("priority", {"to": "+10"})),
        rung("due", OtherAct("move_tasks", {"to": "senior"}), notice("role.head", template="late")),
        rung("due + 1wd", notice("role.director", template="overdue"), every="1wd", times=10),
    )
    story = ClockStory(process(clock("c", "5wd", ladder=ladder)), "2026-03-02 10:00").start()
    story.go("2026-03-13 18:00", fire=False)
    (number, run), *_ = story.state.clocks.open.items()

    events = story.do(c.FireTimer("clocks", number, run.next))
    assert [(e.rung, e.repeat, shown(e.due), e.missed) for e in story.told("RungFired")] == [
        (0, 1, "2026-03-06 17:00", 0),
        (1, 1, "2026-03-09 17:00", 0),
        (2, 4, "2026-03-13 17:00", 3),
    ]
    assert [e.act for e in story.told("ActRequested")] == ["priority", "move_tasks"]
    assert [(e.to, e.template) for e in story.told("NoticeRequested")] == [(["role.director"], "overdue")]
    assert story.told("NoticeRequested")[0].facts["breached"] is True
    assert type(events[-1]).__name__ == "TimePassed"
    assert shown(story.run("c").next) == "2026-03-16 17:00"


def test_a_back_dated_start_records_what_has_passed_at_once() -> None:
    ladder = (rung("50%", notice("owner", template="half")), rung("due", notice("owner", template="late")))
    law = clock("c", "10d", start="date.received", ladder=ladder)
    story = ClockStory(process(law, oldest=timedelta(days=60)), "2026-03-20 10:00")
    story.start(received="2026-03-01T09:00:00+08:00")
    assert story.rungs() == ["c 0.1 @ 2026-03-06 23:59", "c 1.1 @ 2026-03-11 23:59"]
    assert [e.template for e in story.told("NoticeRequested")] == ["late"]


def test_a_person_who_comes_before_the_timer_sees_to_its_rungs() -> None:
    story = ClockStory(process(clock("c", "2h", ladder=(rung("due", notice("owner")),))), "2026-03-02 10:00").start()
    number, due = next((n, r.next) for n, r in story.state.clocks.open.items())
    story.go("2026-03-02 13:00", fire=False).complete("work", "ask")
    assert story.rungs() == ["c 0.1 @ 2026-03-02 12:00"]

    assert story.refused(c.FireTimer("clocks", number, due)).code == "stale"


# --- acts -----------------------------------------------------------------------------------------


def acted(*acts: Act, **env: Any) -> ClockStory:
    """A clock that is due at noon on 2 March and then acts."""
    one = clock("c", "2h", ladder=(rung("due", *acts),), clauses=("A-4.4",))
    return ClockStory(process(one), "2026-03-02 10:00", **env)


def test_what_a_notice_tells() -> None:
    addressees = notice("owner", "holder", "role.head", "customer")
    story = acted(addressees, names={"owner": lambda state: "wang"}).start()
    story.go("2026-03-03 10:00")
    (told,) = story.told("NoticeRequested")
    assert told.to == ["user.wang", "role.head", "customer"]  # nobody holds a task in this machine
    assert told.step == "c/0" and told.facts["clauses"] == ["A-4.4"] and told.facts["limit"] == "2h"
    assert told.facts["deadline"] == "2026-03-02T04:00:00.000000Z"


def test_a_notice_that_reaches_nobody_says_whom_it_was_for() -> None:
    story = acted(notice("owner", "holder")).start().go("2026-03-03 10:00")
    assert [e.to for e in story.told("NoticeRequested")] == [["owner", "holder"]]


def test_messages_and_signals_go_by_the_number_of_the_case() -> None:
    key = x("kind", **NAMED)
    story = acted(Message("overdue", None, {"what": x("text")}), Signal("late"), Signal("kind_late", key))
    story.start(kind="claim", text="abc").go("2026-03-03 10:00")
    assert [(e.message, e.key, e.payload) for e in story.told("MessageSent")] == [("overdue", "case1", {"what": "abc"})]
    assert [(e.signal, e.key) for e in story.told("SignalSent")] == [("late", "case1"), ("kind_late", "claim")]
    assert len({e.id for e in story.told("MessageSent", "SignalSent")}) == 3


def test_an_act_that_cannot_be_worked_out_is_an_incident_and_the_others_go_on() -> None:
    story = acted(OtherAct("move_tasks", {"to": x("x + 1")}), OtherAct("priority", {"to": "+5"})).start()
    story.go("2026-03-03 10:00")
    assert [e.act for e in story.told("ActRequested")] == ["priority"]
    (incident,) = story.flow.incidents.values()
    assert incident.text == "clock c, rung due: x is not set"


# --- with people ----------------------------------------------------------------------------------

PEOPLE = """\
zone: Asia/Shanghai
roles: {}
groups: {company: {title: Company, manager: gu}}
users: {gu: {name: 顾, groups: [company]}, li: {name: 李, groups: [company]}, sun: {name: 孙, groups: [company]}}
queues: {desk: {members: [li, sun]}, senior: {members: [gu]}}
grants: []
"""


def test_the_ladder_reaches_who_holds_the_task_and_moves_it_up() -> None:
    document, _ = load(PEOPLE, "organisation.yaml")
    ladder = (
        rung("25%", notice("holder")),
        rung("50%", notice("holder", "owner")),
        rung("due", OtherAct("reassign", {"to": "up"}), OtherAct("priority", {"to": "+20"})),
        rung("due + 1h", OtherAct("move_tasks", {"to": "senior"})),
        rung("due + 2h", OtherAct("move_tasks", {"to": "nowhere"})),
    )
    told = process(clock("c", "4h", ladder=ladder))
    work = replace(told.nodes["work"], parts={"work": Work(queue="desk")})
    told = replace(told, nodes={**told.nodes, "work": work}, parts={**told.parts, "work": Owning(starter=True)})
    people = build(document.value, 1)  # type: ignore[arg-type]  # load has seen to the form
    machine = Machine([FLOW, WORK, CLOCKS])
    story = ClockStory(told, "2026-03-02 10:00", machine, directory=people, names=NAMES).start()
    story.go("2026-03-02 11:00").do(ClaimTask(story.token("work")), "sun")
    story.go("2026-03-02 12:00")
    assert [e.to for e in story.told("NoticeRequested")] == [["queue.desk"], ["user.sun", "user.li"]]
    story.go("2026-03-02 14:00")
    (task,) = story.state.work.tasks.values()
    assert (task.assignee, task.priority) == ("gu", 20)
    story.go("2026-03-02 17:00")
    (task,) = story.state.work.tasks.values()
    assert (task.queue, task.assignee) == ("senior", "")
    (incident,) = story.flow.incidents.values()
    assert "nowhere" in incident.text
    assert task_due(story.state, story.token("work")) == story.run("c").deadline


def test_a_task_is_due_at_the_earliest_running_deadline_of_its_step_and_its_case() -> None:
    pause = Pause("any_in", frozenset({"work"}))
    held, slow, quick = clock("held", "1h", pause=pause), clock("slow", "5h"), clock("quick", "3h", until=("step.ask",))
    own = clock("work", "4h", until=(), step="work")
    told = process(held, slow)
    node = replace(told.nodes["work"], parts={"clocks": own})
    story = ClockStory(replace(told, nodes={**told.nodes, "work": node}), "2026-03-02 10:00").start()
    token = story.token("work")
    assert shown(task_due(story.state, token)) == "2026-03-02 14:00"
    assert shown(task_due(story.state, token + 1)) == "2026-03-02 15:00"  # a task elsewhere in the case
    assert shown(task_due(ClockStory(process(slow, quick), "2026-03-02 10:00").start().state, 1)) == "2026-03-02 13:00"
    assert task_due(ClockStory(process(), "2026-03-02 10:00").start().state, 1) is None
