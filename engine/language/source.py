"""Reads YAML as plain data that knows where each piece stands.

Theory of operation. The bytes are bounded and decoded, characters that cannot be meant are refused, and the
text is read in one pass (`reading`). After a syntax error whose cure is known the text is repaired and read
again, for the sake of the problems behind it (`cures`). All that was found is reported together.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from engine.language import cures
from engine.language.document import LINE_END, Document
from engine.language.problems import DefinitionError, Problem, Problems
from engine.language.reading import DEFAULT_LIMITS, Limits, Reading

CODES = {
    "CW001": "the file is not UTF-8",
    "CW002": "the file is larger or deeper than the reader's bounds",
    "CW003": "a character that must not stand in a definition",
    "CW004": "the file cannot be read",
    "CW005": "not YAML",
    "CW006": "full-width punctuation where YAML asks for the half-width one",
    "CW007": "a tab in the indentation",
    "CW008": "unquoted text that begins with a reserved character",
    "CW009": "no space after a colon",
    "CW010": "a tag",
    "CW011": "an anchor or alias",
    "CW012": "a merge key",
    "CW013": "a key that stands twice in one mapping",
    "CW014": "a key that is not text",
    "CW015": "more than one document in a file",
    "CW016": "a number with too many digits",
}

_REPAIRS = 10

# What YAML cannot carry, what breaks lines differently in parsers and editors, and what shows text in another
# order than it is read.
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)

_TRAPS = (
    (re.compile(r"(?i)y|yes|on|true"), "write true"),
    (re.compile(r"(?i)n|no|off|false"), "write false"),
    (re.compile(r"(?i)~|null|none|nil"), "write null"),
    (re.compile(r"[-+]?[0-9.][0-9a-fA-FxXoOeE_.+]*"), "write a number in plain digits, as 10 or 2.5"),
)


def trap_hint(text: str) -> str | None:
    """The cure for text that somebody may have meant as true, false, null or a number (`yes`, `010`)."""
    return next((cure for pattern, cure in _TRAPS if pattern.fullmatch(text)), None)


def load(path: Path, file: str | None = None, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Read the file at `path`; problems call it `file` (default: the path). Raises DefinitionError."""
    name = file or str(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(limits.size + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DefinitionError([Problem("CW004", "error", name, 1, 1, f"cannot be read: {reason}")]) from None
    return read(raw, name, limits)


def read(text: bytes | str, file: str, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Read one YAML document. An empty file is the value None.

    Raises `DefinitionError` with every problem that could be found; what is only doubtful ends up in
    `Document.warnings`.
    """
    attempt = _decode(text, file, limits)
    problems = Problems(_forbidden(attempt, file))
    problems.refuse()
    repaired: set[int] = set()
    while True:
        reading = Reading(attempt, file, limits)
        try:
            document = reading.run()
        except yaml.MarkedYAMLError as error:
            found = cures.diagnose(error, attempt)
            # What was found in the line itself may be the same slip in other words; if not, it comes again.
            problems.extend(each for each in reading.problems if each.line != found.line)
            if found.line not in repaired:
                place = (file, found.line, found.column)
                problems.add(Problem(found.code, "error", *place, found.message, hint=found.hint))
            if found.repaired is None or found.line in repaired or len(repaired) >= _REPAIRS:
                raise DefinitionError(problems) from None
            attempt = found.repaired
            repaired.add(found.line)
        except yaml.YAMLError as error:
            problems.add(Problem("CW005", "error", file, 1, 1, f"not YAML: {error}"))
            raise DefinitionError(problems) from None
        else:
            problems.extend(reading.problems)
            problems.refuse()
            return document


def _decode(text: bytes | str, file: str, limits: Limits) -> str:
    def refused(code: str, message: str, hint: str, line: int = 1, column: int = 1) -> DefinitionError:
        return DefinitionError([Problem(code, "error", file, line, column, message, hint=hint)])

    if len(text) > limits.size:
        raise refused("CW002", f"larger than {limits.size:,} bytes", "split it, or move tables into files of their own")
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refused("CW001", "this is UTF-16", "save the file as UTF-8")
    try:
        return text.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = LINE_END.split(text[: error.start].decode("utf-8").removeprefix("\ufeff"))
        shown = f"byte {text[error.start]:#04x} is not UTF-8"
        raise refused("CW001", shown, "save the file as UTF-8", len(before), len(before[-1]) + 1) from None


def _forbidden(text: str, file: str) -> Iterator[Problem]:
    for count, found in enumerate(_FORBIDDEN.finditer(text)):
        if count == 20:
            return
        before = LINE_END.split(text[: found.start()])
        message = f"the character U+{ord(found.group()):04X} does not belong here"
        yield Problem("CW003", "error", file, len(before), len(before[-1]) + 1, message, hint="remove it")
