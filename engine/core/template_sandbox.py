"""Jinja's sandbox as notices see it: the filters, what is not set, and dots that read data and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import TemplateRuntimeError, Undefined, UndefinedError, pass_context
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from engine.core.durations import parse_duration
from engine.core.functions import rounded
from engine.core.kinds import DATETIME, WORDS
from engine.core.operators import as_text
from engine.core.values import KIND_OF_CLASS, MAX_DIGITS, PLAIN_DECIMAL, ValueProblem, plain, read_date, to_value

MAX_OUTPUT = 200_000
MAX_ROUNDS = 10_000
"""How many rounds all loops of one rendering may take together."""
ROUNDS, ZONE = "_rounds", "_zone"
"""Where the render keeps its own: no template can name what begins with _."""


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """Something wrong in a template, at a line (from 1)."""

    line: int
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class TemplateError(ValueError):
    """A template was refused (`problems`), or could not be rendered with these facts (no problems)."""

    def __init__(self, message: str, problems: tuple[TemplateProblem, ...] = ()) -> None:
        self.problems = problems
        super().__init__(message)


# --- filters --------------------------------------------------------------------------------------------


def _money(value: Any, symbol: str = "") -> str:
    """12345.6 -> 12,345.60; the symbol, if given, in front: {{ paid|money('¥') }}."""
    amount = rounded(_number(value), 2)
    _text(symbol)
    return f"{'-' if amount < 0 else ''}{symbol}{abs(amount):,.2f}"


def _plain_number(value: Any) -> str:
    """A number without trailing zeros, thousands separated: 1234.50 -> 1,234.5."""
    whole, _, rest = plain(_number(value)).partition(".")
    return f"{int(whole):,}" + (f".{rest}" if rest else "")


def _number(value: Any) -> Decimal:
    if value.__class__ is int or (isinstance(value, Decimal) and value.is_finite()):
        number = Decimal(value)
        if number.adjusted() < MAX_DIGITS:
            return number
    if isinstance(value, str) and PLAIN_DECIMAL.match(value):
        return Decimal(value)
    raise TemplateError(f"expected a number, got {_kind(value)}")


_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DATES: dict[str, Callable[[date], str]] = {
    "iso": lambda day: day.isoformat(),
    "zh": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "en": lambda day: f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
}

_SPANS = {
    "zh": {
        "s": "秒", "min": "分钟", "h": "小时", "wh": "个工作小时", "d": "天", "wd": "个工作日",
        "mo": "个月", "y": "年",
    },
    "en": {
        "s": "second", "min": "minute", "h": "hour", "wh": "working hour", "d": "day", "wd": "working day",
        "mo": "month", "y": "year",
    },
}  # fmt: skip


def _text(argument: Any) -> None:
    if not isinstance(argument, str):
        raise TemplateError(f"a filter's argument must be text, not {_kind(argument)}")


def _kind(value: Any) -> str:
    """What a value is, for an error that must not show the value itself: it may be a secret."""
    if isinstance(value, _Unset):
        str(value)  # raises, naming it
    return WORDS[KIND_OF_CLASS.get(value.__class__, "any")]


def _in_style(day: date, style: str) -> str:
    if style not in _DATES:
        raise TemplateError(f"unknown style {style!r}: a date is shown in iso, zh or en")
    return _DATES[style](day)


def zone_named(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise TemplateError(f"unknown time zone {name!r}") from None


def _local(context: Context, value: Any) -> datetime:
    try:
        at: datetime = to_value(value, DATETIME)
    except ValueError:
        raise TemplateError(f"expected a date and time with an offset, got {_kind(value)}") from None
    zone: ZoneInfo = context[ZONE]
    return at.astimezone(zone)


@pass_context
def _date(context: Context, value: Any, style: str = "iso") -> str:
    """A date, or a moment's date in the reader's zone: iso (2026-02-17), zh, en."""
    if value.__class__ is date:
        return _in_style(value, style)
    try:
        return _in_style(read_date(value), style)
    except (TypeError, ValueProblem):  # no date, so it must be a moment
        pass
    return _in_style(_local(context, value).date(), style)


@pass_context
def _datetime(context: Context, value: Any, style: str = "iso") -> str:
    """A moment in the reader's zone, to the minute: 2026-02-17 09:30."""
    at = _local(context, value)
    return f"{_in_style(at.date(), style)}{'' if style == 'zh' else ' '}{at:%H:%M}"


def _span(value: Any, style: str = "en") -> str:
    """A length of time in words: 30wd -> 30 个工作日 (zh), 30 working days (en)."""
    if style not in _SPANS:
        raise TemplateError(f"unknown style {style!r}: a length of time is shown in zh or en")
    try:
        span = parse_duration(value)
    except ValueError:
        raise TemplateError(f"expected a length of time, got {_kind(value)}") from None
    words = _SPANS[style][span.unit]
    return f"{span.amount} {words}" if style == "zh" or span.amount == 1 else f"{span.amount} {words}s"


def _join(value: Any, between: str = ", ") -> str:
    """A list's items as one text."""
    if not isinstance(value, list | tuple) or len(value) > MAX_ROUNDS:
        raise TemplateError(f"join: expected a list of at most {MAX_ROUNDS} items, got {_kind(value)}")
    texts = [as_text(item, "an item") for item in value]
    _text(between)
    if sum(map(len, texts)) + len(between) * len(texts) > MAX_OUTPUT:
        raise TemplateError(f"the text is longer than {MAX_OUTPUT} characters")
    return between.join(texts)


def _default(value: Any, instead: Any = "") -> Any:
    """The value, or `instead` where it is not set."""
    return instead if value is None or isinstance(value, _Unset) else value


@pass_context
def _counted(context: Context, value: Any) -> Any:
    """Stands around what every loop goes through, and counts the rounds of the whole rendering."""
    if isinstance(value, _Unset):
        return ()
    if not isinstance(value, list | tuple):
        raise TemplateError("a loop goes through a list")
    rounds: list[int] = context[ROUNDS]
    rounds[0] += len(value)
    if rounds[0] > MAX_ROUNDS:
        raise TemplateError(f"the loops take more than {MAX_ROUNDS} rounds")
    return value


FILTERS: dict[str, Callable[..., Any]] = {
    "money": _money,
    "number": _plain_number,
    "date": _date,
    "datetime": _datetime,
    "span": _span,
    "join": _join,
    "default": _default,
    "upper": lambda value: str(value).upper(),
    "lower": lambda value: str(value).lower(),
    "trim": lambda value: str(value).strip(),
    "length": len,
}


# --- the sandbox ----------------------------------------------------------------------------------------


class _Unset(Undefined):
    """A fact that is not set: false, equal to nothing else, and an error where it is written or gone through."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        super().__init__(hint or f"{name or 'a value'} is not set", obj, name, exc)

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, _Unset)

    __hash__ = Undefined.__hash__

    def __str__(self) -> str:
        self._fail_with_undefined_error()

    def __len__(self) -> int:
        self._fail_with_undefined_error()


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, whose dots and brackets read data and nothing else."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext) and attribute in ("index", "index0", "first", "last", "length"):
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        found = None
        if isinstance(obj, dict) and argument.__class__ is str:
            found = obj.get(argument)
        elif isinstance(obj, list | tuple) and argument.__class__ is int:
            found = obj[argument] if -len(obj) <= argument < len(obj) else None
        elif isinstance(obj, _Unset):
            return obj
        return self.undefined(obj=obj, name=str(argument)) if found is None else found

    def is_safe_callable(self, obj: Any) -> bool:
        return False


def _finalize(value: Any) -> Any:
    """What a value looks like when written: single values only."""
    if isinstance(value, str | _Unset):
        return value
    if isinstance(value, dict | list | tuple | LoopContext):
        raise TemplateError("a list or an object cannot be written; choose a field, or join its items")
    return as_text(value, "a value")


SANDBOX = _Sandbox(
    autoescape=True,
    undefined=_Unset,
    finalize=_finalize,
    optimized=False,  # the optimizer would run filters on constants while compiling
    cache_size=0,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
SANDBOX.globals.clear()
SANDBOX.filters = {**FILTERS, ROUNDS: _counted}
TESTS: dict[str, Callable[..., bool]] = {
    "defined": lambda value: not isinstance(value, _Unset),
    "undefined": lambda value: isinstance(value, _Unset),
    "none": lambda value: value is None or isinstance(value, _Unset),
}
SANDBOX.tests = {**TESTS}
