"""The corpus of faulty processes: each file says itself which problems are to be told, and where.

# expect: CW121 5:24                       an error of that code in this file at that line and column
# expect: warning CW135 6:12
# expect: schemas/case.yaml CW101 3:16     in a file that this one names
"""

import re
from pathlib import Path

import pytest

from engine.language.compile import Compiler
from engine.language.files import Folder
from engine.language.problems import DefinitionError, Problem
from tests.support.language import COMPILER

CORPUS = Path(__file__).parents[1] / "spec" / "faulty"
FILES = Folder(CORPUS)
EXPECT = re.compile(r"# expect: (?:(warning) )?(?:(\S+\.\w+) )?(CW\d{3}) (\d+):(\d+)")


def expected(name: str, text: str) -> list[tuple[str, str, str, int, int]]:
    return sorted(
        (file or name, kind or "error", code, int(line), int(column))
        for kind, file, code, line, column in EXPECT.findall(text)
    )


def found(compiler: Compiler, name: str) -> list[Problem]:
    house = compiler.house(FILES)
    try:
        return list(compiler.compile(FILES, name, house).warnings)
    except DefinitionError as error:
        return list(error.problems)


# The house of the others is right, and compiled with each of them.
FAULTY = sorted(path for path in CORPUS.glob("*.yaml") if path.name != "house.yaml")


@pytest.mark.parametrize("path", FAULTY, ids=lambda path: path.stem)
def test_every_problem_at_its_place(path: Path) -> None:
    problems = found(COMPILER, path.name)
    told = sorted((each.file, each.severity, each.code, each.line, each.column) for each in problems)
    assert told == expected(path.name, path.read_text(encoding="utf-8")), "\n".join(map(str, problems))
    assert told, "a file of the corpus has at least one fault"


def test_every_code_is_listed_once() -> None:
    """Each module lists its codes; a problem's code is in exactly one of these lists."""
    root = Path(__file__).parents[2]
    listed: dict[str, str] = {}
    used: set[str] = set()
    for folder in ("engine/language", "tasks", "sla", "organisation"):
        for path in (root / folder).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            for code in re.findall(r'^(?:CODES = \{)?\s*"(CW\d{3})": "', source, re.MULTILINE):
                assert code not in listed, f"{code} is listed in {listed[code]} and in {path}"
                listed[code] = str(path)
            used |= set(re.findall(r'"(CW\d{3})"', source))
    assert used == set(listed), f"not listed, or listed and never used: {sorted(used ^ set(listed))}"
