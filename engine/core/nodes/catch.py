"""Steps that stand still until something happens: `receive`, `wait`, `race`."""

from engine.core.machine import Turn
from engine.core.model import Catch, Node, Race
from engine.core.waiting import arm, plan_one, planned


def enter(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Catch)
    plan = plan_one(turn, number, 0, spec.trigger)
    assert plan is not None
    arm(turn, (plan,))


def enter_race(turn: Turn, number: int, node: Node) -> None:
    """Arms every option; the first to fire leaves the step, and with it the others (BPMN event-based gateway)."""
    spec = node.spec
    assert isinstance(spec, Race)
    arm(turn, planned(turn, number, spec.options, first=-1, step=-1))
