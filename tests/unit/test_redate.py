"""Clocks after a correction: of the date from which they count, of what their limit or condition reads."""

from datetime import timedelta

from engine.core import commands as c
from engine.core.model import Catch, End, Human, Milestone, Trigger
from sla.explain import explain
from sla.model import Pause
from tests.support.clocks import NAMED, ClockStory, at, clock, clocked, notice, rung, shown
from tests.support.graph import step, x

WORK = step("work", Human(), "done")
DONE = step("done", Milestone("done"), "end")
END = step("end", End("finished"))


def received(text: str) -> dict[str, str]:
    return {"received": at(text).isoformat()}


def correct(story: ClockStory, **changes: str | None) -> list[str]:
    return [type(event).__name__ for event in story.do(c.CorrectData(dict(changes), "misread"))]


def test_it_counts_from_the_corrected_date() -> None:
    process = clocked([clock("outcome", "3wd", start="date.received")], WORK, DONE, END)
    story = ClockStory(process).start(**received("2026-02-10 10:00"))
    assert story.deadline("outcome") == "2026-02-13 17:00"
    correct(story, **received("2026-02-09 10:00"))
    (redated,) = story.told("ClockRedated")
    assert (shown(redated.was), shown(redated.since)) == ("2026-02-10 10:00", "2026-02-09 10:00")
    assert shown(redated.old) == "2026-02-13 17:00" and story.deadline("outcome") == "2026-02-12 17:00"
    (told,) = explain(process, [(story.now, story.events)], {"insurer": story.env["calendars"]["insurer"]}, story.now)
    assert told.since == at("2026-02-09 10:00") and told.deadline == redated.deadline


def test_rungs_that_the_corrected_date_has_passed_fire_at_once_and_never_twice() -> None:
    process = clocked(
        [clock("outcome", "48h", start="date.received", ladder=(rung("50%", notice("owner")),))], WORK, DONE, END
    )
    story = ClockStory(process).start(**received("2026-02-10 10:00"))
    story.go("2026-02-10 12:00")
    assert "RungFired" in correct(story, **received("2026-02-09 10:00"))
    assert "RungFired" not in correct(story, **received("2026-02-09 11:00"))


def test_a_breach_stays_whatever_date_is_corrected() -> None:
    story = ClockStory(clocked([clock("outcome", "24h", start="date.received")], WORK, DONE, END))
    story.start(**received("2026-02-09 08:00"))
    story.go("2026-02-10 12:00", fire=False)
    assert "ClockRedated" not in correct(story, **received("2026-02-10 10:00"))
    story.complete("work")
    assert story.told("ClockStopped")[0].breached


def test_a_date_in_the_future_counts_from_now_and_one_too_old_is_refused() -> None:
    process = clocked([clock("outcome", "3wd", start="date.received")], WORK, DONE, END, oldest=timedelta(days=30))
    story = ClockStory(process).start(**received("2026-02-09 10:00"))
    refusal = story.refused(c.CorrectData(received("2025-02-09 10:00"), "x"))
    assert refusal.code == "back_dated" and refusal.fields.keys() == {"received"}
    correct(story, **received("2026-03-20 10:00"))
    (redated,) = story.told("ClockRedated")
    assert redated.since == story.now and "future" in redated.note
    correct(story, received=None)
    assert len(story.told("ClockRedated")) == 1, "a clock that runs is not stopped by taking its date away"


def test_pauses_from_before_the_corrected_date_fall_away() -> None:
    ask = step("ask", Catch(Trigger("message", "reply")), "work")
    clocks = [clock("outcome", "10d", start="date.received", pause=Pause("any_in", frozenset({"ask"})))]
    story = ClockStory(clocked(clocks, ask, WORK, DONE, END)).start(**received("2026-02-10 09:00"))
    story.go("2026-02-11 09:00").message("reply")
    correct(story, **received("2026-02-11 09:00"))
    assert story.deadline("outcome") == "2026-02-21 23:59", "ten days after the day"
    (run,) = story.state.clocks.open.values()
    assert run.breaks[0].end == at("2026-02-11 09:00"), "they stay on record"


def test_a_clock_that_waits_to_start_waits_from_the_corrected_date() -> None:
    limited = clock("outcome", x("limit", **NAMED), start="date.received")
    story = ClockStory(clocked([limited], WORK, DONE, END)).start(**received("2026-02-10 10:00"))
    assert "outcome" in story.state.clocks.deferred
    correct(story, **received("2026-02-09 10:00"))
    correct(story, limit="24h")
    assert story.deadline("outcome") == "2026-02-10 10:00"


def test_a_run_that_was_restarted_keeps_its_start() -> None:
    again = step("again", Human(), "done")
    process = clocked(
        [clock("outcome", "3wd", start="date.received", restarts_on=(("step", "again"),))],
        WORK, step("done", Milestone("done"), "again"), again, END,
    )  # fmt: skip
    story = ClockStory(process).start(**received("2026-02-10 10:00")).complete("work")
    (run,) = story.state.clocks.open.values()
    assert run.run == 2
    assert "ClockRedated" not in correct(story, **received("2026-02-09 10:00"))
