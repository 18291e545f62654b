"""Clauses with numbers: enforced only where something that cites them has the number."""

import pytest

from engine.language.clauses import numbers_of_clauses
from tests.support.projects import PROCESSES, project_of
from tools.examples import contents

HOUSE = contents()["house.yaml"].decode().split("\nclauses:\n")[0]
HEAD = "process: one\ntitle: {zh: 例, en: Example}\ncalendar: insurer\ndata: schemas/case.yaml\n"
STEPS = """\
steps:
  ask: {title: {zh: 问, en: Ask}, human: {queue: intake}}
  asked: {milestone: asked, next: done}
  done: {end: done}
"""


def told(text: str, process: str) -> list[tuple[str, str, int]]:
    """What is said of a catalogue of one clause, X-1."""
    house = f"{HOUSE}\nclauses:\n  X-1: {text}\n"
    found = numbers_of_clauses(project_of({"house.yaml": house, "one.yaml": process}))
    return [(each.code, each.file, each.line - HOUSE.count("\n")) for each in found]


def clock(limit: str, more: str = "") -> str:
    runs = "{from: received_at, until: asked}"
    return f"{HEAD}clocks:\n  c: {{clauses: [X-1], origin: manual, runs: {runs}, limit: {limit}{more}}}\n{STEPS}"


WRONG = [("CW691", "house.yaml", 3)]
DAYS = "{zh: 20 日内答复, en: Answered in 20 days}"


@pytest.mark.parametrize(
    ("text", "limit", "right"),
    [
        (DAYS, "20d", True),
        (DAYS, "21d", False),
        (DAYS, "20wd", False),
        ("{zh: 48小时内, en: Within 48 hours}", "48h", True),
        ("{zh: 48小时内, en: Within 48 hours}", "2d", False),
        ("{zh: 5 个工作日, en: 5 working days}", "5wd", True),
        ("{zh: 5 个工作日, en: 5 working days}", "5d", False),
        ("{zh: 5 个工作日, en: In 6 working days}", "5wd", False),
        ("{zh: 及时, en: In time}", "3d", True),
        ("{zh: 依据第 23 条, en: By article 23}", "3d", True),
    ],
)
def test_a_clock_holds_the_clause_if_it_has_the_number(text: str, limit: str, right: bool) -> None:
    assert told(text, clock(limit)) == ([] if right else WRONG)


def test_the_message_names_the_number() -> None:
    house = f"{HOUSE}\nclauses:\n  X-1: {DAYS}\n"
    (problem,) = numbers_of_clauses(project_of({"house.yaml": house, "one.yaml": clock("30d")}))
    assert "X-1 says 20 日, 20 days" in problem.message and problem.hint and problem.severity == "warning"


def test_a_rung_or_an_extension_may_have_it() -> None:
    assert not told(DAYS, clock("30d", ", extension: {most: 20d, by: supervisor}"))


def test_a_limit_of_a_step_holds_the_clauses_of_the_step() -> None:
    limited = HEAD + STEPS.replace("human: {queue: intake}}", "human: {queue: intake}, clauses: [X-1], limit: LIMIT}")
    assert not told("{zh: 3 个工作日, en: 3 working days}", limited.replace("LIMIT", "3wd"))
    assert told("{zh: 3 个工作日, en: 3 working days}", limited.replace("LIMIT", "4wd")) == WRONG


def test_a_frequency_holds_it() -> None:
    every = "clauses: [X-1]\nstart: {every: quarter}\n"
    assert not told("{zh: 每季度演练, en: A drill every quarter}", HEAD + every + STEPS)
    assert told("{zh: 每月演练, en: A monthly drill}", HEAD + every + STEPS) == WRONG


def test_amounts_and_shares_stand_in_conditions_and_tables() -> None:
    cases = '[{when: "amount > 50000", next: done}, {else: asked}]'
    switch = HEAD + STEPS.replace("  asked:", f"  large: {{clauses: [X-1], switch: {cases}}}\n  asked:")
    assert not told("{zh: 超过 5 万元, en: Above 50000 yuan}", switch)
    assert told("{zh: 超过 6 万元, en: Above 60000 yuan}", switch) == WRONG


def test_a_computed_limit_may_come_from_anywhere_in_a_process_that_cites_the_clause() -> None:
    computed = clock('"{{ limit_text }}"').replace("  asked:", "  set_it: {set: {limit_text: \"'20d'\"}}\n  asked:")
    assert not told(DAYS, computed)
    assert told(DAYS, computed.replace("20d", "25d")) == WRONG


def test_a_clause_that_nothing_cites_is_told() -> None:
    assert told("{zh: 及时, en: In time}", HEAD + STEPS) == [("CW692", "house.yaml", 3)]


def test_what_is_shipped_is_silent() -> None:
    assert not list(numbers_of_clauses(project_of(PROCESSES)))
