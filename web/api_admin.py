"""Administration under the API: the organisation and its changes by two, accounts, tokens, incidents."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from engine.runtime.tables import micros
from organisation.load import ASSIGN_BY
from web import organisation as view
from web import upkeep
from web.api import ANSWERS, Cursor, Limit
from web.gates import ArrangerCaller, LeadCaller
from web.once import Once
from web.organisation import Changed, ChangeLine, GrantLine, Person
from web.paging import paged
from web.problems import Problem
from web.upkeep import Failing, Incidents
from workbench import arranging

router = APIRouter(prefix="/api/admin", responses=ANSWERS, route_class=Once, tags=["administration"])

User = Annotated[str, Path(description="A user's id.", max_length=80)]
NameText = Annotated[str, Field(max_length=80)]
Names = Annotated[list[NameText], Field(max_length=500)]
Texts = dict[Literal["zh", "en"], NameText]
Reason = Annotated[str, Field(max_length=1000, description="A change of authority needs one.")]


class Edit(BaseModel):
    """One change of the organisation. What is left out stays as it is; "" and [] take away."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    reason: Reason = ""

    def given(self) -> dict[str, Any]:
        found = self.model_dump(by_alias=True, exclude_unset=True, exclude={"reason"})
        return {key: value.isoformat() if isinstance(value, date) else value for key, value in found.items()}


class UserEdit(Edit):
    name: Texts | None = None
    roles: Names | None = None
    groups: Names | None = Field(default=None, description="The first is where the line of managers begins.")
    skills: Names | None = None
    start: date | Literal[""] | None = Field(default=None, alias="from")
    end: date | Literal[""] | None = Field(default=None, alias="to")
    capacity: Annotated[int, Field(ge=0, le=10**6)] | Literal[""] | None = None
    contact: dict[NameText, Annotated[str, Field(max_length=200)]] | None = None


class LeaveEdit(Edit):
    to: date = Field(description="The last day of service.")


class GroupEdit(Edit):
    title: Texts | None = None
    manager: NameText | None = None
    part_of: NameText | None = None


class QueueEdit(Edit):
    members: Names | None = None
    managers: Names | None = None
    assign_by: Literal["round_robin", "least_loaded", "skill", ""] | None = None


assert set(ASSIGN_BY) == {"round_robin", "least_loaded", "skill"}


class GrantEdit(Edit):
    """An authority for a role or a user, one of the two; the amount as text, with its decimals."""

    kind: NameText
    role: NameText = ""
    user: NameText = ""
    line: NameText = ""
    decision: NameText = ""
    amount: Annotated[str, Field(max_length=30)] = ""
    start: date | None = Field(default=None, alias="from")
    end: date | None = Field(default=None, alias="to")


class Decided(BaseModel):
    model_config = ConfigDict(extra="forbid")

    why: str = Field(default="", max_length=1000)


class Organisation(BaseModel):
    """The organisation as YAML, whole; its first line says of which revision."""

    revision: int
    yaml: str


class Taken(BaseModel):
    model_config = ConfigDict(extra="forbid")

    yaml: str = Field(max_length=1_000_000)
    reason: Reason = ""


class AccountLine(BaseModel):
    """An account that is closed. `failures`: wrong passwords or codes in a row; `closed_at`: by an administrator."""

    user: str
    failures: int
    locked_until: datetime | None
    last_at: datetime | None
    closed_at: datetime | None


class People(BaseModel):
    people: list[Person]
    next: str | None


class Grants(BaseModel):
    grants: list[GrantLine]
    next: str | None


class Changes(BaseModel):
    changes: list[ChangeLine]
    next: str | None


class Locked(BaseModel):
    accounts: list[AccountLine]
    next: str | None


class TokenLine(BaseModel):
    """An API token; never the token itself."""

    digest: str
    user: str
    title: str
    made_at: datetime
    expires: datetime


class Tokens(BaseModel):
    tokens: list[TokenLine]
    next: str | None


# --- the organisation -----------------------------------------------------------------------------------


@router.get("/organisation")
def get_organisation(desk: ArrangerCaller) -> Organisation:
    return Organisation(revision=desk.caseway.directory.revision, yaml=arranging.written(desk.caseway))


@router.put("/organisation")
def put_organisation(desk: ArrangerCaller, given: Taken) -> Changed:
    """Takes in a whole file: at once, or where it touches authority as a proposal for a second person."""
    text = given.yaml.encode("utf-8", "replace")
    return view.changed(
        desk, lambda: arranging.take_in(desk.caseway, text, "organisation.yaml", desk.user, given.reason)[0]
    )


@router.get("/people")
def get_people(
    desk: ArrangerCaller, q: Annotated[str, Query(max_length=80)] = "", after: Cursor = "", limit: Limit = 50
) -> People:
    """Users with these words in their name, id, role or queue; who has left comes last."""
    found, next = paged(view.people(desk, q, most=None), lambda one: (int(one.state == "left"), one.user), after, limit)
    return People(people=found, next=next)


@router.put("/people/{user}")
def put_person(desk: ArrangerCaller, user: User, given: UserEdit) -> Changed:
    """Makes or changes a user."""
    return _edit(desk, "user", {"user": user, **given.given()}, given.reason)


@router.post("/people/{user}/leave")
def leave(desk: ArrangerCaller, user: User, given: LeaveEdit) -> Changed:
    """Notes that somebody leaves: what they had in hand moves when the day is past."""
    return _edit(desk, "leave", {"user": user, **given.given()}, given.reason)


@router.put("/groups/{group}")
def put_group(desk: ArrangerCaller, group: User, given: GroupEdit) -> Changed:
    return _edit(desk, "group", {"group": group, **given.given()}, given.reason)


@router.put("/queues/{queue}")
def put_queue(desk: ArrangerCaller, queue: User, given: QueueEdit) -> Changed:
    return _edit(desk, "queue", {"queue": queue, **given.given()}, given.reason)


@router.get("/grants")
def get_grants(desk: ArrangerCaller, after: Cursor = "", limit: Limit = 50) -> Grants:
    """Who may decide what: by kind, then by holder."""
    found, next = paged(view.grants(desk), lambda one: (one.kind, one.holder, one.key), after, limit)
    return Grants(grants=found, next=next)


@router.post("/grants")
def post_grant(desk: ArrangerCaller, given: GrantEdit) -> Changed:
    """Proposes an authority."""
    try:
        amount = arranging.amount_of(given.amount)
    except ValueError:
        raise Problem(422, "form", fields={"amount": desk.say("change.amount")}) from None
    return _edit(desk, "grant", {**given.given(), "amount": amount}, given.reason)


@router.post("/grants/{key}/end")
def end_grant(desk: ArrangerCaller, key: User, given: Edit | None = None) -> Changed:
    """Proposes that an authority ends."""
    return _edit(desk, "grant_end", {"key": key}, given.reason if given else "")


@router.get("/changes")
def get_changes(desk: LeadCaller, after: Cursor = "", limit: Limit = 25) -> Changes:
    """Changes of the organisation that wait for a second person, the oldest first."""
    found, next = paged(view.waiting(desk), lambda one: (micros(one.at), one.id), after, limit)
    return Changes(changes=found, next=next)


@router.post("/changes/{id}/{decision}")
def decide_change(
    desk: LeadCaller, id: User, decision: Literal["approve", "reject"], given: Decided | None = None
) -> Changed:
    """Puts a change into force, or turns it down."""
    why = (given or Decided()).why
    return view.changed(desk, lambda: arranging.decide(desk.caseway, id, decision == "approve", desk.user, why))


def _edit(desk: Any, name: str, given: dict[str, Any], reason: str) -> Changed:
    return view.changed(desk, lambda: arranging.edit(desk.caseway, name, given, desk.user, reason))


# --- accounts, tokens, incidents -------------------------------------------------------------


@router.get("/accounts/locked")
def get_locked(request: Request, desk: ArrangerCaller, after: Cursor = "", limit: Limit = 50) -> Locked:
    """Accounts that are closed: by an administrator, or by wrong passwords or codes."""
    closed = request.app.state.accounts.locked(desk.caseway.connection)
    found, next = paged(closed, lambda one: (one.user,), after, limit)
    lines = [
        AccountLine(
            user=one.user, failures=one.failures, locked_until=one.locked_until, last_at=one.last_at,
            closed_at=one.closed_at,
        )
        for one in found
    ]  # fmt: skip
    return Locked(accounts=lines, next=next)


@router.post("/accounts/{user}/{action}", status_code=204)
def do_account(
    request: Request, desk: ArrangerCaller, user: User,
    action: Literal["unlock", "close", "end_sessions", "remove_second"],
) -> Response:  # fmt: skip
    """Closes an account or opens it again, signs its user out everywhere, or takes their second factor away."""
    if user not in desk.caseway.directory.users:
        raise Problem(404, "account")
    if not request.app.state.accounts.tend(user, action, desk.user):
        raise Problem(409, "own_account", desk.say("account.own"))
    return Response(status_code=204)


@router.get("/tokens")
def get_tokens(request: Request, desk: ArrangerCaller, after: Cursor = "", limit: Limit = 50) -> Tokens:
    """The good API tokens of everybody."""
    found = request.app.state.accounts.all_tokens(desk.caseway.connection, after, limit + 1)
    lines = [TokenLine(**one._asdict()) for one in found[:limit]]
    return Tokens(tokens=lines, next=found[limit - 1].digest if len(found) > limit else None)


@router.post("/tokens/{user}/{digest}/revoke", status_code=204)
def revoke_token(request: Request, desk: ArrangerCaller, user: User, digest: User) -> Response:
    if not request.app.state.accounts.revoke(user, digest):
        raise Problem(404, "token")
    return Response(status_code=204)


@router.get("/incidents")
def get_incidents(desk: LeadCaller, after: Cursor = "", limit: Limit = 50) -> Incidents:
    """Steps that failed and wait for a person, the oldest first; `POST /api/bulk` retries them."""
    return upkeep.incidents(desk, after, limit)


@router.get("/jobs/failing")
def get_failing(desk: LeadCaller, after: Cursor = "", limit: Limit = 50) -> Failing:
    """Service work whose last try failed, the one tried next first."""
    return upkeep.failing(desk, after, limit)
