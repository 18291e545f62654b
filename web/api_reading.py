"""The API of reading: opening secrets, breaking the glass and its review, restricting cases, looks, lists of tasks."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from organisation.looks import MOST_REASON
from tasks.commands import LiftRestriction, RestrictCase
from web import reading
from web.api import ANSWERS, Cursor, Done, Key, Limit, Name, Number, Seen, done_of, revision
from web.commands import ask
from web.deps import Caller
from web.listing import Order, TaskList, Whose, listed
from web.once import Once
from web.opened import Opened
from web.problems import Problem
from web.reading import BrokenGlass, Glass, Looks

router = APIRouter(prefix="/api", responses=ANSWERS, route_class=Once)

CaseNumber = Annotated[str, Query(description="Only of the case of this number.", max_length=80)]


class Why(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="", max_length=MOST_REASON)


class Restricting(Why):
    """readers: who else reads it, as user.x or role.x."""

    readers: list[str] = Field(default=[], max_length=50)


class Reviewing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    verdict: Literal["justified", "unjustified"]
    note: str = Field(default="", max_length=MOST_REASON)


class Secrets(BaseModel):
    """Fields that hold secrets, opened: this look has been kept."""

    secrets: dict[str, Any]


@router.post("/cases/{number}/secrets")
def open_secrets(desk: Caller, number: Number, given: Why | None = None) -> Secrets:
    """The secrets of a case that the caller may open. Every look is kept."""
    opened = Opened(desk, number)
    return Secrets(secrets=reading.revealed(desk, opened.sight, opened.subject, reason=(given or Why()).reason))


@router.post("/cases/{number}/glass", status_code=201)
def break_glass(desk: Caller, number: Number, given: Why) -> BrokenGlass:
    """Opens a case to the caller who has no right to read it, with a reason that somebody reviews."""
    opened = Opened(desk, number, "")
    return reading.break_glass(desk, opened.sight, opened.state.flow.number or opened.case, given.reason)


@router.post("/cases/{number}/restrict")
def restrict(desk: Caller, number: Number, given: Restricting, key: Key = "", seen: Seen = "") -> Done:
    """Lets only few read the case."""
    return _mark(desk, number, RestrictCase(given.reason, tuple(given.readers)), key, seen)


@router.post("/cases/{number}/lift")
def lift(desk: Caller, number: Number, given: Why, key: Key = "", seen: Seen = "") -> Done:
    """Lifts the restriction of a case."""
    return _mark(desk, number, LiftRestriction(given.reason), key, seen)


def _mark(desk: Caller, number: str, command: RestrictCase | LiftRestriction, key: str, seen: str) -> Done:
    if not command.reason.strip():
        raise Problem(422, "reason", fields={"reason": "is required"})
    return done_of(ask(desk, Opened(desk, number).case, command, id=key, revision=revision(seen)))


@router.get("/reading/waiting")
def waiting(desk: Caller, after: Cursor = "", limit: Limit = 50) -> Glass:
    """Broken glass that waits for its review, the most pressing first; for those whose affair that is."""
    return reading.unreviewed(desk, after, limit)


@router.get("/reading/glass")
def broken(desk: Caller, case: CaseNumber = "", user: Name = "", after: Cursor = "", limit: Limit = 50) -> Glass:
    """All broken glass, newest first; for those whose affair the review is."""
    return reading.broken(desk, case, user, after, limit)


@router.post("/reading/glass/{id}")
def review(desk: Caller, id: str, given: Reviewing) -> BrokenGlass:
    """Says whether an opening was justified; nobody reviews their own."""
    return reading.reviewed(desk, id, given.verdict, given.note)


@router.get("/reading/looks")
def looked(desk: Caller, case: CaseNumber = "", user: Name = "", after: Cursor = "", limit: Limit = 50) -> Looks:
    """Looks at secrets, newest first; for those whose affair the review is."""
    return reading.looked(desk, case, user, after, limit)


@router.get("/tasks")
def get_tasks(
    desk: Caller, whose: Whose = "mine", queue: Name = "", process: Name = "", step: Name = "", overdue: bool = False,
    q: Annotated[str, Query(max_length=200)] = "", order: Order = "", after: Cursor = "", limit: Limit = 25,
) -> TaskList:  # fmt: skip
    """Tasks: the caller's, those that their queues offer, their team's; narrowed, searched, in the order of service or
    by deadline."""
    return listed(
        desk, whose, queue=queue, process=process, step=step, overdue=overdue, words=q, order=order, after=after,
        limit=limit,
    )  # fmt: skip
