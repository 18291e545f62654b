"""Starting a case: what one may start, and the form of each."""

from collections.abc import Sequence
from urllib.parse import quote

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.runtime.clock import new_id
from web.deps import Form, Signed
from web.desk import Desk
from web.forms import at, data_of, shown
from web.kin import Alike, like
from web.problems import Problem
from web.render import page
from web.roles import startable
from web.starting import begin, case_of, start_of

router = APIRouter(prefix="/start")


@router.get("")
def choose(request: Request, desk: Signed) -> Response:
    return page(request, desk, "start.html", processes=startable(desk))


@router.get("/{name}")
def show(request: Request, desk: Signed, name: str) -> Response:
    return _page(request, desk, name)


@router.post("/{name}")
def start(request: Request, desk: Signed, form: Form, name: str) -> Response:
    process, asked = start_of(desk, name)
    data = data_of(desk, asked.fields, form)
    key = str(form.get("command", ""))
    known = like(desk, process, data)
    seen = {case_of(desk, key), *map(str, form.getlist("known"))}  # the very case, and what the user has been shown
    if {one.line.case for one in known} - seen:
        return _page(request, desk, name, 200, form, alike=known)
    try:
        begun = begin(desk, name, data, key)
    except Problem as problem:
        told = problem.fields.items()
        errors = {path: text if isinstance(text, str) else text.get(desk.language, "") for path, text in told}
        return _page(request, desk, name, problem.status, form, errors, problem.detail)
    return RedirectResponse(f"/cases/{quote(begun.number)}?said=case_started", 303)


def _page(
    request: Request, desk: Desk, name: str, status: int = 200, posted: FormData | None = None,
    errors: dict[str, str] | None = None, wrong: str = "", alike: Sequence[Alike] = (),
) -> Response:  # fmt: skip
    _, asked = start_of(desk, name)
    given = data_of(desk, asked.fields, posted) if posted is not None else {}
    # A secret is not sent back to the browser: it is asked for again.
    values = {one.name: shown(desk, one, None if one.secret else at(given, one.name)) for one in asked.fields}
    errors, known = errors or {}, {one.name for one in asked.fields}
    if errors:
        count = len(errors)
        wrong = desk.say("form_wrong.1") if count == 1 else desk.say("form_wrong", count=count)
    return page(
        request, desk, "start_form.html", status, start=asked, values=values, errors=errors, wrong=wrong,
        elsewhere={name: text for name, text in errors.items() if name not in known}, command=new_id(desk.now),
        alike=alike,
    )  # fmt: skip
