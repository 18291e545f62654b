"""Who is there, and on whose behalf somebody acts: delegates and substitutes (R26)."""

from typing import cast

from engine.core.data import names
from engine.core.machine import Turn
from tasks.ground import Ground, directory
from tasks.model import Work
from tasks.state import Task


def there(ground: Ground, user: str) -> bool:
    """Whether the user is in service and not away, as far as this process is concerned."""
    people = directory(ground)
    return people.there(user, people.today(ground.now), ground.process.name)


def stand_in(ground: Ground, user: str) -> str:
    """Who stands in for a user who is away; "" for nobody, or while the user is there."""
    people = directory(ground)
    known = people.users.get(user)
    if known is None or not known.absences:
        return ""
    return people.stand_in(user, people.today(ground.now), ground.process.name)


def present(ground: Ground, user: str) -> str:
    """The user if they are there, else who stands in; "" where nobody does."""
    return user if there(ground, user) else stand_in(ground, user)


def substitutes(ground: Ground, task: Task, user: str) -> str:
    """The one who has the task, or is meant to, and for whom the user stands in; "" if there is none."""
    whose = task.holder or task.assignee
    return whose if whose and whose != user and stand_in(ground, whose) == user else ""


def kept_out(ground: Ground, number: int, step: Work) -> frozenset[str]:
    """Who takes no part in a task, whatever they did in its case. Raises Fault or EvaluationError."""
    if step.not_users is None:
        return frozenset()
    return frozenset(map(str, step.not_users.evaluate(names(cast(Turn, ground), number)) or ()))


def on_behalf(ground: Ground, task: Task, user: str) -> tuple[str, ...]:
    """On whose behalf the user acts, or would act, on this task."""
    if user == task.holder:
        return task.behalf
    if user == task.assignee and not task.holder:
        return (task.stands_for,) if task.stands_for else ()
    absent = substitutes(ground, task, user)
    return (absent, *task.behalf) if absent else ()
