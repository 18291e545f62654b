"""The closures that a checked expression is made of.

Theory of operation. Each piece of an expression becomes a `Part`: its static type and a closure from names to
its value. A part whose kind is known yields values of that kind or null, because reads check what they find
(a part of kind `decimal` may also yield a whole number). So where both operands' kinds are known, a closure
computes at once; for null and everything unknown it leaves the case to the checking functions of
`engine.core.operators`. The commonest shapes, a field compared with a constant, have closures of their own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.core.kinds import UNKNOWN, WORDS, Json, Type, Value, holds_secret
from engine.core.operators import (
    ARITHMETICS,
    OPERATIONS,
    ORDERINGS,
    PLAIN_ORDERINGS,
    EvaluationError,
    as_text,
    concatenate,
    contains,
    element,
    field,
    kind_of,
    same,
    truth,
    unfit,
)
from engine.core.values import ValueProblem, to_value

Names = Mapping[str, Json]
Run = Callable[[Names], Value]
_NOTHING: Any = object()


@dataclass(slots=True)
class Part:
    """A checked piece of an expression."""

    type: Type
    run: Run
    offset: int
    label: str = "the value"  # names it in errors: the dotted path of a read
    raw: Run | None = None  # a read of the state, before it becomes a value
    const: Any = _NOTHING
    items: "tuple[Part, ...] | None" = None  # of a list written out

    @property
    def is_const(self) -> bool:
        return self.const is not _NOTHING

    @property
    def known(self) -> bool:
        return self.type.kind not in UNKNOWN


def constant(value: Value, type: Type, offset: int) -> Part:
    return Part(type, lambda names: value, offset, repr(value), const=value)


def top(name: str) -> Run:
    return lambda names: names.get(name)


def inner(raw: Run, name: str, label: str) -> Run:
    def run(names: Names) -> Json:
        value = raw(names)
        return value.get(name) if value.__class__ is dict else field(value, name, label)

    return run


def placed(raw: Run, at: Run, label: str) -> Run:
    return lambda names: element(raw(names), at(names), label)


_SAME_IN_STATE: dict[str, type] = {"text": str, "int": int, "bool": bool}


def reader(raw: Run, type: Type, label: str) -> Run:
    """From state form to value; refuses what the schema does not promise, naming the field."""
    same_class = _SAME_IN_STATE.get(type.kind)

    def convert(names: Names) -> Value:
        value = raw(names)
        try:
            return to_value(value, type)
        except ValueProblem as problem:
            at = f"{label}{'' if problem.path[:1] in ('', '[') else '.'}{problem.path}"
            message = f"expected {type}" if holds_secret(type) else problem.message
            raise EvaluationError(f"{at}: {message}", at) from None

    def check(names: Names) -> Value:
        value = raw(names)
        if value is None or value.__class__ is same_class:
            return value
        raise unfit(label, str(type), value)

    def untyped(names: Names) -> Value:
        value = raw(names)
        return value if value is None or value.__class__ is str else convert(names)

    return check if same_class else untyped if type.kind == "any" else convert


def equal(left: Part, right: Part, wanted: bool) -> Run:
    """`==` (wanted true) or `!=`."""
    if left.is_const and not right.is_const:
        left, right = right, left
    raw, const = left.raw, right.const
    if raw is not None and right.is_const:
        if const is None or const.__class__ is bool:
            return (lambda names: raw(names) is const) if wanted else (lambda names: raw(names) is not const)
        if const.__class__ is str and left.type.kind in ("text", "any"):
            return (lambda names: raw(names) == const) if wanted else (lambda names: raw(names) != const)
    a, b = left.run, right.run
    if left.type.kind == right.type.kind and left.type.kind in ("text", "bool", "date", "datetime"):
        return (lambda names: a(names) == b(names)) if wanted else (lambda names: a(names) != b(names))
    if wanted:
        return lambda names: same(a(names), b(names))
    return lambda names: not same(a(names), b(names))


def ordered(name: str, left: Part, right: Part) -> Run:
    """`<` (lt), `<=` (lteq), `>` (gt) or `>=` (gteq)."""
    a, b, plain, checked = left.run, right.run, PLAIN_ORDERINGS[name], ORDERINGS[name]
    left_label, right_label = left.label, right.label

    def any_kinds(names: Names) -> bool:
        return checked(a(names), b(names), left_label, right_label)

    def known_kinds(names: Names) -> bool:
        x, y = a(names), b(names)
        if x is None or y is None:
            return checked(x, y, left_label, right_label)
        return plain(x, y)

    if not (left.known and right.known):
        return any_kinds
    raw, const = left.raw, right.const
    if raw is None or const.__class__ not in (int, Decimal):
        return known_kinds

    def whole_with_constant(names: Names) -> bool:
        value = raw(names)
        return plain(value, const) if value.__class__ is int else known_kinds(names)

    def decimal_with_constant(names: Names) -> bool:
        value = raw(names)
        if value.__class__ is str:
            try:
                return plain(Decimal(value), const)
            except InvalidOperation:
                pass
        return known_kinds(names)

    return whole_with_constant if left.type.kind == "int" else decimal_with_constant


def member(part: Part, whole: Part, wanted: bool) -> Run:
    """`in` (wanted true) or `not in`."""
    a, b, label = part.run, whole.run, whole.label
    if whole.items is not None and all(item.const.__class__ is str for item in whole.items):
        known = frozenset(item.const for item in whole.items)

        def among(names: Names) -> bool:
            value = a(names)
            return (value.__class__ is str and value in known) is wanted

        return among

    def run(names: Names) -> bool:
        return contains(b(names), a(names), label) is wanted

    return run


def computed(sign: str, left: Part, right: Part) -> Run:
    a, b, compute = left.run, right.run, ARITHMETICS[sign]
    left_label, right_label = left.label, right.label
    operation = OPERATIONS[sign]

    def any_kinds(names: Names) -> Value:
        return compute(a(names), b(names), left_label, right_label)

    def known_kinds(names: Names) -> Value:
        x, y = a(names), b(names)
        if x is not None and y is not None:
            try:
                return operation(x, y)
            except ArithmeticError:
                pass
        return compute(x, y, left_label, right_label)

    return known_kinds if left.known and right.known else any_kinds


def signed(part: Part, change: Callable[[Value, str], Value]) -> Run:
    a, label = part.run, part.label
    return lambda names: change(a(names), label)


def both(left: Part, right: Part) -> Run:
    a, b, left_label, right_label = left.run, right.run, left.label, right.label

    def run(names: Names) -> bool:
        x = a(names)
        if x is not True and not truth(x, left_label):
            return False
        y = b(names)
        return True if y is True else truth(y, right_label)

    return run


def either(left: Part, right: Part) -> Run:
    a, b, left_label, right_label = left.run, right.run, left.label, right.label

    def run(names: Names) -> bool:
        x = a(names)
        if x is True or truth(x, left_label):
            return True
        y = b(names)
        return True if y is True else truth(y, right_label)

    return run


def negated(part: Part) -> Run:
    a, label = part.run, part.label
    return lambda names: not truth(a(names), label)


def unset(part: Part) -> Run:
    a = part.raw or part.run
    return lambda names: a(names) is None


def chosen(test: Part, then: Part, otherwise: Part) -> Run:
    a, b, c, label = test.run, then.run, otherwise.run, test.label
    return lambda names: b(names) if truth(a(names), label) else c(names)


def first_set(parts: tuple[Part, ...]) -> Run:
    """`coalesce`: goes through its arguments only as far as it must."""
    runs = [part.run for part in parts]

    def run(names: Names) -> Value:
        for each in runs:
            value = each(names)
            if value is not None:
                return value
        return None

    return run


def chained(comparisons: list[Run]) -> Run:
    if len(comparisons) == 1:
        return comparisons[0]
    return lambda names: all(comparison(names) for comparison in comparisons)


def listed(parts: tuple[Part, ...]) -> Run:
    runs = [part.run for part in parts]
    return lambda names: [run(names) for run in runs]


def mapped(parts: Mapping[str, Part]) -> Run:
    runs = {name: part.run for name, part in parts.items()}
    return lambda names: {name: run(names) for name, run in runs.items()}


def joined(parts: tuple[Part, ...]) -> Run:
    """`~`: every part must be set."""
    pairs = [(part.run, part.label) for part in parts]
    return lambda names: concatenate([as_text(run(names), label) for run, label in pairs])


def written(parts: tuple[Part, ...]) -> Run:
    """A text with expressions in it: what is not set leaves nothing."""
    pairs = [(part.run, part.label) for part in parts]

    def run(names: Names) -> str:
        values = [(each(names), label) for each, label in pairs]
        return concatenate(["" if value is None else as_text(value, label) for value, label in values])

    return run


def yields(run: Run, type: Type, label: str) -> Run:
    """Holds a function's result to its declared kind, and to exact numbers."""
    fitting = {type.kind, "null"} | ({"int"} if type.kind == "decimal" else set())

    def checked(names: Names) -> Value:
        value = run(names)
        kind = kind_of(value)
        if kind not in fitting and type.kind != "any":
            raise EvaluationError(f"{label} returned {WORDS[kind]}, expected {type}", label)
        return value

    return checked
