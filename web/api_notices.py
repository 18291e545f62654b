"""Notices under the API: what has not arrived, for administrators; how the caller wants to be told."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from web import notified
from web.api import ANSWERS, Cursor, Limit
from web.deps import Caller
from web.gates import ArrangerCaller
from web.notified import DispatchList, OwnWishes, Wishes
from web.once import Once
from web.problems import Problem

router = APIRouter(prefix="/api", responses=ANSWERS, route_class=Once, tags=["notices"])

State = Annotated[
    Literal["dead", "pending", "sent"], Query(description="`dead`: what could not be delivered, and is given up.")
]


@router.get("/admin/notices")
def get_dispatches(desk: ArrangerCaller, state: State = "dead", after: Cursor = "", limit: Limit = 50) -> DispatchList:
    """Notices on their ways to people, the newest first."""
    return notified.dispatches(desk, state, after, limit)


@router.post("/admin/notices/{dispatch}/retry", status_code=204)
def retry_dispatch(desk: ArrangerCaller, dispatch: Annotated[str, Path(max_length=80)]) -> Response:
    """Has one that was given up tried again, from the beginning."""
    if not notified.again(desk, dispatch):
        raise Problem(404, "unknown")
    return Response(status_code=204)


@router.get("/me/notices")
def get_own_wishes(desk: Caller) -> OwnWishes:
    """How the caller wants to be told."""
    return notified.own_wishes(desk)


@router.put("/me/notices", status_code=204)
def set_own_wishes(desk: Caller, given: Wishes) -> Response:
    """How the caller wants to be told from now on; what is empty the house decides."""
    notified.wish(desk, given)
    return Response(status_code=204)
