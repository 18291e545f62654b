"""All that can be asked of a decision table, in finitely many questions.

Theory of operation. No cell changes its mind between two neighbouring constants of its column, so it is enough to ask
at each constant, once between each two, below the lowest and above the highest: an *axis* of points. Which rows a
point allows is a set of bits, found by asking the table's own tests, so that nothing here knows what a cell means.
The rows that a question meets are those that all its points allow. A walk goes axis by axis and keeps each set of
rows once, with the first question that led to it: exact, and as small as the table is simple. A bound stops it where
it is not.

What a field may be is told by the data schema. A point is *sure* if the schema allows it; a field not set, or a text
that a pattern may forbid, is only *possible*. Of an input that is computed nothing is sure. Claims that something is
missing or clashes rest on sure points, claims that a row never decides on all possible ones: what is not known makes
a check silent.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from itertools import pairwise
from operator import and_, or_
from typing import Any, NamedTuple

from engine.core.cells import Test, Unset, constants
from engine.core.decisions import DecisionTable, Input, Rule
from engine.core.kinds import BOOL, DATE, NUMBERS, TEXT, Type, Value

MOST = 150_000
"""Sets of rows that a walk looks at."""
MOST_ASKED = 200_000
"""Cells that are asked while an axis is made."""
OTHER = "any other text"
ON = "on"
"""The name of the axis of days, where rows are valid for a time."""


@dataclass(frozen=True, slots=True)
class Domain:
    """What an input may be: the data schema of its field, its type, and its field's path.

    `computed` for what is no field: anything of its type is possible, nothing is sure. Inputs with the same
    `source` always have the same value."""

    source: str
    type: Type
    schema: Mapping[str, Any] = field(default_factory=dict)
    computed: bool = False


class Point(NamedTuple):
    """One question on one axis, and the rows that it allows, as bits."""

    value: Value
    rows: int
    sure: bool


class Spot(NamedTuple):
    """A set of rows, and a question that meets just them: a value for each axis."""

    rows: int
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    name: str
    type: Type
    points: tuple[Point, ...]
    computed: bool = False


class TooLarge(Exception):
    """The table is not looked at whole: it has more combinations than the bound allows."""


@dataclass(frozen=True, slots=True)
class Space:
    """The axes of a table; `rules` are its rows in the order of the bits."""

    rules: tuple[Rule, ...]
    axes: tuple[Axis, ...]

    @property
    def all(self) -> int:
        return (1 << len(self.rules)) - 1

    def rows(self, bits: int) -> list[Rule]:
        return [rule for place, rule in enumerate(self.rules) if bits >> place & 1]

    def missed(self) -> Spot | None:
        """A question that the schema allows and no row meets. Raises TooLarge, as all that follow."""
        free = self._free()
        ways = [_sure(axis, lambda a, b: a | b) for axis in self.axes]
        spots = self._walk(ways, lambda rows, done: None if rows & free[done] else rows)
        return next((spot for spot in spots if not spot.rows), None)

    def clashes(self) -> list[Spot]:
        """Questions that the schema allows and several rows meet, one for each such set of rows."""
        ways = [_sure(axis, lambda a, b: a & b) for axis in self.axes]
        spots = self._walk(ways, lambda rows, _: rows if rows & (rows - 1) else None)
        return [spot for spot in spots if spot.rows & (spot.rows - 1)]

    def deciding(self) -> int:
        """The rows that are the first of all that some possible question meets."""
        free, found = self._free(), 0

        def follow(rows: int, done: int) -> int | None:
            certain = rows & free[done]  # what comes after the first of these never decides
            return (_upto(certain & -certain) & rows if certain else rows) or None

        for spot in self._walk([axis.points for axis in self.axes], follow):
            found |= spot.rows & -spot.rows
        return found

    def met(self) -> int:
        """The rows that some possible question meets."""
        found = self.all
        for axis in self.axes:
            found &= reduce(or_, (point.rows for point in axis.points), 0)
        return found

    def before(self, row: int) -> int:
        """The rows one of which decides wherever the row of this bit is met."""
        bit, found = 1 << row, 0
        upto = _upto(bit)
        ways = [[Point(p.value, p.rows & upto, p.sure) for p in axis.points] for axis in self.axes]
        for spot in self._walk(ways, lambda rows, _: rows if rows & bit else None):
            rows = spot.rows & upto
            found |= rows & -rows
        return found

    def _free(self) -> list[int]:
        """For each number of axes gone: the rows that no later axis can turn away."""
        free = [self.all]
        for axis in reversed(self.axes):
            free.append(reduce(and_, (point.rows for point in axis.points), free[-1]))
        return free[::-1]

    def _walk(self, ways: Sequence[Iterable[Point]], follow: Callable[[int, int], int | None]) -> list[Spot]:
        """The sets of rows that questions meet, each once. `follow` answers what matters of a set after so many axes,
        None for one that need not be followed."""
        spots: dict[int, tuple[Value, ...]] = {self.all: ()}
        work = 0
        for done, way in enumerate(ways, 1):
            points: dict[int, Value] = {}
            for point in way:
                points.setdefault(point.rows, point.value)
            work += len(spots) * len(points)
            if work > MOST:
                raise TooLarge
            after: dict[int, tuple[Value, ...]] = {}
            for rows, values in spots.items():
                for mask, value in points.items():
                    kept = follow(rows & mask, done)
                    if kept is not None and kept not in after:
                        after[kept] = (*values, value)
            spots = after
        return [Spot(rows, values) for rows, values in spots.items()]


def _upto(bit: int) -> int:
    """All bits up to this one, included."""
    return bit | (bit - 1)


def _sure(axis: Axis, both: Callable[[int, int], int]) -> Sequence[Point]:
    """The sure points; of what is computed, one that stands for all."""
    if not axis.computed:
        return [point for point in axis.points if point.sure]
    return [Point(None, reduce(both, (point.rows for point in axis.points)), True)]


# --- making the axes ------------------------------------------------------------------------------


def space(table: DecisionTable, domains: Mapping[str, Domain], today: date | None, order: Sequence[Rule]) -> Space:
    """The space of a table whose inputs have these domains, from a day on (None: from the first that it names).
    `order` are its rows as they take precedence. Raises TooLarge."""
    rules = tuple(order)
    columns: dict[str, list[int]] = {}
    for place, column in enumerate(table.inputs):
        if any(rule.tests[place] is not None for rule in rules):
            columns.setdefault(domains[column.name].source, []).append(place)
    axes = [_axis(table.inputs, rules, places, domains[table.inputs[places[0]].name]) for places in columns.values()]
    return Space(rules, (*axes, *_days(rules, today)))


@dataclass(slots=True)
class _Column:
    """The cells of one column, each with the rows that have it: constants by themselves, and others."""

    free: int = 0
    plain: dict[Value, int] = field(default_factory=dict)
    tests: dict[Any, tuple[Test, int]] = field(default_factory=dict)
    named: dict[Value, None] = field(default_factory=dict)

    def add(self, rule: Rule, place: int, bit: int, type: Type) -> None:
        test, cell = rule.tests[place], rule.cells[place]
        if test is None:
            self.free |= bit
            return
        found, alone = constants(cell, type)
        self.named.update(dict.fromkeys(value for value in found if value is not None))
        if alone and found[0] is not None:
            self.plain[found[0]] = self.plain.get(found[0], 0) | bit
        else:
            key = (cell.__class__, cell)
            self.tests[key] = test, self.tests.get(key, (test, 0))[1] | bit

    def at(self, value: Value) -> int:
        """The rows that this value meets."""
        rows = self.free | (self.plain.get(value, 0) if value is not None else 0)
        for test, those in self.tests.values():
            try:
                rows |= those if test(value) else 0
            except Unset:
                continue
        return rows


def _axis(inputs: Sequence[Input], rules: Sequence[Rule], places: Sequence[int], domain: Domain) -> Axis:
    type, columns = inputs[places[0]].type, [_Column() for _ in places]
    for column, place in zip(columns, places, strict=True):
        for number, rule in enumerate(rules):
            column.add(rule, place, 1 << number, type)
    named = [*dict.fromkeys(value for column in columns for value in column.named)]
    expects = any(inputs[place].expects_null for place in places)
    values = list(_values(named, type, domain, expects))
    if len(values) * sum(len(column.tests) for column in columns) > MOST_ASKED:
        raise TooLarge
    points = [Point(value, reduce(and_, (column.at(value) for column in columns)), sure) for value, sure in values]
    return Axis(inputs[places[0]].name, type, tuple(points), domain.computed)


def _days(rules: Sequence[Rule], today: date | None) -> list[Axis]:
    """The axis of days: today, and each later one on which a row begins or has ended."""
    turns = {rule.valid_from for rule in rules} | {_next(rule.valid_to) for rule in rules}
    dates = sorted(day for day in turns if day is not None)
    if not dates:
        return []
    first = today or dates[0]
    points = []
    for day in [first, *(day for day in dates if day > first)]:
        rows = sum(
            1 << bit
            for bit, rule in enumerate(rules)
            if (rule.valid_from is None or rule.valid_from <= day) and (rule.valid_to is None or day <= rule.valid_to)
        )
        points.append(Point(day, rows, True))
    return [Axis(ON, DATE, tuple(points))]


def _next(day: date | None) -> date | None:
    return None if day is None or day == date.max else day + timedelta(days=1)


# --- the points of an axis ------------------------------------------------------------------------


def _values(named: Sequence[Value], type: Type, domain: Domain, expects_null: bool) -> Iterator[tuple[Value, bool]]:
    """The values at which an axis is asked, and whether the field is sure to be able to have them."""
    schema, enum = domain.schema, domain.type.enum if domain.type.enum is not None else type.enum
    if type.kind == BOOL.kind or enum is not None:
        for value in (True, False) if enum is None else enum:
            yield value, not domain.computed
    elif type.kind == TEXT.kind:
        closed = "pattern" in schema or "format" in schema
        for value in named:
            yield value, not closed
        yield OTHER, not closed
    else:
        bounds = [_bound(schema[key], type) for key in _BOUNDS if key in schema]
        for value in _between(sorted({*named, *bounds}), type):
            if all(key not in schema or allows(value, schema[key]) for key, allows in _BOUNDS.items()):
                yield value, type.kind not in NUMBERS or not _odd(value, schema.get("multipleOf"))
    yield None, expects_null


_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: value >= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
}


def _bound(value: Any, type: Type) -> Value:
    return Decimal(value) if type.kind == "decimal" else int(value)


def _odd(value: Any, step: Any) -> bool:
    return bool(step) and Decimal(value) % Decimal(step) != 0


def _between(values: Sequence[Any], type: Type) -> Iterator[Value]:
    """The values with one below, one above, and one between each two where there is any."""
    step: Any = _STEPS.get(type.kind) or Decimal(1).scaleb(-type.scale if type.money else 0)
    if not values:
        return
    with suppress(OverflowError):
        yield values[0] - step
    for low, high in pairwise(values):
        yield low
        if low + step < high:
            yield low + step
        elif type.kind == "datetime" or (type.kind == "decimal" and not type.money):
            yield low + (high - low) / 2
    yield values[-1]
    with suppress(OverflowError):
        yield values[-1] + step


_STEPS: Mapping[str, Any] = {"int": 1, "date": timedelta(days=1), "datetime": timedelta(hours=1)}
