"""One-time codes as a second factor (RFC 6238), and recovery codes for when the device is lost.

Theory of operation. The secret is kept encrypted under a key of its own, which the installation's key file wraps: who
reads the database cannot make codes. A code is good for its half minute and the ones before and after, for clocks that
differ; the newest one taken is noted, so that none counts twice. A secret asks for nothing until a first code has
shown that the device has it. Recovery codes are random and long, so their plain digests tell nobody anything; each is
good once.
"""

import hashlib
import secrets

import pyotp
import segno

from bootstrap import Caseway
from engine.runtime.database import Connection
from engine.runtime.tables import micros
from web.tables import SECOND_FACTOR

STEP = 30
"""Seconds that a code is shown for."""
AROUND = 1
"""Steps before and after now whose codes are taken."""
CODES = 10
"""Recovery codes."""
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
PLACE = "totp"

ROW = 'SELECT key, secret, confirmed_at FROM second_factors WHERE "user" = ?'
INSERT = (
    'INSERT INTO second_factors ("user", key, secret, made_at) VALUES (?, ?, ?, ?) ON CONFLICT ("user") '
    "DO UPDATE SET key = excluded.key, secret = excluded.secret, made_at = excluded.made_at "
    "WHERE second_factors.confirmed_at IS NULL"
)
CONFIRM = 'UPDATE second_factors SET confirmed_at = ? WHERE "user" = ? AND confirmed_at IS NULL'
TAKE = 'UPDATE second_factors SET last_step = ? WHERE "user" = ? AND (last_step IS NULL OR last_step < ?)'
USE = 'UPDATE recovery_codes SET used_at = ? WHERE "user" = ? AND digest = ? AND used_at IS NULL'
LEFT = 'SELECT count(*) FROM recovery_codes WHERE "user" = ? AND used_at IS NULL'


class SecondFactors:
    """The second factors of an installation. All methods may be called from any thread with its own connection."""

    def __init__(self, caseway: Caseway) -> None:
        self._caseway = caseway

    def enrolled(self, connection: Connection, user: str) -> bool:
        """Whether the user is asked for codes."""
        row = connection.one(ROW, (user,))
        return row is not None and row[2] is not None

    def begin(self, connection: Connection, user: str) -> str:
        """A new secret for the user, not yet confirmed; the one there is while they have one that is confirmed."""
        secret, place = pyotp.random_base32(), _place(user)
        key = self._caseway.vault.new_key(place)
        sealed = self._caseway.vault.cipher(place, key).encrypt(secret.encode(), PLACE.encode())
        now = micros(self._caseway.clock.now())
        self._write(INSERT, (user, key, sealed, now))
        return self._secret(connection, user) or secret

    def pending(self, connection: Connection, user: str) -> str:
        """The secret that waits for its first code; "" for none."""
        row = connection.one(ROW, (user,))
        return "" if row is None or row[2] is not None else self._secret(connection, user)

    def confirm(self, connection: Connection, user: str, code: str) -> list[str]:
        """Takes the first code, from which on codes are asked for; the recovery codes, [] if the code is wrong."""
        if not self.pending(connection, user) or not self._code(connection, user, code):
            return []
        codes = [_recovery() for _ in range(CODES)]
        now = micros(self._caseway.clock.now())

        def note(one: Connection) -> bool:
            if one.run(CONFIRM, (now, user)) != 1:
                return False
            one.run('DELETE FROM recovery_codes WHERE "user" = ?', (user,))
            for made in codes:
                one.run('INSERT INTO recovery_codes ("user", digest) VALUES (?, ?)', (user, _digest(made)))
            return True

        return codes if self._caseway.runner.write(note) else []

    def check(self, connection: Connection, user: str, code: str) -> bool:
        """Whether it is a code of the user's, or a recovery code; either counts once."""
        if self._code(connection, user, code):
            return True
        now = micros(self._caseway.clock.now())
        return self._write(USE, (now, user, _digest(code))) == 1

    def left(self, connection: Connection, user: str) -> int:
        """How many recovery codes are still good."""
        return int(connection.one(LEFT, (user,))[0])

    def remove(self, user: str) -> None:
        """The user is asked for codes no more."""

        def note(one: Connection) -> None:
            one.run('DELETE FROM second_factors WHERE "user" = ?', (user,))
            one.run('DELETE FROM recovery_codes WHERE "user" = ?', (user,))

        self._caseway.runner.write(note)

    def _code(self, connection: Connection, user: str, code: str) -> bool:
        """Whether it is a code of now that has not been taken; takes it."""
        given = "".join(letter for letter in code if not letter.isspace())
        secret = self._secret(connection, user) if len(given) == 6 and given.isascii() and given.isdecimal() else ""
        if not secret:
            return False
        made = pyotp.TOTP(secret, interval=STEP)
        now = int(self._caseway.clock.now().timestamp()) // STEP
        for step in range(now - AROUND, now + AROUND + 1):
            if secrets.compare_digest(made.generate_otp(step), given):
                return self._write(TAKE, (step, user, step)) == 1
        return False

    def _secret(self, connection: Connection, user: str) -> str:
        row = connection.one(ROW, (user,))
        if row is None:
            return ""
        return self._caseway.vault.cipher(_place(user), bytes(row[0])).decrypt(bytes(row[1]), PLACE.encode()).decode()

    def _write(self, sql: str, values: tuple[object, ...]) -> int:
        return self._caseway.runner.write(lambda connection: connection.run(sql, values))


def uri(secret: str, user: str, house: str) -> str:
    """What a device reads: whose codes, of which house."""
    return pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=user, issuer_name=house)


def drawn(text: str) -> str:
    """A QR code as an SVG document without style of its own: dark on white, whatever the page is."""
    return segno.make(text, error="m").svg_inline(border=3, dark="#000", light="#fff", omitsize=True)


def _place(user: str) -> str:
    return SECOND_FACTOR.format(user)


def _recovery() -> str:
    letters = "".join(secrets.choice(ALPHABET) for _ in range(16))
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


def _digest(code: str) -> str:
    plain = "".join(letter for letter in code.lower() if letter in ALPHABET)
    return hashlib.sha256(plain.encode()).hexdigest()
