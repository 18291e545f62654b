"""Every value within a value made of records, mappings and collections, as far down as definitions go.

Checks look into what components made of their keywords without understanding it. That is asked of every value of every
process, so how to look into a class is worked out once for each.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from engine.core.durations import Duration
from engine.core.expressions import Expression

DEEP = 14
"""How far down a value is looked into."""
_WHOLE = (str, Duration, Expression)
"""What is one thing, whatever it is made of."""


def within(value: Any) -> Iterator[Any]:
    """The value itself and every value in it, what stands first first."""
    todo = [(value, 0)]
    while todo:
        value, depth = todo.pop()
        yield value
        look = _inside(value.__class__)
        if look is not None and depth < DEEP:
            todo.extend([(each, depth + 1) for each in look(value)][::-1])


@cache
def _inside(kind: type) -> Callable[[Any], Iterable[Any]] | None:
    """How to look into the values of a class; None if nothing stands in them."""
    if issubclass(kind, _WHOLE):
        return None
    if is_dataclass(kind):
        names = [each.name for each in fields(kind)]
        if len(names) < 2:
            return lambda value: [getattr(value, name) for name in names]
        return attrgetter(*names)
    if issubclass(kind, Mapping):
        return lambda value: [*value.keys(), *value.values()]
    return iter if issubclass(kind, list | tuple | set | frozenset) else None
