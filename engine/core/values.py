"""One datum in its three forms, and the ways between them (R21).

- *door*: JSON from outside, parsed so that non-integers are Decimals. `normalise` turns it into
- *state*: canonical JSON: a number or money is a plain decimal text ("1250.5", no exponent), a whole number
  an int, a moment UTC text of fixed width (so that texts sort as moments do), a date "2026-02-17".
  `to_value` turns it into
- *value*: what expressions compute with: Decimal, date, aware datetime. `to_json` leads back to the state.

Each of these also accepts what is already in its target form, so that applying one twice changes nothing.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from engine.core.kinds import ANY, Json, Type, Value

MAX_INT = 2**63 - 1
"""Whole numbers in state and rows fit 64 bits."""
MAX_DIGITS = 28
"""Decimals have at most so many digits before the point, and as many after it."""
MAX_DEPTH = 32
PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,28}(\.[0-9]{1,40})?\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|z|[+-][0-9]{2}:[0-9]{2})\Z"
)


class ValueProblem(ValueError):
    """A datum that its type refuses. `path` is where, e.g. `payee.account` or `items[2]`; "" is the whole."""

    def __init__(self, path: str, message: str) -> None:
        self.path = path
        self.message = message
        super().__init__(f"{path}: {message}" if path else message)


KIND_OF_CLASS: dict[type, str] = {
    type(None): "null",
    bool: "bool",
    int: "int",
    Decimal: "decimal",
    str: "text",
    date: "date",
    datetime: "datetime",
    list: "list",
    tuple: "list",
    dict: "object",
}


def shown(value: object) -> str:
    """A value for a message, cut when long."""
    text = repr(plain(value)) if isinstance(value, Decimal) and value.is_finite() else repr(value)
    return text if len(text) <= 60 else text[:60] + "…"


def plain(number: Decimal | int) -> str:
    """A finite number as plain text: no exponent, no trailing zeros, no negative zero."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def moment(at: datetime) -> str:
    """The state form of an aware datetime: UTC, microseconds, always the same width."""
    if at.tzinfo is None:
        raise ValueProblem("", "a date and time must carry an offset")
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def read_moment(text: str) -> datetime:
    """A date and time with an offset (RFC 3339), as an aware UTC datetime. Raises ValueProblem."""
    if _MOMENT.match(text):
        try:
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ValueProblem("", f"expected a date and time with an offset, got {shown(text)}")


def read_date(text: str) -> date:
    """A date written 2026-02-17. Raises ValueProblem."""
    if _DATE.match(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise ValueProblem("", f"expected a date such as 2026-02-17, got {shown(text)}")


def _decimal(given: Value, type: Type) -> Decimal:
    """Raises ValueProblem for what is no number, not finite, or too long to be written plainly."""
    if given.__class__ is str and PLAIN_DECIMAL.match(given):
        return Decimal(given)
    if given.__class__ is int or given.__class__ is Decimal:
        number = Decimal(given)
        if not number.is_finite():
            raise ValueProblem("", f"{given} is not a number")
        exponent = number.as_tuple().exponent
        if (number and number.adjusted() >= MAX_DIGITS) or not -40 <= int(exponent) <= MAX_DIGITS:
            raise ValueProblem("", f"the number has more than {MAX_DIGITS} digits")
        return number
    raise _expected(type, given)


def _expected(type: Type, given: Value) -> ValueProblem:
    return ValueProblem("", f"expected {type}, got {shown(given)}")


def _state_decimal(given: Value, type: Type) -> Json:
    number = _decimal(given, type)
    if not type.money:
        return plain(number)
    text = format(number, "f")
    places = len(text.partition(".")[2])
    if places > type.scale:
        text = plain(number)
        if len(text.partition(".")[2]) > type.scale:
            raise ValueProblem("", f"money has at most {type.scale} decimal places, got {text}")
    return text.removeprefix("-") if not number else text


def _state_int(given: Value, type: Type) -> Json:
    if given.__class__ is not int:
        raise _expected(type, given)
    if not -MAX_INT <= given <= MAX_INT:
        raise ValueProblem("", "the whole number does not fit 64 bits")
    return given


def _state_text(given: Value, type: Type) -> Json:
    if given.__class__ is not str:
        raise _expected(type, given)
    return writable_text(given)


def writable_text(text: str) -> str:
    """The text itself, if every store can hold it: no NUL, no half of a surrogate pair."""
    if "\x00" in text:
        raise ValueProblem("", "the text holds a NUL character")
    try:
        text.isascii() or text.encode()
    except UnicodeEncodeError:
        raise ValueProblem("", "the text holds half a character (a lone surrogate)") from None
    return text


def _value_int(given: Value, type: Type) -> Value:
    if given.__class__ is not int:
        raise _expected(type, given)
    return given


def _value_text(given: Value, type: Type) -> Value:
    if given.__class__ is not str:
        raise _expected(type, given)
    return given


def _same_bool(given: Value, type: Type) -> Value:
    if given.__class__ is not bool:
        raise _expected(type, given)
    return given


def _value_date(given: Value, type: Type) -> Value:
    if given.__class__ is date:
        return given
    if given.__class__ is not str:
        raise _expected(type, given)
    return read_date(given)


def _value_moment(given: Value, type: Type) -> Value:
    if given.__class__ is datetime:
        if given.tzinfo is None:
            raise ValueProblem("", "a date and time must carry an offset")
        return given
    if given.__class__ is not str:
        raise _expected(type, given)
    return read_moment(given)


Convert = Callable[[Value, Type], Value]
TO_STATE: dict[str, Convert] = {
    "bool": _same_bool,
    "int": _state_int,
    "decimal": _state_decimal,
    "text": _state_text,
    "date": lambda given, type: _value_date(given, type).isoformat(),
    "datetime": lambda given, type: moment(_value_moment(given, type)),
}
TO_VALUE: dict[str, Convert] = {
    "bool": _same_bool,
    "int": _value_int,
    "decimal": _decimal,
    "text": _value_text,
    "date": _value_date,
    "datetime": _value_moment,
}


def normalise(value: Any, type: Type = ANY) -> Json:
    """Door JSON or a value, in state form. Raises ValueProblem naming the path.

    Refuses floats and NaN, text that a store cannot hold, fields that the type does not have, and anything
    nested deeper than MAX_DEPTH. What the schema says beyond types (lengths, required) is not looked at.
    """
    return _convert(value, type, TO_STATE, 0)


def to_value(json: Json, type: Type = ANY) -> Value:
    """State form as the value that expressions see. Raises ValueProblem naming the path."""
    return _convert(json, type, TO_VALUE, 0)


def to_json(value: Value, type: Type = ANY) -> Json:
    """A value in state form; what is of no known type is written by its own kind. Raises ValueProblem."""
    return _convert(value, type, TO_STATE, 0)


def _convert(given: Value, type: Type, table: dict[str, Convert], depth: int) -> Value:
    if given is None:
        return None
    convert = table.get(type.kind)
    if convert is not None:
        return convert(given, type)
    if depth > MAX_DEPTH:
        raise ValueProblem("", f"nested deeper than {MAX_DEPTH} levels")
    kind = KIND_OF_CLASS.get(given.__class__)
    if kind == "list" and type.kind in ("list", "any"):
        item = type.item or ANY
        return [_at(f"[{place}]", entry, item, table, depth) for place, entry in enumerate(given)]
    if kind == "object" and type.kind in ("object", "any"):
        return _fields(given, type, table, depth)
    if type.kind != "any":
        raise _expected(type, given)
    if kind is None:
        raise ValueProblem("", f"{shown(given)} is no value; numbers are whole numbers and decimals")
    return table[kind](given, Type(kind)) if table is TO_STATE or kind == "decimal" else given


def _fields(given: dict[Any, Value], type: Type, table: dict[str, Convert], depth: int) -> dict[str, Value]:
    """One loop and no call more than it must: every form and every result comes through here several times."""
    known = type.fields if type.kind == "object" else None
    done: dict[str, Value] = {}
    for name, entry in given.items():
        field = ANY if known is None else known.get(name, type.item)
        if entry is None and field is None:
            continue  # a field that is null is not there
        if known is None or name not in known:
            if name.__class__ is not str:
                raise ValueProblem("", f"the name of a field must be text, got {shown(name)}")
            if table is TO_STATE:
                writable_text(name)
        if field is None:
            raise ValueProblem(name, "there is no such field")
        done[name] = _at("." + name, entry, field, table, depth)
    return done


def _at(step: str, given: Value, type: Type, table: dict[str, Convert], depth: int) -> Value:
    try:
        convert = table.get(type.kind)
        if convert is not None and given is not None:
            return convert(given, type)
        return _convert(given, type, table, depth + 1)
    except ValueProblem as problem:
        path = step + ("" if problem.path[:1] in ("", "[", ".") else ".") + problem.path
        raise ValueProblem(path.removeprefix(".") if depth == 0 else path, problem.message) from None
