"""What a YAML syntax error means to the person who typed it.

Theory of operation. A YAML parser stops at its first error and words it for people who write parsers. Here
the line it stopped at (and the line where the broken construct began) is held against a table of slips that
people really make: tabs, full-width punctuation, `key:value`, unquoted text that starts with a reserved
character. A slip found is reported at its own place with its cure, and *repaired in a copy of the text*, so
that the reader can parse again and report what is wrong further down. What matches no slip is explained from
the parser's words, and ends the run.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import yaml

from engine.language.document import LINE_END

FULL_WIDTH = {"：": ":", "，": ",", "“": '"', "”": '"', "‘": "'", "’": "'", "；": ";", "（": "(", "）": ")"}
FULL_WIDTH_NAMES = {
    "：": "colon",
    "，": "comma",
    "“": "quotation mark",
    "”": "quotation mark",
    "‘": "quotation mark",
    "’": "quotation mark",
    "\u3000": "space",
}


class Slip(NamedTuple):
    """A slip in a line: `pattern`'s group 1 is the place; `repair` replaces that group in the copy."""

    code: str
    pattern: re.Pattern[str]
    message: Callable[[str], str]
    cure: Callable[[str], str]
    repair: Callable[[str], str]


def _half_width(text: str) -> str:
    return f"use a half-width {FULL_WIDTH_NAMES[text]} {FULL_WIDTH.get(text, ' ')}"


def _full_width_message(text: str) -> str:
    return f"a full-width {FULL_WIDTH_NAMES[text]} {text} means nothing to YAML"


def _quote(text: str) -> str:
    shown = text if len(text) <= 40 else text[:40] + "…"
    quote = '"' if "'" in shown else "'"
    return f"quote it: {quote}{shown}{quote}"


# The order matters: the first slip that a line shows is the one reported.
_SLIPS = (
    Slip(
        "CW007",
        re.compile(r"^ *(\t+)"),
        lambda _: "a tab in the indentation",
        lambda _: "indent with spaces",
        lambda text: "  " * len(text),
    ),
    Slip(
        "CW006",
        re.compile(r"^\s*(?:- +)*[\w\"'“”.-]+?\s?(：)"),
        _full_width_message,
        lambda text: _half_width(text) + " and a space after it",
        lambda _: ": ",
    ),
    Slip(
        "CW006",
        re.compile(r"[{,]\s*[\w\"'“”.-]+?\s?(：)"),
        _full_width_message,
        lambda text: _half_width(text) + " and a space after it",
        lambda _: ": ",
    ),
    Slip(
        "CW006",
        re.compile(r"[{\[][^'\"#]*?(，)"),
        _full_width_message,
        _half_width,
        lambda _: ",",
    ),
    Slip(
        "CW006",
        re.compile(r"(?:^\s*|: +|- +|[\[{,] *)([“”‘’])"),
        _full_width_message,
        _half_width,
        lambda text: FULL_WIDTH[text],
    ),
    Slip(
        "CW008",
        re.compile(
            r"(?:: +|^\s*- +|[\[,] *)"
            r"(\{\{.*?\}\}[^,\]}#]*|\{%.*?%\}[^,\]}#]*|[%@`][^,\]}#]*|[*&](?=[\s*&]).*)"
        ),
        lambda text: f"unquoted text may not start with {text[:2] if text[0] == '{' else text[0]}",
        lambda text: _quote(text.rstrip()),
        lambda text: "x" * len(text),
    ),
    Slip(
        "CW008",
        re.compile(r"[{,]\s*([A-Za-z_][\w.]*\[-?\d+\][\w.\[\]-]*)(?=\s*:\s)"),
        lambda _: "a [ within { } begins a list, also in the middle of a name",
        _quote,
        lambda text: "x" * len(text),
    ),
    Slip(
        "CW009",
        re.compile(r"^\s*(?:- +)*[a-z_]\w*(:)(?=[^\s:/])"),
        lambda _: "no space after the colon",
        lambda _: "put a space after it",
        lambda _: ": ",
    ),
)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A syntax error in a person's words, at `line` and `column` (from 1).

    `repaired` is the text without the slip, or None when no slip was recognised.
    """

    code: str
    line: int
    column: int
    message: str
    hint: str | None
    repaired: str | None = None


def diagnose(error: yaml.MarkedYAMLError, text: str) -> Diagnosis:
    """Explain `error`, which the parser raised on `text`."""
    starts = [0, *(found.end() for found in LINE_END.finditer(text))]
    for line in _suspects(error):
        if line >= len(starts):
            continue
        end = starts[line + 1] if line + 1 < len(starts) else len(text)
        slip = _slip_in(text[starts[line] : end].rstrip("\r\n"))
        if slip:
            kind, found = slip
            typed = found.group(1)
            at = starts[line] + found.start(1)
            put = kind.repair(typed)
            if kind.code == "CW007":
                put = _as_below(text[starts[line] + len(found[0]) :], found.start(1)) or put
            repaired = text[:at] + put + text[at + len(typed) :]
            return Diagnosis(kind.code, line + 1, found.start(1) + 1, kind.message(typed), kind.cure(typed), repaired)
    return _explain(error)


def _as_below(rest: str, before: int) -> str:
    """The spaces that put a line as deep as the one below it, where these are more than stand there already."""
    below = re.search(r"[\r\n]+( +)(?=[^ \t\r\n#])", rest)
    return " " * (len(below[1]) - before) if below and "\n" not in rest[: below.start()] else ""


def _slip_in(line: str) -> tuple[Slip, re.Match[str]] | None:
    line = line[:500]  # the patterns are quadratic, and nobody types longer lines
    return next(((slip, found) for slip in _SLIPS if (found := slip.pattern.search(line))), None)


def _suspects(error: yaml.MarkedYAMLError) -> list[int]:
    """The lines (from 0) to look at, likeliest first."""
    stopped = error.problem_mark.line if error.problem_mark else 0
    began = error.context_mark.line if error.context_mark else stopped
    if "quoted scalar" in (error.context or ""):
        return []  # a quotation mark that is never closed swallows innocent lines
    above = [stopped - 1] if stopped and "mapping values" in (error.problem or "") else []
    order = [began, stopped] if "simple key" in (error.context or "") else [stopped, began]
    return list(dict.fromkeys([*order, *above]))


class _Wording(NamedTuple):
    said: re.Pattern[str]  # by libyaml or by PyYAML's own parser, context and problem joined
    at_context: bool
    message: str
    hint: str | None


_WORDINGS = (
    _Wording(re.compile("quoted scalar.*end of stream"), True, "this quotation mark is never closed", "close it"),
    _Wording(
        re.compile("quoted scalar.*escape"),
        False,
        "an unknown escape in double quotes",
        "use single quotes, or \\\\ for a backslash",
    ),
    _Wording(
        re.compile("simple key|expected ':'"),
        True,
        "neither 'key: value' nor a list item",
        "put ': ' after the key, or indent the line if it continues the text above",
    ),
    _Wording(
        re.compile("mapping values"),
        False,
        "a second ': ' in one line, or a line indented deeper than its neighbours",
        "quote the text that holds ': ', or align the line",
    ),
    _Wording(re.compile("flow sequence.*expected ',' or"), True, "this [ is never closed", "close it with ]"),
    _Wording(re.compile("flow mapping.*expected ',' or"), True, "this { is never closed", "close it with }"),
    _Wording(
        re.compile("cannot start any token"),
        False,
        "unquoted text may not start with this character",
        "quote it",
    ),
    _Wording(
        re.compile("block collection|sequence entries|'-' indicator"),
        False,
        "a list item, or a line beside list items, stands where none can",
        "align '- ' with the items above, or start the list on a line of its own",
    ),
    _Wording(
        re.compile("block mapping|expected key|block end"),
        False,
        "the line fits no line above it, or text follows a value that is complete",
        "align the line with its neighbours, or quote the whole text",
    ),
    _Wording(
        re.compile("node content"),
        False,
        "a value is missing before this character",
        "quote it if it is text",
    ),
    _Wording(
        re.compile("document start"),
        False,
        "text outside the definition: indented less than its first line, or after '...'",
        "align it with the first key",
    ),
    _Wording(
        re.compile("block scalar"),
        False,
        "a block of text begins with | or > alone on its line, indented by spaces below",
        "move the text to the next line, or quote it",
    ),
    _Wording(
        re.compile("alias|anchor|tag"),
        True,
        "unquoted text may not start with this character",
        "quote it",
    ),
    _Wording(
        re.compile("mapping keys are not"),
        False,
        "unquoted text may not start with '? '",
        "quote it",
    ),
    _Wording(re.compile("directive"), True, "a directive (%) is not accepted", "remove the line"),
)


def _explain(error: yaml.MarkedYAMLError) -> Diagnosis:
    said = f"{error.context or ''} {error.problem or ''}"
    wording = next((each for each in _WORDINGS if each.said.search(said)), None)
    at_context = error.context_mark if wording and wording.at_context else None
    mark = at_context or error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if wording:
        return Diagnosis("CW005", line, column, wording.message, wording.hint)
    return Diagnosis("CW005", line, column, error.problem or "not YAML", None)
