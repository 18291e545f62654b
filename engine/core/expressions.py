"""Expressions of the process language: checked once against the data's types, then evaluated as closures.

Syntax is Jinja2's: names and fields (`payee.account`, `items[0]`), comparison, `and or not`, arithmetic
(`+ - * / // % **`), `~` for text, `in`, `is none`, `a if b else c`, lists and objects written out, calls of
registered functions. A dot only ever reads data, never an attribute of a Python object.

What it means: a name or field that is not set is null (R20). Null counts as false in a condition and equals
only none; in an ordering or in arithmetic it raises EvaluationError naming the field. Nothing is converted:
text is never a number. Numbers are whole numbers and decimals of 28 digits, ties to even; `//` and `%` round
down for both. Text is at most 10,000 characters. An expression that reads a secret is secret (R13).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from jinja2 import nodes

from engine.core import expression_parts as parts
from engine.core.expression_compile import Checker
from engine.core.expression_parse import MAX_SOURCE, ExpressionError, Problem, parse_expression, parse_text
from engine.core.expression_parts import Part
from engine.core.functions import AMBIENT, BUILT_IN, Function
from engine.core.kinds import BOOL, Json, Type, Value, not_assignable
from engine.core.operators import EvaluationError, truth
from engine.core.values import ValueProblem, to_json

__all__ = [
    "AMBIENT",
    "BUILT_IN",
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "Function",
    "Problem",
    "compile_expression",
    "compile_template_string",
    "computed_source",
]


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression.

    `reads` are the top-level names of the data that it reads, `reads_paths` the same as dotted paths as far
    as they are written out, `ambient` which of `now` and `zone` it needs. `evaluate` takes the names as
    state JSON (anything with `get`) and returns a value; it raises EvaluationError and nothing else.
    """

    source: str
    type: Type
    evaluate: Callable[[Mapping[str, Json]], Value]
    reads: frozenset[str] = frozenset()
    reads_paths: frozenset[str] = frozenset()
    ambient: frozenset[str] = frozenset()
    secret: bool = False

    def json(self, names: Mapping[str, Json]) -> Json:
        """The result in state form. Raises EvaluationError."""
        try:
            return to_json(self.evaluate(names), self.type)
        except ValueProblem as problem:
            message = f"the result is not {self.type}" if self.secret else str(problem)
            raise EvaluationError(f"{self.source}: {message}") from None

    def test(self, names: Mapping[str, Json]) -> bool:
        """The result as a condition: null is false. Raises EvaluationError."""
        return truth(self.evaluate(names), self.source)


def compile_expression(
    source: str,
    names: Mapping[str, Type],
    functions: Mapping[str, Function] = BUILT_IN,
    *,
    wants: Type | None = None,
) -> Expression:
    """Checks an expression against the types of the names it may read, and compiles it.

    `functions` are those of process authors; the built-in ones are always there beside them. `wants` is what
    the result is needed for, BOOL for a condition. Raises ExpressionError with every problem found.
    """
    tree = parse_expression(source)
    return _compiled(source, names, functions, wants, lambda checker: checker.visit(tree))


def compile_template_string(
    source: str, names: Mapping[str, Type], functions: Mapping[str, Function] = BUILT_IN
) -> Expression:
    """A text with `{{ expressions }}` in it, for titles and messages: an expression that yields text.

    What is not set leaves nothing in the text. Raises ExpressionError.
    """
    output = nodes.Output(parse_text(source), lineno=0)
    return _compiled(source, names, functions, None, lambda checker: checker.text(output, parts.written))


def computed_source(text: str) -> tuple[str, int] | None:
    """For a text that is one `{{ expression }}` and nothing else: the expression and its offset, or None."""
    inside = text.strip()
    if len(text) > MAX_SOURCE or not (inside.startswith("{{") and inside.endswith("}}")):
        return None
    try:
        pieces = parse_text(inside)
    except ExpressionError:
        pieces = []  # refused when it is compiled, which says why
    if len(pieces) > 1 or (pieces and isinstance(pieces[0], nodes.TemplateData)):
        return None
    return inside[2:-2], text.index("{{") + 2


def _compiled(
    source: str,
    names: Mapping[str, Type],
    functions: Mapping[str, Function],
    wants: Type | None,
    build: Callable[[Checker], Part],
) -> Expression:
    known = functions if functions is BUILT_IN else {**functions, **BUILT_IN}
    checker = Checker(names, known)
    part = build(checker)
    if wants is not None and not checker.problems:
        problem = not_assignable(part.type, wants)
        if problem:
            hint = "compare it with something" if wants.kind == BOOL.kind else problem[1]
            checker.refuse(part.offset, problem[0], hint)
    if checker.problems:
        raise ExpressionError(source, checker.problems)
    type = replace(part.type, secret=True) if checker.secret else part.type
    return Expression(
        source,
        type,
        part.run,
        frozenset(checker.reads),
        frozenset(checker.paths),
        frozenset(checker.ambient),
        checker.secret,
    )
