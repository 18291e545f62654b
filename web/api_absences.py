"""The API of absences: who is away when, and where their work goes. Everybody may note their own."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from web import absences as view
from web.absences import AbsenceLine, Left, Noted, Way
from web.api import ANSWERS, Cursor, Limit
from web.api_admin import Edit, Names, NameText
from web.api_floor import AllAnswered, One, all_answered
from web.bulk import Chosen
from web.deps import Caller
from web.gates import LeadCaller
from web.once import Once
from web.organisation import Changed
from web.paging import paged

router = APIRouter(prefix="/api/admin", responses=ANSWERS, route_class=Once, tags=["administration"])

AbsenceKey = Annotated[str, Path(description="What an absence is called.", max_length=80)]


class AbsenceEdit(Edit):
    user: NameText
    start: date = Field(alias="from")
    end: date = Field(alias="to")
    substitute: NameText = ""
    processes: Names = Field(default=[])


class Absences(BaseModel):
    absences: list[AbsenceLine]
    next: str | None


class Moving(BaseModel):
    """to: `substitute`, `queue`, or `leave`, which moves nothing. items: which of the tasks; all, where not given."""

    model_config = ConfigDict(extra="forbid")

    to: Way
    items: list[One] | None = Field(default=None, max_length=100)


@router.get("/absences")
def get_absences(desk: LeadCaller, past: bool = False, after: Cursor = "", limit: Limit = 50) -> Absences:
    """Who is away when, the nearest first; of the past only when asked."""
    found, next = paged(view.absences(desk, past), lambda one: (one.start.isoformat(), one.user, one.key), after, limit)
    return Absences(absences=found, next=next)


@router.post("/absences")
def post_absence(desk: Caller, given: AbsenceEdit) -> Noted:
    """Notes that the caller, or somebody of the caller's line, is away; how much they have in hand."""
    return view.note(desk, given.given(), given.reason)


@router.get("/absences/{key}/tasks")
def get_left(desk: Caller, key: AbsenceKey) -> Left:
    """What the person has in hand, and where it may go: all at once, at most a hundred."""
    return view.left(desk, key)


@router.post("/absences/{key}/move")
def move_left(desk: Caller, key: AbsenceKey, given: Moving) -> AllAnswered:
    """Moves what the person has in hand; each task is answered by itself."""
    chosen = None if given.items is None else [Chosen(one.number, one.item) for one in given.items]
    return all_answered(desk, view.move(desk, key, given.to, chosen))


@router.post("/absences/{key}/end")
def end_absence(desk: Caller, key: AbsenceKey) -> Changed:
    """Takes an absence back."""
    return view.end(desk, key)
