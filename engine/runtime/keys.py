"""What is done with the keys that are stored, of cases and of others: wrapped again, or destroyed (R13)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Table, inspect

from engine.runtime.cipher import VaultError
from engine.runtime.database import Connection, Database
from engine.runtime.errors import OnHold
from engine.runtime.schema import tables_of
from engine.runtime.statements import quoted
from engine.runtime.vault import Vault

PAGE = 1_000  # keys in one transaction
HEARD = timedelta(minutes=1)
"""After which every program that runs has heard of a rotation: they look every second or two."""

KEPT = {"history", "given_ids", "refusals", "looks", "glass"}
"""Tables that keep what they know of a destroyed case: nobody can read its history, the others hold no data but what
somebody wrote as a reason, which goes."""

_INSTALLATION = "SELECT value FROM meta WHERE key = 'installation'"
_OWN = "INSERT INTO meta (key, value) VALUES ('installation', ?) ON CONFLICT DO NOTHING"

_MESSAGES = (
    "DELETE FROM messages WHERE id IN (SELECT message_id FROM deliveries WHERE case_id = ?)",
    # What it sent has its command's id before a point.
    "DELETE FROM messages WHERE id IN (SELECT m.id FROM history h JOIN messages m ON m.id > h.command_id || '.'"
    " AND m.id < h.command_id || '/' AND m.sender = 'case ' || h.case_id WHERE h.case_id = ?)",
)
_NEXT = "SELECT min(name) FROM messages WHERE name > ?"
_UNDELIVERED = """
    DELETE FROM messages WHERE name = ? AND key = (SELECT number FROM cases WHERE id = ?)
    AND (state <> 'pending' OR ?) AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message_id = messages.id)
"""
"""What came for it under its number, and nobody took, nor may take any more: what waits in an old backup waits for
nobody. By name, for that is how the index goes."""
_SAID = {"reason", "note"}
"""Columns of tables that are kept in which somebody may have written about the case."""
_SECURE = {"sqlite": ("PRAGMA secure_delete = ON",), "postgresql": ()}


def installation(connection: Connection) -> str:
    """The installation whose keys the database's cases are under; "" for a database that nobody has used yet."""
    row = connection.one(_INSTALLATION)
    return "" if row is None else str(row[0])


def own(connection: Connection, vault: Vault) -> None:
    """Makes the database this installation's, for good. Raises VaultError when it is another's."""
    connection.run(_OWN, (vault.installation,))
    check(connection, vault)


def check(connection: Connection, vault: Vault) -> None:
    """Raises VaultError when the key file is not that of the database: cases under two keys could not be told
    apart again."""
    found = installation(connection)
    if found not in ("", vault.installation):
        raise VaultError(
            f"The key file {vault.path} belongs to another installation ({vault.installation}) than the database "
            f"({found}): put the key file there that the database was made with, or restore it from the backup."
        )


def rotate(database: Database, vault: Vault) -> int:
    """Makes new keys current, wraps again all that is wrapped, and returns how many. When it was cut off, the next
    call goes on. The old master keys stay until `forget`: programs that run may still wrap with them."""
    tables_of(database)
    vault.rotate()
    return rewrap(database, vault)


def forget(database: Database, vault: Vault, now: datetime) -> list[str]:
    """Drops the old master keys, after wrapping again what came since; their ids. Raises VaultError for as long as a
    program that runs may not have heard of the rotation yet: what it wraps would never open again."""
    left = vault.rotated(now) + HEARD - now
    if left > timedelta(0):
        seconds = -(-left // timedelta(seconds=1))
        raise VaultError(f"The keys were rotated a moment ago, and programs that run may not know: wait {seconds} s.")
    rewrap(database, vault)
    return vault.forget()


def rewrap(database: Database, vault: Vault) -> int:
    """Wraps again what is not under the current master key; how many."""
    connection = database.connect()
    try:
        return sum(
            _rewrap(connection, vault, table, column)
            for table in tables_of(database)
            for column in table.columns
            if "wrapped" in column.info
        )
    finally:
        connection.close()


def _rewrap(connection: Connection, vault: Vault, table: Table, column: Column[Any]) -> int:
    """The keys of one column, page by page."""
    (key,), place = table.primary_key.columns, column.info["wrapped"]
    name, row, kept = quoted(table.name), quoted(key.name), quoted(column.name)
    page_sql = f"SELECT {row}, {kept} FROM {name} WHERE {row} > ? AND {kept} IS NOT NULL ORDER BY {row} LIMIT ?"
    write = f"UPDATE {name} SET {kept} = ? WHERE {row} = ? AND {kept} = ?"
    after, count = "", 0
    while True:
        connection.begin()
        try:
            page = connection.all(page_sql, (after, PAGE))
            for id, old in page:
                new = vault.rewrap(place.format(id), bytes(old))
                if new is not None:
                    count += connection.run(write, (new, id, old))
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        if len(page) < PAGE:
            return count
        after = page[-1][0]


def destroy(
    database: Database,
    case: str,
    *,
    ended: bool = False,
    again: bool = False,
    note: Callable[[], None] = lambda: None,
) -> bool:
    """Destroys a case for good: its key, its state, its rows, the messages that it got. What stays: its number,
    the moments and the process on its row, and a history that nobody can read any more. False, and nothing is gone,
    when there is no such case; with `ended` also when it is open. Raises OnHold, and nothing is gone, while it is under
    a legal hold; with `again` it goes nevertheless: it was destroyed before, and a backup has brought it back. `note`
    is called when nothing stands in the way any more, before it is done for good; what it raises stops it. Who may ask
    for it, and on which ground, is for the caller to check and to record."""
    tables = _of_cases(database)
    connection = database.connect()
    try:
        for statement in _SECURE[database.dialect]:
            connection.run(statement)
        connection.begin()
        try:
            done = connection.run(
                "UPDATE cases SET key = NULL, state = '', search = NULL, owner = NULL WHERE id = ?"
                + (" AND status = 'ended'" if ended else ""),
                (case,),
            )  # which locks the case: nobody places a hold meanwhile
            if not done:
                connection.rollback()
                return False
            held = connection.one("SELECT id, reason FROM holds WHERE case_id = ? LIMIT 1", (case,))
            if held is not None and not again:
                raise OnHold(f"Case {case} is under a legal hold: {held[1]}.", "Lift the hold first.")
            for statement in _MESSAGES:
                connection.run(statement, (case,))
            name = ""
            while (name := connection.one(_NEXT, (name,))[0]) is not None:
                connection.run(_UNDELIVERED, (name, case, again))
            for statement in tables:
                connection.run(statement, (case,))
            note()
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        return True
    finally:
        connection.close()


def _of_cases(database: Database) -> list[str]:
    """The statements for the tables with rows of single cases, those of components that this program has not loaded
    included: rows go, or, where a table is kept, what somebody wrote."""
    found, made = inspect(database.engine), []
    for name in sorted(found.get_table_names()):
        columns = {column["name"] for column in found.get_columns(name)}
        if "case_id" in columns and name not in KEPT:
            made.append(f"DELETE FROM {quoted(name)} WHERE case_id = ?")
        elif "case_id" in columns:
            made += [
                f"UPDATE {quoted(name)} SET {quoted(column)} = '' WHERE case_id = ? AND {quoted(column)} <> ''"
                for column in sorted(columns & _SAID)
            ]
    return made
