"""The inbox: my tasks, my queues, the next task."""

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web.bulk import Bulk, Result, several
from web.commands import take_next
from web.deps import Form, Signed
from web.desk import Desk
from web.lists import inbox
from web.problems import Problem
from web.render import page
from web.routes.floor import selected

router = APIRouter()


TOGETHER: dict[str, Bulk] = {"claim": "claim", "comment": "comment"}
"""What is done from the inbox with several tasks at once."""


@router.get("/")
def show_inbox(request: Request, desk: Signed, queue: str = "", after: str = "") -> Response:
    return _inbox(request, desk, queue, after)


def _inbox(
    request: Request, desk: Desk, queue: str, after: str, status: int = 200, answers: list[Result] | None = None,
    wrong: str = "",
) -> Response:  # fmt: skip
    found = inbox(desk, queue, after)
    more = f"/?{urlencode({'queue': queue, 'after': found.next})}" if found.next else ""
    first = f"/?{urlencode({'queue': queue})}" if after else ""
    return page(
        request, desk, "inbox.html", status, inbox=found, only=queue, more=more, first=first, answers=answers or [],
        wrong=wrong,
    )  # fmt: skip


@router.post("/")
def together(request: Request, desk: Signed, form: Form) -> Response:
    """The same for each marked task; each is answered by itself."""
    queue, action = str(form.get("queue", "")), TOGETHER.get(str(form.get("action", "")))
    chosen = selected(form.getlist("task"))
    if action is None or not chosen:
        return _inbox(request, desk, queue, "", 422, wrong=desk.say("bulk.none"))
    given = {"text": str(form.get("text", "")).strip()} if action == "comment" else {}
    try:
        answers = several(desk, action, chosen, given)
    except Problem as problem:
        return _inbox(request, desk, queue, "", problem.status, wrong=problem.detail)
    return _inbox(request, desk, queue, "", answers=answers)


@router.post("/next")
def next_task(request: Request, desk: Signed, form: Form) -> Response:
    only = str(form.get("queue", ""))
    found = take_next(desk, (only,) if only else ())
    if found is None:
        return RedirectResponse(f"/?{urlencode({'queue': only, 'said': 'nothing'})}", 303)
    return RedirectResponse(f"/tasks/{found.number}/{found.task}?said=claimed", 303)
