"""One case held against its own history: chain, contents, state, rows, anchors (R13).

Theory of operation. Everything of a case is read first (`Stored`), then looked at without the database: the
chain from row to row; its end against the case's row and against the anchors; the contents, opened and
replayed into the state that must be stored byte for byte; and the rows that must follow from that state, in
both directions. What rests on something that does not hold is not looked at: one finding for each fault.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.core.machine import Machine
from engine.runtime.anchors import Expected
from engine.runtime.batch import Shows
from engine.runtime.chain import START, link
from engine.runtime.cipher import CaseCipher, VaultError
from engine.runtime.held import FIXED, SHOWN, fixed, nobody, shown
from engine.runtime.history import HistoryRow, StoredRow, decode_row, place
from engine.runtime.projection import Projection, table_of
from engine.runtime.statements import keys, of_kind
from engine.runtime.vault import Vault

Row = tuple[Any, ...]
Decider = Callable[[HistoryRow, Any], bytes]
"""(row, state before it) -> the canonical JSON of the events that deciding its command again yields."""


class Finding(NamedTuple):
    """Something that does not hold. `seq`: the row of history, 0 when it is about none."""

    case: str
    seq: int
    what: str


@dataclass(slots=True)
class Stored:
    """All that the database, and the anchors, hold of one case."""

    id: str
    case: Mapping[str, Any] | None = None  # its row of `cases`
    history: list[StoredRow] = field(default_factory=list)
    rows: dict[str, dict[Row, Mapping[str, Any]]] = field(default_factory=dict)  # table -> key -> columns
    expected: list[Expected] = field(default_factory=list)


class Tables(NamedTuple):
    """The projections, by the table that they fill."""

    projections: Mapping[str, list[Projection]]
    columns: Mapping[str, list[str]]
    key: Mapping[str, list[str]]
    derived: Mapping[str, list[str]]

    @classmethod
    def of(cls, projections: Iterable[Projection]) -> "Tables":
        by_table: dict[str, list[Projection]] = {}
        for projection in projections:
            by_table.setdefault(table_of(projection.table).name, []).append(projection)
        tables = {name: table_of(some[0].table) for name, some in by_table.items()}
        return cls(
            by_table,
            {name: [column.name for column in table.columns] for name, table in tables.items()},
            {name: keys(table) for name, table in tables.items()},
            {name: of_kind(table, "derived") for name, table in tables.items()},
        )


class Examiner:
    """Examines cases, with what an installation is made of."""

    def __init__(
        self,
        vault: Vault,
        machine: Machine,
        tables: Tables,
        shows: Shows,
        decide: Decider | None = None,
    ) -> None:
        self._vault = vault
        self._machine = machine
        self._tables = tables
        self._shows = shows.get("owner", nobody), shows.get("search", nobody)
        self._decide = decide

    def examine(self, stored: Stored) -> Iterator[Finding]:
        """Everything about the case that does not hold."""
        faults = [*_chain(stored), *_end(stored), *_anchored(stored)]
        yield from faults
        if stored.case is None:
            return
        if not stored.case["key"]:
            yield from self._remains(stored)
            return
        try:
            cipher = self._vault.cipher(stored.id, stored.case["key"])
        except VaultError as error:
            yield Finding(stored.id, 0, str(error))
            return
        if not faults:
            yield from self._contents(stored, stored.case, cipher)

    def _remains(self, stored: Stored) -> Iterator[Finding]:
        """A destroyed case keeps its history, which nobody can read, and nothing else."""
        left = [name for name, rows in stored.rows.items() if rows]
        if stored.case is not None and stored.case["state"]:
            left.insert(0, "state")
        if left:
            yield Finding(stored.id, 0, f"destroyed, but something is left of it: {', '.join(left)}")

    def _contents(self, stored: Stored, case: Mapping[str, Any], cipher: CaseCipher) -> Iterator[Finding]:
        machine = self._machine
        state, previous = machine.new(), START
        columns: tuple[Any, ...] = ()
        closed: dict[str, dict[Row, dict[str, Any]]] = {}
        for row in stored.history:
            try:
                opened = decode_row(cipher, previous, row)
                events = machine.decode_events(opened.events)
            except VaultError:
                yield Finding(stored.id, row.seq, "does not open: it, or a row before it, was changed and hashed again")
                return
            except ValueError as error:
                yield Finding(stored.id, row.seq, f"events that this program does not know: {error}")
                return
            yield from self._again(opened, state)
            self._close(stored.id, state, events, closed)
            try:
                machine.replay(events, state)
            except (LookupError, AttributeError, TypeError, ValueError) as error:
                yield Finding(stored.id, row.seq, f"cannot be applied to the state before it: {error!r}")
                return
            self._close(stored.id, state, events, closed)
            previous = row.hash
            columns = shown(state, row.at, columns[-1] if columns else None, *self._shows)
        yield from self._state(stored.id, case, state)
        yield from self._columns(case, state, stored.history[-1], columns)
        yield from self._rows(stored, state, closed)

    def _again(self, row: HistoryRow, state: Any) -> Iterator[Finding]:
        if self._decide is None:
            return
        copy = self._machine.decode(self._machine.encode(state))
        try:
            same = self._decide(row, copy) == row.events
            what = "deciding it again yields other events"
        except Exception as error:
            same, what = False, f"deciding it again fails: {error!r}"
        if not same:
            yield Finding(row.case, row.seq, what)

    def _state(self, case: str, stored: Mapping[str, Any], state: Any) -> Iterator[Finding]:
        derived = self._machine.encode(state).decode()
        if stored["state"] != derived:
            where = _difference(stored["state"], derived)
            yield Finding(case, 0, f"the state is not what its history gives, at {where}")

    def _columns(self, case: Mapping[str, Any], state: Any, last: StoredRow, columns: Row) -> Iterator[Finding]:
        derived = {
            "revision": last.seq,
            **dict(zip(FIXED, fixed(state.flow), strict=True)),
            "last_at": last.at,
            **dict(zip(SHOWN, columns, strict=True)),
        }
        what = _compare(derived, case)
        if what:
            yield Finding(case["id"], 0, f"cases {what}")

    # --- rows that follow from the state ----------------------------------------------------------

    def _close(
        self, case: str, state: Any, events: Sequence[Any], closed: dict[str, dict[Row, dict[str, Any]]]
    ) -> None:
        """Notes the rows that these events close, as they stand in the state: such rows are kept. Asked before
        and after the events, for some states keep what has closed until the next command. What is said later of a row
        that the state has let go is added to what was noted."""
        for name, projections in self._tables.projections.items():
            derived = self._tables.derived[name]
            for projection in projections:
                for event in events:
                    closing = projection.closing.get(type(event))
                    if closing is None:
                        continue
                    ident, values = closing(event)
                    row, rows = projection.row(state, ident), closed.setdefault(name, {})
                    key = (case, *projection.fixed, ident)
                    kept = rows.get(key) if row is None else dict(zip(derived, row, strict=True))
                    if kept is not None:
                        rows[key] = kept
                        kept.update({column: value for column, value in values.items() if column in kept})

    def _rows(
        self, stored: Stored, state: Any, closed: Mapping[str, Mapping[Row, Mapping[str, Any]]]
    ) -> Iterator[Finding]:
        for name, projections in self._tables.projections.items():
            derived = self._tables.derived[name]
            expected: dict[Row, Mapping[str, Any]] = dict(closed.get(name, {}))
            for projection in projections:
                try:
                    rows = projection.rows(stored.id, state)
                except LookupError as error:
                    yield Finding(stored.id, 0, f"{name} cannot be derived: {error}")
                    return
                expected.update({key: dict(zip(derived, row, strict=True)) for key, row in rows.items()})
            found = stored.rows.get(name, {})
            for key in sorted({*expected, *found}, key=repr):
                what = _compare(expected.get(key), found.get(key))
                if what:
                    ident = ", ".join(map(str, key[1:]))
                    yield Finding(stored.id, 0, f"{name} ({ident}) {what}")


def _chain(stored: Stored) -> Iterator[Finding]:
    previous, last = START, 0
    for row in stored.history:
        if row.seq != last + 1:
            yield Finding(stored.id, last + 1, f"missing: row {row.seq} follows row {last}")
        elif row.hash != link(place(previous, row), row.content):
            yield Finding(stored.id, row.seq, "changed: its hash does not follow from it and the row before it")
        previous, last = row.hash, row.seq


def _end(stored: Stored) -> Iterator[Finding]:
    case, history = stored.case, stored.history
    rows = history[-1].seq if history else 0
    if case is None:
        left = [*(["history"] if history else []), *stored.rows]
        if left:
            yield Finding(stored.id, rows, f"{', '.join(left)} without a case: the row of the case was removed")
        return
    if case["seq"] > rows:
        yield Finding(stored.id, rows + 1, f"missing: the case knows {case['seq']} rows, {rows} are there")
    elif case["seq"] < rows:
        yield Finding(stored.id, case["seq"] + 1, f"the case knows {case['seq']} rows, {rows} are there")
    elif not history:
        yield Finding(stored.id, 1, "missing: a case without any history")
    elif case["head"] != history[-1].hash:
        yield Finding(stored.id, rows, "the head that the case knows is not the hash of the last row")


def _anchored(stored: Stored) -> Iterator[Finding]:
    """The first row that is not as it was anchored; what follows it differs anyway."""
    hashes = {row.seq: row.hash.hex() for row in stored.history}
    for seq, head, at in ((e.seq, e.head, e.at) for e in stored.expected):
        if hashes.get(seq) == head:
            continue
        moment = f"{at:%Y-%m-%d %H:%M}Z"
        if seq in hashes:
            what = f"not the row that was anchored on {moment}: history was written again"
        else:
            what = f"missing: it was anchored on {moment}, the end of the history was cut off"
        yield Finding(stored.id, seq, what)
        return


def _compare(expected: Mapping[str, Any] | None, found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "is missing"
    if expected is None:
        return "is one too many: the history gives no such row"
    wrong = [column for column, value in expected.items() if found[column] != value]
    return f"is not what the history gives, in {', '.join(wrong)}" if wrong else ""


def _difference(stored: str, derived: str) -> str:
    """The path of the first value that differs. Values themselves are not shown: they may be personal."""
    try:
        return _path(json.loads(stored), json.loads(derived)) or "its spelling"
    except ValueError:
        return "its beginning: it is no JSON"


def _path(one: Any, other: Any) -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            if one.get(key) != other.get(key) or (key in one) != (key in other):
                return f"{key}.{_path(one.get(key), other.get(key))}".rstrip(".")
    return ""
