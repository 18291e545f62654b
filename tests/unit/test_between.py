"""Deep checks of what processes tell each other: messages, signals, errors, the ends of called processes."""

from collections.abc import Iterable
from dataclasses import replace
from textwrap import dedent, indent

import pytest

from engine.language.between import ends_of_calls, messages_and_signals
from engine.language.problems import Problem
from engine.language.project import Project
from engine.language.series import series_apart
from engine.language.uncaught import errors_caught
from tests.support.projects import PROCESSES, project_of
from tools.examples import contents

HOUSE = (
    contents()["house.yaml"]
    .decode()
    .replace("signals:\n", "  inner_word: {title: {zh: 内部, en: Inner}}\nsignals:\n", 1)
)
HEAD = "process: {name}\ntitle: {{zh: 例, en: Example}}\ncalendar: insurer\ndata: schemas/case.yaml\n{top}steps:\n"


def process(name: str, steps: str, top: str = "") -> str:
    return HEAD.format(name=name, top=top) + indent(dedent(steps), "  ")


def project(**steps: str) -> Project:
    files = {f"{name}.yaml": process(name, text) for name, text in steps.items()}
    return project_of({"house.yaml": HOUSE, **files})


def told(problems: Iterable[Problem]) -> list[tuple[str, str, int]]:
    return [(each.code, each.file, each.line) for each in problems]


WAITS = "rest: {receive: {message: inner_word, key: number}}\ndone: {end: done}\n"
SENDS = "tell: {send: {message: inner_word, key: number}}\ndone: {end: done}\n"
LISTENS = """\
take:
  human: {queue: intake}
  meanwhile:
    - {signal: catastrophe, next: done}
done: {end: done}
"""
GIVES = "tell: {signal: catastrophe}\ndone: {end: done}\n"


@pytest.mark.parametrize(
    ("one", "other", "code", "line"),
    [
        (WAITS, SENDS, "CW681", 6),
        (SENDS, WAITS, "CW682", 6),
        (LISTENS, GIVES, "CW683", 9),
        (GIVES, LISTENS, "CW684", 6),
    ],
)
def test_what_has_no_counterpart_is_told(one: str, other: str, code: str, line: int) -> None:
    assert told(messages_and_signals(project(one=one))) == [(code, "one.yaml", line)]
    assert not told(messages_and_signals(project(one=one, other=other)))
    alone = replace(project(one=one), whole=False)
    assert not told(messages_and_signals(alone))


def test_what_comes_from_outside_needs_no_sender() -> None:
    steps = "rest: {receive: {message: customer_reply, key: number}}\ndone: {end: done}\n"
    assert not told(messages_and_signals(project(one=steps)))


def test_messages_wait_in_races_handlers_and_starts() -> None:
    race = """\
    first:
      race:
        - {message: inner_word, key: number, next: done}
        - {after: 1h, next: done}
    done: {end: done}
    """
    assert told(messages_and_signals(project(one=race))) == [("CW681", "one.yaml", 8)]
    assert not told(messages_and_signals(project(one=race, other=SENDS)))
    top = "start: {message: inner_word}\n"
    files = {"house.yaml": HOUSE, "one.yaml": process("one", "done: {end: done}\n", top)}
    assert told(messages_and_signals(project_of(files))) == [("CW681", "one.yaml", 5)]


def test_a_rung_that_sends_is_a_sender() -> None:
    rung = "{at: due, message: inner_word}"
    runs = "runs: {from: received_at, until: asked}"
    top = f"clocks:\n  all: {{origin: target, limit: 3d, {runs}, ladder: [{rung}]}}\n"
    steps = "rest: {receive: {message: inner_word, key: number}}\nasked: {milestone: asked}\ndone: {end: done}\n"
    assert not told(messages_and_signals(project_of({"house.yaml": HOUSE, "one.yaml": process("one", steps, top)})))


# --- errors ---------------------------------------------------------------------------------------------------

FAILS = """\
inner:
  block:
    stop: {fail: payment_failed}
  HANDLER
done: {end: done}
"""


@pytest.mark.parametrize(
    ("handler", "found"),
    [
        ("next: done", 1),
        ("meanwhile: [{error: payment_failed, next: done}]", 0),
        ("meanwhile: [{after: 1h, next: done}]", 1),
    ],
)
def test_an_error_that_nothing_catches_is_told(handler: str, found: int) -> None:
    problems = told(errors_caught(project(one=FAILS.replace("HANDLER", handler))))
    assert problems == [("CW685", "one.yaml", 8)] * found


def test_an_error_may_be_caught_around_the_call_or_is_told_there() -> None:
    fails = FAILS.replace("HANDLER", "next: done")
    call = "go: {call: {process: one}, meanwhile: [{error: payment_failed, next: done}]}\ndone: {end: done}\n"
    assert not told(errors_caught(project(one=fails, other=call)))
    bare = "go: {call: {process: one}}\ndone: {end: done}\n"
    (problem,) = errors_caught(project(one=fails, other=bare))
    assert (problem.file, problem.severity) == ("other.yaml", "error")
    assert "'payment_failed' of one" in problem.message
    assert not told(errors_caught(project(one=fails, other=bare, outer=call.replace("one", "other"))))


def test_an_error_that_calls_catch_is_a_doubt_where_cases_begin_without_a_call() -> None:
    alone = process("one", FAILS.replace("HANDLER", "next: done"), "start: {by: [staff]}\n")
    call = "go: {call: {process: one}, meanwhile: [{error: payment_failed, next: done}]}\ndone: {end: done}\n"
    files = {"house.yaml": HOUSE, "one.yaml": alone, "other.yaml": process("other", call)}
    (problem,) = errors_caught(project_of(files))
    assert (problem.file, problem.severity) == ("one.yaml", "warning")


# --- numbers ----------------------------------------------------------------------------------------------------


def test_each_process_has_numbers_of_its_own() -> None:
    short, long = (process(name, "done: {end: done}\n", f"number: AB-{{year}}-{seq}\n") for name, seq in (
        ("one", "{seq}"), ("other", "{seq:04}")
    ))  # fmt: skip
    other = process("other", "done: {end: done}\n", "number: CD-{year}-{seq}\n")
    assert told(series_apart(project_of({"house.yaml": HOUSE, "one.yaml": short, "other.yaml": long}))) == [
        ("CW688", "other.yaml", 5)
    ]
    assert not told(series_apart(project_of({"house.yaml": HOUSE, "one.yaml": short, "other.yaml": other})))


# --- ends of calls ----------------------------------------------------------------------------------------------

TWO_ENDS = """\
ask:
  human: {queue: intake}
  outcomes:
    good: {title: {zh: 好, en: Good}, next: paid}
    bad: {title: {zh: 坏, en: Bad}, next: refused}
paid: {end: paid}
refused: {end: refused}
"""
CALLS = """\
go: {call: {process: one INTO}}
route:
  switch:
    - {when: "CONDITION", next: done}
    - {else: other}
done: {end: done}
other: {end: other}
"""


def calling(into: str, condition: str = "major") -> list[tuple[str, str, int]]:
    steps = CALLS.replace(" INTO", into).replace("CONDITION", condition)
    return told(ends_of_calls(project(one=TWO_ENDS, other=steps)))


def test_a_call_that_takes_nothing_back_does_not_see_how_it_ended() -> None:
    assert calling("") == [("CW686", "other.yaml", 6)]
    assert not calling(", into: {result: end}")
    assert not calling(", into: {answer: answer}")
    one_end = told(
        ends_of_calls(project(one="done: {end: done}\n", other="go: {call: {process: one}}\ndone: {end: done}\n"))
    )
    assert not one_end


@pytest.mark.parametrize(
    ("condition", "wrong"),
    [("result == 'paid'", 0), ("result == 'payed'", 1), ("result in ['paid', 'rejected']", 1), ("'none' != result", 1)],
)
def test_an_end_that_there_is_not_is_told(condition: str, wrong: int) -> None:
    assert calling(", into: {result: end}", condition) == [("CW687", "other.yaml", 9)] * wrong


def test_what_is_shipped_is_silent() -> None:
    shipped = project_of(PROCESSES)
    assert not [each for check in (messages_and_signals, errors_caught, ends_of_calls) for each in check(shipped)]
