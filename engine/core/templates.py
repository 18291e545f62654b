"""Templates of notices and letters: Jinja2, sandboxed, escaped for HTML, bounded.

Theory of operation. Three nets, each of which would do for most attacks. *When compiled*: a whitelist over the
tree allows output, `if`, `for` (two deep), comparisons, and the filters below; no calls, assignments, macros,
imports or arithmetic (computing is the process's business), no names with a leading underscore. *When rendered*:
a dot reads data alone, never an attribute of a Python object, inside Jinja's immutable sandbox without any
global. *Bounded*: loops by their rounds, the result by its size, counted while it is made.

A fact that is null is one that is not set: it counts as false, `is none` and `is defined` ask for it, the filter
`default` replaces it, and writing it out raises TemplateError naming it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, meta, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace, missing

from engine.core.functions import rounded
from engine.core.naming import did_you_mean
from engine.core.operators import as_text
from engine.core.values import MAX_DIGITS, PLAIN_DECIMAL, plain, read_date, read_moment

MAX_SOURCE = 50_000
MAX_OUTPUT = 200_000
MAX_ROUNDS = 10_000
"""How many rounds all loops of one rendering may take together."""
MAX_LOOPS = 2
MAX_TREE = 40
_ROUNDS = "_rounds"
_ZONE = "_zone"


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


class Template:
    """A checked template. `reads` are the names of the facts that it needs."""

    __slots__ = ("_render", "reads", "source")

    def __init__(self, source: str, reads: frozenset[str], render: Callable[[dict[str, Any]], Any]) -> None:
        self.source = source
        self.reads = reads
        self._render = render

    def render(self, facts: Mapping[str, Any], zone: str = "UTC") -> str:
        """The text made with these facts: state JSON or values.

        `zone` is the time zone in which the filters `date` and `datetime` show moments. Raises TemplateError
        for a fact that is not set, of the wrong kind, or a result longer than MAX_OUTPUT characters.
        """
        known = {name: value for name, value in facts.items() if value is not None}
        chunks: list[str] = []
        size = 0
        try:
            for chunk in self._render({**known, _ZONE: _zone(zone), _ROUNDS: [0]}):
                size += len(chunk)
                if size > MAX_OUTPUT:
                    raise TemplateError(f"the text is longer than {MAX_OUTPUT} characters")
                chunks.append(chunk)
        except UndefinedError as error:
            raise TemplateError(str(error)) from None
        except (SecurityError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            if isinstance(error, TemplateError):
                raise
            raise TemplateError(f"the template cannot be rendered: {error}") from None
        return "".join(chunks)


def compile_template(source: str, names: Mapping[str, Any] | None = None) -> Template:
    """Checks and compiles a template. `names`, if given, are the facts it may read.

    Raises TemplateError with every problem found, each with its line.
    """
    if len(source) > MAX_SOURCE:
        _refuse([TemplateProblem(1, f"the template is longer than {MAX_SOURCE} characters")])
    try:
        tree = _SANDBOX.parse(source)
    except TemplateSyntaxError as error:
        _refuse([TemplateProblem(error.lineno, (error.message or "cannot be read").rstrip("."))])
    except RecursionError:
        _refuse([TemplateProblem(1, "the template is nested too deeply")])
    problems = _check(tree)
    reads = frozenset() if problems else frozenset(meta.find_undeclared_variables(tree))
    for name in sorted(reads) if names is not None else ():
        if name not in (names or ()):
            line = next(n.lineno for n in tree.find_all(nodes.Name) if n.name == name)
            problems.append(TemplateProblem(line, f"unknown name {name!r}", did_you_mean(name, names or ())))
    if problems:
        _refuse(problems)
    for loop in tree.find_all(nodes.For):
        loop.iter = nodes.Filter(loop.iter, _ROUNDS, [], [], None, None, lineno=loop.lineno)
    compiled = _SANDBOX.template_class.from_code(_SANDBOX, _SANDBOX.compile(tree), _SANDBOX.make_globals(None))
    return Template(source, reads, compiled.generate)


def _refuse(problems: list[TemplateProblem]) -> NoReturn:
    problems.sort(key=lambda problem: problem.line)
    raise TemplateError("; ".join(map(str, problems)), tuple(problems))


# --- what a template may hold ---------------------------------------------------------------------------

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem,
    nodes.Filter, nodes.Test, nodes.If, nodes.For, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
    nodes.CondExpr, nodes.List, nodes.Neg,
)  # fmt: skip
_REFUSED: dict[type[nodes.Node], str] = {
    nodes.Call: "a template calls nothing",
    nodes.Assign: "a template sets nothing: give it the value as a fact",
    nodes.AssignBlock: "a template sets nothing: give it the value as a fact",
    nodes.Concat: "write the pieces one after another instead of ~",
}
_TESTS = ("defined", "undefined", "none")


def _check(tree: nodes.Template) -> list[TemplateProblem]:
    problems: list[TemplateProblem] = []
    level: list[tuple[nodes.Node, int]] = [(tree, 0)]
    for _ in range(MAX_TREE):
        level = [child for node, loops in level for child in _checked(node, loops, problems)]
        if not level:
            return problems
    return [*problems, TemplateProblem(level[0][0].lineno, f"nested deeper than {MAX_TREE} levels")]


def _checked(node: nodes.Node, loops: int, problems: list[TemplateProblem]) -> list[tuple[nodes.Node, int]]:
    """Judges one node; returns its children, unless it is refused as a whole."""

    def refuse(message: str, hint: str | None = None) -> None:
        problems.append(TemplateProblem(node.lineno, message, hint))

    if not isinstance(node, _ALLOWED):
        what = "arithmetic" if isinstance(node, nodes.BinExpr) else type(node).__name__
        refuse(_REFUSED.get(type(node), f"{what} has no place in a template"))
        return []
    name = {nodes.Name: "name", nodes.Getattr: "attr"}.get(type(node))
    if name and getattr(node, name).startswith("_"):
        refuse(f"{getattr(node, name)!r}: names do not begin with _")
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        if str(node.arg.value).startswith("_"):
            refuse(f"{node.arg.value!r}: names do not begin with _")
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        refuse(f"unknown filter {node.name!r}", did_you_mean(node.name, _FILTERS))
    if isinstance(node, nodes.Filter) and node.kwargs:
        refuse(f"the filter {node.name} takes its arguments by position")
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        refuse(f"unknown test {node.name!r}", did_you_mean(node.name, _TESTS))
    if isinstance(node, nodes.For):
        loops += 1
        if node.recursive or loops > MAX_LOOPS:
            refuse(f"loops are not recursive, and at most {MAX_LOOPS} deep")
    return [(child, loops) for child in node.iter_child_nodes()]


# --- filters --------------------------------------------------------------------------------------------


def _money(value: Any, symbol: str = "") -> str:
    """12345.6 -> 12,345.60; the symbol, if given, in front: {{ paid|money('¥') }}."""
    amount = rounded(_number(value), 2)
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
    raise TemplateError(f"expected a number, got {value!r:.60}")


_DATES: dict[str, Callable[[date], str]] = {
    "iso": lambda day: day.isoformat(),
    "zh": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "en": lambda day: f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _in_style(day: date, style: str) -> str:
    if style not in _DATES:
        raise TemplateError(f"unknown style {style!r}: a date is shown in iso, zh or en")
    return _DATES[style](day)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise TemplateError(f"unknown time zone {name!r}") from None


def _local(context: Context, value: Any) -> datetime:
    at = read_moment(value) if isinstance(value, str) else value
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise TemplateError(f"expected a date and time, got {value!r:.60}")
    zone: ZoneInfo = context[_ZONE]
    return at.astimezone(zone)


@pass_context
def _date(context: Context, value: Any, style: str = "iso") -> str:
    """A date, or a moment's date in the reader's zone: iso (2026-02-17), zh, en."""
    if value.__class__ is date:
        return _in_style(value, style)
    if isinstance(value, str) and len(value) == len("2026-02-17"):
        return _in_style(read_date(value), style)
    return _in_style(_local(context, value).date(), style)


@pass_context
def _datetime(context: Context, value: Any, style: str = "iso") -> str:
    """A moment in the reader's zone, to the minute: 2026-02-17 09:30."""
    at = _local(context, value)
    return f"{_in_style(at.date(), style)}{'' if style == 'zh' else ' '}{at:%H:%M}"


def _join(value: Any, between: str = ", ") -> str:
    """A list's items as one text."""
    if not isinstance(value, list | tuple) or len(value) > MAX_ROUNDS:
        raise TemplateError(f"join: expected a list of at most {MAX_ROUNDS} items")
    texts = [as_text(item, "an item") for item in value]
    if sum(map(len, texts)) + len(between) * len(texts) > MAX_OUTPUT:
        raise TemplateError(f"the text is longer than {MAX_OUTPUT} characters")
    return str(between).join(texts)


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
    rounds: list[int] = context[_ROUNDS]
    rounds[0] += len(value)
    if rounds[0] > MAX_ROUNDS:
        raise TemplateError(f"the loops take more than {MAX_ROUNDS} rounds")
    return value


_FILTERS: dict[str, Callable[..., Any]] = {
    "money": _money,
    "number": _plain_number,
    "date": _date,
    "datetime": _datetime,
    "join": _join,
    "default": _default,
    "upper": lambda value: str(value).upper(),
    "lower": lambda value: str(value).lower(),
    "trim": lambda value: str(value).strip(),
    "length": len,
}


# --- the sandbox ----------------------------------------------------------------------------------------


class _Unset(StrictUndefined):
    """A fact that is not set: false, equal to nothing, and an error where it is written."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[Exception] = UndefinedError,
    ) -> None:
        super().__init__(hint or f"{name or 'a value'} is not set", obj, name, exc)

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, _Unset)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = StrictUndefined.__hash__


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
    if isinstance(value, dict | list | tuple | Namespace | LoopContext):
        raise TemplateError("a list or an object cannot be written; choose a field, or join its items")
    return as_text(value, "a value")


_SANDBOX = _Sandbox(
    autoescape=True,
    undefined=_Unset,
    finalize=_finalize,
    optimized=False,  # the optimizer would run filters on constants while compiling
    cache_size=0,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_SANDBOX.globals.clear()
_SANDBOX.filters = {**_FILTERS, _ROUNDS: _counted}
_SANDBOX.tests = {
    "defined": lambda value: not isinstance(value, _Unset),
    "undefined": lambda value: isinstance(value, _Unset),
    "none": lambda value: value is None or isinstance(value, _Unset),
}
