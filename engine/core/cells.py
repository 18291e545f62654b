"""The cells of decision tables: unary tests in the manner of DMN's S-FEEL, typed by their column.

    -                  anything (so is an empty cell)
    10000, "a", true   that value; in a column of text, a single word needs no quotes
    >= 10000, != "a"   compared with it
    [10000..50000)     a range; a square bracket includes its end, a round one does not
    "a", "b"           any of several tests
    not("a", "b")      none of them
    null               not set

A value that is not set meets only `null`, `not(...)` and `-`. In an ordering it raises EvaluationError (R20),
unless the column has a `null` cell somewhere: then the table expects it, and the ordering does not match.
"""

import operator
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.core.kinds import NUMBERS, ORDERED, TEXT, Type, Value
from engine.core.naming import did_you_mean, listed
from engine.core.operators import EvaluationError, not_set, same
from engine.core.values import PLAIN_DECIMAL, read_date, read_moment

Test = Callable[[Value], bool]
MAX_CELL = 2_000

_TOKEN = re.compile(
    r"\s*(?:(?P<text>\"(?:[^\"\\]|\\.)*\")|(?P<range>\.\.)|(?P<sign><=|>=|!=|<|>|=)|(?P<mark>[\[\](),])"
    r"|(?P<word>[^\s\"\[\](),<>=!]+?(?=\.\.|[\s\"\[\](),<>=!]|\Z)))"
)
_GROUPED = re.compile(r"\d,\d{3}(?!\d)")
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class CellProblem(ValueError):
    """What is wrong with one cell; `hint` proposes the nearest value."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


class Unset(Exception):
    """An ordering met a value that is not set."""


def literal(written: Any, type: Type) -> Value:
    """A cell's constant, written as text or already a YAML value, as a value of the column's type.

    Raises CellProblem, with the nearest value where the column has an enum.
    """
    value = _typed(written, type)
    if type.enum is not None and value is not None and not any(same(value, known) for known in type.enum):
        raise CellProblem(f"{written!r} is not one of {listed(type.enum)}", did_you_mean(value, type.enum))
    return value


def _typed(written: Any, type: Type) -> Value:
    if written is None:
        return None
    reader = _READERS.get(type.kind)
    if reader is None:
        raise CellProblem(f"a column cannot be of type {type}")
    try:
        value = reader(written)
    except ValueError:
        raise CellProblem(f"expected {type}, got {written!r}") from None
    if type.money and -value.as_tuple().exponent > type.scale:
        raise CellProblem(f"money has at most {type.scale} decimal places, got {written}")
    return value


def _number(written: Any) -> Decimal:
    if written.__class__ in (int, Decimal):
        return Decimal(written)
    if isinstance(written, str) and PLAIN_DECIMAL.match(written):
        return Decimal(written)
    raise ValueError


def _whole(written: Any) -> int:
    number = _number(written)
    if number != int(number):
        raise ValueError
    return int(number)


def _text(written: Any) -> str:
    if not isinstance(written, str):
        raise ValueError
    return _unquoted(written) if written.startswith('"') else written


def _bool(written: Any) -> bool:
    if written.__class__ is bool:
        return bool(written)
    if written in ("true", "false"):
        return bool(written == "true")
    raise ValueError


def _date(written: Any) -> date:
    return read_date(_text(written))


def _moment(written: Any) -> datetime:
    return read_moment(_text(written))


_READERS: dict[str, Callable[[Any], Value]] = {
    "decimal": _number,
    "int": _whole,
    "text": _text,
    "bool": _bool,
    "date": _date,
    "datetime": _moment,
}


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def is_any(cell: Any) -> bool:
    """Whether a cell matches everything."""
    return cell is None or (isinstance(cell, str) and cell.strip() in ("", "-"))


def compile_cell(cell: Any, type: Type) -> Test | None:
    """The test that a cell stands for; None matches everything. Raises CellProblem.

    A YAML value that is no text is that value itself; an absent cell (None) matches everything.
    """
    if is_any(cell):
        return None
    if not isinstance(cell, str):
        return _equal(literal(cell, type))
    if len(cell) > MAX_CELL:
        raise CellProblem(f"the cell is longer than {MAX_CELL} characters")
    if type.kind in NUMBERS and _GROUPED.search(cell):
        raise CellProblem(f"{cell!r}: a comma stands between alternatives", "write 10500; or 10, 500 for either")
    return _Cell(cell, type).test()


def foresees_null(cell: Any) -> bool:
    """Whether a cell names `null`, so that its column expects values that are not set."""
    return isinstance(cell, str) and ("word", "null") in _Cell(cell, TEXT).tokens


def constants(cell: Any, type: Type) -> tuple[tuple[Value, ...], bool]:
    """The constants that a cell names, and whether it is nothing but one of them. Between two neighbours among all
    constants of a column no cell changes its mind: checks look at one value there. Raises CellProblem."""
    if is_any(cell):
        return (), False
    if not isinstance(cell, str):
        return (literal(cell, type),), True
    read = _Cell(cell, type)
    read.test()
    return tuple(read.constants), len(read.tokens) == 1


class _Cell:
    """One cell being read, token by token."""

    def __init__(self, cell: str, type: Type) -> None:
        self.cell = cell
        self.type = type
        self.tokens: list[tuple[str, str]] = []
        self.constants: list[Value] = []
        at = 0
        while at < len(cell.rstrip()):
            found = _TOKEN.match(cell, at)
            if found is None:
                raise CellProblem(f"{cell!r} cannot be read from {cell[at:].strip()!r} on")
            self.tokens.append((str(found.lastgroup), found.group().strip()))
            at = found.end()
        self.at = 0

    def test(self) -> Test:
        negated = self.tokens[:2] == [("word", "not"), ("mark", "(")]
        if negated:
            self.at = 2
        tests = [self.one()]
        while self.taken(","):
            tests.append(self.one())
        if negated and not self.taken(")"):
            raise CellProblem(f"{self.cell!r}: not( is never closed")
        if self.at < len(self.tokens):
            raise CellProblem(self.unexpected())
        any_of = tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)
        return (lambda value: not any_of(value)) if negated else any_of

    def unexpected(self) -> str:
        if self.at >= len(self.tokens):
            return f"{self.cell!r} is not complete"
        hint = "; put a text of several words in double quotes" if self.type.kind == "text" else ""
        return f"{self.cell!r}: {self.tokens[self.at][1]!r} is not expected here{hint}"

    def taken(self, mark: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == ("mark", mark):
            self.at += 1
            return True
        return False

    def one(self) -> Test:
        kind, written = self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")
        if kind == "sign":
            self.at += 1
            return self.compared(written)
        if kind == "mark" and written in "[(]":
            return self.range()
        return _equal(self.constant())

    def compared(self, sign: str) -> Test:
        if sign in ("=", "!="):
            wanted = self.constant()
            return _equal(wanted) if sign == "=" else lambda given: not same(given, wanted)
        self.orders()
        value, compare = self.bound(), _SIGNS[sign]
        return lambda given: compare(_set(given), value)

    def range(self) -> Test:
        self.orders()
        opening = self.tokens[self.at][1]
        self.at += 1
        low = self.bound()
        if self.at >= len(self.tokens) or self.tokens[self.at][0] != "range":
            raise CellProblem(f"{self.cell!r}: a range is written [low..high]")
        self.at += 1
        high = self.bound()
        if self.at >= len(self.tokens) or self.tokens[self.at][1] not in ("]", ")", "["):
            raise CellProblem(f"{self.cell!r}: the range is never closed")
        closing = self.tokens[self.at][1]
        self.at += 1
        above = operator.ge if opening == "[" else operator.gt
        below = operator.le if closing == "]" else operator.lt
        if low > high or (low == high and (opening, closing) != ("[", "]")):
            raise CellProblem(f"{self.cell!r}: nothing lies in this range")
        return lambda given: bool(above(_set(given), low) and below(given, high))

    def orders(self) -> None:
        if self.type.kind not in ORDERED:
            raise CellProblem(f"{self.cell!r}: {self.type} has no order")

    def bound(self) -> Value:
        value = self.constant()
        if value is None:
            raise CellProblem(f"{self.cell!r}: null has no order")
        return value

    def constant(self) -> Value:
        kind, written = self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")
        if kind not in ("word", "text"):
            raise CellProblem(self.unexpected())
        self.at += 1
        if kind == "text" and self.type.kind in NUMBERS:
            raise CellProblem(f"expected {self.type}, got the text {written}")
        value = None if kind == "word" and written == "null" else literal(written, self.type)
        self.constants.append(value)
        return value


def _set(value: Value) -> Value:
    if value is None:
        raise Unset
    return value


def _equal(wanted: Value) -> Test:
    if wanted is None:
        return lambda value: value is None
    if wanted.__class__ is str:
        return lambda value: bool(value == wanted)
    return lambda value: same(value, wanted)


def unset(name: str, table: str, row: int) -> EvaluationError:
    """The error for an ordering that met a value that is not set (R20)."""
    error = not_set(name)
    return EvaluationError(f"table {table}, row {row}: {error.message}", name)
