"""Steps that hold steps: `block`, `adhoc`, `each`."""

from collections.abc import Callable, Iterable
from typing import Any

from engine.core.kinds import ANY, BOOL, INT, LIST, Type, not_assignable
from engine.core.model import AdHoc, Block, Each
from engine.language.build import RESERVED
from engine.language.context import Scope
from engine.language.kinds.kind import Kind, Written
from engine.language.outline import Inner, Step
from engine.language.words import BODY, CONDITION, EXPRESSION, NAME, SETS, STEPS, described, mapping

CODES = {"CW119": "a name for the items that is taken"}

_COUNTS = {"done": INT, "total": INT}
"""What `until` of an `each` may read beside the data: how many instances are done, and of how many."""


def _block(scope: Scope, step: Step) -> Block:
    return Block(next(scope.build.outline.inside(step)).first)


def _adhoc(scope: Scope, step: Step) -> AdHoc:
    region = next(scope.build.outline.inside(step))
    until = step.value["adhoc"].get("until")
    found = None if until is None else scope.expression((*step.where, "adhoc", "until"), until, wants=BOOL)
    return AdHoc(tuple(each.id for each in region.steps), found)


def _each(scope: Scope, step: Step) -> Each | None:
    where, written = (*step.where, "each"), step.value["each"]
    over = scope.open_expression((*where, "over"), written["over"], "an item", wants=LIST)
    item = written["as"]
    if item in scope.names or item in RESERVED:
        message = f"{item!r} already means something else here"
        scope.problem((*where, "as"), "CW119", message, hint="call the items by another name")
    region = next(scope.build.outline.inside(step))
    own = {item: (over.type.item or ANY) if over else ANY}
    region.own.update(own)
    until = (
        scope.expression((*where, "until"), written["until"], extra=own | _COUNTS, wants=BOOL)
        if "until" in written
        else None
    )
    collect = []
    for dotted, text in written.get("collect", {}).items():
        at = (*where, "collect", dotted)
        target = scope.target(at, dotted, key=True)
        value = scope.expression(at, text, extra=own)
        if target and value:
            _fits(scope, at, dotted, value.type, target[1])
            scope.sealed(at, value.secret, target[1], dotted)
            collect.append((target[0], value))
    if over is None:
        return None
    return Each(over, item, region.scope, written.get("one_at_a_time", False), until, tuple(collect))


def _fits(scope: Scope, where: tuple[str | int, ...], dotted: str, value: Type, target: Type) -> None:
    if target.kind not in ("list", "any"):
        scope.problem(where, "CW132", f"{dotted} is {target}, and collects a list", key=True)
        return
    unfit = not_assignable(value, target.item or ANY)
    if unfit:
        scope.problem(where, "CW132", f"this does not fit the items of {dotted}: {unfit[0]}", hint=unfit[1])


def _at(*path: str, scope: str = "", adhoc: bool = False) -> Callable[[Written], Iterable[Inner]]:
    def inner(written: Written) -> Iterable[Inner]:
        value: Any = written
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return (Inner(path, scope=scope, adhoc=adhoc),) if value is not None else ()

    return inner


KINDS = (
    Kind("block", "Steps that belong together, with handlers of their own.", STEPS, _block,
         inner=_at("block"), stays=True),
    Kind(
        "adhoc",
        "Steps that somebody starts at will, in any order, as often as needed.",
        mapping(
            {
                "steps": described(STEPS, "The steps that may be started."),
                "until": described(CONDITION, "It is done when this holds and nothing in it is open."),
            },
            "steps",
        ),
        _adhoc,
        inner=_at("adhoc", "steps", adhoc=True),
        stays=True,
        waits=True,
    ),
    Kind(
        "each",
        "Its body once for each item of a list, side by side or one at a time.",
        mapping(
            {
                "over": described(EXPRESSION, "The list.", "papers"),
                "as": described(NAME, "What an instance calls its item.", "paper"),
                "do": described(BODY, "One step, or an ordered mapping of steps."),
                "one_at_a_time": described({"type": "boolean"}, "One instance after the other."),
                "until": described(
                    CONDITION, "Ends early when this holds after an instance; may read `done` and `total`."
                ),
                "collect": described(SETS, "Which list of the data gathers what from each: {place: expression}."),
            },
            "over",
            "as",
            "do",
        ),
        _each,
        inner=_at("each", "do", scope="item"),
        stays=True,
    ),
)  # fmt: skip
