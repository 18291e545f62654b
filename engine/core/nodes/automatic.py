"""Steps that do one thing and go on, and the two that wait for somebody else to do it (human, service)."""

from zoneinfo import ZoneInfo

from engine.core import events as e
from engine.core.data import Fault, fit, names, sealed, taken, write
from engine.core.expressions import Expression
from engine.core.kinds import ANY, Type
from engine.core.machine import Turn
from engine.core.model import Act, Compute, Decide, Json, Milestone, Node, Notify, Send, Service, Set, Signal
from engine.core.moves import leave
from engine.core.values import to_json
from engine.core.waiting import key_of

SECRET = Type("any", secret=True)


def wait_for_others(turn: Turn, number: int, node: Node) -> None:
    """A person's task: the open token is the open task; the work slice takes it from here (R1)."""


def compute(turn: Turn, number: int, node: Node) -> None:
    """Calls a registered function without outside effect; its result is recorded (R14)."""
    spec = node.spec
    assert isinstance(spec, Compute)
    view = names(turn, number)
    args = {name: value.evaluate(view) for name, value in spec.args.items()}
    try:
        result = to_json(spec.call(**args))
    except Exception as error:
        raise Fault(f"{spec.function} failed: {type(error).__name__}: {error}", "service") from error
    write(turn, number, taken(turn, spec.into, result, f"the result of {spec.function}"))
    leave(turn, number)


def assign(turn: Turn, number: int, node: Node) -> None:
    """Each value is worked out in the order written and sees the ones before it."""
    spec = node.spec
    assert isinstance(spec, Set)
    done: dict[str, Json] = {}
    changes: dict[str, Json] = {}
    view = names(turn, number, done)
    for one in spec.assigns:
        value = fit(turn, one.path, one.value.json(view), "value")
        changes[".".join(one.path)] = value
        if len(one.path) == 1:
            done[one.path[0]] = value
    write(turn, number, changes)
    leave(turn, number)


def service(turn: Turn, number: int, node: Node) -> None:
    """Creates the job; a worker function does it after this command is durable (R14).

    An argument that reads a secret travels sealed, bound to the path `args.<name>`, and is opened for the
    worker function alone.
    """
    spec = node.spec
    assert isinstance(spec, Service)
    view = names(turn, number)
    args = {
        name: sealed(turn, f"args.{name}", value.json(view), SECRET if value.secret else ANY)
        for name, value in spec.args.items()
    }

    job = turn.state.flow.seq + 1
    turn.emit(
        e.JobCreated(
            job,
            number,
            node.id,
            spec.function,
            args,
            spec.times,
            spec.first,
            spec.factor,
            spec.longest,
            spec.timeout,
        )
    )


def decide(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Decide)
    view = names(turn, number)
    inputs = {name: value.evaluate(view) for name, value in spec.inputs.items()}
    decision = spec.table.evaluate(inputs, on=turn.now.astimezone(ZoneInfo(turn.process.zone)).date())
    if decision.outputs is None:
        given = ", ".join(f"{n}={v}" for n, v in inputs.items())
        raise Fault(f"no row of table {spec.table.name} fits {given}", "decision")
    changes = taken(turn, spec.into, decision.outputs, f"the answer of table {spec.table.name}")
    turn.emit(e.Decided(number, node.id, spec.table.name, list(decision.rules)))
    write(turn, number, changes)
    leave(turn, number)


def notify(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Notify)
    view = names(turn, number)
    to: list[str] = []
    for addressee in spec.to:
        found: Json = addressee.json(view) if isinstance(addressee, Expression) else addressee
        if found == "owner":
            found = f"user.{view.get('owner')}" if view.get("owner") else None
        to.extend(found if isinstance(found, list) else [found] if found else [])
    facts = {name: value.json(view) for name, value in spec.facts.items()}
    turn.emit(e.NoticeRequested(f"{turn.request.id}.{len(turn.events)}", to, spec.template, facts, turn.now, node.id))
    leave(turn, number)


def send(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Send)
    view = names(turn, number)
    payload = {name: value.json(view) for name, value in spec.payload.items()}
    key = key_of(spec.key, turn, number)
    turn.emit(e.MessageSent(f"{turn.request.id}.{len(turn.events)}", spec.message, key, payload))
    leave(turn, number)


def signal(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Signal)
    key = "" if spec.key is None else key_of(spec.key, turn, number)
    turn.emit(e.SignalSent(f"{turn.request.id}.{len(turn.events)}", spec.name, key))
    leave(turn, number)


def act(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Act)
    view = names(turn, number)
    args = {n: v.json(view) if isinstance(v, Expression) else v for n, v in spec.args.items()}
    turn.emit(e.ActRequested(spec.act, args, node.id))
    leave(turn, number)


def milestone(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Milestone)
    turn.emit(e.MilestoneReached(spec.name, turn.now))
    leave(turn, number)
