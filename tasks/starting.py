"""Who may start a case: what a process says under `start: {by: …}`."""

from engine.core.commands import BY_ENGINE, Refuse, StartCase
from engine.core.machine import Turn
from tasks.ground import Ground, directory, in_service
from tasks.reasons import Reason, reason


def authorise_start(turn: Turn, command: StartCase) -> None:
    """Refuses people that the process does not name; a process that names nobody may be started by anybody."""
    why = why_not(turn, turn.request.actor, command.by)
    if why:
        raise Refuse("start", why.text["zh"], why.text["en"])


def why_not(ground: Ground, user: str, by: str = "staff") -> Reason | None:
    """Why the user may not start a case of the process by that channel; None if they may."""
    process = ground.process
    allowed = process.start.by
    if not allowed or by in BY_ENGINE:
        return None
    named = {"process": process.name, "by": ", ".join(allowed)}
    if by == "web":
        return None if "web" in allowed else reason("not_for_customers", **named)
    if not in_service(ground, user):
        return reason("inactive", user=user)
    roles = {f"role.{role}" for role in directory(ground).roles(user)}
    if "staff" not in allowed and roles.isdisjoint(allowed):
        return reason("not_starting", **named)
    return None
