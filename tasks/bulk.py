"""The same done to many tasks at once, with an answer for each: one refusal stops none of the others (R4)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from engine.core.commands import Command, RetryIncident
from engine.runtime.answers import Accepted, Answer
from tasks.commands import ClaimTask, Comment, SetPriority, TransferTask

MOST = 500
"""Items in one go."""


class Item(NamedTuple):
    """A task of a case; to `retry`, an incident of it."""

    case: str
    number: int


class Done(NamedTuple):
    item: Item
    answer: Answer

    @property
    def ok(self) -> bool:
        return isinstance(self.answer, Accepted)


def _transfer(item: Item, queue: str = "", user: str = "", reason: str = "") -> Command:
    return TransferTask(item.number, queue, user, reason)


def _priority(item: Item, priority: int, reason: str = "") -> Command:
    return SetPriority(item.number, priority, reason)


def _comment(item: Item, text: str) -> Command:
    return Comment(text, item.number)


BULK: Mapping[str, Callable[..., Command]] = {
    "claim": lambda item: ClaimTask(item.number),
    "transfer": _transfer,
    "priority": _priority,
    "comment": _comment,
    "retry": lambda item: RetryIncident(item.number),
}
"""For each action, the command for one item, with what the action asks for."""


def bulk(
    action: str,
    items: Iterable[Item],
    ask: Callable[[Sequence[tuple[str, Command]]], list[Answer]],
    **given: Any,
) -> list[Done]:
    """Asks for the action on every item, each once, in the order given; what came of each.

    `ask` submits commands, each for a case, together, in the user's name. Raises ValueError for an action there is
    not, or too many items; TypeError for what the action does not take. Nothing has been done then.
    """
    if action not in BULK:
        raise ValueError(f"expected one of {', '.join(BULK)}, not {action!r}")
    chosen = list(dict.fromkeys(items))
    if len(chosen) > MOST:
        raise ValueError(f"{len(chosen)} items; {MOST} can be taken at once")
    commands = [(item.case, BULK[action](item, **given)) for item in chosen]
    return [Done(item, answer) for item, answer in zip(chosen, ask(commands), strict=True)]
