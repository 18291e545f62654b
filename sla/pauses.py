"""What holds a clock (R28): where tokens stand, or dates in the data."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.core.data import names
from engine.core.durations import Calendar
from engine.core.machine import Turn
from engine.core.model import Human, Json, Path, Service
from engine.core.state import CLOSING, FlowState, Token
from sla.measure import moment_of
from sla.model import Pause
from sla.state import Run


@dataclass(frozen=True, slots=True)
class Hold:
    """What should hold a run: since when, by what, and until when if that is known."""

    begin: datetime
    by: tuple[str, ...]
    end: datetime | None = None


WORKING = (Human, Service)
"""Activations that somebody or something works on."""


def holding(turn: Turn, pause: Pause, run: Run, calendar: Calendar) -> Hold | None:
    """What holds the run, or has held it since it last ran; None if nothing does."""
    return _HOLDING[pause.kind](turn, pause, run, calendar)


def boundary(turn: Turn, pause: Pause | None, run: Run, calendar: Calendar) -> datetime | None:
    """When a date in the data will next begin or end a pause by itself."""
    if pause is None or pause.kind != "dates":
        return None
    begin, end = _date(turn, pause.begin, calendar), _date(turn, pause.end, calendar)
    awaited = begin if run.paused is None else end
    return awaited if awaited is not None and awaited > turn.now else None


def _any_in(turn: Turn, pause: Pause, run: Run, calendar: Calendar) -> Hold | None:
    flow: FlowState = turn.state.flow
    by = {t.at for t in flow.tokens.values() if t.at in pause.steps and t.phase != CLOSING}
    return Hold(turn.now, tuple(sorted(by))) if by else None


def _only_in(turn: Turn, pause: Pause, run: Run, calendar: Calendar) -> Hold | None:
    hold = _any_in(turn, pause, run, calendar)
    if hold is None:
        return None
    flow: FlowState = turn.state.flow
    nodes = turn.process.nodes
    for token in flow.tokens.values():
        working = isinstance(nodes[token.at].spec, WORKING) and token.phase != CLOSING
        if working and not _within(flow, token, pause.steps):
            return None
    return hold


def _within(flow: FlowState, token: Token, steps: frozenset[str]) -> bool:
    """Whether a token stands in one of the steps, or in the ordinary flow of a block that is one of them. What
    a handler does beside such a step is work of its own."""
    while token.at not in steps:
        if not token.up or token.body:
            return False
        token = flow.tokens[token.up]
    return True


def _dates(turn: Turn, pause: Pause, run: Run, calendar: Calendar) -> Hold | None:
    """An end before the beginning belongs to an earlier round: this one is still open."""
    begin, end = _date(turn, pause.begin, calendar), _date(turn, pause.end, calendar)
    if begin is None or begin > turn.now:
        return None
    over = end if end is not None and begin <= end <= turn.now else None
    return Hold(begin, (".".join(pause.begin),), over)


_HOLDING: dict[str, Callable[[Turn, Pause, Run, Calendar], Hold | None]] = {
    "any_in": _any_in,
    "only_in": _only_in,
    "dates": _dates,
}


def _date(turn: Turn, path: Path, calendar: Calendar) -> datetime | None:
    value: Json = names(turn).get(path[0])
    for name in path[1:]:
        value = value.get(name) if isinstance(value, dict) else None
    return moment_of(value, calendar)
