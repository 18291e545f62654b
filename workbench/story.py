"""A case told to people: where it stands, what may be filled in, what happened, why its deadlines are when they are."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from bootstrap import MACHINE, Caseway
from engine.core.data import stored
from engine.core.events import Event, StepEntered, StepLeft
from engine.core.kinds import ANY, Type, holds_secret
from engine.core.model import Each, Human, Process, Text
from engine.core.state import FlowState
from engine.runtime.errors import StoreError
from engine.runtime.history import HistoryRow, read
from engine.runtime.tables import moment
from reports.reader import STANDS
from sla.explain import Account, explain
from tasks.events import Commented
from tasks.tables import NO_DEADLINE
from workbench.around import around

Json = Any
MASK = "•••"


def state_of(caseway: Caseway, case: str) -> tuple[Any, Process]:
    """The case's state and the version of the process that it runs. Raises StoreError if either is not there."""
    row = caseway.connection.one("SELECT state, process, version FROM cases WHERE id = ?", (case,))
    if row is None:
        raise StoreError(f"There is no case {case}.", "Search: caseway case find WORDS")
    process = caseway.definitions.process(row[1], row[2])
    if process is None:
        raise StoreError(f"Version {row[2]} of {row[1]} is not deployed here.", "Restore it from the backup.")
    return MACHINE.decode(row[0]), process


def events_of(caseway: Caseway, case: str) -> list[tuple[datetime, list[Event]]]:
    """The case's events, command by command, with the moment of each."""
    return [(moment(row.at), MACHINE.decode_events(row.events)) for row in read(caseway.database, caseway.vault, case)]


def accounts(caseway: Caseway, case: str, clock: str = "") -> list[Account]:
    """Why each deadline of the case is when it is; see `sla.explain`."""
    _, process = state_of(caseway, case)
    return explain(process, events_of(caseway, case), caseway.calendars, caseway.clock.now(), clock)


def standing(caseway: Caseway, case: str) -> dict[str, Json]:
    """Where a case stands, in short: its status, end, open tasks, and the steps at which it waits otherwise."""
    state, process = state_of(caseway, case)
    flow, work = state.flow, state.work
    waiting = {n: t.at for n, t in flow.tokens.items() if not t.phase and process.nodes[t.at].kind in STANDS}
    return {
        "status": flow.status,
        "end": flow.end,
        "tasks": [
            {"task": n, "step": step, "queue": work.tasks[n].queue, "holder": work.tasks[n].holder}
            for n, step in waiting.items()
            if n in work.tasks
        ],
        "waits": [step for n, step in waiting.items() if n not in work.tasks],
    }


def story(
    caseway: Caseway, case: str, language: str = "zh", secrets: Mapping[str, Json] | None = None
) -> dict[str, Json]:
    """Everything that one looks for on a case's page. Secrets are masked, but for `secrets`, which have been opened."""
    state, process = state_of(caseway, case)
    opened = secrets or {}
    flow = state.flow
    tasks = caseway.connection.all(
        "SELECT id, step, queue, holder, due FROM tasks WHERE case_id = ? AND closed_at IS NULL ORDER BY id", (case,)
    )
    clocks = caseway.connection.all(
        "SELECT clock, origin, clauses, status, deadline, breached, provisional FROM clocks WHERE case_id = ? "
        "ORDER BY CASE origin WHEN 'law' THEN 0 WHEN 'manual' THEN 1 ELSE 2 END, deadline",
        (case,),
    )
    waits = caseway.connection.all("SELECT kind, name, key FROM waits WHERE case_id = ? ORDER BY name, key", (case,))

    def title(step: str) -> str:
        return _told(process.nodes[step].title, language) if step in process.nodes else ""

    now = caseway.clock.now()
    return {
        "number": flow.number,
        "process": flow.process,
        "version": flow.version,
        "status": flow.status,
        "end": flow.end,
        "owner": state.work.owner,
        **around(caseway, case, state, process),
        "data": {
            name: opened[name] if name in opened else masked(value, process.names.get(name, ANY))
            for name, value in flow.data.items()
        },
        "fields": [
            {
                "field": name,
                "title": _told(kind.title, language),
                "value": opened.get(name) or read_as(flow.data[name], kind),
            }
            for name, kind in process.names.items()
            if flow.data.get(name) is not None
        ],
        "milestones": flow.milestones,
        "tasks": [
            {
                "task": t[0], "step": t[1], "title": title(t[1]), "queue": t[2], "holder": t[3],
                "due": None if t[4] == NO_DEADLINE else moment(t[4]),
            }
            for t in tasks
        ],
        "waits": [{"step": step, "title": title(step)} for step in standing(caseway, case)["waits"]],
        "awaits": [{"kind": w[0], "name": w[1], "key": w[2]} for w in waits],
        "clocks": [
            {
                "clock": c[0], "origin": c[1], "clauses": c[2].strip(), "status": c[3],
                "deadline": moment(c[4]), "provisional": bool(c[6]),
                "breached": bool(c[5]) or (c[3] == "running" and moment(c[4]) < now),
            }
            for c in clocks
        ],
        "incidents": [
            {"incident": number, "step": flow.tokens[i.token].at if i.token else "", "text": i.text}
            for number, i in flow.incidents.items()
        ],
        "watchers": list(state.work.watchers),
        "comments": [
            {"at": event.at, "by": event.by, "task": event.task or "", "text": event.text}
            for _, events in events_of(caseway, case) for event in events if isinstance(event, Commented)
        ],
        "history": [_past(row, process) for row in read(caseway.database, caseway.vault, case)],
    }  # fmt: skip


_ABOUT = ("outcome", "name", "queue", "user", "clock", "by", "reason")
"""What a line of the history says of its command, where the command has it; never what was filled in."""


def _past(row: HistoryRow, process: Process) -> dict[str, Json]:
    """A row of the history as people read it."""
    command = msgspec.json.decode(row.command)
    events = MACHINE.decode_events(row.events)
    step = next((e.step for e in events if isinstance(e, StepLeft) and e.token == command.get("task")), "")
    said = [step, *(str(command[name]) for name in _ABOUT if command.get(name))]
    entered = [event.step for event in events if isinstance(event, StepEntered) and "/" not in event.step]
    return {
        "at": moment(row.at),
        "actor": row.actor,
        "command": str(command["type"]),
        "about": ", ".join(one for one in said if one),
        "ground": row.ground,
        "entered": [step for step in dict.fromkeys(entered) if step in process.nodes],
        "events": [type(event).__name__ for event in events],
    }


def read_as(value: Json, kind: Type) -> Json:
    """The value as a person reads it: moments as such, yes and no as words, secrets hidden."""
    value = masked(value, kind)
    if kind.kind == "datetime" and isinstance(value, str) and value != MASK:
        return datetime.fromisoformat(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value


def masked(value: Json, kind: Type) -> Json:
    """The value with every secret in it hidden."""
    if value is None or not holds_secret(kind):
        return value
    if kind.secret:
        return MASK
    if isinstance(value, dict):
        return {name: masked(inner, (kind.fields or {}).get(name, ANY)) for name, inner in value.items()}
    return [masked(inner, kind.item or ANY) for inner in value] if isinstance(value, list) else value


def items_around(flow: FlowState, process: Process, task: int) -> list[tuple[Each, Json]]:
    """The items of many that a task is about, of the outermost `each` first; none for a task of the case as a whole."""
    found: list[tuple[Each, Json]] = []
    number = task
    while number:
        token = flow.tokens[number]
        above = flow.tokens.get(token.up)
        spec = process.nodes[above.at].spec if above is not None else None
        if isinstance(spec, Each) and token.local is not None and spec.item in token.local:
            hidden = spec.over.secret and not holds_secret(spec.over.type)  # what is computed from a secret
            found.insert(0, (spec, MASK if hidden else token.local[spec.item]))
        number = token.up
    return found


def form_of(caseway: Caseway, case: str, task: int, language: str = "zh") -> dict[str, Json] | None:
    """What a task asks for: which item of many it is about, fields with their kinds and present values, and the
    outcomes; None if it is not open."""
    state, process = state_of(caseway, case)
    token = state.flow.tokens.get(task)
    node = process.nodes[token.at] if token is not None else None
    if node is None or not isinstance(node.spec, Human):
        return None
    held = state.work.tasks.get(task)
    draft: Mapping[str, Json] = getattr(held, "draft", None) or {}
    fields = []
    for path in node.spec.form:
        kind, value = process.names.get(path[0], ANY), stored(state.flow, task, path[0])
        for name in path[1:]:
            kind = (kind.fields or {}).get(name, ANY)
            value = value.get(name) if isinstance(value, dict) else None
        name = ".".join(path)
        choices = f": {', '.join(str(v) for v in kind.enum if v is not None)}" if kind.enum else ""
        fields.append(
            {
                "field": name,
                "title": _told(kind.title, language),
                "kind": f"{kind}{choices}",
                "value": read_as(draft.get(name, value), kind),
            }
        )
    outcomes = [
        {"outcome": o.name, "title": _told(o.title, language), "reason": "required" if o.reason else ""}
        for o in node.spec.outcomes.values()
    ]
    about = [
        {"item": spec.item, "value": read_as(value, spec.over.type.item or ANY)}
        for spec, value in items_around(state.flow, process, task)
    ]
    title = _told(node.title, language) or node.id
    return {"title": title, "step": node.id, "about": about, "fields": fields, "outcomes": outcomes}


def _told(text: Text | str | None, language: str) -> str:
    if isinstance(text, Mapping):
        return text.get(language) or next(iter(text.values()), "")
    return text or ""
