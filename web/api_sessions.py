"""Where the caller is signed in, for programs; and the end of that."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel
from starlette.requests import Request

from web.api import ANSWERS
from web.deps import Caller
from web.once import Once
from web.problems import Problem

router = APIRouter(prefix="/api/me/sessions", responses=ANSWERS, route_class=Once)


class SessionLine(BaseModel):
    """A browser that is signed in. `seen`: its last use, to the minute; `this`: it is the one that asks."""

    id: str
    began: datetime
    seen: datetime
    how: str
    address: str
    browser: str
    this: bool


def _this(request: Request) -> str:
    return "" if getattr(request.state, "bearer", False) else request.state.session.place


@router.get("")
def get_sessions(request: Request, desk: Caller) -> list[SessionLine]:
    """The caller's sessions, the newest first: a hundred at most, for they end by themselves within twelve hours."""
    found = request.app.state.accounts.sessions.of(desk.caseway.connection, desk.user)
    return [SessionLine(**one._asdict(), this=one.id == _this(request)) for one in found]


@router.delete("", status_code=204)
def end_other_sessions(request: Request, desk: Caller) -> Response:
    """Ends all of them; all but the one that asks, where a page does."""
    request.app.state.accounts.sessions.end_others(desk.user, _this(request))
    return Response(status_code=204)


@router.delete("/{id}", status_code=204)
def end_session(request: Request, desk: Caller, id: Annotated[str, Path(max_length=80)]) -> Response:
    if not request.app.state.accounts.sessions.end(desk.user, id):
        raise Problem(404, "session")
    return Response(status_code=204)
