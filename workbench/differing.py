"""Two versions of a process compared in words: what changes for people, deadlines, decisions, data and the course.

Theory of operation. Each step, clock, field and table is described by *aspects*: a name in both languages, the group of
people's concerns that it belongs to, and its value written out. What both versions have is compared aspect by aspect;
what one of them lacks is told as added or taken away. A step taken away and one added that are of one kind and much
alike are most likely one step by another name: told as that, and offered as a rule for migrations.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from typing import Any

from engine.core.decisions import DecisionTable
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
from sla.model import Clock, Notice, clocks_of, limit_of
from tasks.ground import work_of
from workbench.table_files import differences as table_differences

GROUPS: Mapping[str, tuple[str, str]] = {
    "course": ("流程走向", "The course of things"),
    "work": ("谁做什么", "Who does what"),
    "deadlines": ("时限", "Deadlines"),
    "decisions": ("决定", "Decisions"),
    "data": ("资料", "Data"),
    "notices": ("通知", "Notices"),
}
"""What differences are grouped by, in the order in which they are told."""
LIKELY = 0.62
"""How much alike two steps are, of 1, that are taken for one by another name."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference as a sentence in each language; `step` is the step of the newer version, "" for none."""

    group: str
    zh: str
    en: str
    step: str = ""


Aspect = tuple[str, str, str]
"""Group, and its name in Chinese and in English."""
Aspects = dict[Aspect, str]


def differences(old: Process, new: Process) -> list[Difference]:
    """What the new version changes, grouped in the order of `GROUPS`."""
    names = renamed(old, new)
    found = [
        *_steps(old, new, names), *_clocks(old, new), *_fields(old, new), *_tables(old, new, names),
        *_whole(old, new),
    ]  # fmt: skip
    order = list(GROUPS)
    return sorted(found, key=lambda one: order.index(one.group))


def renamed(old: Process, new: Process) -> dict[str, str]:
    """Steps that most likely go by another name: old id → new id."""
    gone = [node for node in _plain(old) if node.id not in new.nodes]
    come = [node for node in _plain(new) if node.id not in old.nodes]
    pairs = [
        (_alike(old, one, new, other), one.id, other.id) for one in gone for other in come if one.kind == other.kind
    ]
    found: dict[str, str] = {}
    for share, before, after in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if share >= LIKELY and before not in found and after not in found.values():
            found[before] = after
    return found


def _plain(process: Process) -> list[Node]:
    return [node for node in process.nodes.values() if "/" not in node.id or node.id.endswith("/do")]


def _alike(old: Process, one: Node, new: Process, other: Node) -> float:
    before, after = _aspects(old, one), _aspects(new, other)
    keys = {**before, **after}
    same = sum(before.get(key) == after.get(key) for key in keys) / len(keys) if keys else 0.0
    names = SequenceMatcher(None, _title(one), _title(other)).ratio()
    return 0.5 * same + 0.5 * max(names, SequenceMatcher(None, one.id, other.id).ratio())


# --- steps ----------------------------------------------------------------------------------------------


def _steps(old: Process, new: Process, names: Mapping[str, str]) -> Iterator[Difference]:
    for node in _plain(old):
        if node.id not in new.nodes and node.id not in names:
            yield Difference("course", f"去掉步骤：{_title(node)}", f"the step {_title(node, 'en')} is taken away")
    for node in _plain(new):
        if node.id not in old.nodes and node.id not in names.values():
            zh, en = f"增加步骤：{_title(node)}", f"the step {_title(node, 'en')} is added"
            yield Difference("course", zh, en, node.id)
    for before, after in names.items():
        one, other = old.nodes[before], new.nodes[after]
        zh = f"步骤 {before}（{_title(one)}）大概改名为 {after}（{_title(other)}）"
        en = f"the step {before} ({_title(one, 'en')}) is most likely {after} ({_title(other, 'en')}) now"
        yield Difference("course", zh, en, after)
    for node in _plain(old):
        other_ = new.nodes.get(names.get(node.id, node.id))
        if other_ is not None:
            yield from _one_step(old, node, new, other_, names)


def _one_step(old: Process, one: Node, new: Process, other: Node, names: Mapping[str, str]) -> Iterator[Difference]:
    if one.kind != other.kind:
        zh, en = (
            f"{_title(other)}：由 {one.kind} 变为 {other.kind}",
            f"{_title(other, 'en')} is {other.kind}, not {one.kind}",
        )
        yield Difference("course", zh, en, other.id)
        return
    before, after = _aspects(old, one, names), _aspects(new, other)
    for aspect in {**before, **after}:
        was, now = before.get(aspect, ""), after.get(aspect, "")
        if was != now:
            group, zh, en = aspect
            yield Difference(
                group,
                _told(_title(other), zh, was, now, "zh"),
                _told(_title(other, "en"), en, was, now, "en"),
                other.id,
            )


def _told(what: str, aspect: str, was: str, now: str, language: str) -> str:
    if language == "zh":
        return f"{what}：{aspect} {was or '无'} → {now or '无'}"
    return f"{what}: {aspect} {was or 'none'} → {now or 'none'}"


def _aspects(process: Process, node: Node, names: Mapping[str, str] | None = None) -> Aspects:
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
        found |= _clock_aspects(limit)
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


def _title(node: Node, language: str = "zh") -> str:
    return node.title.get(language) or next(iter(node.title.values()), "") or node.id


# --- clocks, data, tables -------------------------------------------------------------------------------


def _clocks(old: Process, new: Process) -> Iterator[Difference]:
    before, after = clocks_of(old).by_name, clocks_of(new).by_name
    for name in dict.fromkeys([*before, *after]):
        one, other = before.get(name), after.get(name)
        zh, en = (((other or one).title.get(tag) or name) for tag in ("zh", "en"))  # type: ignore[union-attr]  # one is there
        if one is None or other is None:
            limit = written((other or one).limit)  # type: ignore[union-attr]  # one is there
            added = one is None
            said = (f"增加时限：{zh}（{limit}）", f"the clock {en} ({limit}) is added") if added else (
                f"去掉时限：{zh}（{limit}）", f"the clock {en} ({limit}) is taken away"
            )  # fmt: skip
            yield Difference("deadlines", *said)
            continue
        was, now = _clock_aspects(one), _clock_aspects(other)
        for aspect in {**was, **now}:
            if was.get(aspect, "") != now.get(aspect, ""):
                told = (was.get(aspect, ""), now.get(aspect, ""))
                yield Difference(
                    "deadlines", _told(zh, aspect[1], *told, "zh"), _told(en, aspect[2], *told, "en")
                )  # fmt: skip


def _clock_aspects(clock: Clock) -> Aspects:
    found: Aspects = {
        ("deadlines", "时限", "limit"): written(clock.limit),
        ("deadlines", "日历", "calendar"): clock.calendar,
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


def _fields(old: Process, new: Process) -> Iterator[Difference]:
    for name in dict.fromkeys([*old.names, *new.names]):
        one, other = old.names.get(name), new.names.get(name)
        if one is None:
            yield Difference("data", f"增加资料项：{name}（{other}）", f"the field {name} ({other}) is added")
        elif other is None:
            yield Difference("data", f"去掉资料项：{name}（{one}）", f"the field {name} ({one}) is taken away")
        elif (str(one), name in old.secrets) != (str(other), name in new.secrets):
            was, now = (f"{kind}{' (secret)' if name in p.secrets else ''}" for kind, p in ((one, old), (other, new)))
            yield Difference("data", _told(name, "类型", was, now, "zh"), _told(name, "type", was, now, "en"))


def tables_of(process: Process) -> dict[str, DecisionTable]:
    """The decision tables of a process, by the step that asks them."""
    return {node.id: node.spec.table for node in process.nodes.values() if isinstance(node.spec, Decide)}


def _tables(old: Process, new: Process, names: Mapping[str, str]) -> Iterator[Difference]:
    after = tables_of(new)
    for step, one in tables_of(old).items():
        other = after.get(names.get(step, step))
        if other is not None:
            for zh, en in table_differences(one, other):
                yield Difference("decisions", f"{other.name}：{zh}", f"{other.name}: {en}", names.get(step, step))


def _whole(old: Process, new: Process) -> Iterator[Difference]:
    was_, now_ = _process_aspects(old), _process_aspects(new)
    for group, zh, en in was_:
        was, now = was_[group, zh, en], now_[group, zh, en]
        if was != now:
            yield Difference(group, _told("流程", zh, was, now, "zh"), _told("the process", en, was, now, "en"))


def _process_aspects(process: Process) -> Aspects:
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
