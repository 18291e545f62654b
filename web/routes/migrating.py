"""Running cases to another version: the file, its dry run, the second person's approval, and how far it has come."""

from typing import Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web import definitions, migrating
from web.definitions import Told
from web.deps import Form
from web.desk import Desk
from web.gates import Designer, Reader
from web.migrating import TrialLine, view
from web.problems import Problem
from web.render import page
from web.roles import designs
from workbench.migrating import run as runs

router = APIRouter(prefix="/processes/migrations")
EMPTY = """\
migration: {process}
to: in_force
reason: {{zh: , en: }}
steps: {{}}
clocks: {{}}
"""
Action = Literal["approve", "run", "again", "withdraw"]


@router.get("/{name}")
def migrations(request: Request, desk: Reader, name: str) -> Response:
    return _list(request, desk, name, EMPTY.format(process=name))


def _list(
    request: Request, desk: Desk, name: str, text: str, status: int = 200, problems: list[Told] | None = None,
    trials: list[TrialLine] | None = None,
) -> Response:  # fmt: skip
    if not desk.caseway.definitions.history("process", name):
        raise Problem(404, "definition")
    made = [view(desk, one) for one in runs.of_process(desk.caseway.connection, name)]
    return page(
        request, desk, "migrations.html", status, defined=name, title=definitions.title(desk, "process", name),
        made=made, text=text, problems=problems or [], trials=trials, most=migrating.TRIED,
        designs=designs(desk), stopped=sum(bool(one.stops) for one in trials or ()),
    )  # fmt: skip


@router.post("/{name}")
def ordered(request: Request, desk: Designer, form: Form, name: str) -> Response:
    """A file tried, or proposed."""
    text = str(form.get("text", "")).replace("\r\n", "\n")
    order, problems = migrating.order_of(desk, name, text)
    if order is None:
        return _list(request, desk, name, text, 422, problems)
    if form.get("what") != "propose":
        return _list(request, desk, name, text, trials=migrating.trials(desk, order))
    made = runs.propose(desk.caseway, order, text, desk.user)
    return RedirectResponse(f"/processes/migrations/{name}/{made.id}?said=proposed", 303)


@router.get("/{name}/{id}")
def migration(request: Request, desk: Reader, name: str, id: str) -> Response:
    return _one(request, desk, id)


@router.post("/{name}/{id}/{action}")
def act(request: Request, desk: Designer, form: Form, name: str, id: str, action: Action) -> Response:
    try:
        migrating.act(desk, id, action)
    except Problem as problem:
        if problem.status != 409:
            raise
        return _one(request, desk, id, 409, desk.say(problem.code))
    return RedirectResponse(f"/processes/migrations/{name}/{id}", 303)


def _one(request: Request, desk: Desk, id: str, status: int = 200, wrong: str = "") -> Response:
    found = view(desk, migrating.one(desk, id))
    return page(
        request, desk, "migration.html", status, made=found, wrong=wrong, own=found.by == desk.user,
        title=definitions.title(desk, "process", found.process), designs=designs(desk),
    )  # fmt: skip
