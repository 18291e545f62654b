"""Sessions: a signed cookie that says who signed in, and nothing that is secret.

Theory of operation. The cookie holds the user, a random id, the generation of the account's sessions and two
moments, signed with a key that follows from the installation's own: every process of an installation accepts it,
and nobody else can make one. A session ends when it has not been used for `IDLE`, after `LIFE`, when the user's
password changes, or when they leave. The token that every form carries against forged requests is signed over
the session's id, so that it fits no other session.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer

from engine.runtime.tables import micros, moment
from engine.runtime.vault import Vault

COOKIE = "caseway"
IDLE, LIFE, AGAIN = timedelta(hours=4), timedelta(hours=12), timedelta(minutes=5)
"""Unused so long it ends; at most it lasts; how old its last use may be before the cookie is renewed."""

NOTE = timedelta(minutes=10)
"""How long what one page hands to the next is good."""


@dataclass(slots=True)
class Session:
    """One browser, signed in (`user`) or not yet ("")."""

    id: str
    user: str
    generation: int
    began: datetime
    used: datetime
    how: str = "password"  # or "oidc": by whom it was made sure who it is
    fresh: bool = field(default=False)  # the browser does not have it in this form yet


class Sessions:
    """Reads and writes the cookies of an installation."""

    def __init__(self, vault: Vault) -> None:
        # Ed25519 signs the same content in the same way: this is a key that only who has the key file can make.
        key = hashlib.sha256(vault.sign(b"caseway web sessions 1")[1]).hexdigest()
        self._cookies = URLSafeSerializer(key, salt="session")
        self._forms = URLSafeSerializer(key, salt="form")
        self._notes = URLSafeSerializer(key, salt="note")

    def begin(self, now: datetime, user: str = "", generation: int = 0, how: str = "password") -> Session:
        """A new session, with an id of its own: one from before signing in is not kept."""
        return Session(secrets.token_urlsafe(18), user, generation, now, now, how, fresh=True)

    def read(self, cookie: str, now: datetime) -> Session:
        """The session of a cookie; a new one, of nobody, for a cookie that is old, forged or not there."""
        try:
            id, user, generation, began, used, how = self._cookies.loads(cookie)
            found = Session(id, user, generation, moment(began), moment(used), how)
        except (BadSignature, ValueError, TypeError):
            return self.begin(now)
        if now - found.used > IDLE or now - found.began > LIFE:
            return self.begin(now)
        if now - found.used > AGAIN:
            found.used, found.fresh = now, True
        return found

    def write(self, session: Session) -> str:
        """The cookie's value."""
        began, used = micros(session.began), micros(session.used)
        return str(self._cookies.dumps([session.id, session.user, session.generation, began, used, session.how]))

    def token(self, session: Session) -> str:
        """What the session's forms carry."""
        return str(self._forms.dumps(session.id))

    def fits(self, session: Session, token: str) -> bool:
        """Whether a form with this token came from a page of the session."""
        try:
            return bool(secrets.compare_digest(str(self._forms.loads(token)), session.id))
        except (BadSignature, ValueError, TypeError):
            return False

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
