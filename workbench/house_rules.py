"""Rules of a house's own: Python functions beside house.yaml, which names them under `checks` (docs/checks.md).

A rule is a check like those that come with the product (`engine.language.project.Check`). It is a program of the
house's own and runs as whoever asks: only `lint` and `deploy` of a folder load it, never a page. What goes wrong
in it is a finding.
"""

import traceback
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.language.compile_house import HOUSE_FILE
from engine.language.files import Files
from engine.language.house import House
from engine.language.problems import Problem
from engine.language.project import Check, Project
from engine.language.source import read

CODES = {
    "CW697": "a rule of the house's own that cannot be loaded",
    "CW698": "a rule of the house's own that fails",
}
MOST = 1000
"""Findings of one rule that are taken; more would help nobody."""

_Problem = Callable[..., Problem]


def rules_of(house: House, files: Files, folder: Path) -> tuple[tuple[Check, ...], list[Problem]]:
    """The house's own rules, and what is wrong with those that cannot be loaded. Raises OSError for house.yaml."""
    if not house.checks:
        return (), []
    document = read(files.read(HOUSE_FILE), HOUSE_FILE)
    modules: dict[str, ModuleType] = {}
    rules: list[Check] = []
    problems: list[Problem] = []
    for index, name in enumerate(house.checks):
        problem = partial(document.problem, path=("checks", index))
        module, _, function = name.partition(":")
        try:
            if module not in modules:
                modules[module] = _load(folder / f"{module}.py", module)
            rule = getattr(modules[module], function)
        except FileNotFoundError:
            problems.append(problem("CW697", message=f"there is no {module}.py beside {HOUSE_FILE}"))
        except AttributeError:
            problems.append(problem("CW697", message=f"{module}.py has no function {function!r}"))
        except (Exception, SystemExit) as error:
            problems.append(_failed(problem, "CW697", f"{module}.py cannot be loaded", error, folder))
        else:
            rules.append(partial(_guarded, rule, name, problem, folder))
    return tuple(rules), problems


def _load(path: Path, name: str) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(path)
    spec = spec_from_file_location(f"house_rules_of_{path.parent.name}_{name}", path)
    assert spec is not None and spec.loader is not None  # of a path that ends in .py
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _guarded(rule: Any, name: str, problem: _Problem, folder: Path, project: Project) -> Iterator[Problem]:
    """What the rule finds; a rule that fails, or yields what is no finding, is itself one."""
    try:
        for found in islice(rule(project) or (), MOST):
            if not isinstance(found, Problem) or found.code.startswith("CW"):
                said = f"the code {found.code}" if isinstance(found, Problem) else type(found).__name__
                message = f"{name} yields {said}; expected problems with a code of the house's own"
                yield problem("CW698", message=message, hint="make them with project.problem(…), code OUR1")
                return
            yield found
    except (Exception, SystemExit) as error:
        yield _failed(problem, "CW698", f"{name} fails", error, folder)


def _failed(problem: _Problem, code: str, what: str, error: BaseException, folder: Path) -> Problem:
    frames = [each for each in traceback.extract_tb(error.__traceback__) if Path(each.filename).parent == folder]
    hint = f"see {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else None
    return problem(code, message=f"{what}: {type(error).__name__}: {str(error)[:200]}", hint=hint)
