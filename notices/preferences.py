"""How people want to be told: their channels, language, hours and digest."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from engine.runtime.database import Connection
from engine.runtime.tables import micros
from notices.hours import DIGEST, HOURS

_ONE = "SELECT user_id, channels, language, digest, hours FROM notice_preferences WHERE user_id = ?"
_ALL = "SELECT user_id, channels, language, digest, hours FROM notice_preferences"
_SAVE = (
    "INSERT INTO notice_preferences (user_id, channels, language, digest, hours, changed_at) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (user_id) DO UPDATE SET channels = excluded.channels, language = excluded.language, "
    "digest = excluded.digest, hours = excluded.hours, changed_at = excluded.changed_at"
)


@dataclass(frozen=True, slots=True)
class Preference:
    """What somebody has chosen; what is empty the house decides. `digest`: a time of day as 09:00."""

    channels: tuple[str, ...] = ()
    language: str = ""
    digest: str = ""
    hours: str = ""

    def misfits(self, channels: Collection[str], languages: Collection[str]) -> list[str]:
        """The fields with something that cannot be chosen."""
        return [
            name
            for name, fits in (
                ("channels", set(self.channels) <= set(channels)),
                ("language", self.language in ("", *languages)),
                ("digest", not self.digest or re.fullmatch(DIGEST[1:-1], self.digest)),
                ("hours", not self.hours or re.fullmatch(HOURS[1:-1], self.hours)),
            )
            if not fits
        ]


def preferences(connection: Connection) -> dict[str, Preference]:
    """Of everybody who has chosen something."""
    return {row[0]: _preference(row) for row in connection.all(_ALL)}


def preference(connection: Connection, user: str) -> Preference:
    row = connection.one(_ONE, (user,))
    return Preference() if row is None else _preference(row)


def save(connection: Connection, user: str, chosen: Preference, now: datetime) -> None:
    """Keeps it, in the caller's transaction."""
    channels = json.dumps(list(chosen.channels))
    connection.run(_SAVE, (user, channels, chosen.language, chosen.digest, chosen.hours, micros(now)))


def _preference(row: tuple[str, str, str, str, str]) -> Preference:
    _, channels, language, digest, hours = row
    return Preference(tuple(json.loads(channels)), language, digest, hours)
