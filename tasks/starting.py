"""Who may start a case: what a process says under `start: {by: …}`."""

from engine.core.commands import Refuse, StartCase
from engine.core.machine import Turn
from tasks.ground import directory, in_service

ENGINE = frozenset({"call", "message", "schedule"})
"""Channels by which the engine itself starts cases: the definition has said so elsewhere."""


def authorise_start(turn: Turn, command: StartCase) -> None:
    """Refuses people that the process does not name; a process that names nobody may be started by anybody."""
    allowed = turn.process.start.by
    if not allowed or command.by in ENGINE:
        return
    user = turn.request.actor
    if command.by == "web":
        if "web" not in allowed:
            raise Refuse("start", f"{turn.process.name} is not started by customers: expected {', '.join(allowed)}")
        return
    if not in_service(turn, user):
        raise Refuse("start", f"{user} is nobody in service, so cannot start {turn.process.name}")
    roles = {f"role.{role}" for role in directory(turn).roles(user)}
    if "staff" not in allowed and roles.isdisjoint(allowed):
        raise Refuse("start", f"you may not start {turn.process.name}: expected {', '.join(allowed)}")
