"""How a component adds keywords of its own to the language: one `Extension`, registered in bootstrap.

The language knows `human`, `service`, `switch` ...; it does not know what a queue or a clock is. A component
names the keywords that may stand on a step, on the process or in house.yaml, with the JSON Schema of each
(descriptions included: editors show them), and compiles what was written into a value of its own, found
again at `node.parts[name]`, `process.parts[name]` and `house.parts[name]`.

A text that may also be computed is a literal unless it is written as `{{ expression }}`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.core.durations import Duration
from engine.core.expressions import Expression
from engine.core.model import Length, Path, Process, Text
from engine.core.types import Type
from engine.language.problems import Problem

Where = tuple[str | int, ...]
"""A place in the document: ("steps", "answer", "limit")."""


class Context(Protocol):
    """What a compile function may ask. Nothing here raises: faults become problems, all in one run, and
    the functions return None where nothing sensible can be made."""

    house: Any  # engine.language.house.House
    names: Mapping[str, Type]  # top-level names of the data
    steps: frozenset[str]  # every step name in the file
    milestones: frozenset[str]
    ends: frozenset[str]
    step: str  # id of the step that is being compiled; "" is the process, or the house

    def where_of(self, step: str) -> Where:
        """Where a step stands in the document."""

    def problem(
        self,
        where: Where,
        code: str,
        message: str,
        *,
        expected: str | None = None,
        hint: str | None = None,
        warning: bool = False,
    ) -> None: ...

    def expression(
        self, where: Where, text: str, *, extra: Mapping[str, Type] | None = None, wants: Type | None = None
    ) -> Expression | None: ...

    def literal_or_expression(self, where: Where, text: str) -> str | Expression | None:
        """`owner` is itself; `{{ queue_for(kind) }}` is an expression."""

    def open_literal(self, where: Where, text: str, what: str) -> str | Expression | None:
        """The same for what is kept openly, so that it may not read a secret (R13)."""

    def duration(self, where: Where, text: Any) -> Duration | None: ...

    def length(self, where: Where, text: Any) -> Length | None: ...

    def path(self, where: Where, dotted: str) -> tuple[Path, Type] | None:
        """A place in the data and its type; unknown names are problems with the nearest name."""

    def text(self, where: Where, value: Any) -> Text:
        """A bilingual text: {zh, en} or one string for both."""

    def name(self, where: Where, value: str, known: frozenset[str] | set[str], what: str) -> bool:
        """Whether `value` is among the known names (of queues, roles, steps ...); a problem if not."""

    def notice(
        self, where: Where, notice: str, facts: Mapping[str, Expression], extra: Mapping[str, Type]
    ) -> Mapping[str, Expression]:
        """All facts that a notice's text needs: those given, and the names of the data that it reads. `extra`
        are names that whoever sends it puts in by itself. A missing file or fact is a problem."""


@dataclass(frozen=True, slots=True)
class ActWord:
    """An act that steps, handlers and ladders may ask for: the schema of its value, and what that cannot tell."""

    schema: Mapping[str, Any]
    check: Callable[[Context, Callable[..., Where], Mapping[str, Any]], None] = lambda *_: None
    """(context, the place of an argument by its name, the arguments: literals or expressions); reports with
    `context.problem`."""


@dataclass(frozen=True, slots=True)
class Extension:
    """The keywords of one component. Schemas map keyword -> JSON Schema of its value."""

    name: str
    step_keywords: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    step_kinds: tuple[str, ...] = ()
    """Kinds whose mapping the step keywords stand in (`human: {queue: …}`); empty: they stand beside every kind
    (`limit: 7wd`)."""
    process_keywords: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    house_keywords: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    skips: str = ""
    """The step keyword, true or false, that lets a step be left out: flow goes on behind it then."""
    acts: Mapping[str, ActWord] = field(default_factory=dict)
    names: Mapping[str, Type] = field(default_factory=dict)  # what it adds to the names that expressions read
    compile_step: Callable[[Context, Where, str, dict[str, Any]], Any] | None = None
    """(context, where, kind, the keywords found) -> value for node.parts[name]; called for every step of
    its kinds, also when none of the keywords was written. `where` is where the keywords stand."""
    compile_process: Callable[[Context, Where, dict[str, Any]], Any] | None = None
    compile_house: Callable[[Context, Where, dict[str, Any]], Any] | None = None
    check: Callable[[Context, Process], None] | None = None
    """Looks at the whole compiled process; reports with `context.problem`."""
    deep: tuple[Callable[[Any], Iterable[Problem]], ...] = ()
    """Checks of everything together (`engine.language.project.Check`), which take a `Project`."""
