"""Signing in: passwords, second factors, lock-out, API tokens.

Theory of operation. Passwords are kept as argon2id hashes. A wrong one counts, and so does a wrong code of the second
factor; from the fifth in a row the account is closed for a time that doubles with each further one, so that guessing
does not pay and a typing error costs nothing. Its user is told by a notice, its administrators see it and may open it
again. What was counted is forgotten only when somebody is in, by all that is asked of them. A name without an account
takes as long to refuse as a wrong password, and hears the same. Whoever is not in service (the organisation says)
does not get in whatever they know.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bootstrap import Caseway
from engine.runtime.database import Connection
from engine.runtime.outbox import post
from engine.runtime.tables import micros, moment
from web.sessions import END_ALL, Register, Session
from web.totp import SecondFactors

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
_ACCOUNT = 'SELECT password, generation, failures, locked_until, closed_at FROM accounts WHERE "user" = ?'
_VOUCHED = (
    'INSERT INTO accounts ("user", password, generation, changed_at, changed_by, failures) '
    "VALUES (?, '', 1, ?, ?, 0) ON CONFLICT (\"user\") DO NOTHING"
)
_STANDING = (
    'SELECT a."user", a.password, f.confirmed_at, a.failures, a.locked_until, a.last_at, a.closed_at FROM accounts a '
    'LEFT JOIN second_factors f ON f."user" = a."user"'
)
_END = 'UPDATE accounts SET generation = generation + 1 WHERE "user" = ?'
_CLOSE = 'UPDATE accounts SET closed_at = ?, closed_by = ? WHERE "user" = ? AND closed_at IS NULL'
_OPEN = (
    "UPDATE accounts SET failures = 0, locked_until = NULL, closed_at = NULL, closed_by = NULL "
    'WHERE "user" = ? AND (closed_at IS NOT NULL OR locked_until IS NOT NULL OR failures > 0)'
)
_BEARER = (
    'SELECT t."user" FROM tokens t LEFT JOIN accounts a ON a."user" = t."user" '
    "WHERE t.digest = ? AND t.revoked_at IS NULL AND t.expires > ? AND a.closed_at IS NULL"
)
LOCKED = "account_locked"
"""The template of the notice that an account has been closed."""


class Refused(NamedTuple):
    """Why somebody does not get in: `wrong`, `wrong_code`, `locked` (until when), `account_closed`, `short`."""

    why: str
    until: datetime | None = None


class Asked(NamedTuple):
    """Somebody who knows the password, and is asked for a code as well."""

    user: str
    generation: int


class Known(NamedTuple):
    """Somebody who has signed in, and the generation of what they signed in with."""

    user: str
    generation: int


class Issued(NamedTuple):
    """An API token as lists show it; the token itself is shown once, when it is made."""

    digest: str
    title: str
    made_at: datetime
    expires: datetime
    user: str = ""


class Standing(NamedTuple):
    """How an account stands, for administrators. `locked_until`: closed by wrong passwords or codes; `closed_at`: by
    an administrator, until one opens it."""

    user: str
    password: bool
    second: bool
    failures: int
    locked_until: datetime | None
    last_at: datetime | None
    closed_at: datetime | None


class Accounts:
    """The accounts of an installation. All methods may be called from any thread that has its own connection."""

    def __init__(self, caseway: Caseway, hasher: PasswordHasher | None = None) -> None:
        self._caseway = caseway
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe())  # what a name without an account is held against
        self.factors = SecondFactors(caseway)
        self.sessions = Register(caseway)

    def sign_in(self, connection: Connection, user: str, password: str) -> Known | Refused | Asked:
        """Whether the password is the user's; `Asked` where a code of the second factor is needed besides."""
        now = self._caseway.clock.now()
        row = connection.one(_ACCOUNT, (user,))
        right = self._right(row[0] if row else self._nobody, password)
        if row is not None and row[3] is not None and moment(row[3]) > now:
            return Refused("locked", moment(row[3]))
        if row is None or not right:
            return Refused("wrong") if row is None else self._failed(user, now)
        if not self.in_service(user):
            return Refused("wrong")
        if row[4] is not None:
            return Refused("account_closed")
        if self._hasher.check_needs_rehash(row[0]):
            fresh = self._hasher.hash(password)
            self._write('UPDATE accounts SET password = ? WHERE "user" = ?', (fresh, user))
        if self.factors.enrolled(connection, user):
            return Asked(user, row[1])
        return self._entered(user, row[1], now)

    def second(self, connection: Connection, asked: Asked, code: str) -> Known | Refused:
        """Whether the code is one of the user's second factor, or one of their recovery codes."""
        now = self._caseway.clock.now()
        row = connection.one(_ACCOUNT, (asked.user,))
        if row is None or row[1] != asked.generation or row[4] is not None or not self.in_service(asked.user):
            return Refused("wrong")
        if row[3] is not None and moment(row[3]) > now:
            return Refused("locked", moment(row[3]))
        if not self.factors.check(connection, asked.user, code):
            refused = self._failed(asked.user, now)
            return refused if refused.until else Refused("wrong_code")
        return self._entered(asked.user, row[1], now)

    def vouched(self, connection: Connection, user: str) -> Known | Refused:
        """Lets in somebody for whom an OpenID provider vouches; their account is made when they first come."""
        if not self.in_service(user):
            return Refused("wrong")
        now = self._caseway.clock.now()
        self._write(_VOUCHED, (user, micros(now), "oidc"))
        row = connection.one(_ACCOUNT, (user,))
        return Refused("account_closed") if row[4] is not None else self._entered(user, row[1], now)

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
                connection.run(END_ALL, (user,))

        self._caseway.runner.write(run)
        return None

    def matches(self, connection: Connection, user: str, password: str) -> bool:
        """Whether the password is the user's; counts nothing."""
        row = connection.one('SELECT password FROM accounts WHERE "user" = ?', (user,))
        return self._right(row[0] if row else self._nobody, password) and row is not None

    def generation(self, connection: Connection, user: str) -> int:
        """The generation of what the user signs in with; 0 for whoever may not be in."""
        if not self.in_service(user):
            return 0
        row = connection.one('SELECT generation FROM accounts WHERE "user" = ?', (user,))
        return row[0] if row else 0

    def holds(self, connection: Connection, session: Session) -> bool:
        """Whether somebody is signed in by this session. Whoever has left is not, nor when they come back."""
        if not self.sessions.holds(connection, session):
            return False
        if not self.in_service(session.user):
            self.end_sessions(session.user)
            return False
        return True

    def end_sessions(self, user: str) -> None:
        """Signs the user out everywhere."""

        def end(connection: Connection) -> None:
            connection.run(_END, (user,))
            connection.run(END_ALL, (user,))

        self._caseway.runner.write(end)

    def in_service(self, user: str) -> bool:
        directory = self._caseway.directory
        return directory.active(user, directory.today(self._caseway.clock.now()))

    # --- for administrators ------------------------------------------------------------------------

    def standing(self, connection: Connection, user: str) -> Standing | None:
        row = connection.one(f'{_STANDING} WHERE a."user" = ?', (user,))
        return None if row is None else _standing(row)

    def locked(self, connection: Connection) -> list[Standing]:
        """The accounts that are closed now: by an administrator first, then those that open last."""
        now = micros(self._caseway.clock.now())
        order = "a.closed_at IS NULL, a.closed_at, a.locked_until DESC"
        rows = connection.all(
            f"{_STANDING} WHERE a.closed_at IS NOT NULL OR a.locked_until > ? ORDER BY {order}", (now,)
        )
        return [_standing(row) for row in rows]

    def unlock(self, user: str) -> bool:
        """Opens an account that was closed; False if there is none such."""
        return self._write(_OPEN, (user,)) == 1

    def close(self, user: str, by: str) -> None:
        """Closes an account until an administrator opens it: its sessions end, its tokens count no more."""
        now = micros(self._caseway.clock.now())

        def end(connection: Connection) -> None:
            connection.run(_VOUCHED, (user, now, by))
            connection.run(_CLOSE, (now, by, user))
            connection.run(_END, (user,))
            connection.run(END_ALL, (user,))

        self._caseway.runner.write(end)

    def remove_second(self, user: str) -> None:
        """Takes the user's second factor away, and signs them out everywhere."""
        self.factors.remove(user)
        self.end_sessions(user)

    def tend(self, user: str, action: str, by: str) -> bool:
        """What an administrator does: see `ACTS`. False for closing one's own account. Raises KeyError for another."""
        act = ACTS[action]
        if action == "close" and user == by:
            return False
        act(self, user, by)
        return True

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
        row = connection.one(_BEARER, (_digest(token), micros(self._caseway.clock.now())))
        return row[0] if row and self.in_service(row[0]) else None

    def tokens(self, connection: Connection, user: str) -> list[Issued]:
        """The user's good tokens, the newest first."""
        sql = (
            "SELECT digest, title, made_at, expires FROM tokens "
            'WHERE "user" = ? AND revoked_at IS NULL AND expires > ? ORDER BY made_at DESC'
        )
        rows = connection.all(sql, (user, micros(self._caseway.clock.now())))
        return [Issued(digest, title, moment(made), moment(expires)) for digest, title, made, expires in rows]

    def all_tokens(self, connection: Connection, after: str = "", limit: int = 50) -> list[Issued]:
        """The good tokens of everybody, by user and digest; `after`: the digest that the page before ended with."""
        sql = (
            'SELECT digest, title, made_at, expires, "user" FROM tokens WHERE revoked_at IS NULL AND expires > ? '
            "AND digest > ? ORDER BY digest LIMIT ?"
        )
        rows = connection.all(sql, (micros(self._caseway.clock.now()), after, limit))
        return [
            Issued(digest, title, moment(made), moment(expires), user) for digest, title, made, expires, user in rows
        ]

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

    def _entered(self, user: str, generation: int, now: datetime) -> Known:
        self._write(
            'UPDATE accounts SET failures = 0, locked_until = NULL, last_at = ? WHERE "user" = ?', (micros(now), user)
        )
        return Known(user, generation)

    def _failed(self, user: str, now: datetime) -> Refused:
        """Counts a wrong password or code, each of several that come together; from when on the account is closed, its
        user is told."""

        def note(connection: Connection) -> datetime | None:
            connection.run('UPDATE accounts SET failures = failures + 1 WHERE "user" = ?', (user,))
            failures = int(connection.one(_ACCOUNT, (user,))[2])
            if failures < FREE:
                return None
            closed: datetime = now + min(FIRST * 2 ** min(failures - FREE, 10), LONGEST)
            connection.run('UPDATE accounts SET locked_until = ? WHERE "user" = ?', (micros(closed), user))
            post(connection, [f"user.{user}"], LOCKED, {"until": closed.isoformat(), "failures": failures}, now)
            return closed

        until = self._caseway.runner.write(note)
        return Refused("locked", until) if until else Refused("wrong")

    def _write(self, sql: str, parameters: tuple[object, ...]) -> int:
        return self._caseway.runner.write(lambda connection: connection.run(sql, parameters))


ACTS: dict[str, Callable[[Accounts, str, str], object]] = {
    "unlock": lambda accounts, user, by: accounts.unlock(user),
    "close": Accounts.close,
    "end_sessions": lambda accounts, user, by: accounts.end_sessions(user),
    "remove_second": lambda accounts, user, by: accounts.remove_second(user),
}
"""What an administrator (`by`) does with somebody's account."""


def _standing(row: Any) -> Standing:
    user, password, confirmed, failures, *moments = row
    locked, last, closed = (None if one is None else moment(one) for one in moments)
    return Standing(user, bool(password), confirmed is not None, failures, locked, last, closed)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
