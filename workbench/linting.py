"""All that can be said of process files: what compiling finds, then the deep checks, then the house's own rules.

Theory of operation. Every process that was asked for is compiled. What compiles is put together as one `Project`,
which each deep check of the language and of the components looks at, and each rule of the house's own. A process may
accept a finding, with its reason (`accepted`): it is set aside then, and shown with its reason to whoever asks. What
the compiler refuses cannot be accepted: it could not run. An acceptance that accepts nothing is itself a finding, if
all was looked at that could have given it something to accept.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from engine.core.durations import Duration
from engine.core.model import Decide
from engine.language.compile import Compiled, Compiler
from engine.language.compile_house import HOUSE_FILE
from engine.language.decision_checks import table_source
from engine.language.deep import DEEP
from engine.language.document import Position
from engine.language.files import Files, Folder
from engine.language.house import House
from engine.language.problems import DefinitionError, Problem, Problems
from engine.language.project import Check, Project
from engine.language.source import read
from workbench.house_rules import rules_of

CODES = {"CW696": "an acceptance that accepts nothing"}
OWN = ("CW696", "CW697", "CW698")
"""What cannot be accepted: findings about acceptances and rules themselves."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is known beside the files: the people and the day on which they are looked at, how long steps took."""

    people: Any = None  # organisation.directory.Directory
    today: date | None = None
    measured: Mapping[tuple[str, str], Duration] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that the process accepts, and why."""

    problem: Problem
    reason: str


@dataclass(frozen=True, slots=True)
class Linted:
    """The processes that compile, and what was found: by file and line."""

    compiled: tuple[Compiled, ...] = ()
    problems: tuple[Problem, ...] = ()
    accepted: tuple[Accepted, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    def refuse(self) -> "Linted":
        """Itself; raises DefinitionError with everything found, if there is an error among it."""
        if self.errors:
            raise DefinitionError(self.problems)
        return self


def lint(
    compiler: Compiler,
    files: Files,
    names: Iterable[str],
    around: Around | None = None,
    *,
    whole: bool = True,
    house: House | None = None,
    rules: Path | None = None,
) -> Linted:
    """Looks at the processes in these files. `whole`: whether they are all there are beside the house; `house`: the
    one in force, where the files hold none; `rules`: the folder that the house's own rules are loaded from (they are
    programs, and run: only from a folder whose owner asks for it). Raises OSError for house.yaml only."""
    found = Problems()
    if house is None:
        try:
            house, doubts = compiler.checked_house(files)
        except DefinitionError as error:
            return Linted(problems=error.problems)
        found.extend(doubts)
    compiled: list[Compiled] = []
    for name in names:
        try:
            compiled.append(compiler.compile(files, name, house))
        except DefinitionError as error:
            found.extend(error.problems)
            whole = False
    around = around or Around()
    processes = {each.process.name: each for each in compiled}
    written = read(files.read(HOUSE_FILE), HOUSE_FILE) if whole else None
    project = Project(house, processes, whole, around.people, around.today, around.measured, written)
    own: tuple[Check, ...] = ()
    if rules is not None:
        own, wrong = rules_of(house, files, rules)
        found.extend(wrong)
    findings = Problems(problem for each in compiled for problem in each.warnings)
    for check in (*checks_of(compiler), *own):
        findings.extend(check(project))
    accepted = tuple(_accept(project, findings, found))  # puts the others into `found`
    return Linted(tuple(compiled), tuple(found), accepted)


def lint_folder(compiler: Compiler, folder: Path, only: Collection[str] = (), around: Around | None = None) -> Linted:
    """Looks at all processes of a folder, or `only` these files of it, with the house's own rules. Raises OSError."""
    every = [path.name for path in sorted(folder.glob("*.yaml")) if path.name != HOUSE_FILE]
    names = [name for name in every if not only or name in only]
    return lint(compiler, Folder(folder), names, around, whole=names == every, rules=folder)


def checks_of(compiler: Compiler) -> Iterator[Check]:
    """The deep checks of the language and of every component."""
    yield from DEEP
    for extension in compiler.grammar.language.extensions:
        yield from extension.deep


# --- what is accepted -----------------------------------------------------------------------------------


def _accept(project: Project, findings: Iterable[Problem], found: Problems) -> Iterator[Accepted]:
    """Those of the findings that are accepted; all others, and acceptances without effect, go to `found`."""
    by_file = {each.document.file: each for each in project.processes.values()}
    used: set[tuple[str, int]] = set()
    for problem in findings:
        users = [each for each in by_file.values() if problem.file in (each.document.file, *each.files)]
        places = [] if problem.code in OWN else [(each, _acceptance(each, problem)) for each in users]
        accepted = [(each, index) for each, index in places if index is not None]
        if not accepted or len(accepted) < len(places):  # a table that several use is accepted by all of them
            found.add(problem)
            continue
        used |= {(each.document.file, index) for each, index in accepted}
        compiled, index = accepted[0]
        yield Accepted(problem, _written(compiled)[index]["reason"])
    for file, compiled in by_file.items():
        for index, entry in enumerate(_written(compiled)):
            if (file, index) not in used and _looked(project, entry["check"]):
                message = f"this accepts {entry['check']}, and {_where(entry)} no such thing is found"
                hint = "take it out; what the compiler refuses cannot be accepted"
                found.add(compiled.document.problem(
                    "CW696", ("accepted", index), message, hint=hint, severity="warning"
                ))  # fmt: skip


def _written(compiled: Compiled) -> list[dict[str, Any]]:
    value: Any = compiled.document.value
    return list(value.get("accepted", ()))


def _acceptance(compiled: Compiled, problem: Problem) -> int | None:
    """Which of the process's acceptances this problem falls under."""
    own = problem.file == compiled.document.file
    steps = {step_at(compiled, problem)} if own else _naming(compiled, problem.file)
    for index, entry in enumerate(_written(compiled)):
        if entry["check"] == problem.code and ("step" not in entry or entry["step"] in steps):
            return index
    return None


def _naming(compiled: Compiled, file: str) -> set[str]:
    """The steps that ask the table in this file."""
    decides = [id for id, node in compiled.process.nodes.items() if isinstance(node.spec, Decide)]
    return {id for id in decides if table_source(compiled, id)[0] == file}


def step_at(compiled: Compiled, problem: Problem) -> str:
    """The innermost step within which a problem stands; "" for outside all steps."""
    path = compiled.document.path_at(Position(problem.line, problem.column))
    around = [(len(place), step) for step, place in compiled.places.items() if path[: len(place)] == place]
    return max(around, default=(0, ""))[1]


def _where(entry: Mapping[str, Any]) -> str:
    return f"at {entry['step']!r}" if "step" in entry else "in this process"


_PEOPLE, _WHOLE, _MEASURED = ("CW65",), ("CW622", "CW623", "CW68", "CW69"), ("CW666",)
"""How the codes begin of what is only found where people, all processes, or measured times are at hand."""


def _looked(project: Project, code: str) -> bool:
    """Whether everything was at hand that the check of that code may look at."""
    known = ((_PEOPLE, project.people is not None), (_WHOLE, project.whole), (_MEASURED, bool(project.measured)))
    return all(there or not code.startswith(codes) for codes, there in known)
