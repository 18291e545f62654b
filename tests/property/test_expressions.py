"""Random expressions against a naive evaluator, and random text against the list of documented errors.

The naive evaluator walks a tree of tuples and knows nothing of types, closures or Jinja. It restates what an
expression means, so that a faster closure that means something else is found.
"""

import decimal
import operator
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.core.expressions import EvaluationError, ExpressionError, compile_expression, compile_template_string
from engine.core.types import (
    ANY,
    BOOL,
    DECIMAL,
    INT,
    TEXT,
    ValueProblem,
    list_of,
    normalise,
    object_of,
    to_json,
    to_value,
)

NAMES = {
    "a": INT,
    "b": DECIMAL,
    "c": TEXT,
    "d": BOOL,
    "e": list_of(INT),
    "o": object_of({"n": INT, "t": TEXT}),
}
CONTEXT = decimal.Context(prec=28, rounding=decimal.ROUND_HALF_EVEN, Emax=27, Emin=-40)
LIMIT = 10**28


class Undefined(Exception):
    """The naive evaluator has no answer either."""


# --- the naive evaluator ------------------------------------------------------------------------------------


def number(value: Any) -> Any:
    if value is None or isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Undefined
    return value


def exact(value: Any) -> Any:
    if isinstance(value, int):
        if abs(value) >= LIMIT:
            raise Undefined
        return value
    return value


def in_context(compute: Callable[[decimal.Context], Any]) -> Any:
    context = CONTEXT.copy()
    for signal in (decimal.Overflow, decimal.InvalidOperation, decimal.DivisionByZero):
        context.traps[signal] = True
    try:
        return compute(context)
    except ArithmeticError:
        raise Undefined from None


def naive_arithmetic(sign: str, x: Any, y: Any) -> Any:
    x, y = number(x), number(y)
    whole = isinstance(x, int) and isinstance(y, int)
    if sign in "+-*":
        if whole:
            return exact({"+": operator.add, "-": operator.sub, "*": operator.mul}[sign](x, y))
        name = {"+": "add", "-": "subtract", "*": "multiply"}[sign]
        return in_context(lambda context: getattr(context, name)(Decimal(x), Decimal(y)))
    if y == 0:
        raise Undefined
    if sign == "/":
        return in_context(lambda context: context.divide(Decimal(x), Decimal(y)))
    if whole:
        return x // y if sign == "//" else x % y
    quotient = in_context(lambda context: context.divide_int(Decimal(x), Decimal(y)))
    rest = in_context(lambda context: context.remainder(Decimal(x), Decimal(y)))
    if rest != 0 and (rest < 0) != (y < 0):
        quotient = in_context(lambda context: context.subtract(quotient, Decimal(1)))
        rest = in_context(lambda context: context.add(rest, Decimal(y)))
    return quotient if sign == "//" else rest


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | Decimal) else type(value).__name__


def naive_equal(x: Any, y: Any) -> bool:
    if kind(x) != kind(y):
        return False
    if isinstance(x, list):
        return len(x) == len(y) and all(naive_equal(i, j) for i, j in zip(x, y, strict=True))
    return bool(x == y)


def naive_truth(value: Any) -> bool:
    if value is not None and not isinstance(value, bool):
        raise Undefined
    return value is True


ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def naive(tree: Any, data: dict[str, Any]) -> Any:
    match tree:
        case ("const", value, _):
            return value
        case ("read", [first, *rest]):
            value = data.get(first)
            for step in rest:
                value = None if value is None else value.get(step)
            return value
        case ("at", items, place):
            found, index = naive(items, data), naive(place, data)
            if found is None:
                return None
            if index is None:
                raise Undefined
            return found[index] if -len(found) <= index < len(found) else None
        case ("num", sign, left, right):
            return naive_arithmetic(sign, naive(left, data), naive(right, data))
        case ("neg", inner):
            return -number(naive(inner, data))
        case ("eq", sign, left, right):
            return naive_equal(naive(left, data), naive(right, data)) is (sign == "==")
        case ("ord", sign, left, right):
            x, y = number(naive(left, data)), number(naive(right, data))
            return ORDER[sign](x, y)
        case ("in", sign, left, right):
            part, whole = naive(left, data), naive(right, data)
            if whole is None:
                raise Undefined
            return any(naive_equal(part, item) for item in whole) is (sign == "in")
        case ("and", left, right):
            return naive_truth(naive(left, data)) and naive_truth(naive(right, data))
        case ("or", left, right):
            return naive_truth(naive(left, data)) or naive_truth(naive(right, data))
        case ("not", inner):
            return not naive_truth(naive(inner, data))
        case ("if", then, test, otherwise):
            return naive(then if naive_truth(naive(test, data)) else otherwise, data)
        case ("cat", left, right):
            texts = [naive(left, data), naive(right, data)]
            if any(text is None for text in texts):
                raise Undefined
            return "".join(format(text or abs(text), "f") if isinstance(text, Decimal) else str(text) for text in texts)
        case ("list", items):
            return [naive(item, data) for item in items]
        case ("none", inner):
            return naive(inner, data) is None
        case ("coalesce", left, right):
            found = naive(left, data)
            return found if found is not None else naive(right, data)
    raise AssertionError(tree)


def source(tree: Any) -> str:
    match tree:
        case ("const", _, text):
            return str(text)
        case ("read", path):
            return ".".join(path)
        case ("at", items, place):
            return f"({source(items)})[{source(place)}]"
        case ("neg", inner):
            return f"(-{source(inner)})"
        case ("not", inner):
            return f"(not {source(inner)})"
        case ("if", then, test, otherwise):
            return f"({source(then)} if {source(test)} else {source(otherwise)})"
        case ("and" | "or" as word, left, right):
            return f"({source(left)} {word} {source(right)})"
        case ("cat", left, right):
            return f"({source(left)} ~ {source(right)})"
        case ("list", items):
            return "[" + ", ".join(map(source, items)) + "]"
        case ("none", inner):
            return f"({source(inner)} is none)"
        case ("coalesce", left, right):
            return f"coalesce({source(left)}, {source(right)})"
        case (_, sign, left, right):
            return f"({source(left)} {sign} {source(right)})"
    raise AssertionError(tree)


# --- random expressions of a known kind -----------------------------------------------------------------------


def constants(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values.map(lambda value: ("const", value, written(value)))


def written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, str) else format(value, "f") if isinstance(value, Decimal) else str(value)


wholes = constants(st.integers(0, 10**6)) | st.sampled_from([("read", ["a"]), ("read", ["o", "n"])])
decimals = constants(st.decimals(0, 10**6, places=3)) | st.just(("read", ["b"]))
texts = constants(st.text("abc 客", max_size=5)) | st.sampled_from([("read", ["c"]), ("read", ["o", "t"])])
truths = constants(st.booleans()) | st.just(("read", ["d"]))
lists = st.lists(wholes, max_size=3).map(lambda items: ("list", items)) | st.just(("read", ["e"]))


def tuples(*parts: Any) -> st.SearchStrategy[Any]:
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts))


@st.composite
def expressions(draw: st.DrawFn, wanted: str, depth: int) -> Any:
    """A tree whose value is a number, a text or a truth."""
    if depth == 0:
        return draw({"number": wholes | decimals, "text": texts, "truth": truths}[wanted])
    inner = depth - 1
    numbers, strings, conditions = (expressions(kind, inner) for kind in ("number", "text", "truth"))
    same = {"number": numbers, "text": strings, "truth": conditions}[wanted]
    choices = [tuples("if", same, conditions, same), tuples("coalesce", same, same), expressions(wanted, 0)]
    if wanted == "number":
        choices += [
            tuples("num", st.sampled_from(["+", "-", "*", "/", "//", "%"]), numbers, numbers),
            tuples("neg", numbers),
            tuples("at", lists, wholes | constants(st.integers(0, 3))),
        ]
    elif wanted == "text":
        choices += [tuples("cat", strings, strings), tuples("cat", strings, numbers)]
    else:
        choices += [
            tuples("ord", st.sampled_from(["<", "<=", ">", ">="]), numbers, numbers),
            tuples("eq", st.sampled_from(["==", "!="]), numbers, numbers),
            tuples("eq", st.sampled_from(["==", "!="]), st.just(("read", ["c"])), st.just(("read", ["o", "t"]))),
            tuples("eq", st.sampled_from(["==", "!="]), st.just(("read", ["c"])), texts),
            tuples("in", st.sampled_from(["in", "not in"]), wholes, lists),
            tuples("and", conditions, conditions),
            tuples("or", conditions, conditions),
            tuples("not", conditions),
            tuples("none", numbers | strings),
        ]
    return draw(st.one_of(choices))


def sometimes(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


states = st.fixed_dictionaries(
    {},
    optional={
        "a": sometimes(st.integers(-(10**6), 10**6) | st.integers(-(2**63) + 1, 2**63 - 1)),
        "b": sometimes(st.decimals(-(10**9), 10**9, places=4)),
        "c": sometimes(st.text("abc 客", max_size=5)),
        "d": sometimes(st.booleans()),
        "e": sometimes(st.lists(st.integers(-9, 9), max_size=4)),
        "o": sometimes(
            st.fixed_dictionaries({}, optional={"n": sometimes(st.integers()), "t": sometimes(st.text("abc"))})
        ),
    },
).filter(lambda state: abs((state.get("o") or {}).get("n") or 0) < 2**63)


@given(st.sampled_from(["number", "text", "truth"]).flatmap(lambda kind: expressions(kind, 4)), states)
def test_like_the_naive_evaluator(tree: Any, values: dict[str, Any]) -> None:
    try:
        expression = compile_expression(source(tree), NAMES)
    except ExpressionError as error:
        # What can never be: a constant divisor of 0, a constant no text of the other set, no common kind.
        allowed = ("division by zero", "is not one of", "list", "longer than", "nested", "never equal")
        assert all(any(word in problem.message for word in allowed) for problem in error.problems), error
        return
    state = {name: to_json(value, NAMES[name]) for name, value in values.items()}
    data = {name: to_value(value, NAMES[name]) for name, value in state.items()}
    try:
        wanted = naive(tree, data)
    except Undefined:
        wanted = Undefined
    try:
        found = expression.evaluate(state)
    except EvaluationError:
        found = Undefined
    assert (found is Undefined) == (wanted is Undefined), (source(tree), found, wanted)
    if wanted is not Undefined:
        assert naive_equal(found, wanted), (source(tree), found, wanted)
        assert kind(found) == kind(wanted)
        assert isinstance(found, int) == isinstance(wanted, int) or expression.type.kind != "int"


WORDS = [
    "a", "b", "c", "d", "e", "o", "x", "o.n", "e[0]", "1", "0", "2.5", "64", "'t'", "none", "true", "[", "]", "(",
    ")", "{", "}", ":", ",", "+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">=", "in", "not", "and",
    "or", "if", "else", "is", "|", ".", "len(", "sum(", "round(", "min(", "pluck(", "where(", "coalesce(", "date_of(",
    "today()", "join(", "upper(", "__class__", "}}", "{{", "{%", "\n", "é", "客",
]  # fmt: skip
soup = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2) | st.sampled_from("nt"), inner),
    max_leaves=6,
)


@given(soup | st.text(max_size=40), st.dictionaries(st.sampled_from("abcdeox"), anything), st.booleans())
def test_only_documented_errors(text: str, data: dict[str, Any], typed: bool) -> None:
    """Whatever is written, and whatever the state holds: ExpressionError, EvaluationError, or a value."""
    names = NAMES if typed else dict.fromkeys(NAMES, ANY)
    for compile in (compile_expression, compile_template_string):
        try:
            expression = compile(text, names)
        except ExpressionError as error:
            assert error.problems and all(0 <= problem.offset <= len(text) for problem in error.problems)
            continue
        for use in (expression.evaluate, expression.json, expression.test):
            with suppress(EvaluationError):
                use({**data, "now": "2026-02-17T00:00:00.000000Z"})


@given(anything)
def test_a_datum_is_refused_or_survives(datum: Any) -> None:
    """Normalising is repeatable, and the state form leads to a value and back."""
    try:
        state = normalise(datum)
    except ValueProblem:
        return
    assert normalise(state) == state
    assert to_json(to_value(state)) == state


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=6))
def test_decimals_are_exact(given_number: Decimal) -> None:
    state = normalise(given_number, DECIMAL)
    assert isinstance(state, str) and "E" not in state
    assert to_value(state, DECIMAL) == given_number
    assert compile_expression("b", NAMES).json({"b": state}) == state
