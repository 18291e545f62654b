"""Clocks of a case: start, stop, pause, restart, extension, rebasing (R27-R30). Dates worked by hand.

2026: Spring Festival is 15-23 February; Saturday 14 and Saturday 28 February are working days made up for it.
The calendar is Monday to Friday 09:00-17:00; a `wd` deadline is the close of business, 17:00.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.core import commands as c
from engine.core.durations import parse_duration
from engine.core.model import (
    Block,
    Branch,
    Catch,
    End,
    Human,
    Milestone,
    Outcome,
    Parallel,
    Process,
    Service,
    Set,
    Trigger,
)
from organisation.directory import Directory
from organisation.load import build, load
from sla.events import AcknowledgeBreach, ExtendClock, RebaseClocks
from sla.model import Breaches, Clock, Clocks, Extension, Pause
from tests.support.clocks import NAMED, ClockStory, at, calendar, clock, clocked, notice, rung, shown
from tests.support.graph import on, sets, step, within, x

WORK = step("work", Human(), "done")
DONE = step("done", Milestone("done"), "end")
END = step("end", End("finished"))
ASK = step("ask", Catch(Trigger("message", "reply")), "work")


def loop(*clocks: Clock, **more: Any) -> Process:
    """work, from where one may go and ask the customer; then done."""
    ways = {name: Outcome(name, {}, to) for name, to in (("ask", "ask"), ("ok", "done"))}
    return clocked(clocks, step("work", Human(outcomes=ways), "done"), ASK, DONE, END, **more)


def test_a_clock_of_the_case_runs_until_its_milestone() -> None:
    story = ClockStory(clocked([clock("outcome", "3wd")], WORK, DONE, END)).start()
    assert story.deadline("outcome") == "2026-02-13 17:00"
    story.go("2026-02-12 09:00").complete("work")
    (stopped,) = story.told("ClockStopped")
    assert (stopped.by, stopped.breached, story.state.clocks.open) == ("milestone.done", False, {})


def test_it_is_breached_when_its_deadline_passes_although_no_rung_fired() -> None:
    process = clocked([clock("outcome", "3wd", ladder=(rung("due", notice("owner")),))], WORK, DONE, END)
    for last, breached in (("2026-02-13 17:00", False), ("2026-02-13 17:01", True)):
        story = ClockStory(process).start()
        story.go(last, fire=False).complete("work")
        assert [e.breached for e in story.told("ClockStopped")] == [breached]
        assert not story.told("RungFired")


@pytest.mark.parametrize(
    ("limit", "deadline"),
    [
        ("4h", "2026-02-13 20:00"),
        ("4wh", "2026-02-14 12:00"),  # one hour on Friday, three on the Saturday made up
        ("1wd", "2026-02-14 17:00"),
        ("2wd", "2026-02-24 17:00"),
        ("3d", "2026-02-16 23:59"),
    ],
)
def test_limits_over_spring_festival(limit: str, deadline: str) -> None:
    story = ClockStory(clocked([clock("c", limit)], WORK, DONE, END), "2026-02-13 16:00").start()
    assert story.deadline("c") == deadline


def test_a_last_day_that_is_a_holiday_rolls_on() -> None:
    process = clocked([clock("law", "3d", roll=True, origin="law")], WORK, DONE, END)
    assert ClockStory(process, "2026-02-13 16:00").start().deadline("law") == "2026-02-24 23:59"


# --- pauses (R28) ---------------------------------------------------------------------------------

PAUSED = Pause("any_in", frozenset({"ask"}))


def test_waiting_for_the_customer_over_the_festival_costs_nothing() -> None:
    """3wd from Tuesday the 10th: used Wednesday and half of Thursday; the rest is worked from the reply on."""
    story = ClockStory(loop(clock("c", "3wd", pause=PAUSED))).start()
    story.go("2026-02-12 13:00").complete("work", "ask")
    assert story.run("c").paused == at("2026-02-12 13:00")
    story.go("2026-02-25 13:00").message("reply")
    assert story.run("c").paused is None
    assert story.deadline("c") == "2026-02-26 17:00"  # half of Wednesday, all of Thursday


def test_elapsed_time_pauses_by_the_minute() -> None:
    story = ClockStory(loop(clock("c", "72h", pause=PAUSED))).start()  # Tuesday 10:00
    story.go("2026-02-11 05:00").complete("work", "ask")  # 19 h used
    story.go("2026-02-28 07:00").message("reply")  # 53 h are left
    assert story.deadline("c") == "2026-03-02 12:00"


def test_a_pause_on_the_start_day_costs_days_nothing() -> None:
    story = ClockStory(loop(clock("d", "3wd", pause=PAUSED), clock("h", "8wh", pause=PAUSED))).start()
    story.go("2026-02-10 11:00").complete("work", "ask")
    story.go("2026-02-10 15:00").message("reply")
    assert story.deadline("d") == "2026-02-13 17:00"
    assert story.deadline("h") == "2026-02-11 14:00"  # 1 h, then 2 h on Tuesday, 5 h on Wednesday


def test_only_in_pauses_when_nobody_else_works() -> None:
    """The customer is asked while a colleague still investigates: the clock runs until both only wait."""
    both = Parallel((Branch("a", "ask"), Branch("b", "look")))
    process = clocked(
        [
            clock("only", "5wd", pause=Pause("only_in", frozenset({"ask"}))),
            clock("any", "5wd", pause=Pause("any_in", frozenset({"ask"}))),
        ],
        step("both", both, "done"),
        within("both", replace(ASK, next=None), step("look", Human(), "check"), step("check", Service("f", {}, ()))),
        DONE,
        END,
    )
    story = ClockStory(process).start()
    assert (story.run("only").paused, story.run("any").paused) == (None, at("2026-02-10 10:00"))
    story.go("2026-02-11 09:00").complete("look")
    assert story.run("only").paused is None  # a program works on it
    story.go("2026-02-11 10:00").do(c.FinishJob(next(iter(story.flow.jobs))))
    assert story.run("only").paused == at("2026-02-11 10:00")


def test_work_beside_the_step_keeps_only_in_running() -> None:
    ask = replace(ASK, handlers=(on("signal", "call", body="ask/1"),))
    process = clocked(
        [clock("c", "5wd", pause=Pause("only_in", frozenset({"ask"})))],
        ask,
        step("ask/1", Block("phone")),
        within("ask/1", step("phone", Human())),
        step("work", Human(), "done"),
        DONE,
        END,
    )
    story = ClockStory(process).start()
    assert story.run("c").paused
    story.go("2026-02-11 10:00").do(c.DeliverSignal("call"))
    assert story.run("c").paused is None
    story.go("2026-02-11 11:00").complete("phone")
    assert story.run("c").paused == at("2026-02-11 11:00")


DATED = Pause("dates", begin=("asked",), end=("came",))


def dated(limit: str, **more: Any) -> Process:
    form = tuple((name,) for name in ("asked", "came"))
    again = {"again": Outcome("again", {}, "work"), "ok": Outcome("ok", {}, "done")}
    return clocked(
        [clock("law", limit, pause=DATED, origin="law", **more)], step("work", Human(form, again), "done"), DONE, END
    )


def test_a_pause_between_dates_is_taken_back_in_time() -> None:
    """The notice arrived on the 11th at 10:00, the papers on the 13th at 16:00, recorded later."""
    story = ClockStory(dated("5wd")).start()
    assert story.deadline("law") == "2026-02-24 17:00"
    story.go("2026-02-12 09:30").complete("work", "again", asked="2026-02-11T10:00:00+08:00")
    assert story.run("law").paused == at("2026-02-11 10:00")
    story.go("2026-02-14 11:00").complete("work", "again", came="2026-02-13T16:00:00+08:00")
    assert story.run("law").paused is None
    # held: 7/8 of the 11th, the 12th, 7/8 of the 13th: 2.75 days later than Tuesday 17:00 is Friday at 15:00
    assert story.deadline("law") == "2026-02-27 15:00"


def test_a_second_round_of_papers_pauses_again() -> None:
    story = ClockStory(dated("48h")).start()
    story.go("2026-02-10 12:00").complete(
        "work", "again", asked="2026-02-10T11:00:00+08:00", came="2026-02-10T12:00:00+08:00"
    )
    assert story.deadline("law") == "2026-02-12 11:00"
    story.go("2026-02-10 15:00").complete("work", "again", asked="2026-02-10T14:00:00+08:00")
    assert story.run("law").paused == at("2026-02-10 14:00")
    story.go("2026-02-11 15:00").complete("work", "again", came="2026-02-11T14:00:00+08:00")
    assert story.deadline("law") == "2026-02-13 11:00"
    assert len(story.told("ClockPaused")) == 2


def test_dates_to_come_begin_and_end_a_pause_by_themselves() -> None:
    story = ClockStory(dated("48h")).start()
    story.complete("work", "again", asked="2026-02-11T10:00:00+08:00", came="2026-02-11T16:00:00+08:00")
    assert shown(story.run("law").next) == "2026-02-11 10:00"
    story.go("2026-02-11 12:00")
    assert story.run("law").paused == at("2026-02-11 10:00")
    story.go("2026-02-11 18:00")
    assert story.deadline("law") == "2026-02-12 16:00"


def test_a_pause_after_the_deadline_changes_nothing() -> None:
    story = ClockStory(loop(clock("c", "4h", pause=PAUSED))).start()
    story.go("2026-02-10 15:00").complete("work", "ask").go("2026-02-11 15:00").message("reply")
    assert not story.told("ClockPaused")
    story.complete("work", "ok")
    assert [e.breached for e in story.told("ClockStopped")] == [True]


def test_ending_while_paused_is_no_breach() -> None:
    ways = {"ask": Outcome("ask", {}, "ask")}
    process = clocked(
        [clock("c", "4h", pause=PAUSED, until=("step.never",), void_on=frozenset({"gone"}))],
        step("work", Human(outcomes=ways), "done"),
        replace(ASK, next="gone"),
        step("gone", End("gone")),
        step("never", Human()),
    )
    story = ClockStory(process).start().complete("work", "ask")
    story.go("2026-02-20 10:00").message("reply")
    assert [(e.status, e.by, e.breached) for e in story.told("ClockClosed")] == [("void", "gone", False)]


# --- starts and stops (R29) -----------------------------------------------------------------------


def registered(*clocks: Clock, **more: Any) -> Process:
    more.setdefault("oldest", timedelta(days=60))
    form = (("received",), ("kind",), ("limit",), ("day",))
    return clocked(clocks, step("register", Human(form), "work"), WORK, DONE, END, **more)


def test_a_clock_counts_from_a_date_in_the_data() -> None:
    story = ClockStory(registered(clock("c", "3wd", start="date.received"))).start(received="2026-02-06T16:00:00+08:00")
    assert story.deadline("c") == "2026-02-11 17:00"


def test_a_day_without_a_time_is_its_beginning() -> None:
    story = ClockStory(registered(clock("c", "48h", start="date.day"))).start(day="2026-02-09")
    assert story.deadline("c") == "2026-02-11 00:00"


def test_the_date_may_come_later() -> None:
    story = ClockStory(registered(clock("c", "3wd", start="date.received"))).start()
    assert not story.state.clocks.open
    story.go("2026-02-10 15:00").complete("register", received="2026-02-09T10:00:00+08:00")
    assert story.deadline("c") == "2026-02-12 17:00"


def test_never_in_the_future() -> None:
    story = ClockStory(registered(clock("c", "3wd", start="date.received"))).start(received="2026-02-12T10:00:00+08:00")
    (started,) = story.told("ClockStarted")
    assert (shown(started.since), started.note) == ("2026-02-10 10:00", "received lies in the future: counted from now")


def test_too_far_back_is_refused_with_the_field() -> None:
    story = ClockStory(registered(clock("c", "3wd", start="date.received")))
    refusal = story.refused(c.StartCase("test", {"received": "2025-11-01T10:00:00+08:00"}))
    assert refusal.code == "back_dated" and list(refusal.fields) == ["received"]
    assert "60" in refusal.fields["received"]["zh"]


def test_a_date_that_a_step_worked_out_is_cut_instead() -> None:
    process = clocked(
        [clock("c", "90d", start="date.received")],
        step("set", Set((sets("received", "at"),)), "work"),
        WORK,
        DONE,
        END,
        oldest=timedelta(days=60),
    )
    story = ClockStory(process).start(at="2025-06-01T00:00:00Z")
    (started,) = story.told("ClockStarted")
    assert shown(started.since) == "2025-12-12 10:00" and "60 days" in started.note


def test_when_comes_to_hold_later_and_counts_from_the_start() -> None:
    process = registered(
        clock("c", "3wd", when=x("kind == 'complex'")), clock("other", "1wd", when=x("kind != 'complex'"))
    )
    story = ClockStory(process).start()
    assert [r.clock for r in story.state.clocks.open.values()] == ["other"]
    story.go("2026-02-11 10:00").complete("register", kind="complex")
    assert story.deadline("c") == "2026-02-13 17:00"
    assert [(e.clock, e.status, e.by) for e in story.told("ClockClosed")] == [("other", "void", "when")]


def test_what_came_while_it_did_not_apply_is_not_measured_afterwards() -> None:
    process = registered(clock("c", "3wd", when=x("kind == 'complex'"), until=("step.register",)))
    story = ClockStory(process).start().complete("register", kind="complex")
    # the answer and the stop come in one command: the class is known when the step is left
    assert [type(e).__name__ for e in story.told("ClockStarted", "ClockStopped")] == ["ClockStarted", "ClockStopped"]
    story = ClockStory(process).start().complete("register", kind="plain")
    assert [type(e).__name__ for e in story.told("ClockStarted", "ClockDropped")] == ["ClockDropped"]
    assert not story.state.clocks.deferred


def test_a_computed_limit() -> None:
    process = registered(clock("c", x("limit", **NAMED)))
    story = ClockStory(process).start(limit="2wd")
    assert story.deadline("c") == "2026-02-12 17:00"
    story.go("2026-02-11 10:00").complete("register", limit="5wd")
    assert story.deadline("c") == "2026-02-24 17:00"
    (rebased,) = story.told("ClockRebased")
    assert (rebased.why, shown(rebased.old), rebased.limit) == ("limit", "2026-02-12 17:00", "5wd")


def test_a_limit_that_cannot_be_told_is_an_incident_until_it_can() -> None:
    story = ClockStory(registered(clock("c", x("limit", **NAMED)))).start()
    (incident,) = story.flow.incidents.values()
    assert (incident.kind, incident.text) == ("clock", "clock c: the limit 'limit' is not set")
    story.complete("register", limit="3wd")
    assert story.deadline("c") == "2026-02-13 17:00" and not story.flow.incidents
    story = ClockStory(registered(clock("c", x("limit", **NAMED)))).start(limit="soon")
    assert "90min" in next(iter(story.flow.incidents.values())).text
    story.do(c.RetryIncident(next(iter(story.flow.incidents))))
    assert len(story.flow.incidents) == 1  # tried again, and still not


def test_a_clock_runs_again_only_when_restarted() -> None:
    ways = {"no": Outcome("no", {}, "reopened"), "yes": Outcome("yes", {}, "end")}
    nodes = (
        WORK,
        step("done", Milestone("done"), "confirm"),
        step("confirm", Human(outcomes=ways), "end"),
        step("reopened", Milestone("reopened"), "work"),
        END,
    )
    story = ClockStory(
        clocked([clock("once", "3wd"), clock("again", "3wd", restarts_on=(("milestone", "reopened"),))], *nodes)
    )
    story.start().complete("work").go("2026-02-12 10:00").complete("confirm", "no")
    assert [r.clock for r in story.state.clocks.open.values()] == ["again"]
    assert (story.run("again").run, story.deadline("again")) == (2, "2026-02-24 17:00")
    story.complete("work").complete("confirm", "yes")
    assert story.ended == "finished" and len(story.told("ClockStopped")) == 3


def test_a_clock_from_a_step_until_the_first_of_several() -> None:
    ways = {"gone": Outcome("gone", {}, "gone"), "ok": Outcome("ok", {}, "done")}
    process = clocked(
        [clock("c", "1wd", start="step.decide", until=("step.pay", "end.gone"))],
        step("work", Human(), "decide"),
        step("decide", Human(outcomes=ways), "pay"),
        step("pay", Human(), "done"),
        DONE,
        END,
        step("gone", End("gone")),
    )
    story = ClockStory(process).start()
    assert not story.state.clocks.open
    story.go("2026-02-11 10:00").complete("work")
    assert story.deadline("c") == "2026-02-12 17:00"
    story.complete("decide", "gone")
    assert [e.by for e in story.told("ClockStopped", "ClockClosed")] == ["end.gone"]


def test_unmet_when_the_case_ends_first_void_on_the_ends_named() -> None:
    process = clocked(
        [clock("c", "3wd", until=("milestone.never",), void_on=frozenset({"cancelled"}))], WORK, DONE, END
    )
    story = ClockStory(process).start().complete("work")
    assert [(e.status, e.by) for e in story.told("ClockClosed")] == [("unmet", "finished")]
    story = ClockStory(process).start().go("2026-02-25 10:00")
    story.do(c.CancelCase("by mistake"))
    assert [(e.status, e.breached) for e in story.told("ClockClosed")] == [("void", True)]


def test_a_step_has_a_limit_of_its_own_for_each_visit() -> None:
    own = clock("work", "1wd", until=(), origin="target", step="work", calendar="insurer")
    process = loop()
    nodes = {**process.nodes, "work": replace(process.nodes["work"], parts={"clocks": own})}
    story = ClockStory(replace(process, nodes=nodes)).start()
    assert (story.run("work").run, story.deadline("work")) == (1, "2026-02-11 17:00")
    story.go("2026-02-12 10:00").complete("work", "ask").message("reply")
    assert (story.run("work").run, story.deadline("work")) == (2, "2026-02-13 17:00")
    story.do(c.CancelCase("gone"))
    assert [(e.breached) for e in story.told("ClockStopped")] == [True]
    assert [(e.status, e.by) for e in story.told("ClockClosed")] == [("unmet", "cancelled")]


# --- extension and rebasing (R30) -----------------------------------------------------------------

CAP = Extension(most=parse_duration("30d"), role="head")
PEOPLE = """\
zone: Asia/Shanghai
roles: {head: Head, officer: Officer}
groups: {company: {title: Company, manager: gu}}
users:
  gu: {name: 顾, roles: [head], groups: [company]}
  li: {name: 李, roles: [officer], groups: [company]}
queues: {}
grants: []
"""


def directory() -> Directory:
    document, _ = load(PEOPLE, "organisation.yaml")
    return build(document.value, 1)  # type: ignore[arg-type]  # load has seen to the form


def extendable(limit: str = "30d", **more: Any) -> ClockStory:
    ladder = (rung("50%", notice("owner")), rung("due", notice("owner")))
    process = loop(clock("law", limit, origin="law", extension=CAP, ladder=ladder, pause=PAUSED, **more))
    return ClockStory(process, "2026-03-02 10:00", directory=directory()).start()


def test_an_extension_has_a_reason_an_approver_and_a_cap() -> None:
    story = extendable()
    assert story.deadline("law") == "2026-04-01 23:59"
    assert story.refused(ExtendClock("law", "10d", "complex"), "li").code == "role"
    assert story.refused(ExtendClock("law", "10d", " "), "gu").code == "reason"
    assert story.refused(ExtendClock("law", "40d", "complex"), "gu").code == "cap"
    assert story.refused(ExtendClock("law", "10wd", "complex"), "gu").code == "duration"
    assert story.refused(ExtendClock("lax", "10d", "complex"), "gu").code == "not_running"
    story.do(ExtendClock("law", "20d", "complex"), "gu")
    (extended,) = story.told("ClockExtended")
    assert (extended.approver, extended.reason, shown(extended.old)) == ("gu", "complex", "2026-04-01 23:59")
    assert story.deadline("law") == "2026-04-21 23:59"
    assert "20d is used" in story.refused(ExtendClock("law", "11d", "complex"), "gu").text
    story.do(ExtendClock("law", "10d", "complex"), "gu")
    assert story.deadline("law") == "2026-05-01 23:59"


def test_an_extension_moves_rungs_not_yet_fired_and_fires_none_twice() -> None:
    story = extendable()
    story.go("2026-03-20 10:00").do(ExtendClock("law", "30d", "complex"), "gu")
    story.go("2026-05-10 10:00")
    assert story.rungs() == ["law 0.1 @ 2026-03-17 23:59", "law 1.1 @ 2026-05-01 23:59"]


def test_what_has_passed_cannot_be_extended() -> None:
    story = extendable()
    assert story.go("2026-04-02 10:00").refused(ExtendClock("law", "1d", "late"), "gu").code == "passed"


def test_extending_a_paused_clock() -> None:
    story = extendable()
    story.go("2026-03-03 00:00").complete("work", "ask")  # nothing used yet
    story.do(ExtendClock("law", "10d", "complex"), "gu")
    story.go("2026-03-10 00:00").message("reply")
    assert story.deadline("law") == "2026-04-18 23:59"  # 40 days from the 10th on


def test_beyond_the_last_published_year_a_deadline_is_provisional_until_rebased() -> None:
    process = loop(clock("c", "30wd", ladder=(rung("due", notice("owner")),)))
    story = ClockStory(process, "2025-12-15 10:00", calendars={"insurer": calendar(until=2025)}).start()
    run = story.run("c")
    assert (shown(run.deadline), run.provisional) == ("2026-01-26 17:00", True)
    story.env["calendars"] = {"insurer": calendar(until=2026)}
    new = calendar(until=2026).version
    assert story.refused(RebaseClocks("insurer", "elsewhere")).code == "calendar"
    story.do(RebaseClocks("insurer", new), "system")
    # 1 and 2 January are free, Sunday the 4th is made up: 30 working days from 16 December end a day later
    assert (story.deadline("c"), story.run("c").provisional, story.run("c").version) == ("2026-01-27 17:00", False, new)
    (rebased,) = story.told("ClockRebased")
    assert (shown(rebased.old), rebased.why) == ("2026-01-26 17:00", "calendar")
    assert shown(story.run("c").next) == "2026-01-27 17:00"
    assert story.refused(RebaseClocks("insurer", new), "system").code == "current"


OFFICES = {"insurer": calendar(), "west": calendar(hours={"mon-sat": ["10:00-19:00"]}, calendar="west")}


def test_the_data_choose_the_calendar_as_the_clock_begins() -> None:
    process = registered(clock("c", "4wd", calendar=x("limit", **NAMED)))
    for office, deadline in (("insurer", "2026-02-14 17:00"), ("west", "2026-02-14 19:00"), (None, "2026-02-14 17:00")):
        story = ClockStory(process, calendars=OFFICES).start(limit=office)
        assert story.deadline("c") == deadline
        assert [(one.calendar, one.chosen) for one in story.told("ClockStarted")] == [(office or "insurer", True)]
    story = ClockStory(process, calendars=OFFICES).start(limit="east")
    (incident,) = story.flow.incidents.values()
    assert "there is no calendar 'east'" in incident.text and not story.state.clocks.open
    story.complete("register", limit="west")
    assert story.deadline("c") == "2026-02-14 19:00" and not story.flow.incidents


def test_a_run_stays_on_the_calendar_that_was_chosen() -> None:
    process = registered(clock("c", "4wd", calendar=x("limit", **NAMED), ladder=(rung("due", notice("owner")),)))
    story = ClockStory(process, calendars=OFFICES).start(limit="west").complete("register", limit="insurer")
    assert story.deadline("c") == "2026-02-14 19:00"
    closed = [{"date": "2026-02-13", "hours": "closed", "reason": {"zh": "停业"}}]
    west = calendar(hours={"mon-sat": ["10:00-19:00"]}, calendar="west", company_days=closed)
    insurer = calendar(company_days=closed)
    story.env["calendars"] = {"insurer": insurer, "west": west}
    assert story.refused(RebaseClocks("insurer", insurer.version), "system").code == "current"
    story.do(RebaseClocks("west", west.version), "system")
    assert story.deadline("c") == "2026-02-24 19:00"
    story.go("2026-02-24 19:00")
    assert [shown(one.at) for one in story.told("RungFired")] == ["2026-02-24 19:00"]


def test_what_has_passed_stays_breached_on_another_calendar() -> None:
    """R29: the calendar that knows the year would end it a day later, but it has been late for a day."""
    process = loop(clock("c", "30wd", ladder=(rung("due", notice("owner")),)))
    story = ClockStory(process, "2025-12-15 10:00", calendars={"insurer": calendar(until=2025)}).start()
    story.go("2026-01-27 09:00")
    assert story.run("c").fired == {0: 1}
    story.env["calendars"] = {"insurer": calendar(until=2026)}
    new = calendar(until=2026).version
    story.do(RebaseClocks("insurer", new), "system")
    assert (story.deadline("c"), story.run("c").version) == ("2026-01-26 17:00", new)
    assert story.refused(RebaseClocks("insurer", new), "system").code == "current"
    story.complete("work", "ok")
    (stopped,) = story.told("ClockStopped")
    assert stopped.breached


def on_another(before: int, after: int, *times: str) -> ClockStory:
    """A case of 30 working days with rungs, begun on one calendar; then another is in force, and nothing counted again
    yet. Known until 2025 the deadline is 26 January 17:00, known until 2026 it is the 27th."""
    process = loop(clock("c", "30wd", ladder=tuple(rung(time, notice("owner")) for time in times or ("due",))))
    story = ClockStory(process, "2025-12-15 10:00", calendars={"insurer": calendar(until=before)}).start()
    story.env["calendars"] = {"insurer": calendar(until=after)}
    return story


def test_a_rung_whose_time_comes_on_a_newer_calendar_is_counted_again_first() -> None:
    story = on_another(2025, 2026).go("2026-01-27 09:00")
    assert (story.rungs(), story.deadline("c")) == ([], "2026-01-27 17:00")
    story.go("2026-01-28 09:00")
    assert story.rungs() == ["c 0.1 @ 2026-01-27 17:00"]
    assert [(shown(e.old), shown(e.deadline), e.why) for e in story.told("ClockRebased")] == [
        ("2026-01-26 17:00", "2026-01-27 17:00", "calendar")
    ]


def test_no_rung_comes_before_the_deadline_that_the_case_knows() -> None:
    story = on_another(2026, 2025, "50%", "due").go("2026-01-12 09:00")
    assert story.deadline("c") == "2026-01-26 17:00" and len(story.rungs()) == 1
    story.go("2026-01-28 09:00")
    assert story.rungs()[1:] == ["c 1.1 @ 2026-01-26 17:00"]


def test_what_was_missed_on_the_calendar_before_climbs_from_the_deadline_that_stands() -> None:
    for counted in (False, True):
        story = on_another(2025, 2026, "99%", "due", "due + 1wd").go("2026-01-27 09:00", fire=False)
        if counted:
            story.do(RebaseClocks("insurer", calendar(until=2026).version), "system")
        story.go("2026-01-28 09:00")
        assert story.deadline("c") == "2026-01-26 17:00"
        assert [one for one in story.rungs() if not one.startswith("c 0")] == [
            "c 1.1 @ 2026-01-26 17:00", "c 2.1 @ 2026-01-27 17:00",
        ], counted  # fmt: skip
        assert next(one for one in story.rungs() if one.startswith("c 0")) <= "c 0.1 @ 2026-01-26 17:00"


def test_a_resume_on_a_newer_calendar_says_so_first() -> None:
    story = ClockStory(
        loop(clock("c", "30wd", pause=PAUSED)), "2025-12-15 10:00", calendars={"insurer": calendar(2025)}
    )
    story.start().complete("work", "ask")
    story.env["calendars"] = {"insurer": calendar(2026)}
    story.go("2025-12-16 00:00").message("reply")
    assert [type(e).__name__ for e in story.told("ClockRebased", "ClockResumed")] == ["ClockRebased", "ClockResumed"]
    assert story.deadline("c") == "2026-01-27 17:00"


def test_a_stale_timer_is_refused() -> None:
    story = ClockStory(loop(clock("c", "30wd", ladder=(rung("due", notice("owner")),)))).start()
    (number,) = story.state.clocks.open
    assert story.refused(c.FireTimer("clocks", number, at("2026-02-11 10:00"))).code == "stale"
    assert story.refused(c.FireTimer("clocks", 99, at("2026-02-11 10:00"))).code == "stale"


def test_a_step_that_an_error_has_ended_was_not_done() -> None:
    process = clocked(
        [clock("call_out", "1wd", until=("step.call",))],
        step("call", Service("call", {}, ()), "done", handlers=(on("error", "down", body="call/1"),)),
        step("call/1", Block("mend")),
        within("call/1", step("mend", Human())),
        DONE,
        END,
    )
    story = ClockStory(process).start()
    story.do(c.FailJob(next(iter(story.flow.jobs)), "no line", "down"))
    assert story.told("ClockStopped") == []
    story.complete("mend")
    assert story.told("ClockStopped") == []
    (closed,) = story.told("ClockClosed")
    assert closed.status == "unmet"


# --- breaches ---------------------------------------------------------------------------------------


def late(reasons: Breaches) -> ClockStory:
    process = loop(clock("law", "30d", origin="law"))
    known = process.parts["clocks"]
    parts = {**process.parts, "clocks": Clocks.of(known.by_name.values(), None, reasons)}
    return ClockStory(replace(process, parts=parts), "2026-03-02 10:00", directory=directory()).start()


def test_a_breach_is_acknowledged_with_a_reason_of_the_house_by_who_may() -> None:
    story = late(Breaches({"staff": {"en": "Too few"}, "court": {"en": "Court"}}, frozenset({"head"})))
    assert story.refused(AcknowledgeBreach("law", "staff"), "gu").code == "in_time"
    story.go("2026-04-02 10:00")
    assert story.refused(AcknowledgeBreach("law", "staff"), "li").code == "role"
    assert story.refused(AcknowledgeBreach("law", "weather"), "gu").code == "breach_reason"
    assert story.refused(AcknowledgeBreach("lax", "staff"), "gu").code == "not_running"
    story.do(AcknowledgeBreach("law", "staff", " two on leave "), "gu")
    story.do(AcknowledgeBreach("law", "court"), "gu")
    first, second = story.told("BreachAcknowledged")
    assert (first.reason, first.note, first.by, second.reason) == ("staff", "two on leave", "gu", "court")
    (run,) = story.state.clocks.open.values()
    assert run.known.reason == "court" and story.deadline("law") == "2026-04-01 23:59"


def test_without_reasons_in_the_house_nobody_acknowledges() -> None:
    story = late(Breaches())
    assert story.go("2026-04-02 10:00").refused(AcknowledgeBreach("law", "staff"), "gu").code == "role"


def test_why_a_run_closed_late_can_still_be_said_and_once() -> None:
    story = late(Breaches({"staff": {"en": "Too few"}}, frozenset({"head"})))
    story.go("2026-04-02 10:00").complete("work", "ok")
    (left,) = story.told("BreachLeft")
    assert left.clock == "law" and not story.state.clocks.open
    assert story.refused(AcknowledgeBreach("law", "staff"), "li").code == "role"
    story.do(AcknowledgeBreach("law", "staff", "two on leave"), "gu")
    (said,) = story.told("BreachExplained")
    assert (said.id, said.run, said.reason, said.note, said.by) == (left.id, 1, "staff", "two on leave", "gu")
    assert story.refused(AcknowledgeBreach("law", "staff"), "gu").code == "not_running"


def test_what_was_explained_before_it_closed_is_not_asked_again() -> None:
    story = late(Breaches({"staff": {"en": "Too few"}}, frozenset({"head"})))
    story.go("2026-04-02 10:00").do(AcknowledgeBreach("law", "staff"), "gu")
    story.complete("work", "ok")
    assert story.told("BreachLeft") == [] and story.told("ClockStopped")[0].breached
