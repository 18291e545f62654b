"""The prepared texts of the hot path, generated once from the SQLModel tables.

A bulk statement takes rows of equal width. On SQLite it is executed once for each of them, on PostgreSQL once
for all: the rows travel as one array per column (`unnest`), so that a batch costs one round trip per table.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Table, Text

# What an array of the column's values is called in PostgreSQL; SQLAlchemy's generic types know it not.
ARRAYS = {
    Boolean: "boolean[]",
    BigInteger: "bigint[]",
    Integer: "integer[]",
    LargeBinary: "bytea[]",
    Text: "text[]",
}


class Statements:
    """Makes the bulk statements of one dialect, with `?` for parameters."""

    def __init__(self, dialect: str) -> None:
        self._sets = dialect == "postgresql"

    def insert(self, table: Table, columns: Sequence[str]) -> str:
        names = ", ".join(map(quoted, columns))
        return f"INSERT INTO {table.name} ({names}) {self._rows(table, columns)}"

    def insert_new(self, table: Table, columns: Sequence[str]) -> str:
        """Leaves alone a row that is there."""
        return f"{self.insert(table, columns)} ON CONFLICT DO NOTHING"

    def upsert(self, table: Table, columns: Sequence[str], updated: Sequence[str]) -> str:
        """Inserts, or sets the `updated` columns of the row with the same primary key."""
        key = ", ".join(map(quoted, keys(table)))
        changes = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in updated)
        act = f"UPDATE SET {changes}" if updated else "NOTHING"
        return f"{self.insert(table, columns)} ON CONFLICT ({key}) DO {act}"

    def update(self, table: Table, columns: Sequence[str], where: Sequence[str]) -> str:
        """Sets columns where others are equal. Parameters: the columns, then the `where` columns."""
        if not self._sets:
            changes = ", ".join(f"{quoted(name)} = ?" for name in columns)
            return f"UPDATE {table.name} SET {changes} WHERE {_equal(where)}"
        given = [f"c{index}" for index in range(len(columns) + len(where))]
        changes = ", ".join(f"{quoted(name)} = new.{new}" for name, new in zip(columns, given, strict=False))
        same = " AND ".join(
            f"{table.name}.{quoted(name)} = new.{new}" for name, new in zip(where, given[len(columns) :], strict=True)
        )
        arrays = self._arrays(table, [*columns, *where])
        return f"UPDATE {table.name} SET {changes} FROM unnest({arrays}) AS new({', '.join(given)}) WHERE {same}"

    def delete(self, table: Table) -> str:
        """Deletes by primary key."""
        key = keys(table)
        if not self._sets:
            return f"DELETE FROM {table.name} WHERE {_equal(key)}"
        names = ", ".join(map(quoted, key))
        return f"DELETE FROM {table.name} WHERE ({names}) IN (SELECT * FROM unnest({self._arrays(table, key)}))"

    def _rows(self, table: Table, columns: Sequence[str]) -> str:
        if self._sets:
            return f"SELECT * FROM unnest({self._arrays(table, columns)})"
        return f"VALUES ({', '.join('?' * len(columns))})"

    def _arrays(self, table: Table, columns: Sequence[str]) -> str:
        return ", ".join(f"?::{_array(table.columns[name].type)}" for name in columns)


def keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]


def of_kind(table: Table, kind: str) -> list[str]:
    """The columns outside the primary key that are `derived`, or `operational`, in the table's order."""
    return [c.name for c in table.columns if c.info.get("kind") == kind and not c.primary_key]


def quoted(name: str) -> str:
    return f'"{name}"'


def _equal(columns: Sequence[str]) -> str:
    return " AND ".join(f"{quoted(name)} = ?" for name in columns)


def _array(type_: Any) -> str:
    plain = getattr(type_, "impl_instance", type_)  # of a TypeDecorator, such as Moment
    return next(array for known, array in ARRAYS.items() if isinstance(plain, known))
