"""The supervisor's floor: figures, drill down, reassigning and reprioritising several tasks at once."""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web.commands import act
from web.deps import Form, Signed
from web.desk import Desk
from web.floor import floor, tasks
from web.problems import Problem
from web.render import page
from web.tasks import Opened, plain

router = APIRouter()
MOST = 100
"""Tasks that one form may be about."""


@router.get("/floor")
def show_floor(request: Request, desk: Signed) -> Response:
    return page(request, desk, "floor.html", floor=floor(desk, request.app.state.rollup))


@router.get("/floor/tasks")
def show_tasks(request: Request, desk: Signed, queue: str = "", person: str = "", after: str = "") -> Response:
    return _tasks(request, desk, queue, person, after)


def _tasks(
    request: Request, desk: Desk, queue: str, person: str, after: str, status: int = 200,
    answers: list[tuple[str, str, str]] | None = None, wrong: str = "",
) -> Response:  # fmt: skip
    found = tasks(desk, queue=queue, person=person, after=after)
    asked, directory = {"queue": queue, "person": person}, desk.caseway.directory
    people = sorted({one for name in directory.queues for one in directory.members(name)}, key=desk.person)
    return page(
        request, desk, "floor_tasks.html", status, found=found, queue=queue, person=person,
        title=desk.queue(queue) if queue else desk.person(person), answers=answers or [], wrong=wrong,
        more=f"/floor/tasks?{urlencode({**asked, 'after': found.next})}" if found.next else "",
        first=f"/floor/tasks?{urlencode(asked)}" if after else "",
        queues=[(name, desk.queue(name)) for name in sorted(directory.queues, key=desk.queue)],
        people=[(name, desk.person(name)) for name in people],
    )  # fmt: skip


@router.post("/floor/tasks")
def bulk(request: Request, desk: Signed, form: Form, queue: str = "", person: str = "") -> Response:
    """The same for each selected task; each is answered by itself."""
    chosen = [str(one) for one in form.getlist("task")][:MOST]
    if not chosen:
        return _tasks(request, desk, queue, person, "", 422, wrong=desk.say("bulk.none"))
    action = "priority" if form.get("action") == "priority" else "transfer"
    given: dict[str, Any] = {
        "queue": str(form.get("to_queue", "")), "user": str(form.get("to_user", "")),
        "reason": str(form.get("reason", "")).strip(),
    }  # fmt: skip
    if action == "priority":
        text = str(form.get("priority", ""))
        given["priority"] = int(text) if text.isdecimal() else -1
    answers = [(*one.rpartition("/")[::2], _done(desk, one, action, given)) for one in chosen]
    return _tasks(request, desk, queue, person, "", answers=answers)


def _done(desk: Desk, chosen: str, action: str, given: dict[str, Any]) -> str:
    """Why it was not done; empty when it was."""
    number, _, task = chosen.rpartition("/")
    try:
        opened = Opened(desk, number)
    except Problem:
        return desk.say("error.404")
    try:
        act(desk, opened.case, int(task) if task.isdecimal() else 0, action, given)
    except Problem as problem:
        return plain(opened, problem.detail)
    return ""
