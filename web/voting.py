"""A step that several decide, as its page shows it: who has voted how, and what is still needed."""

from typing import Any

from pydantic import BaseModel

from engine.core.model import Human
from tasks.ground import work_of
from web import show
from web.opened import Opened


class Cast(BaseModel):
    """A vote."""

    by_name: str
    behalf: list[str]  # the names of those on whose behalf
    outcome: str
    title: str
    reason: str


class Votes(BaseModel):
    """`first` is carried by `needs` votes of `of`, otherwise it is `second`. left: votes still to come; missing: how
    many more `first` needs. role: who votes, "" for all whom the queue allows."""

    of: int
    needs: int
    first: str
    second: str
    left: int
    missing: int
    role: str
    cast: list[Cast]


def votes(opened: Opened, task: Any, human: Human) -> Votes | None:
    """The votes of a task; None where it is not decided by votes."""
    desk, approvals = opened.desk, work_of(opened.process, task.step).approvals
    if approvals is None:
        return None
    titles = {way.name: desk.told(way.title, show.worded(way.name)) for way in human.outcomes.values()}
    first, second = human.outcomes
    yes = sum(one.outcome == first for one in task.votes)
    return Votes(
        of=approvals.of, needs=approvals.needs, first=titles[first], second=titles[second],
        left=max(0, approvals.of - len(task.votes)), missing=max(0, approvals.needs - yes),
        role=desk.role(approvals.role) if approvals.role else "",
        cast=[
            Cast(by_name=desk.person(one.by), behalf=[desk.person(other) for other in one.behalf], outcome=one.outcome,
                 title=titles[one.outcome], reason=one.reason)
            for one in task.votes
        ],
    )  # fmt: skip
