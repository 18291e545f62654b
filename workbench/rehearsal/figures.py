"""What a replication came to, measured in its database as in any other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from bootstrap import Caseway
from engine.core.durations import Calendar
from engine.runtime.tables import micros, moment
from workbench.staff import Simulation

_CLOCKS = "SELECT clauses, origin, status, breached, deadline FROM clocks WHERE since >= ?"
_TASKS = "SELECT process, step, queue, opened_at, claimed_at, closed_at FROM tasks WHERE opened_at >= ?"
_CASES = "SELECT process, started_at, ended_at FROM cases WHERE started_at >= ?"
_ACTIONS = "SELECT count(*) FROM history"
HOUR = timedelta(hours=1)


class Key(NamedTuple):
    """What a figure is about: its kind (`KINDS`), and the clause, step, queue, person or process."""

    kind: str
    of: str


KINDS: Mapping[str, tuple[str, str]] = {
    "late": ("逾期比例", "share of clocks that were late"),
    "clocks": ("计时数", "clocks that ran"),
    "wait": ("平均等待（工作小时）", "mean wait until taken, working hours"),
    "wait_90": ("等待 90 分位（工作小时）", "wait until taken, 90th percentile, working hours"),
    "done": ("完成数", "tasks done"),
    "length": ("平均队长", "tasks that wait in the queue, mean"),
    "longest": ("最大队长", "tasks that wait in the queue, most"),
    "left": ("期末排队", "tasks that wait in the queue at the end"),
    "busy": ("利用率", "share of working time that is worked"),
    "started": ("开始的案件", "cases begun"),
    "ended": ("结束的案件", "cases ended"),
    "days": ("平均历时（天）", "days from begin to end, mean"),
}
"""Kind of figure -> what it says."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One replication's. lengths: by queue, how many waited at the end of each day; counted: numbers from which shares
    are made, for their own confidence; rate: answered actions a second of ours."""

    values: Mapping[Key, float]
    lengths: Mapping[str, Sequence[int]]
    counted: Mapping[Key, tuple[int, int]]
    refused: Mapping[str, int]
    actions: int
    rate: float


def measured(
    caseway: Caseway, simulation: Simulation, refused: Mapping[str, int], since: datetime, end: datetime, took: float
) -> Figures:
    """since: from when on it counts; took: seconds of ours; refused: cases that were not begun."""
    calendar, values = simulation.calendar, dict[Key, float]()
    rows = caseway.connection.all
    counted = _late(rows(_CLOCKS, (micros(since),)), end)
    for key, (late, of) in counted.items():
        values[key] = late / of
        values[Key("clocks", key.of)] = of
    tasks = [_Task.of(row) for row in rows(_TASKS, (micros(since),))]
    values |= _waits(tasks, calendar)
    lengths = {queue: _in_line([task for task in tasks if task.queue == queue], since, end) for queue in _queues(tasks)}
    for queue, (mean, most, days) in lengths.items():
        values |= {Key("length", queue): mean, Key("longest", queue): most, Key("left", queue): days[-1] if days else 0}
    for user in simulation.staff:
        own = simulation.hours.get(user, calendar)
        values[Key("busy", user)] = simulation.busy.get(user, timedelta()) / own.between(simulation.begun, end, "wh")
    values |= _cases(rows(_CASES, (micros(since),)))
    actions = caseway.connection.one(_ACTIONS)[0]
    by_day = {queue: days for queue, (_, _, days) in lengths.items()}
    return Figures(values, by_day, counted, {**simulation.refused, **refused}, actions, actions / took if took else 0.0)


class _Task(NamedTuple):
    place: str
    queue: str
    opened: datetime
    taken: datetime | None
    closed: datetime | None

    @classmethod
    def of(cls, row: tuple[str, str, str, int, int | None, int | None]) -> "_Task":
        process, step, queue, opened, taken, closed = row
        return cls(f"{process}.{step}", queue, moment(opened), taken and moment(taken), closed and moment(closed))  # type: ignore[arg-type]  # never 0


def _queues(tasks: Iterable[_Task]) -> list[str]:
    return sorted({task.queue for task in tasks if task.queue})


def _late(rows: Iterable[tuple[str, str, str, int | None, int]], end: datetime) -> dict[Key, tuple[int, int]]:
    """By clause: how many clocks were late, of how many that were met or became due."""
    found: dict[Key, tuple[int, int]] = {}
    for clauses, origin, status, breached, deadline in rows:
        late = bool(breached) or (status == "running" and moment(deadline) <= end)
        if not late and status != "stopped":
            continue  # open, and not due yet; or it came to nothing
        for clause in clauses.split() or [f"({origin})"]:
            key = Key("late", clause)
            before, of = found.get(key, (0, 0))
            found[key] = (before + late, of + 1)
    return found


def _waits(tasks: Iterable[_Task], calendar: Calendar) -> dict[Key, float]:
    waits: dict[str, list[float]] = {}
    done: dict[str, int] = {}
    for task in tasks:
        if task.taken is not None:
            waits.setdefault(task.place, []).append(calendar.between(task.opened, task.taken, "wh") / HOUR)
            done[task.place] = done.get(task.place, 0) + (task.closed is not None)
    values: dict[Key, float] = {}
    for place, found in waits.items():
        found.sort()
        values |= {
            Key("wait", place): sum(found) / len(found), Key("wait_90", place): found[int(0.9 * (len(found) - 1))],
            Key("done", place): done[place],
        }  # fmt: skip
    return values


def _in_line(tasks: Iterable[_Task], since: datetime, end: datetime) -> tuple[float, int, list[int]]:
    """How many tasks of a queue waited to be taken: mean over the time, most at once, and at the end of each day."""
    changes = sorted(
        (at, change) for task in tasks
        for at, change in ((task.opened, 1), (task.taken or task.closed, -1)) if at is not None
    )  # fmt: skip
    area, now, most, last = timedelta(), 0, 0, since
    days: list[int] = []
    for at, change in [*changes, (end, 0)]:
        while since + timedelta(days=len(days) + 1) <= at:
            days.append(now)
        area += (at - last) * now
        now, last = now + change, at
        most = max(most, now)
    return area / (end - since), most, days


def _cases(rows: Iterable[tuple[str, int, int | None]]) -> dict[Key, float]:
    started: dict[str, int] = {}
    lasted: dict[str, list[float]] = {}
    for process, begun, ended in rows:
        started[process] = started.get(process, 0) + 1
        if ended is not None:
            lasted.setdefault(process, []).append((ended - begun) / 86_400e6)
    values: dict[Key, float] = {Key("started", process): count for process, count in started.items()}
    for process, found in lasted.items():
        values |= {Key("ended", process): len(found), Key("days", process): sum(found) / len(found)}
    return values
