"""Messages from other programs: what a bank, a portal or another system says to whichever case waits for it."""

import hashlib
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from engine.runtime.clock import new_id
from web.api import ANSWERS, Key, exact
from web.deps import Caller
from web.once import Once
from web.problems import refused

router = APIRouter(prefix="/api", responses=ANSWERS, route_class=Once)

_STATE = "SELECT state FROM messages WHERE id = ?"


class Said(BaseModel):
    """name: a message of the house. key: what the case waits for it under, mostly its number. data: what it carries."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=80)
    key: str = Field(min_length=1, max_length=200)
    data: dict[str, Any] = {}


class TakenIn(BaseModel):
    """state: `pending` until a case gets it, `delivered`, or `undelivered` when its time is over."""

    id: str
    name: str
    key: str
    state: str


@router.post("/messages", status_code=202)
def send_message(desk: Caller, given: Said, key: Key = "") -> TakenIn:
    """Takes in a message, in the caller's name; a worker gives it to the case that waits for it, or starts one. The
    same under one `Idempotency-Key` is taken in once."""
    told = hashlib.sha256(f"message\0{desk.user}\0{key}".encode()).hexdigest()[:32] if key else new_id(desk.now)
    wrong = desk.caseway.receive(told, given.name, given.key, exact(given.data), desk.user)
    if wrong is not None:
        raise refused(desk, wrong)
    (state,) = desk.caseway.connection.one(_STATE, (told,)) or ("pending",)
    return TakenIn(id=told, name=given.name, key=given.key, state=state)
