"""Tasks that nobody may take: four eyes, authority or the skill asked for leave nobody of the queue, nor of
who manages it.

Looked for when a task comes into a queue. It becomes an incident of its step, which the floor and `caseway incident
list` show and which goes when somebody takes the task, and a notice to who manages the queue; once while it lasts.
"""

from engine.core.events import IncidentClosed, IncidentRaised, NoticeRequested
from engine.core.machine import Turn
from tasks import events as e
from tasks.ground import directory, in_service, work_of
from tasks.rules import unfit
from tasks.state import Task

KIND = "nobody"
NOTICE = "nobody_may_take"
FACTS = ("number", "task", "step", "queue", "why")

WORDS = {
    "inactive": ("不在职", "not in service"),
    "skill": ("无所需技能", "without the skill"),
    "authority": ("权限不足", "without the authority"),
    "unweighed": ("权限无法核对", "authority cannot be weighed"),
    "four_eyes": ("须由他人复核", "had a part before"),
    "four_eyes_behalf": ("须由他人复核", "had a part before"),
    "had_part": ("须回避", "had a part in what is looked at"),
    "unknown_part": ("回避无法核对", "who had a part cannot be told"),
    "": ("队列无成员", "the queue has no members"),
}


def look(turn: Turn, event: e.TaskOpened | e.TaskTransferred) -> None:
    """Raises the alarm for a task that has come to where nobody may take it."""
    token, task = event.token, turn.state.work.tasks.get(event.token)
    if task is None or task.assignee:
        found(turn, event)
        return
    step = work_of(turn.process, task.step)
    if step.approvals is not None or not (step.not_by or step.not_users or step.authority or task.skill):
        return
    people, reasons = directory(turn), set[str]()
    for user in sorted(people.members(task.queue) | people.managers(task.queue)):
        why = _why_not(turn, user, token, task)
        if not why:
            found(turn, event)
            return
        reasons.add(why)
    if any(incident.kind == KIND and incident.token == token for incident in turn.state.flow.incidents.values()):
        return
    told = [WORDS[reason] for reason in sorted(reasons) or [""]]
    zh, en = (sign.join(dict.fromkeys(one[i] for one in told)) for i, sign in enumerate(("、", ", ")))
    flow, managers = turn.state.flow, sorted(people.managers(task.queue))
    to = [f"user.{user}" for user in managers if in_service(turn, user)]
    text = f"nobody in the queue {task.queue} may take task {token}: {en}"
    turn.emit(IncidentRaised(flow.seq + 1, token, task.step, KIND, text, turn.now))
    facts = dict(zip(FACTS, (flow.number, token, task.step, task.queue, {"zh": zh, "en": en}), strict=True))
    id = f"{turn.request.id}.{len(turn.events)}"
    turn.emit(NoticeRequested(id, to or ["role.admin"], NOTICE, facts, turn.now, task.step))


def found(turn: Turn, event: e.TaskClaimed | e.TaskOpened | e.TaskTransferred) -> None:
    """Somebody has the task, or may take it: the alarm is over."""
    for number, incident in list(turn.state.flow.incidents.items()):
        if incident.kind == KIND and incident.token == event.token:
            turn.emit(IncidentClosed(number, "cancelled"))


def _why_not(turn: Turn, user: str, token: int, task: Task) -> str:
    """Why somebody of the queue may not take it, now or later; "" if they may."""
    if not in_service(turn, user):
        return "inactive"
    queue, people = directory(turn).queues[task.queue], directory(turn).users
    if task.skill and queue.assign_by == "skill" and task.skill not in people[user].skills:
        return "skill"
    why = unfit(turn, user, token, task)
    return why.code if why is not None and why.code != "other_branch" else ""
