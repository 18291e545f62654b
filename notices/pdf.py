"""A document as PDF, set by Typst in the fonts that come with the product: alike on every machine.

What is set goes in as data, never as source, so that no text of a case can be taken for an instruction. The
libraries are loaded when the first PDF is asked for.
"""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

from notices.blocks import Block, blocks
from notices.model import Document
from notices.words import day, reached, words

SOURCE = Path(__file__).parent / "document.typ"
FONTS = ("cvttf_NotoSansCJK_Regular", "cvttf_NotoSansCJK_Bold")
"""Packages that carry the fonts: every Chinese form of the characters, chosen by the language of the text."""
FAMILY = "Noto Sans CJK TC"


def pdf(document: Document, language: str) -> bytes:
    """The PDF. In `language`, else in the first that the document has."""
    import typst

    given = json.dumps(_set(document, language), ensure_ascii=False)
    made: bytes = typst.compile(
        str(SOURCE), root=str(SOURCE.parent), font_paths=_folders(), ignore_system_fonts=True,
        sys_inputs={"document": given}, timestamp=int(document.at.timestamp()),
    )  # fmt: skip
    return made


@cache
def _folders() -> list[str]:
    found = [find_spec(name) for name in FONTS]
    return [str(Path(spec.origin).parent) for spec in found if spec is not None and spec.origin is not None]


def _set(document: Document, language: str) -> dict[str, object]:
    """What the source reads."""
    shown = language if language in document.pages else next(iter(document.pages), language)
    page, told = document.page(language), words(shown)
    date = day(document.at.astimezone(ZoneInfo(document.zone)).date(), shown)
    head = page.head if page is not None else {}
    fault: list[Block] = [{"kind": "p", "runs": [{"text": told["fault"] + document.fault, "bold": False}]}]
    return {
        "kind": document.kind, "lang": shown.partition("-")[0], "region": "cn" if shown.startswith("zh") else None,
        "fonts": [FAMILY], "name": head.get("name", ""), "reached": reached(head, shown), "date": date,
        "about": [[told["number"], document.number], [told["date"], date]],
        "addressee": page.addressee if page is not None else "",
        "subject": page.subject if page is not None else document.number,
        "blocks": blocks(page.body) if page is not None else fault,
        "signed": document.signed and page is not None, "seal": head.get("seal") or head.get("name", ""),
        "recourse": head.get("recourse", "") if document.kind == "letter" else "",
    }  # fmt: skip
