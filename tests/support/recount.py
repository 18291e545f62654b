"""The figures of reports once more, from nothing but what history says: events as JSON, and the YAML of the processes.

Written apart from the product and in another way: it keeps the whole life of a case as plain lists first, and reckons
afterwards. Of the product it takes the calendar alone, for lengths in working time.
"""

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

Row = tuple[datetime, bytes]
"""The moment of a row of history, and its events as JSON."""
Between = Callable[[datetime, datetime, str], timedelta]
"""How much of a stretch counts, in a unit."""


def definitions(folder: Path) -> dict[str, Any]:
    """What the processes of a folder say, by name."""
    found = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.yaml")))
    return {one["process"]: one for one in found if "process" in one}


def _steps(steps: dict[str, Any]) -> dict[str, Any]:
    """All steps, those within others included."""
    found = {}
    for name, step in steps.items():
        found[name] = step
        inside = step.get("each", {}).get("do", {})
        found |= _steps(inside)
    return found


WAITING = {"human", "receive", "wait", "race", "service", "call"}


class Case:
    """One case's life."""

    def __init__(self, rows: Iterable[Row], known: dict[str, Any]) -> None:
        self.events = [(at, event["type"], event) for at, text in rows for event in json.loads(text)]
        first = next(event for _, kind, event in self.events if kind == "CaseStarted")
        self.process, self.version = first["process"], first["version"]
        self.definition = known[self.process]
        self.steps = _steps(self.definition["steps"])
        self.begin = when(first["at"])

    def of(self, *kinds: str) -> list[tuple[int, datetime, str, Any]]:
        """place, moment, kind, event of the events of these kinds"""
        return [(place, at, kind, one) for place, (at, kind, one) in enumerate(self.events) if kind in kinds]

    def value(self, place: int, changes: list[tuple[int, Any]], otherwise: Any) -> Any:
        """What a thing was just before an event: the last of its changes until there."""
        index = bisect_right([at for at, _ in changes], place) - 1
        return changes[index][1] if index >= 0 else otherwise

    # --- visits ---------------------------------------------------------------------------------------

    def visits(self) -> list[dict[str, Any]]:
        """Every stay at a step where a case waits, over or not."""
        found, parents, seen = [], {}, Counter[Any]()
        for place, _, _, event in self.of("StepEntered"):
            token, step = event["token"], event["step"]
            parents[token] = (event.get("up", 0), event.get("item", -1))
            if not WAITING & set(self.steps.get(step, {})):
                continue
            items, above = [], token
            while above in parents:
                above, item = parents[above]
                items += [item] * (item >= 0)
            seen[step, tuple(items)] += 1
            over = next((
                (where, at, kind, one) for where, at, kind, one in self.of("StepLeft", "StepClosing", "StepCancelled")
                if where > place and one["token"] == token
            ), None)  # fmt: skip
            found.append({
                "token": token, "step": step, "begin": when(event["at"]), "place": place, "over": over,
                "again": seen[step, tuple(items)] > 1, "queues": self.queues(token),
            })  # fmt: skip
        return found

    def queues(self, token: int) -> list[tuple[int, str]]:
        moves = self.of("TaskOpened", "TaskTransferred")
        return [(place, one["queue"]) for place, _, _, one in moves if one["token"] == token and one.get("queue")]

    def touch(self, visit: dict[str, Any]) -> timedelta:
        """While it was in somebody's hands and they were at it."""
        end_place, end, _, _ = visit["over"]
        spans: list[tuple[datetime, datetime]] = []
        holder, begun = "", None
        for place, at, kind, one in self.of(
            "TaskClaimed", "TaskReleased", "TaskTransferred", "TaskParked", "TaskTakenUp", "TaskSuspended",
            "TaskResumed",
        ):  # fmt: skip
            if one["token"] != visit["token"] or place > end_place:
                continue
            if begun is not None:
                spans.append((begun, at))
            holder = (
                one["by"] if kind == "TaskClaimed" else "" if kind in ("TaskReleased", "TaskTransferred") else holder
            )
            begun = at if holder and kind not in ("TaskParked", "TaskSuspended") else None
        if begun is not None:
            spans.append((begun, end))
        return sum((b - a for a, b in spans), timedelta())

    def busiest(self, begin: datetime, end: datetime, place: int) -> str:
        """The queue in which most of a time was spent, as far as it was known at an event."""
        spent: defaultdict[str, timedelta] = defaultdict(timedelta)
        for visit in self.visits():
            over = visit["over"]
            if visit["place"] > place or not visit["queues"]:
                continue
            gone = over is not None and over[0] <= place
            last = over[0] if gone else place
            queue = self.value(last, visit["queues"], "")
            length = min(over[1] if gone else end, end) - max(visit["begin"], begin)
            if queue and length >= timedelta():
                spent[queue] += length
        return min(spent, key=lambda one: (-spent[one], one)) if spent else ""

    # --- runs -----------------------------------------------------------------------------------------

    def runs(self, between: Between) -> list[dict[str, Any]]:
        """Every run that has closed."""
        field = self.definition.get("class", "")
        classes = [(place, text(one["changes"][field])) for place, _, _, one in self.of("DataChanged")
                   if field in one["changes"] and not one.get("token")]  # fmt: skip
        owners = [(place, one["user"]) for place, _, _, one in self.of("OwnerChanged")]
        found = []
        for place, _, kind, closed in self.of("ClockStopped", "ClockClosed"):
            number = closed["id"]
            tale = [(k, one) for _, _, k, one in self.of(
                "ClockStarted", "ClockPaused", "ClockResumed", "ClockExtended", "ClockRebased", "BreachAcknowledged",
                "BreachExplained",
            ) if one["id"] == number]  # fmt: skip
            start = tale[0][1]
            said = [one["reason"] for k, one in tale if k in ("BreachAcknowledged", "BreachExplained")]
            deadline = [when(one["deadline"]) for _, one in tale if "deadline" in one][-1]
            pauses = [one for one in tale if one[0] in ("ClockPaused", "ClockResumed")]
            held = bool(pauses) and pauses[-1][0] == "ClockPaused"
            at, name = when(closed["at"]), start["clock"]
            late = deadline < at and not held
            clock = self.definition.get("clocks", {}).get(name) or self.steps[name]["limit"]
            clock = clock if isinstance(clock, dict) else {}  # a plain length, as 4h
            token, visits = start.get("token", 0), self.visits()
            if token:
                mine = next(one for one in visits if one["token"] == token)
                queue = self.value(place, mine["queues"], "")
                person = self.did(mine, place)
            else:
                queue = self.busiest(when(start["since"]), max(at, when(start["since"])), place)
                person = self.value(place, owners, "")
            found.append({
                "at": at, "clock": name, "clauses": clock.get("clauses") or [""],
                "origin": clock.get("origin", "target"),
                "judged": "late" if late else "met" if kind == "ClockStopped" else closed["status"],
                "class": self.value(place, classes, ""), "queue": queue, "person": person,
                "reason": said[-1] if said else "",
                "lost": self.lost(clock, when(start["since"]), at, deadline, pauses, start["limit"], between)
                if late else "",
            })  # fmt: skip
        return found

    def did(self, visit: dict[str, Any], place: int) -> str:
        """Who did a task, or had it in hand when it was taken away."""
        over = visit["over"]
        if over is not None and over[0] <= place and over[3].get("actor"):
            return str(over[3]["actor"])
        holder = ""
        for where, _, kind, one in self.of("TaskClaimed", "TaskReleased", "TaskTransferred"):
            if one["token"] == visit["token"] and where <= place:
                holder = one["by"] if kind == "TaskClaimed" else ""
        return holder

    def lost(self, clock: Any, since: datetime, end: datetime, deadline: datetime, pauses: list[Any], limit: str,
             between: Between) -> str:  # fmt: skip
        """The steps at which most of the measured time passed, moment by moment between all that happened."""
        unit = limit.lstrip("0123456789")
        held = set(clock.get("pauses_while", {}).get("only_in", []))
        spans = [(when(a["since"]), when(b["since"]) if b else None)
                 for (_, a), (_, b) in zip(pauses[::2], [*pauses[1::2], ("", None)], strict=False)]  # fmt: skip
        stays = [(one["begin"], one["over"][1] if one["over"] else end, one["step"]) for one in self.visits()]
        cuts = sorted({since, end, *(at for a, b, _ in stays for at in (a, b)), *(at for span in spans for at in span
                       if at is not None)})  # fmt: skip
        if unit in ("d", "wd"):  # the start day counts for no day
            cuts = sorted({*cuts, self.next_day(since)})
        spent: defaultdict[str, timedelta] = defaultdict(timedelta)
        inside = [cut for cut in cuts if since <= cut <= end]
        for a, b in pairwise(inside):
            if any(begin <= a and (over is None or b <= over) for begin, over in spans):
                continue
            if unit in ("d", "wd") and b <= self.next_day(since):
                continue
            steps = sorted({step for begin, over, step in stays if begin <= a and b <= over})
            if not steps or not held.issuperset(steps):
                spent[" ".join(steps)] += between(a, b, unit)
        return max(spent, key=lambda one: spent[one]) if spent else ""

    def next_day(self, at: datetime) -> datetime:
        local = at.astimezone(ZoneInfo("Asia/Shanghai"))
        return local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def recount(cases: Iterable[Case], zone: ZoneInfo, between: Between) -> tuple[Counter[Any], dict[Any, Any]]:
    """(dimension, day, process, queue, value, judged) -> runs; (process, day, step, queue) -> done, again, and the
    lists of cycle, touch and waiting times in whole seconds."""
    runs: Counter[Any] = Counter()
    times: dict[Any, Any] = defaultdict(lambda: {"done": 0, "again": 0, "cycle": [], "touch": [], "waiting": []})

    def day(at: datetime) -> str:
        return at.astimezone(zone).date().isoformat()

    for case in cases:
        for run in case.runs(between):
            values = [("all", ""), *(("clause", one) for one in run["clauses"])]
            values += [("version", case.version)]
            values += [(name, run[name]) for name in ("origin", "clock", "class", "person")]
            values += [(name, run[name]) for name in ("reason", "lost")] if run["judged"] == "late" else []
            for dim, value in values:
                runs[dim, day(run["at"]), case.process, run["queue"], value, run["judged"]] += 1
        for visit in case.visits():
            over = visit["over"]
            if over is None or over[2] == "StepCancelled":
                continue
            cycle, touch = (int(one.total_seconds()) for one in (over[1] - visit["begin"], case.touch(visit)))
            one = times[case.process, day(over[1]), visit["step"], case.value(over[0], visit["queues"], "")]
            one["done"] += 1
            one["again"] += visit["again"]
            for name, seconds in (("cycle", cycle), ("touch", touch), ("waiting", cycle - touch)):
                one[name].append(seconds)
        for place, at, kind, _ in case.of("CaseEnded", "CaseReopened"):
            one = times[case.process, day(at), "", case.busiest(case.begin, at, place)]
            one["again"] += kind == "CaseReopened"
            if kind == "CaseEnded":
                one["done"] += 1
                seconds = int((at - case.begin).total_seconds())
                for name, length in (("cycle", seconds), ("touch", 0), ("waiting", seconds)):
                    one[name].append(length)
    return runs, dict(times)
