"""Clocks on plain graphs: built in a few words, told on a Chinese insurer's calendar, in local time."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Self
from zoneinfo import ZoneInfo

from engine.core import commands as c
from engine.core.durations import parse_duration
from engine.core.flow import FLOW
from engine.core.kinds import DATE, DATETIME, TEXT, Type
from engine.core.machine import Machine
from engine.core.model import Node, Process
from sla.calendar import WorkCalendar
from sla.calendar_files import load_calendar
from sla.clock import CLOCKS
from sla.model import Act, Clock, Clocks, Mark, Notice, Rung
from tests.support.graph import NAMES, Story, graph

ZONE = ZoneInfo("Asia/Shanghai")
NAMED: dict[str, Type] = {"received": DATETIME, "asked": DATETIME, "came": DATETIME, "day": DATE, "limit": TEXT}


def calendar(until: int = 2026, **more: Any) -> WorkCalendar:
    """Monday to Friday 09:00-17:00, Chinese holidays and make-up days."""
    return load_calendar(
        {
            "calendar": "insurer",
            "title": {"zh": "保险公司"},
            "zone": "Asia/Shanghai",
            "hours": {"mon-fri": ["09:00-17:00"]},
            "holidays": "china",
            "published_until": until,
            **more,
        }
    )


def at(text: str) -> datetime:
    """`2026-02-10 10:00` on a clock in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def shown(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")


def mark(text: str) -> Mark:
    kind, _, name = text.partition(".")
    return (kind, name)


def clock(
    name: str, limit: Any, *, start: str = "case", until: Iterable[str] = ("milestone.done",), **more: Any
) -> Clock:
    """A clock; `until` and `start` written as `milestone.done`, `step.pay`, `date.received`."""
    return Clock(
        name=name,
        title={"en": name},
        origin=more.pop("origin", "manual"),
        limit=parse_duration(limit) if isinstance(limit, str) else limit,
        calendar=more.pop("calendar", "insurer"),
        start=mark(start),
        start_path=(start.partition(".")[2],) if start.startswith("date") else (),
        until=tuple(mark(one) for one in until),
        **more,
    )


def notice(*to: str, template: str = "near") -> Notice:
    return Notice(to, template)


def rung(text: str, *acts: Act, every: str = "", times: int | None = 1) -> Rung:
    """`80%`, `due`, `due + 1wd`, `due - 2h`, `4h`."""
    pace = parse_duration(every) if every else None
    most = times if every else 1
    if text.endswith("%"):
        return Rung(text, "share", acts, Decimal(text[:-1]) / 100, every=pace, times=most)
    words = text.split()
    offset = None if words == ["due"] else parse_duration(words[-1])
    from_ = "due" if words[0] == "due" else "start"
    return Rung(text, from_, acts, offset=offset, back="-" in words, every=pace, times=most)


def clocked(
    clocks: Iterable[Clock], *nodes: Node | tuple[Node, ...], oldest: timedelta | None = None, **more: Any
) -> Process:
    process = graph(*nodes, calendar="insurer", **more)
    names = {**NAMES, **NAMED}
    return replace(process, names=names, parts={"clocks": Clocks.of(clocks, oldest)})


class ClockStory(Story):
    """A story with clocks; `go` takes it to a local time, firing what comes due on the way."""

    def __init__(
        self, process: Process, begins: str = "2026-02-10 10:00", machine: Machine | None = None, **env: Any
    ) -> None:
        env.setdefault("calendars", {"insurer": calendar()})
        super().__init__(process, machine or Machine([FLOW, CLOCKS]), **env)
        self.now = at(begins)

    def go(self, to: str, *, fire: bool = True) -> Self:
        until = at(to)
        while fire:
            flow, clocks = self.state.flow, self.state.clocks
            waiting = [(t.due, "flow", n) for n, t in flow.timers.items() if t.left is None]
            waiting += [(r.next, "clocks", n) for n, r in clocks.open.items() if r.next is not None]
            due = min((one for one in waiting if one[0] <= until), default=None)
            if due is None:
                break
            self.now = max(self.now, due[0])
            self.do(c.FireTimer(due[1], due[2], due[0]))
        self.now = until
        return self

    def run(self, name: str) -> Any:
        """The open run of a clock."""
        (found,) = [r for r in self.state.clocks.open.values() if r.clock == name]
        return found

    def deadline(self, name: str) -> str | None:
        return shown(self.run(name).deadline)

    def told(self, *kinds: str) -> list[Any]:
        return [e for e in self.events if type(e).__name__ in kinds]

    def rungs(self) -> list[str]:
        """`clock 0.1 @ 2026-02-11 17:00`: rung and repeat, and when they were due."""
        return [f"{e.clock} {e.rung}.{e.repeat} @ {shown(e.due)}" for e in self.told("RungFired")]
