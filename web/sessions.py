"""Sessions: who is signed in, in which browser, and until when.

Theory of operation. The cookie holds a random id, the user and the moment they signed in, signed with a key that
follows from the installation's own: every process of an installation accepts it, and nobody else can make one. It is
worth no more than the row that is kept for it, under a digest of the id: the list of them gives nobody a cookie. The
row is asked for at every request (one look by its key) and goes when the user signs out, when the password changes,
when the account is closed, when they leave: then a copy of the cookie is nothing, too. Besides, a session ends when
it has not been used for `IDLE`, and after `LIFE`. Before signing in there is a cookie without a row.

The token that every form carries against forged requests is signed over the session's id, so that it fits no other.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from itsdangerous import BadSignature, URLSafeSerializer

from bootstrap import Caseway
from engine.runtime.database import Connection
from engine.runtime.tables import micros, moment
from engine.runtime.vault import Vault

COOKIE = "caseway"
IDLE, LIFE, SEEN = timedelta(hours=4), timedelta(hours=12), timedelta(minutes=1)
"""Unused so long it ends; at most it lasts; how often its last use is written down."""

NOTE = timedelta(minutes=10)
"""How long what one page hands to the next is good."""

OPEN = (
    'INSERT INTO sessions (id, "user", began, how, address, browser, seen) '
    'SELECT ?, a."user", ?, ?, ?, ?, ? FROM accounts a '
    'WHERE a."user" = ? AND a.generation = ? AND a.closed_at IS NULL'
)
KEPT = 'SELECT seen FROM sessions WHERE id = ? AND "user" = ?'
OF = (
    'SELECT id, began, seen, how, address, browser FROM sessions WHERE "user" = ? AND began > ? AND seen >= ? '
    "ORDER BY began DESC, id LIMIT 100"
)
USED = "UPDATE sessions SET seen = ? WHERE id = ? AND seen < ?"
END = 'DELETE FROM sessions WHERE "user" = ? AND id = ?'
END_OTHERS = 'DELETE FROM sessions WHERE "user" = ? AND id <> ?'
END_ALL = 'DELETE FROM sessions WHERE "user" = ?'
CLEAR = "DELETE FROM sessions WHERE began < ?"

BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip
"""By what a browser's own account of itself is known: the first that fits, as each names those it is like."""


@dataclass(slots=True)
class Session:
    """One browser, signed in (`user`) or not yet ("")."""

    id: str
    user: str
    began: datetime
    how: str = "password"  # or "oidc": by whom it was made sure who it is
    fresh: bool = field(default=False)  # the browser does not have it in this form yet
    used: bool = field(default=True)  # False where nobody did anything: a page that looks for news by itself

    @property
    def place(self) -> str:
        """Under which it is kept."""
        return hashlib.sha256(self.id.encode()).hexdigest()[:32]


class Kept(NamedTuple):
    """A session as its owner sees it. `seen`: its last use, to the minute."""

    id: str
    began: datetime
    seen: datetime
    how: str
    address: str
    browser: str


class Sessions:
    """Reads and writes the cookies of an installation."""

    def __init__(self, vault: Vault) -> None:
        # Ed25519 signs the same content in the same way: this is a key that only who has the key file can make.
        key = hashlib.sha256(vault.sign(b"caseway web sessions 1")[1]).hexdigest()
        self._cookies = URLSafeSerializer(key, salt="session 2")
        self._forms = URLSafeSerializer(key, salt="form")
        self._notes = URLSafeSerializer(key, salt="note")
        self._texts = URLSafeSerializer(key, salt="text")

    def begin(self, now: datetime, user: str = "", how: str = "password") -> Session:
        """A new session, with an id of its own: one from before signing in is not kept."""
        return Session(secrets.token_urlsafe(18), user, now, how, fresh=True)

    def read(self, cookie: str, now: datetime) -> Session:
        """The session of a cookie; a new one, of nobody, for a cookie that is old, forged or not there. Whether it
        still counts is the register's to say."""
        try:
            id, user, began, how = self._cookies.loads(cookie)
            found = Session(str(id), str(user), moment(began), str(how))
        except (BadSignature, ValueError, TypeError, OverflowError):
            return self.begin(now)
        return found if now - found.began <= LIFE else self.begin(now)

    def write(self, session: Session) -> str:
        """The cookie's value."""
        return str(self._cookies.dumps([session.id, session.user, micros(session.began), session.how]))

    def token(self, session: Session) -> str:
        """What the session's forms carry."""
        return str(self._forms.dumps(session.id))

    def fits(self, session: Session, token: str) -> bool:
        """Whether a form with this token came from a page of the session."""
        try:
            return bool(secrets.compare_digest(str(self._forms.loads(token)), session.id))
        except (BadSignature, ValueError, TypeError):
            return False

    def signed(self, text: str) -> str:
        """A text that a page carries for us, packed: whoever sends it back cannot have changed it."""
        return str(self._texts.dumps(text))

    def opened(self, text: str) -> str:
        """What was signed. Raises itsdangerous.BadSignature for anything else."""
        return str(self._texts.loads(text))

    def note(self, session: Session, now: datetime, *said: str | int) -> str:
        """What one page hands to the next within a session, such as who has given the right password: signed."""
        return str(self._notes.dumps([session.id, micros(now), *said]))

    def noted(self, session: Session, now: datetime, note: str) -> list[str | int]:
        """What a note says; [] for one that is forged, another session's, or older than `NOTE`."""
        try:
            id, at, *said = self._notes.loads(note)
            fits = secrets.compare_digest(str(id), session.id) and timedelta(0) <= now - moment(at) <= NOTE
        except (BadSignature, ValueError, TypeError, OverflowError):
            return []
        return said if fits else []


class Register:
    """The sessions that count. All methods may be called from any thread that has its own connection."""

    def __init__(self, caseway: Caseway) -> None:
        self._caseway = caseway

    def open(self, session: Session, generation: int, address: str = "", agent: str = "") -> bool:
        """Keeps a session that begins; False where the password that led to it (`generation`) counts no more.
        Clears, too, what ended by itself."""
        began = micros(session.began)
        row = (session.place, began, session.how, address[:80], browser(agent), began, session.user, generation)

        def note(connection: Connection) -> bool:
            connection.run(CLEAR, (micros(session.began - LIFE),))
            return bool(connection.run(OPEN, row) == 1)

        return self._caseway.runner.write(note)

    def holds(self, connection: Connection, session: Session) -> bool:
        """Whether the session counts now; notes that it was used."""
        now = self._caseway.clock.now()
        row = connection.one(KEPT, (session.place, session.user))
        if row is None or now - moment(row[0]) > IDLE or now - session.began > LIFE:
            return False
        if session.used and now - moment(row[0]) >= SEEN:
            at = micros(now)
            self._write(USED, (at, session.place, at))
        return True

    def of(self, connection: Connection, user: str) -> list[Kept]:
        """The user's sessions that count, the newest first."""
        now = self._caseway.clock.now()
        rows = connection.all(OF, (user, micros(now - LIFE), micros(now - IDLE)))
        return [Kept(id, moment(began), moment(seen), *rest) for id, began, seen, *rest in rows]

    def end(self, user: str, id: str) -> bool:
        """Ends one of the user's; False if they have none such."""
        return self._write(END, (user, id)) == 1

    def end_others(self, user: str, id: str = "") -> None:
        """Ends all of the user's but this one."""
        self._write(END_OTHERS, (user, id))

    def _write(self, sql: str, values: tuple[object, ...]) -> int:
        return self._caseway.runner.write(lambda connection: connection.run(sql, values))


def browser(agent: str) -> str:
    """A browser's account of itself (RFC 9110, 10.1.5) in two words, such as "Firefox, Linux"; "" for none known."""
    found = (next((name for mark, name in table if mark in agent), "") for table in (BROWSERS, SYSTEMS))
    return ", ".join(filter(None, found))
