"""Whom a notice is for, and by which ways: from `owner`, `role.x`, `queue.x`, `customer` to recipients and addresses.

A role is everybody in service who holds it, a queue everybody who serves it. For somebody who is away the one who
stands in is told instead; where nobody does, they are told all the same, and read it when they are back.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from notices.channels import Channels
from notices.hours import Calendar, next_digest, next_time
from notices.preferences import Preference
from organisation.directory import Directory

CUSTOMER = "customer"
USER = "user."
_MAIL = re.compile(r"[^\s@,;<>\"'()\[\]\\%\x00-\x1f\x7f]{1,64}@[^\s@,;<>\"'()\[\]\\%\x00-\x1f\x7f]{1,190}")
_PLAIN = re.compile(r"[^\s,;<>\"'/\\?#&@%\x00-\x1f\x7f]{1,120}|\+?[0-9][0-9 -]{4,24}")
_KNOWN: Mapping[str, Callable[[Directory, str], Iterable[str]]] = {
    "user": lambda directory, name: (name,),
    "role": Directory.holders,
    "queue": Directory.members,
}
"""Who is behind a word of each kind. Any other is a user's own name, as an expression may yield it."""


@dataclass(frozen=True, slots=True)
class Way:
    """One dispatch to be: to whom, by which channel ("" where there is none), when, and whether with others."""

    recipient: str
    channel: str
    due: datetime
    digest: bool = False


@dataclass(frozen=True, slots=True)
class Around:
    """What deciding about recipients looks at. `zone`: of the house."""

    channels: Channels
    directory: Directory
    preferences: Mapping[str, Preference]
    calendar: Calendar | None
    zone: ZoneInfo

    def hours(self, recipient: str) -> str:
        """Within which hours somebody is told what is not urgent."""
        if recipient == CUSTOMER:
            return self.channels.customer_hours
        return self.preference(recipient).hours or self.channels.staff_hours

    def preference(self, recipient: str) -> Preference:
        return self.preferences.get(recipient.removeprefix(USER)) or Preference()

    def when(self, recipient: str, urgent: bool, now: datetime) -> datetime:
        """When somebody may be told: now, or as soon as their hours begin."""
        return now if urgent else next_time(self.hours(recipient), now, self.zone, self.calendar)


def users_of(to: str, directory: Directory, on: date, process: str) -> tuple[str, ...]:
    """The people in service behind a word, in order of name; whoever stands in, for those who are away."""
    kind, _, name = to.partition(".")
    known = _KNOWN.get(kind)
    found = known(directory, name) if known is not None else (to,)
    there = {directory.stand_in(user, on, process) or user for user in found if directory.active(user, on)}
    return tuple(sorted(there))


def ways(
    to: Iterable[str], urgent: bool, process: str, data: Mapping[str, Any], around: Around, now: datetime
) -> Iterator[Way]:
    """Every way that a notice goes, each once. `data`: the case's open data, for the customer's address. Whoever
    cannot be reached has a way without a channel."""
    seen: set[tuple[str, str]] = set()
    for word in dict.fromkeys(to):
        for way in _ways(word, urgent, process, data, around, now):
            if (way.recipient, way.channel) not in seen:
                seen.add((way.recipient, way.channel))
                yield way


def _ways(
    word: str, urgent: bool, process: str, data: Mapping[str, Any], around: Around, now: datetime
) -> Iterator[Way]:
    for channel in around.channels.channels.values():
        if word in channel.rooms:
            yield Way(word, channel.name, around.when(word, urgent, now))
    if word == CUSTOMER:
        known = (name for name in around.channels.customer if address_of(word, name, data, around))
        yield Way(word, next(known, ""), around.when(word, urgent, now))
        return
    users = users_of(word, around.directory, around.directory.today(now), process)
    for user in users:
        yield from _personal(f"{USER}{user}", urgent, around, now)
    if not users:
        yield Way(word, "", now)


def _personal(recipient: str, urgent: bool, around: Around, now: datetime) -> Iterator[Way]:
    """By each channel that the person chose and can be reached by; if none of these, by any of the house's."""
    wish = around.preference(recipient)
    named = [name for name in wish.channels or around.channels.staff if address_of(recipient, name, {}, around)]
    named = named or [name for name in around.channels.staff if address_of(recipient, name, {}, around)]
    together = bool(wish.digest) and not urgent
    at = next_digest(wish.digest, now, around.zone) if together else now
    due = around.when(recipient, urgent, at)
    for name in named:
        yield Way(recipient, name, due, together)
    if not named:
        yield Way(recipient, "", now)


def address_of(recipient: str, channel: str, data: Mapping[str, Any], around: Around) -> str:
    """Where somebody is reached by a channel; "" where there is no address, or none that can be one."""
    found = around.channels.channels.get(channel)
    if found is None:
        return ""
    if recipient == CUSTOMER:
        fields = around.channels.customer.get(channel, ())
        given = next((data[field] for field in fields if isinstance(data.get(field), str) and data[field]), "")
    else:
        user = around.directory.users.get(recipient.removeprefix(USER))
        given = user.contact.get(found.contact, "") if user is not None else ""
    given = given.strip()
    return given if _MAIL.fullmatch(given) or _PLAIN.fullmatch(given) else ""
