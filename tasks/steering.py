"""Who may do what with a case as a whole: the one table that deciding, pages, API and command line ask.

Theory of operation. What an action does to the case is decided by the flow (`engine.core.steering`); here stands in
which states it is open and who may ask for it, refused before anything is decided. Caseway itself may do anything.
After a correction the work slice looks again at what is in hand: a task that its holder's authority no longer
covers is taken from them, up to who has it or back into its queue.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.core import commands as core
from engine.core import events as flow_events
from engine.core.commands import Command
from engine.core.machine import Turn
from organisation.directory import Directory
from tasks import commands as c
from tasks import events as e
from tasks.authority import weigh
from tasks.climbing import climb
from tasks.ground import Ground, directory, in_service, owning, work_of
from tasks.lifecycle import SYSTEM
from tasks.reasons import Reason, reason
from tasks.state import WorkState

EVERY_CASE = frozenset({"director", "admin", "compliance"})
"""Roles that may act on any case."""
HOLDS = frozenset({"director", "compliance"})
"""Roles that place and lift legal holds."""

OWNER, ABOVE, MANAGER, HOLDER, OFFICE, COUNSEL = "owner", "above", "manager", "holder", "office", "counsel"

WHO: Mapping[str, tuple[str, str]] = {
    OWNER: ("案件责任人", "who owns the case"),
    ABOVE: ("责任人的上级", "who stands in the line above the owner"),
    MANAGER: ("案件所在队列的管理者及其上级", "who manages a queue in which it stands, or stands above them"),
    HOLDER: ("持有其任务的人", "who has one of its tasks in hand"),
    OFFICE: ("总监、合规、系统管理员", "a director, compliance or an administrator"),
    COUNSEL: ("总监、合规", "a director or compliance"),
}
"""The parties, in words (zh, en). A case without tasks, or without an owner, stands in the queue that
its process names for what is meant for the owner."""

_LEAD = (OWNER, ABOVE, MANAGER, OFFICE)
_OVER = (ABOVE, MANAGER, OFFICE)
OPEN, SUSPENDED, ENDED = "open", "suspended", "ended"
_RUNS = (OPEN, SUSPENDED)
_ANY = (OPEN, SUSPENDED, ENDED)


@dataclass(frozen=True, slots=True)
class Steer:
    command: type[Command]
    who: tuple[str, ...]
    states: tuple[str, ...]


STEERING: Mapping[str, Steer] = {
    "suspend": Steer(core.SuspendCase, _LEAD, (OPEN,)),
    "resume": Steer(core.ResumeCase, _LEAD, (SUSPENDED,)),
    "cancel": Steer(core.CancelCase, _OVER, _RUNS),
    "retry": Steer(core.RetryIncident, _LEAD, (OPEN,)),
    "owner": Steer(c.SetOwner, _LEAD, _RUNS),
    "correct": Steer(core.CorrectData, _LEAD, _RUNS),
    "move": Steer(core.ProposeMove, _LEAD, (OPEN,)),
    "approve_move": Steer(core.ApproveMove, _OVER, (OPEN,)),
    "withdraw_move": Steer(core.WithdrawMove, _LEAD, _RUNS),
    "reopen": Steer(core.ReopenCase, _LEAD, (ENDED,)),
    "link": Steer(core.LinkCases, (HOLDER, *_LEAD), _ANY),
    "unlink": Steer(core.UnlinkCases, (HOLDER, *_LEAD), _ANY),
    "merge": Steer(core.MergeCase, _LEAD, _RUNS),
    "hold": Steer(core.HoldCase, (COUNSEL,), _ANY),
    "lift_hold": Steer(core.LiftHold, (COUNSEL,), _ANY),
    "migrate": Steer(core.MigrateCase, _OVER, _RUNS),
    "begin": Steer(core.StartStep, (HOLDER, *_LEAD), (OPEN,)),
    "finish": Steer(core.FinishBlock, (HOLDER, *_LEAD), (OPEN,)),
}
"""Actions on a case: in which of its states each is open, and to whom."""

WITHIN = (core.AddInstance,)
"""What whoever commands a case does within it besides: adds an item."""
_COMMANDS = (HOLDER, *_LEAD)

ITSELF = (core.MoveToken, core.NoteLink, core.NoteDecision)
"""What only Caseway asks for."""

_STANDS: Mapping[str, str] = {OPEN: "going", SUSPENDED: "halted", ENDED: "ended"}


def closed(ground: Ground, user: str, action: str) -> Reason | None:
    """None if the user may now do this with the case; otherwise why not."""
    rule, flow = STEERING[action], ground.state.flow
    if flow.status not in rule.states:
        return reason(_STANDS[flow.status], number=flow.number)
    if action == "reopen" and not ground.process.reopen:
        return reason("final", process=ground.process.name)
    return unauthorised(ground, user, rule.who)


def unauthorised(ground: Ground, user: str, who: tuple[str, ...]) -> Reason | None:
    """Why the user belongs to none of the parties; None if they do, or are Caseway itself."""
    if user == SYSTEM:
        return None
    if not in_service(ground, user):
        return reason("inactive", user=user)
    people, work = directory(ground), ground.state.work
    if any(PARTIES[party](ground, people, work, user) for party in who):
        return None
    zh, en = ([WHO[party][place] for party in who] for place in (0, 1))
    return Reason("not_steering", {"zh": f"此操作须由{'、'.join(zh)}进行", "en": f"this takes {', '.join(en)}"})


def _stands_in(ground: Ground, work: WorkState) -> set[str]:
    queues = {task.queue for task in work.tasks.values() if task.queue}
    return queues if queues and work.owner else {*queues, owning(ground.process).else_queue}


def _runs(people: Directory, user: str, queue: str) -> bool:
    """Whether the user manages the queue, or stands above one of those who do."""
    return people.manages(user, queue) or any(people.above(user, one) for one in people.managers(queue))


PARTIES: Mapping[str, Callable[[Ground, Directory, WorkState, str], bool]] = {
    OWNER: lambda ground, people, work, user: work.owner == user,
    ABOVE: lambda ground, people, work, user: bool(work.owner) and people.above(user, work.owner),
    MANAGER: lambda ground, people, work, user: any(_runs(people, user, one) for one in _stands_in(ground, work)),
    HOLDER: lambda ground, people, work, user: any(user in (t.holder, t.assignee) for t in work.tasks.values()),
    OFFICE: lambda ground, people, work, user: not EVERY_CASE.isdisjoint(people.roles(user)),
    COUNSEL: lambda ground, people, work, user: not HOLDS.isdisjoint(people.roles(user)),
}


# --- deciding -----------------------------------------------------------------------------------------


def _authorise(turn: Turn, command: Command) -> None:
    if turn.state.flow.status == "new":
        return  # which the flow refuses
    why = unauthorised(turn, turn.request.actor, _WHO[type(command)])
    if why is not None:
        raise why.refuse()


_WHO: Mapping[type[Command], tuple[str, ...]] = {
    **{rule.command: rule.who for rule in STEERING.values()},
    **dict.fromkeys(WITHIN, _COMMANDS),
    **dict.fromkeys(ITSELF, ()),
}
AUTHORISE: Mapping[type[Command], Callable[[Turn, Command], None]] = dict.fromkeys(_WHO, _authorise)


def corrected(turn: Turn, event: flow_events.DataCorrected) -> None:
    """Tasks in hand whose step weighs what has been corrected."""
    work: WorkState = turn.state.work
    for token, task in list(work.tasks.items()):
        step = work_of(turn.process, task.step)
        if step.authority is None or not task.holder or step.authority.reads.isdisjoint(event.after):
            continue
        why = weigh(turn, task.holder, token, step)
        if why is None:
            continue
        higher, note = climb(turn, token, step, task.queue, "")
        turn.emit(
            e.TaskTransferred(
                token, event.by, turn.now, task.queue, higher, directory(turn).revision, note or why.recorded
            )
        )
