"""Expressions and texts with `{{ expressions }}`: from source to Jinja's tree, each node with its column.

Theory of operation. Only Jinja's lexer and parser are used, never its optimizer or compiler (they fold
constants, so `'x' * 10**8` would cost memory before anybody could refuse it). The lexer gives each token a
line number; here that number is replaced by the token's offset in the source before the parser sees it, so
that every node's `lineno` *is its offset*. Decimals are read from the source text, never through a float.
Length, nesting of brackets and depth of the tree are bounded before anything else walks the tree.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser

MAX_SOURCE = 2_000
MAX_TREE = 64
"""How many operations may be nested, and a chain `a and b and c` nests one more with each term."""
MAX_BRACKETS = 24
MAX_NUMBER = 28
"""Characters in the digits of a number."""

_OPENING = {"lparen": 1, "lbracket": 1, "lbrace": 1, "rparen": -1, "rbracket": -1, "rbrace": -1}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in an expression. `offset` counts characters from the beginning of its source."""

    offset: int
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        return f"column {self.offset + 1}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class ExpressionError(ValueError):
    """An expression or template was refused. `problems` says everything that was found, in order."""

    def __init__(self, source: str, problems: list[Problem]) -> None:
        self.source = source
        self.problems = tuple(sorted(problems, key=lambda problem: problem.offset))
        super().__init__("; ".join(map(str, self.problems)))


class _Refused(Exception):
    def __init__(self, offset: int, message: str, hint: str | None = None) -> None:
        self.problem = Problem(offset, message, hint)


class _Grammar(Environment):
    """Jinja's grammar with offsets for line numbers. Nothing is ever rendered by it."""

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        return TokenStream(self._placed(source, state), name, filename)

    def _placed(self, source: str, state: str | None) -> Iterator[Token]:
        at = 0
        written = ""

        def offsets() -> Iterator[tuple[int, str, str]]:
            nonlocal at, written
            end = 0
            try:
                for _, kind, text in self.lexer.tokeniter(source, None, None, state):
                    at, written = source.index(text, end), text
                    end = at + len(text)
                    yield at, kind, text
            except TemplateSyntaxError as error:
                raise TemplateSyntaxError(error.message or "", end) from None

        nested = 0
        for token in self.lexer.wrap(offsets()):
            nested += _OPENING.get(token.type, 0)
            if nested > MAX_BRACKETS:
                raise _Refused(token.lineno, f"brackets are nested deeper than {MAX_BRACKETS}")
            if token.type in ("float", "integer"):
                yield Token(token.lineno, token.type, _number(token.lineno, written))  # type: ignore[arg-type]  # the parser passes it on
            else:
                yield token


def _number(offset: int, written: str) -> int | Decimal:
    if not written.replace(".", "", 1).isdecimal() or not written.isascii():
        raise _Refused(offset, f"{written} is no plain number", "write it out in digits")
    if len(written) > MAX_NUMBER:
        raise _Refused(offset, f"the number has more than {MAX_NUMBER} digits")
    return Decimal(written) if "." in written else int(written)


_GRAMMAR = _Grammar(keep_trailing_newline=True)


@lru_cache(maxsize=4096)
def parse_expression(source: str) -> nodes.Expr:
    """The tree of one expression, the same for everybody who asks: nobody changes it. Raises ExpressionError with one
    problem."""
    return _guarded(source, MAX_SOURCE, _one_expression)[0]


def parse_text(source: str, limit: int = MAX_SOURCE) -> list[nodes.Expr]:
    """The pieces of a text with `{{ expressions }}`, plain text as TemplateData. Raises ExpressionError."""
    return _guarded(source, limit, _pieces)


def _guarded(source: str, limit: int, read: Callable[[str], list[nodes.Expr]]) -> list[nodes.Expr]:
    try:
        if len(source) > limit:
            raise _Refused(limit, f"the expression is longer than {limit} characters")
        found = read(source.replace("\r\n", "\n").replace("\r", "\n"))
        _measure(found)
        return found
    except _Refused as refused:
        raise ExpressionError(source, [refused.problem]) from None
    except TemplateSyntaxError as error:
        raise ExpressionError(source, [_syntax(error, source)]) from None
    except RecursionError:
        raise ExpressionError(source, [Problem(0, "the expression is nested too deeply")]) from None


def _one_expression(source: str) -> list[nodes.Expr]:
    if not source.strip():
        raise _Refused(0, "the expression is empty")
    parser = Parser(_GRAMMAR, source, state="variable")
    tree = parser.parse_expression()
    if not parser.stream.eos:
        offset = parser.stream.current.lineno
        hint = "compare with ==" if parser.stream.current.type == "assign" else None
        raise _Refused(offset, f"{source[offset:][:20]!r} is more than one expression", hint)
    return [tree]


def _pieces(source: str) -> list[nodes.Expr]:
    pieces: list[nodes.Expr] = []
    for node in Parser(_GRAMMAR, source).parse().body:
        if not isinstance(node, nodes.Output):
            raise _Refused(node.lineno, "only {{ expressions }} may stand in a text, no {% statements %}")
        pieces += node.nodes
    return pieces


def _syntax(error: TemplateSyntaxError, source: str) -> Problem:
    message = (error.message or "cannot be read").rstrip(".")
    offset = min(error.lineno, len(source))
    if "end of print statement" in message or "unknown block" in message or "end of template" in message:
        return Problem(offset, "the expression is not complete, or {{ and }} do not match")
    if "unexpected char" in message and source[offset : offset + 1] in ("'", '"'):
        return Problem(offset, "this quotation mark is never closed")
    return Problem(offset, re.sub(r" at \d+$", "", message))


def _measure(trees: list[nodes.Expr]) -> None:
    level: list[nodes.Node] = list(trees)
    for _ in range(MAX_TREE):
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return
    raise _Refused(level[0].lineno, f"the expression is nested deeper than {MAX_TREE} operations")
