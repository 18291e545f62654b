"""Inputs that bring something about: values for the data that a condition reads, found by trying.

Theory of operation. Conditions and tables compare fields with constants, so the values worth trying for a field are
its enum, both booleans, the constants that stand in the expressions, and one more and one less of those that are
numbers. Every combination of them over one field, then over two, then over three, is laid over what the case knew
at that moment, and the goal is asked: it evaluates the real conditions, so what is found holds for them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from decimal import Decimal
from itertools import combinations, islice, product

from engine.core.data import type_of
from engine.core.expressions import EvaluationError
from engine.core.kinds import NUMBERS
from engine.core.model import Json, Process

TRIES, FIELDS = 20_000, 3
_NUMBER = re.compile(r"(?<![\w.'\"])-?\d+(?:\.\d+)?(?![\w'\"])")
_TEXT = re.compile(r"'([^']*)'|\"([^\"]*)\"")

Change = dict[str, Json]
"""Values by dotted path."""


def inputs(
    process: Process,
    known: Mapping[str, Json],
    reads: Iterable[str],
    sources: Iterable[str],
    goal: Callable[[Mapping[str, Json]], bool],
) -> Iterator[Change]:
    """Changes of what was known under which the goal holds, those of few fields first. `reads`: dotted paths;
    `sources`: the texts in which constants stand."""  # fmt: skip
    texts = list(sources)
    choices = {path: list(_values(process, path, known, texts)) for path in sorted(set(reads))}
    choices = {path: values for path, values in choices.items() if values}
    yield from islice(_found(known, choices, goal), 12)


def _found(
    known: Mapping[str, Json], choices: Mapping[str, list[Json]], goal: Callable[[Mapping[str, Json]], bool]
) -> Iterator[Change]:
    tried = 0
    for count in range(FIELDS + 1):
        for paths in combinations(choices, count):
            for values in product(*(choices[path] for path in paths)):
                tried += 1
                if tried > TRIES:
                    return
                change = dict(zip(paths, values, strict=True))
                try:
                    if goal(laid_over(known, change)):
                        yield change
                except EvaluationError:
                    continue


def laid_over(known: Mapping[str, Json], change: Change) -> dict[str, Json]:
    """What is known, with the changes."""
    whole = dict(known)
    for path, value in change.items():
        top, *inner = path.split(".")
        if not inner:
            whole[top] = value
            continue
        place: dict[str, Json] = deepcopy(whole[top]) if isinstance(whole.get(top), dict) else {}
        whole[top] = place
        for name in inner[:-1]:
            place = place.setdefault(name, {})
        place[inner[-1]] = value
    return whole


def _values(process: Process, path: str, known: Mapping[str, Json], sources: Iterable[str]) -> Iterator[Json]:
    """The values worth trying for a field, other than what it has."""
    kind = type_of(process.names, tuple(path.split(".")))
    now: Json = known
    for name in path.split("."):
        now = now.get(name) if isinstance(now, Mapping) else None
    found: list[Json] = []
    if kind.enum:
        found = [value for value in kind.enum if value is not None]
    elif kind.kind == "bool":
        found = [True, False]
    elif kind.kind in NUMBERS:
        numbers = {Decimal(text) for source in sources for text in _NUMBER.findall(source)}
        near = sorted({number + step for number in numbers for step in (-1, 0, 1)} | {Decimal(1)})
        found = [int(number) if number == int(number) else str(number) for number in near if number >= 0]
    elif kind.kind == "text":
        found = list(dict.fromkeys(a or b for source in sources for a, b in _TEXT.findall(source)))
        found.append("x")
    yield from (value for value in [*found, None] if value != now)
