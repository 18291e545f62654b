"""What a reader of a definition is told: one problem, all problems of a run, the nearest name.

A problem is data. Commands print it, editors underline it, tests compare it; nothing below the command line
formats it in another way.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong (`error`) or doubtful (`warning`) at one place of one file.

    `line` and `column` count from 1, columns in characters. `expected` says what could stand there, `hint`
    what to do: a cure ("quote it") or the nearest name ("did you mean 'queue'?").
    """

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    message: str
    expected: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        more = "; ".join(part for part in (self.expected and f"expected {self.expected}", self.hint) if part)
        text = f"{self.file}:{self.line}:{self.column}: {self.severity} {self.code}: {self.message}"
        return f"{text} ({more})" if more else text


def _place(problem: Problem) -> tuple[str, int, int, str, str]:
    return problem.file, problem.line, problem.column, problem.code, problem.message


class Problems:
    """Collects the problems of one run; iterates them once each, sorted by file, line, column and code."""

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self._found: dict[Problem, None] = dict.fromkeys(problems)

    def add(self, problem: Problem) -> None:
        self._found[problem] = None

    def extend(self, problems: Iterable[Problem]) -> None:
        self._found.update(dict.fromkeys(problems))

    def __iter__(self) -> Iterator[Problem]:
        return iter(sorted(self._found, key=_place))

    def __len__(self) -> int:
        return len(self._found)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self if problem.severity == "warning")

    def refuse(self) -> None:
        """Raise `DefinitionError` with everything found, warnings included, if there is an error among it."""
        if self.errors:
            raise DefinitionError(self)


class DefinitionError(Exception):
    """A definition was refused. `problems` holds at least one error; `str()` is one line for each problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(Problems(problems))
        super().__init__("\n".join(map(str, self.problems)))


def one_of(names: Iterable[str], limit: int = 12) -> str:
    """Names as an expectation: "one of a, b, c", cut after `limit`."""
    known = sorted(names)
    if not known:
        return "nothing (none are defined)"
    more = f", … ({len(known)} in all)" if len(known) > limit else ""
    return "one of " + ", ".join(known[:limit]) + more
