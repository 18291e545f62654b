"""The letter made from what is missing, as the next step that sends it would make it now."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.core.data import Names
from engine.core.expressions import EvaluationError
from engine.core.model import Notify, Process
from engine.core.templates import TemplateError, compile_template
from engine.language.files import Files
from engine.language.notices import file_of
from engine.language.source import read
from papers.model import checklist_of


class Letter(NamedTuple):
    """Its texts in one language; `body` is HTML, in which every fact has been escaped."""

    subject: str
    body: str


def letter(process: Process, view: Names, files: Files, languages: tuple[str, ...]) -> Mapping[str, Letter]:
    """By language; empty where the process has no letter.

    Raises EvaluationError or TemplateError where a fact that it needs is not set yet.
    """
    spec = _spec(process)
    if spec is None:
        return {}
    path = file_of(spec.template)
    texts: Any = read(files.read(path), path).value
    facts = {name: value.json(view) for name, value in spec.facts.items()}

    def made(part: str, language: str) -> str:
        written = texts.get(part, "")
        text = written if isinstance(written, str) else written.get(language, "")
        return compile_template(text).render(facts, process.zone)

    return {language: Letter(made("subject", language), made("body", language)) for language in languages}


def letter_reads(process: Process) -> frozenset[str]:
    """The names of the data that the letter shows something of."""
    spec = _spec(process)
    return frozenset().union(*(fact.reads for fact in spec.facts.values())) if spec is not None else frozenset()


def _spec(process: Process) -> Notify | None:
    checklist = checklist_of(process)
    for node in process.nodes.values():
        if isinstance(node.spec, Notify) and checklist is not None and node.spec.template == checklist.letter:
            return node.spec
    return None


CANNOT = (EvaluationError, TemplateError)
"""What keeps a letter from being made."""
