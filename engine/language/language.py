"""The language as one installation speaks it: the kinds of step, what components add, which functions there are."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.core.functions import Function
from engine.core.kinds import ANY, Type
from engine.language.extension import ActWord, Extension


@dataclass(frozen=True, slots=True)
class Routine:
    """A function that steps call by name: registered pure functions (`compute`), worker functions (`service`).

    `parameters` by name; those in `optional` may be left out. `result` types what it yields, an object type
    where it yields several fields. `call` takes the arguments by keyword; a worker function has none here.
    """

    name: str
    parameters: Mapping[str, Type] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    result: Type = ANY
    call: Callable[..., Any] | None = None
    doc: str = ""


@dataclass(frozen=True, eq=False)
class Language:
    """What compiling needs to know beside the files. Made once, by whoever puts the components together."""

    extensions: tuple[Extension, ...] = ()
    functions: Mapping[str, Function] = field(default_factory=dict)  # for expressions, beside the built-in ones
    computes: Mapping[str, Routine] = field(default_factory=dict)
    services: Mapping[str, Routine] = field(default_factory=dict)
    calendar: Callable[[Any], Iterable[tuple[tuple[str | int, ...], str]]] = lambda _: ()
    """What is wrong with a calendar's file: places in it, and what was expected there."""

    @cached_property
    def names(self) -> Mapping[str, Type]:
        """What components add to the names that expressions may read."""
        return {name: type for each in self.extensions for name, type in each.names.items()}

    @cached_property
    def acts(self) -> Mapping[str, ActWord]:
        """Each act that a component brings, by its name."""
        return {name: act for each in self.extensions for name, act in each.acts.items()}
