"""The examples in the documents: found, put into a whole process, and compiled by the real compiler.

A fenced block says in its info string what it is:

    ```yaml process            a whole process
    ```yaml steps              an ordered mapping of steps; steps that it names and does not show are ends
    ```yaml top                keys of a process (`clocks:`, `start:` ...), put into docs/example/example.yaml
    ```yaml house              keys of house.yaml, put into docs/example/house.yaml
    ```yaml steps wrong CW121  the same, with exactly this problem

Examples stand in the folder docs/example: its house, its schema, its notices are what they may name.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import Any

from bootstrap import compiler
from engine.language.compile import Compiler
from engine.language.compile_house import compile_house
from engine.language.files import Bundle, Folder
from engine.language.house import House
from engine.language.problems import DefinitionError, Problem
from organisation.directory import Directory
from organisation.load import build, load
from workbench.linting import Around, lint

DEEP = "CW6"
"""How the codes of the deep checks begin."""
TODAY = date(2026, 6, 1)
"""The day on which the people of an example are looked at."""
DOCS = Path(__file__).parents[1] / "docs"
HEAD = """\
process: example
title: {zh: 示例, en: Example}
calendar: insurer
data: schemas/case.yaml
steps:
"""
_FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_TARGET = re.compile(r"\b(?:next|else): ([a-z][a-z0-9_]*)\b")


@dataclass(frozen=True, slots=True)
class Example:
    """A fenced block of a document: where it stands, the words of its info string, its text."""

    file: str
    line: int
    words: tuple[str, ...]
    text: str

    @property
    def kind(self) -> str:
        """`yaml steps`, `csv table`, `console`."""
        return " ".join(self.words[:2])

    @property
    def wrong(self) -> str:
        """The code of the problem that it shows; "" for a right one."""
        return self.words[self.words.index("wrong") + 1] if "wrong" in self.words else ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def examples(path: Path) -> Iterator[Example]:
    """Every fenced block of a document, in order."""
    text = path.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        margin, info, body = found.groups()
        lines = [line.removeprefix(margin) for line in body.splitlines(keepends=True)]
        yield Example(path.name, text[: found.start()].count("\n") + 1, tuple(info.split()), "".join(lines))


@cache
def the_compiler() -> Compiler:
    return compiler()


@cache
def contents() -> dict[str, bytes]:
    """The files of docs/example by their names."""
    folder = Folder(DOCS / "example")
    return {name: folder.read(name) for name in folder.names()}


@cache
def the_house() -> House:
    return the_compiler().house(Bundle(contents()))


def problems(kind: str, text: str, more: Mapping[str, str] | None = None, name: str = "") -> list[Problem]:
    """What the compiler says of an example of that kind, warnings included. `more` are files that lie beside it,
    `name` is its file's, if that is not the process's."""
    usual, whole = _WHOLE[kind](text)
    name = name or usual
    beside = {file: content.encode() for file, content in (more or {}).items()}
    files = Bundle({**contents(), **beside, name: whole.encode()})
    try:
        if name == "house.yaml":
            return list(compile_house(the_compiler().grammar, files)[1])
        return list(the_compiler().compile(files, name, the_house()).warnings)
    except DefinitionError as error:
        return list(error.problems)


def findings(kind: str, text: str, more: Mapping[str, str] | None = None, people: str = "") -> list[Problem]:
    """The same with what the deep checks find; further processes among `more` are part of the whole, and so is the
    one that examples call. `people` is the text of an organisation."""
    name, whole = _WHOLE[kind](text)
    beside = {file: content.encode() for file, content in (more or {}).items()}
    files = Bundle({**contents(), **beside, name: whole.encode()})
    names = {name, "payment_order.yaml", *beside} - {"house.yaml"}
    processes = sorted(each for each in names if each.endswith(".yaml") and "/" not in each)
    around = Around(_directory(people) if people else None, TODAY)
    return list(lint(the_compiler(), files, processes, around).problems)


def _directory(people: str) -> Directory:
    value: Any = load(people, "organisation.yaml", the_house())[0].value
    return build(value, 1)


def _process(text: str) -> tuple[str, str]:
    name = re.search(r"^process: *(\w+)", text, re.MULTILINE)
    return f"{name[1] if name else 'example'}.yaml", text


def _steps(text: str) -> tuple[str, str]:
    shown = set(re.findall(r"^ *([a-z][a-z0-9_]*):", text, re.MULTILINE))
    ends = sorted(set(_TARGET.findall(text)) - shown - {"end"})
    return "example.yaml", HEAD + indent(text + "".join(f"{name}: {{end: {name}}}\n" for name in ends), "  ")


def _top(text: str) -> tuple[str, str]:
    return "example.yaml", _put_into(contents()["example.yaml"].decode(), text)


def _house(text: str) -> tuple[str, str]:
    return "house.yaml", _put_into(contents()["house.yaml"].decode(), text)


def _put_into(base: str, text: str) -> str:
    """The base with these top-level keys, in place of its own of those names."""
    keys = set(re.findall(r"^(\w+):", text, re.MULTILINE))
    parts = re.split(r"^(?=\w)", base, flags=re.MULTILINE)
    return "".join(part for part in parts if part.split(":")[0] not in keys) + text


_WHOLE = {"process": _process, "raw": _process, "steps": _steps, "top": _top, "house": _house}
