"""The notices that a process sends: `with: complaint_received` is `notices/complaint_received.yaml`.

Of such a file only the templates matter here: every text under `subject` and `body`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.core.templates import TemplateError, compile_template
from engine.language.data_schema import named_file
from engine.language.document import Document, Place
from engine.language.files import Files
from engine.language.problems import Problems

CODES = {
    "CW144": "a template that cannot be read",
    "CW145": "a fact that a notice needs and nobody gives",
}

_TEMPLATES = ("subject", "body")


def file_of(notice: str) -> str:
    """The file in which a notice stands."""
    return f"notices/{notice}.yaml"


def reads(document: Document, where: Place, notice: str, files: Files, problems: Problems) -> frozenset[str] | None:
    """The names that a notice's text reads; None, with a problem at `where` or in the notice, if it cannot be read."""
    found = named_file(document, where, file_of(notice), files, problems)
    if found is None:
        return None
    names: set[str] = set()
    wrong = False
    for place, text in _texts(found.value, ()):
        try:
            names |= compile_template(text).reads
        except TemplateError as error:
            wrong = True
            for each in error.problems:
                before = "".join(text.splitlines(keepends=True)[: each.line - 1])
                problems.add(found.problem("CW144", place, each.message, hint=each.hint, offset=len(before)))
    return None if wrong else frozenset(names)


def _texts(value: Any, path: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if path or key in _TEMPLATES:
                yield from _texts(inner, (*path, key))
    elif isinstance(value, str):
        yield path, value
