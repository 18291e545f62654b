"""The customer's page: what a link opens, without an account. The link itself is the authority, so that no session is
needed; an address that keeps sending links that open nothing has to wait."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from notices.page import Way
from web.customer import Guest, guest
from web.desk import Desk
from web.documents import asked, shown, view
from web.papers import receive
from web.problems import Problem
from web.render import page
from web.routes.papers import MOST

router = APIRouter()


def visiting(request: Request, token: str) -> Iterator[Guest]:
    """The case that the link opens. Raises Problem for one that opens nothing."""
    app, address = request.app.state, f"links {request.client.host if request.client else ''}"
    with app.desks.borrow() as caseway:
        desk = Desk(caseway, "", request.state.language, "link", request.state.zone)
        if app.throttle.closed(address):
            raise Problem(429, "throttled", desk.say("slow_down"))
        found = guest(desk, token)
        if found is None:
            app.throttle.failed(address)
            raise Problem(404, "link", desk.say("customer.no_link"))
        yield found


Visit = Annotated[Guest, Depends(visiting)]


async def uploaded(request: Request, visit: Visit) -> AsyncIterator[FormData]:
    """What was sent; read only once the link has been found good."""
    async with request.form(max_files=MOST, max_fields=60) as form:
        yield form


@router.get("/c/{token}")
def customer(request: Request, visit: Visit, token: str) -> Response:
    return _page(request, visit, token)


@router.get("/c/{token}/documents/{document}")
def letter(request: Request, visit: Visit, token: str, document: str, language: str = "") -> Response:
    """A letter to the customer, as it was sent."""
    desk, (id, as_pdf) = visit.desk, asked(document)
    found = visit.letter(id)
    if found is None:
        raise Problem(404, "document", desk.say("document.none"))
    back = Way(f"/c/{token}", desk.say("customer.back"))
    answer = shown(desk, found, as_pdf, f"/c/{token}/documents", back, language)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@router.post("/c/{token}")
def hand_in(request: Request, visit: Visit, form: Annotated[FormData, Depends(uploaded)], token: str) -> Response:
    """Takes in the files of each paper (`file.bank_proof`); what is refused keeps none of the others out."""
    sent = list(_sent(form))
    desk, app = visit.desk, request.app.state
    who = f"link {visit.opens.case} {visit.opens.link}"
    if app.throttle.closed(who):
        return _page(request, visit, token, 429, [desk.say("slow_down")])
    if not sent or len(sent) > MOST:
        return _page(request, visit, token, 422, [desk.say("file.many" if sent else "file.choose", most=MOST)])
    wrong, status = list[str](), 200
    for paper, file in sent:
        app.throttle.failed(who)  # every file counts: storing them is the dearest thing that a stranger can ask for
        try:
            receive(desk, visit.opens.case, visit.key, file.file, file.filename or "", paper, visit.send)
        except Problem as problem:
            status = problem.status
            wrong.append(f"{file.filename}: {problem.detail}")
    if not wrong:
        return RedirectResponse(f"/c/{token}?said=handed_in", 303)
    return _page(request, guest(desk, token) or visit, token, status, wrong, len(sent) - len(wrong))


def _sent(form: FormData) -> Iterator[tuple[str, UploadFile]]:
    """Each file with the paper that it is; browsers send one without a name where none was chosen."""
    for name, value in form.multi_items():
        field, _, paper = name.partition(".")
        if field == "file" and isinstance(value, UploadFile) and value.filename:
            yield paper, value


def _page(
    request: Request, visit: Guest, token: str, status: int = 200, wrong: Sequence[str] = (), taken: int = 0
) -> Response:
    letters = [view(visit.desk, f"/c/{token}/documents", kept) for kept in visit.letters()]
    answer = page(
        request, visit.desk, "customer.html", status, visit=visit, token=token, wrong=wrong, taken=taken,
        letters=letters,
    )  # fmt: skip
    answer.headers["Referrer-Policy"] = "no-referrer"  # the address is a key
    return answer
