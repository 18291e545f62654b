"""Calendars under the API: their years, what other days would move, proposing them, counting deadlines again."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from engine.core.commands import Refuse
from engine.language.problems import DefinitionError
from web import upkeep
from web.api import ANSWERS
from web.api_processes import ProposalLine, broken, proposal_line, unmade
from web.calendars import Changes, Recounted, Standing, Trial, proposed, recounted, standing, tried
from web.gates import DesignerCaller, LeadCaller
from web.once import Once
from web.upkeep import CalendarView

router = APIRouter(prefix="/api/admin/calendars", responses=ANSWERS, route_class=Once, tags=["administration"])

Name = Annotated[str, Path(description="The calendar, as house.yaml names it.", max_length=80)]


class Change(Changes):
    """A change with its reason."""

    reason: Annotated[str, Field(min_length=1, max_length=1000)]


@router.get("/{name}")
def get_standing(desk: LeadCaller, name: Name) -> Standing:
    """How many open clocks are on a calendar, and how many of them were counted on an older version."""
    return standing(desk, name)


@router.get("/{name}/{year}")
def get_calendar(desk: LeadCaller, name: Name, year: Annotated[int, Path(ge=1901, le=2200)]) -> CalendarView:
    """What every day of a year is."""
    return upkeep.calendar_view(desk, name, year)


@router.post("/{name}/preview")
def preview_days(desk: DesignerCaller, name: Name, given: Changes) -> Trial:
    """Which open deadlines would move if these days were in force; of the first 500 cases."""
    return tried(desk, name, given)


@router.post("/{name}/days", status_code=201)
def propose_days(desk: DesignerCaller, name: Name, given: Change) -> ProposalLine:
    """Keeps the calendar with these days for another person's approval."""
    try:
        return proposal_line(desk, proposed(desk, name, given, given.reason))
    except Refuse as refused:
        raise unmade(desk, refused, 422) from None
    except DefinitionError as error:
        raise broken(desk, error, 422) from None


@router.post("/{name}/recount")
def recount_deadlines(desk: LeadCaller, name: Name) -> Recounted:
    """Counts open deadlines on an older version again, so many that one may wait for it: ask until `older` is 0."""
    return recounted(desk, name)
