"""Notices as the pages and the API show them: what goes to whom, what has not arrived, and how one wants to be told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.core.model import Process
from engine.language.problems import DefinitionError
from notices.channels import Channels
from notices.dispatches import Dispatch, Dispatches, count, listed, told
from notices.preferences import Preference, preference, save
from web import show
from web.desk import Desk
from web.paging import after_of, place
from web.problems import Problem
from web.reading import named
from web.steps import notice

PAGE = 50
_CASES = "SELECT id, process, version FROM cases WHERE id IN ({})"


class DispatchLine(BaseModel):
    """A notice on one way to one recipient. `due`: the next try; of a finished one, when it is removed. `channel`: ""
    where there is no way to the recipient. `error`: why it has not arrived."""

    id: str
    number: str
    notice: str
    notice_title: str
    recipient: str
    recipient_name: str
    channel: str
    channel_title: str
    urgent: bool
    created: datetime
    state: Literal["pending", "sent", "dead"]
    attempts: int
    due: datetime | None
    tried_at: datetime | None
    error: str


class DispatchList(BaseModel):
    notices: list[DispatchLine]
    next: str | None


class Wishes(BaseModel):
    """How somebody wants to be told. What is empty the house decides."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"channels": ["mail"], "language": "zh", "digest": "16:30", "hours": "08:00-20:00"}]
        },
    )

    channels: list[str] = Field(default=[], max_length=50, description="By these, of those that `available` names.")
    language: str = Field(default="", max_length=10, description="A language of the house.")
    digest: str = Field(default="", max_length=5, description="A time of day, as 16:30: one message a day.")
    hours: str = Field(default="", max_length=11, description="working, any, or hours as 08:00-20:00.")


class OwnWishes(Wishes):
    """`available`: the channels that there are for people."""

    available: list[str]


def channels(desk: Desk) -> Channels | None:
    """The ways out of the house; None where there are none, or where the file cannot be used, as the worker says."""
    try:
        return desk.caseway.channels
    except (DefinitionError, ValueError, OSError):
        return None


def dispatches(desk: Desk, state: str, after: str = "", limit: int = PAGE) -> DispatchList:
    """Dispatches in a state, the newest first. Raises Problem for a place that is none."""
    start = place(after)
    found = listed(desk.caseway.connection, state, start[1] if start is not None else "", limit + 1)
    shown, ways = found[:limit], channels(desk)
    processes = _processes(desk, shown)
    lines = [_line(desk, one, ways, processes.get(one.case)) for one in shown]
    last = shown[-1] if len(found) > limit else None
    return DispatchList(notices=lines, next=after_of((0, last.id)) if last is not None else None)


def undelivered(desk: Desk, most: int) -> int:
    """How many dead letters there are, counted no further than that."""
    return count(desk.caseway.connection, "dead", most)


def again(desk: Desk, id: str) -> bool:
    """Has a dead letter tried again; False where there is none such."""
    return Dispatches(desk.caseway.runner).again(id, desk.now)


def wishes(desk: Desk) -> Preference:
    """How the user wants to be told."""
    return preference(desk.caseway.connection, desk.user)


def own_wishes(desk: Desk) -> OwnWishes:
    found, ways = wishes(desk), channels(desk)
    return OwnWishes(
        channels=list(found.channels), language=found.language, digest=found.digest, hours=found.hours,
        available=list(ways.personal) if ways is not None else [],
    )  # fmt: skip


def wish(desk: Desk, given: Wishes) -> None:
    """Keeps how the user wants to be told. Raises Problem, naming the fields that cannot be."""
    ways = channels(desk)
    chosen = Preference(tuple(dict.fromkeys(given.channels)), given.language, given.digest, given.hours)
    wrong = chosen.misfits(ways.personal if ways is not None else (), desk.house.languages)
    if wrong:
        raise Problem(422, "form", fields={name: desk.say(f"told.{name}.wrong") for name in wrong})
    user, now = desk.user, desk.now
    desk.caseway.runner.write(lambda connection: save(connection, user, chosen, now))


# --- within -----------------------------------------------------------------------------------------


def _processes(desk: Desk, found: list[Dispatch]) -> Mapping[str, Process | None]:
    ids = sorted({one.case for one in found if one.case})
    if not ids:
        return {}
    rows = desk.caseway.connection.all(_CASES.format(", ".join("?" * len(ids))), ids)
    return {id: desk.caseway.definitions.process(process, version) for id, process, version in rows}


def _line(desk: Desk, one: Dispatch, ways: Channels | None, process: Process | None) -> DispatchLine:
    channel: Any = ways.channels.get(one.channel) if ways is not None else None
    return DispatchLine(
        id=one.id, number=one.number, notice=one.template,
        notice_title=notice(desk, process, one.template) if process is not None else show.worded(one.template),
        recipient=one.recipient,
        recipient_name=desk.say("customer") if one.recipient == "customer" else named(desk, one.recipient),
        channel=one.channel, channel_title=desk.told(channel.title, one.channel) if channel else one.channel,
        urgent=one.urgent, created=one.created,
        state=one.state,  # type: ignore[arg-type]  # one of the three, by `Dispatches`
        attempts=one.attempts, due=one.due, tried_at=one.tried_at,
        error=told(one.error, desk.language) if one.error else "",
    )  # fmt: skip
