"""What a user may start, and the form of a process's start."""

import hashlib
from typing import Any

from pydantic import BaseModel

from engine.core.commands import StartCase
from engine.core.model import Process
from engine.runtime.answers import Accepted
from engine.runtime.clock import new_id
from web.desk import Desk
from web.forms import Field, fields
from web.problems import Problem, refused
from web.roles import by_hand, may_start


class Startable(BaseModel):
    """A process that the user may start, with the fields that its start asks for."""

    process: str
    title: str
    help: str
    version: str
    fields: list[Field]


def start_of(desk: Desk, name: str) -> tuple[Process, Startable]:
    """The process of that name and its start. Raises Problem if there is none, or the user may not start it."""
    process = desk.caseway.definitions.process(name)
    if process is None or not by_hand(process):
        raise Problem(404, "process")
    if not may_start(desk, process):
        raise Problem(403, "start", desk.say("start.closed", who=who_starts(desk, process)))
    return process, Startable(
        process=name, title=desk.process(name), help=desk.told(process.parts.get("help")), version=process.version,
        fields=fields(desk, process, process.start.form),
    )  # fmt: skip


def case_of(desk: Desk, key: str) -> str:
    """The id of the case that is started under this key of the user's; without one, of a new case."""
    return hashlib.sha256(f"{desk.user}\0{key}".encode()).hexdigest()[:32] if key else new_id(desk.now)


def begin(desk: Desk, name: str, data: dict[str, Any], key: str = "") -> Accepted:
    """Starts a case; what is sent again under the same key starts no second one. Raises Problem."""
    id = case_of(desk, key)
    answer = desk.caseway.start(StartCase(name, data), desk.user, ground=desk.ground, id=id)
    if isinstance(answer, Accepted):
        return answer
    raise refused(desk, answer)


def who_starts(desk: Desk, process: Process) -> str:
    """Who may start it, in words."""
    told = [desk.say(f"start.by.{one}") for one in process.start.by if one in ("staff", "web")]
    return ", ".join([*told, *(desk.role(one[5:]) for one in process.start.by if one.startswith("role."))])
