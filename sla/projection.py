"""Rows that follow from the clocks slice: the `clocks` table, and the runs' timers."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from engine.core.env import Versions
from engine.core.events import Event
from engine.runtime.derive import timers_of
from engine.runtime.projection import Projection, Row
from engine.runtime.tables import micros
from sla import events as e
from sla.clock import CLOCKS
from sla.model import calendar_name, find_clock
from sla.state import ClocksState
from sla.tables import ClockRow

_OPENS = (
    e.ClockStarted,
    e.ClockPaused,
    e.ClockResumed,
    e.ClockExtended,
    e.ClockRebased,
    e.ClockRedated,
    e.ClockMigrated,
    e.BreachAcknowledged,
)
_CLOSES = (e.ClockStopped, e.ClockClosed)


def _id(event: Any) -> Iterable[int]:
    return (event.id,)


def _touches(*kinds: type[Event]) -> Mapping[type[Event], Callable[[Any], Iterable[int]]]:
    return dict.fromkeys(kinds, _id)


def clocks(versions: Versions) -> Projection:
    """One row per run. What the definition says of it is read from the version that the case runs."""

    def row(state: Any, number: int) -> Row | None:
        flow, slice_ = state.flow, state.clocks
        closed = slice_.closed.get(number)
        run = closed.run if closed is not None else slice_.open.get(number)
        if run is None:
            return None
        process = versions.process(flow.process, flow.version)
        if process is None:
            raise LookupError(f"{flow.process} {flow.version} is not deployed here")
        clock = find_clock(process, run.clock)
        if clock is None:
            return None  # it closed when the case went over to a version that has no such clock: its row stays
        paused, known = run.paused if closed is None else None, run.known
        status = closed.status if closed is not None else "paused" if paused else "running"
        return (
            run.clock,
            run.run,
            flow.process,
            flow.version,
            flow.number,
            run.token,
            _listed(clock.clauses),
            clock.origin,
            status,
            run.limit,
            micros(run.since),
            micros(run.deadline),
            int(run.provisional),
            calendar_name(process, clock, run.calendar),
            run.version,
            _micros(paused),
            _micros(closed.at if closed else None),
            closed.by if closed else None,
            int(closed.breached) if closed else None,
            known.reason if known else None,
            known.by if known else None,
            _micros(known.at if known else None),
        )

    return Projection(
        table=ClockRow,
        touches=_touches(*_OPENS, *_CLOSES),
        row=row,
        ids=lambda state: [*state.clocks.open, *state.clocks.closed],
        closing={e.ClockStopped: _stopped, e.ClockClosed: _closed, e.BreachExplained: _explained},
    )


def _listed(clauses: Iterable[str]) -> str:
    text = " ".join(clauses)
    return f" {text} " if text else ""


def _micros(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def _stopped(event: e.ClockStopped) -> tuple[int, Mapping[str, Any]]:
    return event.id, _closing(event, "stopped")


def _closed(event: e.ClockClosed) -> tuple[int, Mapping[str, Any]]:
    return event.id, _closing(event, event.status)


def _explained(event: e.BreachExplained) -> tuple[int, Mapping[str, Any]]:
    return event.id, {"reason": event.reason, "acknowledged_by": event.by, "acknowledged_at": micros(event.at)}


def _closing(event: e.ClockStopped | e.ClockClosed, status: str) -> Mapping[str, Any]:
    return {
        "status": status,
        "paused_since": None,
        "closed_at": micros(event.at),
        "closed_by": event.by,
        "breached": int(event.breached),
    }


def timers() -> Projection:
    """The one timer of each open run that waits for one; its id is the run's."""

    def due(state: Any, number: int) -> int | None:
        run = state.clocks.open.get(number)
        return None if run is None or run.next is None else micros(run.next)

    def ids(state: Any) -> Iterable[int]:
        slice_: ClocksState = state.clocks
        return [number for number, run in slice_.open.items() if run.next is not None]

    return timers_of(CLOCKS.name, _touches(e.ClockTimerSet, *_CLOSES), due, ids)


def projections(versions: Versions) -> list[Projection]:
    """All of them."""
    return [clocks(versions), timers()]
