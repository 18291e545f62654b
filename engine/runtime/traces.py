"""What deleting leaves behind in a database's files, and how it goes.

A destroyed case's last rows are overwritten as they are deleted (SQLite), or vacuumed away; but what was written over
in the course of a case's life (earlier states, drafts) stays in free places until something else is written there.
Writing the tables anew takes it away.
"""

from engine.runtime.database import Database
from engine.runtime.errors import StoreError
from engine.runtime.keys import KEPT
from engine.runtime.schema import tables_of
from engine.runtime.statements import quoted

_LOG = "PRAGMA wal_checkpoint(TRUNCATE)"


def wipe(database: Database) -> None:
    """Writes the tables anew, so that their files hold only what is there. It takes as much room again as they do, and
    nobody can write meanwhile; on PostgreSQL nobody can read the table either whose turn it is. Raises StoreError when
    others are at work and it could not be finished."""
    connection = database.connect()
    try:
        if database.dialect == "postgresql":
            for table in tables_of(database):
                if table.name not in KEPT:  # they hold nothing that could be read
                    connection.run(f"VACUUM (FULL) {quoted(table.name)}")
            return
        connection.run("VACUUM")
        if connection.one(_LOG)[0]:
            raise StoreError("The log of the database is still being read.", "Stop servers and workers, and try again.")
    finally:
        connection.close()
