"""The audit of openings that were refused: who would have read what, kept beside the refused commands (R3).

Who is turned away and tries again is kept once an hour for each case, so that a page with several parts, or one that is
reloaded, makes one row.
"""

from datetime import timedelta

from engine.core.commands import Command, Request, refusal
from engine.runtime.clock import new_id
from engine.runtime.tables import micros
from web.desk import Desk

ONCE = timedelta(hours=1)
KNOWN = "SELECT 1 FROM refusals WHERE case_id = ? AND at > ? AND actor = ? AND command = ? AND code = ?"


class OpenCase(Command, frozen=True):
    """Reading a case: no command that changes anything, but what the audit calls it."""


TOLD = {
    "masked": ("不在其可阅范围内", "not theirs to read"),
    "restricted": ("案件受限，不在其可阅范围内", "restricted, and not theirs to read"),
}
SECRET = ("保密内容不向其开放", "what is secret is not opened to them")


def note(desk: Desk, case: str, code: str) -> None:
    """Keeps that the user was refused a case, or a part of it. code: masked, restricted, secret."""
    name, since = OpenCase.__name__, micros(desk.now - ONCE)
    if desk.caseway.connection.one(KNOWN, (case, since, desk.user, name, code)) is None:
        asked = Request(new_id(desk.now), case, OpenCase(), desk.user, desk.now, desk.ground)
        zh, en = TOLD.get(code, SECRET)
        desk.caseway.runner.note_refused(asked, refusal(code, zh, en))
