"""The inbox: my tasks, my queues, the next task."""

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web.bulk import Bulk, Result, several
from web.commands import take_next
from web.deps import Form, Signed
from web.desk import Desk
from web.listing import Order
from web.problems import Problem
from web.render import page
from web.routes.floor import selected
from web.sifting import Sift, State, sifted

router = APIRouter()


STATES: dict[str, State] = {"late": "late", "soon": "soon"}
TOGETHER: dict[str, Bulk] = {"claim": "claim", "comment": "comment"}
"""What is done from the inbox with several tasks at once."""


@router.get("/")
def show_inbox(
    request: Request, desk: Signed, queue: str = "", process: str = "", state: State = "", priority: str = "",
    q: str = "", order: Order = "", after: str = "",
) -> Response:  # fmt: skip
    return _inbox(request, desk, Sift(queue, process, state, _least(priority), q[:200], order), after)


def _inbox(
    request: Request, desk: Desk, sift: Sift, after: str, status: int = 200, answers: list[Result] | None = None,
    wrong: str = "",
) -> Response:  # fmt: skip
    found = sifted(desk, sift, after)
    names = sorted(desk.caseway.definitions.names(), key=desk.process)
    return page(
        request, desk, "inbox.html", status, inbox=found, sift=sift, only=sift.queue, answers=answers or [],
        wrong=wrong, more=sift.path(after=found.next) if found.next else "", first=sift.path() if after else "",
        processes=[(name, desk.process(name)) for name in names],
        tabs=[(one, sift.path(queue=one.queue)) for one in found.queues], every=sift.path(queue=""),
    )  # fmt: skip


def _least(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 5 else 0


@router.post("/")
def together(request: Request, desk: Signed, form: Form) -> Response:
    """The same for each marked task; each is answered by itself."""
    state, order = str(form.get("state", "")), str(form.get("order", ""))
    sift = Sift(
        str(form.get("queue", "")), str(form.get("process", "")), STATES.get(state, ""),
        _least(str(form.get("priority", ""))), str(form.get("q", ""))[:200], "due" if order == "due" else "",
    )  # fmt: skip
    action = TOGETHER.get(str(form.get("action", "")))
    chosen = selected(form.getlist("task"))
    if action is None or not chosen:
        return _inbox(request, desk, sift, "", 422, wrong=desk.say("bulk.none"))
    given = {"text": str(form.get("text", "")).strip()} if action == "comment" else {}
    try:
        answers = several(desk, action, chosen, given)
    except Problem as problem:
        return _inbox(request, desk, sift, "", problem.status, wrong=problem.detail)
    return _inbox(request, desk, sift, "", answers=answers)


@router.post("/next")
def next_task(request: Request, desk: Signed, form: Form) -> Response:
    only = str(form.get("queue", ""))
    try:
        found = take_next(desk, (only,) if only else ())
    except Problem as problem:
        return _inbox(request, desk, Sift(only), "", problem.status, wrong=problem.detail)
    if found is None:
        return RedirectResponse(f"/?{urlencode({'queue': only, 'said': 'nothing'})}", 303)
    return RedirectResponse(f"/tasks/{found.number}/{found.task}?said=claimed", 303)
