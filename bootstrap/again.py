"""Deciding a stored command again, with everything as it was then."""

from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING, Any

from msgspec import structs

from bootstrap.machine import MACHINE
from engine.core.commands import Request
from engine.core.events import CaseStarted
from engine.runtime.definitions import Then
from engine.runtime.history import HistoryRow
from engine.runtime.tables import moment
from organisation.directory import Directory
from tasks.capacity import recorded

if TYPE_CHECKING:
    from bootstrap.caseway import Caseway


def decide_again(caseway: "Caseway", row: HistoryRow, state: Any) -> bytes:
    """The events that a stored command yields when it is decided again, as it was then.

    What was deployed or loaded in the moment of the command came before it or after it, which a moment does not
    tell: each order is tried until one yields what is stored. The state is used up.
    """
    at = moment(row.at)
    (then, directory), *others = product(caseway.definitions.thens(at), caseway.directories.thens(at))
    if not others:
        return _decide(caseway, row, state, then, directory)
    before = MACHINE.encode(state)
    for one in others:
        with suppress(Exception):  # as it was before what it needs was there, anything may fail
            if _decide(caseway, row, MACHINE.decode(before), *one) == row.events:
                return row.events
    return _decide(caseway, row, state, then, directory)


def _decide(caseway: "Caseway", row: HistoryRow, state: Any, then: Then, directory: Directory | None) -> bytes:
    at = moment(row.at)
    command = MACHINE.decode_command(row.command)
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
        directory=directory,
        sealer=caseway.vault.cipher(row.case, key).sealer,
        number=lambda _: number,
        extras=recorded(events),
    )
    answer = MACHINE.decide(process, state, Request(row.command_id, row.case, command, row.actor, at, row.ground), env)
    return MACHINE.encode(answer if isinstance(answer, list) else [])
