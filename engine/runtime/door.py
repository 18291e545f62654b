"""The door: what comes from outside is text that every store can hold, and names that every index can."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from engine.core.commands import Command, Refusal, refusal
from engine.core.values import MAX_DEPTH, ValueProblem, writable_text
from engine.runtime.clock import FRESH

MOST = 200
"""Characters."""
_encode = msgspec.json.Encoder().encode


def unwritable(command: Command) -> Refusal | None:
    """Why a command cannot be taken whose text no store can hold (PostgreSQL has no NUL); None when it can."""
    try:
        if b"\\u0000" not in _encode(command):  # as good as always
            return None
    except (UnicodeEncodeError, TypeError, ValueError, RecursionError):
        pass  # whatever it is, it is found below, or refused where its type is asked for
    fields = {}
    for name in command.__struct_fields__:
        value = getattr(command, name)
        for path, problem in _unwritable(value, "" if value.__class__ is dict else name, 0):
            fields[path or name] = {"zh": "含不能保存的字符", "en": problem.message}
    if not fields:
        return None
    zh, en = ("; ".join(f"{path}: {said[each]}" for path, said in fields.items()) for each in ("zh", "en"))
    return refusal("characters", zh, en, fields)


def _unwritable(value: Any, path: str, depth: int) -> Iterator[tuple[str, ValueProblem]]:
    """Each place with such text; what is nested deeper than data may be is refused for that."""
    kind = value.__class__
    if kind is str:
        try:
            writable_text(value)
        except ValueProblem as problem:
            yield path, problem
    elif depth > MAX_DEPTH:
        return
    elif kind is dict:
        for name, inner in value.items():
            wrong = list(_unwritable(name, path, depth + 1))
            if wrong:
                yield from wrong
            else:
                yield from _unwritable(inner, f"{path}.{name}" if path else name, depth + 1)
    elif kind in (list, tuple):
        for place, inner in enumerate(value):
            yield from _unwritable(inner, f"{path}[{place}]", depth + 1)


def unfit(names: Mapping[str, str]) -> Refusal | None:
    """Why one of these names cannot be taken, by what it names; None when all can."""
    every = "".join(names.values())
    if len(every) <= MOST and every.isascii() and "\x00" not in every and FRESH not in every:  # as good as always
        return None
    for what, text in names.items():
        if what == "id" and text.startswith(FRESH):
            return refusal(what, f"{what}：不能以 {FRESH} 开头", f"{what}: one that begins with {FRESH} is never given")
        try:
            writable_text(text)
        except ValueProblem as problem:
            return refusal(what, f"{what}：含无法保存的字符", f"{what}: {problem.message}")
        if len(text) > MOST:
            long = f"{what}: at most {MOST} characters are taken, not {len(text)}"
            return refusal(what, f"{what}：至多 {MOST} 个字符", long)
    return None
