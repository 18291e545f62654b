"""What is said of a case, and who watches it: for pages and programs.

Comments are events, and the history is encrypted: they cannot be asked for by themselves. So a page of them is read
backwards from a place in the history, as far as it takes, and no further than a bound; then the next page goes on.
"""

from pydantic import BaseModel

from bootstrap import MACHINE
from engine.runtime.answers import Accepted
from engine.runtime.history import read
from tasks import queries
from tasks.commands import Comment, Unwatch, Watch
from tasks.events import Commented
from web.commands import ask
from web.desk import Desk
from web.history import Said, said
from web.opened import Opened, approach
from web.problems import Problem
from web.telling import Teller

AT_ONCE, MOST = 200, 2_000
"""Commands read at once, and for one page of comments."""


class Watcher(BaseModel):
    user: str
    name: str


class Watching(BaseModel):
    """Who watches a case; `mine`: the user is among them."""

    watchers: list[Watcher]
    mine: bool


class Comments(BaseModel):
    """Comments, newest first. `next`: before which command the next page begins; None where there are no more."""

    comments: list[Said]
    next: int | None = None


def comments(opened: Opened, before: int = 0, limit: int = 25) -> Comments:
    """A page of what was said of the case and its tasks. before: the place, 0 for the newest."""
    caseway, teller, found = opened.desk.caseway, Teller(opened), list[Said]()
    told, place = list[tuple[int, Commented]](), min(before, opened.revision + 1) if before else opened.revision + 1
    end = max(place - MOST, 1)
    while place > end and len(told) <= limit:
        rows = read(caseway.database, caseway.vault, opened.case, AT_ONCE, place)
        for row in reversed(rows):
            told += [(row.seq, one) for one in MACHINE.decode_events(row.events) if isinstance(one, Commented)]
        place = rows[0].seq if rows else 1
    teller.steps |= queries.steps(caseway.connection, opened.case, [one.task for _, one in told if one.task])
    found = [said(teller, one, seq) for seq, one in told[:limit]]
    if len(told) > limit:
        return Comments(comments=found, next=told[limit - 1][0])
    return Comments(comments=found, next=place if place > 1 else None)


def watching(opened: Opened) -> Watching:
    found, desk = opened.state.work.watchers, opened.desk
    return Watching(watchers=[Watcher(user=one, name=desk.person(one)) for one in found], mine=desk.user in found)


def comment(desk: Desk, number: str, task: int, text: str, key: str = "") -> Accepted:
    """Says it of the case, or of one of its open tasks; of a case by who reads it. Raises Problem."""
    opened = approach(desk, number, task) if task else Opened(desk, number)
    if not text.strip():
        raise Problem(422, "form", desk.say("field.text.needed"), {"text": desk.say("field.text.needed")})
    return ask(desk, opened.case, Comment(text, task), id=key)


def watch(desk: Desk, number: str, on: bool, key: str = "") -> Accepted:
    """The user watches the case, or does so no longer. Raises Problem."""
    return ask(desk, Opened(desk, number).case, Watch() if on else Unwatch(), id=key)
