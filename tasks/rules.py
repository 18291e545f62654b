"""Who may do what with a task, and if not, why not: the one place that answers it (R1, R26).

Theory of operation. The lifecycle table says which parties may act in which state; `PARTIES` says who belongs
to a party. Work on the matter (claiming, filling in, completing) is then held against what the step demands:
others' eyes (`not_by`), authority as far as it is known, and that branches to be worked one at a time are.
Deciding raises what comes out of here; pages show it beside the button that is closed.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

from engine.core.model import Parallel, Process
from engine.core.nodes.join import successors
from organisation.directory import Directory
from tasks import lifecycle
from tasks.authority import weigh
from tasks.ground import Ground, directory, in_service, work_of
from tasks.lifecycle import LIFECYCLE
from tasks.model import Work
from tasks.reasons import Reason, reason
from tasks.state import Task, WorkState


def may(ground: Ground, user: str, number: int, action: str) -> Reason | None:
    """None if the user may now do this with the task of that number; otherwise why not."""
    flow, work = ground.state.flow, ground.state.work
    task = work.tasks.get(number)
    if task is None:
        return reason("closed", task=number, number=flow.number)
    if not in_service(ground, user):
        return reason("inactive", user=user)
    rule = LIFECYCLE.get((task.status, action))
    if rule is None:
        return _wrong_state(number, task, user)
    if rule.works and flow.status == "suspended":
        return reason("suspended", number=flow.number)
    people = directory(ground)
    if not any(PARTIES[party](people, task, user) for party in rule.who):
        return _wrong_person(number, task, rule.who)
    return unfit(ground, user, number, task) if rule.works else None


def unfit(ground: Ground, user: str, number: int, task: Task) -> Reason | None:
    """Why this user is not to work on this task, whoever it was given to."""
    step = work_of(ground.process, task.step)
    return (
        _four_eyes(ground.state.work, user, number, step)
        or _other_branch(ground, number)
        or weigh(ground, user, number, step)
    )


def _holder(people: Directory, task: Task, user: str) -> bool:
    return task.holder == user


def _eligible(people: Directory, task: Task, user: str) -> bool:
    return task.assignee == user if task.assignee else people.serves(user, task.queue)


def _manager(people: Directory, task: Task, user: str) -> bool:
    return people.manages(user, task.queue)


def _above(people: Directory, task: Task, user: str) -> bool:
    whose = task.holder or task.assignee
    return bool(whose) and people.above(user, whose)


def _admin(people: Directory, task: Task, user: str) -> bool:
    return "admin" in people.roles(user)


PARTIES: Mapping[str, Callable[[Directory, Task, str], bool]] = {
    lifecycle.HOLDER: _holder,
    lifecycle.ELIGIBLE: _eligible,
    lifecycle.MANAGER: _manager,
    lifecycle.ABOVE: _above,
    lifecycle.ADMIN: _admin,
    lifecycle.FLOW: lambda people, task, user: False,
}


def _wrong_state(number: int, task: Task, user: str) -> Reason:
    if not task.holder:
        return reason("unheld", task=number)
    return reason("yours" if task.holder == user else "held", task=number, holder=task.holder)


def _wrong_person(number: int, task: Task, who: tuple[str, ...]) -> Reason:
    if lifecycle.ADMIN in who:
        return reason("not_manager", queue=task.queue)
    if task.holder:
        return reason("held", task=number, holder=task.holder)
    if task.assignee:
        return reason("not_yours", task=number, assignee=task.assignee)
    return reason("not_served", task=number, queue=task.queue)


def _four_eyes(work: WorkState, user: str, number: int, step: Work) -> Reason | None:
    for other in step.not_by:
        if user in work.done_by.get(other, ()):
            return reason("four_eyes", step=other, task=number)
    return None


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
                    return reason("other_branch", holder=task.holder, step=task.step)
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


@lru_cache(maxsize=1024)
def branch_of(process: Process, block: str) -> Mapping[str, str]:
    """For each step right within a `parallel`: the first step of the branch to which it belongs."""
    spec = process.nodes[block].spec
    assert isinstance(spec, Parallel)
    found: dict[str, str] = {}
    for first in (*(branch.first for branch in spec.branches), *([spec.otherwise] if spec.otherwise else ())):
        ahead = [first]
        while ahead:
            step = ahead.pop()
            if step not in found:
                found[step] = first
                ahead.extend(successors(process.nodes[step]))
    return found
