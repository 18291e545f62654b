"""`call`: another process as a case of its own; this token waits for it (R2: it runs later, exactly once)."""

from hashlib import sha256

from engine.core import events as e
from engine.core.data import Fault, names
from engine.core.machine import Turn
from engine.core.model import Call, Node


def enter_call(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Call)
    versions = turn.env.versions
    version = None if versions is None else versions.called(turn.process, spec.process, spec.latest)
    if version is None:
        raise Fault(f"no process {spec.process} is deployed that {node.id} could call", "call")
    view = names(turn, number)
    data = {name: value.json(view) for name, value in spec.data.items()}
    # Derived from the command (R5), so that deciding again names the same case, and a retry another one; the
    # first 128 bits are as good as a random id.
    case = sha256(f"{turn.request.case}/{turn.request.id}/{number}".encode()).hexdigest()[:32]
    turn.emit(e.CaseCalled(number, case, spec.process, version, data))
