"""Signing in: passwords, lock-out, API tokens.

Theory of operation. Passwords are kept as argon2id hashes. A wrong one counts; from the fifth in a row the
account is closed for a time that doubles with each further one, so that guessing does not pay and a typing error
costs nothing. A name without an account takes as long to refuse as a wrong password, and hears the same. Whoever
is not in service (the organisation says) does not get in whatever they know.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bootstrap import Caseway
from engine.runtime.database import Connection
from engine.runtime.tables import micros, moment

SHORTEST = 12
"""Characters of a password at least; length is what makes it hard to guess."""
FREE = 5
"""Wrong passwords in a row before the account closes."""
FIRST, LONGEST = timedelta(minutes=1), timedelta(hours=1)
"""How long it closes the first time, and at most."""
TOKEN_LIFE = timedelta(days=90)
MARK = "caseway_"
"""What every API token begins with, so that one that leaks is recognised."""

_UPSERT = (
    'INSERT INTO accounts ("user", password, generation, changed_at, changed_by, failures) VALUES (?, ?, 1, ?, ?, 0) '
    'ON CONFLICT ("user") DO UPDATE SET password = excluded.password, generation = accounts.generation + 1, '
    "changed_at = excluded.changed_at, changed_by = excluded.changed_by, failures = 0, locked_until = NULL"
)


class Refused(NamedTuple):
    """Why somebody does not get in: `wrong`, `locked` (until when), `short`."""

    why: str
    until: datetime | None = None


class Known(NamedTuple):
    """Somebody who has signed in, and the generation of their sessions."""

    user: str
    generation: int


class Issued(NamedTuple):
    """An API token as lists show it; the token itself is shown once, when it is made."""

    digest: str
    title: str
    made_at: datetime
    expires: datetime


class Accounts:
    """The accounts of an installation. All methods may be called from any thread that has its own connection."""

    def __init__(self, caseway: Caseway, hasher: PasswordHasher | None = None) -> None:
        self._caseway = caseway
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe())  # what a name without an account is held against

    def sign_in(self, connection: Connection, user: str, password: str) -> Known | Refused:
        """Whether the password is the user's; notes the failure or the sign-in."""
        now = self._caseway.clock.now()
        row = connection.one(
            'SELECT password, generation, failures, locked_until FROM accounts WHERE "user" = ?', (user,)
        )
        right = self._right(row[0] if row else self._nobody, password)
        if row is not None and row[3] is not None and moment(row[3]) > now:
            return Refused("locked", moment(row[3]))
        if row is None or not right:
            until = None if row is None else self._failed(user, row[2] + 1, now)
            return Refused("locked", until) if until else Refused("wrong")
        if not self.in_service(user):
            return Refused("wrong")
        self._write(
            'UPDATE accounts SET failures = 0, locked_until = NULL, last_at = ? WHERE "user" = ?', (micros(now), user)
        )
        if self._hasher.check_needs_rehash(row[0]):
            fresh = self._hasher.hash(password)
            self._write('UPDATE accounts SET password = ? WHERE "user" = ?', (fresh, user))
        return Known(user, row[1])

    def set_password(self, user: str, password: str, by: str) -> Refused | None:
        """Gives the user this password, and ends the sessions that they have."""
        return self.set_passwords([user], password, by)

    def set_passwords(self, users: list[str], password: str, by: str) -> Refused | None:
        """The same for several at once; for demonstrations, where all share one."""
        if len(password) < SHORTEST:
            return Refused("short")
        now, hashed = micros(self._caseway.clock.now()), self._hasher.hash(password)

        def run(connection: Connection) -> None:
            for user in users:
                connection.run(_UPSERT, (user, hashed, now, by))

        self._caseway.runner.write(run)
        return None

    def matches(self, connection: Connection, user: str, password: str) -> bool:
        """Whether the password is the user's; counts nothing."""
        row = connection.one('SELECT password FROM accounts WHERE "user" = ?', (user,))
        return self._right(row[0] if row else self._nobody, password) and row is not None

    def generation(self, connection: Connection, user: str) -> int:
        """The generation that the user's sessions must carry; 0 for whoever may not be in."""
        if not self.in_service(user):
            return 0
        row = connection.one('SELECT generation FROM accounts WHERE "user" = ?', (user,))
        return row[0] if row else 0

    def end_sessions(self, user: str) -> None:
        """Signs the user out everywhere."""
        self._write('UPDATE accounts SET generation = generation + 1 WHERE "user" = ?', (user,))

    def in_service(self, user: str) -> bool:
        directory = self._caseway.directory
        return directory.active(user, directory.today(self._caseway.clock.now()))

    # --- API tokens -------------------------------------------------------------------------------

    def issue(self, user: str, title: str, life: timedelta = TOKEN_LIFE) -> str:
        """A new token in the user's name; it is not kept, only its digest."""
        now = self._caseway.clock.now()
        token = MARK + secrets.token_urlsafe(32)
        self._write(
            'INSERT INTO tokens (digest, "user", title, made_at, expires) VALUES (?, ?, ?, ?, ?)',
            (_digest(token), user, title, micros(now), micros(now + life)),
        )
        return token

    def bearer(self, connection: Connection, token: str) -> str | None:
        """Whose token it is, if it is good and its user in service."""
        sql = 'SELECT "user" FROM tokens WHERE digest = ? AND revoked_at IS NULL AND expires > ?'
        row = connection.one(sql, (_digest(token), micros(self._caseway.clock.now())))
        return row[0] if row and self.in_service(row[0]) else None

    def tokens(self, connection: Connection, user: str) -> list[Issued]:
        """The user's good tokens, the newest first."""
        sql = (
            "SELECT digest, title, made_at, expires FROM tokens "
            'WHERE "user" = ? AND revoked_at IS NULL AND expires > ? ORDER BY made_at DESC'
        )
        rows = connection.all(sql, (user, micros(self._caseway.clock.now())))
        return [Issued(digest, title, moment(made), moment(expires)) for digest, title, made, expires in rows]

    def revoke(self, user: str, digest: str) -> bool:
        """Ends one of the user's tokens; False if there is none such."""
        sql = 'UPDATE tokens SET revoked_at = ? WHERE digest = ? AND "user" = ? AND revoked_at IS NULL'
        return self._write(sql, (micros(self._caseway.clock.now()), digest, user)) == 1

    # --- within -----------------------------------------------------------------------------------

    def _right(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    def _failed(self, user: str, failures: int, now: datetime) -> datetime | None:
        """Notes a wrong password; until when the account is closed, if it now is."""
        over = failures - FREE
        until = None if over < 0 else now + min(FIRST * 2 ** min(over, 10), LONGEST)
        self._write(
            'UPDATE accounts SET failures = ?, locked_until = ? WHERE "user" = ?',
            (failures, None if until is None else micros(until), user),
        )
        return until

    def _write(self, sql: str, parameters: tuple[object, ...]) -> int:
        return self._caseway.runner.write(lambda connection: connection.run(sql, parameters))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
