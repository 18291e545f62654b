"""The acts on tasks and cases as designers write them, in steps, handlers and ladders: their schemas, and what those
cannot tell. What they do: `acts`."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.core.expressions import Expression
from engine.core.kinds import INT, TEXT
from engine.core.linking import OPPOSITE
from engine.core.naming import did_you_mean
from engine.language.extension import ActWord, Context, Where
from engine.language.words import NAME, NAMED, described, listing, mapping
from tasks.acts import ACTS, UP
from tasks.model import PRIORITIES, Named
from tasks.placing import ASSIGN

CODES = {
    "CW803": "somebody who cannot be told before the case runs",
    "CW804": "a priority that there is not",
}

STEPS = listing(NAME, "a list of steps")


def _act(to: Mapping[str, Any], description: str) -> dict[str, Any]:
    """An act's value: what stands alone is its `to`."""
    return {
        "title": str(to["title"]) + ", or {to: …, steps: […]}",
        "description": description,
        "anyOf": [to, mapping({"to": to, "steps": described(STEPS, "Only the tasks of these steps.")}, "to")],
    }


_PRIORITY = {"title": f"a whole number from {PRIORITIES[0]} to {PRIORITIES[-1]}, or a change such as +20"}
_CHANGE = {
    **_PRIORITY,
    "anyOf": [
        {**_PRIORITY, "type": "integer", "minimum": PRIORITIES[0], "maximum": PRIORITIES[-1]},
        {**_PRIORITY, "type": "string", "pattern": r"^([+-][0-9]{1,3}|\s*\{\{.*\}\}\s*)$"},
    ],
}
_PERSON = {"title": "up, starter, owner, a user, or {{ an expression }}", "type": "string", "minLength": 1}

Places = Callable[..., Where]


def queues(context: Context, where: Where, queue: Named | None) -> None:
    """Every queue that it can turn out to be is one of the house."""
    for name in [queue] if isinstance(queue, str) else (queue and queue.type.enum) or ():
        context.name(where, name, frozenset(context.house.queues), "queue")


def by_name(context: Context, where: Where, person: Named | None, words: tuple[str, ...]) -> None:
    """The people are not known here, and they come and go: who is named had better be found out by the case."""
    if isinstance(person, str) and person not in words:
        context.problem(
            where, "CW803", f"{person!r} is a person by name, who may be gone when it is looked for",
            expected=f"{', '.join(words)} or {{{{ an expression }}}}", hint=did_you_mean(person, words), warning=True,
        )  # fmt: skip


def _to_queue(context: Context, place: Places, args: Mapping[str, Any]) -> None:
    queues(context, place("to"), args.get("to"))
    _to_name(context, place, args)


def _to_person(context: Context, place: Places, args: Mapping[str, Any]) -> None:
    by_name(context, place("to"), args.get("to"), (UP, *ASSIGN))
    _to_name(context, place, args)


def _to_name(context: Context, place: Places, args: Mapping[str, Any]) -> None:
    to = args.get("to")
    if isinstance(to, Expression) and to.type.kind not in (TEXT.kind, "any"):
        context.problem(place("to"), "CW803", f"expected a name, this is {to.type}")
    _some_steps(context, place, args)


def _to_priority(context: Context, place: Places, args: Mapping[str, Any]) -> None:
    to = args.get("to")
    if isinstance(to, Expression) and to.type.kind not in (INT.kind, TEXT.kind, "any"):
        context.problem(place("to"), "CW804", f"expected a whole number, or a change such as +20, this is {to.type}")
    _some_steps(context, place, args)


def _some_steps(context: Context, place: Places, args: Mapping[str, Any]) -> None:
    for index, step in enumerate(args.get("steps", ())):
        context.name(place("steps", index), step, context.steps, "step")


def _to_case(context: Context, place: Places, args: Mapping[str, Any]) -> None:
    to = args.get("to")
    if isinstance(to, Expression) and to.type.kind not in (TEXT.kind, "any"):
        context.problem(place("to"), "CW803", f"expected the number of a case, this is {to.type}")


_CASE = {"title": "{{ an expression }} that gives a case's number", "type": "string", "minLength": 1}
_LINK = {
    "title": "a case's number, or {to: …, as: part_of}",
    "description": "Relates the case to another.",
    "anyOf": [
        _CASE,
        mapping({
            "to": described(_CASE, "The number of the other case."),
            "as": described({"title": "a kind of link", "enum": list(OPPOSITE)}, "What this case is to the other."),
        }, "to"),
    ],
}  # fmt: skip

ACT_WORDS = {
    "move_tasks": ActWord(_act(NAMED, "Moves open tasks to another queue."), _to_queue),
    "reassign": ActWord(_act(_PERSON, "Gives open tasks to a person; `up` is the next above who has it."), _to_person),
    "priority": ActWord(_act(_CHANGE, "Sets or changes the priority of the case's tasks, those to come too."),
                        _to_priority),
    "set_owner": ActWord(_act(_PERSON, "Hands the case to another owner; `up` is the next above the owner."),
                         _to_person),
    "link": ActWord(_LINK, _to_case),
}  # fmt: skip
assert set(ACT_WORDS) == set(ACTS), "every act has its words"
