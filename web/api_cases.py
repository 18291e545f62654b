"""The API of cases as a whole: correcting, moving, reopening, holding, relating, merging; and cases that are alike."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from web.api import ANSWERS, Begun, Done, Key, Number, Seen, done_of, exact, revision
from web.casework import preview, preview_reopening, steer
from web.deps import Caller
from web.kin import Alike, Linked, Merging, Place, alike, like, links, merging, places
from web.once import Once
from web.opened import Opened
from web.problems import Problem
from web.roles import may_start
from web.starting import who_starts

router = APIRouter(prefix="/api", responses=ANSWERS, route_class=Once)

CaseAction = Literal[
    "suspend", "resume", "cancel", "owner", "correct", "move", "approve_move", "withdraw_move", "reopen", "link",
    "unlink", "merge", "hold", "lift_hold", "begin", "finish",
]  # fmt: skip
Kind = Literal["related", "duplicate_of", "has_duplicate", "part_of", "has_part"]
Whole = Annotated[int, Field(ge=0, le=2**53)]
Short = Annotated[str, Field(max_length=80)]


class Steered(BaseModel):
    """What an action takes; each takes some of it.

    user: the new owner. changes: fields at the top of the data with their new values, null for none (correct). token,
    target: what is moved, and to which step (move). proposal: its number (approve_move, withdraw_move). step: where a
    case is reopened. token, step: an ad-hoc block, as a case's `blocks` name it, and what is begun in it (begin,
    finish). other, kind: the number of another case, and what it is to this one (link, unlink, merge). hold:
    its number (lift_hold).
    """

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="", max_length=4000)
    user: Short = ""
    changes: dict[str, Any] = {}
    token: Whole = 0
    target: Short = ""
    proposal: Whole = 0
    step: Short = ""
    other: Short = ""
    kind: Kind = "related"
    hold: Whole = 0


class Foreseen(BaseModel):
    """What would be taken away, and what would happen then, in the caller's language."""

    goes: list[str]
    comes: list[str]


class Moving(BaseModel):
    model_config = ConfigDict(extra="forbid")

    token: Whole
    target: Short


class Into(BaseModel):
    model_config = ConfigDict(extra="forbid")

    other: Short


class Reopening(BaseModel):
    model_config = ConfigDict(extra="forbid")

    step: Short = ""


class Related(BaseModel):
    """links: the cases that this one is related to. alike: those that it may be one and the same with."""

    links: list[Linked]
    alike: list[Alike]


@router.get("/cases/{number}/related")
def get_related(desk: Caller, number: Number) -> Related:
    """The cases around a case: related, and alike by the rules of its process. All at once: the links of one case, and
    the nearest hundred by each rule."""
    opened = Opened(desk, number)
    linked = links(opened)
    return Related(links=linked, alike=alike(opened, {one.line.case for one in linked}))


@router.get("/cases/{number}/places")
def get_places(desk: Caller, number: Number) -> list[Place]:
    """Where the case stands, and to which steps each token may be moved: all at once, for one case has few."""
    return places(Opened(desk, number))


@router.post("/cases/{number}/move/preview")
def preview_move(desk: Caller, number: Number, given: Moving) -> Foreseen:
    """What a move would take away and start. Changes nothing."""
    seen = preview(Opened(desk, number), given.token, given.target)
    return Foreseen(goes=list(seen.goes), comes=list(seen.comes))


@router.post("/cases/{number}/merge/preview")
def preview_merge(desk: Caller, number: Number, given: Into) -> Merging:
    """What merging the case into the other would do: which leads, what goes, what stays. Changes nothing."""
    return merging(Opened(desk, number), given.other)


@router.post("/cases/{number}/reopen/preview")
def preview_reopen(desk: Caller, number: Number, given: Reopening | None = None) -> Foreseen:
    """What reopening the case would start. Changes nothing."""
    seen = preview_reopening(Opened(desk, number), (given or Reopening()).step)
    return Foreseen(goes=list(seen.goes), comes=list(seen.comes))


@router.post("/alike")
def find_alike(desk: Caller, given: Begun) -> list[Alike]:
    """The cases that may be one and the same with one that would be started with these data: the nearest
    by each rule of the process, all at once. Changes nothing."""
    process = desk.caseway.definitions.process(given.process)
    if process is None:
        raise Problem(404, "process")
    if not may_start(desk, process):
        raise Problem(403, "start", desk.say("start.closed", who=who_starts(desk, process)))
    return like(desk, process, exact(given.data))


@router.post("/cases/{number}/{action}")
def do_case(
    desk: Caller, number: Number, action: CaseAction, given: Steered | None = None, key: Key = "", seen: Seen = ""
) -> Done:
    """An action on the case as a whole; a case's `steering.actions` says which are open to the caller."""
    asked = (given or Steered()).model_dump()
    asked["changes"] = exact(asked["changes"])
    return done_of(steer(Opened(desk, number), action, asked, id=key, revision=revision(seen)))
