"""Comments and watching, for programs."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from web import talk
from web.api import ANSWERS, Done, Key, Limit, Number, TaskId, done_of
from web.deps import Caller
from web.once import Once
from web.opened import Opened
from web.talk import Comments, Watching

Place = Annotated[int, Query(ge=0, le=2**53)]

router = APIRouter(prefix="/api", responses=ANSWERS, route_class=Once)


class Words(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=4000)


@router.get("/cases/{number}/comments")
def get_comments(desk: Caller, number: Number, after: Place = 0, limit: Limit = 25) -> Comments:
    """What has been said of the case and its tasks, newest first. A page may be empty and have a `next`: then nobody
    said anything in a long stretch of the history."""
    return talk.comments(Opened(desk, number), after, limit)


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
