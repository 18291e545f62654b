"""What there is to say of a step, a clock or a whole process, aspect by aspect: each with its name in both languages,
the group of people's concerns that it belongs to, and its value written out. `differing` compares versions by them."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from engine.core.expressions import Expression
from engine.core.model import (
    Call,
    Catch,
    Compute,
    Decide,
    Each,
    Handler,
    Human,
    Node,
    Notify,
    Parallel,
    Process,
    Race,
    Send,
    Service,
    Set,
    Switch,
    Trigger,
)  # fmt: skip
from sla.model import Clock, Notice, limit_of
from tasks.ground import work_of

Aspect = tuple[str, str, str]
"""Group, and its name in Chinese and in English."""
Aspects = dict[Aspect, str]


def aspects_of(process: Process, node: Node, names: Mapping[str, str] | None = None) -> Aspects:
    called = partial(_called, names or {})
    found: Aspects = {
        ("course", "标题", "title"): " / ".join(node.title.values()),
        ("course", "之后", "then"): called(node.next),
        ("course", "条款", "clauses"): ", ".join(node.clauses),
        ("course", "取消", "cancels"): ", ".join(map(called, node.cancels)),
        ("course", "块", "block"): called(node.scope) if node.scope else "",
    }
    for number, handler in enumerate(node.handlers, 1):
        found["course", f"同时 {number}", f"meanwhile {number}"] = _handler(handler, called)
    limit = limit_of(process, node.id)
    if limit is not None:
        found |= aspects_of_clock(limit)
    describe = _DESCRIBE.get(type(node.spec))
    if describe is not None:
        found |= describe(node.spec, called)
    if isinstance(node.spec, Human):
        found |= _people(process, node, called)
    return {aspect: value for aspect, value in found.items() if value}


def _called(names: Mapping[str, str], id: str | None) -> str:
    return "" if id is None else "/".join(names.get(part, part) for part in id.split("/"))


def _people(process: Process, node: Node, called: Any) -> Aspects:
    work = work_of(process, node.id)
    authority, votes = work.authority, work.approvals
    weighed = "" if authority is None else ", ".join(
        filter(None, (authority.kind, written(authority.line), written(authority.amount), written(authority.decision)))
    )  # fmt: skip
    return {
        ("work", "队列", "queue"): written(work.queue),
        ("work", "交给", "given to"): written(work.assign),
        ("work", "否则队列", "else the queue"): work.else_queue,
        ("work", "不得由做过下列步骤的人办理", "not by who did"): ", ".join(map(called, work.not_by)),
        ("work", "须回避的人", "not these people"): work.not_users.source if work.not_users else "",
        ("work", "权限", "authority"): weighed,
        ("work", "优先级", "priority"): written(work.priority) if work.priority else "",
        ("work", "技能", "skill"): written(work.skill),
        ("work", "可跳过", "may be left out"): "✓" if work.skippable else "",
        ("work", "表决", "approvals"): "" if votes is None else f"{votes.needs}/{votes.of} {votes.role}".strip(),
    }


def _human(spec: Human, called: Any) -> Aspects:
    found: Aspects = {("data", "表单", "form"): ", ".join(".".join(path) for path in spec.form)}
    for outcome in spec.outcomes.values():
        sets = ", ".join(f"{'.'.join(one.path)} = {one.value.source}" for one in outcome.sets)
        parts = (
            called(outcome.next) and f"→ {called(outcome.next)}",
            outcome.decision,
            sets,
            outcome.reason and "reason",
        )
        told = "; ".join(str(part) for part in parts if part)
        found["decisions", f"结果 {outcome.name}", f"outcome {outcome.name}"] = told or "✓"
    return found


def _pairs(given: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {written(value)}" for name, value in given.items())


def _into(into: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    return ", ".join(f"{'.'.join(path)} ← {name or '*'}" for name, path in into)


_DESCRIBE: Mapping[type, Any] = {
    Human: _human,
    Compute: lambda s, called: {
        ("decisions", "计算", "computes"): f"{s.function}({_pairs(s.args)})", ("data", "写入", "writes"): _into(s.into),
    },
    Set: lambda s, called: {
        ("data", f"设置 {'.'.join(one.path)}", f"sets {'.'.join(one.path)}"): one.value.source for one in s.assigns
    },
    Service: lambda s, called: {
        ("course", "服务", "service"): f"{s.function}({_pairs(s.args)})", ("data", "写入", "writes"): _into(s.into),
        ("course", "尝试次数", "tries"): str(s.times), ("course", "超时", "timeout"): f"{s.timeout}s",
    },
    Decide: lambda s, called: {
        ("decisions", "决策表", "decision table"): s.table.name, ("decisions", "输入", "inputs"): _pairs(s.inputs),
        ("data", "写入", "writes"): _into(s.into),
    },
    Notify: lambda s, called: {
        ("notices", "收件人", "to"): ", ".join(map(written, s.to)), ("notices", "通知", "notice"): s.template,
    },
    Send: lambda s, called: {("course", "发出消息", "sends"): f"{s.message} ({written(s.key)})"},
    Catch: lambda s, called: {("course", "等待", "waits for"): _trigger(s.trigger)},
    Race: lambda s, called: {
        ("course", f"先到者 {n}", f"first of {n}"): _handler(one, called) for n, one in enumerate(s.options, 1)
    },
    Switch: lambda s, called: {
        ("decisions", f"分支 {n}", f"way {n}"): f"{written(one.when) or 'else'} → {called(one.next) or '-'}"
        for n, one in enumerate(s.flows, 1)
    },
    Parallel: lambda s, called: {
        ("course", "并行", "side by side"): ", ".join(called(one.first) for one in s.branches),
        ("course", "条件", "conditions"): ", ".join(written(one.when) for one in s.branches if one.when is not None),
        ("course", "够几个即可", "enough"): str(s.needs or ""),
    },
    Each: lambda s, called: {
        ("course", "逐项", "for each of"): written(s.over), ("course", "直到", "until"): written(s.until),
    },
    Call: lambda s, called: {("course", "调用", "calls"): s.process, ("data", "传入", "given"): _pairs(s.data)},
}  # fmt: skip


def _handler(handler: Handler, called: Any) -> str:
    goal = f"→ {called(handler.next)}" if handler.next else "" if handler.body is None else "do"
    return f"{_trigger(handler.trigger)} {goal}".strip()


def _trigger(trigger: Trigger) -> str:
    parts = (
        trigger.kind, trigger.name, written(trigger.length), written(trigger.at), written(trigger.when),
        ".".join(trigger.path), trigger.key and f"({written(trigger.key)})",
        trigger.every and f"every {written(trigger.every)}", trigger.times and f"×{trigger.times}",
    )  # fmt: skip
    return " ".join(str(part) for part in parts if part)


def written(value: Any) -> str:
    """A value of a definition, as a designer writes it."""
    if value is None:
        return ""
    return value.source if isinstance(value, Expression) else str(value)


def title_of(node: Node, language: str = "zh") -> str:
    return node.title.get(language) or next(iter(node.title.values()), "") or node.id


def aspects_of_clock(clock: Clock) -> Aspects:
    found: Aspects = {
        ("deadlines", "时限", "limit"): written(clock.limit),
        ("deadlines", "日历", "calendar"): written(clock.calendar),
        ("deadlines", "来源", "origin"): clock.origin,
        ("deadlines", "条款", "clauses"): ", ".join(clock.clauses),
        ("deadlines", "起算", "counts from"): ".".join(part for part in clock.start if part),
        ("deadlines", "截止于", "until"): ", ".join(".".join(part for part in mark if part) for mark in clock.until),
        ("deadlines", "适用条件", "applies when"): written(clock.when),
        ("deadlines", "遇假日顺延", "rolls to a working day"): "✓" if clock.roll else "",
        ("deadlines", "延期", "extension"): f"{more.most}, {more.role}" if (more := clock.extension) else "",
        ("deadlines", "暂停", "pauses while"): "" if clock.pause is None else ", ".join(
            [clock.pause.kind, *sorted(clock.pause.steps), ".".join(clock.pause.begin), ".".join(clock.pause.end)]
        ).strip(", "),
    }  # fmt: skip
    for rung in clock.ladder:
        acts = "; ".join(
            f"{act.template} → {', '.join(map(written, act.to))}" if isinstance(act, Notice)
            else str(getattr(act, "act", "") or getattr(act, "message", "") or getattr(act, "signal", ""))
            for act in rung.acts
        )  # fmt: skip
        every = f" ({written(rung.every)} × {rung.times or '∞'})" if rung.every else ""
        found["deadlines", f"阶梯 {rung.at}", f"rung {rung.at}"] = acts + every
    return {aspect: value for aspect, value in found.items() if value}


def aspects_of_process(process: Process) -> Aspects:
    return {
        ("course", "标题", "title"): " / ".join(process.title.values()),
        ("course", "第一步", "first step"): process.first,
        ("deadlines", "日历", "calendar"): process.calendar,
        ("course", "编号", "number"): process.number,
        ("work", "由谁发起", "started by"): ", ".join(process.start.by),
        ("data", "发起表单", "start form"): ", ".join(".".join(path) for path in process.start.form),
        ("course", "可重开于", "reopened at"): ", ".join(process.reopen),
        ("course", "全程事件", "handlers"): "; ".join(_handler(one, partial(_called, {})) for one in process.handlers),
    }
