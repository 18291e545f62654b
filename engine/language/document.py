"""One file as plain data that knows where each piece stands."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from engine.language.problems import Problem, Severity

Value: TypeAlias = "dict[str, Value] | list[Value] | str | int | Decimal | bool | None"
Place: TypeAlias = tuple[str | int, ...]

# The breaks that both the parser and every editor count as one line end.
LINE_END = re.compile(r"\r\n|\n|\r")


class Position(NamedTuple):
    """A place in a file; both count from 1, `column` in characters."""

    line: int
    column: int


class Mark(NamedTuple):
    position: Position
    start: int  # offsets into the text
    end: int
    style: str | None  # None for plain text, else one of ' " | >


@dataclass(frozen=True, slots=True)
class Document:
    """One file as plain data; a path is the keys and indexes down to a value."""

    file: str
    text: str
    value: Value
    warnings: tuple[Problem, ...] = ()
    _values: Mapping[Place, Mark] = field(default_factory=dict, repr=False)
    _keys: Mapping[Place, Position] = field(default_factory=dict, repr=False)

    def at(self, path: Place) -> Position:
        """Where the value at `path` begins; for a path that is not there, its nearest ancestor's place."""
        while path and path not in self._values:
            path = path[:-1]
        return self._values[path].position if path in self._values else Position(1, 1)

    def key_at(self, path: Place) -> Position:
        """Where the key of `path` begins (of a list item: its value); else its nearest ancestor's place."""
        while path and path not in self._keys and path not in self._values:
            path = path[:-1]
        return self._keys.get(path) or self.at(path)

    def path_at(self, position: Position) -> Place:
        """The path of what begins last at or before a place, a key or a value: what stands there."""
        begins = [(mark.position, len(path), path) for path, mark in self._values.items() if mark.position <= position]
        begins += [(key, len(path), path) for path, key in self._keys.items() if key <= position]
        return max(begins, key=lambda each: each[:2], default=(position, 0, ()))[2]

    def find(self, text: str, within: Place) -> Place:
        """Where below `within` the first text stands that is this one, or else holds it; `within` if none does."""
        value: Value = self.value
        for key in within:
            value = value[key]  # type: ignore[index]  # a path of the document leads through collections
        holding = within
        todo: list[tuple[Place, Value]] = [(within, value)]
        while todo:
            path, value = todo.pop()
            if value == text:
                return path
            if isinstance(value, str) and text in value and holding == within:
                holding = path
            if isinstance(value, dict | list):
                inner = value.items() if isinstance(value, dict) else enumerate(value)
                todo += reversed([((*path, key), each) for key, each in inner])
        return holding

    def inside(self, path: Place, offset: int) -> Position:
        """Where character `offset` of the text at `path` stands; of folded or escaped text its begin."""
        mark = self._values.get(path)
        if mark is None:
            return self.at(path)
        raw = self.text[mark.start : mark.end]
        line, column = mark.position
        if mark.style == "|":
            return _inside_block(raw, mark.position, offset)
        if "\n" in raw or "\r" in raw or (mark.style == '"' and "\\" in raw):
            return mark.position
        if mark.style == "'":
            pieces = list(re.finditer("''|[^']", raw[1:-1]))
            within = pieces[offset].start() if offset < len(pieces) else len(raw) - 2
            return Position(line, column + 1 + within)
        return Position(line, column + offset + (mark.style == '"'))

    def problem(
        self,
        code: str,
        path: Place,
        message: str,
        *,
        expected: str | None = None,
        hint: str | None = None,
        severity: Severity = "error",
        key: bool = False,
        offset: int | None = None,
    ) -> Problem:
        """A problem with the value at `path`, its key (`key`) or one character of its text (`offset`)."""
        if key:
            line, column = self.key_at(path)
        elif offset is not None:
            line, column = self.inside(path, offset)
        else:
            line, column = self.at(path)
            begin = self._keys.get(path)
            if begin is not None and begin.line < line:  # a block: it is found by its key
                line, column = begin
        return Problem(code, severity, self.file, line, column, message, expected, hint)


def _inside_block(raw: str, begin: Position, offset: int) -> Position:
    """Where character `offset` of a literal block stands; `raw` starts with its `|` line."""
    lines = LINE_END.split(raw)[1:]
    indent = next((len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" ")), 0)
    for number, line in enumerate(lines, start=1):
        shown = len(line[indent:]) + 1
        if offset < shown:
            return Position(begin.line + number, indent + offset + 1)
        offset -= shown
    return begin
