"""One pass over one text: from the parser's events to plain data with positions.

Theory of operation. PyYAML follows YAML 1.1, in which `on` is a boolean, `8:30` is 510, `010` is 8 and `1.10`
a float; a definition would then mean something else than it says. So only the parser's events are used, and
a value is resolved here: `true`, `false`, `null` (or nothing), decimal integers and decimals; everything else
is the text as it stands. Events are read with a stack of our own, so depth is bounded by a number and not by
the interpreter. What makes a file mean more than it shows (tags, anchors, aliases, merges, several documents)
is refused, as are duplicate keys and keys that are not text; reading goes on behind each of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import yaml

from engine.language.cures import FULL_WIDTH_NAMES
from engine.language.document import Document, Mark, Place, Position, Value
from engine.language.problems import DefinitionError, Problem, Problems, Severity

_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "": None}

_KEY_SLIP = re.compile(r"[：\u3000\xa0\u200b]|^[“‘]|(?<=\w)，")
_KEY_COLON = re.compile(r"[a-z_]\w*:(?!/)")
_VALUE_SLIPS = (
    (re.compile(r"[a-z_]\w*："), "a full-width colon makes no key", "for a key use ': '"),
    (re.compile(r"[a-z_]\w*，"), "a full-width comma separates nothing", "to separate items use ', '"),
    (re.compile(r"“.*”$|‘.*’$"), "full-width quotation marks are text", "to quote use half-width ones"),
    (re.compile(r"\u3000"), "a full-width space begins this text", "remove it"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the reader accepts: bytes of the file, depth of nesting, number of values, digits of a number."""

    size: int = 1_000_000
    depth: int = 40
    values: int = 100_000
    integer_digits: int = 18
    decimal_digits: int = 28


DEFAULT_LIMITS = Limits()


@dataclass(slots=True)
class _Frame:
    """A mapping or list being filled. A `path` of None is a part that is read but thrown away."""

    value: "dict[str, Value] | list[Value]"
    path: Place | None
    key: str | None = None
    key_read: bool = False  # a mapping's key was read (and refused, if `key` is None); its value comes next

    @property
    def awaits_key(self) -> bool:
        return isinstance(self.value, dict) and not self.key_read

    @property
    def next_path(self) -> Place | None:
        if self.path is None or isinstance(self.value, list):
            return None if self.path is None else (*self.path, len(self.value))
        return None if self.key is None else (*self.path, self.key)

    def put(self, value: Value) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        else:
            if self.key is not None:
                self.value[self.key] = value
            self.key, self.key_read = None, False


class Reading:
    """One pass; `problems` grows while it runs."""

    def __init__(self, text: str, file: str, limits: Limits) -> None:
        self.text, self.file, self.limits = text, file, limits
        self.problems = Problems()
        self._root: Value = None
        self._frames: list[_Frame] = []
        self._values: dict[Place, Mark] = {}
        self._keys: dict[Place, Position] = {}
        self._nodes = 0

    def run(self) -> Document:
        """Raises yaml.YAMLError where the parser stops, DefinitionError where a bound is passed."""
        documents = 0
        for event in yaml.parse(self.text, Loader=_LOADER):
            if isinstance(event, yaml.NodeEvent):  # nearly all of them
                self._bound(event)
                self._refuse_hidden_meaning(event)
                if self._frames and self._frames[-1].awaits_key:
                    self._key(event)
                else:
                    self._value(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if event.version or event.tags:
                    self._add("CW005", event, "a directive (%) is not accepted", "remove the line")
                if documents > 1:
                    self._add("CW015", event, "a second document begins here", "keep one in a file")
                    break
            elif isinstance(event, yaml.CollectionEndEvent):
                self._frames.pop()
        warnings = self.problems.warnings
        return Document(self.file, self.text, self._root, warnings, self._values, self._keys)

    def _add(self, code: str, event: yaml.Event, message: str, hint: str | None, severity: Severity = "error") -> None:
        place = _mark(event).position
        self.problems.add(Problem(code, severity, self.file, *place, message, hint=hint))

    def _bound(self, event: yaml.NodeEvent) -> None:
        self._nodes += 1
        if len(self._frames) >= self.limits.depth and isinstance(event, yaml.CollectionStartEvent):
            self._add("CW002", event, f"nested deeper than {self.limits.depth} levels", "take a part out")
            raise DefinitionError(self.problems)
        if self._nodes > self.limits.values:
            self._add("CW002", event, f"more than {self.limits.values:,} values", "split the file")
            raise DefinitionError(self.problems)

    def _refuse_hidden_meaning(self, event: yaml.NodeEvent) -> None:
        tag: str | None = getattr(event, "tag", None)  # an alias has none
        if "\x00" in getattr(event, "value", ""):
            self._add("CW003", event, "an escape stands for the character U+0000", "remove it")
        if isinstance(event, yaml.AliasEvent):
            mark = _mark(event)
            typed = self.text[mark.start : mark.end]
            cure = f"write the value out, or quote it: '{typed}'"
            self._add("CW011", event, f"{typed} is an alias to YAML", cure)
        elif event.anchor is not None:
            cure = f"remove it, or quote the text: '&{event.anchor} …'"
            self._add("CW011", event, f"&{event.anchor} is an anchor to YAML", cure)
        if tag is not None:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            self._add("CW010", event, f"{shown} is a tag to YAML", "remove it, or quote the text that begins with !")

    def _key(self, event: yaml.NodeEvent) -> None:
        frame = self._frames[-1]
        frame.key_read = True
        if isinstance(event, yaml.CollectionStartEvent):
            begin = _mark(event).start
            if self.text[begin - 1 : begin + 1] == "{{":
                self._add("CW008", event, "unquoted text may not start with {{", "quote it: '{{ … }}'")
            else:
                self._add("CW014", event, "a mapping or list cannot be a key", "use text as the key")
            self._frames.append(_Frame({} if isinstance(event, yaml.MappingStartEvent) else [], None))
        elif isinstance(event, yaml.ScalarEvent) and (event.style or self._accepts_plain(event)):
            if event.value in frame.value:
                hint = None
                if frame.path is not None:
                    hint = f"it stands in line {self._keys[(*frame.path, event.value)].line} already"
                self._add("CW013", event, f"the key {event.value!r} stands twice", hint)
                return
            frame.key = event.value
            path = frame.next_path
            if path is not None:
                self._keys[path] = _mark(event).position

    def _accepts_plain(self, event: yaml.ScalarEvent) -> bool:
        key = event.value
        slip = _KEY_SLIP.search(key)
        if key == "<<":
            self._add("CW012", event, "<< merges another mapping", "write the keys out")
        elif slip:
            name = FULL_WIDTH_NAMES.get(slip.group(), "space")
            cure = "type it half-width, or quote the key"
            self._add("CW006", event, f"a full-width {name} in the key {key!r}", cure)
        elif _KEY_COLON.match(key):
            self._add("CW009", event, f"no space after the colon in {key!r}", "put a space after it")
        elif not isinstance(self._resolved(event), str):
            self._add("CW014", event, f"the key {key or '(nothing)'} is not text", f"quote it: '{key}'")
        else:
            return True
        return False

    def _value(self, event: yaml.NodeEvent) -> None:
        path = self._frames[-1].next_path if self._frames else ()
        value: Value = None
        if isinstance(event, yaml.ScalarEvent):
            value = self._resolved(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            value = {} if isinstance(event, yaml.MappingStartEvent) else []
        if path is not None:
            self._values[path] = _mark(event)
        if self._frames:
            self._frames[-1].put(value)
        else:
            self._root = value
        if isinstance(value, dict | list):
            self._frames.append(_Frame(value, path))

    def _resolved(self, event: yaml.ScalarEvent) -> Value:
        text: str = event.value
        if event.style or event.tag is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text) if self._short(event, self.limits.integer_digits) else 0
        if _DECIMAL.fullmatch(text):
            return Decimal(text) if self._short(event, self.limits.decimal_digits) else Decimal(0)
        for pattern, message, hint in () if text.isascii() else _VALUE_SLIPS:
            if pattern.match(text):
                # A file that is nothing but such a text was meant to be a mapping.
                self._add("CW006", event, message, hint, "warning" if self._frames else "error")
        return text

    def _short(self, event: yaml.ScalarEvent, digits: int) -> bool:
        if len(event.value.strip("-").replace(".", "")) <= digits:
            return True
        self._add("CW016", event, f"a number of more than {digits} digits", "quote it if it is an identifier")
        return False


def _mark(event: yaml.Event) -> Mark:
    begin, end = event.start_mark, event.end_mark
    assert begin is not None and end is not None  # both parsers mark every event
    style = (event.style or None) if isinstance(event, yaml.ScalarEvent) else None
    return Mark(Position(begin.line + 1, begin.column + 1), begin.index, end.index, style)
