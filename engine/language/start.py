"""How a case starts: by people with a form, by a message, by the clock. And where one that has ended goes on."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.core.model import Start
from engine.language.context import Scope
from engine.language.document import Place
from engine.language.outline import HERE

CODES = {"CW150": "a start that lacks something"}

PERIODS = ("day", "week", "month", "quarter", "half", "year")


def compile_start(scope: Scope, written: Mapping[str, Any]) -> Start:
    """What stands under `start:`."""
    where: Place = ("start",)
    by = tuple(written.get("by", ()))
    for place, sender in enumerate(by):
        what, _, role = sender.partition(".")
        if what == "role":
            scope.name((*where, "by", place), role, scope.house.roles, "role", offset=len("role."))
    fields = [scope.path((*where, "form", place), field) for place, field in enumerate(written.get("form", ()))]
    form = tuple(field[0] for field in fields if field)
    for place, field in enumerate(fields):
        if field and field[1].attachment:
            hint = "ask for it in a step, or list it under `papers`"
            scope.problem((*where, "form", place), "CW150", "there is no case yet that could hold a file", hint=hint)
    if form and not by:
        scope.problem((*where, "form"), "CW150", "a form is for people: say who may start a case", hint="by: [staff]")
    every = _every(scope, (*where, "every"), written["every"]) if "every" in written else ""
    if "missed" in written and not every:
        scope.problem((*where, "missed"), "CW150", "`missed` goes with `every`", key=True)
    return Start(by, form, every=every, missed=written.get("missed", "once"), **_message(scope, where, written))


def compile_reopen(scope: Scope, written: Sequence[str]) -> tuple[str, ...]:
    """The steps under `reopen:`: of the process itself, to which flow may so come."""
    found = (
        scope.jump(("reopen", place), step)
        for place, step in enumerate(written)
        if step != HERE or not scope.name(("reopen", place), step, (), "step")
    )
    return tuple(dict.fromkeys(step for step in found if step))


def _every(scope: Scope, where: Place, text: str) -> str:
    if text in PERIODS:
        return text
    return text if scope.duration(where, text) else ""


def _message(scope: Scope, where: Place, written: Mapping[str, Any]) -> dict[str, Any]:
    """The message that starts a case. There is no data yet: what it carries is all that can be read."""
    if "message" not in written:
        for stray in ("key", "into"):
            if stray in written:
                scope.problem((*where, stray), "CW150", f"`{stray}` goes with `message`", key=True)
        return {}
    name = written["message"]
    if not scope.name((*where, "message"), name, scope.house.messages, "message"):
        return {}
    payload = scope.only(scope.house.messages[name].data)
    key = payload.key((*where, "key"), written["key"]) if "key" in written else None
    return {"message": name, "key": key, "into": payload.assigns((*where, "into"), written.get("into", {}))}
