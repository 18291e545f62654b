"""Comments and watching, for programs."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from web import talk
from web.api import ANSWERS, Done, Key, Number, TaskId, done_of
from web.deps import Caller
from web.history import Said, past
from web.once import Once
from web.opened import Opened
from web.talk import Watching

router = APIRouter(prefix="/api", responses=ANSWERS, route_class=Once)


class Comments(BaseModel):
    comments: list[Said]


class Words(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=4000)


@router.get("/cases/{number}/comments")
def get_comments(desk: Caller, number: Number) -> Comments:
    """What has been said of the case and its tasks, newest first."""
    return Comments(comments=past(Opened(desk, number)).comments)


@router.post("/cases/{number}/comments", status_code=201)
def comment_case(desk: Caller, number: Number, given: Words, key: Key = "") -> Done:
    """Says something of the case."""
    return done_of(talk.comment(desk, number, 0, given.text, key))


@router.post("/tasks/{number}/{task}/comments", status_code=201)
def comment_task(desk: Caller, number: Number, task: TaskId, given: Words, key: Key = "") -> Done:
    """Says something of an open task."""
    return done_of(talk.comment(desk, number, task, given.text, key))


@router.get("/cases/{number}/watchers")
def get_watchers(desk: Caller, number: Number) -> Watching:
    """Who watches the case."""
    return talk.watching(Opened(desk, number))


@router.post("/cases/{number}/watch")
def watch_case(desk: Caller, number: Number, key: Key = "") -> Done:
    """The caller watches the case from now on."""
    return done_of(talk.watch(desk, number, True, key))


@router.post("/cases/{number}/unwatch")
def unwatch_case(desk: Caller, number: Number, key: Key = "") -> Done:
    """The caller watches the case no longer."""
    return done_of(talk.watch(desk, number, False, key))
