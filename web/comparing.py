"""Files before and after, side by side."""

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Literal

from pydantic import BaseModel

from engine.core.decision_source import TableError
from engine.language.document import LINE_END
from workbench.table_files import differences
from workbench.table_sheets import load

LINES = 6000
"""Lines of a file that are compared one by one."""
CONTEXT = 3
"""Lines shown around a difference."""


class Words(BaseModel):
    """A sentence in both languages."""

    zh: str
    en: str


class Side(BaseModel):
    """One line of a comparison: number and text before and after, and how they differ."""

    how: Literal["same", "changed", "added", "removed", "gap"]
    old: int | None = None
    new: int | None = None
    before: str = ""
    after: str = ""


class FileChange(BaseModel):
    """What a file was and becomes. `sides` is empty for what cannot be compared line by line."""

    path: str
    how: Literal["new", "changed", "gone"]
    sides: list[Side]
    added: int
    removed: int
    words: list[Words] = []  # of a decision table: what changes in it, whatever kind of file holds it


def compared(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> list[FileChange]:
    """What lies between two versions of a definition."""
    found = [change(path, old.get(path), new.get(path)) for path in sorted({*old, *new})]
    return [one for one in found if one is not None]


def change(path: str, old: bytes | None, new: bytes | None) -> FileChange | None:
    """What one file was and becomes; None where nothing differs."""
    if old == new:
        return None
    how: Literal["new", "changed", "gone"] = "new" if old is None else "gone" if new is None else "changed"
    left, right = lines_of(old or b""), lines_of(new or b"")
    if left is None or right is None or len(left) > LINES or len(right) > LINES:
        return FileChange(path=path, how=how, sides=[], added=0, removed=0, words=_words(path, old, new))
    sides = _sides(left, right)
    return FileChange(
        path=path, how=how, sides=sides, added=sum(one.how in ("added", "changed") for one in sides),
        removed=sum(one.how in ("removed", "changed") for one in sides), words=_words(path, old, new),
    )  # fmt: skip


def _words(path: str, old: bytes | None, new: bytes | None) -> list[Words]:
    """What changes in a decision table; nothing for what was or becomes none."""
    if old is None or new is None:
        return []
    try:
        before, after = (load(content, path) for content in (old, new))
    except TableError:
        return []
    if not before.columns or not after.columns:
        return []
    return [Words(zh=zh, en=en) for zh, en in differences(before, after)]


def _sides(left: list[str], right: list[str]) -> list[Side]:
    """The lines that differ, side by side, with those around them."""
    found: list[Side] = []
    for group in SequenceMatcher(None, left, right).get_grouped_opcodes(CONTEXT):
        if found:
            found.append(Side(how="gap"))
        for _, a, b, c, d in group:
            if left[a:b] == right[c:d]:
                found += [
                    Side(how="same", old=a + i + 1, new=c + i + 1, before=left[a + i], after=right[c + i])
                    for i in range(b - a)
                ]
                continue
            for i in range(max(b - a, d - c)):
                has_old, has_new = a + i < b, c + i < d
                found.append(
                    Side(
                        how="changed" if has_old and has_new else "removed" if has_old else "added",
                        old=a + i + 1 if has_old else None,
                        new=c + i + 1 if has_new else None,
                        before=left[a + i] if has_old else "",
                        after=right[c + i] if has_new else "",
                    )
                )
    return found


def lines_of(content: bytes) -> list[str] | None:
    """None for what is no text."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    lines = LINE_END.split(text)
    return lines if lines[-1] else lines[:-1]
