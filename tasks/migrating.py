"""What becomes of people's work when a case goes over to another version (`engine.core.migration`).

Who has a task in hand keeps it, with the draft; what nobody holds goes where the new version's step says, if that is
another place than the old one's. A draft stays as long as the new form has its fields, of their types; votes as long
as the new step has their outcomes. Who has done a step has done what it is called now (R26).
"""

from typing import Any

from engine.core import events as flow_events
from engine.core.commands import MigrateCase
from engine.core.kinds import ANY
from engine.core.machine import Turn
from engine.core.migration import KEEP, Migration, migration_of
from engine.core.model import Human, Process
from engine.core.values import ValueProblem, normalise
from tasks import events as e
from tasks import likeness
from tasks.ground import directory, work_of
from tasks.model import Work
from tasks.placing import place
from tasks.state import Task, WorkState
from tasks.steering import AUTHORISE


def authorise(turn: Turn, command: MigrateCase) -> None:
    """Refuses who may not; notes what in people's work stops the case."""
    AUTHORISE[MigrateCase](turn, command)
    if turn.state.flow.status in ("open", "suspended"):
        made, work = migration_of(turn), turn.state.work
        for number, task in work.tasks.items():
            if made.fates[number].how == KEEP and isinstance(made.node(number).spec, Human):
                _keeps(made, number, task)


def _keeps(made: Migration, number: int, task: Task) -> None:
    """Whether draft and votes still mean what they meant."""
    node, spot = made.node(number), f"task {number}"
    assert isinstance(node.spec, Human)
    form = {path[0] for path in node.spec.form}
    lost = [name for name in task.draft or () if name not in form or not _fits(made, name, (task.draft or {})[name])]
    if task.chosen and task.chosen not in node.spec.outcomes:
        lost.append(task.chosen)
    rule = made.rule(task.step)
    if lost and (rule is None or rule.draft != "drop"):
        named = ", ".join(lost)
        zh = f"{task.step} 的草稿含新表单不能接收的项：{named}：请先办完，或为该步骤写明 draft: drop"
        en = f"the draft at {task.step} has what the new form does not take: {named}: "
        made.stop(spot, zh, en + "let it be completed first, or say draft: drop for the step")
    before, after = work_of(made.old, task.step).approvals, work_of(made.new, node.id).approvals
    strange = {vote.outcome for vote in task.votes} - set(node.spec.outcomes)
    if task.votes and (after is None or strange or before is None or before.role != after.role):
        zh = f"{task.step} 已有投票，新版本不能沿用：请等表决完成，或写明 again（重新表决）"
        en = f"votes have been cast at {task.step} that the new version does not know: wait for the outcome, "
        made.stop(spot, zh, en + "or place the step again, which begins the vote anew")


def _fits(made: Migration, name: str, value: Any) -> bool:
    """Whether a value of a draft, sealed if it is secret, is one of the new version's."""
    before, after = made.old.names.get(name, ANY), made.new.names.get(name, ANY)
    if before == after:
        return True
    if name in made.old.secrets or name in made.new.secrets:
        return False
    try:
        return bool(normalise(value, after) == value)
    except ValueProblem:
        return False


def migrated(turn: Turn, event: flow_events.CaseMigrated) -> None:
    made, work = migration_of(turn), turn.state.work
    for number, task in list(work.tasks.items()):
        if number not in made.fates:
            continue
        before = made.was[number]
        rule = made.rule(before)
        if (task.draft or task.chosen or task.because) and rule is not None and rule.draft == "drop":
            turn.emit(e.DraftSaved(number, event.by, turn.now, {}))
        if not task.holder and _elsewhere(made.old, made.new, before, task.step):
            queue, assignee, note, behalf = place(turn, number, work_of(turn.process, task.step))
            if (queue, assignee) != (task.queue, task.assignee):
                revision = directory(turn).revision
                turn.emit(e.TaskTransferred(number, event.by, turn.now, queue, assignee, revision, note, behalf))
    likeness.look(turn)


def _elsewhere(old: Process, new: Process, before: str, after: str) -> bool:
    return _way(work_of(old, before)) != _way(work_of(new, after))


def _way(step: Work) -> tuple[str, ...]:
    """Where a step says that its task goes."""
    return tuple(str(getattr(one, "source", one)) for one in (step.queue, step.assign, step.else_queue))


def mapped(work: WorkState, event: flow_events.TokenMapped) -> None:
    task = work.tasks.get(event.token)
    if task is not None:
        task.step = event.target


def renamed(work: WorkState, event: flow_events.CaseMigrated) -> None:
    done: dict[str, list[str]] = {}
    for step, users in work.done_by.items():
        known = done.setdefault(event.steps.get(step) or step, [])
        known += [user for user in users if user not in known]
    work.done_by = done
