"""Ladders as they were written, and as they are run: what one says the other does."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from engine.core.durations import parse_duration
from engine.core.events import Event
from engine.core.model import End, Human, Milestone, Outcome
from sla.model import CASE, Clock, Notice
from tests.support.clocks import ClockStory, clocked
from tests.support.graph import step

ASIDE = frozenset({"at", "every", "times", "with", "facts"})
"""What a rung says beside its acts."""


def written(value: Any, ladders: Mapping[str, list[Any]]) -> Iterator[Mapping[str, Any]]:
    """Every rung in a definition's file, those of the house that it names included."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "ladder" and isinstance(inner, str):
                yield from ladders[inner]
            elif key == "ladder" and isinstance(inner, list):
                yield from inner
            else:
                yield from written(inner, ladders)
    elif isinstance(value, list):
        for inner in value:
            yield from written(inner, ladders)


def acts_of(rung: Mapping[str, Any]) -> int:
    """How many acts a written rung asks for."""
    return sum(key not in ASIDE for key in rung)


def alike(clocks: Iterable[Clock]) -> list[Clock]:
    """One of each ladder: those that differ in their data alone are run alike."""
    found = {repr([(r.at, r.every, r.times, [type(act) for act in r.acts]) for r in c.ladder]): c for c in clocks}
    return [clock for clock in found.values() if clock.ladder]


def played(clock: Clock) -> ClockStory:
    """A case that does nothing while this clock runs for three years. Its limit is ninety days, so that what comes long
    before it comes as well."""
    ladder = tuple(
        replace(rung, acts=tuple(replace(act, facts={}) if isinstance(act, Notice) else act for act in rung.acts))
        for rung in clock.ladder
    )
    alone = replace(
        clock, name="alone", limit=parse_duration("90d"), calendar="insurer", start=CASE, start_path=(),
        until=(("milestone", "done"),), when=None, pause=None, restarts_on=(), void_on=frozenset(), step="",
        ladder=ladder,
    )  # fmt: skip
    process = clocked(
        (alone,), step("work", Human((), {"ok": Outcome("ok", {}, "done")}), "done"),
        step("done", Milestone("done"), "end"), step("end", End("finished")),
    )  # fmt: skip
    return ClockStory(process, "2026-01-05 10:00").start().go("2028-12-31 00:00")


def unrun(clock: Clock) -> list[str]:
    """What of a ladder is not run as it is written: "" for nothing."""
    story = played(clock)
    fired: list[Any] = story.told("RungFired")
    wrong = []
    for index, rung in enumerate(clock.ladder):
        times = [one for one in fired if one.rung == index]
        if not times or (rung.times is not None and len(times) != rung.times):
            wrong.append(f"{clock.name}: {rung.at} comes {len(times)} times, not {rung.times}")
    asked = sum(not isinstance(act, Notice) for one in fired for act in clock.ladder[one.rung].acts)
    # Of the notices that come at one moment the latest is told (R29).
    asked += len({one.at for one in fired if any(isinstance(act, Notice) for act in clock.ladder[one.rung].acts)})
    done: list[Event] = story.told("NoticeRequested", "MessageSent", "SignalSent", "ActRequested", "IncidentRaised")
    if len(done) != asked:
        wrong.append(f"{clock.name}: {asked} acts are asked for, {len(done)} are done")
    return wrong
