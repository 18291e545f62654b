"""Processes: versions, YAML beside its picture and what the checks say; proposing, comparing, deploying by two."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.core.commands import Refuse
from engine.language.problems import DefinitionError
from web import definitions as view
from web.commands import until
from web.comparing import compared
from web.definitions import Kind, Which, sources_of, texts, told, version_view
from web.deps import Form
from web.desk import Desk
from web.gates import Designer, Reader
from web.migrating import words
from web.problems import Problem
from web.render import page
from web.roles import designs
from web.texts import refuse
from web.uploads import placed
from workbench import proposals
from workbench.heat import HEATS, Heat
from workbench.heat import heat as of_cases
from workbench.picture import picture
from workbench.proposals import Proposed, in_force

router = APIRouter(prefix="/processes")
PICTURE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""The picture is a document of its own, so that its style needs no leave from the pages."""
FILES = 50
PROPOSALS = 25
"""Proposals on a page."""


@router.get("")
def processes(request: Request, desk: Reader, which: str = "", after: str = "") -> Response:
    return _list(request, desk, which=which, after=after)


def _list(
    request: Request, desk: Desk, status: int = 200, wrong: str = "", reason: str = "", which: str = "", after: str = ""
) -> Response:
    asked: Which = "decided" if which == "decided" else "open"
    found, next = view.proposed(desk, asked, after, PROPOSALS)
    return page(
        request, desk, "processes.html", status, definitions=view.definitions(desk), wrong=wrong, reason=reason,
        proposals=[(one, view.titled(desk, one)) for one in found], which=asked,
        more=f"/processes?{urlencode({'which': asked, 'after': next})}" if next else "",
        first=f"/processes?which={asked}" if after else "",
        designs=designs(desk),
    )  # fmt: skip


# --- proposals ----------------------------------------------------------------------------------------


@router.post("/upload")
def upload(request: Request, desk: Designer, form: Form) -> Response:
    """Files, or a text that was changed on the page, as a proposal."""
    reason = str(form.get("reason", "")).strip()
    files: Mapping[str, bytes] = {}
    try:
        files = _sent(form, in_force(desk.caseway.definitions))
        made = proposed(desk, files, reason, str(form.get("start", "")))
    except Refuse as refused:
        wrong = refused.refusal.said(desk.language)
        if form.get("path"):
            return _edit(request, desk, str(form["path"]), 422, str(form.get("text", "")), reason, wrong)
        return _list(request, desk, 422, wrong, reason)
    except DefinitionError as error:
        problems = told(error.problems)
        faulty = {one.file for one in problems}
        shown = [one for one in texts(files, "", problems) if one.path in faulty]
        return page(
            request, desk, "proposal_refused.html", 422, problems=problems, files=shown, reason=reason,
            edited=str(form.get("path", "")), text=str(form.get("text", "")), start=str(form.get("start", "")),
        )  # fmt: skip
    return RedirectResponse(f"/processes/proposals/{made.id}?said=proposed", 303)


def proposed(desk: Desk, files: Mapping[str, bytes], reason: str, start: str) -> Proposed:
    """Files as a proposal of the user. Raises Refuse, DefinitionError."""
    begin = until(start, desk) if start else None
    if start and begin is None:
        raise refuse("proposal.start")
    return proposals.propose(
        desk.caseway.definitions, desk.caseway.runner, files, desk.user, desk.now, reason[:1000], begin
    )


def _sent(form: FormData, known: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a form. Raises Refuse."""
    if form.get("path"):
        text = str(form.get("text", "")).replace("\r\n", "\n")
        return {str(form["path"]): text.encode("utf-8", "replace")}
    uploads = [one for one in form.getlist("files") if isinstance(one, UploadFile) and one.filename][:FILES]
    return placed(((str(one.filename), one.file.read()) for one in uploads), known)


@router.get("/edit")
def edit(request: Request, desk: Designer, path: Annotated[str, Query(max_length=200)]) -> Response:
    return _edit(request, desk, path)


@router.post("/edit")
def edit_again(request: Request, desk: Designer, form: Form) -> Response:
    """Back from the problems to the text that has them."""
    text, reason = str(form.get("text", "")), str(form.get("reason", ""))
    return _edit(request, desk, str(form.get("path", "")), text=text, reason=reason)


def _edit(
    request: Request, desk: Desk, path: str, status: int = 200, text: str | None = None, reason: str = "",
    wrong: str = "",
) -> Response:  # fmt: skip
    content = in_force(desk.caseway.definitions).get(path)
    if content is None:
        raise Problem(404, "file")
    try:
        shown = content.decode() if text is None else text
    except UnicodeDecodeError:
        raise Problem(404, "file", desk.say("edit.binary")) from None
    return page(request, desk, "process_edit.html", status, edited=path, text=shown, reason=reason, wrong=wrong)


@router.get("/proposals/{id}")
def proposal(request: Request, desk: Reader, id: str) -> Response:
    return _proposal(request, desk, id)


@router.post("/proposals/{id}/approve")
def approve(request: Request, desk: Designer, form: Form, id: str) -> Response:
    return _decide(request, desk, id, True, str(form.get("why", "")))


@router.post("/proposals/{id}/reject")
def reject(request: Request, desk: Designer, form: Form, id: str) -> Response:
    return _decide(request, desk, id, False, str(form.get("why", "")))


def _decide(request: Request, desk: Desk, id: str, approves: bool, why: str) -> Response:
    try:
        proposals.decide(desk.caseway, id, approves, desk.user, why)
    except Refuse as refused:
        return _proposal(request, desk, id, 409, refused.refusal.said(desk.language))
    except DefinitionError as error:
        return _proposal(request, desk, id, 409, desk.say("proposal.stale"), told(error.problems))
    said = "deployed" if approves else "rejected"
    return RedirectResponse(f"/processes/proposals/{quote(id)}?said={said}", 303)


def _proposal(
    request: Request, desk: Desk, id: str, status: int = 200, wrong: str = "",
    problems: list[view.Told] | None = None,
) -> Response:  # fmt: skip
    found = proposals.one(desk.caseway.connection, id)
    if found is None:
        raise Problem(404, "proposal.unknown", desk.say("proposal.unknown"))
    open_ = found.state == "proposed"
    return page(
        request, desk, "proposal.html", status, proposal=found, made=view.titled(desk, found), wrong=wrong,
        changes=view.changes(desk, found.made, found.files), problems=problems or view.doubts(desk, found),
        stale=open_ and proposals.stale(desk.caseway.definitions, found),
        decides=open_ and designs(desk), own=found.by == desk.user,
    )  # fmt: skip


# --- definitions and their versions -------------------------------------------------------------------


@router.get("/{kind}/{name}")
def definition(request: Request, desk: Reader, kind: Kind, name: str) -> Response:
    lines = view.versions(desk, kind, name)
    return page(
        request, desk, "definition.html", kind=kind, defined=name, title=view.title(desk, kind, name), versions=lines
    )


@router.get("/{kind}/{name}/{version}")
def version(
    request: Request, desk: Reader, kind: Kind, name: str, version: str, file: str = "", heat: Literal["", Heat] = ""
) -> Response:
    found = version_view(desk, kind, name, version)
    shown = next((one for one in found.files if one.path == file), found.files[0])
    return page(
        request, desk, "version.html", view=found, file=shown, href=f"/processes/{kind}/{name}/{version}",
        problems=[one for one in found.problems if one.file == shown.path], designs=designs(desk), heat=heat,
        heats=("", *HEATS),
    )  # fmt: skip


@router.get("/{kind}/{name}/{version}/compare/{other}")
def compare(request: Request, desk: Reader, kind: Kind, name: str, version: str, other: str) -> Response:
    """What the version has that the other, earlier one had not."""
    old, new = (sources_of(desk, kind, name, one).contents for one in (other, version))
    return page(
        request, desk, "compare.html", kind=kind, defined=name, title=view.title(desk, kind, name), version=version,
        other=other, changes=compared(old, new), worded=words(desk, name, other, version) if kind == "process" else [],
    )  # fmt: skip


@router.get("/process/{name}/{version}/picture.svg")
def version_picture(desk: Reader, name: str, version: str, heat: Literal["", Heat] = "") -> Response:
    process: Any = desk.caseway.definitions.process(name, version)
    if process is None:
        raise Problem(404, "version")
    drawn = picture(
        process, desk.language, of_cases(desk.caseway.connection, process, heat, desk.language) if heat else None
    )
    return Response(drawn, media_type="image/svg+xml", headers={"Content-Security-Policy": PICTURE})
