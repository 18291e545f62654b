"""The same done to several tasks at once, for pages and programs: each is answered by itself."""

import hashlib
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from engine.core.commands import Command, Refusal, Request
from engine.runtime.answers import Accepted, Answer
from engine.runtime.clock import new_id
from tasks.bulk import Item, bulk
from web.commands import closed
from web.desk import Desk
from web.problems import Problem, refused
from web.roles import may_steer
from web.tasks import Opened

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
    wanted = list(dict.fromkeys(chosen))[: MOST + 1]
    if len(wanted) > MOST:
        raise Problem(422, "too_many", desk.say("bulk.many", most=MOST))
    cases = _cases(desk, {one.number for one in wanted})
    found: dict[Chosen, Problem | Item] = {one: _item(desk, action, one, cases) for one in wanted}
    items = [item for item in found.values() if isinstance(item, Item)]
    done = {one.item: one.answer for one in bulk(action, items, lambda asked: _ask(desk, asked, key), **given)}
    return [_result(desk, action, one, item, done) for one, item in found.items()]


def _cases(desk: Desk, numbers: set[str]) -> dict[str, str]:
    """The cases of these numbers or ids."""
    marks, given = ", ".join("?" * len(numbers)), list(numbers)
    by_number, by_id = (f"SELECT {one}, id FROM cases WHERE {one} IN ({marks})" for one in ("number", "id"))
    sql = f"{by_number} UNION ALL {by_id}"
    return dict(map(tuple, desk.caseway.connection.all(sql, [*given, *given]))) if numbers else {}


def _item(desk: Desk, action: str, chosen: Chosen, cases: dict[str, str]) -> Problem | Item:
    case = cases.get(chosen.number)
    if case is None:
        return Problem(404, "unknown", desk.say("error.404"))
    # Whether an incident may be tried again is asked of the case as a whole, as on its page.
    if action == "retry" and not may_steer(desk, Opened(desk, case).state):
        return Problem(403, "not_authorised", desk.say("not_authorised"))
    return Item(case, chosen.item)


def _ask(desk: Desk, asked: Sequence[tuple[str, Command]], key: str) -> list[Answer]:
    def ident(case: str, index: int) -> str:
        text = f"{desk.user}\0{key}\0{index}\0{case}"
        return hashlib.sha256(text.encode()).hexdigest()[:32] if key else new_id(desk.now)

    return desk.caseway.runner.submit_many(
        Request(ident(case, index), case, command, desk.user, desk.now, desk.ground)
        for index, (case, command) in enumerate(asked)
    )


def _result(desk: Desk, action: str, chosen: Chosen, item: Problem | Item, done: dict[Item, Answer]) -> Result:
    if isinstance(item, Problem):
        return Result(chosen, 0, item)
    answer = done[item]
    if isinstance(answer, Accepted):
        return Result(chosen, answer.revision, None)
    known = action in ("claim", "transfer", "priority") and isinstance(answer, Refusal)
    return Result(chosen, 0, refused(answer, closed(desk, item.case, item.number, action) if known else ""))
