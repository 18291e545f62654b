"""The keywords `clocks:` (process), `limit:` (step), `ladders:` and `clocks:` (house): from words to clocks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from engine.core.durations import DAYS, ELAPSED, MEASURES, SECONDS, Duration, parse_duration
from engine.core.expressions import Expression
from engine.core.kinds import BOOL
from engine.core.linking import MERGED
from engine.core.model import Length, Path
from engine.language.extension import Context, Extension, Where
from sla import checks_ladders, checks_lengths, checks_people, checks_stops
from sla.checks import check
from sla.events import CANCELLED
from sla.model import CASE, PART, Breaches, Clock, Clocks, Mark, Pause
from sla.model import Extension as More
from sla.rungs import ladder, looked_over
from sla.words import HOUSE_CLOCKS, LADDERS, LIMIT, PROCESS_CLOCKS

CODES = {
    "CW701": "a mark that a clock cannot start, stop or restart with",
    "CW702": "a clock from a place in the data that is no date",
    "CW703": "a length of time that cannot stand here",
}


@dataclass(frozen=True, slots=True)
class HouseClocks:
    """What house.yaml says of clocks: ladders by name, how far back a clock may begin, why one may be late."""

    ladders: Mapping[str, list[Any]] = field(default_factory=dict)  # compiled where a clock names one
    oldest: timedelta | None = None
    breaches: Breaches = field(default_factory=Breaches)


def _house(context: Context, where: Where, found: dict[str, Any]) -> HouseClocks:
    for name, words in found.get("ladders", {}).items():
        looked_over(context, (*where, "ladders", name), words)
    oldest = None
    text = found.get("clocks", {}).get("back_dated_at_most")
    if text is not None:
        at = (*where, "clocks", "back_dated_at_most")
        try:
            limit = parse_duration(text)
        except ValueError as error:
            context.problem(at, "CW703", str(error))
            return HouseClocks(found.get("ladders", {}))
        if limit.measure not in (DAYS, ELAPSED):
            context.problem(at, "CW703", f"{limit} depends on a calendar", expected="days or hours, as 60d")
        else:
            oldest = limit.span if limit.unit in SECONDS else timedelta(days=_days(limit))
    return HouseClocks(found.get("ladders", {}), oldest, _breaches(context, where, found))


def _breaches(context: Context, where: Where, found: dict[str, Any]) -> Breaches:
    words = found.get("clocks", {}).get("breaches")
    if words is None:
        return Breaches()
    at = (*where, "clocks", "breaches")
    roles = [role.removeprefix("role.") for role in words["by"]]
    for index, role in enumerate(roles):
        context.name((*at, "by", index), role, frozenset(context.house.roles), "role")
    reasons = {name: context.text((*at, "reasons", name), text) for name, text in words["reasons"].items()}
    return Breaches(reasons, frozenset(roles))


def _days(limit: Duration) -> int:
    return int(limit.amount) * {"d": 1, "mo": 30, "y": 365}[limit.unit]


def _house_clocks(context: Context) -> HouseClocks:
    found = getattr(context.house, "parts", {}).get(PART)
    return found if isinstance(found, HouseClocks) else HouseClocks()


def _process(context: Context, where: Where, found: dict[str, Any]) -> Clocks:
    made = (_clock(context, (*where, "clocks", name), name, words) for name, words in found.get("clocks", {}).items())
    house = _house_clocks(context)
    return Clocks.of((clock for clock in made if clock is not None), house.oldest, house.breaches)


def _step(context: Context, where: Where, kind: str, found: dict[str, Any]) -> Clock | None:
    """A step's limit, named after the step; its origin is `target` unless it says otherwise."""
    words = found.get("limit")
    if words is None:
        return None
    at: Where = (*where, "limit")
    step = context.step
    if isinstance(words, dict):
        return _made(context, at, step, words, origin="target", step=step)
    limit = context.length(at, words)
    return None if limit is None else Clock(step, {}, "target", limit, step=step)


def _clock(context: Context, where: Where, name: str, words: dict[str, Any]) -> Clock | None:
    runs = words["runs"]
    start = _start(context, (*where, "runs", "from"), runs["from"])
    until = _marks(context, (*where, "runs", "until"), runs["until"])
    restarts = _marks(context, (*where, "restarts_on"), words.get("restarts_on", []))
    if start is None:
        return None
    mark, path = start
    return _made(
        context, where, name, words, origin="manual", start=mark, start_path=path, until=until, restarts_on=restarts
    )


def _calendar(context: Context, where: Where, written: str) -> str | Expression:
    """One of the house's, by its name or as the data choose it."""
    found = context.open_literal(where, written, "a calendar") or ""
    if isinstance(found, Expression) and found.type.kind not in ("text", "any"):
        context.problem(where, "CW131", f"this is {found.type}", expected="the name of a calendar")
    for name in [found] if isinstance(found, str) else found.type.enum or ():
        if name:
            context.name(where, name, frozenset(context.house.calendars), "calendar")
    return found


def _made(
    context: Context, where: Where, name: str, words: dict[str, Any], *, origin: str, **more: Any
) -> Clock | None:
    """What clocks and limits have in common. None if there is no telling how long it lasts."""
    limit = context.length((*where, "limit"), words["limit"])
    when = words.get("when")
    for index, clause in enumerate(words.get("clauses", [])):
        context.name((*where, "clauses", index), clause, frozenset(context.house.clauses), "clause")
    for index, end in enumerate(words.get("void_on", [])):
        context.name((*where, "void_on", index), end, context.ends | {CANCELLED, MERGED}, "end")
    house = _house_clocks(context).ladders
    rungs = ladder(context, (*where, "ladder"), words.get("ladder", []), house, more.get("step", ""))
    if limit is None:
        return None
    return Clock(
        name=name,
        title=context.text((*where, "title"), words["title"]) if "title" in words else {},
        origin=words.get("origin", origin),
        limit=limit,
        calendar=_calendar(context, (*where, "calendar"), words.get("calendar", "")),
        clauses=tuple(words.get("clauses", [])),
        when=None if when is None else context.expression((*where, "when"), _source(when), wants=BOOL),
        roll=words.get("roll", False),
        pause=_pause(context, (*where, "pauses_while"), words.get("pauses_while")),
        void_on=frozenset(words.get("void_on", [])),
        extension=_extension(context, (*where, "extension"), words.get("extension"), limit),
        ladder=rungs,
        **more,
    )


def _source(condition: str | bool) -> str:
    """A condition that YAML has already made true or false."""
    return condition if isinstance(condition, str) else str(condition).lower()


# --- marks ----------------------------------------------------------------------------------------


def _start(context: Context, where: Where, text: str) -> tuple[Mark, Path] | None:
    kind, dot, name = text.partition(".")
    if text == "case":
        return CASE, ()
    if dot and kind in ("milestone", "step"):
        known = context.milestones if kind == "milestone" else context.steps
        return ((kind, name), ()) if context.name(where, name, known, kind) else None
    if text in context.milestones or text in context.steps:
        kind = "milestone" if text in context.milestones else "step"
        context.problem(
            where, "CW701", f"{text!r} is a {kind}, not a field of the data",
            expected="case, milestone.x, step.x or a date in the data", hint=f"write {kind}.{text}",
        )  # fmt: skip
        return None
    found = context.path(where, text)
    if found is None:
        return None
    path, type = found
    if type.kind not in ("date", "datetime", "any"):
        context.problem(where, "CW702", f"{text!r} is {type}", expected="a date, or a date and time")
        return None
    return ("date", text), path


def _marks(context: Context, where: Where, words: str | list[str]) -> tuple[Mark, ...]:
    if isinstance(words, str):
        found = [_mark(context, where, words)]
    else:
        found = [_mark(context, (*where, index), word) for index, word in enumerate(words)]
    return tuple(mark for mark in found if mark is not None)


def _mark(context: Context, where: Where, text: str) -> Mark | None:
    """A bare name is a milestone, else an end, else a step."""
    kinds = {"milestone": context.milestones, "end": context.ends, "step": context.steps}
    kind, dot, name = text.partition(".")
    if dot:
        if kind not in kinds:
            context.problem(where, "CW701", f"{text!r} is no mark", expected="milestone.x, end.x or step.x")
            return None
        return (kind, name) if context.name(where, name, kinds[kind], kind) else None
    for kind, known in kinds.items():
        if text in known:
            return (kind, text)
    context.name(where, text, frozenset().union(*kinds.values()), "milestone, step or end")
    return None


# --- the rest -------------------------------------------------------------------------------------


def _pause(context: Context, where: Where, words: dict[str, Any] | None) -> Pause | None:
    if words is None:
        return None
    kinds = [kind for kind in ("any_in", "only_in", "from") if kind in words]
    if len(kinds) > 1:
        context.problem(
            where, "CW701", f"{' and '.join(kinds)} cannot stand together",
            expected="one of {any_in: [steps]}, {only_in: [steps]}, {from: field, to: field}",
        )  # fmt: skip
        return None
    (kind,) = kinds
    if kind == "from":
        begin, end = (_date(context, (*where, key), words[key]) for key in ("from", "to"))
        return None if begin is None or end is None else Pause("dates", begin=begin, end=end)
    steps = words[kind]
    for index, step in enumerate(steps):
        context.name((*where, kind, index), step, context.steps, "step")
    return Pause(kind, frozenset(steps))


def _date(context: Context, where: Where, text: str) -> Path | None:
    found = context.path(where, text)
    if found is not None and found[1].kind not in ("date", "datetime", "any"):
        context.problem(where, "CW702", f"{text!r} is {found[1]}", expected="a date, or a date and time")
        return None
    return None if found is None else found[0]


def _extension(context: Context, where: Where, words: dict[str, Any] | None, limit: Length) -> More | None:
    if words is None:
        return None
    role = words["by"].removeprefix("role.")
    known = context.name((*where, "by"), role, frozenset(context.house.roles), "role")
    most = context.duration((*where, "most"), words["most"])
    if most is not None and isinstance(limit, Duration) and most.measure != limit.measure:
        units = " or ".join(unit for unit, measure in MEASURES.items() if measure == limit.measure)
        context.problem(
            (*where, "most"), "CW703", f"{most} is not counted as the limit {limit} is", expected=f"a length in {units}"
        )
        return None
    return More(most, role) if most is not None and known else None


CLOCK_WORDS = Extension(
    name=PART,
    step_keywords={"limit": LIMIT},
    process_keywords={"clocks": PROCESS_CLOCKS},
    house_keywords={"ladders": LADDERS, "clocks": HOUSE_CLOCKS},
    compile_step=_step,
    compile_process=_process,
    compile_house=_house,
    check=check,
    deep=(checks_stops.check, checks_lengths.check, checks_ladders.check, checks_people.check),
)
"""The extension that bootstrap registers with the language."""
