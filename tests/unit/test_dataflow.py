"""Deep checks of data: what is needed before anything wrote it, what nobody writes, what nobody reads."""

from itertools import pairwise
from textwrap import dedent, indent
from typing import Any

import pytest

from engine.core.commands import CompleteTask
from engine.core.events import IncidentRaised
from engine.core.expressions import compile_expression
from engine.core.kinds import BOOL, INT, TEXT
from engine.language.dataflow.checks import never_read, never_written, read_before_written, rows_that_fit, same_outcomes
from engine.language.dataflow.graph import Graph
from engine.language.dataflow.known import Known
from engine.language.dataflow.needs import needs, settled, tree_of
from engine.language.dataflow.paths import Search
from engine.language.problems import Problem
from engine.language.project import Check
from tests.support.graph import Story
from tests.support.projects import PROCESSES, project_of
from tests.support.random_process import Maker

CHECKS = (read_before_written, never_written, never_read, same_outcomes, rows_that_fit)
HEAD = """\
process: inquiry
title: {zh: 咨询, en: Inquiry}
calendar: insurer
data:
  properties:
    a: {type: integer}
    b: {type: integer}
    c: {type: integer}
    kind: {enum: [service, claim]}
    flag: {type: boolean}
    items: {type: array, items: {type: integer}}
start: {by: [staff], form: [b, kind, flag, items]}
"""
BEGIN = HEAD.count("\n") + 2
"""The line on which the first step stands."""
TAKE = "take: {title: {zh: 取, en: Take}, human: {queue: intake}, form: [c]}\n"
USE = "use: {set: {c: a + 1}}\n"
DONE = "done: {end: done}\n"


def process(steps: str, top: str = "") -> str:
    return HEAD + dedent(top) + "steps:\n" + indent(dedent(steps), "  ")


def found(text: str, *checks: Check) -> list[Problem]:
    project = project_of(text)
    return [problem for check in checks or (read_before_written,) for problem in check(project)]


def told(steps: str, top: str = "") -> list[str]:
    """The steps that are told of, by the line: what CW621 says of the way."""
    problems = found(process(steps, top))
    assert all(each.code == "CW621" and each.severity == "warning" for each in problems)
    return [each.message for each in problems]


# --- read before written ------------------------------------------------------------------------------------


def test_the_way_on_which_nothing_was_written_is_told() -> None:
    steps = """\
    which:
      switch:
        - {when: "kind == 'claim'", next: fill}
        - {else: use}
    fill: {human: {queue: intake}, form: [a], next: use}
    use: {set: {c: "a + 1"}}
    done: {end: done}
    """
    (problem,) = found(process(steps))
    assert problem.message == "'a' is needed here, and on the way start → which (else) → use nothing has written it"
    assert (problem.line, problem.code, problem.severity) == (BEGIN + 5, "CW621", "warning")
    assert "coalesce(a, …)" in str(problem.hint)


SILENT = {
    "asked for at the start": "use: {set: {c: b + 1}}\n",
    "written before": "fill: {human: {queue: intake}, form: [a]}\n" + USE,
    "set before": "fill: {set: {a: 1}}\n" + USE,
    "earlier in the same set": "use: {set: {a: 1, c: a + 1}}\n",
    "asked of whether it is set": 'use: {set: {c: "a + 1 if a is not none else 0"}}\n',
    "coalesced": 'use: {set: {c: "coalesce(a, 0) + 1"}}\n',
    "a condition that null makes false": """
which:
  switch:
    - {when: "a is not none and a > 3", next: use}
    - {else: done}
use: {set: {c: a + 1}, next: done}
""",
    "compared for equality only": """
which:
  switch:
    - {when: "a == 3", next: use}
    - {else: done}
use: {set: {c: a + 1}, next: done}
""",
    "a second branch that excludes itself": """
which:
  switch:
    - {when: "kind == 'claim'", next: fill}
    - {else: other}
fill: {human: {queue: intake}, form: [a], next: other}
other: {human: {queue: intake}, form: [c]}
again:
  switch:
    - {when: "kind == 'claim'", next: use}
    - {else: done}
use: {set: {c: a + 1}, next: done}
""",
    "a mark that tells": """
which:
  switch:
    - {when: "flag", next: fill}
    - {else: skip}
fill: {set: {a: 1, kind: "'claim'"}, next: later}
skip: {set: {kind: "'service'"}, next: later}
later: {human: {queue: intake}, form: [c]}
again:
  switch:
    - {when: "kind in ['claim']", next: use}
    - {else: done}
use: {set: {c: a + 1}, next: done}
""",
    "written in every branch that is passed": """
both:
  parallel:
    branches:
      one: {do: {fill: {human: {queue: intake}, form: [a]}}}
      two: {do: {rest: {wait: {for: 1h}}}}
use: {set: {c: a + 1}}
""",
    "written in a branch taken under the same condition": """
both:
  parallel:
    branches:
      one: {when: "kind == 'claim'", do: {fill: {human: {queue: intake}, form: [a]}}}
      two: {do: {rest: {wait: {for: 1h}}}}
again:
  switch:
    - {when: "kind == 'claim'", next: use}
    - {else: done}
use: {set: {c: a + 1}, next: done}
""",
    "inside a block that wrote it": """
inner:
  block:
    fill: {human: {queue: intake}, form: [a]}
    sum_up: {set: {c: a + 1}}
""",
    "a message that brings it": """
take:
  human: {queue: intake}
  meanwhile:
    - {message: customer_reply, key: number, into: {kind: "'claim'"}, next: use}
next_one: {set: {a: 1}, next: use}
use: {set: {c: "coalesce(a, 0)"}}
""",
    "written by an error's host before it is raised": """
inner:
  block:
    fill: {human: {queue: intake}, form: [a]}
    stop: {fail: payment_failed}
  meanwhile:
    - {error: payment_failed, next: use}
  next: done
use: {set: {c: a + 1}, next: done}
""",
    "an each that collects": """
every:
  each: {over: items, as: item, collect: {items: item}, do: {look: {human: {queue: intake}, form: [c]}}}
use: {set: {a: 1}}
""",
    "a rule with parts that are joined": 'use: {set: {c: "b if b is none or b > 3 else 0"}}\n',
}


@pytest.mark.parametrize("case", SILENT)
def test_nothing_is_said_of_what_is(case: str) -> None:
    assert not told(_whole(SILENT[case]))


def _whole(steps: str) -> str:
    return steps.lstrip("\n") + DONE


LOUD = {
    "straight away": (USE, "start → use"),
    "left out by an optional form": (
        """
fill:
  human: {queue: intake}
  form: [a]
  outcomes:
    full: {title: {zh: 全, en: Full}}
    later: {title: {zh: 后补, en: Later}, form: optional}
use: {set: {c: a + 1}}
""",
        "start → fill (later) → use",
    ),
    "by a handler that fires early": (
        """
fill:
  human: {queue: intake}
  form: [a]
  meanwhile:
    - {after: 3h, next: use}
use: {set: {c: a + 1}}
""",
        "start → fill (after) → use",
    ),
    "in a handler's body": (
        """
fill:
  human: {queue: intake}
  form: [a]
  meanwhile:
    - after: 3h
      do: {count: {set: {c: a + 1}}}
""",
        "start → fill (after) → count",
    ),
    "in a branch beside the one that writes": (
        """
before: {human: {queue: intake}, form: [b]}
both:
  parallel:
    branches:
      one: {do: {fill: {human: {queue: intake}, form: [b]}}}
      two: {do: {use: {set: {c: a + 1}}}}
""",
        "start → before → both (two) → use",
    ),
    "behind a branch that may not be taken": (
        """
both:
  parallel:
    branches:
      one: {when: "kind == 'claim'", do: {fill: {human: {queue: intake}, form: [a]}}}
      two: {do: {rest: {wait: {for: 1h}}}}
use: {set: {c: a + 1}}
""",
        "start → both → use",
    ),
    "in a condition": (
        """
which:
  switch:
    - {when: "a > 3", next: done}
    - {else: done}
""",
        "start → which",
    ),
    "in what an outcome sets": (
        """
take:
  human: {queue: intake}
  outcomes:
    yes_: {title: {zh: 是, en: "Yes"}, set: {c: a * 2}}
""".replace("yes_", "agree"),
        "start → take",
    ),
    "in an item's steps": (
        """
every:
  each: {over: items, as: item, do: {look: {set: {c: a + item}}}}
""",
        "start → every → look",
    ),
    "behind an error that nothing wrote before": (
        """
inner:
  block:
    pay: {fail: payment_failed}
  meanwhile:
    - {error: payment_failed, next: use}
  next: done
use: {set: {c: a + 1}, next: done}
""",
        "start → inner → pay (error payment_failed) → use",
    ),
    "in a race": (
        """
first:
  race:
    - {message: customer_reply, key: number, next: fill}
    - {after: 3h, next: use}
fill: {set: {a: 1}, next: use}
use: {set: {c: a + 1}}
""",
        "start → first (after) → use",
    ),
    "given to a function": (
        'use: {set: {c: "days_between(date_of(now), add_days(date_of(now), a))"}}\n',
        "start → use",
    ),
}


@pytest.mark.parametrize("case", LOUD)
def test_what_may_be_missing_is_told(case: str) -> None:
    steps, way = LOUD[case]
    (message,) = told(_whole(steps))
    assert f"on the way {way} nothing" in message


@pytest.mark.parametrize("case", LOUD)
def test_the_way_that_is_told_stops_a_real_case(case: str) -> None:
    """Gone on the engine, with every form left empty: the incident comes at the step that was named."""
    compiled = project_of(process(_whole(LOUD[case][0]))).processes["inquiry"].process
    (found,) = [each for name in "abc" if (each := Search(Graph(compiled), frozenset("abc")).find(name))]
    story = Story(compiled).start(items=[1])
    for step, label in found.path:
        if label == "after":
            story.wait("4h")
        elif step in story.open and compiled.nodes[step].kind == "human":
            story.complete(step, label)
    story.wait("4h")  # for what runs beside
    if compiled.nodes[found.step].kind == "human":  # needed as the task is completed
        refusal = story.refused(CompleteTask(story.token(found.step), str(found.where[1]), {}))
        assert "a is not set" in refusal.text
        return
    incidents = [event for event in story.events if isinstance(event, IncidentRaised)]
    assert [event.step for event in incidents] == [found.step] and "a is not set" in incidents[0].text


def test_a_reopened_case_keeps_what_it_had() -> None:
    steps = "fill: {human: {queue: intake}, form: [a]}\ndone: {end: done}\nagain: {set: {c: a + 1}, next: done}\n"
    assert not told(steps, "reopen: [again]\n")


def test_a_calling_process_gives_what_it_gives() -> None:
    called = process(USE + DONE).replace("start: {by: [staff], form: [b, kind, flag, items]}\n", "")
    caller = (
        "process: caller\ntitle: {zh: 甲, en: A}\nstart: {by: [staff]}\n"
        "steps:\n  go: {call: {process: inquiry, data: {GIVEN: 1}}}\n  done: {end: done}\n"
    )
    for given, expected in (("a", 0), ("b", 1)):
        project = project_of({"inquiry.yaml": called, "caller.yaml": caller.replace("GIVEN", given)})
        assert len(list(read_before_written(project))) == expected
    alone = project_of(called)
    assert not list(read_before_written(alone))  # nobody is seen to start it


# --- never written, never read --------------------------------------------------------------------------------


def test_what_nothing_writes_is_told_wherever_it_is_read() -> None:
    steps = """\
    which:
      switch:
        - {when: "a is none", next: done}
        - {else: done}
    done: {end: done}
    """
    (problem,) = found(process(steps), never_written)
    assert problem.code == "CW622" and problem.line == BEGIN + 2 and "'a'" in problem.message
    written = process(steps.replace("which:", "take: {human: {queue: intake}, form: [a]}\n    which:", 1))
    assert not found(written, never_written)


def test_what_is_worked_out_for_nobody_is_told() -> None:
    (problem,) = found(process("count: {set: {c: b + 1}}\n" + DONE), never_read)
    assert (problem.code, problem.line) == ("CW623", BEGIN)
    assert not found(process("count: {set: {c: b + 1}}\n" + TAKE + DONE), never_read)  # a form shows it
    assert not found(process("count: {set: {c: b + 1}}\nmore: {set: {c: c + 1}}\n" + DONE), never_read)
    assert not found(process("take: {human: {queue: intake}, form: [a]}\n" + DONE), never_read)  # people brought it


def test_a_component_that_names_a_field_reads_it() -> None:
    text = process("count: {set: {c: b + 1}}\ntake: {human: {queue: intake, priority: '{{ c }}'}}\n" + DONE)
    assert not found(text, never_read)


def test_what_a_calling_process_takes_is_read() -> None:
    called = process("count: {set: {c: b + 1}}\n" + DONE)
    caller = (
        "process: caller\ntitle: {zh: 甲, en: A}\ndata: {properties: {x: {type: integer}}}\nstart: {by: [staff]}\n"
        "steps:\n  go: {call: {process: inquiry, into: {x: c}}}\n"
        "  look: {human: {queue: intake}, form: [x]}\n  done: {end: done}\n"
    )
    assert not list(never_read(project_of({"inquiry.yaml": called, "caller.yaml": caller})))
    assert list(never_read(project_of({"inquiry.yaml": called, "caller.yaml": caller.replace("x: c", "x: b")})))
    assert not list(never_read(project_of(called, whole=False)))


# --- outcomes ---------------------------------------------------------------------------------------------------

OUTCOMES = """\
take:
  human: {queue: intake}
  outcomes:
    agree: {title: {zh: 同意, en: Agree}}
    refuse: {title: {zh: 拒绝, en: Refuse}MORE}
look: {human: {queue: intake}}
done: {end: done}
"""


@pytest.mark.parametrize(
    ("more", "alike"), [("", 1), (", next: done", 0), (", set: {flag: true}", 0), (", form: optional", 0)]
)
def test_outcomes_that_make_no_difference_are_told(more: str, alike: int) -> None:
    problems = found(process(OUTCOMES.replace("MORE", more)), same_outcomes)
    assert len(problems) == alike
    for problem in problems:
        assert (problem.code, problem.line) == ("CW624", BEGIN + 4) and "'agree' and 'refuse'" in problem.message


# --- tables -------------------------------------------------------------------------------------------------------

TABLE = """\
decision: by_b
hit: HIT
inputs: {b: {type: integer}}
outputs: {grade: {type: string}}
rules:
  - {when: {b: ">5"}, then: {grade: claim}}
  - {when: {b: ">3"}, then: {grade: clam}}
  - {then: {grade: null}}
"""


def graded(hit: str, into: str) -> list[Problem]:
    steps = f"grade: {{decide: {{table: decisions/by_b.yaml, into: {into}}}}}\n" + DONE
    table = TABLE.replace("HIT", hit)
    return list(rows_that_fit(project_of({"inquiry.yaml": process(steps), "decisions/by_b.yaml": table})))


def test_a_row_that_yields_what_the_field_does_not_take_is_told() -> None:
    (problem,) = graded("first", "{kind: grade}")
    assert (problem.code, problem.line, problem.hint) == ("CW625", BEGIN, "did you mean 'claim'?")
    assert problem.message == "row 2 of by_b yields 'clam', which 'kind' does not take"


# --- expressions --------------------------------------------------------------------------------------------------

NAMES = {"x": INT, "y": INT, "t": TEXT, "f": BOOL}


@pytest.mark.parametrize(
    ("source", "needed"),
    [
        ("x > 3", "x"), ("x == 3", ""), ("x + y", "x y"), ("-x", "x"), ("t ~ '!'", "t"), ("x in [1, 2]", ""),
        ("x is not none and x > 3", ""), ("x is none or x > 3", ""), ("not x is none and x > y", "y"),
        ("x > 3 and x < 5", "x"), ("f and x > 3", "x"), ("x if f else y", ""), ("x + 1 if x is not none else 0", ""),
        ("x + 1 if f else 0", "x"), ("coalesce(x, 0) + 1", ""), ("coalesce(x, y) > 1", ""), ("round(x)", "x"),
        ("coalesce(x + 1, 0)", "x"), ("not (x is none or y is none) and x > y", ""), ("f", ""), ("x != 1", ""),
        ("t == 'a' and t ~ 'b' == 'ab'", ""), ("[x, y] == [1, 2]", ""), ("min(x, y)", "x y"),
    ],
)  # fmt: skip
def test_what_an_expression_needs(source: str, needed: str) -> None:
    assert needs(compile_expression(source, NAMES)) == set(needed.split())


@pytest.mark.parametrize(
    ("source", "so", "not_so"),
    [
        ("x is none", "", "x"), ("x is not none", "x", ""), ("f", "f", ""), ("x == 1", "x", ""), ("x != 1", "", "x"),
        ("x > 1", "x", "x"), ("f and x == 1", "f x", ""), ("f or x == 1", "", ""), ("not f", "", "f"),
        ("x in [1]", "x", ""), ("x == y", "", ""), ("x == none", "", ""),
    ],
)  # fmt: skip
def test_what_a_condition_settles(source: str, so: str, not_so: str) -> None:
    tree = tree_of(source)
    assert tree is not None
    assert settled(tree, True) == set(so.split()) and settled(tree, False) == set(not_so.split())


def test_knowledge_rules_out_what_contradicts_it() -> None:
    def tree(source: str) -> Any:
        return tree_of(source)

    claim = Known().assuming(tree("t == 'claim'"), True)
    assert claim is not None and claim.values == {"t": "claim"}
    assert claim.assuming(tree("t == 'service'"), True) is None
    assert claim.truth(tree("t in ['a', 'claim'] and t is not none")) is True
    assert claim.truth(tree("t == 'service' or x > 3")) is None
    large = claim.assuming(tree("x > 3"), True)
    assert large is not None and large.assuming(tree("x > 3"), False) is None
    again = large.written({"x"}, (), ())
    assert again.assuming(tree("x > 3"), False) is not None
    assert again.values == {"t": "claim"}


def test_what_is_shipped_says_nothing_but_what_it_accepts() -> None:
    project = project_of(PROCESSES)
    problems = [p for check in CHECKS for p in check(project)]
    accepted = set()
    for name, each in project.processes.items():
        value: Any = each.document.value
        accepted |= {(name, entry["check"]) for entry in value.get("accepted", ())}
    assert all((problem.file.removesuffix(".yaml"), problem.code) in accepted for problem in problems), problems


@pytest.mark.parametrize("seed", range(40))
def test_any_process_can_be_looked_at(seed: int) -> None:
    """Random processes, which nobody would write: a path that is told leads from the start, step by step."""
    made = Maker(seed).process()
    graph = Graph(made)
    search = Search(graph, frozenset(made.names))
    for name in sorted(search.fields()):
        found = search.find(name)
        if found is None:
            continue
        places = [*(position for position, _ in found.path), found.step]
        assert places[0] == made.first
        for here, there in pairwise(places):
            assert any(way.to == there and name not in way.writes for way in graph.ways(here))
