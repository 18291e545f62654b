"""A whole folder of processes as deep checks see it: everything compiled, with the places of what was written.

Compiling looks at one file and must stay quick. What is asked here takes longer or needs more than one file: the
states that a process can reach, messages between processes, the people there are. A component adds such a check
as `Extension.deep`; it runs when somebody asks for it (`caseway lint`), and once more before a version is deployed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias, TypeVar

from engine.core.durations import Duration
from engine.core.model import Process
from engine.language.compile import Compiled
from engine.language.compile_house import HOUSE_FILE
from engine.language.document import Document, Place
from engine.language.house import House
from engine.language.problems import Problem, Severity

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Project:
    """The processes of a folder that compile, by name, and what is known around them."""

    house: House
    processes: Mapping[str, Compiled]
    whole: bool = True
    """Whether these are all the folder has; if not, nothing can be said about what nobody sends or catches."""
    people: Any = None
    """The organisation (organisation.directory.Directory), where one is at hand."""
    today: date | None = None
    """The day on which the people are looked at."""
    measured: Mapping[tuple[str, str], Duration] = field(default_factory=dict)
    """How long steps took where there is history: (process, step) → the median stretch."""
    written: Document | None = None
    """house.yaml as it was written, where it is at hand."""
    _made: dict[tuple[Any, str], Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, make: Callable[[Process], T], name: str) -> T:
        """What is made of this process, which several checks ask for: made when the first does."""
        if (make, name) not in self._made:
            self._made[make, name] = make(self.processes[name].process)
        found: T = self._made[make, name]
        return found

    def at_house(self, keys: Place, code: str, message: str, *, hint: str | None = None, key: bool = True) -> Problem:
        """A doubt about what stands under `keys` in house.yaml, placed at its key unless `key` is false."""
        if self.written is None:
            return Problem(code, "warning", HOUSE_FILE, 1, 1, message, None, hint)
        return self.written.problem(code, keys, message, hint=hint, severity="warning", key=key)

    def reading(self, process: str, step: str, source: str) -> Place:
        """Where in a step an expression stands, as keys for `problem`."""
        compiled = self.processes[process]
        where = compiled.places.get(step, ())
        return compiled.document.find(source, where)[len(where) :]

    def problem(
        self,
        process: str,
        step: str,
        keys: Place,
        code: str,
        message: str,
        *,
        error: bool = False,
        expected: str | None = None,
        hint: str | None = None,
    ) -> Problem:
        """A problem at what stands under `keys` in a step ("" is the process itself); at its key if there is none."""
        compiled = self.processes[process]
        path = (*compiled.places.get(step, ()), *keys)
        severity: Severity = "error" if error else "warning"
        return compiled.document.problem(
            code, path, message, expected=expected, hint=hint, severity=severity, key=not keys
        )


Check: TypeAlias = Callable[[Project], Iterable[Problem]]
"""Looks at the whole and tells what is wrong or doubtful. Raises nothing."""
