"""The types of data in cases and expressions, and how they relate.

Every type is nullable: a schema field not yet set is null (R20). `int` widens to `decimal`; nothing else
converts by itself. A type is what a checker knows before any case runs; `any` means it knows nothing,
and what it then cannot refuse is refused when the expression is evaluated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.core.naming import did_you_mean, listed

Json = Any
"""State and documents: None, bool, int, str, list, dict; never a float."""
Value = Any
"""What an expression computes with: JSON plus Decimal, date and aware datetime."""

KINDS = ("any", "null", "bool", "int", "decimal", "text", "date", "datetime", "list", "object")


@dataclass(frozen=True, slots=True)
class Type:
    """One type.

    `item` types the elements of a list, and the fields of an object that `fields` does not name.
    `fields` None means an object of which nothing is known; an object with fields and no item is closed.
    `enum` lists the allowed values in the schema's order; a constant has an enum of one.
    `scale` is the number of decimal places that money may have. `title` is the schema's, text or {zh, en}.
    """

    kind: str
    item: "Type | None" = None
    fields: "Mapping[str, Type] | None" = None
    enum: tuple[Any, ...] | None = None
    money: bool = False
    scale: int = 2
    secret: bool = False
    title: Any = None
    attachment: bool = False  # a whole number: that of a file of the case

    def __str__(self) -> str:
        """The type in a designer's words."""
        if self.money:
            return "money"
        if self.attachment:
            return "a file"
        if self.kind == "list" and self.item is not None and self.item.kind != "any":
            return f"a list of {self.item}"
        return WORDS[self.kind]


WORDS = {
    "any": "anything",
    "null": "none",
    "bool": "true or false",
    "int": "a whole number",
    "decimal": "a number",
    "text": "text",
    "date": "a date",
    "datetime": "a date and time",
    "list": "a list",
    "object": "an object",
}

ANY = Type("any")
NULL = Type("null")
BOOL = Type("bool")
INT = Type("int")
DECIMAL = Type("decimal")
MONEY = Type("decimal", money=True)
TEXT = Type("text")
DATE = Type("date")
DATETIME = Type("datetime")
LIST = Type("list")
OBJECT = Type("object")

NUMBERS = frozenset(("int", "decimal"))
UNKNOWN = frozenset(("any", "null"))
ORDERED = frozenset(("int", "decimal", "date", "datetime"))


def list_of(item: Type) -> Type:
    """The type of lists of `item`."""
    return Type("list", item=item)


def object_of(fields: Mapping[str, Type]) -> Type:
    """The type of closed objects with these fields."""
    return Type("object", fields=fields)


def holds_secret(type: Type) -> bool:
    """Whether a value of this type is, or contains, a field of grade secret."""
    return (
        type.secret
        or (type.item is not None and holds_secret(type.item))
        or (type.fields is not None and any(holds_secret(field) for field in type.fields.values()))
    )


def join(left: Type, right: Type) -> Type:
    """The narrowest type that holds the values of both; `any` when the kinds do not agree."""
    if left == right or right.kind == "null":
        return left
    if left.kind == "null":
        return right
    secret = left.secret or right.secret
    if left.kind in NUMBERS and right.kind in NUMBERS and left.kind != right.kind:
        wide, narrow = (left, right) if left.kind == "decimal" else (right, left)
        return Type("decimal", money=wide.money and narrow.kind == "int", scale=wide.scale, secret=secret)
    if left.kind != right.kind:
        return replace(ANY, secret=secret)
    enum = None
    if left.enum is not None and right.enum is not None:
        enum = (*left.enum, *(value for value in right.enum if value not in left.enum))
    item = join(left.item, right.item) if left.item is not None and right.item is not None else None
    fields = left.fields if left.fields == right.fields else None
    money = left.money and right.money
    return Type(left.kind, item, fields, enum, money, max(left.scale, right.scale), secret)


def not_equal(left: Type, right: Type) -> tuple[str, str | None] | None:
    """Why values of two types can never be equal, as (message, hint), or None when they can."""
    if left.kind in UNKNOWN or right.kind in UNKNOWN or (left.kind in NUMBERS and right.kind in NUMBERS):
        return _no_common_value(left, right)
    if left.kind != right.kind:
        return f"{left} and {right} are never equal", None
    if left.kind == "list" and left.item is not None and right.item is not None:
        return not_equal(left.item, right.item)
    return _no_common_value(left, right)


def _no_common_value(left: Type, right: Type) -> tuple[str, str | None] | None:
    if left.enum is None or right.enum is None or any(value in right.enum for value in left.enum):
        return None
    few, many = (left.enum, right.enum) if len(left.enum) <= len(right.enum) else (right.enum, left.enum)
    return f"{listed(few)} is not one of {listed(many)}", did_you_mean(few[0], many)


def not_assignable(value: Type, target: Type) -> tuple[str, str | None] | None:
    """Why a value of one type cannot stand where another is wanted, as (message, hint), or None."""
    if target.kind == "any" or value.kind in UNKNOWN:
        return None
    if value.kind != target.kind and not (value.kind == "int" and target.kind == "decimal"):
        return f"expected {target}, got {value}", None
    if value.enum is not None and target.enum is not None:
        strange = [entry for entry in value.enum if entry not in target.enum]
        if strange:
            return f"{listed(strange)} is not one of {listed(target.enum)}", did_you_mean(strange[0], target.enum)
    if value.item is not None and target.item is not None:
        return not_assignable(value.item, target.item)
    for name, field in (value.fields or {}).items():
        wanted = field_of(target, name)
        if wanted is None:
            return f"there is no field {name!r}", did_you_mean(name, target.fields or ())
        problem = not_assignable(field, wanted)
        if problem:
            return f"{name}: {problem[0]}", problem[1]
    return None


def field_of(type: Type, name: str) -> Type | None:
    """The type of one field of an object; None when the object cannot have that field."""
    if type.kind == "any" or (type.kind == "object" and type.fields is None):
        return ANY
    if type.kind != "object" or type.fields is None:
        return None
    return type.fields.get(name, type.item)
