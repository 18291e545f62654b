"""The cases of an installation as the archive sees them: files that are destroyed when their time is over."""

from typing import Any

from engine.runtime import keys
from engine.runtime.database import Database
from engine.runtime.errors import OnHold
from papers.store import Store
from tasks.archive import Held, StillOpen

_CASE = "SELECT id, status, key FROM cases WHERE number = ?"
_CANCELLED = "SELECT 1 FROM cases WHERE number = ? AND status = 'ended' AND \"end\" = ''"
_HOLD = "SELECT 1 FROM holds WHERE case_id = ? LIMIT 1"


class FiledCases:
    """`tasks.archive.Cases` on the database; worker functions call it from threads of their own."""

    def __init__(self, database: Database, files: Store) -> None:
        self._database, self._files = database, files

    def held(self, number: str) -> bool:
        found = self._one(_CASE, number)
        return found is not None and (found[1] != "ended" or self._one(_HOLD, found[0]) is not None)

    def cancelled(self, number: str) -> bool:
        return self._one(_CANCELLED, number) is not None

    def destroy(self, number: str) -> bool:
        found = self._one(_CASE, number)
        if found is None:
            return False
        case, _, key = found
        if key is not None:
            try:
                done = keys.destroy(self._database, case, ended=True)
            except OnHold as error:
                raise Held(str(error)) from error
            if not done:
                raise StillOpen(f"{number} has not ended")
        self._files.forget(case)  # also if that was cut off the last time
        return True

    def _one(self, statement: str, value: str) -> Any:
        connection = self._database.connect()
        try:
            return connection.one(statement, (value,))
        finally:
            connection.close()
