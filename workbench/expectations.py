"""What must be so of a case (`expect:` in a scenario): each of its words, with what was found instead."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bootstrap import Caseway
from engine.core.events import StepEntered
from engine.core.naming import did_you_mean
from engine.runtime.tables import moment
from papers.state import lines_of
from reports.reader import STANDS
from workbench.faults import Fault
from workbench.scenario_file import parts
from workbench.story import events_of, state_of


@dataclass(frozen=True, slots=True)
class Look:
    """A case as it stands."""

    caseway: Caseway
    case: str

    @property
    def state(self) -> Any:
        return state_of(self.caseway, self.case)[0]

    def open(self) -> list[str]:
        """The steps at which it stands and waits."""
        state, process = state_of(self.caseway, self.case)
        tokens = state.flow.tokens.values()
        return sorted(t.at for t in tokens if not t.phase and process.nodes[t.at].kind in STANDS)

    def clocks(self) -> dict[str, str]:
        """Each clock's status, of several runs the latest's; one that runs after its deadline is breached."""
        sql = "SELECT clock, status, breached, deadline FROM clocks WHERE case_id = ? ORDER BY run, id"
        now = self.caseway.clock.now()
        found: dict[str, str] = {}
        for name, status, breached, deadline in self.caseway.connection.all(sql, (self.case,)):
            late = bool(breached) or (status == "running" and moment(deadline) < now)
            found[name] = "breached" if late else {"stopped": "met"}.get(status, status)
        for deferred in self.state.clocks.deferred.values():
            found.setdefault(deferred.clock, "deferred")
        return found

    def notices(self) -> set[str]:
        """The templates that have been sent."""
        rows = self.caseway.connection.all("SELECT template FROM outbox WHERE case_id = ?", (self.case,))
        return {row[0] for row in rows}

    def papers(self) -> dict[str, str]:
        """How each line of the checklist stands."""
        return {name: line.status for name, line in lines_of(self.state.papers).items()}

    def path(self) -> list[str]:
        """The steps that it has entered, in order."""
        told = events_of(self.caseway, self.case)
        return [event.step for _, events in told for event in events if isinstance(event, StepEntered)]

    def tasks(self, column: str) -> dict[str, str]:
        """A column of the open tasks, by step."""
        sql = f"SELECT step, {column} FROM tasks WHERE case_id = ? AND closed_at IS NULL"
        return {row[0]: row[1] for row in self.caseway.connection.all(sql, (self.case,))}


def found(caseway: Caseway, case: str) -> dict[str, Any]:
    """What could be expected of the case as it stands, in the words of `expect`."""
    look = Look(caseway, case)
    flow = look.state.flow
    told = {
        "clocks": look.clocks(),
        "notices": sorted(look.notices()),
        "milestones": sorted(flow.milestones),
        "papers": look.papers(),
    }
    where = {"end": flow.end} if flow.status == "ended" else {"open": look.open()}
    return {**where, **{name: value for name, value in told.items() if value}}


Problems = Iterator[Fault]


def expect(caseway: Caseway, case: str, given: Mapping[str, Any]) -> Problems:
    """All that is otherwise than it must be."""
    for what, wanted in given.items():
        for fault in _EXPECTS[what](Look(caseway, case), wanted):
            yield fault.within(what)


def _same(what: str, found: Any, wanted: Any, *place: str, more: str = "") -> Problems:
    if not _alike(found, wanted):
        yield Fault(f"{what}: expected {_shown(wanted)}, found {_shown(found)}{more}", *place)


def _there(what: str, found: set[str], wanted: Any) -> Problems:
    for place, name in enumerate(wanted):
        if name not in found:
            near, there = did_you_mean(name, found), ", ".join(sorted(found)) or "none"
            yield Fault(f"{what} {name} is not there; there are {there}{f'; {near}' if near else ''}", place)


def _open(look: Look, wanted: Any) -> Problems:
    yield from _same("open", look.open(), sorted(wanted))


def _end(look: Look, wanted: Any) -> Problems:
    flow = look.state.flow
    yield from _same("end", flow.end if flow.status == "ended" else f"not ended, at {', '.join(look.open())}", wanted)


def _queue(look: Look, wanted: Any) -> Problems:
    found = look.tasks("queue")
    for step, queue in wanted.items():
        yield from _same(f"queue of {step}", found.get(step), queue, step)


def _holder(look: Look, wanted: Any) -> Problems:
    found, meant = look.tasks("holder"), look.tasks("assignee")
    for step, user in wanted.items():
        waits = not found.get(step) and meant.get(step)
        told = f" (it is meant for {waits}, who has not taken it: say meant)" if waits else ""
        yield from _same(f"holder of {step}", found.get(step), user, step, more=told)


def _meant(look: Look, wanted: Any) -> Problems:
    found = look.tasks("assignee")
    for step, user in wanted.items():
        yield from _same(f"{step} is meant for", found.get(step), user, step)


def _owner(look: Look, wanted: Any) -> Problems:
    yield from _same("owner", look.state.work.owner, wanted)


def _data(look: Look, wanted: Any) -> Problems:
    state, process = state_of(look.caseway, look.case)
    key = look.caseway.connection.one("SELECT key FROM cases WHERE id = ?", (look.case,))[0]
    sealer = look.caseway.vault.cipher(look.case, key).sealer
    for path, value in wanted.items():
        names = parts(path)
        found: Any = state.flow.data
        for name in names:
            found = _within(found, name)
        if names[0] in process.secrets and isinstance(found, str):
            found = sealer.open(path, found)
        yield from _same(path, found, value, path)


def _within(value: Any, name: str) -> Any:
    """A field of an object, or an item of a list, counted from 0 or with a minus from its end; none there: None."""
    if isinstance(value, list) and name.lstrip("-").isdigit():
        return value[int(name)] if -len(value) <= int(name) < len(value) else None
    return value.get(name) if isinstance(value, dict) else None


def _clocks(look: Look, wanted: Any) -> Problems:
    found = look.clocks()
    for name, status in wanted.items():
        yield from _same(f"clock {name}", found.get(name, "not begun"), status, name)


def _notices(look: Look, wanted: Any) -> Problems:
    yield from _there("notice", look.notices(), wanted)


def _milestones(look: Look, wanted: Any) -> Problems:
    yield from _there("milestone", set(look.state.flow.milestones), wanted)


def _papers(look: Look, wanted: Any) -> Problems:
    found = look.papers()
    for name, status in wanted.items():
        yield from _same(f"paper {name}", found.get(name, "not needed"), status, name)


def _incidents(look: Look, wanted: Any) -> Problems:
    texts = [incident.text for incident in look.state.flow.incidents.values()]
    for place, text in enumerate(wanted):
        if not any(text in found for found in texts):
            yield Fault(f"no open incident says {text!r}; there are {_shown(texts)}", place)


def _path(look: Look, wanted: Any) -> Problems:
    """The steps, in this order; others may lie between."""
    ahead = iter(look.path())
    for place, step in enumerate(wanted):
        if step not in ahead:
            before = f" after {wanted[place - 1]}" if place else ""
            went = " → ".join(_shortly(look.path()))
            yield Fault(f"path: {step} was not entered{before}; the case went {went}", place)
            return


def _never(look: Look, wanted: Any) -> Problems:
    entered = set(look.path())
    for place, step in enumerate(wanted):
        if step in entered:
            yield Fault(f"never: {step} was entered", place)


def _shortly(path: list[str]) -> list[str]:
    """The end of a path, without what the compiler added."""
    steps = [step for step in path if "/" not in step]
    return ["…", *steps[-12:]] if len(steps) > 12 else steps


_EXPECTS: Mapping[str, Callable[[Look, Any], Problems]] = {
    "open": _open,
    "end": _end,
    "queue": _queue,
    "holder": _holder,
    "meant": _meant,
    "owner": _owner,
    "data": _data,
    "clocks": _clocks,
    "notices": _notices,
    "milestones": _milestones,
    "papers": _papers,
    "path": _path,
    "never": _never,
    "incidents": _incidents,
}


def _alike(found: Any, wanted: Any) -> bool:
    """Equal, numbers as numbers wherever they are kept as text."""
    if isinstance(wanted, int | Decimal) and not isinstance(wanted, bool):
        try:
            return found is not None and not isinstance(found, bool) and Decimal(str(found)) == Decimal(wanted)
        except ArithmeticError:
            return False
    return bool(found == wanted)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value) if value not in ("", None) else "nothing"
