"""Which places of the data anything in a process, or what starts it, can write."""

from collections.abc import Iterator
from typing import Any

from engine.core.model import Call, Handler, Human, Path, Process, Start
from engine.language.project import Project


def written(project: Project, process: Process) -> frozenset[Path]:
    """The places written by forms, steps, messages and other processes. The empty path where everything may be: a
    case that only others start begins with what they give it."""
    found = set(_of_start(process.start))
    for handler in process.handlers:
        found |= set(_of_handler(handler))
    for node in process.nodes.values():
        found |= set(_of(node.spec))
        for handler in node.handlers:
            found |= set(_of_handler(handler))
    callers = [each for other in project.processes.values() for each in other.process.nodes.values()]
    for node in callers:
        if isinstance(node.spec, Call) and node.spec.process == process.name:
            found |= {(name,) for name in node.spec.data}
    if not process.start.by and not process.start.message and not process.start.every:
        found.add(())
    return frozenset(found)


def _of_start(start: Start) -> Iterator[Path]:
    yield from start.form
    yield from (each.path for each in start.into)


def _of_handler(handler: Handler) -> Iterator[Path]:
    yield from (each.path for each in handler.trigger.into)


def _of(spec: Any) -> Iterator[Path]:
    """Every kind of step writes by one of a few fields of these names."""
    for each in (*getattr(spec, "assigns", ()), *getattr(getattr(spec, "trigger", None), "into", ())):
        yield each.path
    for each in getattr(spec, "into", ()):
        yield each[1]
    for path, _ in getattr(spec, "collect", ()):
        yield path
    for option in getattr(spec, "options", ()):
        yield from _of_handler(option)
    if isinstance(spec, Human):
        yield from spec.form
        for outcome in spec.outcomes.values():
            yield from (each.path for each in outcome.sets)
