"""What people and programs ask: forms and JSON become commands, answers become words.

Theory of operation. Every action on a task is one row of `ACTS`: what it takes, and the command it becomes. The
page shows what `tasks.rules` opens; the core decides. A command's id comes from the form or the Idempotency-Key,
so that what is sent twice is done once. Where the caller says which revision of the case they have seen, the
command and the check share one transaction: of two who saw the same, one comes too late.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from msgspec import structs

from bootstrap import MACHINE
from engine.core import commands as core
from engine.core.commands import Command, refusal
from engine.core.model import Process
from engine.runtime.answers import Accepted, Answer
from engine.runtime.batch import Step
from engine.runtime.errors import Collision
from engine.runtime.history import read
from tasks import commands as work
from tasks.events import TaskClaimed
from tasks.ground import Look
from tasks.next import Given, claim_next
from tasks.queries import Listed, one
from web.desk import Desk
from web.problems import Problem, refused


@dataclass(frozen=True, slots=True)
class Act:
    """takes: the fields that a form asks for. said: what the page says afterwards. needs: what must be given."""

    make: Callable[[int, Mapping[str, Any]], Command]
    takes: tuple[str, ...] = ()
    said: str = ""
    needs: tuple[str, ...] = ()


ACTS: Mapping[str, Act] = {
    "claim": Act(lambda task, given: work.ClaimTask(task), said="claimed"),
    "release": Act(lambda task, given: work.ReleaseTask(task, given["reason"]), ("reason",), "released"),
    "transfer": Act(
        lambda task, given: work.TransferTask(task, given["queue"], given["user"], given["reason"]),
        ("queue", "user", "reason"), "transferred",
    ),
    "delegate": Act(
        lambda task, given: work.DelegateTask(task, given["user"], given["reason"]), ("user", "reason"), "delegated",
        ("user",),
    ),
    "return": Act(lambda task, given: work.ReturnTask(task, given["reason"]), ("reason",), "returned"),
    "follow_up": Act(
        lambda task, given: work.ParkTask(task, given["until"], given["reason"]), ("until", "reason"), "parked",
        ("until",),
    ),
    "take_up": Act(lambda task, given: work.TakeUpTask(task), said="claimed"),
    "ask_review": Act(
        lambda task, given: work.AskReview(task, given["user"], given["question"]), ("user", "question"), "asked",
        ("user",),
    ),
    "answer": Act(
        lambda task, given: work.AnswerReview(task, given["answer"], given["agrees"]), ("answer", "agrees"), "answered"
    ),
    "withdraw": Act(lambda task, given: work.WithdrawReview(task), said="claimed"),
    "skip": Act(lambda task, given: core.SkipTask(task, given["reason"]), ("reason",), "skipped"),
    "suspend": Act(lambda task, given: work.SuspendTask(task, given["reason"]), ("reason",), "suspended_task"),
    "resume": Act(lambda task, given: work.ResumeTask(task, given["reason"]), ("reason",), "resumed_task"),
    "priority": Act(
        lambda task, given: work.SetPriority(task, given["priority"], given["reason"]), ("priority", "reason"),
        "ranked", ("priority",),
    ),
    "start": Act(lambda task, given: work.StartTask(task), said="begun"),
    "vote": Act(
        lambda task, given: work.VoteTask(task, given["outcome"], given["reason"]), ("outcome", "reason"), "voted",
        ("outcome",),
    ),
    "draft": Act(
        lambda task, given: work.SaveDraft(task, given["data"], given["outcome"], given["reason"]),
        ("data", "outcome", "reason"), "saved",
    ),
    "complete": Act(
        lambda task, given: core.CompleteTask(task, given["outcome"], given["data"], given["reason"]),
        ("outcome", "data", "reason"), "completed",
    ),
}  # fmt: skip
"""Actions on a task by their name in the lifecycle table."""

NOTHING: Mapping[str, Any] = {
    "reason": "", "queue": "", "user": "", "question": "", "answer": "", "agrees": False, "priority": None,
    "outcome": "", "data": {}, "until": None,
}  # fmt: skip


def act(desk: Desk, case: str, task: int, action: str, given: Mapping[str, Any], **how: Any) -> Accepted:
    """Does something with a task. Raises Problem, in the user's language, when it is not done."""
    asked = {**NOTHING, **{k: v for k, v in given.items() if v is not None}}
    missing = {name: desk.say(f"field.{name}.needed") for name in ACTS[action].needs if asked[name] in ("", None)}
    if missing:
        raise Problem(422, "form", " ".join(missing.values()), missing)
    answer = submit(desk, case, ACTS[action].make(task, asked), **how)
    if isinstance(answer, Accepted):
        return answer
    raise refused(desk, answer, _process(desk, case))


def ask(desk: Desk, case: str, command: Command, **how: Any) -> Accepted:
    """Asks it of a case. Raises Problem when it is not done."""
    answer = submit(desk, case, command, **how)
    if isinstance(answer, Accepted):
        return answer
    raise refused(desk, answer, _process(desk, case))


def submit(desk: Desk, case: str, command: Command, *, id: str = "", revision: int | None = None) -> Answer:
    """The answer to a command, once it is durable.

    id: what is sent again under the same one is not done again. revision: of the case as the caller has seen
    it; a case that has moved on refuses the command with the code `stale`.
    """
    command_id = _ident(desk, id)
    ask = partial(desk.caseway.ask, case, command, desk.user, ground=desk.ground, id=command_id)
    if revision is None:
        return ask()
    seen = revision

    def unmoved(answer: Answer) -> Iterable[Step]:
        """Takes the command back if the case was not where the caller saw it: the runner then tries again, in
        vain, and says that it is busy."""
        if isinstance(answer, Accepted) and not answer.repeated and answer.revision != seen + 1:
            raise Collision("the case has moved on")
        return ()

    if _revision(desk, case) != seen and not done_before(desk, case, id):
        return STALE
    answer = ask(also=unmoved)
    return STALE if getattr(answer, "code", "") == "busy" and _revision(desk, case) != seen else answer


STALE = refusal("stale", "您查看后案件已有变化，请重新查看", "the case has changed since you looked at it: look again")


def _revision(desk: Desk, case: str) -> int | None:
    row = desk.caseway.connection.one("SELECT revision FROM cases WHERE id = ?", (case,))
    return row[0] if row else None


def done_before(desk: Desk, case: str, id: str) -> bool:
    """Whether the user's command under this id has been done in the case: a form that is sent twice."""
    sql = "SELECT 1 FROM given_ids WHERE id = ? AND case_id = ?"
    return bool(id) and desk.caseway.connection.one(sql, (_ident(desk, id), case)) is not None


def _ident(desk: Desk, id: str) -> str:
    """The id of a command, from what its sender calls it."""
    return hashlib.sha256(f"{desk.user}\0{id}".encode()).hexdigest()[:32] if id else ""


def take_next(desk: Desk, queues: tuple[str, ...] = (), id: str = "") -> Listed | None:
    """Claims the best task there is for the user; None when there is none. What is asked again under the same id gets
    the same task. Raises Problem when claiming failed."""
    caseway, own = desk.caseway, f"next\0{id}" if id else ""
    before = _taken(desk, own) if own else None
    if before is not None:
        return before
    try:
        found = claim_next(
            caseway.connection, caseway.directory, desk.user,
            lambda case, command: submit(desk, case, command, id=own), caseway.clock.now(), queues,
        )  # fmt: skip
    except Given:  # the same, sent twice at once, and by different servers
        return _taken(desk, own)
    if found is None or isinstance(found, Listed):
        return found
    raise refused(desk, found)


def _taken(desk: Desk, id: str) -> Listed | None:
    """The task that was claimed under this id."""
    caseway = desk.caseway
    given = caseway.connection.one("SELECT case_id, seq FROM given_ids WHERE id = ?", (_ident(desk, id),))
    for row in read(caseway.database, caseway.vault, given[0]) if given else ():
        if row.seq == given[1]:
            for event in MACHINE.decode_events(row.events):
                if isinstance(event, TaskClaimed):
                    return one(caseway.connection, given[0], event.token)
    return None


def _process(desk: Desk, case: str) -> Process | None:
    """What the case runs on, for the titles of its steps."""
    row = desk.caseway.connection.one("SELECT process, version FROM cases WHERE id = ?", (case,))
    return desk.caseway.definitions.process(row[0], row[1]) if row else None


def look(desk: Desk, case: str, process: Process, state: Any, key: bytes | None) -> Look:
    """A case as questions about it see it; secrets open for them."""
    sealer = desk.caseway.vault.cipher(case, key).sealer if process.secrets and key is not None else None
    return Look(process, state, structs.replace(desk.caseway.env(), now=desk.now, sealer=sealer))


def until(text: str, desk: Desk) -> datetime | None:
    """A moment that a form gives in the organisation's zone; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
        return utc(found if found.tzinfo is not None else found.replace(tzinfo=desk.zone))
    except ValueError:
        return None


def utc(moment: datetime) -> datetime:
    """The moment in UTC. Raises ValueError for one that no calendar has there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"there is no {moment}") from error
