"""What is said of a decision table holds for every question that it can be asked, tried one by one."""

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.decision_source import table_from_data
from engine.core.decisions import DecisionTable
from engine.core.kinds import INT, Type
from engine.core.operators import EvaluationError
from engine.language.decision_space import Domain, space
from tests.support.projects import TODAY

TOP = 4
KIND = Type("text", enum=("a", "b", "c"))
NUMBERS = range(TOP + 1)
DOMAINS = {
    "n": Domain("n", INT, {"minimum": 0, "maximum": TOP}),
    "m": Domain("m", INT, {"minimum": 0, "maximum": TOP}),
    "k": Domain("k", KIND, {}),
}
QUESTIONS = [{"n": n, "m": m, "k": k} for n, m, k in product(NUMBERS, NUMBERS, KIND.enum or ())]

number = st.integers(-1, TOP + 1)
number_cells = st.one_of(
    st.just("-"),
    number.map(str),
    st.builds("{} {}".format, st.sampled_from(["<", "<=", ">", ">=", "!="]), number),
    st.builds(lambda low, size: f"[{low}..{low + size}]", number, st.integers(0, 4)),
    st.builds("not({}, {})".format, number, number),
)
kind_cells = st.sampled_from(["-", "a", "b", "c", "not(a)", '"a", "b"'])
rows = st.lists(st.fixed_dictionaries({"n": number_cells, "m": number_cells, "k": kind_cells}), min_size=1, max_size=5)


def table_of(hit: str, cells: list[dict[str, str]]) -> DecisionTable:
    inputs = {"n": {"type": "integer"}, "m": {"type": "integer"}, "k": {"enum": list(KIND.enum or ())}}
    rules = [{"when": when, "then": {"o": number}} for number, when in enumerate(cells, 1)]
    return table_from_data({"hit": hit, "inputs": inputs, "outputs": {"o": {"type": "integer"}}, "rules": rules}, "t")


def met(table: DecisionTable, question: dict[str, Any]) -> tuple[int, ...]:
    return table.evaluate(question, TODAY).rules


@settings(max_examples=150, deadline=None)
@given(rows)
def test_gaps_clashes_and_idle_rows_are_those_that_asking_everything_finds(cells: list[dict[str, str]]) -> None:
    every = table_of("rule_order", cells)
    answers = [met(every, question) for question in QUESTIONS]
    found = space(every, DOMAINS, TODAY, every.rules)
    missed = found.missed()
    assert (missed is not None) == (() in answers)
    if missed is not None:
        given = dict(zip((axis.name for axis in found.axes), missed.values, strict=True))
        assert met(every, {"n": 0, "m": 0, "k": "a", **given}) == ()
    clashes = {tuple(rule.number for rule in found.rows(spot.rows)) for spot in found.clashes()}
    assert clashes == {answer for answer in answers if len(answer) > 1}
    assert {rule.number for rule in found.rows(found.met())} >= {number for answer in answers for number in answer}
    nulls = [*QUESTIONS, *({**q, name: None} for q in QUESTIONS for name in q), dict.fromkeys("nmk")]
    ordered = table_of("first", cells)
    firsts = {number for question in nulls for number in _first(ordered, question)}
    assert {rule.number for rule in found.rows(found.deciding())} >= firsts
    idle = {rule.number for rule in found.rules} - {rule.number for rule in found.rows(found.deciding())}
    assert not idle & {answer[0] for answer in answers if answer}


def _first(table: DecisionTable, question: dict[str, Any]) -> tuple[int, ...]:
    try:
        return met(table, question)
    except EvaluationError:  # something that is not set stands in an ordering
        return ()
