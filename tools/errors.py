"""Writes docs/errors.md: `python -m tools.errors`. Meanings come from the CODES tables in the code, cures and
examples from errors.yaml beside this file, and what each example is told from the compiler itself."""

import importlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.language.problems import DefinitionError, Problem
from engine.language.source import read
from organisation.load import load
from tools.examples import DEEP, DOCS, findings, problems, the_house

ROOT = DOCS.parent
PAGE = DOCS / "errors.md"
CURES = Path(__file__).with_name("errors.yaml")
PACKAGES = ("engine", "tasks", "sla", "papers", "organisation", "reports", "workbench")
_OPENING = """\
# Problems and their cures

*This page is made from the code by `python -m tools.errors`; a test says so when it is out of date.*

`caseway lint` reports every problem of a file in one run, each with its place, what was expected, and the nearest
name. An **error** keeps a process from being deployed; a **warning** is a doubt. The names in the examples are those
of [docs/example](example/house.yaml).

    processes/inquiry.yaml:12:20: error CW121: there is no queue 'intaek' (expected one of …; did you mean 'intake'?)
    file                   line:column  code   what is wrong              what to write instead
"""
_GROUPS = {
    "0": "The file and its YAML",
    "1": "Keywords, steps, names, expressions, data, flow",
    "6": "What the deep checks find",
    "7": "Clocks",
    "8": "People's work",
    "9": "The organisation, and scenarios",
}


def meanings() -> dict[str, str]:
    """Every code with its meaning. Raises ValueError for a code that two modules list."""
    found: dict[str, str] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "CODES" in path.read_text(encoding="utf-8"):
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
                codes: Mapping[str, str] = getattr(importlib.import_module(name), "CODES", {})
                if twice := found.keys() & codes.keys():
                    raise ValueError(f"{name} lists what another module lists, too: {', '.join(twice)}")
                found |= codes
    return dict(sorted(found.items()))


def cures() -> dict[str, dict[str, Any]]:
    """What errors.yaml says of each code."""
    value: Any = read(CURES.read_bytes(), CURES.name).value
    return dict(value)


def told(code: str, entry: Mapping[str, Any]) -> list[Problem]:
    """What the example of a code is told; of deep findings, those of the code."""
    if entry["form"] == "organisation":
        try:
            return list(load(entry["wrong"], "organisation.yaml", the_house())[1])
        except DefinitionError as error:
            return list(error.problems)
    if code.startswith(DEEP):
        whole = findings(entry["form"], entry["wrong"], entry.get("files", {}), entry.get("people", ""))
        return [each for each in whole if each.code == code or not each.code.startswith(DEEP)]
    return problems(entry["form"], entry["wrong"], entry.get("files", {}), entry.get("file", ""))


def page() -> str:
    """The text of docs/errors.md."""
    return "\n".join([_OPENING, *_entries()])


def _entries() -> Iterator[str]:
    known, group = cures(), ""
    if new := sorted(meanings().keys() - known.keys()):
        raise SystemExit(f"{CURES.name} says nothing yet of {', '.join(new)}: what is the cure?")
    for code, meaning in meanings().items():
        if _GROUPS[code[2]] != group:
            group = _GROUPS[code[2]]
            yield f"## {group}\n"
        entry = known[code]
        yield f"### {code} {meaning}\n"
        if "wrong" in entry:
            yield f"```yaml\n{entry['wrong']}```\n"
            for each in told(code, entry):
                yield f"> {each.severity}: {each.message}{_aside(each)}\n"
        yield f"{entry['cure']}\n"


def _aside(problem: Problem) -> str:
    said = [f"expected {problem.expected}"] if problem.expected else []
    said += [problem.hint] if problem.hint else []
    return f" ({'; '.join(said)})" if said else ""


if __name__ == "__main__":
    text = page()
    changed = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text
    PAGE.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}: {'written' if changed else 'was up to date'}\n")
