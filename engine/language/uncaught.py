"""Errors that nothing catches: the one rule about them, for `caseway lint` and before a version is deployed.

Theory of operation. An error that no handler around its step catches ends its case and is raised again at the call of
its process (BPMN 2.0, 10.5.6), and so on outwards. Where there is no call further out, the case stops with an
incident: that is told at the step, or at the call, where it stops. Whether a case comes there is not asked: a step that
says `fail` is there to fail.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from engine.core.model import Call, Fail, Handler, Node, Process
from engine.language.problems import Problem
from engine.language.project import Project

CODES = {"CW685": "an error that nothing catches"}


class _Raised(NamedTuple):
    """An error at a step, which the step raises itself or a process that it calls."""

    process: str
    step: str
    error: str
    source: str = ""  # the process that raised it first, if that is another one


def errors_caught(project: Project) -> Iterator[Problem]:
    """CW685; nothing where not all processes are there, for who calls them is not known then."""
    if not project.whole:
        return
    todo = [
        _Raised(name, node.id, node.spec.name)
        for name, each in project.processes.items()
        for node in each.process.nodes.values()
        if isinstance(node.spec, Fail)
    ]
    known = set(todo)
    for raised in todo:  # which grows
        process = project.processes[raised.process].process
        if _caught(process, process.nodes[raised.step], raised.error):
            continue
        outward = [
            _Raised(caller, call.id, raised.error, raised.source or raised.process)
            for caller, call in _calls(project, raised.process)
        ]
        todo += [each for each in outward if each not in known]
        known.update(outward)
        if not outward or _begins_by_itself(process):
            yield _told(project, raised, called=bool(outward))


def _told(project: Project, raised: _Raised, *, called: bool) -> Problem:
    """Sure where nobody calls the process; only a doubt where the error may be meant for those who do."""
    name, step = raised.error, raised.step.partition("/")[0]
    by = f" of {raised.source}" if raised.source else ""
    stops = "the case stops here where nobody has called it" if called else "the case stops here"
    message = f"no handler around {raised.step!r} catches the error {name!r}{by}: {stops}"
    hint = f"write around it: meanwhile: [{{error: {name}, …}}]"
    key = "call" if raised.source else "fail"
    return project.problem(raised.process, step, (key,), "CW685", message, hint=hint, error=not called)


def _begins_by_itself(process: Process) -> bool:
    return bool(process.start.by or process.start.message or process.start.every)


def _caught(process: Process, node: Node, error: str) -> bool:
    """Whether a handler of the step, or of what stands around it, catches the error."""
    around: Node | None = node
    while around is not None:
        if _catches(around.handlers, error):
            return True
        around = process.nodes.get(around.scope)
    return _catches(process.handlers, error)


def _catches(handlers: Iterable[Handler], error: str) -> bool:
    return any(each.trigger.kind == "error" and each.trigger.name in ("", error) for each in handlers)


def _calls(project: Project, name: str) -> Iterator[tuple[str, Node]]:
    for caller, each in project.processes.items():
        for node in each.process.nodes.values():
            if isinstance(node.spec, Call) and node.spec.process == name:
                yield caller, node
