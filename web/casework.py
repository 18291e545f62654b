"""What is done with a case as a whole, on pages and in the API: each action with what it takes and the command it is.

Who may is `tasks.steering`'s, what comes of it the flow's. Here a number that somebody typed becomes a case, and what
cannot be done is told in the reader's language.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bootstrap import MACHINE
from engine.core import commands as core
from engine.core.commands import Command, Refusal
from engine.runtime.answers import Accepted
from tasks import related
from tasks.commands import SetOwner
from tasks.reasons import Reason
from tasks.steering import STEERING, closed
from web.commands import ask
from web.opened import Opened
from web.problems import STATUS, Problem, refused
from web.steps import called, message, notice
from workbench.foresight import Foresight, Teller, foresee

Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """takes: what is asked for. said: what the page says afterwards. reasoned: a reason must be given."""

    make: Callable[[Opened, Given], Command]
    takes: tuple[str, ...]
    said: str
    reasoned: bool = True


def _naming(action: str) -> Callable[[Opened, Given], Command]:
    """The command about another case, which is named by its number. Raises Problem."""

    def make(opened: Opened, given: Given) -> Command:
        desk = opened.desk
        found = related.naming(
            desk.caseway.connection, action, opened.case, given["other"], given["reason"], given["kind"]
        )
        if isinstance(found, Reason):
            raise Problem(STATUS.get(found.code, 409), found.code, desk.told(found.text))
        return found

    return make


ACTS: Mapping[str, Act] = {
    "suspend": Act(lambda case, given: core.SuspendCase(given["reason"]), ("reason",), "suspended"),
    "resume": Act(lambda case, given: core.ResumeCase(given["reason"]), ("reason",), "resumed", False),
    "cancel": Act(lambda case, given: core.CancelCase(given["reason"]), ("reason",), "cancelled"),
    "owner": Act(lambda case, given: SetOwner(given["user"], given["reason"]), ("user", "reason"), "owned"),
    "correct": Act(
        lambda case, given: core.CorrectData(given["changes"], given["reason"]), ("changes", "reason"), "corrected"
    ),
    "move": Act(
        lambda case, given: core.ProposeMove(given["token"], given["target"], given["reason"]),
        ("token", "target", "reason"), "move_proposed",
    ),
    "approve_move": Act(
        lambda case, given: core.ApproveMove(given["proposal"]), ("proposal",), "move_approved", False
    ),
    "withdraw_move": Act(
        lambda case, given: core.WithdrawMove(given["proposal"], given["reason"]), ("proposal", "reason"),
        "move_withdrawn", False,
    ),
    "reopen": Act(
        lambda case, given: core.ReopenCase(given["reason"], given["step"]), ("step", "reason"), "reopened"
    ),
    "link": Act(_naming("link"), ("other", "kind", "reason"), "linked", False),
    "unlink": Act(_naming("unlink"), ("other", "reason"), "unlinked"),
    "merge": Act(_naming("merge"), ("other", "reason"), "merged"),
    "hold": Act(lambda case, given: core.HoldCase(given["reason"]), ("reason",), "held"),
    "lift_hold": Act(
        lambda case, given: core.LiftHold(given["hold"], given["reason"]), ("hold", "reason"), "hold_lifted"
    ),
    "begin": Act(
        lambda case, given: core.StartStep(given["token"], given["step"]), ("token", "step"), "begun_step", False
    ),
    "finish": Act(lambda case, given: core.FinishBlock(given["token"]), ("token",), "finished_block", False),
}  # fmt: skip
"""Actions on a case by their name in `tasks.steering.STEERING`."""

NOTHING: Given = {
    "reason": "", "user": "", "changes": {}, "token": 0, "target": "", "proposal": 0, "step": "", "other": "",
    "kind": "related", "hold": 0,
}  # fmt: skip


def why_closed(opened: Opened, action: str) -> str:
    """Why the user may not do this with the case, in their language; "" if they may."""
    why = closed(opened.look, opened.desk.user, action)
    return "" if why is None else opened.desk.plain(opened.desk.told(why.text), opened.process)


def actions(opened: Opened) -> dict[str, str]:
    """Every action, with why it is closed to the user, "" where it is open."""
    return {action: why_closed(opened, action) for action in STEERING}


def steer(opened: Opened, action: str, given: Given, **how: Any) -> Accepted:
    """Does it. Raises Problem, in the user's language, when it is not done."""
    act, desk = ACTS[action], opened.desk
    asked = {**NOTHING, **{name: value for name, value in given.items() if value is not None}}
    asked["reason"] = asked["reason"].strip()
    if act.reasoned and not asked["reason"]:
        raise Problem(422, "reason", desk.say("reason_needed"), {"reason": desk.say("reason_needed")})
    return ask(desk, opened.case, act.make(opened, asked), **how)


def preview(opened: Opened, token: int, target: str, reason: str = "preview") -> Foresight:
    """What a move would take away and start. Raises Problem if it cannot be."""
    return _foresight(opened, core.MoveToken(token, target, reason))


def preview_reopening(opened: Opened, step: str) -> Foresight:
    """What reopening the case there would start. Raises Problem if it cannot be."""
    return _foresight(opened, core.ReopenCase("preview", step))


def preview_merge(opened: Opened, other: str) -> Foresight:
    """What merging the case into the one of that number would take away. Raises Problem if it cannot be."""
    return _foresight(opened, ACTS["merge"].make(opened, {**NOTHING, "other": other, "reason": "preview"}))


def _foresight(opened: Opened, command: Command) -> Foresight:
    desk = opened.desk
    events = foresee(MACHINE, opened.process, opened.state, command, opened.case, opened.look.env)
    if isinstance(events, Refusal):
        raise refused(desk, events, opened.process)
    names = {
        "step": lambda step: called(desk, opened.process, step), "queue": desk.queue, "person": desk.person,
        "process": desk.process, "message": lambda name: message(desk, name),
        "template": lambda name: notice(desk, opened.process, name),
    }  # fmt: skip
    return Teller(opened.process, opened.state, desk.language, desk.zone, names).tell(events)
