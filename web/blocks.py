"""The open ad-hoc blocks of a case, for its page and the API: what may be begun in each, and whether it is finished by
hand. Who may is `tasks.steering`'s."""

from pydantic import BaseModel

from web.casework import why_closed
from web.kin import title
from web.opened import Opened
from workbench.adhoc import AdHocBlock, adhoc_blocks


class Beginnable(BaseModel):
    """A step that may be begun. standing: how many times it is open by now."""

    step: str
    title: str
    standing: int


class Block(BaseModel):
    """An open ad-hoc block. token: by which it is named. why: why the reader may begin nothing in it, "" if they may.
    by_hand: it has no condition, somebody finishes it. why_open: why it cannot be finished now, "" if it can."""

    token: int
    step: str
    title: str
    steps: list[Beginnable]
    why: str
    by_hand: bool
    why_open: str


def blocks(opened: Opened) -> list[Block]:
    """All of them: a case has few."""
    return [_block(opened, one) for one in adhoc_blocks(opened.process, opened.state.flow)]


def _block(opened: Opened, one: AdHocBlock) -> Block:
    busy = opened.desk.say("adhoc.busy") if one.standing else ""
    return Block(
        token=one.token, step=one.step, title=title(opened, one.step),
        steps=[
            Beginnable(step=step, title=title(opened, step), standing=one.standing.count(step)) for step in one.steps
        ],
        why=why_closed(opened, "begin"), by_hand=one.by_hand,
        why_open=(why_closed(opened, "finish") or busy) if one.by_hand else opened.desk.say("adhoc.until"),
    )  # fmt: skip
