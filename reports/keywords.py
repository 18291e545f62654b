"""The word `class:` of a process: the field by which reports tell its cases apart."""

from typing import Any

from engine.core.kinds import holds_secret
from engine.core.model import Process
from engine.language.extension import Context, Extension, Where
from engine.language.words import NAME, described

PART = "class"
CODES = {"CW835": "a class that reports cannot tell"}

_TELLS = frozenset({"text", "bool", "int", "any"})
"""Types of which a value is a class."""


def class_of(process: Process) -> str:
    """The field that holds the class of a case; "" where the process names none."""
    found: str = process.parts.get(PART) or ""
    return found


def _process(context: Context, where: Where, found: dict[str, Any]) -> str | None:
    if PART not in found:
        return None
    name, at = found[PART], (*where, PART)
    place = context.path(at, name)
    if place is None:
        return None
    if holds_secret(place[1]):
        context.problem(at, "CW835", f"{name} is secret: reports would tell what it is")
    elif place[1].kind not in _TELLS:
        context.problem(at, "CW835", f"{name} is {place[1]}", expected="a text, a number or true/false")
    return str(name)


REPORT_WORDS = Extension(
    name=PART,
    process_keywords={
        PART: described(
            {**NAME, "title": "a field at the top of the data, as kind"},
            "The field by which reports tell cases of the process apart: a kind, a line of business, a grade.", "kind",
        ),
    },
    compile_process=_process,
)  # fmt: skip
"""The extension that bootstrap registers with the language."""
