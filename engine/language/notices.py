"""The notices that a process sends: `with: complaint_received` is `notices/complaint_received.yaml`.

Of such a file only the templates matter here, every text under `subject` and `body`, and `document`: whether what
goes out is kept with the case as a document, of which kind, to whom it is addressed. `urgent` says that it waits for
nobody's hours.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from engine.core.templates import TemplateError, names_in
from engine.language.data_schema import named_bytes
from engine.language.document import Document, Place
from engine.language.files import Files
from engine.language.problems import DefinitionError, Problem, Problems
from engine.language.shape import misshapen, validator
from engine.language.source import read
from engine.language.words import TEXT, Schema, described, mapping

CODES = {
    "CW144": "a template that cannot be read",
    "CW145": "a fact that a notice needs and nobody gives",
}

_TEMPLATES = ("subject", "body")
_KIND: Schema = {
    "title": "letter, form, record or report",
    "type": "string",
    "enum": ["letter", "form", "record", "report"],
}
_SIGNED: Schema = {"title": "true or false", "type": "boolean"}
_DOCUMENT: Schema = {
    "title": "a kind of document, or {kind: letter, addressee: …, signed: true}",
    "oneOf": [
        _KIND,
        mapping(
            {
                "kind": described(_KIND, "What it is: it decides how it is laid out."),
                "addressee": described(TEXT, "To whom it is addressed, with facts: the lines above a letter."),
                "signed": described(_SIGNED, "Whether it ends with the house's seal. Left out: letters and forms do."),
            },
            "kind",
        ),
    ],
}
_URGENT: Schema = {"title": "true or false", "type": "boolean"}
_FILE = validator({"type": "object", "properties": {"document": _DOCUMENT, "urgent": _URGENT}})


def file_of(notice: str) -> str:
    """The file in which a notice stands."""
    return f"notices/{notice}.yaml"


def reads(document: Document, where: Place, notice: str, files: Files, problems: Problems) -> frozenset[str] | None:
    """The names that a notice's text reads; None, with a problem at `where` or in the notice, if it cannot be read."""
    raw = named_bytes(document, where, file_of(notice), files, problems)
    if raw is None:
        return None
    names, found = _looked(raw, file_of(notice))
    problems.extend(found)
    return names


@lru_cache(maxsize=1024)
def _looked(raw: bytes, file: str) -> tuple[frozenset[str] | None, tuple[Problem, ...]]:
    """The names that the texts of a notice's file read, and its problems. Many processes send the same notices, and
    nothing but the file tells what it says."""
    try:
        found = read(raw, file)
    except DefinitionError as error:
        return None, error.problems
    problems = Problems(found.warnings)
    names: set[str] = set()
    problems.extend(misshapen(found, (), found.value, _FILE))
    for place, text in _texts(found.value, ()):
        try:
            names |= names_in(text)
        except TemplateError as error:
            for each in error.problems:
                before = "".join(text.splitlines(keepends=True)[: each.line - 1])
                problems.add(found.problem("CW144", place, each.message, hint=each.hint, offset=len(before)))
    return (None if problems.errors else frozenset(names)), tuple(problems)


def _texts(value: Any, path: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if path or key in _TEMPLATES:
                yield from _texts(inner, (*path, key))
            elif key == "document" and isinstance(inner, Mapping):
                yield from _texts(inner.get("addressee"), (key, "addressee"))
    elif isinstance(value, str):
        yield path, value
