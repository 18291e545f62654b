"""The shell's own projections: timers, waits, jobs, incidents, links and holds."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from engine.core import events as e
from engine.core.env import Versions
from engine.core.model import Service
from engine.runtime import tables
from engine.runtime.projection import NOW, Projection, Row
from engine.runtime.tables import micros

_encode = msgspec.json.Encoder(order="sorted").encode


def timers() -> Projection:
    """The flow's timers; one that is held while its case is suspended has no row."""

    def row(state: Any, timer: int) -> Row | None:
        found = state.flow.timers.get(timer)
        return None if found is None or found.left is not None else (micros(found.due),)

    touching = (e.TimerSet, e.TimerHeld, e.TimerCleared, e.TimerFired)
    return Projection(
        table=tables.Timer,
        touches={event: lambda event: (event.timer,) for event in touching},
        row=row,
        ids=lambda state: state.flow.timers,
        fixed=("flow",),
    )


def timers_of(
    slice_: str,
    touches: Mapping[type[e.Event], Callable[[Any], Any]],
    due: Callable[[Any, int], int | None],
    ids: Callable[[Any], Any],
) -> Projection:
    """Timers of another slice. due: (state, timer) -> microseconds, or None when it does not run."""

    def row(state: Any, timer: int) -> Row | None:
        at = due(state, timer)
        return None if at is None else (at,)

    return Projection(table=tables.Timer, touches=touches, row=row, ids=ids, fixed=(slice_,))


def waits() -> Projection:
    def row(state: Any, wait: int) -> Row | None:
        found = state.flow.waits.get(wait)
        return None if found is None else (found.kind, found.name, found.key, state.flow.process)

    return Projection(
        table=tables.Wait,
        touches={event: lambda event: (event.wait,) for event in (e.WaitOpened, e.WaitClosed)},
        row=row,
        ids=lambda state: state.flow.waits,
        initial={"since": NOW},
    )


def jobs(versions: Versions) -> Projection:
    """Open service work. How it is retried is read from the version of the process that the case runs."""

    def row(state: Any, job: int) -> Row | None:
        flow = state.flow
        found = flow.jobs.get(job)
        if found is None:
            return None
        process = versions.process(flow.process, flow.version)
        if process is None:
            raise LookupError(f"{flow.process} {flow.version} is not deployed here")
        step = flow.tokens[found.token].at
        spec = process.nodes[step].spec
        if not isinstance(spec, Service):
            raise TypeError(f"{step} of {flow.process} has a job, but is no service step")
        args = _encode(found.args).decode()
        return (
            found.token, step, found.function, args, spec.times, spec.first, spec.factor, spec.longest, spec.timeout
        )  # fmt: skip

    return Projection(
        table=tables.Job,
        touches={event: lambda event: (event.job,) for event in (e.JobCreated, e.JobClosed)},
        row=row,
        ids=lambda state: state.flow.jobs,
        sweeps=frozenset((e.CaseMigrated,)),
        initial={"since": NOW, "attempts": 0, "due": NOW},
    )


def incidents() -> Projection:
    def row(state: Any, incident: int) -> Row | None:
        found = state.flow.incidents.get(incident)
        if found is None:
            return None
        token = state.flow.tokens.get(found.token)
        return ("" if token is None else token.at, found.kind, found.text, micros(found.since))

    return Projection(
        table=tables.Incident,
        touches={event: lambda event: (event.incident,) for event in (e.IncidentRaised, e.IncidentClosed)},
        row=row,
        ids=lambda state: state.flow.incidents,
    )


def links() -> Projection:
    def row(state: Any, other: str) -> Row | None:
        found = state.flow.links.get(other)
        return None if found is None else (found.kind, int(found.merged), micros(found.since))

    return Projection(
        table=tables.CaseLink,
        touches={event: lambda event: (event.case,) for event in (e.CaseLinked, e.CaseUnlinked)},
        row=row,
        ids=lambda state: state.flow.links,
    )


def holds() -> Projection:
    def row(state: Any, hold: int) -> Row | None:
        found = state.flow.holds.get(hold)
        return None if found is None else (found.reason, found.by, micros(found.since))

    return Projection(
        table=tables.CaseHold,
        touches={event: lambda event: (event.hold,) for event in (e.HoldPlaced, e.HoldLifted)},
        row=row,
        ids=lambda state: state.flow.holds,
    )


def projections(versions: Versions) -> list[Projection]:
    """All of them."""
    return [timers(), waits(), jobs(versions), incidents(), links(), holds()]
