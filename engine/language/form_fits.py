"""The quick half of the check at the door: whether data surely fits a schema.

Almost everything that comes in fits, and the library takes as long to say so as half of the command takes. So a
schema is compiled to one predicate that may say "surely". What it cannot vouch for, and whatever is wrong, goes the
long way through `form_check`, which alone finds errors and words them: a doubt costs time, never a wrong answer.
"""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.core.types import ValueProblem
from engine.core.values import MAX_DIGITS, PLAIN_DECIMAL, writable_text

LARGEST, FINEST = 10**MAX_DIGITS, MAX_DIGITS
"""Numbers between these are taken without a second look; text of a number has been looked at digit by digit."""

Fits = Callable[[Any], bool]
Number = Decimal | int


@dataclass(frozen=True, slots=True)
class Rules:
    """What the long way asks, so that there is one rule for both. `keywords` are those that it looks at; all
    others are annotations. A format raises ValueProblem."""

    keywords: frozenset[str]
    bounds: Mapping[str, Callable[[Number, Number], bool]]
    formats: Mapping[str, Callable[[str], object]]


def number_of(instance: Any) -> Number | None:
    """The number that a value at the door stands for: a whole number, a Decimal or plain decimal text."""
    if instance.__class__ is int:
        return int(instance)
    if instance.__class__ is Decimal:
        return Decimal(instance) if instance.is_finite() else None
    if instance.__class__ is str and PLAIN_DECIMAL.match(instance):
        return Decimal(instance)
    return None


def surely_fits(schema: Any, rules: Rules) -> Fits:
    """The predicate for a prepared schema: True only if the long way would find nothing, and `normalise` takes it."""
    kind = schema.get("type", "string" if "enum" in schema else None) if isinstance(schema, Mapping) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        return _unsure
    asked = {name: wanted for name, wanted in schema.items() if name in rules.keywords}
    return _KINDS[kind](asked, rules) or _unsure


def _unsure(value: Any) -> bool:
    return False


def _object(asked: Mapping[str, Any], rules: Rules) -> Fits | None:
    if asked.get("additionalProperties") is not False or asked.keys() - _OF_OBJECTS:
        return None
    fields = {name: surely_fits(part, rules) for name, part in asked.get("properties", {}).items()}
    required = frozenset(asked.get("required", ()))

    def fits(value: Any) -> bool:
        if value.__class__ is not dict or not required <= value.keys():
            return False
        for name, entry in value.items():
            field = fields.get(name)
            if field is None or not field(entry):
                return False
        return True

    return fits


_OF_OBJECTS = {"type", "properties", "required", "additionalProperties", "$schema", "$defs"}


def _array(asked: Mapping[str, Any], rules: Rules) -> Fits | None:
    if asked.keys() - {"type", "items", "minItems", "maxItems"} or "items" not in asked:
        return None
    item, least, most = surely_fits(asked["items"], rules), asked.get("minItems", 0), asked.get("maxItems", sys.maxsize)
    return lambda value: value.__class__ is list and least <= len(value) <= most and all(map(item, value))


def _text(asked: Mapping[str, Any], rules: Rules) -> Fits | None:
    if asked.keys() - {"type", "enum", "minLength", "maxLength", "pattern", "format"}:
        return None
    least, most, among = asked.get("minLength", 0), asked.get("maxLength", sys.maxsize), asked.get("enum")
    search = re.compile(asked["pattern"]).search if "pattern" in asked else None
    read = rules.formats.get(asked.get("format", ""))

    def fits(value: Any) -> bool:
        if value.__class__ is not str or not least <= len(value) <= most:
            return False
        if (among is not None and value not in among) or (search is not None and search(value) is None):
            return False
        try:
            return (read is None or bool(read(value))) and ((value.isascii() and "\x00" not in value) or _kept(value))
        except ValueProblem:
            return False

    return fits


def _kept(value: str) -> bool:
    """Whether every store can hold the text. Raises ValueProblem if not."""
    writable_text(value)
    return True


def _number(asked: Mapping[str, Any], rules: Rules) -> Fits | None:
    if asked.keys() - {"type", "format"} - rules.bounds.keys() or asked.get("format", "money") != "money":
        return None
    bounds = [(rules.bounds[name], bound) for name, bound in asked.items() if name in rules.bounds]

    def fits(value: Any) -> bool:
        number = number_of(value)
        if number is None or (value.__class__ is not str and not -LARGEST < number < LARGEST):
            return False
        if value.__class__ is Decimal and int(value.as_tuple().exponent) < -FINEST:
            return False
        return all([holds(number, bound) for holds, bound in bounds])

    return fits


def _integer(asked: Mapping[str, Any], rules: Rules) -> Fits | None:
    number = _number(asked, rules)
    return number and (lambda value: value.__class__ is int and number(value))


def _boolean(asked: Mapping[str, Any], rules: Rules) -> Fits | None:
    return None if asked.keys() - {"type"} else lambda value: value is True or value is False


_KINDS: Mapping[str, Callable[[Mapping[str, Any], Rules], Fits | None]] = {
    "object": _object,
    "array": _array,
    "string": _text,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
}
