"""Papers, attachments and customers' links under the API."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from papers.commands import RevokeLink
from papers.media import TYPES
from web.api import ANSWERS, Done, Key, Number, done_of
from web.commands import submit
from web.deps import Caller
from web.once import Once
from web.opened import Opened
from web.papers import (
    ACTIONS,
    LetterView,
    PapersView,
    added,
    ask,
    download,
    letters,
    link,
    papers_view,
    receive,
    remove,
)
from web.problems import Problem

router = APIRouter(prefix="/api", responses=ANSWERS, route_class=Once, tags=["papers"])

Paper = Annotated[str, Path(description="The paper: its name in the process.", max_length=80)]
Id = Annotated[int, Path(ge=1, le=2**53)]
FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "The file, with its name."},
                        "paper": {"type": "string", "description": "The paper that it is; empty for none."},
                    },
                }
            }
        },
    }
}
CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {kind.media: {} for kind in TYPES.values()}}
}


class Added(Done):
    """A file that was taken in. `attachment`: its number, which fields for files take."""

    attachment: int


class Why(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="", max_length=4000)


async def uploaded(request: Request, desk: Caller) -> AsyncIterator[FormData]:
    """What was sent; read only once the caller is known."""
    async with request.form(max_files=1, max_fields=5) as form:
        yield form


@router.get("/cases/{number}/papers")
def get_papers(desk: Caller, response: Response, number: Number) -> PapersView:
    """The checklist of a case, its attachments, its open links."""
    found = papers_view(Opened(desk, number))
    response.headers["ETag"] = f'"{found.revision}"'
    return found


@router.get("/cases/{number}/papers/letter")
def get_letter(desk: Caller, number: Number) -> dict[str, LetterView]:
    """The letter that asks for what is missing, by language, as it would be written now."""
    return dict(letters(Opened(desk, number)))


@router.post("/cases/{number}/papers/{paper}/{action}")
def change_paper(
    desk: Caller, number: Number, paper: Paper, action: Literal["receive", "require", "return", "waive"],
    given: Why | None = None, key: Key = "",
) -> Done:  # fmt: skip
    """Changes one line of the checklist."""
    command = ACTIONS[action](paper, (given or Why()).reason)
    return done_of(ask(desk, Opened(desk, number).case, command, key))


@router.post("/cases/{number}/attachments", status_code=201, openapi_extra=FILE)
def add_attachment(desk: Caller, form: Annotated[FormData, Depends(uploaded)], number: Number, key: Key = "") -> Added:
    """Takes a file in; with a paper, as what that line of the checklist asks for."""
    opened, file, paper = Opened(desk, number), form.get("file"), form.get("paper", "")
    if not isinstance(file, UploadFile) or not file.filename or not isinstance(paper, str):
        raise Problem(422, "form", fields={"file": "a file with its name"})

    def send(command: Any) -> Any:
        return submit(desk, opened.case, command, id=key)

    answer = receive(desk, opened.case, opened.key, file.file, file.filename, paper, send)
    return Added(**done_of(answer).model_dump(), attachment=added(answer))


@router.get("/cases/{number}/attachments/{attachment}", responses=CONTENT, response_class=Response)
def get_attachment(desk: Caller, number: Number, attachment: Id) -> Response:
    """The file itself. That it was looked at is kept."""
    return download(Opened(desk, number), attachment, via="api")


@router.post("/cases/{number}/attachments/{attachment}/remove")
def remove_attachment(desk: Caller, number: Number, attachment: Id, given: Why, key: Key = "") -> Done:
    """Takes an attachment away that does not belong here."""
    return done_of(remove(Opened(desk, number), attachment, given.reason, key))


@router.post("/cases/{number}/links", status_code=201)
def make_link(desk: Caller, number: Number, key: Key = "") -> Done:
    """Makes a customer's link; `links` of the papers shows it."""
    return done_of(link(Opened(desk, number), key))


@router.post("/cases/{number}/links/{number_of_link}/revoke")
def revoke_link(desk: Caller, number: Number, number_of_link: Id, key: Key = "") -> Done:
    """Ends a customer's link."""
    return done_of(ask(desk, Opened(desk, number).case, RevokeLink(number_of_link), key))
