"""What a migration does to a case, worked out before anything is done: where each token goes, and what stops it.

Theory of operation. A case names the version that it runs. To go over to another, each of its tokens needs a place
there: by default the step of the same id, if that is of the same kind and stands in the same scope; otherwise a rule
says where. What the compiler made (`pay/1`, `review/item`) follows the step that it belongs to, and handlers are known
again by their triggers, for they have no names. Nothing is guessed: whatever has no place, or would mean something
else there, stops the case with a sentence that says what to do. The slices of people's work and of clocks add what
stops them (`Migration.stop`) before the flow decides, so that all is told at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.core.commands import ClockRule, MigrateCase, Refuse, StepRule
from engine.core.machine import Turn
from engine.core.model import Call, Catch, Each, Handler, Node, Parallel, Process, Race, Service
from engine.core.state import CLOSING, WAITING, FlowState, Token

KEEP, DROP, AGAIN, GONE = "keep", "drop", "again", "gone"
"""Fates of a token: it goes on, is taken away, is placed anew, or goes with the scope in which it stands."""

EMPTIED = frozenset({"block", "parallel", "each", "compensate"})
"""Scopes that cannot go on when nothing stands in them."""


@dataclass(frozen=True, slots=True)
class Fate:
    how: str
    to: str = ""
    body: int = 0


@dataclass(slots=True)
class Migration:
    """One case on its way from a version to another."""

    command: MigrateCase
    old: Process
    new: Process
    flow: FlowState
    was: dict[int, str] = field(default_factory=dict)  # token -> the step of the old version
    fates: dict[int, Fate] = field(default_factory=dict)
    stops: dict[str, dict[str, str]] = field(default_factory=dict)
    """What keeps the case where it is: place -> what is the matter and what to do, by language."""

    def stop(self, place: str, zh: str, en: str) -> None:
        self.stops.setdefault(place, {"zh": zh, "en": en})

    def rule(self, step: str) -> StepRule | None:
        return self.command.rules.steps.get(step)

    def clock(self, name: str) -> ClockRule:
        return self.command.rules.clocks.get(name, _AS_IT_IS)

    def kept(self, number: int) -> bool:
        """Whether the token goes on (0 is the process itself)."""
        return not number or self.fates[number].how == KEEP

    def hosts(self) -> list[int]:
        """The process and the tokens that go on."""
        return [0, *(number for number, fate in self.fates.items() if fate.how == KEEP)]

    def handlers(self, number: int) -> tuple[tuple[Handler, ...], tuple[Handler, ...]]:
        """The handlers of a host before and after."""
        if not number:
            return self.old.handlers, self.new.handlers
        return self.old_node(number).handlers, self.node(number).handlers

    def options(self, number: int) -> tuple[tuple[Handler, ...], tuple[Handler, ...]]:
        """The options of a race before and after; those of a step that waits for one thing are that one."""
        return _options(self.old_node(number)), _options(self.node(number))

    def old_node(self, number: int) -> Node:
        return self.old.nodes[self.was[number]]

    def node(self, number: int) -> Node:
        """The step at which a token that is kept goes on."""
        return self.new.nodes[self.fates[number].to]

    def place(self, number: int, index: int) -> int | None:
        """How the new version numbers a handler, or a trigger of the step's own; None where it has none like it."""
        if not self.kept(number) or (number and self.restarts(number)):
            return None
        if index > 0:
            return alike(*self.handlers(number)).get(index)
        found = alike(*self.options(number)).get(-index if self.racing(number) else 1)
        return None if found is None else _own(found, self.racing(number))

    def racing(self, number: int) -> bool:
        return isinstance(self.old_node(number).spec, Race)

    def restarts(self, number: int) -> bool:
        rule = self.rule(self.was[number])
        return rule is not None and rule.timers == "restart"

    def renamed(self, id: str) -> str | None:
        """The id by which the new version knows a step; None where a rule drops it, or it has none like it."""
        rule = self.rule(id)
        if rule is not None:
            return None if rule.how == DROP else rule.to or id
        if "/" not in id:
            return id
        head, _, tail = id.rpartition("/")
        host = self.renamed(head) if head else ""
        if host is None:
            return None
        if not tail.isdecimal():
            return f"{host}/{tail}"
        before, after = _hosted(self.old, head), _hosted(self.new, host)
        found = None if before is None or after is None else alike(before, after).get(int(tail))
        return None if found is None else f"{host}/{found}"


_AS_IT_IS = ClockRule()


def migration_of(turn: Turn) -> Migration:
    """The migration that this turn is. Raises Refuse if it cannot be one at all."""
    found: Migration | None = getattr(turn, "migration", None)
    if found is not None:
        return found
    command, flow = turn.command, turn.state.flow
    assert isinstance(command, MigrateCase)
    versions = turn.env.versions
    new = versions.process(flow.process, command.version) if versions is not None and command.version else None
    if new is None:
        en = f"there is no version {command.version or '(none named)'} of {flow.process}"
        raise Refuse("version", f"流程 {flow.process} 没有版本 {command.version or '（未指明）'}", en)
    if new.version == flow.version:
        en = f"case {flow.number} is on version {flow.version[:12]} already"
        raise Refuse("current", f"案件 {flow.number} 已在版本 {flow.version[:12]}", en)
    made = turn.migration = Migration(command, turn.process, new, flow)
    for number, token in flow.tokens.items():
        made.was[number] = token.at
        made.fates[number] = _fate(made, number, token)
    _left_empty(made)
    _undone(made)
    return made


# --- where each token goes ----------------------------------------------------------------------------


def _fate(made: Migration, number: int, token: Token) -> Fate:
    around = made.fates[token.up] if token.up else Fate(KEEP)
    if around.how != KEEP:
        return Fate(GONE)
    rule = made.rule(token.at)
    if rule is not None and rule.how == DROP:
        return Fate(DROP)
    target = made.renamed(token.at)
    again = rule is not None and rule.how == AGAIN
    node = made.new.nodes.get(target) if target is not None else None
    place = f"step {token.at}"
    if target is None or node is None:
        made.stop(
            place,
            f"新版本没有步骤 {target or token.at}：请在迁移文件 steps 中为 {token.at} 写明 map、again 或 drop",
            f"the new version has no step {target or token.at}: "
            f"say under steps what becomes of {token.at}: map, again or drop",
        )
        return Fate(DROP)
    if not _in_place(made, token, around, node, again):
        made.stop(
            place,
            f"{node.id} 在新版本中不在同一块内：请改为重放（again）外层的块，或映射到同一块的步骤",
            f"{node.id} stands in another block of the new version: place the block around it again, "
            "or map to a step of the same block",
        )
    elif token.body and not node.id.rpartition("/")[2].isdecimal():
        made.stop(place, f"{node.id} 不是处理器的内容", f"{node.id} is not what a handler does")
        return Fate(DROP)
    elif again:
        if token.body or "/" in node.id:
            made.stop(place, f"{token.at} 由流程自动生成，不能重放", f"{token.at} cannot be placed again by itself")
        return Fate(AGAIN, node.id)
    else:
        _same(made, number, token, node)
    return Fate(KEEP, node.id, int(node.id.rpartition("/")[2]) if token.body else 0)


def _in_place(made: Migration, token: Token, around: Fate, node: Node, again: bool) -> bool:
    """Whether the step stands where the token does: in the scope around it, or on the host that it hangs on."""
    old = made.old.nodes[token.at]
    inside = made.flow.tokens[token.up].at if token.up else ""
    return node.scope == around.to or (old.scope != inside and not again)


def _same(made: Migration, number: int, token: Token, node: Node) -> None:
    """Whether what the token does there means the same."""
    old, place = made.old.nodes[token.at], f"step {token.at}"
    if old.kind != node.kind:
        zh = f"{node.id} 由 {old.kind} 变为 {node.kind}：请写明 again（重新开始该步骤）或 map 到别的步骤"
        en = f"{node.id} is {node.kind} where {token.at} was {old.kind}: place it again, or map it to another step"
        made.stop(place, zh, en)
        return
    differs = _DIFFERS.get(type(old.spec))
    said = differs(made, number, old.spec, node.spec) if differs is not None else None
    if said is not None:
        made.stop(place, f"{token.at}：{said[0]}", f"{token.at}: {said[1]}")
    ahead = made.renamed(token.next) if token.phase == CLOSING and token.next else None
    if token.phase == CLOSING and token.next and (ahead is None or ahead not in made.new.nodes):
        zh = f"{token.at} 之后要去的步骤 {token.next} 在新版本中没有：请为它写明 map"
        made.stop(place, zh, f"{token.at} is about to go on to {token.next}, which is gone: map that to another step")


Said = tuple[str, str] | None


def _job(made: Migration, number: int, old: Any, new: Any) -> Said:
    if old.function == new.function or not any(job.token == number for job in made.flow.jobs.values()):
        return None
    return (
        f"服务作业 {old.function} 正在进行，新版本改用 {new.function}：请等其完成，或写明 again",
        f"its job {old.function} is under way, the new version calls {new.function}: wait for it, or place it again",
    )


def _call(made: Migration, number: int, old: Any, new: Any) -> Said:
    if old.process == new.process or number not in made.flow.calls:
        return None
    return (
        f"已调用的 {old.process} 尚未结束，新版本改调 {new.process}：请等其结束，或写明 again（撤销后重新调用）",
        f"the case of {old.process} that it called is not over, and the new version calls {new.process}: "
        "wait for it, or place it again, which cancels that case",
    )


def _catch(made: Migration, number: int, old: Any, new: Any) -> Said:
    if alike(_options(made.old_node(number)), (Handler(new.trigger),)):
        return None
    return (
        "新版本等待的是别的事：请写明 again",
        "it waits for something else in the new version: place it again",
    )


def _each(made: Migration, number: int, old: Any, new: Any) -> Said:
    if old.item == new.item and [path for path, _ in old.collect] == [path for path, _ in new.collect]:
        return None
    return (
        "逐项处理的项名或汇总在新版本中不同：请写明 again（全部重新开始）",
        "its items go by another name, or are collected otherwise: place it again, which begins all of them anew",
    )


def _parallel(made: Migration, number: int, old: Any, new: Any) -> Said:
    if set(old.merge) == set(new.merge):
        return None
    return (
        "各分支合并的资料在新版本中不同：请写明 again（全部重新开始）",
        "its branches merge other fields: place it again, which begins all of them anew",
    )


_DIFFERS: Mapping[type, Callable[[Migration, int, Any, Any], Said]] = {
    Service: _job, Call: _call, Catch: _catch, Each: _each, Parallel: _parallel,
}  # fmt: skip


def _left_empty(made: Migration) -> None:
    """Scopes, or the case, in which nothing would be left to go on with."""
    full = {token.up for n, token in made.flow.tokens.items() if made.fates[n].how in (KEEP, AGAIN) and not token.body}
    alive = any(fate.how in (KEEP, AGAIN) for fate in made.fates.values())
    for number, token in made.flow.tokens.items():
        here = made.fates[number].how == KEEP and token.phase == WAITING
        if here and number not in full and made.old.nodes[token.at].kind in EMPTIED:
            zh = f"块 {token.at} 中将不再有任何步骤：请 drop 或 again 整个块，或保留其中一步"
            en = f"nothing would be left in {token.at}: drop or place again the block itself, or keep a step of it"
            made.stop(f"step {token.at}", zh, en)
    if made.flow.tokens and not alive and not made.stops:
        zh = "案件将不再有任何步骤：请为其中一步写明 map 或 again，或撤销案件"
        made.stop("case", zh, "nothing would be left of the case: map or place again one of its steps, or cancel it")


def _undone(made: Migration) -> None:
    """What can still be undone must have its undo."""
    undos = [*made.flow.undos, *(undo for token in made.flow.tokens.values() for undo in token.todo or ())]
    for undo in undos:
        rule, name = made.rule(undo.node), made.renamed(undo.node)
        node = made.new.nodes.get(name) if name is not None else None
        if (rule is None or rule.how == "map") and (node is None or node.undo is None):
            zh = f"已完成的 {undo.node} 在新版本中无法撤销：请写明 map 到有 undo 的步骤，或 drop（不再可撤销）"
            en = f"{undo.node} was done and could be undone, which the new version cannot: map it to a step with undo, "
            made.stop(f"undo {undo.node}", zh, en + "or drop it, and it stays done")


# --- handlers, which have no names ----------------------------------------------------------------------


def alike(old: Sequence[Handler], new: Sequence[Handler]) -> Mapping[int, int]:
    """Which handler of the old ones is which of the new, both counted from 1: the same first, then those of the same
    trigger in their order."""
    found: dict[int, int] = {}
    free = dict(enumerate(new, 1))
    for tell in (_whole, _kind):
        for index, one in enumerate(old, 1):
            place = next((n for n, other in free.items() if tell(other) == tell(one)), None)
            if index not in found and place is not None:
                found[index] = place
                del free[place]
    return found


def _kind(one: Handler) -> tuple[Any, ...]:
    trigger = one.trigger
    return trigger.kind, trigger.name, trigger.path, one.body is None


def _whole(one: Handler) -> tuple[Any, ...]:
    trigger = one.trigger
    said = (trigger.length, trigger.at, trigger.key, trigger.when, trigger.every)
    return *_kind(one), *(str(getattr(each, "source", each)) for each in said), trigger.times


def _options(node: Node) -> tuple[Handler, ...]:
    spec = node.spec
    return spec.options if isinstance(spec, Race) else (Handler(spec.trigger),) if isinstance(spec, Catch) else ()


def _own(place: int, racing: bool) -> int:
    """How `engine.core.waiting` numbers a step's own trigger."""
    return -place if racing else 0


def _hosted(process: Process, id: str) -> Sequence[Handler] | None:
    if not id:
        return process.handlers
    node = process.nodes.get(id)
    return None if node is None else node.handlers
