"""Comments on cases and tasks, and watching cases."""

from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web import talk
from web.deps import Form, Signed
from web.opened import Opened
from web.problems import Problem
from web.render import page
from web.routes.case import case_page
from web.routes.task import task_page
from web.search import line_of

router = APIRouter()


@router.get("/cases/{number}/comments")
def comments(request: Request, desk: Signed, number: str, before: int = 0) -> Response:
    opened = Opened(desk, number)
    found = talk.comments(opened, max(before, 0))
    href = f"/cases/{quote(number)}/comments"
    return page(
        request, desk, "comments.html", line=line_of(desk, opened.case), found=found,
        more=f"{href}?before={found.next}" if found.next else "", first=href if before else "",
    )  # fmt: skip


@router.post("/cases/{number}/comment")
def comment(request: Request, desk: Signed, form: Form, number: str) -> Response:
    text = str(form.get("text", ""))
    try:
        talk.comment(desk, number, 0, text, str(form.get("command", "")))
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        return case_page(request, desk, number, problem.status, problem.detail, text=text)
    return RedirectResponse(f"/cases/{quote(number)}?said=commented#comments", 303)


@router.post("/tasks/{number}/{task}/comment")
def comment_task(request: Request, desk: Signed, form: Form, number: str, task: int) -> Response:
    text = str(form.get("text", ""))
    try:
        talk.comment(desk, number, task, text, str(form.get("command", "")))
    except Problem as problem:
        if problem.status in (403, 404) or problem.code == "closed":
            raise
        return task_page(request, desk, number, task, problem.status, wrong=problem.detail, text=text)
    return RedirectResponse(f"/tasks/{quote(number)}/{task}?said=commented#comments", 303)


@router.post("/cases/{number}/watch")
def watch(request: Request, desk: Signed, form: Form, number: str) -> Response:
    return _watch(request, desk, form, number, True)


@router.post("/cases/{number}/unwatch")
def unwatch(request: Request, desk: Signed, form: Form, number: str) -> Response:
    return _watch(request, desk, form, number, False)


def _watch(request: Request, desk: Signed, form: Form, number: str, on: bool) -> Response:
    try:
        talk.watch(desk, number, on, str(form.get("command", "")))
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        return case_page(request, desk, number, problem.status, problem.detail)
    return RedirectResponse(f"/cases/{quote(number)}?said={'watched' if on else 'unwatched'}", 303)
