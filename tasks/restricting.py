"""Restricted cases: the mark that lets only few read a case, set by hand or by the process, and lifted again.

The mark is part of the case's state, its setting and lifting part of its history; who reads a marked case is
`organisation.reading`'s affair.
"""

from collections.abc import Callable, Mapping
from typing import Any

from engine.core import events as flow_events
from engine.core.asked import no_case
from engine.core.commands import Command
from engine.core.data import names
from engine.core.machine import Turn
from engine.core.moves import FAULTS
from organisation.reading import Sight
from organisation.reading_words import of_process
from tasks import commands as c
from tasks import events as e
from tasks.ground import directory, in_service
from tasks.lifecycle import SYSTEM
from tasks.parties import parties
from tasks.reasons import reason

MOST_READERS = 50


def restrict(turn: Turn, command: c.RestrictCase) -> None:
    """Sets the mark. `readers` (user.x, role.x) are named by it, beside those whom the house lets read it anyway."""
    _may(turn, command.reason)
    if turn.state.work.restricted:
        raise reason("restricted", number=turn.state.flow.number).refuse()
    people = directory(turn)
    if len(command.readers) > MOST_READERS:
        raise reason("readers", most=MOST_READERS).refuse()
    for one in command.readers:
        kind, _, name = one.partition(".")
        known = in_service(turn, name) if kind == "user" else kind == "role" and bool(people.holders(name))
        if not known:
            raise reason("reader", reader=one[:80]).refuse()
    readers = tuple(dict.fromkeys(command.readers))
    turn.emit(e.CaseRestricted(turn.now, turn.request.actor, command.reason.strip(), readers))


def lift(turn: Turn, command: c.LiftRestriction) -> None:
    _may(turn, command.reason)
    if not turn.state.work.restricted:
        raise reason("unrestricted", number=turn.state.flow.number).refuse()
    readers = tuple(turn.state.work.readers)
    turn.emit(e.RestrictionLifted(turn.now, turn.request.actor, command.reason.strip(), readers))


def _may(turn: Turn, why: str) -> None:
    """Also of a case that has ended: what is to be kept from most may show only later."""
    actor, flow = turn.request.actor, turn.state.flow
    if flow.status == "new":
        raise no_case(turn)
    if not why.strip():
        raise reason("no_reason").refuse()
    if actor == SYSTEM:
        return
    if not in_service(turn, actor):
        raise reason("inactive", user=actor).refuse()
    theirs, restricted = parties(directory(turn), actor, turn.state, turn.now), turn.state.work.restricted
    if not Sight(actor, turn.request.case, of_process(turn.process).reading, theirs, restricted).may_restrict:
        raise reason("not_restricting").refuse()


# --- by the process -----------------------------------------------------------------------------------


def started(turn: Turn, event: flow_events.CaseStarted) -> None:
    _watch(turn)


def changed(turn: Turn, event: flow_events.DataChanged) -> None:
    """The condition is looked at when what it reads has changed: a mark that somebody lifted stays lifted."""
    when = of_process(turn.process).when
    if when is not None and not when.reads.isdisjoint(path.split(".")[0] for path in event.changes):
        _watch(turn)


def _watch(turn: Turn) -> None:
    closed = of_process(turn.process)
    if closed.when is None or turn.state.work.restricted:
        return
    try:
        holds = closed.when.test(names(turn))
    except FAULTS:  # not set yet: it is looked at again when it is
        return
    if holds:
        turn.emit(e.CaseRestricted(turn.now, "", closed.when.source, closed.to))


RESTRICTING: Mapping[type[Command], Callable[[Turn, Any], None]] = {c.RestrictCase: restrict, c.LiftRestriction: lift}
