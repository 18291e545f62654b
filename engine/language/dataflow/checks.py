"""What is said of the data of each process. Components' keywords are looked into without being understood: a field
that one of them names counts as written and as read."""

from collections import Counter
from collections.abc import Iterable, Iterator

from engine.core.data import type_of
from engine.core.decisions import ONE_HIT
from engine.core.expressions import Expression
from engine.core.model import Call, Catch, Compute, Decide, Each, Human, Process, Race, Service, Set, Trigger
from engine.core.naming import did_you_mean
from engine.language.dataflow.graph import Graph
from engine.language.dataflow.needs import NONE, Names
from engine.language.dataflow.paths import Search, steps_of
from engine.language.dataflow.reading import in_steps, of_components
from engine.language.dataflow.ways import writes
from engine.language.document import Place
from engine.language.problems import Problem, one_of
from engine.language.project import Project

CODES = {
    "CW621": "a field that is needed where nothing may have written it",
    "CW622": "a field that is read and never written",
    "CW623": "a field that is written and never read",
    "CW624": "outcomes that make no difference",
    "CW625": "a table that yields what its field does not take",
}


def read_before_written(project: Project) -> Iterator[Problem]:
    """CW621: a path from the start to a place that cannot do without a field, on which nothing writes it."""
    for name, compiled in project.processes.items():
        process = compiled.process
        search = Search(Graph(process), frozenset(process.names) - _given(project, process))
        for field in sorted(search.fields()):
            found = search.find(field)
            if found is None or "/" in found.step:
                continue
            way = steps_of(found.path, found.step)
            message = f"{field!r} is needed here, and on the way {way} nothing has written it"
            hint = f"ask for it before, or say what counts without it: coalesce({field}, …), {field} is not none and …"
            yield project.problem(name, found.step, found.where, "CW621", message, hint=hint)


def never_written(project: Project) -> Iterator[Problem]:
    """CW622: what an expression reads and nothing writes, so that it is always null."""
    if not project.whole:
        return
    for name, compiled in project.processes.items():
        process = compiled.process
        known = _given(project, process) | _written(process)
        told: set[str] = set()
        for id, expression in project.once(in_steps, name):
            for field in sorted((expression.reads & process.names.keys()) - known - told):
                told.add(field)
                message = f"{expression.source!r} reads {field!r}, and nothing ever writes it"
                hint = "ask for it in a form, write it in a step, or take it out"
                where = project.reading(name, step := id.partition("/")[0], expression.source)
                yield project.problem(name, step, where, "CW622", message, hint=hint)


def never_read(project: Project) -> Iterator[Problem]:
    """CW623: what a step works out and nothing takes up: no expression, notice, form, clock or calling process. What
    people or messages bring is left alone: it is kept for whoever reads the case."""
    if not project.whole:
        return
    for name, compiled in project.processes.items():
        process = compiled.process
        read = _read(project, process) | _taken_back(project, name)
        told: set[str] = set()
        for node in process.nodes.values():
            for field, where in _worked_out(node.id, node.spec):
                if field in read or field in told or "/" in node.id:
                    continue
                told.add(field)
                message = f"{field!r} is written here, and nothing reads it"
                hint = "take it out, or show it in a form or a notice"
                yield project.problem(name, node.id, where, "CW623", message, hint=hint)


def same_outcomes(project: Project) -> Iterator[Problem]:
    """CW624: outcomes that lead to the same place, write nothing, ask for no authority; with a reason or without."""
    for name, compiled in project.processes.items():
        for node in compiled.process.nodes.values():
            if not isinstance(node.spec, Human):
                continue
            plain = [each for each in node.spec.outcomes.values() if not (each.sets or each.decision or each.check)]
            goals = Counter((each.next or node.next, each.reason) for each in plain)
            for goal in (goal for goal, count in goals.items() if count > 1):
                alike = [each.name for each in plain if (each.next or node.next, each.reason) == goal]
                listed = " and ".join(map(repr, alike))
                message = f"{listed} lead to the same step and write nothing: what follows cannot tell them apart"
                hint = "let one of them lead elsewhere (next), write what was decided (set), or leave one"
                where = ("outcomes", alike[1])
                yield project.problem(name, node.id, where, "CW624", message, hint=hint)


def rows_that_fit(project: Project) -> Iterator[Problem]:
    """CW625: a row yields a value that is none of those that the field has (`enum`); nothing stops it when it runs."""
    for name, compiled in project.processes.items():
        for node in compiled.process.nodes.values():
            if not isinstance(node.spec, Decide) or node.spec.table.hit not in ONE_HIT:
                continue
            table = node.spec.table
            columns = {output.name: index for index, output in enumerate(table.outputs)}
            for given, path in node.spec.into:
                taken = type_of(compiled.process.names, path).enum
                if given not in columns or taken is None:
                    continue
                for rule in table.rules:
                    value = rule.outputs[columns[given]]
                    if value is not None and value not in taken:
                        dotted = ".".join(path)
                        message = f"row {rule.number} of {table.name} yields {value!r}, which {dotted!r} does not take"
                        yield project.problem(
                            name, node.id.partition("/")[0], ("decide", "into", dotted), "CW625", message,
                            expected=one_of(map(str, taken)), hint=did_you_mean(str(value), map(str, taken)),
                        )  # fmt: skip


# --- what is written and read ---------------------------------------------------------------------------


def _given(project: Project, process: Process) -> Names:
    """The fields that a case may begin with, or that a component may write. All, where nobody is seen to start it."""
    start = process.start
    calls = [
        frozenset(node.spec.data)
        for each in project.processes.values()
        for node in each.process.nodes.values()
        if isinstance(node.spec, Call) and node.spec.process == process.name
    ]
    if not (start.by or start.message or start.every or calls):
        return frozenset(process.names)
    own = frozenset((*(path[0] for path in start.form), *(each.path[0] for each in start.into)))
    return own.union(*calls) | _named(project, process)


def _named(project: Project, process: Process) -> Names:
    """The fields that components name in their keywords."""
    texts = frozenset(each for _, each in project.once(of_components, process.name) if isinstance(each, str))
    return texts & process.names.keys()


def _written(process: Process) -> Names:
    """What any step or message may write."""
    triggers = [each.trigger for each in process.handlers]
    found = NONE
    for node in process.nodes.values():
        found |= writes(node)
        triggers += [each.trigger for each in node.handlers]
    return found | frozenset(each.path[0] for trigger in triggers for each in trigger.into)


def _read(project: Project, process: Process) -> Names:
    """What any expression reads, a form shows, a trigger waits for, or a component names."""
    found = set(_named(project, process))
    for _, expression in project.once(in_steps, process.name):
        found |= expression.reads
    for _, each in project.once(of_components, process.name):
        if isinstance(each, Expression):
            found |= each.reads
    for trigger in _triggers(process):
        found.update(trigger.path[:1])
    for node in process.nodes.values():
        if isinstance(node.spec, Human):
            found.update(path[0] for path in node.spec.form)
    return frozenset(found)


def _triggers(process: Process) -> Iterator[Trigger]:
    yield from (each.trigger for each in process.handlers)
    for node in process.nodes.values():
        yield from (each.trigger for each in node.handlers)
        if isinstance(node.spec, Catch):
            yield node.spec.trigger
        if isinstance(node.spec, Race):
            yield from (each.trigger for each in node.spec.options)


def _taken_back(project: Project, name: str) -> Names:
    """What processes that call this one take from its data."""
    return frozenset(
        field
        for each in project.processes.values()
        for node in each.process.nodes.values()
        if isinstance(node.spec, Call) and node.spec.process == name
        for field, _ in node.spec.into
    )


def _worked_out(step: str, spec: object) -> Iterable[tuple[str, Place]]:
    """The fields that a step works out by itself, and where each is written down."""
    if isinstance(spec, Human):
        for outcome in spec.outcomes.values():
            for each in outcome.sets:
                yield each.path[0], ("outcomes", outcome.name, "set", ".".join(each.path))
    elif isinstance(spec, Set):
        for each in spec.assigns:
            yield each.path[0], ("set", ".".join(each.path))
    elif isinstance(spec, Each):
        for path, _ in spec.collect:
            yield path[0], ("each", "collect", ".".join(path))
    elif isinstance(spec, Compute | Decide | Service | Call):
        for _, path in spec.into:
            yield path[0], (type(spec).__name__.lower(), "into", ".".join(path))
