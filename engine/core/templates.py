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
from typing import Any, NoReturn

from jinja2 import TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.exceptions import SecurityError

from engine.core.naming import did_you_mean
from engine.core.template_sandbox import (
    FILTERS,
    MAX_OUTPUT,
    ROUNDS,
    SANDBOX,
    TESTS,
    ZONE,
    TemplateError,
    TemplateProblem,
    zone_named,
)

__all__ = ["Template", "TemplateError", "TemplateProblem", "compile_template", "names_in"]

MAX_SOURCE = 50_000
MAX_LOOPS = 2
MAX_TREE = 40


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
            for chunk in self._render({**known, ZONE: zone_named(zone), ROUNDS: [0]}):
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
    tree, reads = _parsed(source, names)
    for loop in tree.find_all(nodes.For):
        loop.iter = nodes.Filter(loop.iter, ROUNDS, [], [], None, None, lineno=loop.lineno)
    compiled = SANDBOX.template_class.from_code(SANDBOX, SANDBOX.compile(tree), SANDBOX.make_globals(None))
    return Template(source, reads, compiled.generate)


def names_in(source: str) -> frozenset[str]:
    """The names of the facts that a template reads; it is checked, not made ready to render, which takes longer.

    Raises TemplateError with every problem found, each with its line.
    """
    return _parsed(source, None)[1]


def _parsed(source: str, names: Mapping[str, Any] | None) -> tuple[nodes.Template, frozenset[str]]:
    if len(source) > MAX_SOURCE:
        _refuse([TemplateProblem(1, f"the template is longer than {MAX_SOURCE} characters")])
    try:
        tree = SANDBOX.parse(source)
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
    return tree, reads


def _refuse(problems: list[TemplateProblem]) -> NoReturn:
    problems.sort(key=lambda problem: problem.line)
    raise TemplateError("; ".join(map(str, problems)), tuple(problems))


# --- what a template may hold ---------------------------------------------------------------------------

_ALLOWED: tuple[type[nodes.Node], ...] = (
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
        problems.append(TemplateProblem(node.lineno or 1, message, hint))

    kind = type(node)
    if kind not in _ALLOWED:
        what = "arithmetic" if issubclass(kind, nodes.BinExpr) else kind.__name__
        refuse(_REFUSED.get(kind, f"{what} has no place in a template"))
        return []
    name = getattr(node, "attr", "") if kind is nodes.Getattr else getattr(node, "name", "")
    if name.startswith("_"):
        refuse(f"{name!r}: names do not begin with _")
    if isinstance(node, nodes.Getitem) and str(key := getattr(node.arg, "value", "")).startswith("_"):
        refuse(f"{key!r}: names do not begin with _")
    if isinstance(node, nodes.Name) and node.name == "self":
        refuse("a template has no self")
    if isinstance(node, nodes.CondExpr) and node.expr2 is None:
        refuse("say what is written otherwise: a if b else c")
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        refuse(f"unknown filter {node.name!r}", did_you_mean(node.name, FILTERS))
    if isinstance(node, nodes.Filter) and node.kwargs:
        refuse(f"the filter {node.name} takes its arguments by position")
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        refuse(f"unknown test {node.name!r}", did_you_mean(node.name, TESTS))
    if isinstance(node, nodes.For):
        loops += 1
        if node.recursive or loops > MAX_LOOPS:
            refuse(f"loops are not recursive, and at most {MAX_LOOPS} deep")
    return [(child, loops) for child in node.iter_child_nodes()]
