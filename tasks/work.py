"""The work slice: who holds which task of a case, who has done what, and who owns the case (R1).

Flow owns whether a task is open and what it yields. A human step that is entered becomes a task here; when
flow lets go of the step, the task is closed. `CompleteTask` is authorised here, in the same turn in which
flow then decides it; on a task that nobody holds it claims it first (R5).
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.core import events as flow_events
from engine.core import state as flow_state
from engine.core.asked import form_changes, task_token, wrong_fields
from engine.core.commands import CompleteTask, MigrateCase, Refuse, SkipTask, StartCase
from engine.core.data import names, sealed
from engine.core.expressions import Expression
from engine.core.kinds import ANY
from engine.core.machine import Slice, Turn
from engine.core.model import Human
from engine.core.moves import FAULTS
from engine.core.naming import aside
from engine.core.values import ValueProblem, normalise
from organisation.directory import Grant
from tasks import commands as c
from tasks import events as e
from tasks import likeness, migrating, restricting, steering, stranded
from tasks.acts import requested
from tasks.authority import ruling
from tasks.climbing import climb
from tasks.ground import directory, in_service, owning, work_of
from tasks.handling import HANDLING, MOST_TEXT
from tasks.lifecycle import CANCELLED, CLAIMED, COMPLETED, SKIPPED
from tasks.model import NAME, PRIORITIES, Work
from tasks.placing import place, priority, resolved
from tasks.reasons import Reason, reason
from tasks.rules import allowed, given
from tasks.standing import substitutes
from tasks.starting import authorise_start
from tasks.state import APPLY, Task, WorkState
from tasks.talk import TALK
from tasks.voting import vote
from tasks.watching import WATCHING

MOST_DRAFT = 20_000
"""Bytes of a draft, as JSON."""

_encode = msgspec.json.encode


# --- what people ask --------------------------------------------------------------------------------


def _authorise_completion(turn: Turn, command: CompleteTask) -> None:
    _, _, human = task_token(turn, command.task)
    task = allowed(turn, command.task, "complete")
    step = work_of(turn.process, task.step)
    outcome = human.outcomes.get(command.outcome)
    check = outcome.check if outcome is not None and outcome.check is not None else human.check
    wrong = {p.path: dict(p.message) for p in check(command.data)} if check is not None else {}
    if wrong:
        raise wrong_fields(wrong)
    changes = form_changes(turn, human.form, command.data) if step.authority is not None else {}
    ruled = ruling(turn, command.task, step, command.outcome, changes)
    if isinstance(ruled, Reason):
        raise ruled.refuse()
    actor, revision = turn.request.actor, directory(turn).revision
    if not task.holder:
        turn.emit(e.TaskClaimed(command.task, actor, turn.now, revision, _standing_for(turn, task, actor)))
    if isinstance(ruled, Grant):
        turn.emit(e.TaskAuthorised(command.task, actor, str(ruled), revision))


def _authorise_skip(turn: Turn, command: SkipTask) -> None:
    task_token(turn, command.task)
    allowed(turn, command.task, "skip")


def _claim(turn: Turn, command: c.ClaimTask) -> None:
    task, actor = allowed(turn, command.task, "claim"), turn.request.actor
    behalf = _standing_for(turn, task, actor)
    turn.emit(e.TaskClaimed(command.task, actor, turn.now, directory(turn).revision, behalf))


def _standing_for(turn: Turn, task: Task, user: str) -> str:
    """Who is away, where the user who takes the task stands in for them."""
    return substitutes(turn, task, user) or (task.stands_for if user == task.assignee else "")


def _release(turn: Turn, command: c.ReleaseTask) -> None:
    allowed(turn, command.task, "release")
    turn.emit(e.TaskReleased(command.task, turn.request.actor, turn.now, command.reason))


def _transfer(turn: Turn, command: c.TransferTask) -> None:
    task = allowed(turn, command.task, "transfer")
    people = directory(turn)
    queue = command.queue or task.queue
    if not command.queue and not command.user:
        raise reason("target").refuse()
    if command.queue and command.queue not in people.queues:
        hint = aside(command.queue, people.queues)
        raise reason("unknown_queue", queue=command.queue, hint=hint).refuse()
    over = given(turn, command.user, command.task, queue, task) if command.user else None
    turn.emit(
        e.TaskTransferred(
            command.task, turn.request.actor, turn.now, queue, command.user, people.revision, command.reason,
            over=over,
        )
    )  # fmt: skip


def _draft(turn: Turn, command: c.SaveDraft) -> None:
    """A draft may be unfinished and wrong, but holds only what the form has, and not without bounds."""
    _, _, human = task_token(turn, command.task)
    task = allowed(turn, command.task, "draft")
    strange = sorted(set(command.data) - {path[0] for path in human.form})
    if strange:
        raise reason("draft_field", fields=", ".join(strange)).refuse()
    types = turn.process.names
    try:
        data = {name: sealed(turn, name, normalise(v), types.get(name, ANY)) for name, v in command.data.items()}
    except (ValueProblem, *FAULTS) as problem:
        raise Refuse("form", f"草稿无法保存：{problem}", str(problem)) from problem
    if len(_encode(data)) > MOST_DRAFT:
        raise reason("draft_size", most=MOST_DRAFT).refuse()
    if command.outcome and command.outcome not in human.outcomes:
        raise reason("outcome", known=", ".join(human.outcomes), given=command.outcome).refuse()
    if len(command.reason) > MOST_TEXT:
        raise reason("text", most=MOST_TEXT).refuse()
    if task.status == CLAIMED:
        turn.emit(e.TaskStarted(command.task, turn.request.actor, turn.now))
    turn.emit(e.DraftSaved(command.task, turn.request.actor, turn.now, data, command.outcome, command.reason))


def _set_priority(turn: Turn, command: c.SetPriority) -> None:
    allowed(turn, command.task, "priority")
    if command.priority not in PRIORITIES:
        least, most = PRIORITIES[0], PRIORITIES[-1]
        raise reason("priority", least=least, most=most, given=command.priority).refuse()
    turn.emit(e.PriorityChanged(command.task, command.priority, turn.request.actor, command.reason))


def _set_owner(turn: Turn, command: c.SetOwner) -> None:
    flow, actor = turn.state.flow, turn.request.actor
    if flow.status in ("new", "ended"):
        raise reason("ended", number=flow.number or turn.request.case).refuse()
    if not in_service(turn, command.user):
        raise reason("inactive", user=command.user).refuse()
    turn.emit(e.OwnerChanged(command.user, turn.now, actor, command.reason))


# --- what follows from the flow ---------------------------------------------------------------------


def _started(turn: Turn, event: flow_events.CaseStarted) -> None:
    if owning(turn.process).starter and in_service(turn, event.starter):
        turn.emit(e.OwnerChanged(event.starter, turn.now))
    restricting.started(turn, event)


def _entered(turn: Turn, event: flow_events.StepEntered) -> None:
    if event.token not in turn.state.flow.tokens:  # gone again within the same command
        return
    if not isinstance(turn.process.nodes[event.step].spec, Human):
        return
    step = work_of(turn.process, event.step)
    queue, assignee, note, behalf = place(turn, event.token, step)
    turn.emit(
        e.TaskOpened(
            event.token, event.step, event.at, queue, assignee,
            priority(turn, event.token, step), directory(turn).revision, note, behalf,
            resolved(step.skill, names(turn, event.token), []) if step.skill else "",
        )
    )  # fmt: skip


_ENDS = (CompleteTask, SkipTask, c.VoteTask)
"""What people say that may end a task: a tuple, for a union is made anew, and dearly, wherever it is written."""


def _done(turn: Turn, event: flow_events.StepLeft | flow_events.StepClosing) -> None:
    task = turn.state.work.tasks.get(event.token)
    if task is None:
        return
    command = turn.command
    theirs = isinstance(command, _ENDS) and command.task == event.token
    why = getattr(command, "reason", "") if theirs else ""
    if event.actor:
        others = tuple(sorted(task.voters - {event.actor})) or task.behalf
        closed = e.TaskClosed(event.token, event.step, turn.now, COMPLETED, event.actor, event.outcome, why, others)
    elif event.outcome == flow_state.SKIPPED:
        closed = e.TaskClosed(event.token, event.step, turn.now, SKIPPED, turn.request.actor, "", why)
    else:
        closed = e.TaskClosed(event.token, event.step, turn.now, CANCELLED, "", event.outcome)
    turn.emit(closed)


def _cancelled(turn: Turn, event: flow_events.StepCancelled) -> None:
    if event.token in turn.state.work.tasks:
        turn.emit(e.TaskClosed(event.token, event.step, turn.now, CANCELLED))


def _data(turn: Turn, event: flow_events.DataChanged) -> None:
    if turn.state.work.tasks:
        _follow(turn, frozenset(path.split(".")[0] for path in event.changes))
    restricting.changed(turn, event)
    likeness.changed(turn, event)


def _follow(turn: Turn, changed: frozenset[str]) -> None:
    """Moves the open tasks whose place follows a value that has changed, or that have got too big for it."""
    work: WorkState = turn.state.work
    for token, task in list(work.tasks.items()):
        step = work_of(turn.process, task.step)
        if token not in turn.state.flow.tokens:
            continue
        if step.follow and changed & _reads(step):
            queue, assignee, note, behalf = place(turn, token, step)
        elif step.authority is not None and not task.holder and changed & step.authority.reads:
            higher, note = climb(turn, token, step, task.queue, task.assignee)
            queue, assignee, behalf = task.queue, higher or task.assignee, "" if higher else task.stands_for
        else:
            continue
        if (queue, assignee) != (task.queue, task.assignee):
            revision = directory(turn).revision
            turn.emit(e.TaskTransferred(token, task.step, turn.now, queue, assignee, revision, note, behalf))


def _reads(step: Work) -> frozenset[str]:
    """The names that say where a task of the step goes."""
    found = frozenset({"owner"} if step.assign == "owner" else ())
    for name in (step.queue, step.assign):
        if isinstance(name, Expression):
            found |= name.reads
    return found


# --- who owns the case ------------------------------------------------------------------------------


def _taken(turn: Turn, event: e.TaskClaimed) -> None:
    """First-responder ownership: who takes the first step owns the case, unless it has an owner already."""
    stranded.found(turn, event)
    if not turn.state.work.owner and _is_first(turn, event.token):
        turn.emit(e.OwnerChanged(event.by, turn.now))


def _given_back(turn: Turn, event: e.TaskReleased) -> None:
    """Who gives the first step back to its queue, undone, has not responded. Who hands it on has, or has it taken
    away: handing on work does not hand on ownership. And whoever started the case has heard it first."""
    work: WorkState = turn.state.work
    if work.owner != event.by or not _is_first(turn, event.token):
        return
    recorded = owning(turn.process).starter and work.owner == turn.state.flow.starter
    if not recorded and work.tasks[event.token].step not in work.done_by:
        turn.emit(e.OwnerChanged("", turn.now))


def _is_first(turn: Turn, token: int) -> bool:
    task = turn.state.work.tasks.get(token)
    return task is not None and task.step == owning(turn.process).first


def _owner_changed(turn: Turn, event: e.OwnerChanged) -> None:
    _follow(turn, frozenset({"owner"}))


WORK = Slice(
    name=NAME,
    state=WorkState,
    apply={**APPLY, flow_events.CaseMigrated: migrating.renamed, flow_events.TokenMapped: migrating.mapped},
    authorise={
        StartCase: authorise_start,
        CompleteTask: _authorise_completion,
        SkipTask: _authorise_skip,
        **steering.AUTHORISE,
        MigrateCase: migrating.authorise,
    },
    decide={
        c.ClaimTask: _claim,
        c.ReleaseTask: _release,
        c.TransferTask: _transfer,
        c.SaveDraft: _draft,
        c.SetPriority: _set_priority,
        c.SetOwner: _set_owner,
        c.VoteTask: vote,
        **HANDLING,
        **TALK,
        **restricting.RESTRICTING,
    },
    react={
        flow_events.CaseStarted: _started,
        flow_events.StepEntered: _entered,
        flow_events.StepClosing: _done,
        flow_events.StepLeft: _done,
        flow_events.StepCancelled: _cancelled,
        flow_events.DataChanged: _data,
        flow_events.DataCorrected: steering.corrected,
        flow_events.ActRequested: requested,
        flow_events.CaseMigrated: migrating.migrated,
        e.TaskOpened: stranded.look,
        e.TaskTransferred: stranded.look,
        e.TaskClaimed: _taken,
        e.TaskReleased: _given_back,
        e.OwnerChanged: _owner_changed,
        **WATCHING,
    },
)

NAMES: Mapping[str, Any] = {"owner": lambda state: state.work.owner or None}
"""What expressions may read of the work slice, for `Env.names`."""
