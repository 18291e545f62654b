"""Clocks under random lives: what must hold whatever happens, and in whatever order (R27-R30)."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

from engine.core import commands as c
from engine.core.durations import Duration, Meter, parse_duration
from engine.core.env import Env
from engine.core.model import Catch, End, Human, Milestone, Outcome, Process, Trigger
from organisation.load import build, load
from sla.events import ExtendClock, RebaseClocks, RungFired
from sla.explain import PAUSED, RUNS, explain
from sla.measure import meter_of, metered
from sla.model import Clock, Extension, Pause
from sla.rebuild import rebuild
from sla.state import Break
from tests.support.clocks import ClockStory, at, calendar, clock, clocked, notice, rung
from tests.support.graph import step

CALENDARS = {2025: calendar(2025), 2026: calendar(2026)}
BEGIN = at("2025-12-10 00:00")
moments = st.integers(0, 100 * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes))
units = st.sampled_from(["min", "h", "d", "wd", "wh"])


@st.composite
def limits(draw: st.DrawFn) -> Duration:
    unit = draw(units)
    return Duration(draw(st.integers(1, 5_000 if unit == "min" else 40)), unit)


@st.composite
def breaks(draw: st.DrawFn, most: int = 4) -> list[Break]:
    ends = sorted(draw(st.lists(moments, min_size=0, max_size=2 * most, unique=True)))
    return [Break(begin, end) for begin, end in zip(ends[::2], ends[1::2], strict=False)]


def deadline(since: datetime, limit: Duration, pauses: list[Break]) -> datetime:
    return metered(CALENDARS[2026], since, limit, False, (), pauses).due.at


@given(moments, limits(), breaks())
def test_pausing_neither_loses_nor_gains(since: datetime, limit: Duration, pauses: list[Break]) -> None:
    """What runs between the pauses, up to the deadline, is the limit, to the microsecond of its measure."""
    calendar_, pauses = CALENDARS[2026], [one for one in pauses if one.begin >= since]
    due = deadline(since, limit, pauses)
    begin = calendar_.term(since, limit).since
    allowance = calendar_.term(since, limit).allowance
    held = sorted((one for one in pauses if one.begin < due), key=lambda one: one.begin)
    used, start = timedelta(0), begin
    for one in held:
        used += max(timedelta(0), calendar_.between(start, max(start, one.begin), limit.unit))
        start = max(start, one.end or start)
    end = due + timedelta(microseconds=1) if due.microsecond == 999_999 else due
    used += calendar_.between(start, end, limit.unit)
    # a part of a day that is no whole microsecond of the measure may be one short
    assert timedelta(0) <= used - allowance <= timedelta(microseconds=len(held) + 3) or used == allowance


@given(moments, limits(), breaks(), st.integers(1, 20))
def test_a_longer_limit_is_never_due_earlier(since: datetime, limit: Duration, pauses: list[Break], by: int) -> None:
    longer = Duration(limit.amount + by, limit.unit)
    assert deadline(since, longer, pauses) >= deadline(since, limit, pauses)


@given(moments, limits(), breaks(), moments, moments)
def test_one_more_pause_is_never_due_earlier(
    since: datetime, limit: Duration, pauses: list[Break], one: datetime, other: datetime
) -> None:
    extra = Break(min(one, other), max(one, other))
    apart = [b for b in pauses if b.end is not None and (b.end <= extra.begin or b.begin >= (extra.end or extra.begin))]
    more = sorted([*apart, extra], key=lambda b: b.begin)
    assert deadline(since, limit, more) >= deadline(since, limit, apart)


# --- whole lives ----------------------------------------------------------------------------------

HEAD = """\
zone: Asia/Shanghai
roles: {head: Head}
groups: {company: {title: Company, manager: gu}}
users: {gu: {name: 顾, roles: [head], groups: [company]}}
queues: {}
grants: []
"""


def directory() -> Any:
    document, _ = load(HEAD, "organisation.yaml")
    return build(document.value, 1)  # type: ignore[arg-type]  # load has seen to the form


def life(limit: str) -> Process:
    ways = {name: Outcome(name, {}, to) for name, to in {"ask": "ask", "dates": "work", "ok": "done"}.items()}
    again = {"again": Outcome("again", {}, "reopened"), "close": Outcome("close", {}, "end")}
    ladder = (
        rung("50%", notice("owner")),
        rung("4h", notice("owner")),
        rung("due - 1h", notice("owner")),
        rung("due", notice("owner")),
        rung("due + 1h", notice("owner"), every="1d", times=3),
    )
    unit = parse_duration(limit).unit
    shared: dict[str, Any] = {
        "ladder": ladder,
        "extension": Extension(Duration(30, unit), "head"),
        "restarts_on": (("milestone", "reopened"),),
    }
    clocks: list[Clock] = [
        clock("any", limit, pause=Pause("any_in", frozenset({"ask"})), **shared),
        clock("dates", limit, pause=Pause("dates", begin=("asked",), end=("came",)), **shared),
    ]
    return clocked(
        clocks,
        step("work", Human((("asked",), ("came",)), ways), "done"),
        step("ask", Catch(Trigger("message", "reply")), "work"),
        step("done", Milestone("done"), "confirm"),
        step("confirm", Human(outcomes=again), "end"),
        step("reopened", Milestone("reopened"), "work"),
        step("end", End("finished")),
    )


class Life(ClockStory):
    """Does whatever is asked of it, if the case can; remembers its history."""

    def __init__(self, limit: str) -> None:
        super().__init__(life(limit), "2025-12-31 10:00", calendars={"insurer": CALENDARS[2025]}, directory=directory())
        self.history: list[tuple[datetime, list[Any]]] = []

    def ask(self, command: Any, actor: str = "li") -> Any:
        answer = super().ask(command, actor)
        if isinstance(answer, list):
            self.history.append((self.now, answer))
            # whatever was due has been seen to: no timer is left behind
            assert all(run.next is None or run.next > self.now for run in self.state.clocks.open.values())
            self.at_the_deadline([event for event in answer if isinstance(event, RungFired)])
        return answer

    def at_the_deadline(self, fired: list[RungFired]) -> None:
        """The rung of the deadline comes at the deadline that the case knows, whatever has become of the calendar."""
        for event in fired:
            run = self.state.clocks.open.get(event.id)
            if run is not None and run.paused is None and event.repeat == 1:
                at = self.process.parts["clocks"].by_name[run.clock].ladder[event.rung].at
                assert at != "due" or event.due == run.deadline

    def act(self, what: str, minutes: int) -> None:
        ways = {
            "ask": lambda: self.complete("work", "ask"),
            "reply": lambda: self.message("reply"),
            "dates": lambda: self.dates(minutes),
            "ok": lambda: self.complete("work", "ok"),
            "again": lambda: self.complete("confirm", "again"),
            "extend": lambda: self.ask(ExtendClock("any", f"1{self.unit}", "why"), "gu"),
            "deploy": self.deploy,
            "rebase": self.rebase,
            "fire": self.fire,
        }
        where = {"ask": "work", "reply": "ask", "dates": "work", "ok": "work", "again": "confirm"}.get(what)
        if where is None or where in self.open:
            ways[what]()

    @property
    def unit(self) -> str:
        return parse_duration(str(self.process.parts["clocks"].by_name["any"].limit)).unit

    def dates(self, minutes: int) -> None:
        asked = self.now - timedelta(minutes=minutes)
        came = {"came": (asked + timedelta(hours=3)).isoformat()} if minutes % 3 else {}
        self.complete("work", "dates", asked=asked.isoformat(), **came)

    def deploy(self) -> None:
        """Another calendar is in force, and nobody has had anything counted again."""
        self.env["calendars"] = {"insurer": CALENDARS[2026]}

    def rebase(self) -> None:
        self.deploy()
        self.ask(RebaseClocks("insurer", CALENDARS[2026].version), "system")

    def fire(self) -> None:
        for number, run in list(self.state.clocks.open.items()):
            if run.next is not None and run.next <= self.now:
                self.ask(c.FireTimer("clocks", number, run.next))


kinds = st.sampled_from(["ask", "reply", "dates", "ok", "again", "extend", "deploy", "rebase", "fire", "fire"])
lives = st.lists(st.tuples(kinds, st.integers(0, 6_000)), max_size=25)


@given(st.sampled_from(["30h", "3d", "3wd", "20wh", "600min"]), lives)
def test_whatever_happens(limit: str, happens: list[tuple[str, int]]) -> None:
    story = Life(limit)
    story.start()
    for what, minutes in happens:
        story.now += timedelta(minutes=minutes)
        story.act(what, minutes)
    note(str([type(e).__name__ for e in story.events]))
    each_rung_once(story)
    explained(story)
    counted_from_the_beginning(story)
    derived_anew(story)


def each_rung_once(story: Life) -> None:
    """No repeat of a rung is told twice in a run, none is left out, and none comes before its time."""
    told: dict[tuple[int, int], int] = {}
    for event in story.told("RungFired"):
        key = (event.id, event.rung)
        assert event.repeat == told.get(key, 0) + 1 + event.missed
        assert event.due <= event.at
        told[key] = event.repeat
    assert all(times <= 3 for times in told.values())


def explained(story: Life) -> None:
    """The stretches join from start to end, and what they counted is what the meter has used."""
    accounts = explain(story.process, story.history, story.env["calendars"], story.now)
    for account in accounts:
        assert account.elapsed == account.until - account.since
        assert all(a.end == b.start for a, b in zip(account.stretches, account.stretches[1:], strict=False))
        if account.version != account.calendar.version:
            continue
        assert account.used <= account.allowance + timedelta(microseconds=5)
        if account.status == "paused" and account.stretches[-1:] != () and account.stretches[-1].why != PAUSED:
            assert story.told("ClockPaused")[-1].since == account.until  # it has only just begun
        if account.breached:
            assert account.allowance - account.used <= timedelta(microseconds=5), (account.allowance, account.used)
        assert all(s.why != RUNS or s.end <= account.deadline + timedelta(microseconds=1) or account.status == "paused"
                   for s in account.stretches)  # fmt: skip


def counted_from_the_beginning(story: Life) -> None:
    """Every open run's deadline is what counting it anew from its start gives; one that was missed stays."""
    for run in story.state.clocks.open.values():
        calendar_ = next(one for one in CALENDARS.values() if one.version == run.version)
        meter: Meter = meter_of(calendar_, story.process.parts["clocks"].by_name[run.clock], run)
        if run.paused is None and run.deadline >= story.now:
            assert meter.due.at == run.deadline and meter.due.provisional == run.provisional


def derived_anew(story: Life) -> None:
    """What history says of the clocks is what the case keeps, unless the calendar has changed since."""
    story.fire()
    found = rebuild(story.machine, story.process, story.history, Env(now=story.now, **story.env))
    open_now = {(run.clock, run.run) for run in story.state.clocks.open.values()}
    # what closed may have been overtaken by rungs that nobody had fired: time passes here without looking
    assert not [one for one in found if not one.why and (one.what != "rung" or (one.clock, one.run) in open_now)]
