"""Decision tables: rows of conditions and results, with every hit policy of DMN 1.5 (8.2.8).

Theory of operation. A table is compiled once: each cell becomes a test on its column's value, or None where it
matches everything. Evaluating goes down the rows that are valid on the day, collects those whose every test
holds, and lets the hit policy make the answer of them. The answer is state JSON, with the rows that gave it,
counted from 1, so that the history shows which rule decided.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from itertools import islice
from typing import Any

from engine.core.cells import Test, Unset, unset
from engine.core.kinds import ANY, INT, Json, Type, Value, list_of, object_of
from engine.core.operators import ARITHMETICS, EvaluationError
from engine.core.values import ValueProblem, to_json, to_value

ONE_HIT = ("unique", "any", "first", "priority")
MANY_HITS = ("rule_order", "output_order", "collect")
HITS = (*ONE_HIT, *MANY_HITS)
AGGREGATES = ("sum", "min", "max", "count")


@dataclass(frozen=True, slots=True)
class Input:
    """A column of conditions. `expression` yields its value from the data; its name, if not written."""

    name: str
    type: Type = ANY
    expression: str = ""
    expects_null: bool = False  # a cell of the column is `null`: a value not set is foreseen
    position: tuple[int, int] | None = None  # of its head in the source, line and column from 1


@dataclass(frozen=True, slots=True)
class Output:
    """A column of results. The enum's order is the priority's, best first."""

    name: str
    type: Type = ANY
    position: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A row. `tests` one for each input, `outputs` values. Valid from and to, both days included. `cells` are the
    tests as they were written, for whoever shows or compares tables."""

    number: int
    tests: tuple[Test | None, ...]
    outputs: tuple[Value, ...]
    valid_from: date | None = None
    valid_to: date | None = None
    note: str = ""
    position: tuple[int, int] | None = None  # line and column in the source, from 1
    cells: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a table answered.

    `outputs` is an object, or a list of objects for the policies of many hits; None when no row matched
    (with `count` the number 0 instead). `rules` are the numbers of the rows that matched and were used.
    """

    outputs: Json
    rules: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A checked table. Built by `engine.core.decision_source` from YAML or CSV."""

    name: str
    hit: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    aggregate: str = ""

    @property
    def type(self) -> Type:
        """The type of the answer: one object, or a list of them."""
        if self.aggregate:
            output = self.outputs[0]
            return object_of({output.name: INT if self.aggregate == "count" else output.type})
        answer = object_of({output.name: output.type for output in self.outputs})
        return answer if self.hit in ONE_HIT else list_of(answer)

    def evaluate(self, values: Mapping[str, Value], on: date) -> Decision:
        """The answer for these inputs (values or state JSON, by input name) on that day.

        Raises EvaluationError: a value of the wrong type, a value not set where one is needed (R20), two rows
        where the policy allows one.
        """
        given = [self._input(each, values.get(each.name)) for each in self.inputs]
        matching = (rule for rule in self.rules if _valid(rule, on) and self._matches(rule, given))
        hits = list(islice(matching, 1 if self.hit == "first" else None))
        return _POLICIES[self.hit](self, hits)

    def _input(self, column: Input, value: Value) -> Value:
        try:
            return to_value(value, column.type)
        except ValueProblem as problem:
            where = f"table {self.name}, input {column.name}"
            raise EvaluationError(f"{where}: {problem.message}", column.name) from None

    def _matches(self, rule: Rule, given: Sequence[Value]) -> bool:
        for place, test in enumerate(rule.tests):
            if test is None:
                continue
            try:
                if not test(given[place]):
                    return False
            except Unset:
                column = self.inputs[place]
                if column.expects_null:
                    return False
                raise unset(column.name, self.name, rule.number) from None
        return True

    def _answer(self, rule: Rule) -> dict[str, Json]:
        return {
            output.name: to_json(value, output.type) for output, value in zip(self.outputs, rule.outputs, strict=True)
        }


def _valid(rule: Rule, on: date) -> bool:
    return (rule.valid_from is None or rule.valid_from <= on) and (rule.valid_to is None or on <= rule.valid_to)


def rank(table: DecisionTable, rule: Rule) -> tuple[int, ...]:
    """A row's place in the order of priorities, output by output, best first."""
    return tuple(
        output.type.enum.index(value) if output.type.enum and value is not None else len(output.type.enum or ())
        for output, value in zip(table.outputs, rule.outputs, strict=True)
    )


def _numbers(hits: Sequence[Rule]) -> tuple[int, ...]:
    return tuple(rule.number for rule in hits)


def _rows(hits: Sequence[Rule]) -> str:
    return "rows " + " and ".join(str(rule.number) for rule in hits[:5])


def _unique(table: DecisionTable, hits: list[Rule]) -> Decision:
    if len(hits) > 1:
        raise EvaluationError(f"table {table.name}: {_rows(hits)} match, but only one may (hit: unique)")
    return _first(table, hits)


def _any(table: DecisionTable, hits: list[Rule]) -> Decision:
    different = [rule for rule in hits if rule.outputs != hits[0].outputs]
    if different:
        rows = _rows([hits[0], different[0]])
        raise EvaluationError(f"table {table.name}: {rows} match and answer differently (hit: any)")
    return Decision(table._answer(hits[0]), _numbers(hits)) if hits else Decision(None, ())


def _first(table: DecisionTable, hits: list[Rule]) -> Decision:
    return Decision(table._answer(hits[0]), _numbers(hits[:1])) if hits else Decision(None, ())


def _by_priority(table: DecisionTable, hits: list[Rule]) -> list[Rule]:
    return sorted(hits, key=lambda rule: rank(table, rule))


def _priority(table: DecisionTable, hits: list[Rule]) -> Decision:
    return _first(table, _by_priority(table, hits))


def _rule_order(table: DecisionTable, hits: list[Rule]) -> Decision:
    return Decision([table._answer(rule) for rule in hits] or None, _numbers(hits))


def _output_order(table: DecisionTable, hits: list[Rule]) -> Decision:
    return _rule_order(table, _by_priority(table, hits))


def _collect(table: DecisionTable, hits: list[Rule]) -> Decision:
    if not table.aggregate:
        return _rule_order(table, hits)
    output = table.outputs[0]
    values = [rule.outputs[0] for rule in hits if rule.outputs[0] is not None]
    if table.aggregate == "count":
        return Decision({output.name: len(hits)}, _numbers(hits))
    if not values:
        return Decision(None, _numbers(hits))
    try:
        total = to_json(_AGGREGATES[table.aggregate](values), output.type)
    except ValueProblem as problem:
        raise EvaluationError(f"table {table.name}, output {output.name}: {problem.message}") from None
    return Decision({output.name: total}, _numbers(hits))


def _sum(values: list[Value]) -> Value:
    add = ARITHMETICS["+"]
    return reduce(lambda total, value: add(total, value, "the sum", "an output"), values)


_AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {"sum": _sum, "min": min, "max": max}
_POLICIES: dict[str, Callable[[DecisionTable, list[Rule]], Decision]] = {
    "unique": _unique,
    "any": _any,
    "first": _first,
    "priority": _priority,
    "rule_order": _rule_order,
    "output_order": _output_order,
    "collect": _collect,
}
