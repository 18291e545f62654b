"""`sla explain`: every stretch that counted and every one that did not, so that a reader can check by hand."""

import io
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console

from engine.core.events import Event
from engine.core.model import Catch, End, Human, Milestone, Outcome, Trigger
from sla.explain import LATE, PAUSED, RUNS, START_DAY, Account, explain, lasting, measured
from sla.model import Pause
from sla.telling import plain, tables
from tests.support.clocks import ClockStory, clock, clocked, notice, rung, shown
from tests.support.graph import step


class Told(ClockStory):
    """Keeps what each command brought about, as history does."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.history: list[tuple[datetime, Iterable[Event]]] = []

    def ask(self, command: Any, actor: str = "li") -> Any:
        answer = super().ask(command, actor)
        if isinstance(answer, list):
            self.history.append((self.now, answer))
        return answer

    def explained(self, name: str = "") -> Account:
        return explain(self.process, self.history, self.env["calendars"], self.now, name)[0]


def process(*clocks: Any) -> Any:
    ways = {"ask": Outcome("ask", {}, "ask"), "ok": Outcome("ok", {}, "check")}
    return clocked(
        clocks,
        step("work", Human(outcomes=ways), "check"),
        step("ask", Catch(Trigger("message", "reply")), "work"),
        step("check", Human(), "done"),
        step("done", Milestone("done"), "end"),
        step("end", End("finished")),
    )


ASKING = Pause("any_in", frozenset({"ask"}))


def told(account: Account) -> list[tuple[str, str | None, str | None, str, str]]:
    return [
        (s.why, shown(s.start), shown(s.end), "+".join(s.steps), measured(s.counted, account.unit))
        for s in account.stretches
    ]


def test_a_claim_over_spring_festival() -> None:
    """Started Tuesday 10 February 10:00, asked on Thursday at 13:00, answered on Wednesday the 25th at 13:00."""
    story = Told(process(clock("c", "3wd", pause=ASKING))).start()
    story.go("2026-02-12 13:00").complete("work", "ask")
    story.go("2026-02-25 13:00").message("reply")
    story.go("2026-02-26 11:00").complete("work", "ok").go("2026-02-27 09:00").complete("check")
    account = story.explained()
    assert told(account) == [
        (START_DAY, "2026-02-10 10:00", "2026-02-11 00:00", "work", "0wd"),
        (RUNS, "2026-02-11 00:00", "2026-02-12 13:00", "work", "1.5wd"),
        (PAUSED, "2026-02-12 13:00", "2026-02-25 13:00", "ask", "0wd"),
        (RUNS, "2026-02-25 13:00", "2026-02-26 11:00", "work", "0.75wd"),
        (RUNS, "2026-02-26 11:00", "2026-02-26 17:00", "check", "0.75wd"),
        (LATE, "2026-02-26 17:00", "2026-02-27 09:00", "check", "0wd"),
    ]
    assert (account.status, account.breached, shown(account.deadline)) == ("stopped", True, "2026-02-26 17:00")
    assert account.used == account.allowance == timedelta(days=3)
    assert account.elapsed == account.until - account.since
    assert account.lost() == (("work",), timedelta(days=2, hours=6))


def test_holidays_are_told_day_by_day() -> None:
    story = Told(process(clock("c", "3wd")), "2026-02-13 10:00").start().go("2026-02-25 11:00")
    account = story.explained()
    (runs,) = [s for s in account.stretches if s.why == RUNS and s.days]
    assert [(d.first.day, d.last.day, d.kind, dict(d.reason).get("zh"), d.counted.days) for d in runs.days] == [
        (14, 14, "make_up", "春节", 1),
        (15, 23, "holiday", "春节", 0),
        (24, 24, "weekday", None, 1),
        (25, 25, "weekday", None, 0),
    ]
    assert sum((d.elapsed for d in runs.days), timedelta()) == runs.elapsed
    assert sum((d.counted for d in runs.days), timedelta()) == runs.counted
    assert (account.status, account.breached) == ("running", False)


def test_working_hours_and_elapsed_time() -> None:
    story = Told(process(clock("h", "8wh", pause=ASKING), clock("e", "26h", pause=ASKING))).start()
    story.go("2026-02-10 16:00").complete("work", "ask").go("2026-02-11 10:00").message("reply")
    story.go("2026-02-11 12:00")
    assert told(story.explained("h")) == [
        (RUNS, "2026-02-10 10:00", "2026-02-10 16:00", "work", "6h of working time"),
        (PAUSED, "2026-02-10 16:00", "2026-02-11 10:00", "ask", "0s of working time"),
        (RUNS, "2026-02-11 10:00", "2026-02-11 12:00", "work", "2h of working time"),
    ]
    assert [one[4] for one in told(story.explained("e"))] == ["6h", "0s", "2h"]


def test_the_end_of_a_calendar_day_is_the_whole_day() -> None:
    story = Told(process(clock("c", "2d"))).start().go("2026-02-14 10:00")
    account = story.explained()
    assert account.used == timedelta(days=2) and measured(account.over, "d") == "1.4166d"
    assert [s.why for s in account.stretches] == [START_DAY, RUNS, LATE]


def test_law_comes_first_then_the_strictest() -> None:
    slow, quick = clock("slow", "9wd"), clock("quick", "1wd")
    law = clock("law", "30d", origin="law")
    story = Told(process(slow, quick, law)).start()
    accounts = explain(story.process, story.history, story.env["calendars"], story.now)
    assert [a.clock.name for a in accounts] == ["law", "quick", "slow"]


def test_how_lengths_are_written() -> None:
    assert lasting(timedelta(days=2, hours=3, minutes=20, microseconds=5)) == "2d 3h 20min"
    assert measured(timedelta(days=2, hours=18), "wd") == "2.75wd"
    assert measured(timedelta(0), "mo") == "0d"


def test_it_reads_as_a_table_in_both_languages() -> None:
    story = Told(process(clock("c", "3wd", pause=ASKING, clauses=("A-4.4",), ladder=(rung("due", notice("owner")),))))
    story.start().go("2026-02-12 13:00").complete("work", "ask").go("2026-02-25 13:00").message("reply")
    story.go("2026-02-27 09:00")
    for language, words in {
        "en": ["[A-4.4]", "3wd", "breached", "paused at ask", "1.5wd", "3wd of 3wd", "rung due: 2026-02-26 17:00"],
        "zh": ["手册", "已逾期", "暂停 在 ask", "合计", "起始日不计"],
    }.items():
        console = Console(record=True, width=140, file=io.StringIO())
        console.print(tables([story.explained()], story.process, language))
        text = console.export_text()
        assert [word for word in words if word not in text] == []


def test_it_reads_as_json() -> None:
    story = Told(process(clock("c", "3wd", pause=ASKING))).start().go("2026-02-12 13:00").complete("work", "ask")
    found = json.loads(json.dumps(plain(story.go("2026-02-13 13:00").explained())))
    assert found["status"] == "paused" and found["used"] == {"counted": "1.5wd", "counted_us": 129_600_000_000}
    assert sum(one["elapsed_us"] for one in found["stretches"]) == found["elapsed_us"]
    assert [one["counts"] for one in found["stretches"]] == [False, True, False]
