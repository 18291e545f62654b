"""What processes tell each other: messages and signals with a sender and somebody who waits, calls
that look at how the called process ended.

What components send (a rung of a clock, a checklist) is sent like what steps send. What house.yaml lets people or
customers send is sent from outside.
"""

from collections.abc import Iterable, Iterator

from jinja2 import nodes

from engine.core.expressions import Expression
from engine.core.model import Call, Catch, End, Process, Race, Send, Signal, Trigger
from engine.language.dataflow.needs import tree_of
from engine.language.dataflow.reading import in_steps, of_components
from engine.language.dataflow.ways import writes
from engine.language.document import Place
from engine.language.problems import Problem
from engine.language.project import Project

CODES = {
    "CW681": "a message that nobody sends",
    "CW682": "a message that nobody waits for",
    "CW683": "a signal that nobody gives",
    "CW684": "a signal that nobody listens to",
    "CW686": "a call that does not look at how it ended",
    "CW687": "an end that the called process does not have",
}
Spot = tuple[str, str, str, Place]
"""A name, and where it stands: (name, process, step, place in the step)."""


def messages_and_signals(project: Project) -> Iterator[Problem]:
    """CW681 to CW684; nothing where not all processes are there."""
    if not project.whole:
        return
    outside = frozenset(name for name, each in project.house.messages.items() if any(map(_outside, each.by)))
    sent = [*_told(project, Send), *_by_components(project, "message")]
    given = [*_told(project, Signal), *_by_components(project, "signal")]
    awaited, heard = list(_awaited(project, "message")), list(_awaited(project, "signal"))
    yield from _lonely(
        project, awaited, sent, outside, "CW681", "no process sends the message {name!r}, and nobody else may",
        "send it in a step, or say in house.yaml who may: by",
    )  # fmt: skip
    yield from _lonely(
        project, sent, awaited, frozenset(), "CW682", "no process waits for the message {name!r}",
        "receive it in the process it is meant for, or take it out",
    )  # fmt: skip
    yield from _lonely(
        project, heard, given, frozenset(), "CW683", "no process gives the signal {name!r}", "give it in a step: signal"
    )
    yield from _lonely(
        project, given, heard, frozenset(), "CW684", "no process listens to the signal {name!r}",
        "listen to it under meanwhile, in a race or a receive; or take it out",
    )  # fmt: skip


def _lonely(
    project: Project, here: Iterable[Spot], there: Iterable[Spot], known: frozenset[str], code: str, message: str,
    hint: str,
) -> Iterator[Problem]:  # fmt: skip
    """Each of these that has no counterpart there, nor one otherwise known."""
    answered = {name for name, *_ in there} | known
    for name, process, step, where in here:
        if name not in answered:
            yield project.problem(process, step, where, code, message.format(name=name), hint=hint)


def _outside(sender: str) -> bool:
    return not sender.startswith("process.")


def _by_components(project: Project, kind: str) -> Iterator[Spot]:
    """What components tell of themselves (`kind` is message or signal): whatever they made of their keywords says so
    in an attribute of that name."""
    for name in project.processes:
        for id, value in project.once(of_components, name):
            told = getattr(value, kind, None)
            if isinstance(told, str) and told:
                yield told, name, _step(id), project.reading(name, _step(id), told)


def _told(project: Project, kind: type) -> Iterator[Spot]:
    for name, each in project.processes.items():
        for node in each.process.nodes.values():
            if isinstance(node.spec, kind) and isinstance(node.spec, Send | Signal):
                told = node.spec.message if isinstance(node.spec, Send) else node.spec.name
                yield told, name, _step(node.id), (node.kind,)


def _awaited(project: Project, kind: str) -> Iterator[Spot]:
    for name, each in project.processes.items():
        if kind == "message" and each.process.start.message:
            yield each.process.start.message, name, "", ("start", "message")
        for step, trigger, where in _triggers(each.process):
            if trigger.kind == kind:
                yield trigger.name, name, _step(step), (*where, kind)


def _triggers(process: Process) -> Iterator[tuple[str, Trigger, Place]]:
    """Every trigger with its step and place."""
    for index, handler in enumerate(process.handlers):
        yield "", handler.trigger, ("meanwhile", index)
    for node in process.nodes.values():
        if isinstance(node.spec, Catch):
            yield node.id, node.spec.trigger, (node.kind,)
        if isinstance(node.spec, Race):
            for index, handler in enumerate(node.spec.options):
                yield node.id, handler.trigger, ("race", index)
        for index, handler in enumerate(node.handlers):
            yield node.id, handler.trigger, ("meanwhile", index)


def _step(id: str) -> str:
    """The step as it was written; what the compiler added stands where its host does."""
    return id.partition("/")[0]


# --- ends -------------------------------------------------------------------------------------------------


def ends_of_calls(project: Project) -> Iterator[Problem]:
    """CW686 and CW687: nothing is taken from a called process that may end in several ways; what is compared with its
    end is none of its ends."""
    for name, compiled in project.processes.items():
        process = compiled.process
        for node in process.nodes.values():
            if not isinstance(node.spec, Call) or node.spec.process not in project.processes:
                continue
            ends = _ends(project.processes[node.spec.process].process)
            if len(ends) > 1 and not node.spec.into:
                message = f"{node.spec.process} may end as {', '.join(sorted(ends))}, and nothing of that comes back"
                hint = "take how it ended: into: {field: end}, and go on by it"
                yield project.problem(name, _step(node.id), ("call",), "CW686", message, hint=hint)
            for field in (path[0] for given, path in node.spec.into if given == "end" and len(path) == 1):
                others = [each for each in process.nodes.values() if each is not node and field in writes(each)]
                if not others:
                    yield from _wrong_ends(project, name, field, node.spec.process, ends)


def _wrong_ends(project: Project, name: str, field: str, called: str, ends: set[str]) -> Iterator[Problem]:
    told: set[tuple[str, str]] = set()
    parts = ((step, each) for step, each in project.once(of_components, name) if isinstance(each, Expression))
    for step, expression in (*project.once(in_steps, name), *parts):
        for value in _compared_with(expression, field):
            if value not in ends and (step, value) not in told:
                told.add((step, value))
                message = f"{called} never ends as {value!r}; its ends are {', '.join(sorted(ends))}"
                where = project.reading(name, _step(step), expression.source)
                yield project.problem(name, _step(step), where, "CW687", message, hint="correct the name of the end")


def _ends(process: Process) -> set[str]:
    return {node.spec.name for node in process.nodes.values() if isinstance(node.spec, End)}


def _compared_with(expression: Expression, field: str) -> Iterator[str]:
    """The texts that an expression compares a field with."""
    tree = tree_of(expression.source) if field in expression.reads else None
    if tree is None:
        return
    for compare in (tree, *tree.find_all(nodes.Compare)):
        if not isinstance(compare, nodes.Compare):
            continue
        sides = [compare.expr, *(operand.expr for operand in compare.ops)]
        if any(isinstance(side, nodes.Name) and side.name == field for side in sides):
            for side in sides:
                for each in side.items if isinstance(side, nodes.List) else [side]:
                    if isinstance(each, nodes.Const) and isinstance(each.value, str):
                        yield each.value
