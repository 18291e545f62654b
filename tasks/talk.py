"""Comments on a case and who watches it.

A comment is an event of the case and nothing else: it is read from the history, encrypted like the rest. Who watches
a case stands in its state, for whoever sends notices.
"""

from collections.abc import Callable, Mapping
from typing import Any

from engine.core.asked import no_case
from engine.core.commands import Command
from engine.core.machine import Turn
from tasks import commands as c
from tasks import events as e
from tasks.ground import in_service
from tasks.reasons import reason
from tasks.state import WorkState

MOST_COMMENT = 4_000
"""Characters of a comment."""
MOST_WATCHERS = 50


def comment(turn: Turn, command: c.Comment) -> None:
    """Anybody in service may comment, also on a case that has ended."""
    _begun(turn)
    text = command.text.strip()
    if not text or len(text) > MOST_COMMENT:
        raise reason("text", most=MOST_COMMENT).refuse()
    if command.task and command.task not in turn.state.work.tasks:
        raise reason("closed", task=command.task, number=turn.state.flow.number).refuse()
    turn.emit(e.Commented(turn.request.actor, turn.now, text, command.task))


def watch(turn: Turn, command: c.Watch) -> None:
    """The actor, or somebody whom the actor adds, watches the case."""
    _begun(turn)
    user = command.user or turn.request.actor
    work: WorkState = turn.state.work
    if not in_service(turn, user):
        raise reason("inactive", user=user).refuse()
    if user in work.watchers:
        raise reason("watches", user=user).refuse()
    if len(work.watchers) >= MOST_WATCHERS:
        raise reason("watchers", most=MOST_WATCHERS).refuse()
    turn.emit(e.WatcherAdded(user, turn.now, turn.request.actor))


def unwatch(turn: Turn, command: c.Unwatch) -> None:
    _begun(turn)
    actor = turn.request.actor
    if actor not in turn.state.work.watchers:
        raise reason("watches_not", user=actor).refuse()
    turn.emit(e.WatcherRemoved(actor, turn.now))


def _begun(turn: Turn) -> None:
    if turn.state.flow.status == "new":
        raise no_case(turn)
    if not in_service(turn, turn.request.actor):
        raise reason("inactive", user=turn.request.actor).refuse()


TALK: Mapping[type[Command], Callable[[Turn, Any], None]] = {c.Comment: comment, c.Watch: watch, c.Unwatch: unwatch}
