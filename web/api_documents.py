"""Documents of a case under the API."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Response

from web.api import ANSWERS, Cursor, Limit, Number
from web.deps import Caller
from web.documents import PAGE, DocumentsView, asked, document_of, documents_view, shown
from web.once import Once
from web.opened import Opened

router = APIRouter(prefix="/api", responses=ANSWERS, route_class=Once, tags=["documents"])

Id = Annotated[
    str, Path(description="The document: its id in the case; `.pdf` behind it asks for the PDF.", max_length=60)
]
Language = Annotated[str, Query(description="zh or en; left out, the caller's.", max_length=12)]
Accept = Annotated[str, Header(description="application/pdf asks for the PDF.", max_length=400)]
CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The document", "content": {"text/html": {}, "application/pdf": {}}}
}


@router.get("/cases/{number}/documents")
def get_documents(desk: Caller, number: Number, before: Cursor = "", limit: Limit = PAGE) -> DocumentsView:
    """The documents that went out of a case, newest first."""
    return documents_view(Opened(desk, number), before, limit)


@router.get("/cases/{number}/documents/{document}", responses=CONTENT, response_class=Response)
def get_document(desk: Caller, number: Number, document: Id, language: Language = "", accept: Accept = "") -> Response:
    """A document as it went out, as a page that prints, or as PDF."""
    id, as_pdf = asked(document)
    kept = document_of(desk, Opened(desk, number).case, id)
    return shown(desk, kept, as_pdf or "application/pdf" in accept, f"/api/cases/{number}/documents", None, language)
