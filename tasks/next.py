"""The next task: the best that a user may take, claimed at once.

Candidates come in the order of service from one query; each is claimed by a command that may be refused
(somebody was faster, four eyes, authority), and then the next is tried. So two who ask at once never get the
same task, and nobody gets what is not for them. Who has as much in hand as they may gets only what is meant for
them already.

Many who ask at once have read the same best candidates, and would all run after the first, be refused, and then after
the second. So a program keeps in mind which tasks it is giving just now, and has given since somebody has read his
candidates: he passes those by, and comes back to them only when nothing else is left.

A queue may begin with hundreds of tasks that are beyond somebody's authority, or of which they did the step before. So
it is also kept in mind what was refused to whom: as long as case and organisation are as they were, and for an hour at
most, it is passed by unasked. What is kept in mind decides nothing; the claim does.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from weakref import WeakKeyDictionary

from engine.core.commands import Command, Refusal
from engine.runtime.answers import Accepted, Answer, Failed
from engine.runtime.database import Connection
from organisation.directory import Directory
from tasks.commands import ClaimTask
from tasks.queries import After, Listed, candidates

PAGE = 20
"""Candidates read at first; then twice as many each time."""
TRIES = 200
"""How many candidates are asked for before the user is told that there is nothing."""
LARGEST = 320
LOOKED_AT = 5_000
"""How many are read for it, those that are passed by included."""
REMEMBERED = 1_024
"""Tasks that a program keeps in mind, and those refused to one user."""
USERS = 1_024
"""Users of whom it keeps in mind what was refused to them."""
LASTING = frozenset({"authority", "no_amount", "unweighed", "four_eyes", "four_eyes_behalf", "had_part", "unknown_part",
                     "other_branch"})  # fmt: skip
"""Refusals that stand until case or organisation change."""
STANDS = timedelta(hours=1)
"""For as long, at most: authority may begin, and somebody come back, at a moment of its own."""


class _Giving:
    """The tasks that are being given, or were given last, whoever asked. May be used from any thread."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[tuple[str, int], int] = OrderedDict()  # when it was given; 0 while it is
        self._lock = threading.Lock()
        self.given = 0
        """How many were given until now."""

    def take(self, listed: Listed, read: int) -> bool:
        """Whether nobody else is getting it, or has got it since so many were given."""
        key = (listed.case, listed.task)
        with self._lock:
            when = self._tasks.get(key)
            if when is not None and (when == 0 or when > read):
                return False
            self._tasks[key] = 0
            return True

    def done(self, listed: Listed, accepted: bool) -> None:
        """It was given, or it was not."""
        key = (listed.case, listed.task)
        with self._lock:
            self._tasks.pop(key, None)
            if accepted:
                self.given += 1
                self._tasks[key] = self.given
                if len(self._tasks) > REMEMBERED:
                    self._tasks.popitem(last=False)


class Given(Exception):
    """The id under which a task was asked for has been used meanwhile."""


class _Refused(NamedTuple):
    revision: int  # of the case
    until: datetime


class _NotFor:
    """What was refused to whom, as the case stood, in one revision of an organisation. May be used from any thread."""

    def __init__(self) -> None:
        self._users: OrderedDict[str, OrderedDict[tuple[str, int], _Refused]] = OrderedDict()
        self._lock = threading.Lock()

    def knows(self, user: str) -> bool:
        """Whether anything was refused to them."""
        return user in self._users

    def holds(self, user: str, listed: Listed, revision: int | None, now: datetime) -> bool:
        with self._lock:
            theirs = self._users.get(user)
            known = theirs.get((listed.case, listed.task)) if theirs else None
        return known is not None and known.revision == revision and now < known.until

    def note(self, user: str, listed: Listed, revision: int | None, now: datetime) -> None:
        """revision: of the case, as it was read before asking; None if it was not."""
        with self._lock:
            theirs = self._users.setdefault(user, OrderedDict())
            if revision is not None:
                theirs[listed.case, listed.task] = _Refused(revision, now + STANDS)
            if len(theirs) > REMEMBERED:
                theirs.popitem(last=False)
            if len(self._users) > USERS:
                self._users.popitem(last=False)


_GIVING = _Giving()
_NOT_FOR: WeakKeyDictionary[Directory, _NotFor] = WeakKeyDictionary()
"""For each organisation, as long as its revision is the newest."""


def _revisions(connection: Connection, page: Sequence[Listed]) -> Mapping[str, int]:
    """How often the cases of these tasks have changed."""
    found = sorted({listed.case for listed in page})
    sql = f"SELECT id, revision FROM cases WHERE id IN ({', '.join('?' * len(found))})"
    return dict(connection.all(sql, found)) if found else {}


def claim_next(
    connection: Connection,
    directory: Directory,
    user: str,
    ask: Callable[[str, Command], Answer],
    now: datetime,
    queues: tuple[str, ...] = (),
    tries: int = TRIES,
) -> Listed | Failed | Refusal | None:
    """The task that the user now holds; None when there is none for them; Failed when claiming failed; the refusal
    when there is one for which they have no room.

    `ask` submits a command for a case in the user's name. `queues` narrows to some of the user's queues. Raises Given
    where all those commands have one id, and somebody else asked under it at the same moment.
    """
    serving = directory.serving(user)
    names = [name for name in serving if name in queues] if queues else list(serving)
    after: After | None = None
    full: Refusal | None = None
    passed: list[Listed] = []
    not_for = _NOT_FOR.setdefault(directory, _NotFor())
    stand: Mapping[str, int] = {}  # the revisions of the page's cases, once something was refused

    def attempt(listed: Listed) -> Listed | Failed | None:
        nonlocal full, tries
        answer: Answer | None = None
        try:
            answer = ask(listed.case, ClaimTask(listed.task))
        finally:
            _GIVING.done(listed, isinstance(answer, Accepted))
        if isinstance(answer, Accepted):
            return listed
        if isinstance(answer, Failed):
            return answer
        if answer.code == "repeated":  # what is asked for has been given under this id, by another program
            raise Given
        tries -= 1
        if answer.code == "full":
            full = answer
        if answer.code in LASTING:
            not_for.note(user, listed, stand.get(listed.case), now)
        return None

    def fits(listed: Listed) -> bool:
        return full is None or listed.assignee == user

    read, size = 0, PAGE
    while tries > 0 and read < LOOKED_AT:
        given = _GIVING.given
        page = candidates(connection, user, names, after, size)
        stand = {}
        for listed in filter(fits, page):
            if not stand and not_for.knows(user):
                stand = _revisions(connection, page)
            if not_for.holds(user, listed, stand.get(listed.case), now):
                continue
            if not _GIVING.take(listed, given):
                passed.append(listed)
            elif (found := attempt(listed)) is not None:
                return found
            if tries <= 0:
                break
        if len(page) < size:
            break
        read, size, after = read + len(page), min(2 * size, LARGEST), page[-1].after
    return next((found for listed in filter(fits, passed) if (found := attempt(listed)) is not None), full)
