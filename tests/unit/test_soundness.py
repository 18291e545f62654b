"""Soundness: each fault in a small process with its code, its place and its story; what is sound is told nothing."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from engine.core.model import Fail, Process
from engine.language.problems import DefinitionError, Problem
from engine.language.soundness import CODES, check, examine
from engine.language.soundness.shape import Given
from tests.support.graph import graph as graph_of
from tests.support.graph import step
from tests.support.plain import plain
from tests.support.projects import PROCESSES, project_of
from tests.support.spec import compiled, specs
from tests.support.spec import written as spec_of
from tools.examples import contents

HEAD = "process: example\ntitle: {zh: 示例, en: Example}\ncalendar: insurer\ndata: schemas/case.yaml\nsteps:\n"
"""The steps of a test begin in line 6."""
TITLE = "title: {zh: 好, en: Fine}"
APPROVED = "messages:\n  approved: {title: {zh: 已批准, en: Approved}}\n"


def found(steps: str, others: Mapping[str, str] | None = None, *, whole: bool = True) -> list[Problem]:
    house = contents()["house.yaml"].decode().replace("messages:\n", APPROVED)
    files = {"example.yaml": HEAD + indent(dedent(steps), "  "), "house.yaml": house, **(others or {})}
    return list(check(project_of(files, whole=whole)))


def the_one(steps: str, code: str, line: int, severity: str = "error") -> Problem:
    """The only thing that is found."""
    problems = found(steps)
    assert [(p.code, p.line, p.severity) for p in problems] == [(code, line, severity)], "\n".join(map(str, problems))
    assert problems[0].hint
    return problems[0]


def told(graph: Mapping[str, Any], **known: Any) -> list[tuple[str, str, str]]:
    """What a plain graph is told: code, step, story."""
    return [(one.code, one.step, one.message) for one in examine(plain(graph), Given(**known))]


# --- what may wait for ever ------------------------------------------------------------------------------------


def test_a_circle_of_people_with_no_way_out() -> None:
    problem = the_one(
        f"""
        start: {{human: {{queue: intake}}}}
        review:
          human: {{queue: intake}}
          outcomes:
            redo: {{{TITLE}, next: work}}
            fine: {{{TITLE}, next: closed}}
        work:
          human: {{queue: intake}}
          outcomes:
            more: {{{TITLE}, next: look}}
            again: {{{TITLE}, next: work}}
        look: {{human: {{queue: intake}}, next: work}}
        closed: {{end: closed}}
        """,
        "CW602",
        13,
    )
    assert problem.message.startswith("start → review (redo) → work → from here the case goes round for ever: work → ")


def test_a_circle_that_time_ends_is_sound() -> None:
    steps = """
        monitor:
          block:
            look: {human: {queue: intake}}
            again: {wait: {for: 1d}, next: look}
          meanwhile: [{after: 30d, next: closed}]
        closed: {end: closed}
    """
    assert not found(steps)


def test_a_circle_in_one_branch_keeps_the_block_from_ending() -> None:
    steps = """
        both:
          parallel:
            join: all
            branches:
              one: {do: {pay: {human: {queue: payment}}}}
              two: {do: {look: {human: {queue: intake}}, again: {wait: {for: 1d}, next: look}}}
        closed: {end: closed}
    """
    codes = [(p.code, p.line) for p in found(steps)]
    assert codes == [("CW602", 12)]  # what stands behind the block follows from it
    assert not found(steps.replace("join: all", "join: any"))


def test_an_error_that_fires_a_handler_in_a_circle_goes_on_without_waiting() -> None:
    problem = the_one(
        """
        check: {human: {queue: intake}}
        box:
          block: {refuse: {fail: payment_failed}}
          meanwhile: [{error: payment_failed, next: box}]
        """,
        "CW602",
        8,
    )
    assert "goes round for ever: box → box" in problem.message


def test_an_error_that_nothing_takes_is_told_by_the_check_of_errors() -> None:
    steps = "check: {human: {queue: intake}}\nrefuse: {fail: payment_failed}\n"
    assert not found(steps)
    assert not found(steps, whole=False), "in a part of a folder, another process may call it"


def test_a_wait_for_a_change_that_nothing_brings() -> None:
    steps = "ask: {human: {queue: intake}}\nhold: {wait: {changed: kind}}\nclosed: {end: closed}\n"
    problem = the_one("\n" + steps, "CW606", 8)
    assert (
        problem.message
        == "ask → hold → here a token waits in 'hold' for a change of 'kind', which nothing writes meanwhile"
    )


def test_a_change_that_another_branch_brings() -> None:
    steps = """
        both:
          parallel:
            branches:
              one: {do: {hold: {wait: {changed: kind}}}}
              two: {do: {fill: {human: {queue: intake}, form: [kind]}}}
        closed: {end: closed}
    """
    assert not found(steps)


MESSAGE = """
    both:
      parallel:
        join: JOIN
        branches:
          first: {do: {work: {human: {queue: intake}}}}
          second: {do: {agree: {human: {queue: approval}}, tell: {send: {message: approved, key: number}}}}
    hear: {receive: {message: approved, key: number}}
    closed: {end: closed}
"""


def test_a_message_that_only_the_cancelled_branch_sends() -> None:
    problem = the_one(MESSAGE.replace("JOIN", "any"), "CW605", 13)
    want = (
        "both → work → agree → hear → here a token waits in 'hear' for the message 'approved', which only 'tell' could"
    )
    assert problem.message == f"{want} have sent"


def test_a_message_that_every_way_sends_and_one_that_others_send() -> None:
    assert not found(MESSAGE.replace("JOIN", "all"))
    steps = "tell: {send: {message: approved, key: kind}}\nclosed: {end: closed}\n"
    other = HEAD.replace("example", "other") + indent(steps, "  ")
    assert not found(MESSAGE.replace("JOIN", "any"), {"other.yaml": other})


# --- plain graphs ----------------------------------------------------------------------------------------------


def test_a_join_that_waits_for_a_flow_not_taken() -> None:
    graph: dict[str, Any] = {
        "begin": {"human": [], "next": "way"},
        "way": {"switch": [{"when": "ok", "next": "a"}, {"else": "b"}]},
        "a": {"human": [], "next": "both"},
        "b": {"human": [], "next": "both"},
        "both": {"join": "all", "of": ["a", "b"], "next": "done"},
        "done": {"end": "done"},
    }
    codes = told(graph)
    story = (
        "begin → way (when ok) → a → both → here a token waits in 'both' for 'b', from where no token can come any more"
    )
    assert codes[0] == ("CW603", "both", story)
    assert not told(graph | {"both": {**graph["both"], "join": "inclusive"}})
    assert not told(graph | {"way": {"fork": ["a", "b"]}})


def test_two_tokens_in_one_step() -> None:
    graph = {
        "split": {"fork": ["a", "b"]},
        "a": {"human": [], "next": "pay"},
        "b": {"human": [], "next": "pay"},
        "pay": {"human": [], "next": "done"},
        "done": {"end": "done"},
    }
    [(code, step, story)] = told(graph)
    assert (code, step) == ("CW609", "pay")
    assert "two tokens stand in 'pay' at once" in story


def test_a_graph_that_makes_ever_more_tokens_is_told_so_and_no_more() -> None:
    graph = {
        "a": {"human": [], "next": "split"},
        "split": {"fork": ["a", "b"]},
        "b": {"human": [], "next": "done"},
        "done": {"end": "done"},
    }
    assert {code for code, _, _ in told(graph)} <= {"CW609", "CW602"}


def test_an_error_in_a_called_process_goes_to_its_caller() -> None:
    process = graph_of(step("refuse", Fail("bad")))
    assert [one.code for one in examine(process, Given())] == ["CW685"]
    assert not examine(process, Given(called=True))


# --- what is never reached -------------------------------------------------------------------------------------


def test_a_step_after_a_block_that_never_ends() -> None:
    problem = the_one(
        """
        box:
          block:
            work: {human: {queue: intake}}
            stop: {terminate: closed}
        after: {human: {queue: intake}}
        done: {end: done}
        """,
        "CW607",
        11,
    )
    assert problem.message == "no case ever comes to 'after': 'box' never leads here"


def test_a_handler_for_an_error_that_nothing_raises() -> None:
    problem = the_one(
        """
        work:
          human: {queue: intake}
          meanwhile: [{error: payment_failed, next: closed}]
        closed: {end: closed}
        """,
        "CW608",
        9,
        "warning",
    )
    assert problem.message.startswith(
        "the handler for error payment_failed of 'work' never fires: nothing in 'work' raises"
    )


def test_a_handler_that_another_one_forestalls() -> None:
    steps = """
        outer:
          block:
            inner:
              block:
                work: {human: {queue: intake}}
                refuse: {fail: payment_failed}
              meanwhile: [{error: any, next: mend}]
            mend: {human: {queue: intake}}
          meanwhile: [{error: payment_failed, next: closed}]
        closed: {end: closed}
    """
    assert [(p.code, p.line) for p in found(steps)] == [("CW608", 15)]


# --- what is sure, and what is a doubt -------------------------------------------------------------------------


def test_a_way_that_two_conditions_on_the_same_data_may_rule_out_is_a_doubt() -> None:
    steps = f"""
        first:
          switch:
            - {{when: "kind == 'service'", next: middle}}
            - {{else: closed}}
        middle: {{human: {{queue: intake}}, next: second}}
        second:
          switch:
            - {{when: "kind == 'claim'", next: round}}
            - {{else: closed}}
        round: {{human: {{queue: intake}}, outcomes: {{again: {{{TITLE}, next: round}}}}}}
        closed: {{end: closed}}
    """
    the_one(steps, "CW602", 16, "warning")
    the_one(
        steps.replace("middle: {human: {queue: intake}", "middle: {human: {queue: intake}, form: [kind]"), "CW602", 16
    )


# --- bounds, and the whole -------------------------------------------------------------------------------------


def test_a_search_that_is_given_up_says_so_and_finds_no_step_dead() -> None:
    names = [f"s{n}" for n in range(12)]
    graph: dict[str, Any] = {"split": {"fork": names}, "done": {"end": "done"}}
    graph |= {name: {"human": [], "next": "join"} for name in names}
    graph["join"] = {"join": "all", "of": names, "next": "done"}
    [one] = examine(plain(graph), Given(), most=500)
    assert (one.code, one.sure) == ("CW619", False)
    assert "500" in one.message


def test_branches_are_not_multiplied() -> None:
    branches = {f"b{n}": {"do": {f"b{n}_{k}": {"human": {"queue": "intake"}} for k in range(8)}} for n in range(8)}
    steps = f"both: {{parallel: {{branches: {branches}}}}}\nclosed: {{end: closed}}\n".replace("'", "")
    assert not found("\n" + steps), "8 to the power of 8 standings would not end"


def test_nothing_is_told_of_the_shipped_processes() -> None:
    project = project_of(PROCESSES)
    assert not list(check(project))


SHOWN = {
    "changed.yaml": {"CW602"},  # counts for ever
    "escalation.yaml": {"CW607"},  # a block that is always left by its handler
    "fail.yaml": {"CW685"},
    "fork_and_join.yaml": {"CW603"},
    "terminate.yaml": {"CW607"},
    "08_multi_merge.yaml": {"CW609"},
    "12_multiple_instances_without_synchronization.yaml": {"CW609"},
    "28_blocking_discriminator.yaml": {"CW603", "CW609"},
    "33_generalised_and_join.yaml": {"CW603", "CW609"},
    "41_thread_merge.yaml": {"CW609"},
    "42_thread_split.yaml": {"CW609"},
}
"""The specs that show something unsound on purpose."""


def test_the_specs_are_sound_but_for_those_that_show_what_is_not() -> None:
    told_of: dict[str, set[str]] = {}
    for path in specs():
        spec = spec_of(path)
        try:
            process: Process = plain(spec["graph"]) if "graph" in spec else compiled(spec)
        except DefinitionError:
            continue
        called = any((step.get("start") or {}).get("called") for step in spec["story"])
        codes = {one.code for one in examine(process, Given(called=called))}
        if codes:
            told_of[path.name] = codes
    assert told_of == SHOWN


def test_every_code_is_shown_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert not [code for code in CODES if code != "CW601" and f'"{code}"' not in text]
