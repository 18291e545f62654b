"""Who may start a case: what a process says under `start: {by: …}`."""

from engine.core.commands import Refuse, StartCase
from engine.core.machine import Turn
from tasks.ground import Ground, directory, in_service

ENGINE = frozenset({"call", "message", "schedule"})
"""Channels by which the engine itself starts cases: the definition has said so elsewhere."""


def authorise_start(turn: Turn, command: StartCase) -> None:
    """Refuses people that the process does not name; a process that names nobody may be started by anybody."""
    why = why_not(turn, turn.request.actor, command.by)
    if why:
        raise Refuse("start", why)


def why_not(ground: Ground, user: str, by: str = "staff") -> str:
    """Why the user may not start a case of the process by that channel; "" if they may."""
    process = ground.process
    allowed = process.start.by
    if not allowed or by in ENGINE:
        return ""
    if by == "web":
        customers = f"{process.name} is not started by customers: expected {', '.join(allowed)}"
        return "" if "web" in allowed else customers
    if not in_service(ground, user):
        return f"{user} is nobody in service, so cannot start {process.name}"
    roles = {f"role.{role}" for role in directory(ground).roles(user)}
    if "staff" not in allowed and roles.isdisjoint(allowed):
        return f"you may not start {process.name}: expected {', '.join(allowed)}"
    return ""
