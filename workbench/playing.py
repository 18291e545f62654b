"""A case that is played: what the steps of a scenario do, one by one, on the real engine with virtual time.

Theory of operation. Commands go through the real runner, so what is played holds for cases too. After every step, and
at every moment at which something falls due, timers, messages, calls and jobs are worked off; worker functions answer
what was said before, or are really called.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bootstrap import Caseway
from engine.core.commands import (
    BY_ENGINE,
    Command,
    CompleteTask,
    CorrectData,
    DeliverSignal,
    FinishBlock,
    Refusal,
    ReopenCase,
    ResumeCase,
    StartCase,
    StartStep,
    SuspendCase,
)
from engine.core.durations import parse_duration
from engine.language.document import Place
from engine.runtime import messages
from engine.runtime.answers import Accepted, Answer
from engine.runtime.clock import VirtualClock
from engine.runtime.tables import moment
from papers.model import CUSTOMER
from tasks.lifecycle import SYSTEM
from tasks.registry import BusinessError, Job, Registered
from workbench.adhoc import AdHocBlock, adhoc_blocks
from workbench.expectations import Look, expect
from workbench.faults import Fault
from workbench.handing_in import DOES, hand_in
from workbench.scenario_file import WEB
from workbench.story import state_of

ROUNDS = 1000
_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
NEXT_DUE = """SELECT min(due) FROM (
    SELECT min(due) AS due FROM timers UNION ALL SELECT min(due) FROM inbox
    UNION ALL SELECT min(due) FROM messages WHERE due IS NOT NULL UNION ALL SELECT min(due) FROM jobs
) AS waiting"""
"""The next moment at which anything falls due in an installation; one row, NULL if nothing does."""


class Wrong(Exception):
    """It cannot go on: the text says why."""


def moment_of(text: Any) -> datetime:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        raise Wrong(f"expected a moment such as 2026-03-02T09:00+08:00, not {text!r}") from None
    if at.tzinfo is None:
        raise Wrong(f"{text}: expected an offset from UTC, such as +08:00")
    return at.astimezone(UTC)


class Play:
    """One scenario being played."""

    def __init__(
        self, caseway: Caseway, clock: VirtualClock, written: Mapping[str, Any], problems: list[Fault]
    ) -> None:
        self.caseway = caseway
        self.clock = clock
        self.written = written
        self.problems = problems  # each a Fault, with its place in what is written
        self.case = ""
        self.answers: dict[str, list[Any]] = {}
        self.turned_away: set[str] = set()
        """The steps at which somebody was refused, as the scenario says; "" for the case itself."""
        self.refusal: Refusal | None = None
        """The latest that nobody had expected."""
        self._count = 0
        self._say(written.get("services", {}))
        caseway.sweeper.periodic = False
        registry = caseway.registry
        registry.workers = {name: _Played(found, self) for name, found in registry.workers.items()}  # type: ignore[misc]  # serves like one

    def run(self) -> None:
        """Plays what is written, to its end or to the first problem. Raises Wrong."""
        start = self.written.get("start", {})
        self.begin(start)
        if not self.case:
            if start.get("refused") and (self.written.get("steps") or self.written.get("expect")):
                raise Wrong("the start was refused, as it should be: there is no case for what comes after it")
            return
        for index, step in enumerate(self.written.get("steps", ()), 1):
            if found := self.step(step):
                told = f"step {index} ({next(iter(step))}): "
                self.problems += [Fault(told + text, "steps", index - 1, *text.place) for text in found]
                return
        self.problems += self.step({"expect": self.written.get("expect", {})})
        if not {"incidents"} & set(self.written.get("expect", {})):
            self.problems += [Fault(f"an open incident: {i.text}") for i in self._state().flow.incidents.values()]

    def begin(self, start: Mapping[str, Any]) -> None:
        """Starts the case, after those beside it, and does what is due at once."""
        for place, other in enumerate(self.written.get("beside", ())):
            named = f"start of {other['process']}"
            if self._answered(named, self._started(other["process"], other), None, above=("beside", place)):
                self._settle()
        answer = self._started(self.written["process"], start)
        if self._answered("start", answer, start.get("refused"), above=("start",)):
            assert isinstance(answer, Accepted)
            self.case = answer.case
            self._settle()

    def _started(self, process: str, start: Mapping[str, Any]) -> Answer:
        by = start.get("by", SYSTEM)
        channel, actor = (by, SYSTEM) if by in BY_ENGINE else (WEB, CUSTOMER) if by == WEB else ("staff", by)
        return self.caseway.start(StartCase(process, dict(start.get("data", {})), by=channel), actor)

    def step(self, step: Mapping[str, Any]) -> list[Fault]:
        """Does one step (`{complete: {...}}`), and what falls due by it; the problems that it had."""
        ((what, given),) = step.items()
        before, mine = len(self.problems), self.case
        try:
            if isinstance(given, Mapping) and "in" in given:
                self.case = self._numbered(given["in"])
                given = {word: value for word, value in given.items() if word != "in"}
            _DOES[what](self, given)
        except Wrong as wrong:
            self.problems.append(Fault(str(wrong)))
        self.case = mine
        found, self.problems[before:] = self.problems[before:], []
        return [fault.within(what) for fault in found]

    def _numbered(self, number: str) -> str:
        """The case of that number. Raises Wrong."""
        found = self.caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))
        if found is None:
            raise Wrong(f"there is no case {number}")
        return str(found[0])

    # --- what steps do ----------------------------------------------------------------------------

    def _complete(self, given: Mapping[str, Any]) -> None:
        state, _ = state_of(self.caseway, self.case)
        tasks = [n for n, t in state.flow.tokens.items() if t.at == given["step"]]
        if not tasks:
            places = ", ".join(Look(self.caseway, self.case).open())
            raise Wrong(f"{given['step']} is not open; the case is at {places or 'its end'}")
        command = CompleteTask(
            tasks[0], given.get("outcome", ""), dict(given.get("data", {})), str(given.get("reason", ""))
        )
        self._ask(command, given.get("by", SYSTEM), given.get("refused"), given["step"])

    def _papers(self, given: Mapping[str, Any]) -> None:
        """Customers upload, staff note, hand back and do without; each paper is a command of its own."""
        actor, refused, reason = given.get("by", CUSTOMER), given.get("refused"), str(given.get("reason", ""))
        for what, names in given.items():
            for name in names if what in ("upload", *DOES) else ():
                answer = (
                    hand_in(self.caseway, self.case, name) if what == "upload"
                    else self.caseway.ask(self.case, DOES[what](name, reason), actor)
                )  # fmt: skip
                if self._answered(f"{what} {name}", answer, refused):
                    self._settle()

    def _message(self, given: Mapping[str, Any]) -> None:
        self._count += 1
        key = _PLACE.sub(self._named, str(given.get("key", "{number}")))
        id, name, payload = f"message-{self._count}", given["name"], dict(given.get("payload", {}))
        sender = given.get("by", CUSTOMER)
        if sender == SYSTEM:  # as another case's process sends it
            refused = messages.receive(self.caseway.runner, id, name, key, payload, SYSTEM, self.clock.now())
        else:
            refused = self.caseway.receive(id, name, key, payload, sender)
        code = "" if refused is None else refused.code
        if code != given.get("refused", ""):
            self.refusal = refused
            told = f"was to be refused ({given.get('refused')}), but was accepted"
            text = told if refused is None else f"refused ({code}): {refused.text}"
            self.problems.append(Fault(text, "refused" if refused is None else "payload"))
        self._settle()

    def _signal(self, given: Mapping[str, Any]) -> None:
        """What another case would signal reaches this one."""
        key = _PLACE.sub(self._named, str(given.get("key", "")))
        self._ask(DeliverSignal(given["name"], key), SYSTEM, None)

    def _named(self, place: re.Match[str]) -> str:
        """What the case calls by the name in a key: its number, or text in its data. Raises Wrong."""
        flow = self._state().flow
        found = {**flow.data, "number": flow.number}.get(place[1])
        if not isinstance(found, str):
            raise Wrong(f"the key says {place[0]}, and the case has no such text")
        return found

    def _wait(self, given: Any) -> None:
        now = self.clock.now()
        until = moment_of(given["until"]) if isinstance(given, dict) else now + span_of(given)
        for _ in range(100_000):
            due = self._due()
            if due is None or due > until:
                break
            self.clock.set(max(due, self.clock.now()))
            self._settle()
        self.clock.set(until)
        self._settle()

    def _say(self, given: Mapping[str, Any]) -> None:
        for name, answer in given.items():
            self.answers[name] = list(answer) if isinstance(answer, list) else [answer]

    def _suspend(self, given: Any) -> None:
        self._ask(SuspendCase(str(given)), SYSTEM, None)

    def _resume(self, given: Any) -> None:
        self._ask(ResumeCase(str(given)), SYSTEM, None)

    def _correct(self, given: Mapping[str, Any]) -> None:
        reason, actor = str(given.get("reason", "corrected")), given.get("by", SYSTEM)
        self._ask(CorrectData(dict(given["data"]), reason), actor, given.get("refused"))

    def _begin(self, given: Mapping[str, Any]) -> None:
        """Begins the step in the first open ad-hoc block that has it."""
        found = next((one.token for one in self._blocks() if given["step"] in one.steps), None)
        if found is None:
            raise Wrong(f"no ad-hoc block that has {given['step']} is open")
        self._ask(StartStep(found, given["step"]), given.get("by", SYSTEM), given.get("refused"), given["step"])

    def _finish(self, given: Mapping[str, Any]) -> None:
        found = next((one.token for one in self._blocks() if given["block"] == one.step), None)
        if found is None:
            raise Wrong(f"the ad-hoc block {given['block']} is not open")
        self._ask(FinishBlock(found), given.get("by", SYSTEM), given.get("refused"), given["block"])

    def _blocks(self) -> list[AdHocBlock]:
        state, process = state_of(self.caseway, self.case)
        return adhoc_blocks(process, state.flow)

    def _reopen(self, given: Mapping[str, Any]) -> None:
        reason, actor = str(given.get("reason", "reopened")), given.get("by", SYSTEM)
        self._ask(ReopenCase(reason, given.get("step", "")), actor, given.get("refused"))

    def _ask(self, command: Command, actor: str, refused: str | None, step: str = "") -> None:
        if self._answered("", self.caseway.ask(self.case, command, actor), refused, step):
            self._settle()

    def _answered(self, what: str, answer: Answer, refused: str | None, step: str = "", above: Place = ()) -> bool:
        """Whether it was accepted, as it should be; otherwise a problem, unless the refusal was expected. `above`:
        where that stands which asked."""
        named = f"{what} " if what else ""
        if isinstance(answer, Accepted):
            if refused:
                self.problems.append(
                    Fault(f"{named}was to be refused ({refused}), but was accepted", *above, "refused")
                )
            return True
        code = answer.code if isinstance(answer, Refusal) else "failed"
        if code != refused:
            self.refusal = answer if isinstance(answer, Refusal) else None
            fields = getattr(answer, "fields", {})
            more = "".join(f"; {name}: {text.get('en', text)}" for name, text in fields.items() if name)
            place = ("data", *next(iter(fields), "").split(".")) if fields else (_ABOUT.get(code, "by"),)
            self.problems.append(Fault(f"{named}refused ({code}): {answer.text}{more}", *above, *place))
        else:
            self.turned_away.add(step)
        return False

    def _settle(self) -> None:
        """Works off what is due now, and what comes due by it."""
        for _ in range(ROUNDS):
            due = self._due()
            if due is None or due > self.clock.now():
                return
            self.caseway.sweep()
            self.caseway.work()
        raise Wrong("something keeps coming due at the same moment")

    def _due(self) -> datetime | None:
        found = self.caseway.connection.one(NEXT_DUE)[0]
        return None if found is None else moment(found)

    # --- what must be so --------------------------------------------------------------------------

    def _state(self) -> Any:
        return state_of(self.caseway, self.case)[0]

    def _expect(self, given: Mapping[str, Any]) -> None:
        self.problems += expect(self.caseway, self.case, given)


_ABOUT = {"outcome": "outcome", "reason": "reason", "unknown": "step"}
"""Which word of a step a refusal is about, by its code; of the others it is who asks."""
_DOES = {
    "complete": Play._complete,
    "message": Play._message,
    "signal": Play._signal,
    "papers": Play._papers,
    "wait": Play._wait,
    "services": Play._say,
    "suspend": Play._suspend,
    "resume": Play._resume,
    "correct": Play._correct,
    "begin": Play._begin,
    "finish": Play._finish,
    "reopen": Play._reopen,
    "expect": Play._expect,
}


class _Played:
    """A worker function that answers what the scenario says, or does its real work."""

    def __init__(self, real: Registered, play: Play) -> None:
        self._real = real
        self._play = play

    def serve(self, job: Job) -> Any:
        answers = self._play.answers.get(self._real.name)
        if answers is None:
            return self._real.serve(job)
        answer = answers[0] if len(answers) == 1 else answers.pop(0)
        if isinstance(answer, dict) and set(answer) == {"error"}:
            raise BusinessError(answer["error"])
        return answer


def span_of(text: Any) -> timedelta:
    """A stretch of elapsed time; a day is 24 hours here. Raises Wrong."""
    try:
        duration = parse_duration(text)
        return timedelta(days=int(duration.amount)) if duration.unit == "d" else duration.span
    except (ValueError, KeyError):
        raise Wrong(f"wait: expected minutes, hours or days such as 90min, 4h, 2d, not {text!r}") from None
