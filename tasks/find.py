"""Cases in lists: by their words, process and status, newest first. The same text on SQLite and PostgreSQL.

Theory of operation. A list is read along an index in the order in which it is shown, and a page begins after a place
in it. Without words, each process and status is read along `ix_cases_process_status_started_at` as far as the page
may need, and merged; all of them together along `ix_cases_started_at`.

With words there are two ways. A word that few cases have leads: its cases (along `ix_case_words_word`, or
`uq_cases_number` for the business number) are held against the other words, then sorted. Where even the rarest word
is common, sorting all that have it would take long; then the newest cases are walked and each is held against the
words (along the primary key of `case_words`), which finds a page soon because they are common. A walk ends after
`WALK` cases: the page may then be short, and says where to go on. One for the beginning of numbers starts with the
newest of them.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from engine.runtime.database import Connection
from tasks.search import Term

RARE = 1_000
"""A word of so many cases at most leads."""
DIGITS = 3
"""Digits from which on they may be what is counted in a number: 000123 finds LP-2026-000123."""
WALK = 3_000
"""Cases that are held against common words, a page."""

STATUSES = ("open", "suspended", "ended")
_WORDED = "SELECT case_id AS id, started_at FROM case_words WHERE word >= ? AND word < ?"
_WATCHED = "SELECT case_id AS id, started_at FROM case_watchers WHERE user_id = ?"
_OF_NUMBER = "SELECT id, started_at FROM cases WHERE number >= ? AND number < ?"
LAST = "\U0010ffff"
"""Stands behind everything that begins with what is before it."""

COLUMNS = 'c.id, c.number, c.process, c.status, c."end", c.owner, c.search, c.started_at, c.ended_at'
_ORDER = "ORDER BY started_at DESC, id DESC LIMIT ?"


class Found(NamedTuple):
    """A case as lists show it. Moments are microseconds since 1970 UTC."""

    case: str
    number: str | None
    process: str
    status: str
    end: str
    owner: str | None
    about: str | None
    started_at: int
    ended_at: int | None

    @property
    def place(self) -> "Place":
        return Place(self.started_at, self.case)

    def by_number(self, terms: Collection[Term]) -> bool:
        """Whether all that was looked for begins the case's number, or what is counted in it."""
        number = (self.number or "").casefold()
        counted = number.rpartition("-")[2]
        return all(
            number.startswith(term.text) or (_may_count(term) and counted.startswith(term.text)) for term in terms
        )


class Place(NamedTuple):
    """A place in the order of the list, newest first."""

    started_at: int
    case: str


class Page(NamedTuple):
    """`next`: where the next page begins; None where there is none. `walked`: that is where a walk ended, wherever it
    found something."""

    cases: list[Found]
    next: Place | None
    walked: bool = False


Part = tuple[str, list[Any]]


def cases(
    connection: Connection, terms: Sequence[Term] = (), processes: Collection[str] = (), status: str = "",
    after: Place | None = None, limit: int = 25, known: Collection[str] = (),
) -> Page:  # fmt: skip
    """A page of the cases in which each term begins a word or the number.

    processes: only of these; none: of all. status: only these; "": of any. known: all processes there are.
    """
    if not terms:
        ids, given = _newest(processes, status, after, limit + 1, known)
        return _page(connection, ids, given, limit)
    asked = [ask(connection, term) for term in terms]
    rarest = min(asked, key=lambda one: one.cases)
    if rarest.cases <= RARE:
        return _rare(connection, rarest, asked, processes, status, after, limit)
    after = after or _newest_numbered(connection, rarest)
    return _walk(connection, asked, processes, status, after, limit, known)


def watched(
    connection: Connection, user: str, terms: Sequence[Term] = (), processes: Collection[str] = (), status: str = "",
    after: Place | None = None, limit: int = 25,
) -> Page:  # fmt: skip
    """A page of the cases that the user watches, along `ix_case_watchers_user_id`; of those, like `cases`."""
    where, given = conditions(ask(connection, term) for term in terms)
    if processes or status:
        own, values = _of_these(processes, status)
        where.append(f"EXISTS (SELECT 1 FROM cases f WHERE f.id = led.id AND {own})")
        given += values
    if after is not None:
        where.append("(started_at, id) < (?, ?)")
        given += after
    held = f" WHERE {' AND '.join(where)}" if where else ""
    ids = f"SELECT id, started_at FROM ({_WATCHED}) AS led{held} {_ORDER}"
    return _page(connection, ids, [user, *given, limit + 1], limit)


def _may_count(term: Term) -> bool:
    return term.text.isdecimal() and len(term.text) >= DIGITS


def _numbered(connection: Connection, term: Term) -> list[str]:
    """How numbers may begin that a term means: with it; where it is digits, also with it in place of what is counted,
    in each series and year. Only of series that count last, after a dash, so that a number alone tells it."""
    lows = [term.text.upper(), term.text]
    if _may_count(term):
        for series, year in connection.all("SELECT series, year FROM counters"):
            head, _, tail = series.partition("{seq")
            if head.endswith("-") and tail.endswith("}") and "{site}" not in head and "}" not in tail[:-1]:
                lows.append(head.format(year=year) + term.text)
    return list(dict.fromkeys(lows))


class Asked(NamedTuple):
    """A term, how many cases have it (counted a little further than `RARE`), how many of them by a word, the rarest of
    its words, and how the numbers begin that begin with it."""

    cases: int
    worded: int
    word: str
    words: tuple[str, ...]
    numbers: tuple[str, ...]


def ask(connection: Connection, term: Term) -> Asked:
    """How a term is best looked for."""
    counts = {low: _count(connection, _OF_NUMBER, low) for low in _numbered(connection, term)}
    count, word = min((_count(connection, _WORDED, word), word) for word in term.words)
    numbers = tuple(low for low, numbered in counts.items() if numbered)
    return Asked(count + sum(counts.values()), count, word, term.words, numbers)


def _newest_numbered(connection: Connection, asked: Asked) -> Place | None:
    """Where a walk may begin for cases that only their number has: numbers are given in the order of starting."""
    if asked.worded or not asked.numbers:
        return None
    sql = "SELECT started_at FROM cases WHERE number >= ? AND number < ? ORDER BY number DESC LIMIT 1"
    newest = max(connection.one(sql, (low, low + LAST))[0] for low in asked.numbers)
    return Place(newest, LAST)


def _count(connection: Connection, ids: str, low: str) -> int:
    return int(connection.one(f"SELECT count(*) FROM ({ids} LIMIT ?) AS counted", (low, low + LAST, RARE + 1))[0])


def _rare(
    connection: Connection, lead: Asked, asked: Sequence[Asked], processes: Collection[str], status: str,
    after: Place | None, limit: int,
) -> Page:  # fmt: skip
    ids, given = led(lead)
    where, more = conditions(one for one in asked if one is not lead or len(one.words) > 1)
    if processes or status:
        own, values = _of_these(processes, status)
        where.append(f"EXISTS (SELECT 1 FROM cases f WHERE f.id = led.id AND {own})")
        more += values
    if after is not None:
        where.append("(started_at, id) < (?, ?)")
        more += after
    held = f" WHERE {' AND '.join(where)}" if where else ""
    ids = f"SELECT id, started_at FROM ({ids}) AS led{held} {_ORDER}"
    return _page(connection, ids, [*given, *more, limit + 1], limit)


def led(lead: Asked) -> Part:
    """The cases that have a rare word or number."""
    parts, given = [_WORDED, *(_OF_NUMBER for _ in lead.numbers)], [lead.word, lead.word + LAST]
    for low in lead.numbers:
        given += [low, low + LAST]
    return " UNION ".join(parts), list[Any](given)


def _walk(
    connection: Connection, asked: Sequence[Asked], processes: Collection[str], status: str, after: Place | None,
    limit: int, known: Collection[str],
) -> Page:  # fmt: skip
    walked, given = _newest(processes, status, after, WALK, known)
    where, more = conditions(asked)
    ids = f"SELECT id, started_at FROM ({walked}) AS led WHERE {' AND '.join(where)} {_ORDER}"
    found = _page(connection, ids, [*given, *more, limit + 1], limit)
    if found.next is not None:
        return found
    sql = f"SELECT count(*) OVER (), started_at, id FROM ({walked}) AS walked ORDER BY started_at, id LIMIT 1"
    last = connection.one(sql, given)
    far = last is not None and last[0] == WALK
    return Page(found.cases, Place(*last[1:]) if far else None, far)


def _page(connection: Connection, ids: str, given: Sequence[Any], limit: int) -> Page:
    """The cases of these ids, of which there may be one more than the page has room for."""
    order = "ORDER BY page.started_at DESC, page.id DESC"
    sql = f"SELECT {COLUMNS} FROM ({ids}) AS page JOIN cases c ON c.id = page.id {order}"
    found = [Found._make(row) for row in connection.all(sql, given)]
    return Page(found[:limit], found[limit - 1].place if len(found) > limit else None)


def _newest(processes: Collection[str], status: str, after: Place | None, limit: int, known: Collection[str]) -> Part:
    """Ids of the newest cases, with their moments, as a query and its parameters; in no order."""
    place, beyond = ("", []) if after is None else (" AND (started_at, id) < (?, ?)", list(after))
    if not processes and not status:
        sql = f"SELECT id, started_at FROM cases WHERE 1 = 1{place} {_ORDER}"
        return f"SELECT * FROM ({sql}) AS newest", [*beyond, limit]
    parts, given = [], list[Any]()
    for process in processes or known:
        for one in (status,) if status else STATUSES:
            sql = f"SELECT id, started_at FROM cases WHERE process = ? AND status = ?{place} {_ORDER}"
            parts.append(f"SELECT * FROM ({sql}) AS part")
            given += [process, one, *beyond, limit]
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS parts {_ORDER}", [*given, limit]


def conditions(asked: Iterable[Asked], case: str = "led.id") -> tuple[list[str], list[Any]]:
    """What holds of a case, given the expression for its id: words first, which are nearer than the case itself."""
    where, given = list[str](), list[Any]()
    for one in asked:
        own = f"EXISTS (SELECT 1 FROM case_words w WHERE w.case_id = {case} AND w.word >= ? AND w.word < ?)"
        ways = [" AND ".join(own for _ in one.words)]
        for word in one.words:
            given += [word, word + LAST]
        if one.numbers:  # one look at the case's number, however many series there are
            ranges = " OR ".join("n.number >= ? AND n.number < ?" for _ in one.numbers)
            ways.append(f"EXISTS (SELECT 1 FROM cases n WHERE n.id = {case} AND ({ranges}))")
            given += [limit for low in one.numbers for limit in (low, low + LAST)]
        where.append(f"({' OR '.join(ways)})")
    return where, given


def _of_these(processes: Collection[str], status: str) -> tuple[str, list[Any]]:
    """What holds of a case `f`."""
    where, given = list[str](), list[Any]()
    if processes:
        where.append(f"f.process IN ({', '.join('?' * len(processes))})")
        given += processes
    if status:
        where.append("f.status = ?")
        given.append(status)
    return " AND ".join(where), given
