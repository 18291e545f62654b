"""The list of tasks with its filters."""

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web.deps import Signed
from web.listing import Order, Whose, listed, scope_of, steps
from web.render import page
from web.roles import sees_floor

router = APIRouter()


@router.get("/tasks")
def show_tasks(
    request: Request, desk: Signed, whose: Whose = "mine", queue: str = "", process: str = "", step: str = "",
    overdue: bool = False, q: str = "", order: Order = "", after: str = "",
) -> Response:  # fmt: skip
    known = desk.caseway.definitions.names()
    process = process if process in known else ""
    found = listed(
        desk, whose, queue=queue, process=process, step=step, overdue=overdue, words=q, order=order, after=after
    )
    asked = {"whose": whose, "queue": queue, "process": process, "step": step, "q": q, "order": order}
    asked = {name: value for name, value in asked.items() if value} | ({"overdue": "true"} if overdue else {})
    tabs: list[Whose] = ["mine", "queues", "team"]
    if not sees_floor(desk):
        tabs.remove("team")
    queues = scope_of(desk, whose).queues
    return page(
        request, desk, "tasks.html", found=found, whose=whose, queue=queue, process=process, step=step, q=q,
        overdue=overdue, order=order, tabs=tabs, queues=[(name, desk.queue(name)) for name in queues],
        processes=[(name, desk.process(name)) for name in known], steps=steps(desk, process),
        more=f"/tasks?{urlencode({**asked, 'after': found.next})}" if found.next else "",
        first=f"/tasks?{urlencode(asked)}" if after else "",
    )  # fmt: skip
