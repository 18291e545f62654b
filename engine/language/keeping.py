"""How long cases are kept: what house.yaml says of processes holds for processes that are there."""

from collections.abc import Iterator

from engine.core.naming import did_you_mean
from engine.language.problems import Problem
from engine.language.project import Project

CODES = {"CW693": "a rule of keeping for a process that is not there"}


def kept_processes(project: Project) -> Iterator[Problem]:
    """CW693: cases of a process whose name is wrong here would be kept as briefly as all others, and then destroyed.
    Nothing where not all processes are there."""
    if not project.whole or not project.processes:
        return
    for name, rule in project.house.keeping.items():
        for index, process in enumerate(rule.processes):
            if process not in project.processes:
                message = f"the rule of keeping {name!r} is for the process {process!r}, which is not there"
                hint = did_you_mean(process, project.processes) or "write its name, or take it out"
                yield project.at_house(("keeping", name, "processes", index), "CW693", message, hint=hint, key=False)
