"""The handbook as a document: each procedure with its picture and its clauses, and where clauses disagree.

It is made from the processes, the catalogue of clauses and the scenarios, so it says what is so.
"""

from collections.abc import Iterable, Iterator, Sequence

from engine.core.model import Process, Text
from workbench.enforcing import EXCUSED, Conflict, Enforcer, Kept, limit

PICTURES = "pictures/handbook"


def handbook(processes: Sequence[Process], found: Sequence[Kept], conflicting: Iterable[Conflict]) -> str:
    """The document, in Markdown. Its pictures are expected below `PICTURES`, beside it."""
    return "\n".join(_lines(processes, found, tuple(conflicting))) + "\n"


def counts(found: Sequence[Kept]) -> tuple[int, int, int, int]:
    """How many clauses there are; how many scenarios prove; how many none can break, with a reason; are open."""
    proved, open_ones = sum(one.proved for one in found), sum(one.open for one in found)
    return len(found), proved, len(found) - proved - open_ones, open_ones


def enough(found: Sequence[Kept]) -> bool:
    """Whether nothing is open, and few enough clauses go without a scenario."""
    every, _, excused, open_ones = counts(found)
    return not open_ones and excused * 100 <= every * EXCUSED


def _lines(processes: Sequence[Process], found: Sequence[Kept], conflicting: Sequence[Conflict]) -> Iterator[str]:
    every, proved, excused, open_ones = counts(found)
    yield "# The handbook, as it runs"
    yield ""
    yield "Made by `caseway coverage --write docs/handbook.md` from the processes, their clauses and their scenarios."
    yield f"{len(processes)} procedures, {every} clauses: {proved} proved by scenarios, {excused} that none can break"
    yield f"(each with its reason), {open_ones} open. A limit in braces is computed, or looked up in a table."
    for process in processes:
        yield from _procedure(process, found, [one for one in conflicting if one.process == process.name])
    if open_ones:
        yield from ("", "## Open", "")
        yield from (f"- {one.clause} {_both(one.text)}" for one in found if one.open)


def _procedure(process: Process, found: Sequence[Kept], conflicting: Sequence[Conflict]) -> Iterator[str]:
    yield from ("", f"## {_both(process.title)}", "")
    yield f"`{process.name}.yaml` · [picture]({PICTURES}/{process.name}.svg)"
    kept = [(one, [each for each in one.enforcers if each.process == process.name]) for one in found]
    rows = [(one, each) for one, each in kept if each]
    if rows:
        yield from ("", "| clause | says | kept by | shown by |", "|---|---|---|---|")
    for one, enforcers in rows:
        by = "<br>".join(_enforcer(each) for each in enforcers)
        yield f"| {one.clause} | {_both(one.text)} | {by} | {_shown(one)} |"
    for conflict in conflicting:
        yield from ("", "Limits to the same work, the one that counts first at the beginning:", "")
        for clock in conflict.clocks:
            yield f"- {limit(clock)} {clock.origin} ({', '.join(clock.clauses) or 'our own'}): {_both(clock.title)}"


def _enforcer(one: Enforcer) -> str:
    title = _both(one.title) if one.title else one.name
    if one.kind == "clock":
        return f"clock `{one.name}`, {title}: **{one.number}** ({one.origin})"
    return f"step `{one.name}`, {title}" if one.kind == "step" else "the procedure as a whole"


def _shown(one: Kept) -> str:
    if one.scenarios:
        more = len(one.scenarios) - MOST
        return ", ".join(one.scenarios[:MOST]) + (f" and {more} more" if more > 0 else "")
    return _both(one.unbroken) if one.unbroken else "nothing yet"


MOST = 3
"""Scenarios that are named for a clause."""


def _both(text: Text) -> str:
    return " / ".join(dict.fromkeys(text.values()))
