"""What expressions compute at run time: bounded, exact, and never converting one kind into another.

Every function here takes and returns values (see `engine.core.values`) and raises `EvaluationError` alone.
They are the general case; `expression_compile` puts faster closures in front where it knows the types.
"""

import operator
from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any

from engine.core.kinds import NUMBERS, ORDERED, WORDS, Value
from engine.core.values import KIND_OF_CLASS, MAX_DIGITS, moment, shown

MAX_TEXT = 10_000
MAX_ITEMS = 10_000
MAX_EXPONENT = 64
MAX_WHOLE = 10**MAX_DIGITS
"""Whole numbers stay below it, so that each is exactly a decimal of 28 digits."""

ARITHMETIC = Context(
    prec=MAX_DIGITS,
    rounding=ROUND_HALF_EVEN,
    Emin=-40,
    Emax=MAX_DIGITS - 1,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)


class EvaluationError(ValueError):
    """An expression could not be evaluated on this data. `name` is the field at fault, where one is."""

    def __init__(self, message: str, name: str | None = None) -> None:
        self.message = message
        self.name = name
        super().__init__(message)


def kind_of(value: Value) -> str:
    """The kind of a value. Floats and foreign objects are refused."""
    kind = KIND_OF_CLASS.get(value.__class__)
    if kind is None:
        raise EvaluationError(f"{shown(value)} is no value; numbers are whole numbers and decimals")
    return kind


def not_set(name: str) -> EvaluationError:
    """The error for a null where a value is needed (R20)."""
    return EvaluationError(f"{name} is not set", name)


def unfit(label: str, wanted: str, value: Value) -> EvaluationError:
    """The error for an operand of the wrong kind, or for none at all."""
    if value is None:
        return not_set(label)
    return EvaluationError(f"{label}: expected {wanted}, got {WORDS[kind_of(value)]}", label)


def same(left: Value, right: Value) -> bool:
    """Equality. Values of different kinds are never equal; 1 and 1.0 are, 1 and true are not."""
    a, b = kind_of(left), kind_of(right)
    if a != b:
        return a in NUMBERS and b in NUMBERS and bool(left == right)
    if a == "list":
        return len(left) == len(right) and all(map(same, left, right))
    if a == "object":
        return left.keys() == right.keys() and all(same(item, right[key]) for key, item in left.items())
    return bool(left == right)


def differ(left: Value, right: Value) -> bool:
    return not same(left, right)


def contains(whole: Value, part: Value, label: str) -> bool:
    """`part in whole`: an item of a list, a field of an object, a piece of a text."""
    kind = kind_of(whole)
    if kind == "list":
        return any(same(item, part) for item in whole)
    if kind == "object":
        return kind_of(part) == "text" and part in whole
    if kind != "text":
        raise unfit(label, "a list", whole)
    if part.__class__ is not str:
        raise unfit("the text to look for", "text", part)
    return part in whole


def ordering(compare: Callable[[Any, Any], bool]) -> Callable[[Value, Value, str, str], bool]:
    """`<`, `<=`, `>` or `>=` on numbers, dates or moments; the labels name the operands in errors."""

    def ordered(left: Value, right: Value, left_label: str, right_label: str) -> bool:
        a, b = kind_of(left), kind_of(right)
        for kind, value, label in ((a, left, left_label), (b, right, right_label)):
            if kind not in ORDERED:
                raise unfit(label, "a number, a date or a moment", value)
        if a != b and not (a in NUMBERS and b in NUMBERS):
            raise EvaluationError(f"{WORDS[a]} and {WORDS[b]} cannot be ordered")
        return compare(left, right)

    return ordered


ORDERINGS: dict[str, Callable[[Value, Value, str, str], bool]] = {
    "lt": ordering(operator.lt),
    "lteq": ordering(operator.le),
    "gt": ordering(operator.gt),
    "gteq": ordering(operator.ge),
}
PLAIN_ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
}


def bounded(number: int) -> int:
    """The whole number itself, if it is below MAX_WHOLE."""
    if -MAX_WHOLE < number < MAX_WHOLE:
        return number
    raise EvaluationError(f"the result has more than {MAX_DIGITS} digits")


def add(left: Value, right: Value) -> Value:
    if left.__class__ is list:
        if len(left) + len(right) > MAX_ITEMS:
            raise EvaluationError(f"the list would have more than {MAX_ITEMS} items")
        return [*left, *right]
    return bounded(left + right) if _whole(left, right) else ARITHMETIC.add(left, right)


def subtract(left: Value, right: Value) -> Value:
    return bounded(left - right) if _whole(left, right) else ARITHMETIC.subtract(left, right)


def multiply(left: Value, right: Value) -> Value:
    return bounded(left * right) if _whole(left, right) else ARITHMETIC.multiply(left, right)


def divide(left: Value, right: Value) -> Value:
    """Always a decimal, 28 digits, ties to even."""
    if right == 0:
        raise EvaluationError("division by zero")
    return ARITHMETIC.divide(Decimal(left), right)


def floor_divide(left: Value, right: Value) -> Value:
    return _floor(left, right)[0]


def modulo(left: Value, right: Value) -> Value:
    return _floor(left, right)[1]


def _floor(left: Value, right: Value) -> tuple[Value, Value]:
    """Quotient rounded down and the rest, which has the divisor's sign, for decimals as for whole numbers."""
    if right == 0:
        raise EvaluationError("division by zero")
    if _whole(left, right):
        return left // right, left % right
    quotient, rest = ARITHMETIC.divmod(Decimal(left), right)
    if rest and (rest < 0) != (right < 0):
        return ARITHMETIC.subtract(quotient, 1), ARITHMETIC.add(rest, right)
    return quotient, rest


def power(left: Value, right: Value) -> Value:
    if right.__class__ is not int or not 0 <= right <= MAX_EXPONENT:
        raise EvaluationError(f"an exponent is a whole number from 0 to {MAX_EXPONENT}")
    if left.__class__ is int:
        return bounded(left**right)
    return ARITHMETIC.power(left, right) if right else Decimal(1)


def _whole(left: Value, right: Value) -> bool:
    return left.__class__ is int and right.__class__ is int


OPERATIONS: dict[str, Callable[[Value, Value], Value]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "//": floor_divide,
    "%": modulo,
    "**": power,
}
ADDABLE = (*NUMBERS, "list")


def arithmetic(sign: str) -> Callable[[Value, Value, str, str], Value]:
    """An operation that checks its operands: numbers with numbers, and lists joined by +."""
    operation = OPERATIONS[sign]
    fitting = ADDABLE if sign == "+" else NUMBERS

    def compute(left: Value, right: Value, left_label: str, right_label: str) -> Value:
        a, b = kind_of(left), kind_of(right)
        for kind, value, label in ((a, left, left_label), (b, right, right_label)):
            if kind not in fitting:
                raise unfit(label, "a number", value)
        if (a == "list") != (b == "list"):
            raise EvaluationError("a list can only be joined to a list")
        try:
            return operation(left, right)
        except ArithmeticError:
            raise EvaluationError(f"the result of {sign} cannot be written in {MAX_DIGITS} digits") from None

    return compute


ARITHMETICS = {sign: arithmetic(sign) for sign in OPERATIONS}


def negate(value: Value, label: str) -> Value:
    if kind_of(value) not in NUMBERS:
        raise unfit(label, "a number", value)
    return value.copy_negate() if value.__class__ is Decimal and value else -value


def identity(value: Value, label: str) -> Value:
    if kind_of(value) not in NUMBERS:
        raise unfit(label, "a number", value)
    return value


def truth(value: Value, label: str) -> bool:
    """A condition's value. Null counts as false; what is neither true nor false is refused."""
    if value is True:
        return True
    if value is False or value is None:
        return False
    raise unfit(label, "true or false", value)


def as_text(value: Value, label: str) -> str:
    """A single value as it reads in a text; money keeps its decimal places."""
    kind = kind_of(value)
    if kind == "text":
        return str(value)
    if kind == "int":
        return str(value)
    if kind == "decimal":
        return format(value if value else value.copy_abs(), "f")
    if kind == "bool":
        return "true" if value else "false"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    raise unfit(label, "text or a number", value)


def concatenate(parts: list[str]) -> str:
    """The parts as one text of at most MAX_TEXT characters, refused before it is built."""
    if sum(map(len, parts)) > MAX_TEXT:
        raise EvaluationError(f"the text would be longer than {MAX_TEXT} characters")
    return "".join(parts)


def field(value: Value, name: str, label: str) -> Value:
    """A field of an object; null of what is null or has no such field (R20)."""
    if value.__class__ is dict:
        return value.get(name)
    if value is None:
        return None
    raise EvaluationError(f"{label} is {WORDS[kind_of(value)]}, it has no field {name!r}", label)


def element(value: Value, at: Value, label: str) -> Value:
    """An item of a list by its place (from 0, from the end when negative), or a field by its name."""
    if value is None:
        return None
    if value.__class__ is list and at.__class__ is int:
        return value[at] if -len(value) <= at < len(value) else None
    if value.__class__ is dict and at.__class__ is str:
        return value.get(at)
    if at is None:
        raise not_set("the place in the list")
    raise EvaluationError(f"{label} is {WORDS[kind_of(value)]}, {shown(at)} is no place in it", label)
