"""What a notice says: from its file and its facts to a subject and a body, in the language of who is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape
from typing import Any, NamedTuple

from engine.core.templates import Template, TemplateError, compile_template
from engine.language.files import Files
from engine.language.notices import file_of
from engine.language.problems import DefinitionError
from engine.language.source import read
from notices.words import words

KEPT = 512
"""Texts of notices that are kept ready."""


class Message(NamedTuple):
    """What goes out. `subject` is plain text, `body` HTML in which every fact has been escaped."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Wording:
    """A notice's file, read. `urgent`: it does not wait for anybody's hours, nor for a digest."""

    urgent: bool
    texts: Mapping[str, tuple[Template, Template]]  # language -> subject, body


class Unworded(Exception):
    """A notice that cannot be put into words: why."""


def notice_of(notice: str, files: Files) -> Mapping[str, Any]:
    """What the file of a notice says. Raises OSError where there is none, DefinitionError."""
    path = file_of(notice)
    found: Any = read(files.read(path), path).value
    return found if isinstance(found, Mapping) else {}


def template_of(written: str | Mapping[str, str] | None, language: str) -> Template:
    """The template of a text in a language; an empty one where there is none. Raises TemplateError."""
    told = written.get(language, "") if isinstance(written, Mapping) else written
    return compile_template(told or "")


def wording_of(notice: str, files: Files, languages: tuple[str, ...]) -> Wording:
    """Raises OSError, DefinitionError, TemplateError."""
    found = notice_of(notice, files)
    subject, body = found.get("subject"), found.get("body")
    texts = {name: (template_of(subject, name), template_of(body, name)) for name in languages}
    return Wording(found.get("urgent") is True, texts)


class Words:
    """Puts notices into words, with the files of the version that their case runs on. `files`: (process, version) ->
    its files; `own`: those of the notices that Caseway itself sends. May be used from any thread."""

    def __init__(self, files: Callable[[str, str], Files | None], own: Files, languages: Callable[[], Any]) -> None:
        self._files, self._own, self._languages = files, own, languages
        self._read = lru_cache(maxsize=KEPT)(self._look)

    def wording(self, process: str, version: str, notice: str) -> Wording:
        """Raises Unworded."""
        try:
            return self._read(process, version, notice, tuple(self._languages()))
        except (OSError, DefinitionError, TemplateError) as error:
            raise Unworded(f"{file_of(notice)}: {error}") from error

    def _look(self, process: str, version: str, notice: str, languages: tuple[str, ...]) -> Wording:
        files = self._files(process, version) if process else None
        if files is not None:
            try:
                return wording_of(notice, files, languages)
            except OSError:
                pass  # one of Caseway's own, as `watched`
        return wording_of(notice, self._own, languages)


def message(wording: Wording, facts: Mapping[str, Any], language: str, zone: str) -> Message:
    """In this language, else in the house's first. Raises Unworded for facts that the text cannot do without."""
    subject, body = wording.texts.get(language) or next(iter(wording.texts.values()))
    try:
        return Message(unescape(subject.render(facts, zone)).strip(), body.render(facts, zone))
    except TemplateError as error:
        raise Unworded(str(error)) from error


def together(messages: Sequence[Message], language: str) -> Message:
    """Several notices as one message: a digest."""
    if len(messages) == 1:
        return messages[0]
    subject = words(language)["digest"].format(count=len(messages))
    return Message(subject, "\n".join(f"<h3>{escape(one.subject)}</h3>\n{one.body}" for one in messages))
