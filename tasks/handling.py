"""What people do with a task short of ending it: start, delegate, park, ask for a review, suspend.

Each is a row of the lifecycle table; here stands what else must hold, and what it brings about. A parked task
comes back by a timer of this slice, whose number is the task's; its row is a projection of `Task.until`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, timedelta
from typing import Any

from engine.core import commands as core
from engine.core.commands import Command
from engine.core.machine import Turn
from tasks import commands as c
from tasks import events as e
from tasks.ground import directory, in_service, told
from tasks.lifecycle import PARKED
from tasks.model import NAME
from tasks.reasons import reason
from tasks.rules import allowed, given
from tasks.state import WorkState

MOST_TEXT = 4_000
"""Characters of a question or an answer."""
AHEAD = timedelta(days=731)
"""How far ahead a task is laid aside at most: two years, which no clock of a case outlasts."""


def _start(turn: Turn, command: c.StartTask) -> None:
    allowed(turn, command.task, "start")
    turn.emit(e.TaskStarted(command.task, turn.request.actor, turn.now))


def _delegate(turn: Turn, command: c.DelegateTask) -> None:
    """The other must be able to do it: authority and four eyes are held against who acts."""
    task, actor = allowed(turn, command.task, "delegate"), turn.request.actor
    if command.user == actor:
        raise reason("yourself").refuse()
    over = given(turn, command.user, command.task, task.queue, task)
    revision = directory(turn).revision
    turn.emit(e.TaskDelegated(command.task, actor, turn.now, command.user, revision, command.reason, over))


def _return(turn: Turn, command: c.ReturnTask) -> None:
    """To a delegator who is no longer in service nothing can be given back: then somebody transfers it."""
    task = allowed(turn, command.task, "return")
    if not in_service(turn, task.delegator):
        raise reason("inactive", user=task.delegator).refuse()
    turn.emit(e.TaskReturned(command.task, turn.request.actor, turn.now, command.reason))


def _park(turn: Turn, command: c.ParkTask) -> None:
    allowed(turn, command.task, "follow_up")
    if command.until.tzinfo is None or command.until <= turn.now:
        given = told(turn, command.until if command.until.tzinfo else command.until.replace(tzinfo=UTC))
        raise reason("until", until=given).refuse()
    until = command.until.astimezone(UTC)
    if until - turn.now > AHEAD:
        raise reason("until_far", until=told(turn, turn.now + AHEAD)).refuse()
    turn.emit(e.TaskParked(command.task, turn.request.actor, turn.now, until, command.reason))


def _take_up(turn: Turn, command: c.TakeUpTask) -> None:
    allowed(turn, command.task, "take_up")
    turn.emit(e.TaskTakenUp(command.task, turn.now, turn.request.actor))


def _fire_timer(turn: Turn, command: core.FireTimer) -> None:
    """A parked task comes back, in a suspended case too. Raises Refuse if it no longer waits for that moment."""
    if command.slice != NAME:
        return
    work: WorkState = turn.state.work
    task = work.tasks.get(command.timer)
    if task is None or task.status != PARKED or task.until != command.due:
        raise reason("stale", task=command.timer).refuse()
    turn.emit(e.TaskTakenUp(command.timer, turn.now))


def _suspend(turn: Turn, command: c.SuspendTask) -> None:
    allowed(turn, command.task, "suspend")
    if not command.reason.strip():
        raise reason("no_reason").refuse()
    turn.emit(e.TaskSuspended(command.task, turn.request.actor, turn.now, command.reason))


def _resume(turn: Turn, command: c.ResumeTask) -> None:
    allowed(turn, command.task, "resume")
    turn.emit(e.TaskResumed(command.task, turn.request.actor, turn.now, command.reason))


def _ask(turn: Turn, command: c.AskReview) -> None:
    allowed(turn, command.task, "ask_review")
    actor, people = turn.request.actor, directory(turn)
    if command.user == actor:
        raise reason("yourself").refuse()
    if not in_service(turn, command.user):
        raise reason("inactive", user=command.user).refuse()
    question = _text(command.question)
    turn.emit(e.ReviewAsked(command.task, actor, turn.now, command.user, question, people.revision))


def _answer(turn: Turn, command: c.AnswerReview) -> None:
    allowed(turn, command.task, "answer")
    answer = _text(command.answer)
    turn.emit(e.ReviewAnswered(command.task, turn.request.actor, turn.now, answer, command.agrees))


def _withdraw(turn: Turn, command: c.WithdrawReview) -> None:
    allowed(turn, command.task, "withdraw")
    turn.emit(e.ReviewWithdrawn(command.task, turn.request.actor, turn.now))


def _text(given: str) -> str:
    text = given.strip()
    if not text or len(text) > MOST_TEXT:
        raise reason("text", most=MOST_TEXT).refuse()
    return text


HANDLING: Mapping[type[Command], Callable[[Turn, Any], None]] = {
    c.StartTask: _start,
    c.DelegateTask: _delegate,
    c.ReturnTask: _return,
    c.ParkTask: _park,
    c.TakeUpTask: _take_up,
    core.FireTimer: _fire_timer,
    c.SuspendTask: _suspend,
    c.ResumeTask: _resume,
    c.AskReview: _ask,
    c.AnswerReview: _answer,
    c.WithdrawReview: _withdraw,
}
