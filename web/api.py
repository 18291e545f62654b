"""The API: everything that the pages do, for programs.

A program signs in with a token (`Authorization: Bearer …`). Commands take an `Idempotency-Key`: what is sent again
under the same key is done once, and answered as the first time. `If-Match` with the revision of the case that the
program has seen refuses a command on a case that has changed since (412). Errors are Problem details (RFC 9457).
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from engine.runtime.answers import Accepted
from web import once
from web.cases import CaseView, case_view
from web.commands import act, take_next, utc
from web.deps import Caller
from web.listing import Order
from web.lists import Inbox
from web.once import Once
from web.opened import approach
from web.placing import Receivers, receivers
from web.problems import Problem
from web.search import CaseList, Status, search
from web.sifting import Sift, State, sifted
from web.starting import begin
from web.tasks import TaskView, actions, task_view


class ProblemBody(BaseModel):
    """RFC 9457, with a code for programs and errors field by field."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, str]] = []


_PROBLEM: dict[str, Any] = {
    "model": ProblemBody,
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {**_PROBLEM, "description": text}
    for status, text in {
        400: "Not understood", 401: "No token, or not a good one", 403: "Not allowed", 404: "Not there",
        409: "Not now", 412: "Changed since it was seen", 413: "Too large", 422: "Does not fit",
        429: "Too often: wait", 503: "The database is busy or away",
    }.items()
}  # fmt: skip

TAGGED: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"description": 'The revision of the case, as "12", for If-Match.',
                               "schema": {"type": "string"}}}}
}  # fmt: skip
"""What is answered with the revision of a case."""


def links(status: int, number: str, task: str = "") -> dict[int | str, dict[str, Any]]:
    """Where a program goes on from an answer: to the case, and to the task. number, task: where they stand in it."""
    case = {"number": f"$response.body#/{number}"}
    found: dict[str, Any] = {
        "case": {"operationId": "get_case", "parameters": case},
        "suspend": {"operationId": "do_case", "parameters": {**case, "action": "suspend"}},
    }
    if task:
        place = {**case, "task": f"$response.body#/{task}"}
        found |= {
            "task": {"operationId": "get_task", "parameters": place},
            "actions": {"operationId": "get_actions", "parameters": place},
            "claim": {"operationId": "do_task", "parameters": {**place, "action": "claim"}},
            "release": {"operationId": "do_task", "parameters": {**place, "action": "release"}},
        }
    return {status: {"links": found}}


router = APIRouter(prefix="/api", responses=ANSWERS, route_class=Once)

Number = Annotated[str, Path(description="The case: its business number or its id.", max_length=80)]
TaskId = Annotated[int, Path(ge=1, le=2**53)]
Key = once.Key
Seen = Annotated[str, Header(alias="If-Match", description='The revision seen, as "12".', max_length=40)]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str, Query(max_length=400)]
Name = Annotated[str, Query(max_length=80)]


class Me(BaseModel):
    user: str
    name: str
    roles: list[str]
    queues: list[str]


class Done(BaseModel):
    """An accepted command. `repeated`: it had been done before under this key."""

    case: str
    number: str
    revision: int
    repeated: bool


class Given(BaseModel):
    """What an action takes; each takes some of it. See `actions` of the task."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="", max_length=4000)
    queue: str = Field(default="", max_length=80)
    user: str = Field(default="", max_length=80)
    until: datetime | None = None
    question: str = Field(default="", max_length=4000)
    answer: str = Field(default="", max_length=4000)
    agrees: bool = False
    priority: int = 0
    outcome: str = Field(default="", max_length=80)
    data: dict[str, Any] = {}


class Begun(BaseModel):
    model_config = ConfigDict(extra="forbid")

    process: str = Field(max_length=80)
    data: dict[str, Any] = {}


Action = Literal[
    "claim", "release", "transfer", "delegate", "return", "follow_up", "take_up", "ask_review", "answer", "withdraw",
    "skip", "suspend", "resume", "priority", "start", "vote", "draft", "complete",
]  # fmt: skip


@router.get("/me")
def me(desk: Caller) -> Me:
    """Whose token it is."""
    queues = list(desk.caseway.directory.serving(desk.user))
    return Me(user=desk.user, name=desk.person(desk.user), roles=sorted(desk.roles), queues=queues)


@router.get("/inbox", responses=links(200, "offered/0/number", "offered/0/task"))
def get_inbox(
    desk: Caller, queue: Name = "", process: Name = "", state: State = "",
    priority: Annotated[int, Query(ge=0, le=1000, description="At least this.")] = 0,
    q: Annotated[str, Query(max_length=200)] = "", order: Order = "", after: Cursor = "", limit: Limit = 25,
) -> Inbox:  # fmt: skip
    """The caller's work: what they hold, and a page of what their queues offer, narrowed by what is given."""
    return sifted(desk, Sift(queue, process, state, priority, q, order), after, limit)


@router.post(
    "/next", response_model=TaskView,
    responses={**links(200, "line/number", "line/task"), 204: {"description": "Nothing to take"}},
)  # fmt: skip
def next_task(desk: Caller, queue: Name = "", key: Key = "") -> Any:
    """Takes the best task there is for the caller; asked again under the same key, it is the same task."""
    found = take_next(desk, (queue,) if queue else (), key)
    return Response(status_code=204) if found is None else task_view(desk, found.number, found.task)


@router.get("/tasks/{number}/{task}", responses=TAGGED)
def get_task(desk: Caller, response: Response, number: Number, task: TaskId) -> TaskView:
    """A task with its form, its outcomes and what may be done with it."""
    found = task_view(desk, number, task)
    response.headers["ETag"] = f'"{found.revision}"'
    return found


@router.get("/tasks/{number}/{task}/receivers")
def get_receivers(desk: Caller, number: Number, task: TaskId) -> list[Receivers]:
    """To whom the task may go: the people of each queue, and those above who has it; all at once, to choose from."""
    return receivers(approach(desk, number, task), task)


@router.post("/tasks/{number}/{task}/{action}")
def do_task(
    request: Request, desk: Caller, number: Number, task: TaskId, action: Action, given: Given | None = None,
    key: Key = "", seen: Seen = "",
) -> Done:  # fmt: skip
    """An action of the task's life."""
    opened = approach(desk, number, task)
    asked = (given or Given()).model_dump(exclude_unset=True)
    if asked.get("until") is not None and asked["until"].tzinfo is None:
        raise Problem(422, "form", fields={"until": "a moment with its offset"})
    try:
        asked |= {"until": utc(asked["until"])} if asked.get("until") is not None else {}
    except ValueError as error:
        raise Problem(422, "form", fields={"until": str(error)}) from error
    asked["data"] = exact(asked.get("data") or {})
    return done_of(act(desk, opened.case, task, action, asked, id=key, revision=revision(seen)))


@router.get("/cases", responses=links(200, "cases/0/number"))
def get_cases(
    desk: Caller, q: Annotated[str, Query(max_length=200)] = "", process: Name = "", status: Status = "",
    watched: Literal["", "me"] = "", after: Cursor = "", limit: Limit = 25,
) -> CaseList:  # fmt: skip
    """Cases with these words in their number, customer or policy, newest first; `watched=me`: those that the caller
    watches."""
    return search(desk, q, process, status, after, limit, bool(watched))


@router.post("/cases", status_code=201, responses=links(201, "number"))
def start_case(desk: Caller, given: Begun, key: Key = "") -> Done:
    """Starts a case."""
    if desk.caseway.definitions.process(given.process) is None:
        raise Problem(404, "process")
    return done_of(begin(desk, given.process, exact(given.data), key))


@router.get("/cases/{number}", responses={200: {**TAGGED[200], **links(200, "line/number", "tasks/0/task")[200]}})
def get_case(desk: Caller, response: Response, number: Number) -> CaseView:
    """A case: where it stands, data, clocks, history."""
    found = case_view(desk, number)
    response.headers["ETag"] = f'"{found.revision}"'
    return found


@router.get("/cases/{number}/tasks/{task}/actions")
def get_actions(desk: Caller, number: Number, task: TaskId) -> dict[str, str]:
    """What the task's state knows: why each action is closed to the caller, or ""."""
    opened = approach(desk, number, task)
    if task not in opened.state.work.tasks:
        raise Problem(404, "closed", desk.say("task_closed"))
    return actions(opened, task)


# --- within -----------------------------------------------------------------------------------------


def done_of(answer: Accepted) -> Done:
    return Done(case=answer.case, number=answer.number, revision=answer.revision, repeated=answer.repeated)


def revision(seen: str) -> int | None:
    """The revision of an If-Match header. Raises Problem for what is none."""
    text = seen.strip().removeprefix("W/").strip('"')
    if not text or text == "*":
        return None
    if not text.isdecimal() or len(text) > 15:
        raise Problem(400, "if_match", f'expected a revision such as "12", not {seen[:40]}')
    return int(text)


def exact(value: Any) -> Any:
    """JSON as it came: what the parser read as a float is written as the decimal that it was."""
    if isinstance(value, float):
        return Decimal(repr(value)) if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, dict):
        return {name: exact(inner) for name, inner in value.items()}
    return [exact(inner) for inner in value] if isinstance(value, list) else value
