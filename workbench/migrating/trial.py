"""The dry run: what a migration would make of one case, by doing it to a copy; nothing is written."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import structs

from bootstrap import MACHINE, Caseway
from engine.core.commands import MigrateCase, Refusal, Request
from engine.core.model import Human, Process
from engine.core.values import moment
from engine.runtime.cipher import VaultError
from engine.runtime.errors import StoreError
from tasks.lifecycle import SYSTEM
from workbench.story import state_of

KINDS = ("stands", "task", "draft", "form", "wait", "timer", "clock", "data")
"""What is compared, in the order in which it is shown."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing before and after; "" where it is not there. kind: one of `KINDS`."""

    kind: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a migration makes of a case: what changes and what stays, or what stops it (place -> text by language)."""

    case: str
    number: str
    version: str
    changes: tuple[Change, ...] = ()
    stops: dict[str, dict[str, str]] | None = None


def trial(caseway: Caseway, case: str, command: MigrateCase) -> Trial:
    """The dry run of one case. Raises StoreError if there is no such case."""
    state, process = state_of(caseway, case)
    flow = state.flow
    row = caseway.connection.one("SELECT key FROM cases WHERE id = ?", (case,))
    try:
        sealer = caseway.vault.cipher(case, row[0]).sealer
    except VaultError as error:
        raise StoreError(f"Case {flow.number} cannot be read: {error}") from error
    env = structs.replace(caseway.env(), sealer=sealer)
    before = standing(state, process)
    copy = MACHINE.decode(MACHINE.encode(state))
    request = Request("dry run", case, structs.replace(command, proposed_by=""), SYSTEM, env.now)
    answer = MACHINE.decide(process, copy, request, env)
    if isinstance(answer, Refusal):
        return Trial(case, flow.number, flow.version, stops=answer.fields or {"case": answer.told})
    after_process = caseway.definitions.process(flow.process, command.version)
    assert after_process is not None
    return Trial(case, flow.number, flow.version, compared(before, standing(copy, after_process)))


Standing = dict[tuple[str, Any], str]
"""(kind, what it is known by) -> what it is."""


def standing(state: Any, process: Process) -> Standing:
    """How a case stands, piece by piece: what a migration promises to keep."""
    flow, work, clocks = state.flow, state.work, state.clocks
    found: Standing = {}
    for number, token in flow.tokens.items():
        if "/" in token.at:
            continue
        node, task = process.nodes[token.at], work.tasks.get(number)
        if task is None:
            found["stands", number] = token.at
            continue
        found["task", number] = f"{task.step} · {task.holder or task.assignee or task.queue or '-'} · {task.status}"
        if task.draft:
            found["draft", number] = f"{task.step}: {', '.join(task.draft)}"
        if isinstance(node.spec, Human):
            found["form", number] = f"{task.step}: {', '.join('.'.join(path) for path in node.spec.form) or '-'}"
    for wait in flow.waits.values():
        found["wait", (wait.token, wait.kind, wait.name)] = (
            f"{_at(flow, wait.token)}: {wait.kind} {wait.name} {wait.key}"
        )
    for number, timer in flow.timers.items():
        found["timer", number] = f"{_at(flow, timer.token)}: {told(timer.due)}"
    for number, run in clocks.open.items():
        paused = " (paused)" if run.paused else ""
        found["clock", number] = f"{run.clock}: {run.limit}, {told(run.deadline)}{paused}"
    for name in flow.data:
        found["data", name] = name
    return found


def _at(flow: Any, token: int) -> str:
    return flow.tokens[token].at if token else "-"


def told(at: datetime) -> str:
    return str(moment(at))


def compared(before: Standing, after: Standing) -> tuple[Change, ...]:
    """Both standings side by side; of the data only what changes."""
    keys = dict.fromkeys([*before, *after])
    rows = [Change(key[0], before.get(key, ""), after.get(key, "")) for key in keys]
    shown = [row for row in rows if row.kind != "data" or row.before != row.after]
    return tuple(sorted(shown, key=lambda row: KINDS.index(row.kind)))
