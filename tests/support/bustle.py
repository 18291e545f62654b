"""Random days at the branch: what people, customers and the clock ask of it, right and wrong.

A `Bustle` asks one thing at a time, of cases that it finds in the database, so that several of them, in threads
or in processes, meet on the same cases. It may be asked to judge strictly: then nobody else may be about, and a
refusal must have left everything as it was.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Any, NamedTuple

from bootstrap import MACHINE, Caseway
from engine.core import commands as c
from engine.core.commands import Command, Refusal
from engine.runtime.answers import Accepted, Answer, Failed
from engine.runtime.clock import VirtualClock, new_id
from sla.events import ExtendClock
from tasks import commands as t
from tasks.next import claim_next

CLERKS = ("chen", "li", "wang", "sun")
PEOPLE = (*CLERKS, "gu", "ann", "wu", "nobody")
POLICIES = ("P-AUTO-2026-0001", "no such policy", None)
REASONS = ("", "because", "原因")
TABLES = (
    "cases", "history", "tasks", "timers", "waits", "jobs", "incidents", "clocks", "inbox", "outbox", "messages",
    "deliveries", "counters",
)  # fmt: skip


CLOSED = ("completed", "cancelled", "skipped")
AWAY = ("parked", "review", "suspended")
_HELD = ("start", "draft", "draft", "release", "move", "give", "delegate", "park", "ask", "suspend", "skip", "comment")
USUAL: Mapping[str, tuple[str, ...]] = {
    "open": ("claim", "claim", "claim", "move", "give", "suspend", "skip", "priority"),
    "claimed": _HELD,
    "started": _HELD,
    "delegated": ("draft", "return", "return", "release", "give"),
    "parked": ("take_up", "take_up", "release", "move"),
    "review": ("answer", "answer", "withdraw", "release"),
    "suspended": ("resume", "resume", "resume", "give"),
}
"""What is done with a task in each state."""


class Found(NamedTuple):
    case: str
    number: int
    step: str
    queue: str
    holder: str
    status: str


class Asked(NamedTuple):
    """A command with all that it takes to ask it again."""

    id: str
    case: str
    command: Command
    actor: str


class Book:
    """What has been asked and answered, by all who share it. Who keeps books elsewhere is told at once: what is
    about to be asked, each answer, each message taken in."""

    def __init__(
        self,
        asking: Callable[[Asked], None] = lambda asked: None,
        note: Callable[[Asked, Answer], None] = lambda asked, answer: None,
        received: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.asking = asking
        self.received = received
        self._note = note
        self._lock = threading.Lock()
        self.answers: dict[str, tuple[Asked, Answer]] = {}
        self.order: list[str] = []  # ids, as answered
        self.cases: list[str] = []
        self.numbers: list[str] = []

    def note(self, asked: Asked, answer: Answer) -> None:
        with self._lock:
            known = asked.id in self.answers
            if not known or not isinstance(self.answers[asked.id][1], Accepted):
                self.answers[asked.id] = (asked, answer)
            if not known:
                self.order.append(asked.id)
            if isinstance(answer, Accepted) and answer.revision == 1 and not answer.repeated:
                self.cases.append(answer.case)
                self.numbers.append(answer.number)
        self._note(asked, answer)

    def some(self, random: Random, least: int = 0) -> Any:
        """A case's id, one of the newer ones as a rule."""
        cases = self.cases
        return cases[-min(len(cases), int(random.expovariate(1 / 30)) + 1)] if len(cases) > least else None


class Bustle:
    """One who asks. strict: nobody else is about, so that what a refusal leaves behind can be looked at."""

    def __init__(self, app: Caseway, random: Random, book: Book, *, strict: bool = False) -> None:
        self.app = app
        self.random = random
        self.book = book
        self.strict = strict
        self.reading = app.database.connect()
        self.told: dict[str, int] = {}  # kind of answer -> how often

    def close(self) -> None:
        self.reading.close()

    def step(self) -> None:
        """Asks something."""
        action = self.random.choices(*_WEIGHED)[0]
        action(self)

    # --- asking -----------------------------------------------------------------------------------

    def ask(self, case: str, command: Command, actor: str, ident: str = "") -> Answer:
        asked = Asked(ident or new_id(self.app.clock.now()), case, command, actor)
        self.book.asking(asked)
        before = self._all(case) if self.strict else None
        answer = self.app.ask(case, command, actor, ground="test", id=asked.id)
        self.count(answer)
        assert not isinstance(answer, Failed), (asked, answer)
        if self.strict and (isinstance(answer, Refusal) or answer.repeated):
            assert self._all(case) == before, f"{asked} was refused with {answer}, and yet something changed"
        self.book.note(asked, answer)
        return answer

    def count(self, answer: Answer) -> None:
        kind = answer.code if isinstance(answer, Refusal) else type(answer).__name__
        self.told[kind] = self.told.get(kind, 0) + 1

    def _all(self, case: str) -> Any:
        """All that a command on the case might have changed, refusals aside."""
        sizes = [self.reading.one(f"SELECT count(*) FROM {table}")[0] for table in TABLES]
        row = self.reading.one("SELECT * FROM cases WHERE id = ?", (case,))
        tasks = self.reading.all("SELECT * FROM tasks WHERE case_id = ? ORDER BY id", (case,))
        counters = self.reading.all("SELECT * FROM counters ORDER BY series, year")
        return sizes, row and tuple(row), [tuple(task) for task in tasks], [tuple(one) for one in counters]

    def pick(self, *values: Any) -> Any:
        return self.random.choice(values)

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def task(self) -> Found | None:
        """A task of some case, one that is not closed as a rule."""
        for _ in range(6):
            case = self.book.some(self.random)
            rows = self.reading.all("SELECT id, step, queue, holder, status FROM tasks WHERE case_id = ?", (case,))
            live = [row for row in rows if row[4] not in CLOSED]
            found = rows if self.chance(0.03) else live
            if found:
                return Found(case, *self.random.choice(found))
        return None

    def person(self, queue: str, holder: str = "") -> str:
        """Somebody who may, as a rule."""
        if self.chance(0.1):
            return str(self.random.choice(PEOPLE))
        if holder and self.chance(0.9):
            return holder
        return str(self.random.choice({"counter": CLERKS, "seniors": ("sun", "gu", "wang")}.get(queue, PEOPLE)))

    # --- data -------------------------------------------------------------------------------------

    def order(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "who": self.pick("张三", "Li Si", 'O\'Neil "x"', f"客户 {self.random.randrange(100)}"),
            "kind": self.pick("plain", "plain", "double", "list"),
            "identity": self.pick("110101199001011234", None),
            "policy": self.random.choice(POLICIES),
            "loss_date": self.pick("2026-02-20", "2026-02-20", None),
            "amount": self.pick("12.50", "900.00", 3000, "49999.99", None),
            "papers": self.pick(["id", "receipt"], ["one"], []),
            "due_on": self.pick(None, None, None, (self.app.clock.now() - timedelta(hours=2)).isoformat()),
        }
        data = {name: value for name, value in data.items() if value is not None}
        return self.spoilt(data) if self.chance(0.1) else data

    def spoilt(self, data: dict[str, Any]) -> dict[str, Any]:
        name = self.pick("who", "kind", "amount", "papers", "unheard_of", "due_on", "note")
        wrong = self.pick(1.5, float("nan"), -1, "x" * 5000, {"a": [1]}, [], "1e400", True, "\x00", "2026-13-45")
        return {**data, name: wrong}

    def form(self, step: str) -> dict[str, Any]:
        forms: Mapping[str, dict[str, Any]] = {
            "check": {"amount": self.pick("10.00", "2000.00", "70.5"), "score": self.random.randrange(101)},
            "left": {"note": self.pick("links", "左")},
            "right": {"other_note": "rechts"},
            "read": {"about": self.random.choice(self.book.numbers)},
        }
        found = dict(forms.get(step, {}))
        return self.spoilt(found) if self.chance(0.08) else found

    # --- what people do ---------------------------------------------------------------------------

    def start(self) -> None:
        case = new_id(self.app.clock.now())
        process = self.pick("order", "order", "order", "order", "letter", "visit", "nothing")
        data = self.order() if process == "order" else {"who": "Li Si"} if process != "nothing" else {}
        self.ask(case, c.StartCase(process, data), self.pick(*CLERKS), case)

    def complete(self) -> None:
        found = self.task()
        if found is None:
            return self.start()
        case, number, step, queue, holder, status = found
        if status in AWAY and self.chance(0.9):  # laid aside, asked about, stopped: taken up first
            return self.handle(found)
        outcomes = {
            "check": ("ok", "ok", "ok", "ask", "refuse"), "approve": ("approve", "approve", "back"),
            "go": ("met", "met", "away"), "read": ("forward", "file"),
        }  # fmt: skip
        outcome = self.pick(*outcomes.get(step, ("",))) if self.chance(0.97) else "ko"
        command = c.CompleteTask(number, outcome, self.form(step), self.random.choice(REASONS))
        self.ask(case, command, self.person(queue, holder))

    def work_on(self) -> None:
        """Anything else that people do with a task."""
        found = self.task()
        if found is None:
            return
        self.handle(found)

    def handle(self, found: Found) -> None:
        """What the life of a task allows in its state, or, now and then, what only another would."""
        case, number, _, queue, holder, status = found
        actions = self.acts(number)
        usual = USUAL.get(status, tuple(actions))
        name = self.pick(*usual) if self.chance(0.85) else self.pick(*actions)
        actor = self.person(queue, "" if name == "claim" else holder or "sun")
        if name == "answer" and self.chance(0.9):
            actor = self.reviewer(case, number) or actor
        answer = self.ask(case, actions[name], actor)
        if name == "claim" and isinstance(answer, Accepted) and self.chance(0.6):  # and does something with it
            self.handle(found._replace(holder=actor, status="claimed"))

    def reviewer(self, case: str, number: int) -> str:
        """Who has been asked about a task."""
        (state,) = self.reading.one("SELECT state FROM cases WHERE id = ?", (case,))
        task = MACHINE.decode(state).work.tasks.get(number)
        return str(task.reviewer) if task is not None else ""

    def acts(self, number: int) -> Mapping[str, Command]:
        """Everything that people do with a task beside completing it."""
        now = self.app.clock.now()
        return {
            "claim": t.ClaimTask(number),
            "release": t.ReleaseTask(number, self.random.choice(REASONS)),
            "move": t.TransferTask(number, queue=self.pick("seniors", "counter", "no_queue"), reason="busy"),
            "give": t.TransferTask(number, user=self.random.choice(PEOPLE), reason="busy"),
            "draft": t.SaveDraft(number, self.pick({"note": "half"}, {}, {"strange": 1})),
            "priority": t.SetPriority(number, self.pick(0, 50, 100, 500), "urgent"),
            "start": t.StartTask(number),
            "delegate": t.DelegateTask(number, self.random.choice(PEOPLE), "busy"),
            "return": t.ReturnTask(number, self.random.choice(REASONS)),
            "park": t.ParkTask(number, now + timedelta(minutes=self.pick(-5, 5, 40, 600)), "later"),
            "take_up": t.TakeUpTask(number),
            "ask": t.AskReview(number, self.random.choice(PEOPLE), "is that right?"),
            "answer": t.AnswerReview(number, "it is", self.chance(0.7)),
            "withdraw": t.WithdrawReview(number),
            "suspend": t.SuspendTask(number, "a letter is awaited"),
            "resume": t.ResumeTask(number),
            "skip": c.SkipTask(number, self.pick("", "not needed")),
            "comment": t.Comment("noted", number),
        }

    def next_task(self) -> None:
        user = self.pick("chen", "li", "wang", "sun", "gu", "wu")
        claim_next(
            self.reading,
            self.app.directory,
            user,
            lambda case, command: self.ask(case, command, user),
            self.app.clock.now(),
        )

    def manage(self) -> None:
        case = self.book.some(self.random)
        if case is None:
            return
        if self.chance(0.15):
            return self.answer_cancelled(case)
        command = self.pick(
            c.SuspendCase("court"), c.ResumeCase(), c.ResumeCase(), c.ResumeCase(),
            t.SetOwner(self.random.choice(PEOPLE), "leave"), ExtendClock("answer", "2h", "the court asks"),
            c.LinkCases(self.book.some(self.random) or "", "related"), c.HoldCase("court"), c.LiftHold(9, "settled"),
            c.ProposeMove(self.random.randrange(1, 9), "check", "again"), c.ApproveMove(self.random.randrange(1, 30)),
        )  # fmt: skip
        self.ask(case, command, self.random.choice(PEOPLE))

    def answer_cancelled(self, case: str) -> None:
        self.ask(case, c.CancelCase("twice"), "sun")

    def mend(self) -> None:
        row = self.reading.one("SELECT case_id, id FROM incidents ORDER BY case_id DESC LIMIT 1")
        if row is not None:
            self.ask(row[0], c.RetryIncident(row[1]), self.pick(*CLERKS, "sun", "gu", "ann"))

    # --- what is wrong, late, or said twice ---------------------------------------------------------

    def stray(self) -> None:
        case = self.book.some(self.random) if self.chance(0.9) else "0" * 32
        number = self.random.randrange(1, 20)
        command = self.pick(
            c.CompleteTask(number), c.FinishJob(number, {"listed": True}), c.FailJob(number, "down"),
            c.FireTimer(self.pick("flow", "clocks", "moon"), number, self.app.clock.now()),
            c.DeliverMessage("reply", "nobody", {"text": "?"}), c.DeliverSignal("storm"), c.StartStep(number, "check"),
            c.FinishCall(number, "0" * 32, "met"), c.AddInstance(number, "more"), c.RetryIncident(number),
            c.StartCase("order", {"who": "x", "kind": "plain"}), c.FinishBlock(number),
        )  # fmt: skip
        if case is not None:
            self.ask(case, command, self.random.choice(PEOPLE))

    def repeat(self) -> None:
        if not self.book.order:
            return
        ident = self.book.order[-min(len(self.book.order), int(self.random.expovariate(1 / 50)) + 1)]
        asked, first = self.book.answers[ident]
        if not isinstance(first, Accepted):
            return
        again = self.ask(asked.case, asked.command, asked.actor, asked.id)
        assert isinstance(again, Accepted) and again.repeated and again.revision == first.revision, (asked, again)
        assert again.events == first.events or first.repeated, (asked, first, again)
        other = self.ask(asked.case, c.SuspendCase(f"instead of {asked.id}"), asked.actor, asked.id)
        assert isinstance(other, Refusal) and other.code == "repeated", (asked, other)

    # --- what comes from outside --------------------------------------------------------------------

    def message(self) -> None:
        key = self.random.choice(self.book.numbers) if self.book.numbers and self.chance(0.9) else "B-1999-1"
        name, payload = self.pick(
            ("reply", {"text": "yes"}), ("reply", {"text": "yes"}), ("reply", {"text": 5}),
            ("asked", {"who": "Li Si", "amount": "7.00"}), ("withdrawn", {"why": "moved"}), ("unheard_of", {}),
        )  # fmt: skip
        if name == "withdrawn" and self.chance(0.7):
            return
        ident = new_id(self.app.clock.now())
        refused = self.app.receive(ident, name, key, payload, "customer")
        assert (refused is None) == (name != "unheard_of" and payload.get("text") != 5), refused
        if refused is None:
            self.book.received(ident)
        if refused is None and self.chance(0.3):
            assert self.app.receive(ident, name, key, payload, "customer") is None
            twice = self.app.receive(ident, name, "another", payload, "customer")
            assert isinstance(twice, Refusal) and twice.code == "repeated"

    def pass_time(self) -> None:
        """Only for one who is alone with a virtual clock."""
        if self.strict and isinstance(self.app.clock, VirtualClock):
            minutes = self.pick(0, 1, 7, 30, 90)
            self.app.clock.advance(timedelta(minutes=minutes, seconds=self.random.randrange(60)))
            self.tend()

    def tend(self) -> None:
        """What the machine does by itself: all that is due, jobs included."""
        self.app.sweep()
        self.app.work()


_ACTIONS: Mapping[Callable[[Bustle], None], int] = {
    Bustle.start: 14,
    Bustle.complete: 34,
    Bustle.work_on: 18,
    Bustle.next_task: 4,
    Bustle.manage: 4,
    Bustle.mend: 3,
    Bustle.stray: 6,
    Bustle.repeat: 6,
    Bustle.message: 6,
    Bustle.pass_time: 7,
}
_WEIGHED = (list(_ACTIONS), list(_ACTIONS.values()))
