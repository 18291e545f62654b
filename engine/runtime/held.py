"""Cases while a batch works on them: how they are loaded, written, and kept for the next batch.

Theory of operation. Loading and decoding a case costs as much as deciding on it, and who has just started a case
completes its first task next. So the cases of a batch are kept, decoded, once it is committed. They are trusted
only for as long as nobody else has written to the database (`Connection.others`): a write by anyone else, or a
batch that failed, drops them all. And whatever is trusted, an update is still guarded by the revision (R8).
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from engine.runtime.chain import START
from engine.runtime.cipher import CaseCipher
from engine.runtime.clock import FRESH
from engine.runtime.database import Connection
from engine.runtime.history import StoredRow
from engine.runtime.statements import Statements, quoted
from engine.runtime.tables import metadata, micros

OFTEN = ("revision", "seq", "head", "last_at", "state")
SHOWN = ("process", "version", "status", "end", "owner", "search", "ended_at")  # change seldom, partly indexed
FIXED = ("number", "parent", "started_at")
LOADED = ("id", "revision", "seq", "head", "key", "state", *SHOWN)
INSERTED = ("id", "number", "parent", "key", "started_at", *OFTEN, *SHOWN)


Show = Callable[[Any], str | None]
"""A column that components fill from the state."""
MOST_KEPT = 1024
"""Cases that are kept from one batch to the next."""


def nobody(state: Any) -> None:
    """Fills a column that no component fills."""


def fixed(flow: Any) -> tuple[Any, ...]:
    """The columns FIXED, from the flow of a case that has started."""
    return flow.number or None, flow.parent or None, micros(flow.started)


def shown(state: Any, at: int, before: int | None, owner: Show, search: Show) -> tuple[Any, ...]:
    """The columns SHOWN after a command. `at`: its moment; `before`: since when the case had ended, if it had."""
    flow = state.flow
    ended = None if flow.status != "ended" else before or at
    return flow.process, flow.version, flow.status, flow.end, owner(state), search(state), ended


class Held:
    """A case in memory. `loaded` is its revision in the database, 0 for one that is not there yet; `text` the
    state as last written or accepted, None once `state` has moved on; `state` None is to be read from it."""

    __slots__ = (
        "cipher", "fixed", "head", "id", "key", "last_at", "loaded", "moved", "seq", "shown", "state", "stored",
        "text",
    )  # fmt: skip

    def __init__(self, case: str, key: bytes | None) -> None:
        self.id = case
        self.cipher: CaseCipher | None = None  # until the case is opened
        self.key = key  # None: destroyed
        self.moved = False
        self.loaded = self.seq = self.last_at = 0
        self.head = START
        self.state: Any = None
        self.text: bytes | str | None = None
        self.stored: tuple[Any, ...] = ()  # SHOWN, as in the database
        self.shown: tuple[Any, ...] = ()  # SHOWN, as they will be
        self.fixed: tuple[Any, ...] = ()  # number, parent and started_at of a new case


class Cases:
    """Loads and writes the rows of cases, in one dialect."""

    def __init__(self, dialect: str) -> None:
        make, table = Statements(dialect), metadata.tables["cases"]
        load = f"SELECT {', '.join(map(quoted, LOADED))} FROM cases WHERE id"
        if dialect == "postgresql":
            self._one = f"{load} = ? FOR UPDATE"
            self._many = f"{load} = ANY(?) ORDER BY id FOR UPDATE"
            self._list: Callable[[list[str]], Any] = list
        else:
            self._one = f"{load} = ?"
            self._many = f"{load} IN (SELECT value FROM json_each(?))"
            self._list = lambda ids: msgspec.json.encode(ids).decode()
        self._insert = make.insert(table, INSERTED)
        self._update = make.update(table, OFTEN, ("id", "revision"))
        self._update_shown = make.update(table, (*OFTEN, *SHOWN), ("id", "revision"))
        self._history = make.insert(metadata.tables["history"], StoredRow._fields)
        self._given = make.insert(metadata.tables["given_ids"], ("id", "case_id", "seq"))
        self._kept: dict[str, Held] = {}  # the ones used last at the end
        self._others: int | None = None  # what `Connection.others` said of them

    def load(self, connection: Connection, ids: list[str]) -> dict[str, Held]:
        """Those of the cases that there are."""
        others, kept = connection.others(), self._kept
        if others is None or others != self._others:
            kept.clear()
            self._others = others
        found = {case: kept[case] for case in ids if case in kept} if kept else {}
        missing = [case for case in ids if case not in found] if found else ids
        if len(missing) == 1:
            row = connection.one(self._one, missing)
            if row is not None:
                found[row[0]] = _held(row)
        elif missing:
            for row in connection.all(self._many, (self._list(missing),)):
                found[row[0]] = _held(row)
        return found

    def keep(self, cases: dict[str, Held]) -> None:
        """Keeps the cases of a batch that has been committed."""
        kept = self._kept
        if self._others is not None:
            for case, held in cases.items():
                kept.pop(case, None)
                kept[case] = held
            while len(kept) > MOST_KEPT:
                del kept[next(iter(kept))]

    def forget(self) -> None:
        """Lets all go: a batch has failed, and they may be as it left them."""
        self._kept.clear()

    def write(
        self,
        connection: Connection,
        cases: Iterable[Held],
        history: list[StoredRow],
        encode: Callable[[Any], bytes],
    ) -> None:
        """Writes the cases that were moved, with their new history. Raises Collision when another writer has
        moved one of them since it was loaded."""
        new, changed, shown = [], [], []
        for case in cases:
            if not case.moved:
                continue
            text = case.text if case.text is not None else encode(case.state)
            state = text if isinstance(text, str) else text.decode()
            revision, case.loaded, case.moved, case.text = case.loaded, case.seq, False, text
            often = (case.seq, case.seq, case.head, case.last_at, state)
            if not revision:
                number, parent, started = case.fixed
                new.append((case.id, number, parent, case.key, started, *often, *case.shown))
                case.stored = case.shown
            elif case.shown == case.stored:
                changed.append((*often, case.id, revision))
            else:
                shown.append((*often, *case.shown, case.id, revision))
                case.stored = case.shown
        if new:
            connection.bulk(self._insert, new)
        for sql, rows in ((self._update, changed), (self._update_shown, shown)):
            if rows:
                connection.bulk(sql, rows, exactly=True)
        if history:
            connection.bulk(self._history, history)
            given = [(row.command_id, row.case_id, row.seq) for row in history if row.command_id[:1] != FRESH]
            if given:
                connection.bulk(self._given, given)


def _held(row: Any) -> Held:
    case, revision, seq, head, key, state, *shown = row
    held = Held(case, key)
    held.loaded, held.seq, held.head, held.text = revision, seq, head, state
    held.stored = held.shown = tuple(shown)
    return held
