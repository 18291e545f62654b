"""The next task: the best that a user may take, claimed at once.

Candidates come in the order of service from one query; each is claimed by a command that may be refused
(somebody was faster, four eyes, authority), and then the next is tried. So two who ask at once never get the
same task, and nobody gets what is not for them. Who has as much in hand as they may gets only what is meant for
them already.
"""

from collections.abc import Callable

from engine.core.commands import Command, Refusal
from engine.runtime.answers import Accepted, Answer, Failed
from engine.runtime.database import Connection
from organisation.directory import Directory
from tasks.commands import ClaimTask
from tasks.queries import After, Listed, candidates

PAGE = 20
"""Candidates read at a time."""
TRIES = 200
"""How many candidates are tried before the user is told that there is nothing."""


def claim_next(
    connection: Connection,
    directory: Directory,
    user: str,
    ask: Callable[[str, Command], Answer],
    queues: tuple[str, ...] = (),
    tries: int = TRIES,
) -> Listed | Failed | Refusal | None:
    """The task that the user now holds; None when there is none for them; Failed when claiming failed; the refusal
    when there is one for which they have no room.

    `ask` submits a command for a case in the user's name. `queues` narrows to some of the user's queues.
    """
    serving = directory.serving(user)
    names = [name for name in serving if name in queues] if queues else list(serving)
    after: After | None = None
    full: Refusal | None = None
    while tries > 0:
        page = candidates(connection, user, names, after, min(PAGE, tries))
        for listed in page:
            if full is not None and listed.assignee != user:
                continue
            answer = ask(listed.case, ClaimTask(listed.task))
            if isinstance(answer, Accepted):
                return listed
            if isinstance(answer, Failed):
                return answer
            if answer.code == "full":
                full = answer
        tries -= len(page)
        if len(page) < PAGE:
            return full
        after = page[-1].after
    return full
