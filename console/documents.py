"""`caseway case documents`: what went out of a case, listed or written to a folder."""

from pathlib import Path
from typing import Any

from console.options import zone_of
from console.output import say, show, stop
from engine.runtime.cipher import VaultError
from notices.model import Kept

PAGE = 200


def list_documents(caseway: Any, case: str, language: str, save: Path | None, html: bool, as_json: bool) -> None:
    """All documents of a case, newest first; with `save` each is written there."""
    try:
        found = _all(caseway, case)
    except VaultError as error:
        stop(str(error))
    if save is not None:
        for kept in found:
            say(str(_write(kept, save, language, html)))
        return
    columns = ("document", "kind", "title", "to", "at")
    lines = [_line(kept, language) for kept in found]
    show(lines, columns, as_json=as_json, title="documents", zone=zone_of(caseway))


def _all(caseway: Any, case: str) -> list[Kept]:
    found: list[Kept] = caseway.documents_of(case, limit=PAGE)
    page = found
    while len(page) == PAGE:
        page = caseway.documents_of(case, page[-1].id, PAGE)
        found = found + page
    return found


def _line(kept: Kept, language: str) -> dict[str, Any]:
    document = kept.document
    page = document.page(language)
    return {
        "document": kept.id, "kind": document.kind, "template": document.template, "to": document.to,
        "title": page.subject if page is not None else document.fault, "at": document.at,
    }  # fmt: skip


def _write(kept: Kept, folder: Path, language: str, html: bool) -> Path:
    """Writes one of them; the name begins with its id, so that none takes another's place."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{kept.id}-{kept.document.template}.{'html' if html else 'pdf'}"
    if html:
        from notices.page import html as page

        path.write_text(page(kept.document, language), encoding="utf-8")
    else:
        from notices.pdf import pdf

        path.write_bytes(pdf(kept.document, language))
    return path
