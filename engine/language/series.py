"""Series of business numbers: each process has one of its own."""

from collections.abc import Iterator

from engine.language.problems import Problem
from engine.language.project import Project

CODES = {"CW688": "two processes whose numbers look alike"}


def series_apart(project: Project) -> Iterator[Problem]:
    """CW688: numbers of two processes that differ in the length of their sequence only. Nobody could tell from
    SJ-2026-12 and SJ-2026-0012 which procedure a case is of, and one day the two would be the same."""
    first: dict[str, str] = {}
    for name, each in sorted(project.processes.items()):
        template = each.process.number
        head = template.partition("{seq")[0]
        if not template:
            continue
        other = first.setdefault(head, name)
        if other != name:
            message = f"numbers begin with {head}, as those of {other} do"
            yield project.problem(name, "", ("number",), "CW688", message, hint="begin them otherwise")
