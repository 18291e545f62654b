"""What the language knows of a kind of step: its keywords, what nests in it, how it compiles."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.model import Spec
from engine.language.context import Scope
from engine.language.outline import Inner, Step
from engine.language.words import Schema

Written = Mapping[str, Any]
"""A step as it stands in the file."""


def _nothing_inside(written: Written) -> Iterable[Inner]:
    return ()


def _open(written: Written) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of step.

    `value` is the schema of what stands under its keyword, `beside` those of its other keywords. `compile`
    is given a step of the right shape and answers its spec, None if problems keep it from making one.
    """

    name: str
    doc: str  # what it does, for editors
    value: Schema
    compile: Callable[[Scope, Step], Spec | None]
    beside: Mapping[str, Schema] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    inner: Callable[[Written], Iterable[Inner]] = _nothing_inside
    flows: bool = True  # goes on, to `next` or the step below
    closed: Callable[[Written], bool] = _open  # every way out is written in the step itself
    stays: bool = False  # lasts, so that things can happen meanwhile
    waits: bool = False  # stands still until something from outside happens
