"""What is said of a case, and who watches it: for pages and programs."""

from pydantic import BaseModel

from engine.runtime.answers import Accepted
from tasks.commands import Comment, Unwatch, Watch
from web.commands import ask
from web.desk import Desk
from web.opened import Opened, approach
from web.problems import Problem


class Watcher(BaseModel):
    user: str
    name: str


class Watching(BaseModel):
    """Who watches a case; `mine`: the user is among them."""

    watchers: list[Watcher]
    mine: bool


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
