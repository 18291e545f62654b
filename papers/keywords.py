"""The keyword `papers:` of a process and of the house, and the act `waive_papers`: from words to a checklist."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from engine.core.expressions import Expression
from engine.core.kinds import BOOL
from engine.core.model import Act, Notify, Process
from engine.language.extension import ActWord, Context, Extension, Where
from engine.language.words import (
    ARGS,
    CONDITION,
    EXPRESSION,
    LENGTH,
    NAME,
    PATH,
    TEXT,
    described,
    listing,
    mapping,
    named,
)
from papers.facts import TYPES as FACTS
from papers.media import TYPES
from papers.model import MEGABYTE, PART, Checklist, Intake, Line, Sent, checklist_of
from papers.slice import WAIVE

CODES = {
    "CW851": "a field that cannot hold the papers that are missing",
    "CW852": "a letter about papers that no step sends",
    "CW853": "what is told about papers openly, and reads a secret",
    "CW854": "a size, or a life of a link, that cannot be",
    "CW855": "papers are waived in a process that has none",
}

MOST = 50
"""Megabytes of one file, whatever the house says: files are checked and stored while somebody waits."""
_SIZE = re.compile(r"([1-9][0-9]{0,2}) ?MB")

_LINE = mapping(
    {
        "title": described(TEXT, "What people call it; letters and the customer's page say so."),
        "help": described(TEXT, "What it must show, in words for the customer."),
        "when": described(CONDITION, "Under which condition it is needed. Left out: only when somebody asks for it."),
    },
    "title",
    title="a paper",
)
_SEND = mapping(
    {
        "message": described(NAME, "Its name, from house.yaml."),
        "key": described(EXPRESSION, "What the case waits for it under, mostly number."),
        "data": described(ARGS, "What it carries: {field: expression}."),
        "after": described(
            {"title": "all or each", "enum": ["all", "each"]},
            "Once for all that was asked for (usual), or for each paper.",
        ),
    },
    "message", "key",
    title="the message that papers have come",
)  # fmt: skip
_PAPERS = mapping(
    {
        "field": described(PATH, "The list in the data that names what is missing; forms show and change it."),
        "letter": described(NAME, "The notice that asks the customer for what is missing."),
        "waived_by": described(listing(NAME, "a list of roles"), "Who may do without a paper."),
        "when": described(CONDITION, "Whether papers are needed at all. Left out: always."),
        "send": described(_SEND, "The message that goes into the case when what was asked for has come."),
        "lines": described({**named(_LINE, "a mapping from names to papers"), "minProperties": 1}, "The papers."),
    },
    "field", "lines",
    title="the papers that a case needs",
    description="The checklist of what a customer hands in.",
)  # fmt: skip
_INTAKE = mapping(
    {
        "largest": described({"title": f"a size from 1MB to {MOST}MB", "type": "string"}, "Of one file.", "20MB"),
        "types": described(
            listing({"title": "one of " + ", ".join(TYPES), "enum": list(TYPES)}, "a list of types of file"),
            "The types of file that are taken in.",
        ),
        "link": described(LENGTH, "How long a customer's link lasts, in days or hours.", "14d"),
    },
    title="what is taken in from customers and staff",
    description="Files: how large, of which types; and how long a customer's link lasts.",
)
_REASON = {"title": "why the papers are done without: a text, or {{ an expression }}", "type": "string", "minLength": 1}


# --- the process ------------------------------------------------------------------------------------


def _process(context: Context, where: Where, found: dict[str, Any]) -> Checklist | None:
    words = found.get("papers")
    if words is None:
        return None
    at: Where = (*where, "papers")
    for index, role in enumerate(words.get("waived_by", ())):
        context.name((*at, "waived_by", index), role, frozenset(context.house.roles), "role")
    lines = {name: _line(context, (*at, "lines", name), line) for name, line in words["lines"].items()}
    place = context.path((*at, "field"), words["field"])
    if place is None:
        return None
    _fits(context, (*at, "field"), words["field"], place[1], lines)
    return Checklist(
        field=place[0],
        lines=lines,
        letter=words.get("letter", ""),
        waived_by=frozenset(words.get("waived_by", ())),
        when=_condition(context, (*at, "when"), words.get("when")),
        sent=_sent(context, (*at, "send"), words.get("send")),
    )


def _line(context: Context, where: Where, words: Mapping[str, Any]) -> Line:
    return Line(
        title=context.text((*where, "title"), words["title"]),
        help=context.text((*where, "help"), words["help"]) if "help" in words else {},
        when=_condition(context, (*where, "when"), words.get("when")),
    )


def _condition(context: Context, where: Where, words: str | bool | None) -> Expression | None:
    if words is None:
        return None
    text = words if isinstance(words, str) else str(words).lower()  # YAML has already made it true or false
    return _open(context, where, context.expression(where, text, wants=BOOL))


def _open(context: Context, where: Where, found: Expression | None) -> Expression | None:
    if found is not None and found.secret:
        context.problem(where, "CW853", "the list of papers lies open, and this reads a secret field")
    return found


def _fits(context: Context, where: Where, field: str, kind: Any, lines: Mapping[str, Line]) -> None:
    """The field is a list of texts; where it says which, they are the papers of the list."""
    item = kind.item
    if kind.kind != "list" or item is None or item.kind != "text" or kind.secret or item.secret:
        context.problem(where, "CW851", f"{field!r} is {kind}", expected="a list of text that is not secret")
    elif item.enum is not None:
        names = [name for name in item.enum if name is not None]
        for name in names:
            if name not in lines:
                context.problem(where, "CW851", f"{field!r} may hold {name!r}, and papers has no such line")
        for name in lines:
            if name not in names:
                context.problem(where, "CW851", f"{field!r} cannot hold {name!r}, which is a line of papers")


def _sent(context: Context, where: Where, words: Mapping[str, Any] | None) -> Sent | None:
    if words is None:
        return None
    name = words["message"]
    key = _open(context, (*where, "key"), context.expression((*where, "key"), words["key"]))
    if not context.name((*where, "message"), name, frozenset(context.house.messages), "message"):
        return None
    wanted = context.house.messages[name].data
    payload = {}
    for field, text in words.get("data", {}).items():
        at: Where = (*where, "data", field)
        if context.name(at, field, frozenset(wanted), f"field of the message {name}"):
            payload[field] = _open(context, at, context.expression(at, text, wants=wanted[field]))
    given = {field: value for field, value in payload.items() if value is not None}
    return Sent(name, key, given, words.get("after") == "each") if key is not None else None


def _check(context: Context, process: Process) -> None:
    """The letter must be sent by some step: else nobody would ever have been asked."""
    found = checklist_of(process)
    sent = {node.spec.template for node in process.nodes.values() if isinstance(node.spec, Notify)}
    if found is not None and found.letter and found.letter not in sent:
        context.problem(
            ("papers", "letter"), "CW852", f"no step says `with: {found.letter}`",
            hint=f"send it: {{notify: [customer], with: {found.letter}}}",
        )  # fmt: skip
    for node in process.nodes.values() if found is None else ():
        if isinstance(node.spec, Act) and node.spec.act == WAIVE:
            context.problem((*context.where_of(node.id), WAIVE), "CW855", "this process has no papers")


# --- the house ----------------------------------------------------------------------------------------


def _house(context: Context, where: Where, found: dict[str, Any]) -> Intake | None:
    words = found.get("papers")
    if words is None:
        return None
    given: dict[str, Any] = {}
    if "largest" in words:
        size = _SIZE.fullmatch(words["largest"])
        if size is None or int(size[1]) > MOST:
            at = (*where, "papers", "largest")
            context.problem(at, "CW854", f"got {words['largest']!r}", expected=f"a size from 1MB to {MOST}MB")
        else:
            given["largest"] = int(size[1]) * MEGABYTE
    if "types" in words:
        given["types"] = tuple(dict.fromkeys(words["types"]))
    if "link" in words:
        at = (*where, "papers", "link")
        length = context.duration(at, words["link"])
        if length is not None and length.unit not in ("h", "d"):
            context.problem(at, "CW854", f"got {length}", expected="days or hours, as 14d or 48h")
        elif length is not None:
            given["link"] = timedelta(days=int(length.amount)) if length.unit == "d" else length.span
    return Intake(**given)


PAPER_WORDS = Extension(
    name=PART,
    process_keywords={"papers": _PAPERS},
    house_keywords={"papers": _INTAKE},
    acts={
        WAIVE: ActWord({**_REASON, "description": "Does without the papers that have not come, for this reason."}),
    },
    names=FACTS,
    compile_process=_process,
    compile_house=_house,
    check=_check,
)
"""The extension that bootstrap registers with the language."""
