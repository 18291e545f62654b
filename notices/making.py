"""Making a document of a notice, from its facts and from the files of the version that the case runs on.

It happens in the transaction that sends the notice, so that no later version, letterhead or datum gets into what has
gone out. A notice whose file says nothing of `document:` costs one look into a table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Any, NamedTuple

from engine.core.events import NoticeRequested
from engine.core.templates import Template, TemplateError
from engine.language.files import Files
from engine.language.problems import DefinitionError
from notices.model import SEALED_KINDS, Document, Page, letterhead_of
from notices.wording import notice_of, template_of

KEPT = 512
"""Texts of notices that are kept ready."""


class Parts(NamedTuple):
    """The templates of one language."""

    subject: Template
    body: Template
    addressee: Template


@dataclass(frozen=True, slots=True)
class Form:
    """How the documents of one notice are made. `texts`: by language."""

    kind: str
    signed: bool
    texts: Mapping[str, Parts]


def form_of(notice: str, files: Files, languages: tuple[str, ...]) -> Form | None:
    """How a notice becomes a document; None where it does not. Raises DefinitionError, TemplateError."""
    try:
        found = notice_of(notice, files)
    except OSError:
        return None  # one of the components' own, as `watched`
    asked = found.get("document")
    if not asked:
        return None
    words = asked if isinstance(asked, Mapping) else {"kind": asked}

    def parts(language: str) -> Parts:
        subject, body, to = found.get("subject"), found.get("body"), words.get("addressee")
        return Parts(template_of(subject, language), template_of(body, language), template_of(to, language))

    kind = words["kind"]
    return Form(kind, words.get("signed", kind in SEALED_KINDS), {name: parts(name) for name in languages})


class Maker:
    """Makes documents of what cases send. `files`: (process, version) -> its files, None for one that is not there;
    `house`: the one in force; `process`: (name, version) -> the compiled process. May be used from any thread."""

    def __init__(
        self, files: Callable[[str, str], Files | None], house: Callable[[], Any], process: Callable[[str, str], Any]
    ) -> None:
        self._files, self._house, self._process = files, house, process
        self._form = lru_cache(maxsize=KEPT)(self._read)

    def _read(self, process: str, version: str, notice: str, languages: tuple[str, ...]) -> Form | None:
        files = self._files(process, version)
        return form_of(notice, files, languages) if files is not None else None

    def make(self, event: NoticeRequested, flow: Any) -> Document | None:
        """The document that a notice is, None for one that is none. What cannot be written becomes a document that
        says why: a person's work is not undone for a letter (R11)."""
        house = self._house()
        try:
            form = self._form(flow.process, flow.version, event.template, house.languages)
        except (DefinitionError, TemplateError) as error:  # what an older version of the program let pass
            form, fault = Form("letter", False, {}), str(error)
        else:
            fault = ""
        if form is None:
            return None
        process = self._process(flow.process, flow.version)
        zone = process.zone if process is not None else "UTC"
        head, pages = letterhead_of(house), {}
        try:
            for language, parts in form.texts.items():
                written = [part.render(event.facts, zone) for part in parts]
                subject, to = (unescape(text).strip() for text in (written[0], written[2]))
                pages[language] = Page(subject, written[1], to, head.told(language))
        except TemplateError as error:
            pages, fault = {}, str(error)
        number = flow.number or ""
        return Document(event.template, form.kind, event.to, number, event.at, zone, form.signed, pages, fault)
