"""Clauses with a number in them: "within 48 hours", "每季度", "保存 5 年". That a step cites such a clause proves
little; it is held where what cites it has the number: a clock's or a step's limit, a frequency, a repeat, a retention,
a share, an amount of authority.

Theory of operation. The texts of the catalogue are read for numbers with a unit. Everything that cites a clause (a
clock, a step with what components made of its keywords, its table, its handlers; a process with its start) is searched
for lengths, numbers and names of periods, without understanding them. Where a number is computed there, the tables and
texts of the whole process may be where it comes from. A clause whose number is nowhere is told of at its place in
house.yaml.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache, partial
from typing import Any

from engine.core.durations import Duration
from engine.core.expressions import Expression
from engine.language.compile import Compiled
from engine.language.problems import Problem
from engine.language.project import Project
from engine.language.within import within

CODES = {
    "CW691": "a clause with a number that nothing has",
    "CW692": "a clause that nothing cites",
}
Quantity = tuple[Decimal, str]
"""A number with its unit, as `_UNITS` names them; "" for a number alone."""

_UNITS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"个?工作日|working days?|business days?", ("wd",)),
    (r"个?小时|hours?", ("h", "wh")),
    (r"分钟|minutes?", ("min",)),
    (r"日|天|days?", ("d",)),
    (r"个月|months?", ("mo",)),
    (r"年|years?", ("y", "")),
    (r"万元", ("wan",)),
    (r"元|yuan", ("",)),
    (r"%|percent|per cent", ("", "%")),
    (r"次|times", ("",)),
)
_NUMBER = re.compile(r"(?<![0-9.,])([0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?) ?(" + "|".join(unit for unit, _ in _UNITS) + ")")
_PERIODS = {
    "day": r"每日|每天|daily|every day",
    "week": r"每周|weekly|every week",
    "month": r"每月|monthly|every month",
    "quarter": r"每季|quarterly|every quarter",
    "half": r"每半年|half-yearly|every half year",
    "year": r"每年|yearly|annual|every year",
}
_LITERAL = re.compile(r"(?<![A-Za-z0-9_.])([0-9]+(?:\.[0-9]+)?)(s|min|h|wh|d|wd|mo|y|%)?(?![A-Za-z0-9_])")


def numbers_of_clauses(project: Project) -> Iterator[Problem]:
    """CW691 and CW692; nothing where not all processes are there."""
    if not project.whole or not project.processes:
        return
    places = list(_places(project))
    cited = {clause for clauses, _, _ in places for clause in clauses}
    whole = {name: cache(partial(_of_process, each)) for name, each in project.processes.items()}
    for clause, text in project.house.clauses.items():
        if clause not in cited:
            hint = "cite it where it is kept, under `clauses`, or take it out"
            yield project.at_house(("clauses", clause), "CW692", f"nothing cites the clause {clause}", hint=hint)
            continue
        wanted = {said: found for each in text.values() for said, found in _said(each)}
        held = {each for clauses, found, _ in places if clause in clauses for each in found}
        missing = [said for said, found in wanted.items() if held.isdisjoint(found)]
        if missing and any(computed for clauses, _, computed in places if clause in clauses):
            for name, each in project.processes.items():
                held |= whole[name]() if clause in each.document.text else frozenset()
            missing = [said for said in missing if held.isdisjoint(wanted[said])]
        if missing:
            message = f"the clause {clause} says {', '.join(missing)}, and nothing that cites it has that number"
            hint = "give the number to a clock, a limit, a frequency or a table that cites the clause"
            yield project.at_house(("clauses", clause), "CW691", message, hint=hint)


def _of_process(compiled: Compiled) -> frozenset[Quantity]:
    return frozenset(_quantities(within(compiled.process)))


def _said(text: str) -> Iterator[tuple[str, frozenset[Quantity]]]:
    """The numbers with units in a text, each with the quantities that would be it."""
    for found in _NUMBER.finditer(text):
        units = next(units for pattern, units in _UNITS if re.fullmatch(pattern, found[2]))
        number = Decimal(found[1].replace(",", ""))
        if units == ("wan",):
            number, units = number * 10_000, ("",)
        yield found[0], frozenset((number, unit) for unit in units)
    for period, pattern in _PERIODS.items():
        named = re.search(pattern, text)
        if named:
            yield named[0], frozenset({(Decimal(1), period)})


# --- what cites, and what numbers it has ------------------------------------------------------------------

_Cited = tuple[tuple[str, ...], frozenset[Quantity], bool]
"""The clauses that something cites, the numbers that it has, and whether one of them is computed."""


def _places(project: Project) -> Iterator[_Cited]:
    for compiled in project.processes.values():
        process = compiled.process
        written: Any = compiled.document.value
        if "clauses" in written:
            yield tuple(written["clauses"]), frozenset(_quantities(within((process.start, process.parts)))), True
        for part in (
            *process.parts.values(),
            *(part for node in process.nodes.values() for part in node.parts.values()),
        ):
            yield from ((each.clauses, *_numbers(each)) for each in _citing(part))
        for node in process.nodes.values():
            if node.clauses:
                yield node.clauses, *_numbers((node.spec, node.handlers, node.parts))


def _numbers(value: Any) -> tuple[frozenset[Quantity], bool]:
    found = [*within(value)]
    return frozenset(_quantities(found)), any(isinstance(each, Expression) and each.reads for each in found)


def _citing(value: Any) -> Iterator[Any]:
    """Whatever within a component's part has clauses of its own, as a clock has."""
    for each in within(value):
        clauses = getattr(each, "clauses", None)
        if isinstance(clauses, tuple) and clauses:
            yield each


def _quantities(values: Iterable[Any]) -> Iterator[Quantity]:
    """The lengths and numbers among values; a period by its name."""
    for each in values:
        if isinstance(each, Duration):
            yield Decimal(each.amount), each.unit
        elif isinstance(each, int | Decimal) and not isinstance(each, bool):
            yield from ((Decimal(each), ""), (Decimal(each) * 100, "%"))
        elif isinstance(each, Expression):
            yield from _literals(each.source)
        elif isinstance(each, str):
            if each in _PERIODS:
                yield Decimal(1), each
            yield from _literals(each)


def _literals(text: str) -> Iterator[Quantity]:
    for number, unit in _LITERAL.findall(text[:2000]):
        yield Decimal(number), unit
