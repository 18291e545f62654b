"""Documents of a case, as its pages, the API and the customer's link show them: a list, a page of its own, a PDF.

A notice may not read what is secret (CW133), so that a document is of the grade internal: who reads the case reads it.
"""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from engine.runtime.cipher import VaultError
from notices.model import Document, Kept
from notices.page import POLICY, Way, html
from papers.media import disposition
from web.desk import Desk
from web.opened import Opened
from web.problems import Problem
from web.reading import named

PDF = ".pdf"
PAGE = 50


class DocumentView(BaseModel):
    """A document that went out. `to`: for whom, in words; `fault`: why it could not be made, "" where it was."""

    document: str
    kind: str
    kind_title: str
    title: str
    to: list[str]
    at: datetime
    href: str
    fault: str


class DocumentsView(BaseModel):
    """Documents of a case, newest first; `next` asks for those before."""

    number: str
    documents: list[DocumentView]
    next: str | None


def documents_view(opened: Opened, before: str = "", limit: int = PAGE) -> DocumentsView:
    """A page of them. Raises Problem for a case that was destroyed."""
    desk, number = opened.desk, opened.state.flow.number or opened.case
    try:
        found = desk.caseway.documents_of(opened.case, before, limit + 1)
    except VaultError as error:
        raise Problem(503, "files", desk.say("files.away")) from error
    shown = [view(desk, f"/cases/{number}/documents", kept) for kept in found[:limit]]
    return DocumentsView(number=number, documents=shown, next=shown[-1].document if len(found) > limit else None)


def view(desk: Desk, folder: str, kept: Kept) -> DocumentView:
    """A document as a line of a list. `folder`: below which address it is opened."""
    document = kept.document
    page = document.page(desk.language)
    to = [desk.say("customer") if one == "customer" else named(desk, one) for one in document.to]
    return DocumentView(
        document=kept.id, kind=document.kind, kind_title=desk.say(f"document.{document.kind}"),
        title=page.subject if page is not None else desk.say("document.fault"), to=to, at=document.at,
        href=f"{folder}/{kept.id}", fault=document.fault,
    )  # fmt: skip


def documents_of(desk: Desk, number: str) -> DocumentsView | None:
    """The newest for a part of another page; None where the user may not see them."""
    opened = Opened(desk, number, "")
    return documents_view(opened, limit=10) if opened.sight.reads("internal") else None


def document_of(desk: Desk, case: str, id: str) -> Kept:
    """One of a case's documents. Raises Problem."""
    try:
        found = desk.caseway.document(case, id)
    except VaultError as error:
        raise Problem(503, "files", desk.say("files.away")) from error
    if found is None:
        raise Problem(404, "document", desk.say("document.none"))
    return found


def shown(desk: Desk, kept: Kept, as_pdf: bool, folder: str, back: Way | None = None, language: str = "") -> Response:
    """The document itself, in the language asked for, else in the reader's."""
    document, language = kept.document, language or desk.language
    if as_pdf:
        from notices.pdf import pdf

        name = disposition(f"{document.number}-{document.template}-{language}.pdf", True)
        return Response(pdf(document, language), media_type="application/pdf", headers={"Content-Disposition": name})
    ways = _ways(desk, document, f"{folder}/{kept.id}", back, language)
    return HTMLResponse(html(document, language, ways), headers={"Content-Security-Policy": POLICY})


def _ways(desk: Desk, document: Document, href: str, back: Way | None, language: str) -> Sequence[Way]:
    others = [one for one in document.pages if one != language]
    return [
        *([back] if back is not None else ()),
        Way(f"{href}{PDF}?language={language}", desk.say("document.pdf")),
        *(Way(f"{href}?language={one}", desk.say(f"document.in.{one}")) for one in others if one in ("zh", "en")),
    ]


def asked(document: str) -> tuple[str, bool]:
    """The id that an address names, and whether its PDF is asked for."""
    return document.removesuffix(PDF), document.endswith(PDF)
