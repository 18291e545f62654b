"""What went out of a case as documents: the list, each as a page of its own and as PDF."""

from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from notices.page import Way
from web.deps import Signed
from web.documents import asked, document_of, documents_view, shown
from web.opened import Opened
from web.render import page

router = APIRouter()


@router.get("/cases/{number}/documents")
def documents(request: Request, desk: Signed, number: str, before: str = "") -> Response:
    return page(request, desk, "documents.html", view=documents_view(Opened(desk, number), before))


@router.get("/cases/{number}/documents/{document}")
def document(desk: Signed, number: str, document: str, language: str = "") -> Response:
    id, as_pdf = asked(document)
    case = f"/cases/{quote(number)}"
    kept = document_of(desk, Opened(desk, number).case, id)
    return shown(desk, kept, as_pdf, f"{case}/documents", Way(case, desk.say("document.back")), language)
