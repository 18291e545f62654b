"""The floor under the API, and what is done to several tasks at once."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from web.api import ANSWERS, Cursor, Done, Key, Limit, Name, Number, ProblemBody, Seen, done_of, revision
from web.breaches import Breaches, Which, acknowledge, breaches
from web.bulk import MOST, Bulk, Chosen, Result, several
from web.clocks import extend
from web.deps import Caller
from web.desk import Desk
from web.floor import Floor, Tasks, floor, tasks
from web.likely import Foreseen, by_chance
from web.once import Once
from web.problems import Problem, body

router = APIRouter(prefix="/api", responses=ANSWERS, route_class=Once, tags=["floor"])

ClockName = Annotated[str, Path(description="The clock's name; a step's limit is called as the step.", max_length=80)]


class One(BaseModel):
    """A task of a case; to `retry`, an incident of it."""

    model_config = ConfigDict(extra="forbid")

    number: str = Field(max_length=80, description="The case: its business number or its id.")
    item: int = Field(ge=1, le=2**53)


class Several(BaseModel):
    """An action, the tasks it is done to, and what it takes: `transfer` a queue or a user and a reason, `priority`
    a priority and a reason, `comment` a text; `claim` and `retry` nothing."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"action": "priority", "items": [{"number": "LP-2026-000001", "item": 2}], "priority": 70,
                 "reason": "the customer called"}
            ]
        },
    )  # fmt: skip

    action: Bulk
    items: list[One] = Field(min_length=1, max_length=MOST)
    queue: str = Field(default="", max_length=80)
    user: str = Field(default="", max_length=80)
    priority: int = Field(default=0, ge=-(2**53), le=2**53)
    reason: str = Field(default="", max_length=4000)
    text: str = Field(default="", max_length=4000)


TAKES: dict[Bulk, tuple[str, ...]] = {
    "claim": (), "transfer": ("queue", "user", "reason"), "priority": ("priority", "reason"), "comment": ("text",),
    "retry": (),
}  # fmt: skip
"""What each action takes."""


class Answered(BaseModel):
    """What came of one: `revision` of its case if it is done, else the problem."""

    number: str
    item: int
    revision: int | None
    problem: ProblemBody | None


class AllAnswered(BaseModel):
    """In the order asked, each item once."""

    done: int
    answers: list[Answered]


class WhyLate(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "staff", "note": "two on leave"}]}
    )

    reason: str = Field(max_length=80, description="One of the house's `clocks.breaches.reasons`.")
    note: str = Field(default="", max_length=2000)
    run: int = Field(default=0, ge=0, le=2**31, description="Which run, where several are open; 0: the only one.")


@router.get("/floor")
def get_floor(request: Request, desk: Caller) -> Floor:
    """The floor as the caller looks after it; figures are at most ten seconds old."""
    return floor(desk, request.app.state.rollup)


@router.get("/floor/tasks")
def get_floor_tasks(desk: Caller, queue: Name = "", person: Name = "", after: Cursor = "", limit: Limit = 25) -> Tasks:
    """The open tasks of one queue or one person, the earliest due first."""
    return tasks(desk, queue=queue, person=person, after=after, limit=limit)


@router.get("/floor/breaches")
def get_breaches(desk: Caller, which: Which = "open", after: Cursor = "", limit: Limit = 25) -> Breaches:
    """The clocks that are late and still open, the law's first, then the longest late; or (`closed`) those that have
    closed late without anybody having said why, the latest first."""
    return breaches(desk, which, after, limit)


@router.get("/floor/likely")
def get_likely(desk: Caller, after: Cursor = "", limit: Limit = 25) -> Foreseen:
    """The clocks that are open and not late, with the chance that each is breached, the likeliest first; then those of
    which too little is known to say, the soonest due first."""
    return by_chance(desk, after, limit)


@router.post("/cases/{number}/clocks/{clock}/acknowledge")
def acknowledge_breach(
    request: Request, desk: Caller, number: Number, clock: ClockName, given: WhyLate, key: Key = "", seen: Seen = ""
) -> Done:
    """Says why a clock is late. Changes no deadline; said again, it replaces what was said."""
    rollup = request.app.state.rollup
    return done_of(
        acknowledge(
            desk, rollup, number, clock, given.run, given.reason, given.note, id=key, revision=revision(seen)
        )
    )  # fmt: skip


class MoreTime(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"by": "5wd", "reason": "the police report is not out yet"}]}
    )

    by: str = Field(max_length=20, description="A length in the limit's own measure, as 5wd.")
    reason: str = Field(max_length=2000)
    run: int = Field(default=0, ge=0, le=2**31, description="Which run, where several are open; 0: the only one.")


@router.post("/cases/{number}/clocks/{clock}/extend")
def extend_clock(
    desk: Caller, number: Number, clock: ClockName, given: MoreTime, key: Key = "", seen: Seen = ""
) -> Done:
    """Gives a running clock more time, within what its definition allows; for who has the role that may."""
    return done_of(
        extend(desk, number, clock, given.run, given.by, given.reason, id=key, revision=revision(seen))
    )  # fmt: skip


@router.post("/bulk")
def bulk(desk: Caller, given: Several, key: Key = "") -> AllAnswered:
    """The same done to each of these tasks (or incidents); one that is refused stops none of the others."""
    asked: dict[str, Any] = {name: getattr(given, name) for name in TAKES[given.action]}
    extra = sorted(given.model_fields_set - {"action", "items", *asked})
    if extra:
        raise Problem(422, "form", fields=dict.fromkeys(extra, f"{given.action} does not take this"))
    chosen = [Chosen(one.number, one.item) for one in given.items]
    return all_answered(desk, several(desk, given.action, chosen, asked, key))


def all_answered(desk: Desk, results: Sequence[Result]) -> AllAnswered:
    return AllAnswered(
        done=sum(one.problem is None for one in results),
        answers=[
            Answered(
                number=one.chosen.number, item=one.chosen.item, revision=one.revision or None,
                problem=ProblemBody(**body(one.problem, desk.language)) if one.problem else None,
            )
            for one in results
        ],
    )  # fmt: skip
