"""Who may do what with a task, and if not, why not: the one place that answers it (R1, R26).

Theory of operation. The lifecycle table says which parties may act in which state; `PARTIES` says who belongs
to a party. Work on the matter (claiming, filling in, completing) is then held against what the step demands:
others' eyes (`not_by`, `not_users`), authority as far as it is known, and that branches to be worked one at a time are.
Deciding raises what comes out of here; pages show it beside the button that is closed.
"""

from collections.abc import Callable, Mapping

from engine.core.machine import Turn
from engine.core.model import Parallel, Process
from engine.core.moves import FAULTS
from engine.core.steering import branch_of
from organisation.directory import Directory
from tasks import lifecycle
from tasks.authority import weigh
from tasks.ground import LOAD, Ground, directory, in_service, named, told, work_of
from tasks.lifecycle import LIFECYCLE
from tasks.model import Work
from tasks.reasons import Reason, reason
from tasks.standing import kept_out, on_behalf, stand_in, substitutes
from tasks.state import Task, WorkState


def may(ground: Ground, user: str, number: int, action: str) -> Reason | None:
    """None if the user may now do this with the task of that number; otherwise why not."""
    flow, work = ground.state.flow, ground.state.work
    task = work.tasks.get(number)
    if task is None:
        return reason("closed", task=number, number=flow.number)
    if user != lifecycle.SYSTEM and not in_service(ground, user):
        return reason("inactive", user=user)
    rule = LIFECYCLE.get((task.status, action))
    if rule is None:
        return _wrong_state(ground, number, task, user)
    closed = _CLOSED.get(action)
    if closed is not None and closed[0](work_of(ground.process, task.step)):
        return reason(closed[1], step=named(ground.process, task.step))
    if rule.works and flow.status == "suspended":
        return reason("suspended", number=flow.number)
    people = directory(ground)
    if not any(PARTIES[party](ground, people, task, user) for party in rule.who):
        return _wrong_person(ground, number, task, user, rule.who)
    if not rule.works:
        return None
    more = _MORE.get(action)
    return unfit(ground, user, number, task) or (more(ground, people, task, user) if more else None)


_CLOSED: Mapping[str, tuple[Callable[[Work], bool], str]] = {
    "claim": (lambda step: step.approvals is not None, "votes"),
    "complete": (lambda step: step.approvals is not None, "votes"),
    "vote": (lambda step: step.approvals is None, "no_votes"),
    "skip": (lambda step: not step.skippable, "no_skip"),
}
"""Actions that a step may close, whatever state its task is in."""


def _no_voter(ground: Ground, people: Directory, task: Task, user: str) -> Reason | None:
    """Why the user has no vote, or none any more."""
    approvals = work_of(ground.process, task.step).approvals
    if approvals is None:
        return None
    if approvals.role and approvals.role not in people.roles(user):
        return reason("no_role", step=named(ground.process, task.step), role=approvals.role)
    return reason("voted") if task.voters & {user, *on_behalf(ground, task, user)} else None


def beyond(ground: Ground, user: str) -> tuple[int, int] | None:
    """How many tasks the user has and may have, where they have no room for one more; None where they have. As many
    as their capacity count, in hand or meant for them, whatever case they belong to."""
    known = directory(ground).users.get(user)
    count = ground.env.extras.get(LOAD)
    if known is None or known.capacity is None or count is None:
        return None
    has = count(user)
    return (has, known.capacity) if full(has, known.capacity) else None


def full(has: int, capacity: int | None) -> bool:
    """Whether somebody with so many tasks has no room for one more."""
    return capacity is not None and has >= capacity


def _no_room(ground: Ground, people: Directory, task: Task, user: str) -> Reason | None:
    """Why the user takes no further task; what is meant for them has its place already."""
    over = None if task.assignee == user else beyond(ground, user)
    return None if over is None else reason("full", has=over[0], most=over[1])


_MORE: Mapping[str, Callable[[Ground, Directory, Task, str], Reason | None]] = {"vote": _no_voter, "claim": _no_room}
"""What some actions ask besides. Who completes a task without having held it needs no room for it."""


def unfit(ground: Ground, user: str, number: int, task: Task) -> Reason | None:
    """Why this user is not to work on this task, whoever it was given to."""
    step = work_of(ground.process, task.step)
    behalf = on_behalf(ground, task, user)
    return (
        _four_eyes(ground.process, ground.state.work, (user, *behalf), number, step)
        or _barred(ground, (user, *behalf), number, step)
        or _other_branch(ground, number)
        or weigh(ground, user, number, step)
    )


def allowed(turn: Turn, number: int, action: str) -> Task:
    """The task, if the actor may do this with it. Raises Refuse."""
    why = may(turn, turn.request.actor, number, action)
    if why is not None:
        raise why.refuse()
    task: Task = turn.state.work.tasks[number]
    return task


def given(turn: Turn, user: str, number: int, queue: str, task: Task) -> tuple[int, int] | None:
    """Holds that the actor may give the task, in this queue, to the user; what they had and may have, where it is
    more than that: so much may who leads. Raises Refuse."""
    actor, people = turn.request.actor, directory(turn)
    why, over = not_for(turn, user, number, queue, task), None
    if why is None and user not in (task.assignee, task.holder):
        over = beyond(turn, user)
        leads = any(PARTIES[party](turn, people, task, actor) for party in LEADING)
        if over is not None and not leads:
            why = reason("full_other", user=user, has=over[0], most=over[1])
    if why is not None:
        raise reason("not_for", user=user, why=why.of(user)).refuse()
    return over


def not_for(ground: Ground, user: str, number: int, queue: str, task: Task) -> Reason | None:
    """Why a task in this queue cannot be given to the user, whoever gives it."""
    people = directory(ground)
    if not in_service(ground, user):
        return reason("inactive", user=user)
    away = people.absence(user, people.today(ground.now), ground.process.name)
    if away is not None:
        return reason("away", user=user, until=away.end, substitute=stand_in(ground, user) or "-")
    serves = people.serves(user, queue) or people.manages(user, queue)
    has = task.holder or task.assignee
    if queue and not serves and not (has and people.above(user, has)):
        return reason("no_member", user=user, queue=queue)
    return unfit(ground, user, number, task)


def _holder(ground: Ground, people: Directory, task: Task, user: str) -> bool:
    return task.holder == user


def _eligible(ground: Ground, people: Directory, task: Task, user: str) -> bool:
    return task.assignee == user if task.assignee else people.serves(user, task.queue)


def _manager(ground: Ground, people: Directory, task: Task, user: str) -> bool:
    return people.manages(user, task.queue)


def _above(ground: Ground, people: Directory, task: Task, user: str) -> bool:
    whose = task.delegator or task.holder or task.assignee
    return bool(whose) and people.above(user, whose)


def _admin(ground: Ground, people: Directory, task: Task, user: str) -> bool:
    return "admin" in people.roles(user)


PARTIES: Mapping[str, Callable[[Ground, Directory, Task, str], bool]] = {
    lifecycle.HOLDER: _holder,
    lifecycle.ELIGIBLE: _eligible,
    lifecycle.MEANT: lambda ground, people, task, user: bool(user) and task.assignee == user,
    lifecycle.SUBSTITUTE: lambda ground, people, task, user: bool(substitutes(ground, task, user)),
    lifecycle.MANAGER: _manager,
    lifecycle.ABOVE: _above,
    lifecycle.ADMIN: _admin,
    lifecycle.DELEGATOR: lambda ground, people, task, user: task.delegator == user,
    lifecycle.REVIEWER: lambda ground, people, task, user: task.reviewer == user,
    lifecycle.FLOW: lambda ground, people, task, user: user == lifecycle.SYSTEM,
}


LEADING = (lifecycle.MANAGER, lifecycle.ABOVE, lifecycle.ADMIN)
"""Who may give somebody more than their capacity."""

_STATE_TELLS: Mapping[str, str] = {
    lifecycle.OPEN: "unheld",
    lifecycle.DELEGATED: "delegated",
    lifecycle.PARKED: "parked",
    lifecycle.REVIEW: "in_review",
    lifecycle.SUSPENDED: "on_hold",
}
"""Why a state closes an action, where it is not that somebody holds the task."""


def _wrong_state(ground: Ground, number: int, task: Task, user: str) -> Reason:
    code = _STATE_TELLS.get(task.status) or ("yours" if task.holder == user else "held")
    return reason(
        code, task=number, holder=task.holder, delegator=task.delegator, until=told(ground, task.until),
        reviewer=task.reviewer,
    )  # fmt: skip


def _wrong_person(ground: Ground, number: int, task: Task, user: str, who: tuple[str, ...]) -> Reason:
    if who == (lifecycle.SUBSTITUTE,):
        return _wrong_state(ground, number, task, user)
    if who == (lifecycle.REVIEWER,):
        return reason("not_asked", task=number, reviewer=task.reviewer)
    if lifecycle.ADMIN in who:
        return reason("not_manager", queue=task.queue)
    if task.holder:
        return reason("held", task=number, holder=task.holder)
    if task.assignee:
        return reason("not_yours", task=number, assignee=task.assignee)
    return reason("not_served", task=number, queue=task.queue)


def _four_eyes(process: Process, work: WorkState, who: tuple[str, ...], number: int, step: Work) -> Reason | None:
    """R26: neither who acts nor anyone on whose behalf may have had a part in the other step."""
    for other in step.not_by:
        for user in who:
            if user in work.done_by.get(other, ()):
                code = "four_eyes" if user == who[0] else "four_eyes_behalf"
                return reason(code, step=named(process, other), task=number, user=user)
    return None


def _barred(ground: Ground, who: tuple[str, ...], number: int, step: Work) -> Reason | None:
    try:
        out = kept_out(ground, number, step)
    except FAULTS as fault:
        return reason("unknown_part", fault=fault)
    found = next((user for user in who if user in out), "")
    return reason("had_part", task=number, user=found) if found else None


def _other_branch(ground: Ground, number: int) -> Reason | None:
    """Somebody's hold on a task of another branch of a block whose branches are worked one at a time."""
    work: WorkState = ground.state.work
    mine = dict(_branches(ground, number))
    if not mine:
        return None
    for other, task in work.tasks.items():
        if task.holder and other != number:
            for block, branch in _branches(ground, other):
                if mine.get(block, branch) != branch:
                    return reason("other_branch", holder=task.holder, step=named(ground.process, task.step))
    return None


def _branches(ground: Ground, number: int) -> list[tuple[int, str]]:
    """For each such block around a token: the block's token, and the branch in which the token stands."""
    tokens, nodes = ground.state.flow.tokens, ground.process.nodes
    found = []
    token = tokens.get(number)
    while token is not None and token.up:
        around = tokens[token.up]
        spec = nodes[around.at].spec
        if isinstance(spec, Parallel) and spec.one_at_a_time and not token.body:
            found.append((token.up, branch_of(ground.process, around.at)[token.at]))
        token = around
    return found
