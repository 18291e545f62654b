"""Checks of decision tables where they are used: questions that no row answers, rows that clash or never decide,
results that nobody gets. What an input may be is told by the data schema; what is not known makes them silent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.core.decisions import DecisionTable, Rule, rank
from engine.core.expressions import Expression
from engine.core.kinds import Value
from engine.core.model import Decide
from engine.language.compile import Compiled
from engine.language.decision_space import OTHER, Domain, Space, Spot, TooLarge, space
from engine.language.document import Document, Place
from engine.language.fields import field_schema, schema_of
from engine.language.problems import Problem
from engine.language.project import Project
from engine.language.sheets import cell_name

CODES = {
    "CW641": "a decision table that some input finds no row in",
    "CW642": "rows of a decision table that clash",
    "CW643": "a row of a decision table that never decides",
    "CW644": "a result of a decision table that no row gives",
    "CW645": "a decision table too large to be looked at",
}

MOST_TOLD = 5
"""Clashes that are told of one table; the rest follows from them more often than not."""


def check(project: Project) -> Iterator[Problem]:
    """What is doubtful about the tables of every `decide` step."""
    for name in sorted(project.processes):
        compiled = project.processes[name]
        steps = [node for node in compiled.process.nodes.values() if isinstance(node.spec, Decide)]
        schema = schema_of(compiled) if steps else {}
        for node in steps:
            assert isinstance(node.spec, Decide)
            domains = {each: _domain(value, schema) for each, value in node.spec.inputs.items()}
            file, place = table_source(compiled, node.id)
            yield from look(node.spec.table, domains, project.today, file, place)


def look(
    table: DecisionTable, domains: Mapping[str, Domain], today: date | None, file: str, place: tuple[int, int] = (1, 1)
) -> Iterator[Problem]:
    """What is doubtful about a table in this file (or at this place of it), whose inputs have these domains."""
    yield from _Looked(table, file, place).problems(domains, today)


def table_source(compiled: Compiled, step: str) -> tuple[str, tuple[int, int]]:
    """The file in which a step's table stands, and where in it."""
    document: Document = compiled.document
    where: Place = (*compiled.places[step], "decide", "table")
    written: Any = document.value
    for key in where:
        written = written[key]
    return (written, (1, 1)) if isinstance(written, str) else (document.file, document.at(where))


@dataclass(frozen=True, slots=True)
class _Looked:
    """One table, and where it stands."""

    table: DecisionTable
    file: str
    place: tuple[int, int]

    def problems(self, domains: Mapping[str, Domain], today: date | None) -> Iterator[Problem]:
        table = self.table
        first = table.hit in ("first", "priority")
        order = sorted(table.rules, key=lambda rule: rank(table, rule)) if table.hit == "priority" else table.rules
        try:
            found = space(table, domains, today, order)
            deciding = found.deciding() if first else found.met()
            told = [*self._missed(found), *self._clashes(found), *self._idle(found, deciding, today)]
        except TooLarge:
            message = (
                f"{self._named} has too many combinations to look at all: gaps, clashes and idle rows are not told"
            )
            yield self._at(self._head, "CW645", message, "split it into tables that ask less each")
            return
        yield from told
        yield from self._never_given()

    # --- what is told -----------------------------------------------------------------------------

    def _missed(self, found: Space) -> Iterator[Problem]:
        if self.table.aggregate == "count":
            return  # none is 0; of all others it is an incident of the step
        spot = found.missed()
        if spot is not None:
            message = f"{self._named}: no row answers {_example(found, spot)}"
            hint = "the step would stop there: write a row for it, or a last one with - in every column"
            yield self._at(self._head, "CW641", message, hint)

    def _clashes(self, found: Space) -> Iterator[Problem]:
        if self.table.hit not in ("unique", "any"):
            return
        told: dict[int, Problem] = {}
        for spot in found.clashes():
            rules = found.rows(spot.rows)
            other = next((rule for rule in rules[1:] if self._differ(rules[0], rule)), None)
            if other is None or other.number in told:
                continue
            allows = "and answer differently" if self.table.hit == "any" else "but only one may"
            both = f"rows {rules[0].number} and {other.number} both answer"
            message = f"{self._named}: {both} {_example(found, spot)}, {allows}"
            hint = "narrow one of them, or let the order decide: hit: first"
            told[other.number] = self._at(other.position, "CW642", message, hint)
        for number in sorted(told)[:MOST_TOLD]:
            yield told[number]

    def _differ(self, rule: Rule, other: Rule) -> bool:
        return self.table.hit == "unique" or rule.outputs != other.outputs

    def _idle(self, found: Space, deciding: int, today: date | None) -> Iterator[Problem]:
        met = found.met()
        for place, rule in enumerate(found.rules):
            if deciding >> place & 1 or (today and rule.valid_to and rule.valid_to < today):
                continue
            if met >> place & 1:
                others = ", ".join(str(each.number) for each in found.rows(found.before(place)))
                why = f"wherever it could, row {others} does" if "," not in others else f"rows {others} come first"
                message, hint = f"never decides: {why}", "put it before them, or leave it out"
            else:
                message, hint = (
                    "never decides: its inputs can never be so",
                    "mend its cells, or what the data schema allows",
                )
            yield self._at(rule.position, "CW643", f"{self._named}: row {rule.number} {message}", hint)

    def _never_given(self) -> Iterator[Problem]:
        for place, output in enumerate(self.table.outputs):
            given = [rule.outputs[place] for rule in self.table.rules]
            missing = [value for value in output.type.enum or () if value not in given]
            if missing:
                message = f"{self._named}: no row gives {output.name} = {' or '.join(map(_shown, missing))}"
                hint = "write a row that does, or leave the value out of the column's type"
                yield self._at(output.position, "CW644", message, hint)

    # --- where it is told ---------------------------------------------------------------------------

    @property
    def _named(self) -> str:
        return f"table {self.table.name}"

    @property
    def _head(self) -> tuple[int, int] | None:
        return self.table.inputs[0].position if self.table.inputs else None

    def _at(self, position: tuple[int, int] | None, code: str, message: str, hint: str) -> Problem:
        if position is not None and self.file.endswith(".xlsx"):
            message = f"{cell_name(*position)}: {message}"
        return Problem(code, "warning", self.file, *(position or self.place), message, hint=hint)


def _example(found: Space, spot: Spot) -> str:
    given = [
        f"{axis.name} = {_shown(value)}"
        for axis, value in zip(found.axes, spot.values, strict=True)
        if not axis.computed
    ]
    return ", ".join(given) or "anything"


def _shown(value: Value) -> str:
    if value is None:
        return "null"
    if value == OTHER or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | datetime):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


# --- what an input may be ---------------------------------------------------------------------------


def _domain(given: Expression, schema: Mapping[str, Any]) -> Domain:
    source = given.source.strip()
    found = field_schema(schema, source)
    return Domain(source, given.type, found or {}, computed=found is None)
