"""A case's papers: the checklist, its files, the letter, the customer's link."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.runtime.clock import new_id
from papers.commands import RevokeLink
from web.commands import submit
from web.deps import Form, Signed
from web.desk import Desk
from web.opened import Opened
from web.papers import ACTIONS, ask, download, letters, link, papers_view, receive, remove
from web.problems import Problem
from web.render import page

router = APIRouter()
MOST = 10
"""Files of one upload."""


@router.get("/cases/{number}/papers")
def papers(request: Request, desk: Signed, number: str) -> Response:
    return _page(request, desk, number)


def _page(request: Request, desk: Desk, number: str, status: int = 200, wrong: str = "") -> Response:
    opened = Opened(desk, number)
    view, written, cannot = papers_view(opened), {}, ""
    if view.letter:
        try:
            written = dict(letters(opened))
        except Problem as problem:
            cannot = problem.detail
    return page(
        request, desk, "papers.html", status, view=view, letters=written, cannot=cannot, wrong=wrong,
        command=new_id(desk.now), origin=str(request.base_url).rstrip("/"),
    )  # fmt: skip


def files_in(form: FormData) -> list[UploadFile]:
    """The files of a form; browsers send one without a name where none was chosen."""
    return [one for one in form.getlist("file") if isinstance(one, UploadFile) and one.filename]


@router.post("/cases/{number}/papers/upload")
def upload(request: Request, desk: Signed, form: Form, number: str) -> Response:
    opened, paper = Opened(desk, number), str(form.get("paper", ""))
    sent = files_in(form)
    if not sent or len(sent) > MOST:
        return _page(request, desk, number, 422, desk.say("file.many" if sent else "file.choose", most=MOST))
    for place, file in enumerate(sent):
        key = f"{form.get('command', '')}-{place}" if form.get("command") else ""

        def send(command: Any, key: str = key) -> Any:
            return submit(desk, opened.case, command, id=key)

        try:
            receive(desk, opened.case, opened.key, file.file, file.filename or "", paper, send)
        except Problem as problem:
            return _page(request, desk, number, problem.status, f"{file.filename}: {problem.detail}")
    return _back(request, number, "added")


@router.post("/cases/{number}/papers/{paper}/{action}")
def change(request: Request, desk: Signed, form: Form, number: str, paper: str, action: str) -> Response:
    if action not in ACTIONS:
        raise Problem(404, "action")
    command = ACTIONS[action](paper, str(form.get("reason", "")).strip())
    return _done(request, desk, number, command, str(form.get("command", "")), f"paper_{action}")


@router.get("/cases/{number}/files/{attachment}")
def file(desk: Signed, number: str, attachment: int, show: bool = False) -> Response:
    return download(Opened(desk, number), attachment, inline=show)


@router.post("/cases/{number}/files/{attachment}/remove")
def take_away(request: Request, desk: Signed, form: Form, number: str, attachment: int) -> Response:
    try:
        remove(Opened(desk, number), attachment, str(form.get("reason", "")), str(form.get("command", "")))
    except Problem as problem:
        return _page(request, desk, number, problem.status, problem.detail)
    return _back(request, number, "removed")


@router.post("/cases/{number}/links")
def make_link(request: Request, desk: Signed, form: Form, number: str) -> Response:
    try:
        link(Opened(desk, number), str(form.get("command", "")))
    except Problem as problem:
        return _page(request, desk, number, problem.status, problem.detail)
    return _back(request, number, "link_made", "#links")


@router.post("/cases/{number}/links/{number_of_link}/revoke")
def end_link(request: Request, desk: Signed, form: Form, number: str, number_of_link: int) -> Response:
    return _done(
        request, desk, number, RevokeLink(number_of_link), str(form.get("command", "")), "link_ended", "#links"
    )


def _done(request: Request, desk: Desk, number: str, command: Any, id: str, said: str, where: str = "") -> Response:
    opened = Opened(desk, number)
    try:
        ask(desk, opened.case, command, id)
    except Problem as problem:
        return _page(request, desk, number, problem.status, problem.detail)
    return _back(request, number, said, where)


def _back(request: Request, number: str, said: str, where: str = "") -> Response:
    return RedirectResponse(f"/cases/{quote(number)}/papers?said={said}{where}", 303)
