"""A document as a page of its own: it prints on A4 as a letter does, and is read on a phone."""

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from notices.model import Document
from notices.words import day, reached, words

HERE = Path(__file__).parent
STYLE = (HERE / "document.css").read_text(encoding="utf-8")
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""For whoever serves a page: its own style and nothing else, whatever a notice's text may hold."""


_TAGS = {"zh": "zh-CN"}
"""Languages whose characters a browser chooses by the region."""


class Way(NamedTuple):
    """A link above the document, which is not printed."""

    href: str
    title: str


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True)


def html(document: Document, language: str, ways: Sequence[Way] = ()) -> str:
    """The whole page. In `language`, else in the first that the document has."""
    page, shown = document.page(language), language
    if page is not None and language not in document.pages:
        shown = next(iter(document.pages))
    at = document.at.astimezone(ZoneInfo(document.zone)).date()
    return _environment().get_template("document.html").render(
        document=document, page=page, language=_TAGS.get(shown, shown), words=words(shown),
        date=day(at, shown), ways=ways,
        style=Markup(STYLE), body=Markup(page.body) if page else "",  # escaped when it was made
        reached=reached(page.head, shown) if page else [],
    )  # fmt: skip
