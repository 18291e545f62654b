"""A staffed floor on a virtual clock: people who take tasks in their hours, customers who answer, timers that fire.

Theory of operation. Time goes from one moment to the next at which something can happen: a reported case, the
end of somebody's piece of work, a customer's answer, a timer or a job that is due, the half hour at which idle
people look at their queues again. At each, the clock is set, what is due is swept, and people act through the same
commands as anyone. What they decide is drawn from one seeded generator, so the same seed gives the same quarter.

How people behave is data: `processes/samples/staffing.yaml` says it in rules (minutes a step takes, weights of its
outcomes, what is filled in, what customers send when a case waits for them); `workbench.shown` learns it from the
scenarios.
"""

import heapq
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from engine.core.commands import Command, CompleteTask
from engine.core.durations import Calendar, parse_duration
from engine.core.expressions import Expression, compile_expression
from engine.core.kinds import INT, TEXT, Type
from engine.core.model import Human, Process
from engine.core.values import to_json
from engine.runtime.answers import Accepted, Answer
from organisation.directory import Directory
from tasks.commands import TransferTask
from tasks.queries import Listed

Json = Any
LOOK = timedelta(minutes=30)
"""How often idle people look at their queues, and the most that a timer fires late."""
OTHERWISE = ("form", "outcome", "reason")
"""Why a form is handed back to whoever filled it in: it may be filled in otherwise."""

STAY = 3
"""Of so many people one takes a last task before the work is left."""


class Floor(Protocol):
    """What the simulation asks of an installation."""

    def now(self) -> datetime: ...
    def set_time(self, at: datetime) -> None: ...
    def sweep(self) -> None:
        """Runs everything that is due: timers, the inbox, jobs."""

    def next_due(self) -> datetime | None:
        """When the next timer, inbox row or job is due."""

    def ask(self, case: str, command: Command, actor: str) -> Answer: ...
    def take_next(self, user: str) -> Listed | None:
        """Claims the best task for the user."""

    def names_of(self, case: str) -> Mapping[str, Json]:
        """What expressions read of a case's data, secrets opened."""

    def waiting(self, since: int) -> Sequence[tuple[str, str, str, str, int]]:
        """Messages waited for since: (case, process, message, key, since)."""

    def send(self, message: str, key: str, payload: Mapping[str, Json], id: str) -> None: ...
    def process(self, case: str) -> Process: ...
    def held(self) -> Sequence[Listed]:
        """The tasks that somebody has in hand."""

    def work_for(self) -> tuple[frozenset[str], frozenset[str]]:
        """The queues that offer a task, and the users for whom one is meant."""

    @property
    def directory(self) -> Directory: ...


class Filled(NamedTuple):
    """A form as somebody hands it in."""

    outcome: str
    data: Mapping[str, Json]
    reason: str


class Habit(Protocol):
    """How a step is worked. tries: how often it is filled in at most before it goes up the line."""

    @property
    def tries(self) -> int: ...
    def lasts(self, chance: random.Random) -> timedelta:
        """How much working time it takes this time."""

    def fill_in(self, process: Process, spec: Human, view: Mapping[str, Json], chance: random.Random) -> Filled:
        """The form, filled in. view: what expressions read of the case, with `now`."""


class Reply(Protocol):
    """What customers do about a message that a case waits for: in how many of 100 cases, after how long, with what."""

    @property
    def chance(self) -> int: ...
    @property
    def after(self) -> tuple[timedelta, timedelta]: ...
    def payload(self, view: Mapping[str, Json], chance: random.Random) -> Mapping[str, Json]: ...


@dataclass(frozen=True, slots=True)
class StepHabit:
    """By rules, tried in order, each with weights of outcomes; what no expression fills gets something plausible."""

    minutes: tuple[int, int] = (5, 30)
    rules: tuple[tuple[Expression | None, Mapping[str, int]], ...] = ()
    fill: Mapping[str, Expression] = field(default_factory=dict)
    tries: int = 1

    def lasts(self, chance: random.Random) -> timedelta:
        return timedelta(minutes=chance.randint(*self.minutes))

    def fill_in(self, process: Process, spec: Human, view: Mapping[str, Json], chance: random.Random) -> Filled:
        view = {"dice": chance.randrange(100), **view}
        now = datetime.fromisoformat(view["now"])
        data: dict[str, Json] = {}
        for path in spec.form:
            name = ".".join(path)
            value = (
                self.fill[name].json(view)
                if name in self.fill
                else plausible(process.names[path[0]], view.get(path[0]), chance, now)
            )
            if value is not None:
                data[name] = value
        outcome = self._outcome(spec, {**view, **data}, chance)
        return Filled(outcome, data, reason_for(spec, outcome))

    def _outcome(self, spec: Human, view: Mapping[str, Json], chance: random.Random) -> str:
        if not spec.outcomes:
            return ""
        for when, weights in self.rules:
            if when is None or when.test(view):
                return chance.choices(list(weights), list(weights.values()))[0]
        return next(iter(spec.outcomes))


@dataclass(frozen=True, slots=True)
class RuledReply:
    """By expressions."""

    chance: int
    after: tuple[timedelta, timedelta]
    fields: Mapping[str, Expression]

    def payload(self, view: Mapping[str, Json], chance: random.Random) -> Mapping[str, Json]:
        view = {**view, "dice": chance.randrange(100)}
        return {name: value.json(view) for name, value in self.fields.items()}


def reason_for(spec: Human, outcome: str, given: str = "") -> str:
    """A reason where the outcome asks for one."""
    return given or ("按流程办理" if outcome and spec.outcomes[outcome].reason else "")


@dataclass(frozen=True, slots=True)
class Habits:
    steps: Mapping[tuple[str, str], Habit]
    replies: Mapping[tuple[str, str], Reply]


def habits(written: Mapping[str, Any], processes: Mapping[str, Process]) -> Habits:
    """From the YAML. Raises ExpressionError or ValueError naming what is wrong."""
    steps: dict[tuple[str, str], Habit] = {}
    replies: dict[tuple[str, str], Reply] = {}
    for name, part in written.items():
        process = processes[name]
        known = {**process.names, "dice": INT, "owner": TEXT, "number": TEXT}

        def x(source: Any, known: Mapping[str, Type] = known) -> Expression:
            return compile_expression(str(source), known)

        for step, habit in part.get("steps", {}).items():
            if step not in process.nodes:
                raise ValueError(f"staffing: {name} has no step {step}")
            rules = tuple(
                (x(rule["when"]) if "when" in rule else None, rule["outcomes"]) for rule in habit.get("rules", ())
            )
            low, high = habit.get("minutes", (5, 30))
            fill = {path: x(source) for path, source in habit.get("fill", {}).items()}
            steps[name, step] = StepHabit((low, high), rules, fill)
        for message, reply in part.get("replies", {}).items():
            low, high = (parse_duration(text).span for text in reply["after"])
            payload = {key: x(source) for key, source in reply.get("payload", {}).items()}
            replies[name, message] = RuledReply(reply["chance"], (low, high), payload)
    return Habits(steps, replies)


@dataclass(order=True)
class _Moment:
    at: datetime
    order: int
    run: Callable[[], None] = field(compare=False)


class Simulation:
    """One run of a floor. `arrivals`: (moment, what reports the case), in any order.

    `leaving`: from when on some people take one more task each, which they do not finish, and the others none: that
    work is left for those who come after. `hours`: the calendars of people who do not work by the common one.
    `streams`: where chance comes from, by what it is asked for (a case's number and step, say), so that two runs
    may have the same luck with the same work; left out: one stream for all, from the seed.
    """

    def __init__(
        self,
        floor: Floor,
        calendar: Calendar,
        habits: Habits,
        staff: Sequence[str],
        arrivals: Sequence[tuple[datetime, Callable[[], None]]],
        until: datetime,
        seed: int = 7,
        progress: Callable[[datetime], None] = lambda at: None,
        leaving: datetime | None = None,
        hours: Mapping[str, Calendar] | None = None,
        streams: Callable[[str], random.Random] | None = None,
    ) -> None:
        self.floor = floor
        self.calendar = calendar
        self.habits = habits
        self.until = until
        self.leaving = leaving or until
        self.hours = hours or {}
        common = random.Random(seed)
        self.chance = streams or (lambda purpose: common)
        self.begun = floor.now()
        self.busy: dict[str, timedelta] = {}
        """Working time that each has worked."""
        self.progress = progress
        self.staff = list(staff)
        self.idle = set(staff)
        self.done = 0
        self.refused: dict[str, int] = {}
        self._seen = 0
        self._count = 0
        self._agenda: list[_Moment] = []
        for at, run in arrivals:
            self._at(at, run)

    def run(self) -> None:
        """Runs to the end of the time; answers when the clock stands there."""
        for task in self.floor.held():  # in hand when a run that was cut off is taken up again
            if task.holder in self.staff:
                self._work_on(task.holder, task, self.floor.now())
        look = self.floor.now()
        while True:
            due = self.floor.next_due()
            agenda = self._agenda[0].at if self._agenda else self.until
            late = max(due, self.floor.now() + timedelta(minutes=5)) if due is not None else self.until
            at = max(self.floor.now(), min(agenda, late, look, self.until))
            self.floor.set_time(at)
            while self._agenda and self._agenda[0].at <= at:
                heapq.heappop(self._agenda).run()
            self.floor.sweep()
            self._customers()
            self._people(at)
            self.progress(at)
            if at >= self.until:
                return
            if at >= look:
                look = at + LOOK if self._working(at) else self._opens(at)

    # --- people -----------------------------------------------------------------------------------

    def _working(self, at: datetime) -> bool:
        return bool(self.calendar.between(at, at + timedelta(minutes=1), "wh"))

    def _there(self, user: str, at: datetime) -> bool:
        """Whether somebody who has hours of their own works now."""
        own = self.hours.get(user)
        return own is None or bool(own.between(at, at + timedelta(minutes=1), "wh"))

    def _opens(self, at: datetime) -> datetime:
        """When the next working hour begins."""
        return self.calendar.advance(at, timedelta(microseconds=1), "wh").at

    def _people(self, at: datetime) -> None:
        if not self.idle or not self._working(at):
            return
        queues, meant = self.floor.work_for()
        here = self.staff if at < self.leaving else self.staff[::STAY]
        for user in [u for u in here if u in self.idle]:
            if not self._there(user, at):
                continue
            if user not in meant and not queues & frozenset(self.floor.directory.serving(user)):
                continue
            task = self.floor.take_next(user)
            if task is not None:
                self._work_on(user, task, at)

    def _work_on(self, user: str, task: Listed, at: datetime) -> None:
        self.idle.discard(user)
        if at >= self.leaving:
            return  # they have it in hand
        habit = self.habits.steps.get((task.process, task.step), StepHabit())
        chance = self.chance(f"{task.number} {task.step}")
        length = habit.lasts(chance)
        ready = self.hours.get(user, self.calendar).advance(at, length, "wh").at
        self._at(ready, lambda: self._finish(user, task, habit, length, chance))

    def _finish(self, user: str, task: Listed, habit: Habit, length: timedelta, chance: random.Random) -> None:
        self.idle.add(user)
        self.busy[user] = self.busy.get(user, timedelta()) + length
        process = self.floor.process(task.case)
        spec = process.nodes[task.step].spec
        assert isinstance(spec, Human)
        view = {**self.floor.names_of(task.case), "now": to_json(self.floor.now())}
        for left in reversed(range(habit.tries)):
            outcome, data, reason = habit.fill_in(process, spec, view, chance)
            answer = self.floor.ask(task.case, CompleteTask(task.task, outcome, dict(data), reason), user)
            if isinstance(answer, Accepted):
                self.done += 1
                return
            if left and getattr(answer, "code", "") in OTHERWISE:
                continue
            key = f"{task.process}.{task.step}: {getattr(answer, 'code', 'failed')}"
            self.refused[key] = self.refused.get(key, 0) + 1
            self._hand_up(user, task)
            return

    def _hand_up(self, user: str, task: Listed) -> None:
        """What one may not decide goes up the line; what has gone elsewhere meanwhile is no longer one's affair."""
        manager = self.floor.directory.manager(user)
        if manager is not None:
            self.floor.ask(task.case, TransferTask(task.task, user=manager, reason="超出权限，请上级办理"), user)

    # --- customers --------------------------------------------------------------------------------

    def _customers(self) -> None:
        """Plans an answer to every message that a case has begun to wait for."""
        for case, process, message, key, since in self.floor.waiting(self._seen):
            self._seen = max(self._seen, since)
            reply = self.habits.replies.get((process, message))
            chance = self.chance(f"{key} {message}")
            if reply is None or chance.randrange(100) >= reply.chance:
                continue
            low, high = reply.after
            at = self.floor.now() + low + (high - low) * chance.random()
            self._count += 1
            name = f"reply-{self._count}"
            self._at(at, lambda c=case, m=message, k=key, r=reply, n=name, x=chance: self._send(c, m, k, r, n, x))  # type: ignore[misc]  # bound now

    def _send(self, case: str, message: str, key: str, reply: Reply, id: str, chance: random.Random) -> None:
        view = {**self.floor.names_of(case), "now": to_json(self.floor.now())}
        self.floor.send(message, key, reply.payload(view, chance), id)

    def _at(self, at: datetime, run: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._agenda, _Moment(at, self._count, run))


def plausible(kind: Type, given: Json, chance: random.Random, now: datetime) -> Json:
    """Something a person might fill in for a field of this type; what is there already stays.

    A file is left out: nobody has one at hand."""
    if given is not None or kind.attachment:
        return given
    if kind.enum:
        return chance.choice([v for v in kind.enum if v is not None])
    if kind.kind == "list":
        item = plausible(kind.item or TEXT, None, chance, now)
        return [item]
    return next(_guesses(kind, chance, now), None)


def _guesses(kind: Type, chance: random.Random, now: datetime) -> Iterator[Json]:
    if kind.kind == "bool":
        yield True
    elif kind.kind == "int":
        yield chance.randint(1, 5)
    elif kind.kind == "decimal":
        yield Decimal(chance.randint(10, 900)) * 10
    elif kind.kind == "date":
        yield now.date().isoformat()
    elif kind.kind == "datetime":
        yield to_json(now)
    elif kind.kind == "text":
        yield chance.choice(("情况属实，已核对。", "经核实，材料与事实相符。", "已与客户沟通，详见记录。"))
