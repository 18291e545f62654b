"""The corpus of faulty files in tests/faults: one fault each, with the code and the line under which it is to be told.

`*.yaml` there hold changes of right files, each an entry of `faults`:

    code, find, put     the text that is changed, and what it becomes; the fault is told where it stands
    code, path, put     the same for the value at a path of the file, as steps.answer.limit (or a list of its keys)
    in                  the file that is changed, if not the `file` that the list is about
    on                  a text on the line where it is told, if that is another; `at`: in which file
    also                codes that follow from the fault and are told besides, on whatever line

`folder` has the files, `with` names processes that are looked at with the one, `people` its organisation. `small/`
holds whole processes for the house of `base/`: the faulty line says `# expect: CWxxx`, what follows `# also: CWxxx`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from engine.language.compile_house import HOUSE_FILE
from engine.language.document import Place
from engine.language.files import Bundle, Folder
from engine.language.house import House
from engine.language.problems import DefinitionError, Problem
from engine.language.source import read
from organisation.directory import Directory
from organisation.load import build, load
from tools.examples import the_compiler
from workbench.linting import Around, lint

ROOT = Path(__file__).parents[2]
FAULTS = ROOT / "tests" / "faults"
TODAY = date(2026, 6, 1)
PEOPLE = "samples/organisation.yaml"
_EXPECT = re.compile(rb"# expect: (CW\d{3})")
_ALSO = re.compile(rb"# also: (CW\d{3})")


@dataclass(frozen=True, slots=True)
class Fault:
    """One faulty file among right ones. `contents` are the files that differ; `told` is where it is to be told."""

    name: str
    folder: Path
    files: tuple[str, ...]  # the processes that are looked at
    contents: Mapping[str, bytes]
    code: str
    told: tuple[str, int]
    also: frozenset[str] = frozenset()


# --- reading the corpus -----------------------------------------------------------------------------------------


def lists() -> Iterator[Path]:
    yield from sorted(FAULTS.glob("*.yaml"))


def changed(path: Path) -> Iterator[Fault]:
    """The faults of one list."""
    written: Any = read(path.read_bytes(), path.name).value
    for index, entry in enumerate(written["faults"], 1):
        yield _changed(f"{path.stem}-{index}-{entry['code']}", written, entry)


def _changed(name: str, written: Mapping[str, Any], entry: Mapping[str, Any]) -> Fault:
    folder = ROOT / written["folder"]
    file = entry.get("in", written["file"])
    text = contents(folder)[file].decode()
    if "path" in entry:
        start, end = _span(text, file, entry["path"])
    else:
        assert text.count(entry["find"]) == 1, f"{name}: {entry['find']!r} stands {text.count(entry['find'])} times"
        start = text.index(entry["find"])
        end = start + len(entry["find"])
    after = text[:start] + entry["put"] + text[end:]
    told = entry.get("at", file)
    where = after if told == file else contents(folder)[told].decode()
    if "on" in entry:
        assert where.count(entry["on"]) == 1, f"{name}: {entry['on']!r} stands {where.count(entry['on'])} times"
    line = where[: where.index(entry["on"]) if "on" in entry else start].count("\n") + 1
    files = (written["file"], *written.get("with", ()))
    return Fault(
        name, folder, files, {file: after.encode()}, entry["code"], (told, line), frozenset(entry.get("also", ()))
    )


def _span(text: str, file: str, written: str | list[Any]) -> tuple[int, int]:
    """Where the value at a path begins and ends."""
    keys = written.split(".") if isinstance(written, str) else written
    path: Place = tuple(int(key) if str(key).isdigit() else key for key in keys)
    node: Any = _nodes(text)
    for part in path:
        if isinstance(part, int):
            node = node.value[part]
        else:
            node = next((value for key, value in node.value if key.value == part), None)
            assert node is not None, f"{file} has no {written} (any more)"
    start = node.start_mark.index
    return start, start + len(text[start : node.end_mark.index].rstrip())


@cache
def _nodes(text: str) -> Any:
    return yaml.compose(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def small() -> Iterator[Fault]:
    """The whole files. Several lines may say what to expect, if one fault is told at each."""
    for path in sorted((FAULTS / "small").glob("*.yaml")):
        raw = path.read_bytes()
        (expected,) = _EXPECT.finditer(raw)
        line = raw[: expected.start()].count(b"\n") + 1
        also = frozenset(each.decode() for each in _ALSO.findall(raw))
        files = (path.name, "payout.yaml", "weather.yaml")
        code = expected[1].decode()
        name = f"small-{path.stem}-{code}"
        yield Fault(name, FAULTS / "base", files, {path.name: raw}, code, (path.name, line), also)


# --- looking at them ----------------------------------------------------------------------------------------------


@cache
def contents(folder: Path) -> dict[str, bytes]:
    files = Folder(folder)
    return {name: files.read(name) for name in files.names() if "__" not in name}


@cache
def _house(folder: Path) -> House:
    return the_compiler().house(Bundle(contents(folder)))


@cache
def _people(folder: Path, raw: bytes) -> tuple[Directory | None, tuple[Problem, ...]]:
    try:
        document, warnings = load(raw, PEOPLE, _house(folder))
    except DefinitionError as error:
        return None, error.problems
    value: Any = document.value
    return build(value, 1), tuple(warnings)


@cache
def _usual(folder: Path, files: tuple[str, ...]) -> Counter[tuple[str, str, str]]:
    """What is told of the right files when they stand without the others of their folder."""
    return Counter(_key(each) for each in told_of(folder, files, {}))


def told_of(folder: Path, files: tuple[str, ...], changes: Mapping[str, bytes]) -> list[Problem]:
    """Everything that lint says of these processes, with their people, when some files are changed."""
    every = {**contents(folder), **changes}
    house = None if any(name == HOUSE_FILE or name.startswith("calendars/") for name in changes) else _house(folder)
    people, wrong = _people(folder, every[PEOPLE])
    found = lint(the_compiler(), Bundle(every), files, Around(people, TODAY), house=house, rules=folder)
    return [*wrong, *found.problems]


def news(fault: Fault) -> list[Problem]:
    """What is told of a fault that is not told without it."""
    known = [each for each in fault.files if each in contents(fault.folder)]
    usual = Counter(_usual(fault.folder, tuple(known)))
    found = []
    for each in told_of(fault.folder, fault.files, fault.contents):
        if usual[_key(each)]:
            usual[_key(each)] -= 1
        else:
            found.append(each)
    return found


def _key(problem: Problem) -> tuple[str, str, str]:
    return problem.code, problem.file, problem.message


def misjudged(fault: Fault) -> str:
    """How what is told differs from what is to be told; "" if it does not."""
    found = news(fault)
    right = [each for each in found if each.code == fault.code and (each.file, each.line) == fault.told]
    more = {each.code for each in found if each not in right}
    if right and more == fault.also:
        return ""
    wanted = f"wanted {fault.code} at {fault.told[0]}:{fault.told[1]} and {sorted(fault.also)}, told:"
    return "\n  ".join([wanted, *map(str, found)])
