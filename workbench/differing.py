"""Two versions of a process compared in words: what changes for people, deadlines, decisions, data and the course.

Theory of operation. Each step, clock, field and table is described by *aspects*: a name in both languages, the group of
people's concerns that it belongs to, and its value written out. What both versions have is compared aspect by aspect;
what one of them lacks is told as added or taken away. A step taken away and one added that are of one kind and much
alike are most likely one step by another name: told as that, and offered as a rule for migrations.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from engine.core.decisions import DecisionTable
from engine.core.model import Decide, Node, Process
from sla.model import clocks_of
from workbench.aspects import aspects_of, aspects_of_clock, aspects_of_process, title_of, written
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
    before, after = aspects_of(old, one), aspects_of(new, other)
    keys = {**before, **after}
    same = sum(before.get(key) == after.get(key) for key in keys) / len(keys) if keys else 0.0
    names = SequenceMatcher(None, title_of(one), title_of(other)).ratio()
    return 0.5 * same + 0.5 * max(names, SequenceMatcher(None, one.id, other.id).ratio())


# --- steps ----------------------------------------------------------------------------------------------


def _steps(old: Process, new: Process, names: Mapping[str, str]) -> Iterator[Difference]:
    for node in _plain(old):
        if node.id not in new.nodes and node.id not in names:
            yield Difference("course", f"去掉步骤：{title_of(node)}", f"the step {title_of(node, 'en')} is taken away")
    for node in _plain(new):
        if node.id not in old.nodes and node.id not in names.values():
            zh, en = f"增加步骤：{title_of(node)}", f"the step {title_of(node, 'en')} is added"
            yield Difference("course", zh, en, node.id)
    for before, after in names.items():
        one, other = old.nodes[before], new.nodes[after]
        zh = f"步骤 {before}（{title_of(one)}）大概改名为 {after}（{title_of(other)}）"
        en = f"the step {before} ({title_of(one, 'en')}) is most likely {after} ({title_of(other, 'en')}) now"
        yield Difference("course", zh, en, after)
    for node in _plain(old):
        other_ = new.nodes.get(names.get(node.id, node.id))
        if other_ is not None:
            yield from _one_step(old, node, new, other_, names)


def _one_step(old: Process, one: Node, new: Process, other: Node, names: Mapping[str, str]) -> Iterator[Difference]:
    if one.kind != other.kind:
        zh, en = (
            f"{title_of(other)}：由 {one.kind} 变为 {other.kind}",
            f"{title_of(other, 'en')} is {other.kind}, not {one.kind}",
        )
        yield Difference("course", zh, en, other.id)
        return
    before, after = aspects_of(old, one, names), aspects_of(new, other)
    for aspect in {**before, **after}:
        was, now = before.get(aspect, ""), after.get(aspect, "")
        if was != now:
            group, zh, en = aspect
            yield Difference(
                group,
                _told(title_of(other), zh, was, now, "zh"),
                _told(title_of(other, "en"), en, was, now, "en"),
                other.id,
            )


def _told(what: str, aspect: str, was: str, now: str, language: str) -> str:
    if language == "zh":
        return f"{what}：{aspect} {was or '无'} → {now or '无'}"
    return f"{what}: {aspect} {was or 'none'} → {now or 'none'}"


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
        was, now = aspects_of_clock(one), aspects_of_clock(other)
        for aspect in {**was, **now}:
            if was.get(aspect, "") != now.get(aspect, ""):
                told = (was.get(aspect, ""), now.get(aspect, ""))
                yield Difference(
                    "deadlines", _told(zh, aspect[1], *told, "zh"), _told(en, aspect[2], *told, "en")
                )  # fmt: skip


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
    was_, now_ = aspects_of_process(old), aspects_of_process(new)
    for group, zh, en in was_:
        was, now = was_[group, zh, en], now_[group, zh, en]
        if was != now:
            yield Difference(group, _told("流程", zh, was, now, "zh"), _told("the process", en, was, now, "en"))
