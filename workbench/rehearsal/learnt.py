"""A plan from what an installation has seen: how often cases began, how long steps took, how they ended."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from bootstrap import Caseway
from engine.core.commands import BY_ENGINE
from engine.core.durations import Calendar
from engine.core.model import Human
from workbench.event_log.cases import Wanted, chosen
from workbench.event_log.lines import TASK, Line

LEAST = 5
"""So often a step was worked, at least, before its lengths are taken from it."""
POINTS = 11
"""Quantiles by which a sample of lengths is told."""
DAYS = 60


def learnt(caseway: Caseway) -> tuple[str, int]:
    """The plan as YAML, and from how many cases. It rehearses as many days as it has seen, at most sixty."""
    calendar = next(iter(caseway.calendars.values()))
    begun: dict[str, list[datetime]] = defaultdict(list)
    lengths: dict[tuple[str, str], list[float]] = defaultdict(list)
    ends: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    seen = 0
    for traced in chosen(caseway, Wanted(people="none")):
        seen += 1
        name = traced.process.name
        if traced.lines[0].more["channel"] not in BY_ENGINE:  # else other cases or the calendar begin it here, too
            begun[name].append(traced.lines[0].at)
        for step, minutes, outcome in _worked(traced.lines, calendar):
            node = traced.process.nodes.get(step)
            if node is not None and isinstance(node.spec, Human):
                lengths[name, step].append(minutes)
                if outcome in node.spec.outcomes:
                    ends[name, step][outcome] += 1
    return _written(caseway, calendar, begun, lengths, ends), seen


def _worked(lines: Iterable[Line], calendar: Calendar) -> Iterable[tuple[str, float, str]]:
    """Step, minutes of working time from being taken to being done, and outcome of each task that was done."""
    taken: dict[int, datetime] = {}
    for line in lines:
        if line.kind != TASK:
            continue
        if line.change in ("assign", "start"):
            taken.setdefault(line.id, line.at)
        elif line.change == "reassign":
            taken.pop(line.id, None)
        elif line.change == "complete" and line.id in taken:
            length = calendar.between(taken[line.id], line.at, "wh")
            yield line.name, length / timedelta(minutes=1), str(line.more.get("outcome", ""))


def _written(caseway: Caseway, calendar: Calendar, begun: Any, lengths: Any, ends: Any) -> str:
    now = caseway.clock.now()
    first = min((at for found in begun.values() for at in found), default=now)
    zone = ZoneInfo(str(calendar.zone))
    days = min(DAYS, max(1, (now - first).days))
    hours = calendar.between(first, now, "wh")
    plan: dict[str, Any] = {
        "title": f"as from {first.astimezone(zone):%Y-%m-%d} to {now.astimezone(zone):%Y-%m-%d}",
        "begin": f"{now.astimezone(zone):%Y-%m-%d}", "days": days, "warm_up": days // 4, "replications": 5,
        "arrivals": {
            name: {"every": f"{max(1, round(hours / len(found) / timedelta(minutes=1)))}min"}
            for name, found in sorted(begun.items()) if found
        },
    }  # fmt: skip
    steps: dict[str, Any] = {}
    for (name, step), found in sorted(lengths.items()):
        if len(found) >= LEAST:
            told: dict[str, Any] = {"minutes": {"sample": _quantiles(sorted(found))}}
            if ends[name, step]:
                told["outcomes"] = dict(sorted(ends[name, step].items()))
            steps.setdefault(name, {})[step] = told
    if steps:
        plan["steps"] = steps
    return str(yaml.safe_dump(plan, allow_unicode=True, sort_keys=False, default_flow_style=None, width=110))


def _quantiles(found: Sequence[float]) -> list[float]:
    last = len(found) - 1
    return [round(found[round(last * index / (POINTS - 1))], 1) for index in range(POINTS)]
