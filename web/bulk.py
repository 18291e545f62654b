"""The same done to several tasks at once, for pages and programs: each is answered by itself."""

import hashlib
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from bootstrap import Asked
from engine.core.commands import Command
from engine.runtime.answers import Accepted, Answer
from engine.runtime.clock import new_id
from tasks.bulk import Item, bulk
from web.desk import Desk
from web.opened import Opened, approach
from web.problems import Problem, refused
from web.roles import may_steer

MOST = 100
"""Items at once."""
Bulk = Literal["claim", "transfer", "priority", "comment", "retry"]


class Chosen(NamedTuple):
    """A task of a case, by the case's number or id; to `retry`, an incident of it."""

    number: str
    item: int


class Result(NamedTuple):
    """What came of one. `problem` None: it is done, and the case stands at `revision`."""

    chosen: Chosen
    revision: int
    problem: Problem | None


def several(desk: Desk, action: Bulk, chosen: Sequence[Chosen], given: dict[str, Any], key: str = "") -> list[Result]:
    """Does it to each, in order, all in as few transactions as may be; what came of each.

    given: what the action asks for besides (`tasks.bulk`). key: what is sent again under it is not done again.
    Raises Problem when there are more than `MOST`.
    """
    wanted = list(dict.fromkeys(chosen))
    if len(wanted) > MOST:
        raise Problem(422, "too_many", desk.say("bulk.many", most=MOST))
    found = {one: _open(desk, action, one) for one in wanted}
    items = [Item(opened.case, one.item) for one, opened in found.items() if isinstance(opened, Opened)]
    done = {one.item: one.answer for one in bulk(action, items, lambda asked: _ask(desk, asked, key), **given)}
    return [
        Result(one, 0, opened) if isinstance(opened, Problem) else _result(one, opened, done)
        for one, opened in found.items()
    ]


def _open(desk: Desk, action: str, chosen: Chosen) -> Problem | Opened:
    try:
        if action != "retry":
            return approach(desk, chosen.number, chosen.item)
        # Whether an incident may be tried again is asked of the case as a whole, as on its page.
        opened = Opened(desk, chosen.number)
        may = may_steer(opened.look, desk.user, action)
        return opened if may else Problem(403, "not_steering", desk.say("not_authorised"))
    except Problem as problem:
        return problem


def _ask(desk: Desk, asked: Sequence[tuple[str, Command]], key: str) -> list[Answer]:
    def ident(case: str, index: int) -> str:
        text = f"{desk.user}\0{key}\0{index}\0{case}"
        return hashlib.sha256(text.encode()).hexdigest()[:32] if key else new_id(desk.now)

    every = (Asked(case, command, desk.ground, ident(case, index)) for index, (case, command) in enumerate(asked))
    return desk.caseway.ask_many(every, desk.user)


def _result(chosen: Chosen, opened: Opened, done: dict[Item, Answer]) -> Result:
    desk, answer = opened.desk, done[Item(opened.case, chosen.item)]
    if isinstance(answer, Accepted):
        return Result(chosen, answer.revision, None)
    return Result(chosen, 0, refused(desk, answer, opened.process))
