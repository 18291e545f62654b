"""Deciding a stored command again, with everything as it was then."""

from typing import TYPE_CHECKING, Any

from msgspec import structs

from bootstrap.machine import MACHINE
from engine.core.commands import Request
from engine.core.events import CaseStarted
from engine.runtime.history import HistoryRow
from engine.runtime.tables import moment
from tasks.capacity import recorded

if TYPE_CHECKING:
    from bootstrap.caseway import Caseway


def decide_again(caseway: "Caseway", row: HistoryRow, state: Any) -> bytes:
    """The events that a stored command yields when it is decided again, as it was then."""
    command = MACHINE.decode_command(row.command)
    at = moment(row.at)
    then = caseway.definitions.then(at)
    version = state.flow.version or getattr(command, "version", "")
    name = state.flow.process or getattr(command, "process", "")
    process = then.process(name, version)
    if process is None:
        raise LookupError(f"{name} {version} is not deployed here")
    events = MACHINE.decode_events(row.events)
    number = next((e.number for e in events if isinstance(e, CaseStarted)), "")
    key = caseway.connection.one("SELECT key FROM cases WHERE id = ?", (row.case,))[0]
    env = structs.replace(
        caseway.env(),
        now=at,
        versions=then,
        calendars=caseway.calendars_of(then.house()),
        directory=caseway.directories.then(at),
        sealer=caseway.vault.cipher(row.case, key).sealer,
        number=lambda _: number,
        extras=recorded(events),
    )
    answer = MACHINE.decide(process, state, Request(row.command_id, row.case, command, row.actor, at, row.ground), env)
    return MACHINE.encode(answer if isinstance(answer, list) else [])
