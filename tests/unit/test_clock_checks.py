"""What clocks are told: those that an end leaves running, limits that are too short, ladders out of order."""

from collections.abc import Iterator, Mapping

import pytest

from engine.core.durations import Duration, parse_duration
from engine.language.files import Folder
from engine.language.problems import Problem
from engine.language.project import Check, Project
from sla import checks_ladders, checks_lengths, checks_people, checks_stops
from sla.keywords import CLOCK_WORDS
from tests.support.projects import PROCESSES, project_of
from tools.examples import the_compiler
from workbench.linting import Around, lint

HEAD = """\
process: inquiry
title: {zh: 咨询, en: Inquiry}
calendar: insurer
data: schemas/case.yaml
start: {by: [staff], form: [received_at, kind]}
"""
STEPS = """\
steps:
  look:
    title: {zh: 查看, en: Look}
    human: {queue: intake}
    limit: 2wd
    outcomes:
      go: {title: {zh: 继续, en: Go on}}
      drop: {title: {zh: 不办, en: Drop}, next: dropped}
  write:
    title: {zh: 答复, en: Write}
    human: {queue: complaints}
    limit: 3wd
  answered: {milestone: answered, next: closed}
  closed: {end: closed}
  dropped: {end: dropped}
"""
CLOCK = """\
clocks:
  answer:
    clauses: [A-4.4]
    runs: {from: received_at, until: answered}
    limit: 10wd
    void_on: [dropped]
"""


def told(text: str, check: Check, measured: Mapping[tuple[str, str], Duration] | None = None) -> list[Problem]:
    return list(check(project_of(text, measured=measured)))


def lines(found: list[Problem]) -> list[tuple[str, int, int]]:
    return [(each.code, each.line, each.column) for each in found]


def every(project: Project) -> Iterator[Problem]:
    for check in CLOCK_WORDS.deep:
        yield from check(project)


def test_a_sound_clock_is_told_nothing() -> None:
    assert not told(HEAD + CLOCK + STEPS, every)


# --- stopping ---------------------------------------------------------------------------------------


def test_an_end_that_leaves_the_clock_running_is_told_with_the_way_to_it() -> None:
    (one,) = told(HEAD + CLOCK.replace("    void_on: [dropped]\n", "") + STEPS, checks_stops.check)
    assert (one.code, one.severity, one.file, one.line, one.column) == ("CW661", "warning", "inquiry.yaml", 9, 38)
    assert one.message == "clock answer: the case can end as 'dropped' without stopping it: look (drop) → dropped"
    assert one.hint == "name the end in void_on, or let the way pass milestone.answered"


def test_a_message_that_leads_to_an_end_leaves_it_running_too() -> None:
    steps = STEPS.replace("steps:", "meanwhile: [{message: withdrawn, key: number, next: gone}]\nsteps:")
    (one,) = told(HEAD + CLOCK + steps + "  gone: {end: gone}\n", checks_stops.check)
    assert one.message.endswith("without stopping it: look (withdrawn) → gone")


def test_an_end_in_what_a_handler_does_beside_counts() -> None:
    beside = "meanwhile:\n  - message: withdrawn\n    key: number\n    do: {away: {terminate: gone}}\nsteps:"
    (one,) = told(HEAD + CLOCK + STEPS.replace("steps:", beside), checks_stops.check)
    assert one.code == "CW661" and "'gone'" in one.message


SWITCH = """\
steps:
  look:
    switch:
      - {when: "kind == 'claim'", next: WHERE}
      - {else: dropped}
  write:
    title: {zh: 答复, en: Write}
    human: {queue: complaints}
    outcomes: {send: {title: A, next: answered}, turn: {title: B, next: other}}
  answered: {milestone: answered, next: closed}
  closed: {end: closed}
  dropped: {end: dropped}
  other: {end: other}
"""


def test_what_only_the_data_decides_makes_no_claim_unless_it_decides_nothing() -> None:
    clock = CLOCK.replace("[dropped]", "[closed, other]")
    assert not told(HEAD + clock + SWITCH.replace("WHERE", "write"), checks_stops.check)
    turned = SWITCH.replace("WHERE", "write").replace("look:", "ask: {human: {queue: intake}}\n  look:")
    (one,) = told(HEAD + clock.replace(", other", "") + turned, checks_stops.check)
    assert one.message.endswith("can end as 'other' without stopping it: ask → write (turn) → other")


@pytest.mark.parametrize(("join", "codes"), [("all", []), ("any", [])])
def test_a_branch_that_stops_it_is_not_passed_by(join: str, codes: list[str]) -> None:
    steps = f"""\
steps:
  both:
    parallel:
      join: {join}
      branches:
        writing:
          do:
            write: {{human: {{queue: complaints}}}}
            answered: {{milestone: answered}}
        filing:
          do:
            file: {{human: {{queue: intake}}}}
  closed: {{end: closed}}
"""
    clock = CLOCK.replace("    void_on: [dropped]\n", "")
    assert [each.code for each in told(HEAD + clock + steps, checks_stops.check)] == codes


def test_a_clock_that_stops_in_a_handler_by_itself_is_left_alone() -> None:
    steps = STEPS.replace("steps:", "meanwhile:\n  - {after: 5d, do: {answered: {milestone: answered}}}\nsteps:")
    steps = steps.replace("  answered: {milestone: answered, next: closed}\n", "")
    assert not told(HEAD + CLOCK.replace("    void_on: [dropped]\n", "") + steps, checks_stops.check)


# --- starting, pausing ------------------------------------------------------------------------------


def test_dates_that_nothing_writes() -> None:
    clock = CLOCK.replace("from: received_at", "from: meeting_at")
    (one,) = told(HEAD + clock + STEPS, checks_stops.check)
    assert (one.code, one.line, one.column) == ("CW662", 9, 18)
    assert one.message == "clock answer never starts: nothing writes 'meeting_at'"
    pause = CLOCK + "    pauses_while: {from: papers_asked_at, to: papers_in_at}\n"
    asked = STEPS.replace("queue: intake}", "queue: intake}\n    form: [papers_asked_at]")
    (one,) = told(HEAD + pause + asked, checks_stops.check)
    assert (one.code, one.line, one.column) == ("CW663", 12, 47)
    assert one.message == "clock answer is held for ever: nothing writes 'papers_in_at'"
    assert not told(HEAD + pause + asked.replace("[papers_asked_at]", "[papers_asked_at, papers_in_at]"), every)


TIMED = "into: {reply: text}}\n    meanwhile: [{after: 30d, next: write}]"
WAITING = STEPS.replace("  write:", """\
  ask:
    receive: {message: customer_reply, key: number, into: {reply: text}}
  write:""")  # fmt: skip


def test_a_wait_that_nothing_ends_holds_the_clock_for_ever() -> None:
    pause = CLOCK + "    pauses_while: {any_in: [ask]}\n"
    (one,) = told(HEAD + pause + WAITING, checks_stops.check)
    assert (one.code, one.line, one.column) == ("CW663", 12, 28)
    assert one.message == "clock answer may be held for ever: nothing ends 'ask' if what it waits for never comes"
    bounded = WAITING.replace(
        "into: {reply: text}}", "into: {reply: text}}\n    meanwhile: [{after: 30d, next: write}]"
    )
    assert not told(HEAD + pause + bounded, every)


# --- lengths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("4wd", "clock answer gives 4wd, the limits of its steps allow 5wd (look 2wd → write 3wd)"),
        ("6d", "clock answer gives 6d, the limits of its steps allow 6.7d (look 2wd → write 3wd)"),
        ("48h", "clock answer gives 48h, the limits of its steps allow 176h (look 2wd → write 3wd)"),
        ("8wh", "clock answer gives 8wh, the limits of its steps allow 48wh (look 2wd → write 3wd)"),
        ("5wd", ""),
        ("7d", ""),
    ],
)
def test_a_limit_shorter_than_what_the_steps_allow_is_told_with_both_numbers(limit: str, message: str) -> None:
    found = told(HEAD + CLOCK.replace("10wd", limit) + STEPS, checks_lengths.check)
    assert [each.message for each in found] == [message] * bool(message)
    assert lines(found) == [("CW665", 10, 12)] * bool(message)


def test_of_the_ways_people_choose_the_longest_and_the_data_the_shortest() -> None:
    steps = STEPS.replace("  write:", """\
  which:
    switch:
      - {when: "kind == 'claim'", next: long}
      - {else: write}
  long:
    title: {zh: 细查, en: Look closely}
    human: {queue: complaints}
    limit: 20wd
    next: write
  write:""")  # fmt: skip
    assert not told(HEAD + CLOCK + steps, checks_lengths.check)  # the data may spare it
    chosen = steps.replace("{else: write}", "{else: long}")
    (one,) = told(HEAD + CLOCK + chosen, checks_lengths.check)
    assert (
        one.message == "clock answer gives 10wd, the limits of its steps allow 25wd (look 2wd → long 20wd → write 3wd)"
    )
    again = STEPS.replace(
        "go: {title: {zh: 继续, en: Go on}}", "go: {title: {zh: 继续, en: Go on}}\n      again: {title: A, next: look}"
    )
    assert not told(HEAD + CLOCK + again, checks_lengths.check)  # once each


def test_what_pauses_the_clock_and_what_runs_beside_takes_no_time() -> None:
    bounded = WAITING.replace(
        "into: {reply: text}}", "into: {reply: text}}\n    meanwhile: [{after: 30d, next: write}]"
    )
    (one,) = told(HEAD + CLOCK + bounded, checks_lengths.check)
    assert one.message == "clock answer gives 10wd, the limits of its steps allow 27wd (look 2wd → ask 30d → write 3wd)"
    assert not told(HEAD + CLOCK + "    pauses_while: {any_in: [ask]}\n" + bounded, checks_lengths.check)


def test_of_branches_the_longest_counts() -> None:
    steps = """\
steps:
  both:
    parallel:
      branches:
        writing: {do: {write: {human: {queue: complaints}, limit: 3wd}}}
        filing: {do: {file: {human: {queue: intake}, limit: 12wd}}}
  answered: {milestone: answered, next: closed}
  closed: {end: closed}
"""
    (one,) = told(HEAD + CLOCK.replace("    void_on: [dropped]\n", "") + steps, checks_lengths.check)
    assert "12wd (file 12wd)" in one.message


def test_a_limit_that_even_the_quickest_way_overruns() -> None:
    steps = STEPS.replace("  write:", "  rest: {wait: {for: 20d}}\n  write:")
    (one,) = told(HEAD + CLOCK + steps, checks_lengths.check)
    assert (one.code, one.line, one.column) == ("CW664", 10, 12)
    assert one.message == "clock answer gives 10wd, even the quickest way waits 14wd (rest 20d)"


def test_a_limit_shorter_than_what_was_measured() -> None:
    measured = {("inquiry", "look"): parse_duration("6wd"), ("inquiry", "write"): parse_duration("7wd")}
    (one,) = told(HEAD + CLOCK + STEPS, checks_lengths.check, measured)
    assert (one.code, one.line, one.column) == ("CW666", 10, 12)
    expected = "clock answer gives 10wd, its steps take 13wd (look 6wd → write 7wd), by the median of what was measured"
    assert one.message == expected
    assert not told(HEAD + CLOCK + STEPS, checks_lengths.check, {("other", "look"): parse_duration("60wd")})


# --- ladders ----------------------------------------------------------------------------------------


def ladder(*rungs: str, limit: str = "10wd") -> str:
    written = "".join(f"      - {{at: {rung}, notify: [owner], with: clock_near}}\n" for rung in rungs)
    return CLOCK.replace("10wd", limit) + "    ladder:\n" + written


@pytest.mark.parametrize(
    ("rungs", "limit", "line"),
    [
        (("50%", "80%", "due", "due + 1wd"), "10wd", 0),
        (("80%", "50%"), "10wd", 14),
        (("80%", "80%"), "10wd", 14),
        (("due", "90%"), "10wd", 14),
        (("due + 1wd", "due"), "10wd", 14),
        (("due - 2wd", "80%"), "10wd", 14),  # the same day
        (("due - 3wd", "80%"), "10wd", 0),
        (("80%", "due - 1wd"), "10wd", 0),
        (("3d", "50%"), "10wd", 0),
        (("30d", "50%"), "10wd", 14),
        (("80%", "50%"), '"{{ limit_text }}"', 14),
        (("due", "50%"), '"{{ limit_text }}"', 14),
        (("50%", "due", "due + 1d"), '"{{ limit_text }}"', 0),
        (("due + 2d", "due + 1d"), '"{{ limit_text }}"', 14),
        (("due - 1d", "due - 2d"), '"{{ limit_text }}"', 14),
        (("due - 3wd", "due"), "2wd", 13),  # before the clock begins
    ],
)
def test_rungs_come_in_the_order_in_which_they_are_written(rungs: tuple[str, ...], limit: str, line: int) -> None:
    found = told(HEAD + ladder(*rungs, limit=limit) + STEPS, checks_ladders.check)
    assert lines(found) == ([("CW668", line, 14)] if line else [])


def test_a_rung_after_the_step_is_over_never_comes() -> None:
    limit = """\
    limit:
      limit: 2wd
      ladder:
        - {at: due, notify: [owner], with: clock_near}
        - {at: due + 5wd, notify: [owner], with: clock_near}
    meanwhile: [{after: 5d, next: write}]
"""
    (one,) = told(HEAD + CLOCK + STEPS.replace("    limit: 2wd\n", limit), checks_ladders.check)
    assert (one.code, one.line, one.column) == ("CW669", 20, 16)
    assert one.message == "limit of look: the rung at 'due + 5wd' never comes: step look is over 5d after it began"


def test_a_rung_after_the_case_is_over_never_comes() -> None:
    steps = STEPS.replace("steps:", "meanwhile: [{after: 20d, next: dropped}]\nsteps:")
    text = HEAD + ladder("due", "due + 10wd").replace("from: received_at", "from: case") + steps
    (one,) = told(text, checks_ladders.check)
    assert (one.code, one.line) == ("CW669", 14)
    assert one.message.endswith("never comes: the case is over 20d after it began")


def test_two_clocks_that_watch_the_same_for_one_clause() -> None:
    second = CLOCK.removeprefix("clocks:\n").replace("answer:", "again:")
    (one,) = told(HEAD + CLOCK + second.replace("10wd", "12wd") + STEPS, checks_ladders.check)
    assert (one.code, one.line, one.column) == ("CW667", 12, 3)
    assert one.message == "clocks answer and again watch the same for clause A-4.4, with 10wd and 12wd"
    assert not told(HEAD + CLOCK + second.replace("A-4.4", "C-5.1") + STEPS, every)
    assert not told(HEAD + CLOCK + second + "    when: \"kind == 'claim'\"\n" + STEPS, every)


PEOPLE_OF_OURS = """\
zone: UTC
roles: {officer: O, supervisor: S}
users: {chen: {name: C, roles: [officer]}, qin: {name: Q, roles: [supervisor], to: 2025-12-31}}
queues: {intake: {members: [chen], managers: [chen]}}
"""


def test_a_ladder_that_tells_nobody() -> None:
    told_to = ladder("due").replace("[owner]", "[owner, role.WHO]") + "    extension: {most: 5wd, by: supervisor}\n"
    project = project_of(HEAD + told_to.replace("WHO", "officer") + STEPS, PEOPLE_OF_OURS)
    found = list(checks_people.check(project))
    assert lines(found) == [("CW670", 14, 32)]
    assert found[0].message == "clock answer: nobody has the role supervisor"
    project = project_of(HEAD + told_to.replace("WHO", "supervisor") + STEPS, PEOPLE_OF_OURS)
    assert lines(list(checks_people.check(project))) == [("CW670", 13, 35)]  # once each
    assert not list(checks_people.check(project_of(HEAD + told_to.replace("WHO", "supervisor") + STEPS)))


# --- what is shipped ----------------------------------------------------------------------------------


def test_what_is_shipped_is_told_nothing_but_what_it_accepts() -> None:
    names = [path.name for path in PROCESSES.glob("*.yaml") if path.name != "house.yaml"]
    linted = lint(the_compiler(), Folder(PROCESSES), names, Around())
    assert not [each for each in linted.problems if each.code.startswith("CW66")]
