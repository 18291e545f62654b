"""What something would do to a case, found by doing it to a copy, and told in words: what goes away, what comes.

Used before a move is proposed and approved, and before a case is reopened. Pure: nothing is written.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.core import events as core
from engine.core.commands import Command, Refusal, Request
from engine.core.env import Env
from engine.core.events import Event
from engine.core.linking import MERGED
from engine.core.machine import Machine
from engine.core.model import Block, Human, Parallel, Process
from sla import events as sla
from sla.model import clocks_of
from tasks import events as work
from tasks.lifecycle import SYSTEM

TEXTS: Mapping[str, tuple[str, str]] = {
    "task": ("任务：{step}", "the task {step}"),
    "task_held": ("任务：{step}（{who} 办理中）", "the task {step}, which {who} has in hand"),
    "draft_lost": ("任务：{step}（{who} 办理中，草稿将丢失）", "the task {step} of {who}, with its draft"),
    "stands": ("停留处：{step}", "standing at {step}"),
    "block": ("块：{step}", "the block {step}"),
    "timer": ("定时器 {count} 个", "{count} timers"),
    "timer.1": ("定时器 1 个", "a timer"),
    "job": ("服务作业：{step}", "service work of {step}"),
    "call": ("由 {step} 调用的案件将被撤销", "the case called by {step}, which is cancelled"),
    "clock_gone": ("时限：{clock}", "the clock {clock}"),
    "incident": ("故障：{step}", "the incident at {step}"),
    "new_task": ("任务：{step} → {where}", "the task {step} → {where}"),
    "through": ("自动经过：{step}", "passes through {step}"),
    "new_stand": ("停在：{step}", "stands at {step}"),
    "new_timer": ("定时器，{at}", "a timer for {at}"),
    "new_job": ("服务作业：{step}", "service work: {step}"),
    "new_call": ("调用流程：{step}", "calls the process {step}"),
    "new_clock": ("时限：{clock}，{at} 到期", "the clock {clock}, due {at}"),
    "data": ("资料更改：{fields}", "changes {fields}"),
    "notice": ("发出通知：{step}", "sends the notice {step}"),
    "message": ("发出消息：{step}", "sends the message {step}"),
    "milestone": ("里程碑：{step}", "passes the milestone {step}"),
    "new_incident": ("故障：{text}", "an incident: {text}"),
    "end": ("案件结束：{step}", "the case ends: {step}"),
    "merged": ("并入另一案件", "merged into another"),
    "nobody": ("无人", "nobody"),
}
LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Foresight:
    """goes: what is taken away. comes: what happens then, in order."""

    goes: tuple[str, ...]
    comes: tuple[str, ...]


def foresee(
    machine: Machine, process: Process, state: Any, command: Command, case: str, env: Env
) -> list[Event] | Refusal:
    """The events that the command would bring about if Caseway itself asked for it; why it would be refused."""
    copy = machine.decode(machine.encode(state))
    return machine.decide(process, copy, Request("foresight", case, command, SYSTEM, env.now), env)


class Teller:
    """Tells events of one case in one language. names: how the reader knows things, by what they are: person, queue,
    step, process, message, template."""

    def __init__(
        self,
        process: Process,
        state: Any,
        language: str,
        zone: ZoneInfo,
        names: Mapping[str, Callable[[str], str]] | None = None,
    ) -> None:
        self._process, self._state = process, state
        self._language, self._zone, self._names = language, zone, names or {}
        self._goes: list[str] = []
        self._comes: list[str] = []

    def tell(self, events: list[Event]) -> Foresight:
        """The events in words; what is entered and left in one go is passed through."""
        left = {event.token for event in events if isinstance(event, core.StepLeft)}
        tokens: Mapping[int, str] = {
            **{number: token.at for number, token in self._state.flow.tokens.items()},
            **{event.token: event.step for event in events if isinstance(event, core.StepEntered)},
        }
        cleared = 0
        for event in events:
            match event:
                case core.StepCancelled(token=token, step=step):
                    self._gone(token, step)
                case core.TimerCleared(timer=timer) if timer in self._state.flow.timers:
                    cleared += 1
                case core.JobClosed(job=job, result="cancelled") if job in self._state.flow.jobs:
                    self._go("job", step=self._step(tokens.get(self._state.flow.jobs[job].token, "")))
                case core.CallClosed(token=token, cancelled=True):
                    self._go("call", step=self._step(tokens.get(token, "")))
                case core.IncidentClosed(incident=incident) if incident in self._state.flow.incidents:
                    self._go("incident", step=self._step(tokens.get(self._state.flow.incidents[incident].token, "")))
                case sla.ClockClosed(clock=clock) | sla.ClockStopped(clock=clock):
                    self._go("clock_gone", clock=self._clock(clock))
                case core.StepEntered(token=token, step=step) if "/" not in step:
                    self._entered(step, token in left)
                case work.TaskOpened(step=step, queue=queue, assignee=assignee):
                    where = self._named("person", assignee) or self._named("queue", queue) or self._text("nobody")
                    self._come("new_task", step=self._step(step), where=where)
                case core.TimerSet(due=due):
                    self._come("new_timer", at=self._at(due))
                case core.JobCreated(step=step):
                    self._come("new_job", step=self._step(step))
                case core.CaseCalled(process=called):
                    self._come("new_call", step=self._named("process", called))
                case sla.ClockStarted(clock=clock, deadline=deadline):
                    self._come("new_clock", clock=self._clock(clock), at=self._at(deadline))
                case core.DataChanged(changes=changes):
                    self._come("data", fields=", ".join(self._field(path) for path in changes))
                case core.NoticeRequested(step=step, template=template):
                    self._come("notice", step=self._step(step) if step else self._named("template", template))
                case core.MessageSent(message=message):
                    self._come("message", step=self._named("message", message))
                case core.MilestoneReached(name=name):
                    self._come("milestone", step=self._step(name))
                case core.IncidentRaised(text=text):
                    self._come("new_incident", text=text)
                case core.CaseEnded(end=end):
                    self._come("end", step=self._text("merged") if end == MERGED else self._step(end))
                case _:
                    pass
        if cleared:
            self._go("timer.1" if cleared == 1 else "timer", count=cleared)
        return Foresight(tuple(dict.fromkeys(self._goes)), tuple(dict.fromkeys(self._comes)))

    def _gone(self, token: int, step: str) -> None:
        if "/" in step:
            return
        task = self._state.work.tasks.get(token)
        kind = self._process.nodes[step].spec
        if task is not None and task.holder:
            key = "draft_lost" if task.draft else "task_held"
            self._go(key, step=self._step(step), who=self._named("person", task.holder))
        elif isinstance(kind, Human):
            self._go("task", step=self._step(step))
        else:
            self._go("block" if isinstance(kind, Block | Parallel) else "stands", step=self._step(step))

    def _entered(self, step: str, left: bool) -> None:
        node = self._process.nodes[step]
        if isinstance(node.spec, Human) or (left and not node.title):
            return  # its task is told, or it is not worth telling
        self._come("through" if left else "new_stand", step=self._step(step))

    def _go(self, key: str, **facts: object) -> None:
        self._goes.append(self._text(key, **facts))

    def _come(self, key: str, **facts: object) -> None:
        self._comes.append(self._text(key, **facts))

    def _text(self, key: str, **facts: object) -> str:
        return TEXTS[key][LANGUAGES.index(self._language)].format(**facts)

    def _at(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M")

    def _named(self, what: str, name: str) -> str:
        found = self._names.get(what)
        return found(name) if found is not None and name else name

    def _step(self, name: str) -> str:
        if "step" in self._names and name in self._process.nodes:
            return self._named("step", name)
        node = self._process.nodes.get(name)
        found = node.title.get(self._language) if node is not None else None
        return found or name.replace("_", " ")

    def _clock(self, name: str) -> str:
        clock = clocks_of(self._process).by_name.get(name)
        return (clock.title.get(self._language) if clock else None) or self._step(name)

    def _field(self, path: str) -> str:
        kind = self._process.names.get(path.split(".")[0])
        title = getattr(kind, "title", None)
        return (title.get(self._language) if isinstance(title, Mapping) else None) or path
