"""Two decision tables compared in words, for those whose business they are."""

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

from engine.core.decisions import DecisionTable
from workbench.table_sheets import Sheet, sheet_of

Said = tuple[str, str]
"""A sentence in Chinese and in English."""


def differences(old: DecisionTable | Sheet, new: DecisionTable | Sheet) -> list[Said]:
    """What changes from one table to the other, in words: how it decides, its columns, row by row. A row that has
    changed is told by its number in the new table."""
    before, after = (each if isinstance(each, Sheet) else sheet_of(each) for each in (old, new))
    return [*_heads(before, after), *_rows(before, after)]


def _heads(old: Sheet, new: Sheet) -> Iterator[Said]:
    for zh, en, was, now in (
        ("命中方式", "hit policy", old.hit, new.hit),
        ("汇总方式", "aggregate", old.words.get("aggregate", ""), new.words.get("aggregate", "")),
    ):
        if was != now:
            yield f"{zh} {was or '无'} → {now or '无'}", f"{en} {was or 'none'} → {now or 'none'}"
    was_, now_ = ({(c.side, c.name): c for c in each.columns} for each in (old, new))
    for key in [*was_, *(key for key in now_ if key not in was_)]:
        kind = ("条件", "condition") if key[0] == "in" else ("结果", "result")
        one, other = was_.get(key), now_.get(key)
        if other is None:
            yield f"去掉{kind[0]}列 {key[1]}", f"the {kind[1]} {key[1]} is taken away"
        elif one is None:
            yield f"增加{kind[0]}列 {key[1]}", f"the {kind[1]} {key[1]} is new"
        elif one.type and other.type and one.type != other.type:
            yield f"{key[1]} 的类型 {one.type} → {other.type}", f"the type of {key[1]} {one.type} → {other.type}"


def _rows(old: Sheet, new: Sheet) -> Iterator[Said]:
    before, after = _told(old), _told(new)
    keys = [[tuple(sorted(row.items())) for row in side] for side in (before, after)]
    gone: list[int] = []
    come: list[int] = []
    for how, a, b, c, d in SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_opcodes():
        if how != "equal":
            gone += range(a, b)
            come += range(c, d)
    for place in [*gone]:  # the same row elsewhere has been moved
        other = next((each for each in come if keys[1][each] == keys[0][place]), None)
        if other is not None:
            gone.remove(place)
            come.remove(other)
            yield f"第 {place + 1} 条移到第 {other + 1} 条", f"rule {place + 1} is moved to {other + 1}"
    for place, other in _alike(before, after, gone, come):
        gone.remove(place)
        come.remove(other)
        yield from _changed(before[place], after[other], place + 1, other + 1)
    for place in gone:
        yield (
            f"去掉第 {place + 1} 条：{_shown(before[place])}",
            f"rule {place + 1} is taken away: {_shown(before[place])}",
        )
    for place in come:
        yield f"增加第 {place + 1} 条：{_shown(after[place])}", f"rule {place + 1} is new: {_shown(after[place])}"


def _told(sheet: Sheet) -> list[dict[str, str]]:
    """Each row by the names of its columns; what matches everything is not told."""
    found = []
    for cells, beside in sheet.rows:
        row = {c.name: " ".join(text.split()) for c, text in zip(sheet.columns, cells, strict=True)}
        kept = {
            c.name: ("null" if row[c.name] in ("", "null") else row[c.name]) if c.side == "out" else row[c.name]
            for c in sheet.columns
            if c.side == "out" or row[c.name] not in ("", "-")
        }
        found.append({**kept, **{key: text for key, text in beside.items() if key != "note"}})
    return found


_LIKE = 0.5
"""How much of two rows is the same, of 1, for one to be told as the other changed."""
MOST_PAIRED = 200
"""Rows of either side that are paired by how much they are alike; beyond, in their order."""


def _alike(
    before: list[dict[str, str]], after: list[dict[str, str]], gone: list[int], come: list[int]
) -> list[tuple[int, int]]:
    """Which rows that are gone have become which of those that have come, the most alike first."""
    if len(gone) > MOST_PAIRED or len(come) > MOST_PAIRED:
        return [*zip(gone, come, strict=False)]
    ranked = sorted(
        (
            (-_likeness(before[place], after[other]), abs(at - at_), place, other)
            for at, place in enumerate(gone)
            for at_, other in enumerate(come)
        )
    )
    found: dict[int, int] = {}
    for score, _, place, other in ranked:
        if -score >= _LIKE and place not in found and other not in found.values():
            found[place] = other
    return sorted(found.items())


def _likeness(one: Mapping[str, str], other: Mapping[str, str]) -> float:
    names = {*one, *other}
    return sum(one.get(name) == other.get(name) for name in names) / len(names) if names else 1.0


def _changed(one: Mapping[str, str], other: Mapping[str, str], was: int, now: int) -> Iterator[Said]:
    moved = "" if was == now else f"（原第 {was} 条）", "" if was == now else f" (was {was})"
    for name in [*one, *(name for name in other if name not in one)]:
        if one.get(name) != other.get(name):
            told = f"{name} {one.get(name, '-')} → {other.get(name, '-')}"
            yield f"第 {now} 条{moved[0]}：{told}", f"rule {now}{moved[1]}: {told}"


def _shown(row: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in row.items())
