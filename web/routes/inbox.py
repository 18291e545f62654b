"""The inbox: my tasks, my queues, the next task."""

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web.commands import take_next
from web.deps import Form, Signed
from web.lists import inbox
from web.render import page

router = APIRouter()


@router.get("/")
def show_inbox(request: Request, desk: Signed, queue: str = "", after: str = "") -> Response:
    found = inbox(desk, queue, after)
    more = f"/?{urlencode({'queue': queue, 'after': found.next})}" if found.next else ""
    first = f"/?{urlencode({'queue': queue})}" if after else ""
    return page(request, desk, "inbox.html", inbox=found, only=queue, more=more, first=first)


@router.post("/next")
def next_task(request: Request, desk: Signed, form: Form) -> Response:
    only = str(form.get("queue", ""))
    found = take_next(desk, (only,) if only else ())
    if found is None:
        return RedirectResponse(f"/?{urlencode({'queue': only, 'said': 'nothing'})}", 303)
    return RedirectResponse(f"/tasks/{found.number}/{found.task}?said=claimed", 303)
