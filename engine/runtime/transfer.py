"""A database carried over into another of either kind, whole, and compared row by row.

Theory of operation. The source is read in one snapshot, table by table, and written into the target in one
transaction. Then the target's rows are read again and compared with what was read: every row is hashed, and the sums of
the hashes must agree, so that neither side has to sort. Only when all agree is the target committed: it holds
everything, or nothing.

Whoever moves for good holds the source against writers meanwhile, and retires it at the end: a program that still runs
on it is refused with words, instead of writing where nobody will look any more.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import Boolean, Table

from engine.runtime.database import RETIRED, WORKS_FROM, Connection, Database
from engine.runtime.errors import StoreError, Violation
from engine.runtime.statements import Statements, keys, quoted

BATCH = 500  # rows in the memory at a time
Told = Callable[[str, int], object]
"""Hears of each table that is over, and how many rows it has."""

_SNAPSHOT = {
    ("sqlite", False): ("BEGIN",),
    ("sqlite", True): ("BEGIN IMMEDIATE",),
    ("postgresql", False): ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",),
    # Locks come before the snapshot, so that it sees what whoever held them has written.
    ("postgresql", True): ("BEGIN ISOLATION LEVEL REPEATABLE READ", "LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE"),
}
_RETIRE = {
    "sqlite": ("CREATE TRIGGER moved BEFORE INSERT ON history BEGIN SELECT RAISE(ABORT, 'its cases were moved'); END",),
    "postgresql": (
        "CREATE FUNCTION caseway_moved() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'its cases were moved'; END $$",
        "CREATE TRIGGER moved BEFORE INSERT ON history EXECUTE FUNCTION caseway_moved()",
    ),
}
_MOVED = f"INSERT INTO meta (key, value) VALUES ('{RETIRED}', ?)"


def transfer(
    source: Database, target: Database, tables: Iterable[Table], told: Told = lambda table, rows: None,
    retire: str = "",
) -> int:  # fmt: skip
    """Carries all rows of these tables over into a target that has the same tables, empty; how many rows.

    retire: where the cases are to be looked for from now on, if the source is to be written no more.
    Raises StoreError: the target is not empty, cannot be written, or does not hold what it was given. Then nothing has
    changed on either side.
    """
    tables = list(tables)
    reading, writing = source.connect(), target.connect()
    try:
        for statement in _SNAPSHOT[source.dialect, bool(retire)]:
            reading.run(statement.format(tables=", ".join(quoted(table.name) for table in tables)))
        writing.begin()
        writing.run(f"DELETE FROM meta WHERE key = '{WORKS_FROM}'")  # a new database has it; so has what comes
        rows = sum(_carry(table, reading, writing, target.dialect, told) for table in tables)
        if retire:
            reading.run(_MOVED, (retire,))
            for statement in _RETIRE[source.dialect]:
                reading.run(statement)
        writing.commit()
        reading.commit()
        return rows
    finally:
        for connection in (reading, writing):
            connection.rollback()
            connection.close()


def _carry(table: Table, reading: Connection, writing: Connection, dialect: str, told: Told) -> int:
    """Carries one table over and compares; how many rows."""
    if writing.one(f"SELECT 1 FROM {quoted(table.name)} LIMIT 1"):
        raise StoreError(
            f"The database is not empty: there are rows in {table.name}.", "Name one that nobody has used yet."
        )
    insert = Statements(dialect).insert(table, [column.name for column in table.columns])
    given = count = 0
    for rows in _batches(table, reading):
        try:
            writing.bulk(insert, rows)
        except Violation as error:
            raise StoreError(
                f"A row of {table.name} does not fit: {error}.", "Nothing was changed; `caseway verify` may say more."
            ) from error
        given += _sum(rows)
        count += len(rows)
    if given != sum(map(_sum, _batches(table, writing))):
        raise StoreError(f"The rows of {table.name} did not arrive as they were sent.", "Nothing was changed.")
    _count_on(table, writing, dialect)
    told(table.name, count)
    return count


def _batches(table: Table, connection: Connection) -> Iterator[list[Any]]:
    """All rows of a table, page after page by its key."""
    key = keys(table)
    columns = [column.name for column in table.columns]
    places = [columns.index(name) for name in key]
    names, by = (", ".join(map(quoted, some)) for some in (columns, key))
    select = f"SELECT {names} FROM {quoted(table.name)}"
    after = f"{select} WHERE ({by}) > ({', '.join('?' * len(key))}) ORDER BY {by} LIMIT {BATCH}"
    rows = connection.all(f"{select} ORDER BY {by} LIMIT {BATCH}")
    flags = [place for place, column in enumerate(table.columns) if isinstance(column.type, Boolean)]
    while rows:
        yield [_flagged(row, flags) for row in rows] if flags else rows
        rows = connection.all(after, [rows[-1][place] for place in places])


def _flagged(row: Any, flags: list[int]) -> tuple[Any, ...]:
    """The row with its flags as such: SQLite keeps them as numbers."""
    return tuple(bool(value) if place in flags else value for place, value in enumerate(row))


def _sum(rows: Iterable[Any]) -> int:
    """The same for the same rows in any order; of two sets that differ in one bit, another."""
    encode = msgspec.msgpack.Encoder().encode
    return sum(int.from_bytes(blake2b(encode(tuple(row)), digest_size=16).digest()) for row in rows)


def _count_on(table: Table, connection: Connection, dialect: str) -> None:
    """Lets a column that counts by itself go on after the highest number that was carried over."""
    counting = table.autoincrement_column
    if counting is None or dialect != "postgresql":  # SQLite counts on from what is there
        return
    highest = f"(SELECT max({quoted(counting.name)}) FROM {quoted(table.name)})"
    connection.one(f"SELECT setval(pg_get_serial_sequence(?, ?), {highest}) WHERE {highest} IS NOT NULL",
                   (table.name, counting.name))  # fmt: skip
