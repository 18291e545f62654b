"""N of M: a step that several decide (DESIGN §5).

Theory of operation. There is one token in the flow and one task, which nobody claims: each approver casts one vote,
kept in the work slice with on whose behalf. Who votes must be allowed to work on the task, as anybody else: queue,
four eyes and authority (for the outcome voted for) hold for each vote. When the votes decide, the flow completes
the step with the outcome that has carried, in the same command; all who voted have done the step (R26).
"""

from engine.core.asked import task_token
from engine.core.commands import CompleteTask
from engine.core.flow import complete
from engine.core.machine import Turn
from engine.core.model import Human
from organisation.directory import Grant
from tasks import events as e
from tasks.authority import ruling
from tasks.commands import VoteTask
from tasks.ground import directory, work_of
from tasks.model import Approvals
from tasks.reasons import Reason, reason
from tasks.rules import allowed
from tasks.standing import on_behalf
from tasks.state import Task


def vote(turn: Turn, command: VoteTask) -> None:
    _, node, human = task_token(turn, command.task)
    task, actor = allowed(turn, command.task, "vote"), turn.request.actor
    step = work_of(turn.process, node.id)
    assert step.approvals is not None  # the action is closed elsewhere
    _outcome(human, command)
    ruled = ruling(turn, command.task, step, command.outcome, {})
    if isinstance(ruled, Reason):
        raise ruled.refuse()
    revision = directory(turn).revision
    behalf = on_behalf(turn, task, actor)
    turn.emit(e.VoteCast(command.task, actor, turn.now, command.outcome, command.reason, behalf, revision))
    if isinstance(ruled, Grant):
        turn.emit(e.TaskAuthorised(command.task, actor, str(ruled), revision))
    decided = verdict(step.approvals, task, tuple(human.outcomes))
    if decided:
        reasons = "; ".join(one.reason for one in task.votes if one.outcome == decided and one.reason)
        complete(turn, CompleteTask(command.task, decided, {}, reasons))


def verdict(approvals: Approvals, task: Task, outcomes: tuple[str, ...]) -> str:
    """The outcome that the votes have decided; "" while they have not."""
    first, second = outcomes
    yes = sum(one.outcome == first for one in task.votes)
    no = len(task.votes) - yes
    if yes + no < approvals.of and not approvals.early:
        return ""
    if yes >= approvals.needs:
        return first
    return second if no > approvals.of - approvals.needs else ""


def _outcome(human: Human, command: VoteTask) -> None:
    outcome = human.outcomes.get(command.outcome)
    if outcome is None:
        raise reason("outcome", known=", ".join(human.outcomes), given=command.outcome).refuse()
    if outcome.reason and not command.reason.strip():
        raise reason("no_reason").refuse()
