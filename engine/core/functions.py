"""Functions that expressions may call: what a function declares, and the ones that are always there.

A process author registers pure functions in the same form. A function is given values (Decimal, date, aware
datetime ...), never null unless it says `nulls`, and whole numbers as Decimals where it asks for a decimal.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from functools import reduce
from zoneinfo import ZoneInfo

from engine.core.kinds import (
    ANY,
    BOOL,
    DATE,
    DATETIME,
    DECIMAL,
    INT,
    LIST,
    NUMBERS,
    ORDERED,
    TEXT,
    UNKNOWN,
    Type,
    Value,
    field_of,
    join,
    list_of,
    not_equal,
)
from engine.core.naming import did_you_mean
from engine.core.operators import (
    ARITHMETICS,
    ORDERINGS,
    EvaluationError,
    as_text,
    bounded,
    concatenate,
    kind_of,
    not_set,
    same,
    unfit,
)
from engine.core.values import read_date, to_value

AMBIENT: Mapping[str, Type] = {"now": DATETIME, "zone": TEXT}
"""Names that the engine provides beside the data: the moment of the command, and the calendar's time zone."""


class Misuse(ValueError):
    """Why arguments of these types do not fit; raised by a function's `infer`."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Function:
    """One function. `infer` replaces `result` where the result's type depends on the arguments'."""

    name: str
    callable: Callable[..., Value]
    parameters: tuple[Type, ...] = ()
    result: Type = ANY
    doc: str = ""
    optional: int = 0  # how many of the last parameters may be left out
    repeats: bool = False  # whether the last parameter may be given any number of times
    nulls: bool = False  # whether it is called with null arguments
    needs: tuple[str, ...] = ()  # ambient names given to it before its arguments
    infer: Callable[[Sequence[Type]], Type] | None = None

    @property
    def signature(self) -> str:
        """As a designer reads it: `round(a number, [a whole number])`."""
        fixed = len(self.parameters) - self.optional
        shown = [str(type) if place < fixed else f"[{type}]" for place, type in enumerate(self.parameters)]
        return f"{self.name}({', '.join(shown + ['…'] * self.repeats)})"


def _ordered(types: Sequence[Type]) -> Type:
    """min and max: one list, or two and more values of one ordered kind."""
    if len(types) == 1 and types[0].kind not in ("list", *UNKNOWN):
        raise Misuse(f"expected a list, or several values, got {types[0]}")
    items = [types[0].item or ANY] if len(types) == 1 else list(types)
    for type in items:
        if type.kind not in ORDERED and type.kind not in UNKNOWN:
            raise Misuse(f"expected numbers, dates or moments, got {type}")
    found = reduce(join, items)
    if found.kind == "any" and not any(type.kind == "any" for type in items):
        raise Misuse("the values must be all numbers, all dates or all moments")
    return replace(found, enum=None)


def _extreme(sign: str) -> Callable[..., Value]:
    better = ORDERINGS[sign]

    def pick(*values: Value) -> Value:
        found = list(values[0]) if len(values) == 1 and values[0].__class__ is list else list(values)
        if not found:
            return None
        best = found[0]
        for value in found:
            best = value if better(value, best, "an item", "an item") else best
        return best

    return pick


def _sum_type(types: Sequence[Type]) -> Type:
    item = types[0].item or ANY
    if item.kind not in NUMBERS and item.kind not in UNKNOWN:
        raise Misuse(f"expected a list of numbers, got {types[0]}")
    return Type(item.kind, money=item.money, scale=item.scale) if item.kind in NUMBERS else ANY


def _sum(items: list[Value]) -> Value:
    add = ARITHMETICS["+"]
    return reduce(lambda total, item: add(total, item, "the sum", "an item"), items, 0)


def _rounded_type(types: Sequence[Type]) -> Type:
    if len(types) == 1:
        return INT
    return Type("decimal", money=types[0].money, scale=types[0].scale)


_WIDE = Context(prec=80)


def rounded(number: Decimal, places: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    """The number with that many decimal places (0 to 12); ties away from zero unless told otherwise."""
    if not 0 <= places <= 12:
        raise EvaluationError("the number of decimal places goes from 0 to 12")
    return number.quantize(Decimal(1).scaleb(-places), rounding, _WIDE)


def _round(number: Decimal, places: int | None = None) -> Value:
    return bounded(int(rounded(number, 0))) if places is None else rounded(number, places)


def _length(value: Value) -> int:
    if kind_of(value) not in ("text", "list", "object"):
        raise unfit("len", "text or a list", value)
    return len(value)


def _length_type(types: Sequence[Type]) -> Type:
    if types[0].kind not in ("text", "list", "object", *UNKNOWN):
        raise Misuse(f"expected text or a list, got {types[0]}")
    return INT


def _truths(items: list[Value]) -> list[bool]:
    for item in items:
        if item is not None and item.__class__ is not bool:
            raise unfit("an item", "true or false", item)
    return [item is True for item in items]


def _coalesced(types: Sequence[Type]) -> Type:
    found = reduce(join, types)
    if found.kind == "any" and not any(type.kind == "any" for type in types):
        raise Misuse("the values are of different kinds: " + ", ".join(map(str, types)))
    return found


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if value is not None), None)


def _items(type: Type) -> Type:
    item = type.item or ANY
    if item.kind not in ("object", *UNKNOWN):
        raise Misuse(f"expected a list of objects, got {type}")
    return item


def _field_type(types: Sequence[Type]) -> Type:
    """The type of the field named by the second argument, known where it is written as a constant."""
    item, name = _items(types[0]), types[1].enum
    if name is None or len(name) != 1:
        return ANY
    field = field_of(item, name[0])
    if field is None:
        raise Misuse(f"the items have no field {name[0]!r}", did_you_mean(name[0], item.fields or ()))
    return field


def _where_type(types: Sequence[Type]) -> Type:
    problem = not_equal(_field_type(types), types[2])
    if problem:
        raise Misuse(*problem)
    return types[0]


def _of(item: Value, name: str) -> Value:
    if item is not None and item.__class__ is not dict:
        raise unfit("an item", "an object", item)
    return None if item is None else item.get(name)


def _where(items: list[Value], name: str, wanted: Value) -> list[Value]:
    return [item for item in items if same(_of(item, name), wanted)]


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        raise EvaluationError(f"unknown time zone {name!r}", "zone") from None


def _date_of(zone: str | None, given: Value) -> date:
    if given.__class__ is str:
        return read_date(given)
    if isinstance(given, datetime):
        return given.astimezone(_zone(zone)).date()
    if isinstance(given, date):
        return given
    raise unfit("date_of", "a date and time, or text such as '2026-02-17'", given)


def _date_type(types: Sequence[Type]) -> Type:
    if types[0].kind not in ("text", "date", "datetime", *UNKNOWN):
        raise Misuse(f"expected a date and time, or text such as '2026-02-17', got {types[0]}")
    for text in types[0].enum or ():
        try:
            read_date(text)
        except ValueError as problem:
            raise Misuse(str(problem)) from None
    return DATE


def _today(now: str | datetime | None, zone: str | None) -> date:
    if now is None:
        raise not_set("now")
    return _date_of(zone, to_value(now, DATETIME))


def _years_between(start: date, end: date) -> int:
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def _hours_between(start: datetime, end: datetime) -> Decimal:
    stretch = end - start
    seconds = Decimal(stretch.days * 86400 + stretch.seconds) + Decimal(stretch.microseconds) / 1_000_000
    return seconds / 3600


def _one_kind(types: Sequence[Type]) -> Type:
    for type in (types[0].item or ANY,):
        if type.kind in ("list", "object"):
            raise Misuse(f"expected a list of texts or numbers, got {types[0]}")
    return TEXT


def _joined(items: list[Value], between: str) -> str:
    texts = [as_text(item, "an item") for item in items]
    return concatenate([part for text in texts for part in (between, text)][1:])


def _any_text(types: Sequence[Type]) -> Type:
    if types[0].kind in ("list", "object"):
        raise Misuse(f"expected a single value, got {types[0]}")
    return TEXT


def _bounded_text(text: str) -> str:
    return concatenate([text])


_BUILT_IN: tuple[Function, ...] = (
    Function("len", _length, (ANY,), INT, "How many characters, items or fields.", infer=_length_type),
    Function(
        "min",
        _extreme("lt"),
        (ANY,),
        ANY,
        "The least value; null of an empty list.",
        repeats=True,
        infer=_ordered,
    ),
    Function(
        "max",
        _extreme("gt"),
        (ANY,),
        ANY,
        "The greatest value; null of an empty list.",
        repeats=True,
        infer=_ordered,
    ),
    Function("sum", _sum, (LIST,), ANY, "The numbers of a list added up; 0 of an empty one.", infer=_sum_type),
    Function(
        "round",
        _round,
        (DECIMAL, INT),
        DECIMAL,
        "Rounded half up (0.5 away from zero): to a whole number, or to that many decimal places.",
        optional=1,
        infer=_rounded_type,
    ),
    Function("floor", lambda n: bounded(int(rounded(n, 0, ROUND_FLOOR))), (DECIMAL,), INT, "Rounded down."),
    Function("ceil", lambda n: bounded(int(rounded(n, 0, ROUND_CEILING))), (DECIMAL,), INT, "Rounded up."),
    Function("abs", lambda n: n.copy_abs(), (DECIMAL,), DECIMAL, "Without its sign."),
    Function("lower", lambda t: _bounded_text(t.lower()), (TEXT,), TEXT, "In small letters."),
    Function("upper", lambda t: _bounded_text(t.upper()), (TEXT,), TEXT, "In capitals."),
    Function("trim", str.strip, (TEXT,), TEXT, "Without spaces at both ends."),
    Function("starts_with", str.startswith, (TEXT, TEXT), BOOL, "Whether the text begins with the other."),
    Function("ends_with", str.endswith, (TEXT, TEXT), BOOL, "Whether the text ends with the other."),
    Function("text", lambda v: as_text(v, "text"), (ANY,), TEXT, "A single value as text.", infer=_any_text),
    Function("join", _joined, (LIST, TEXT), TEXT, "The items as one text.", infer=_one_kind),
    Function("any", lambda items: any(_truths(items)), (list_of(BOOL),), BOOL, "Whether one item is true."),
    Function("all", lambda items: all(_truths(items)), (list_of(BOOL),), BOOL, "Whether every item is true."),
    Function(
        "coalesce",
        _coalesce,
        (ANY,),
        ANY,
        "The first of its arguments that is set.",
        repeats=True,
        nulls=True,
        infer=_coalesced,
    ),
    Function(
        "pluck",
        lambda items, name: [_of(item, name) for item in items],
        (LIST, TEXT),
        LIST,
        "One field of every object in a list: sum(pluck(items, 'amount')).",
        infer=lambda types: list_of(_field_type(types)),
    ),
    Function(
        "where",
        _where,
        (LIST, TEXT, ANY),
        LIST,
        "The objects of a list whose field has that value: where(papers, 'state', 'missing').",
        infer=_where_type,
    ),
    Function("today", _today, (), DATE, "The date now, in the calendar's zone.", needs=("now", "zone")),
    Function(
        "date_of",
        _date_of,
        (ANY,),
        DATE,
        "The date of a moment in the calendar's zone, or the date written in a text.",
        needs=("zone",),
        infer=_date_type,
    ),
    Function("add_days", lambda d, n: d + timedelta(n), (DATE, INT), DATE, "The date so many days later."),
    Function("days_between", lambda a, b: (b - a).days, (DATE, DATE), INT, "Days from the first to the second."),
    Function("years_between", _years_between, (DATE, DATE), INT, "Whole years from the first to the second."),
    Function("hours_between", _hours_between, (DATETIME, DATETIME), DECIMAL, "Hours from the first to the second."),
)

BUILT_IN: Mapping[str, Function] = {function.name: function for function in _BUILT_IN}
"""The functions that every expression may call, by name."""


def evaluated(function: Function, error: Exception) -> EvaluationError:
    """What a failing function means to the one who reads the incident."""
    if isinstance(error, EvaluationError):
        return error
    return EvaluationError(f"{function.name}(): {str(error) or type(error).__name__}")
