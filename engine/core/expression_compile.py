"""The whitelist: walks an expression's tree, checks names and types, and builds its closure.

Whatever kind of node has no entry in `_VISITORS` is refused, so a construct that Jinja may grow later is
refused too. Checking goes on after a problem, so that all of them are reported at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from jinja2 import nodes

from engine.core import expression_parts as parts
from engine.core.expression_parse import Problem
from engine.core.expression_parts import Part, Run
from engine.core.functions import AMBIENT, Function, Misuse, evaluated
from engine.core.kinds import (
    ANY,
    BOOL,
    NULL,
    NUMBERS,
    ORDERED,
    TEXT,
    UNKNOWN,
    Type,
    Value,
    field_of,
    holds_secret,
    join,
    list_of,
    not_assignable,
    not_equal,
    object_of,
)
from engine.core.naming import did_you_mean
from engine.core.operators import MAX_EXPONENT, identity, kind_of, negate, not_set, unfit

_SIGNS = {
    nodes.Add: "+",
    nodes.Sub: "-",
    nodes.Mul: "*",
    nodes.Div: "/",
    nodes.FloorDiv: "//",
    nodes.Mod: "%",
    nodes.Pow: "**",
}
_SPOKEN = {"null": "none", "nil": "none", "yes": "true", "no": "false", "TRUE": "true", "FALSE": "false"}
_TYPE_OF_CONSTANT = {bool: "bool", int: "int", Decimal: "decimal", str: "text"}


class Checker:
    """One walk over one tree; collects problems and what is read."""

    def __init__(self, names: Mapping[str, Type], functions: Mapping[str, Function]) -> None:
        self.names = names
        self.functions = functions
        self.problems: list[Problem] = []
        self.reads: set[str] = set()
        self.paths: set[str] = set()
        self.ambient: set[str] = set()
        self.secret = False

    def visit(self, node: nodes.Node) -> Part:
        visitor = _VISITORS.get(type(node))
        if visitor is not None:
            return visitor(self, node)
        message, hint = _REFUSED.get(type(node), (f"{type(node).__name__} has no place in an expression", None))
        return self.refuse(node.lineno, message, hint)

    def refuse(self, offset: int, message: str, hint: str | None = None) -> Part:
        self.problems.append(Problem(offset, message, hint))
        return Part(ANY, lambda names: None, offset)

    # --- what is read -------------------------------------------------------------------------------

    def read(self, node: nodes.Node) -> Part:
        """A name, and the fields and places taken from it: one read of the state."""
        steps: list[Any] = []
        while isinstance(node, nodes.Getattr | nodes.Getitem):
            steps.append(node)
            node = node.node
        base = self.name(node) if isinstance(node, nodes.Name) else self.visit(node)
        kind, raw, label = base.type, base.raw or base.run, base.label
        path = [label] if label in self.reads and isinstance(node, nodes.Name) else None
        written_out = path is not None
        for step in reversed(steps):
            key = self.key(step)
            if isinstance(key, str):
                kind = self.field(kind, key, step.lineno + isinstance(step, nodes.Getattr), label)
                raw = parts.inner(raw, key, label)
                label = f"{label}.{key}"
            else:
                kind = self.item(kind, key, label)
                raw = parts.placed(raw, key.run, label)
                label = f"{label}[…]"
                written_out = False
            if written_out and path is not None:
                path.append(str(key))
        if path is not None:
            self.paths.add(".".join(path))
            self.secret = self.secret or holds_secret(kind)
        return Part(kind, parts.reader(raw, kind, label), base.offset, label, raw)

    def name(self, node: nodes.Name) -> Part:
        name, offset = node.name, node.lineno
        kind = self.names.get(name)
        if kind is not None:
            self.reads.add(name)
        elif name in AMBIENT:
            kind = AMBIENT[name]
            self.ambient.add(name)
        elif name in self.functions:
            return self.refuse(offset, f"{name} is a function", f"call it: {self.functions[name].signature}")
        else:
            hint = f"write {_SPOKEN[name]}" if name in _SPOKEN else did_you_mean(name, [*self.names, *AMBIENT])
            return self.refuse(offset, f"unknown name {name!r}", hint)
        return Part(kind, parts.top(name), offset, name, parts.top(name))

    def key(self, step: Any) -> str | Part:
        if isinstance(step, nodes.Getattr):
            return step.attr
        if isinstance(step.arg, nodes.Const) and isinstance(step.arg.value, str):
            return step.arg.value
        return self.visit(step.arg)

    def field(self, kind: Type, name: str, offset: int, label: str) -> Type:
        if kind.kind == "null" or kind.kind not in ("object", "any"):
            self.refuse(offset, f"{label} is {kind}, it has no field {name!r}")
            return ANY
        found = field_of(kind, name)
        if found is None:
            self.refuse(offset, f"{label} has no field {name!r}", did_you_mean(name, kind.fields or ()))
            return ANY
        return replace(found, secret=True) if kind.secret else found

    def item(self, kind: Type, at: Part, label: str) -> Type:
        if kind.kind == "list":
            self.expect(at, ("int",), "the place in a list is a whole number")
            return kind.item or ANY
        if kind.kind == "object":
            self.expect(at, ("text",), "a field is named by a text")
            return kind.item or ANY if not kind.fields else ANY
        if kind.kind not in UNKNOWN:
            self.refuse(at.offset, f"{label} is {kind}, nothing can be taken out of it")
        return ANY

    def expect(self, part: Part, kinds: Sequence[str], message: str) -> None:
        if part.type.kind not in kinds and part.type.kind not in UNKNOWN:
            self.refuse(part.offset, f"{message}, got {part.type}")

    # --- constants and collections --------------------------------------------------------------------

    def const(self, node: nodes.Const) -> Part:
        value = node.value
        if value is None:
            return parts.constant(None, NULL, node.lineno)
        kind = _TYPE_OF_CONSTANT[type(value)]
        return parts.constant(value, Type(kind, enum=(value,) if kind in ("text", "int") else None), node.lineno)

    def list(self, node: nodes.List) -> Part:
        items = tuple(self.visit(item) for item in node.items)
        kind = items[0].type if items else NULL
        for item in items[1:]:
            kind = join(kind, item.type)
        return Part(list_of(kind), parts.listed(items), node.lineno, "the list", items=items)

    def dict(self, node: nodes.Dict) -> Part:
        fields: dict[str, Part] = {}
        for pair in node.items:
            key = pair.key.value if isinstance(pair.key, nodes.Const) else None
            if not isinstance(key, str):
                self.refuse(pair.key.lineno, "a field is named by a text in quotes")
            elif key in fields:
                self.refuse(pair.key.lineno, f"the field {key!r} is given twice")
            else:
                fields[key] = self.visit(pair.value)
        kind = object_of({name: part.type for name, part in fields.items()})
        return Part(kind, parts.mapped(fields), node.lineno, "the object")

    # --- operators --------------------------------------------------------------------------------------

    def compare(self, node: nodes.Compare) -> Part:
        left = self.visit(node.expr)
        offset = left.offset
        runs: list[Run] = []
        for operand in node.ops:
            right = self.visit(operand.expr)
            runs.append(_COMPARISONS[operand.op](self, operand.op, left, right))
            left = right
        return Part(BOOL, parts.chained(runs), offset, "the comparison")

    def equality(self, op: str, left: Part, right: Part) -> Run:
        problem = not_equal(left.type, right.type)
        if problem:
            at = right if right.is_const or not left.is_const else left
            self.refuse(at.offset, problem[0], problem[1] or _date_hint(left.type, right.type))
        return parts.equal(left, right, op == "eq")

    def order(self, op: str, left: Part, right: Part) -> Run:
        a, b = left.type.kind, right.type.kind
        for part in (left, right):
            if part.type.kind not in ORDERED and part.type.kind not in UNKNOWN:
                hint = _date_hint(left.type, right.type)
                self.refuse(part.offset, f"{part.label} is {part.type}, which has no order", hint)
                return parts.ordered(op, left, right)
        if a in ORDERED and b in ORDERED and a != b and not (a in NUMBERS and b in NUMBERS):
            hint = "date_of(…) gives the date of a moment" if {a, b} == {"date", "datetime"} else None
            self.refuse(right.offset, f"{left.type} and {right.type} cannot be ordered", hint)
        return parts.ordered(op, left, right)

    def membership(self, op: str, part: Part, whole: Part) -> Run:
        kind = whole.type
        if kind.kind == "text":
            self.expect(part, ("text",), "only a text can be in a text")
        elif kind.kind == "object":
            self.expect(part, ("text",), "a field is named by a text")
        elif kind.kind not in ("list", *UNKNOWN):
            self.refuse(whole.offset, f"{whole.label} is {kind}, nothing can be in it")
        alternatives = whole.items or (Part(kind.item or ANY, whole.run, whole.offset),)
        for item in alternatives if kind.kind == "list" else ():
            problem = not_equal(part.type, item.type)
            if problem:
                self.refuse(item.offset if whole.items else part.offset, *problem)
        return parts.member(part, whole, op == "in")

    def arithmetic(self, node: nodes.BinExpr) -> Part:
        left, right, sign = self.visit(node.left), self.visit(node.right), _SIGNS[type(node)]
        a, b = left.type, right.type
        lists = sign == "+" and "list" in (a.kind, b.kind)
        for part in (left, right):
            if part.type.kind not in UNKNOWN and part.type.kind not in (("list",) if lists else NUMBERS):
                wanted = "a list is joined to a list" if lists else f"{sign} needs numbers"
                self.refuse(part.offset, f"{wanted}, {part.label} is {part.type}", _SUM_HINTS.get(part.type.kind))
        if sign in ("/", "//", "%") and right.is_const and right.const == 0 and b.kind in NUMBERS:
            self.refuse(right.offset, "division by zero")
        if sign == "**" and right.is_const and b.kind in NUMBERS and not _small_exponent(right.const):
            self.refuse(right.offset, f"an exponent is a whole number from 0 to {MAX_EXPONENT}")
        return Part(_result(sign, a, b), parts.computed(sign, left, right), left.offset, "the result")

    def sign(self, node: nodes.UnaryExpr) -> Part:
        part = self.visit(node.node)
        self.expect(part, tuple(NUMBERS), "a sign needs a number")
        change = negate if isinstance(node, nodes.Neg) else identity
        if part.is_const and part.type.kind in NUMBERS:
            value = change(part.const, "")
            return parts.constant(value, replace(part.type, enum=part.type.enum and (value,)), node.lineno)
        return Part(replace(part.type, enum=None), parts.signed(part, change), node.lineno, part.label)

    def concat(self, node: nodes.Concat) -> Part:
        return self.text(node, parts.joined)

    def text(self, node: nodes.Concat | nodes.Output, build: Callable[[tuple[Part, ...]], Run]) -> Part:
        found = tuple(self.visit(piece) for piece in node.nodes)
        for part in found:
            if part.type.kind in ("list", "object"):
                self.refuse(part.offset, f"{part.label} is {part.type}, it cannot stand in a text")
        return Part(TEXT, build(found), node.lineno, "the text")

    def literal(self, node: nodes.TemplateData) -> Part:
        return parts.constant(node.data, TEXT, node.lineno)

    # --- logic ------------------------------------------------------------------------------------------

    def truth(self, node: nodes.Node) -> Part:
        part = self.visit(node)
        self.expect(part, ("bool",), "expected a condition that is true or false")
        return part

    def both(self, node: nodes.And) -> Part:
        left, right = self.truth(node.left), self.truth(node.right)
        return Part(BOOL, parts.both(left, right), left.offset, "the condition")

    def either(self, node: nodes.Or) -> Part:
        left, right = self.truth(node.left), self.truth(node.right)
        return Part(BOOL, parts.either(left, right), left.offset, "the condition")

    def negation(self, node: nodes.Not) -> Part:
        part = self.truth(node.node)
        return Part(BOOL, parts.negated(part), node.lineno, "the condition")

    def test(self, node: nodes.Test) -> Part:
        if node.name != "none" or node.args or node.kwargs:
            hint = {"defined": "write 'is not none'", "undefined": "write 'is none'"}.get(node.name)
            return self.refuse(node.lineno, f"unknown test 'is {node.name}'", hint or "compare with ==")
        return Part(BOOL, parts.unset(self.visit(node.node)), node.lineno, "the condition")

    def choice(self, node: nodes.CondExpr) -> Part:
        test, then = self.truth(node.test), self.visit(node.expr1)
        otherwise = self.visit(node.expr2) if node.expr2 else parts.constant(None, NULL, node.lineno)
        return Part(join(then.type, otherwise.type), parts.chosen(test, then, otherwise), then.offset)

    # --- calls ------------------------------------------------------------------------------------------

    def call(self, node: nodes.Call) -> Part:
        if not isinstance(node.node, nodes.Name):
            return self.refuse(node.node.lineno, "only functions can be called, not what a value holds")
        name, offset = node.node.name, node.node.lineno
        function = self.functions.get(name)
        if function is None:
            return self.refuse(offset, f"unknown function {name!r}", did_you_mean(name, self.functions))
        if node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
            return self.refuse(offset, "arguments are given by position", function.signature)
        arguments = tuple(self.visit(argument) for argument in node.args)
        least, most = len(function.parameters) - function.optional, len(function.parameters)
        if len(arguments) < least or (len(arguments) > most and not function.repeats):
            return self.refuse(offset, f"{name} was given {len(arguments)} arguments", function.signature)
        wanted = [function.parameters[min(at, most - 1)] for at in range(len(arguments))]
        for argument, type in zip(arguments, wanted, strict=True):
            problem = not_assignable(argument.type, type)
            if problem:
                self.refuse(argument.offset, f"{name}: {problem[0]}", problem[1])
        result = self.inferred(function, arguments, offset)
        self.ambient.update(function.needs)
        form = _FORMS.get(name)
        run = form(arguments) if form else _called(function, arguments, wanted)
        run = parts.yields(run, result, f"{name}()")
        return Part(result, run, offset, f"{name}()")

    def inferred(self, function: Function, arguments: tuple[Part, ...], offset: int) -> Type:
        if function.infer is None:
            return function.result
        try:
            return function.infer([argument.type for argument in arguments])
        except Misuse as problem:
            self.refuse(offset, f"{function.name}: {problem.message}", problem.hint)
            return function.result


def _called(function: Function, arguments: tuple[Part, ...], wanted: list[Type]) -> Run:
    call, needs, nulls = function.callable, function.needs, function.nulls
    prepared = [_argument(part, type, nulls) for part, type in zip(arguments, wanted, strict=True)]

    def run(names: parts.Names) -> Value:
        given = [names.get(name) for name in needs]
        given += [each(names) for each in prepared]
        try:
            return call(*given)
        except Exception as error:  # a registered function may raise anything; it becomes an incident
            raise evaluated(function, error) from error

    return run


def _argument(part: Part, type: Type, nulls: bool) -> Run:
    run, label, wide = part.run, part.label, type.kind == "decimal"
    strange = type.kind != "any" and not part.known

    def prepare(names: parts.Names) -> Value:
        value = run(names)
        if value is None:
            if nulls:
                return None
            raise not_set(label)
        if wide and value.__class__ is int:
            return Decimal(value)
        if strange and kind_of(value) != type.kind:
            raise unfit(label, str(type), value)
        return value

    return prepare


def _small_exponent(value: Any) -> bool:
    return value.__class__ is int and 0 <= value <= MAX_EXPONENT


def _result(sign: str, left: Type, right: Type) -> Type:
    """The type of an arithmetic result. Money stays money when added up or multiplied by a whole number."""
    if left.kind in UNKNOWN or right.kind in UNKNOWN:
        return ANY
    if left.kind == "list":
        return list_of(join(left.item or ANY, right.item or ANY))
    if left.kind == "int" and right.kind == "int" and sign != "/":
        return Type("int")
    whole = (left.money or left.kind == "int") and (right.money or right.kind == "int")
    money = whole and (sign in "+-" or (sign == "*" and not (left.money and right.money)))
    return Type("decimal", money=money, scale=max(left.scale, right.scale))


def _date_hint(left: Type, right: Type) -> str | None:
    kinds = {left.kind, right.kind}
    return "write dates as date_of('2026-02-17')" if "text" in kinds and kinds & {"date", "datetime"} else None


_FORMS: dict[str, Callable[[tuple[Part, ...]], Run]] = {"coalesce": parts.first_set}
"""Functions that evaluate their arguments themselves, and only those that they need."""
_SUM_HINTS = {
    "text": "join texts with ~",
    "date": "use add_days or days_between",
    "datetime": "use hours_between",
}
_COMPARISONS: dict[str, Callable[[Checker, str, Part, Part], Run]] = {
    "eq": Checker.equality,
    "ne": Checker.equality,
    "lt": Checker.order,
    "lteq": Checker.order,
    "gt": Checker.order,
    "gteq": Checker.order,
    "in": Checker.membership,
    "notin": Checker.membership,
}
_VISITORS: dict[type[nodes.Node], Callable[[Checker, Any], Part]] = {
    nodes.Name: Checker.read,
    nodes.Getattr: Checker.read,
    nodes.Getitem: Checker.read,
    nodes.Const: Checker.const,
    nodes.List: Checker.list,
    nodes.Dict: Checker.dict,
    nodes.Compare: Checker.compare,
    nodes.Concat: Checker.concat,
    nodes.TemplateData: Checker.literal,
    nodes.Neg: Checker.sign,
    nodes.Pos: Checker.sign,
    nodes.And: Checker.both,
    nodes.Or: Checker.either,
    nodes.Not: Checker.negation,
    nodes.Test: Checker.test,
    nodes.CondExpr: Checker.choice,
    nodes.Call: Checker.call,
    **dict.fromkeys(_SIGNS, Checker.arithmetic),
}
_REFUSED: dict[type[nodes.Node], tuple[str, str | None]] = {
    nodes.Filter: ("filters (|) are not used in expressions", "call a function: len(items)"),
    nodes.Tuple: ("a list is written in square brackets", "[a, b]"),
    nodes.Slice: ("parts of lists cannot be cut out", None),
}
