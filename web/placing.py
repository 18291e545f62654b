"""To whom a task may go: the people of each queue, and those above who has it; who is away is marked."""

from typing import Any

from pydantic import BaseModel

from web.opened import Opened
from web.tasks import human_step


class Colleague(BaseModel):
    """Somebody a task may go to. `away`: until when they are away, "" if they are there."""

    user: str
    name: str
    away: str = ""


class Receivers(BaseModel):
    """A queue and who serves it. `queue` "": those in the line above who has the task, wherever it stands."""

    queue: str
    title: str
    people: list[Colleague]


def receivers(opened: Opened, task: int) -> list[Receivers]:
    """The task's own queue first, then who stands above, then the other queues; the user is left out. Raises Problem
    if the task is not open."""
    desk, people = opened.desk, opened.desk.caseway.directory
    found, _, _ = human_step(opened, task)
    has = found.holder or found.assignee
    names = sorted(people.queues, key=lambda name: (name != found.queue, desk.queue(name)))
    told = [
        Receivers(
            queue=name, title=desk.queue(name), people=_people(opened, people.members(name) | people.managers(name))
        )
        for name in names
    ]
    above = _people(opened, list(people.line(has)) if has else [])
    if above:
        told.insert(min(len(told), 1), Receivers(queue="", title=desk.say("above"), people=above))
    return told


def _people(opened: Opened, users: Any) -> list[Colleague]:
    """Those of them who are in service; a line in its order, others by name."""
    desk, people = opened.desk, opened.desk.caseway.directory
    today = people.today(desk.now)
    ordered = users if isinstance(users, list) else sorted(users, key=desk.person)
    told = []
    for user in ordered:
        if user == desk.user or not people.active(user, today):
            continue
        away = people.absence(user, today, opened.process.name)
        told.append(Colleague(user=user, name=desk.person(user), away=away.end.isoformat() if away else ""))
    return told
