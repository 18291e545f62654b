"""What every open case waits for, in words: whoever asks why a case has not ended yet finds the answer here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bootstrap import Caseway
from engine.core.model import AdHoc, Call, Human, Process, Service
from engine.runtime.tables import moment
from reports.reader import STANDS
from workbench.story import state_of

NOBODY = "nothing that could ever come"


@dataclass(frozen=True, slots=True)
class StillOpen:
    """An open case. why: one text for each step at which it stands; lost: whether nothing will ever move it on, which
    is a fault of the engine or of the process."""

    case: str
    number: str
    process: str
    since: datetime
    why: tuple[str, ...]

    @property
    def lost(self) -> bool:
        return not self.why or any(NOBODY in one for one in self.why)


def still_open(caseway: Caseway) -> list[StillOpen]:
    """All open cases, oldest first."""
    sql = "SELECT id, number, process, started_at FROM cases WHERE status <> 'ended' ORDER BY started_at, id"
    found = []
    for case, number, process, started in caseway.connection.all(sql):
        state, definition = state_of(caseway, case)
        why = tuple(_why(state, definition))
        found.append(StillOpen(case, number or case, process, moment(started), why))
    return found


def _why(state: Any, process: Process) -> Iterator[str]:
    """For each step at which the case stands, what it waits for there."""
    flow = state.flow
    if flow.status == "suspended":
        yield "it is suspended"
    for number, token in flow.tokens.items():
        node = process.nodes.get(token.at)
        held = [one.text for one in flow.incidents.values() if one.token == number]
        if held:
            yield f"{token.at}: an incident: {'; '.join(held)}"
        elif node is not None and not token.phase and (node.kind in STANDS or isinstance(node.spec, AdHoc)):
            yield f"{token.at}: {', '.join(_there(state, number, node.spec)) or NOBODY}"


def _there(state: Any, number: int, spec: Any) -> Iterator[str]:
    """What may move a token on. Handlers do not count: that a case may be cancelled explains nothing."""
    flow = state.flow
    if isinstance(spec, AdHoc):
        yield "somebody finishes it" if spec.until is None else "its condition"
    task = state.work.tasks.get(number)
    if task is not None:
        yield f"{task.holder} has it" if task.holder else f"in {task.queue}" if task.queue else f"for {task.assignee}"
    if not isinstance(spec, Human | Service | Call):
        yield from (f"{one.kind} {one.name} {one.key}".strip() for one in flow.waits.values() if one.token == number)
        yield from (f"until {one.due:%Y-%m-%d %H:%M} UTC" for one in flow.timers.values() if one.token == number)
    yield from (f"service work {one.function}" for one in flow.jobs.values() if one.token == number)
    if number in flow.calls:
        yield f"case {flow.calls[number]}, which it has called"
