"""By which ways notices leave the house: `channels.yaml` in the installation's folder.

Theory of operation. An address of apprise says how a channel is reached (mail, SMS gateways, WeCom, DingTalk, Feishu,
any HTTP endpoint). It holds passwords and tokens, so the file stands beside the key file, is kept to its owner as that
one is, and none of it gets into the database, a log or an answer. `{address}` stands for whom it goes to. It is put in
escaped, and never where the host stands: whom a notice goes to does not decide which machine is called.

    channels:
      mail:
        title: {zh: 邮件, en: Mail}
        url: mailtos://caseway:PASSWORD@smtp.example.com?from=caseway@example.com&to={address}
        contact: email                                  # which entry of a person's `contact`
      sms:
        url: json://sms.example.com/send/{address}
        contact: phone
        short: true                                     # the subject alone
      claims_room:                                      # a room: what goes to these goes there too
        url: wecombot://KEY
        for: [role.supervisor, queue.claims_review]
    staff: {channels: [mail], hours: working}
    customer: {channels: {mail: [customer_email], sms: [customer_phone]}, hours: "08:00-21:00", language: zh}
"""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.language.problems import Problems, one_of
from engine.language.shape import misshapen, validator
from engine.language.source import load as load_yaml
from engine.language.words import NAME, TEXT, Schema, described, listing, mapping, named
from notices.hours import HOURS, WORKING

FILE = "channels.yaml"
KEEP = 7
"""Days: an older notice is news no more when delivery begins."""
PLACE = "{address}"

_URL: Schema = {"title": "an address of apprise, as mailtos://… or wecombot://…", "type": "string", "minLength": 5}
_FIELD: Schema = {"title": "an entry of `contact`, as email", "type": "string", "minLength": 1}
_FOR: Schema = {"title": "role.x or queue.x", "type": "string", "pattern": r"^(role|queue)\.[a-z][a-z0-9_]*$"}
_HOURS: Schema = {"title": "working, any or hours as 08:00-21:00", "type": "string", "pattern": HOURS}
_DAYS: Schema = {"title": "a number of days", "type": "integer", "minimum": 1, "maximum": 90}
_LANGUAGE: Schema = {"title": "a language of the house, as zh", "type": "string"}
_SHAPE = validator(
    mapping(
        {
            "channels": named(
                mapping(
                    {
                        "title": TEXT,
                        "url": described(_URL, "How it is reached; {address} stands for whom it goes to."),
                        "contact": described(_FIELD, "Which entry of a person's contact is their address here."),
                        "for": described(listing(_FOR, "a list of role.x and queue.x"), "Whose notices a room hears."),
                        "short": described(
                            {"title": "true or false", "type": "boolean"}, "Only the subject, as an SMS has it."
                        ),
                    },
                    "url",
                )
            ),
            "staff": mapping(
                {
                    "channels": described(listing(NAME, "a list of channels"), "For who has chosen none. Else: all."),
                    "hours": described(_HOURS, "When people are told what is not urgent. Left out: working."),
                }
            ),
            "customer": mapping(
                {
                    "channels": described(
                        named(listing(NAME, "a list of fields")),
                        "Channels in order of preference, each with the fields of a case that hold the address.",
                    ),
                    "hours": described(_HOURS, "When customers are told. Left out: 08:00-21:00."),
                    "language": _LANGUAGE,
                }
            ),
            "calendar": described(NAME, "Whose working hours count. Left out: the house's first."),
            "keep": described(_DAYS, "Older notices are passed over when delivery begins. Left out: 7."),
        },
        "channels",
        title="the channels",
    )
)


@dataclass(frozen=True, slots=True)
class Channel:
    """One way out. `contact` is "" for a room, which hears what goes to `rooms`."""

    name: str
    title: Mapping[str, str]
    url: str
    contact: str = ""
    rooms: frozenset[str] = frozenset()
    short: bool = False

    def to(self, address: str) -> str:
        """Its address of apprise for somebody's address. It is as secret as the file."""
        return self.url.replace(PLACE, quote(address, safe=""))


@dataclass(frozen=True, slots=True)
class Channels:
    """The ways out of a house. `customer`: channel -> fields of a case."""

    channels: Mapping[str, Channel]
    staff: tuple[str, ...] = ()
    staff_hours: str = WORKING
    customer: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    customer_hours: str = "08:00-21:00"
    customer_language: str = ""
    calendar: str = ""
    keep: timedelta = timedelta(days=KEEP)
    warnings: tuple[str, ...] = ()

    @property
    def personal(self) -> dict[str, Channel]:
        """Those that reach a person."""
        return {name: channel for name, channel in self.channels.items() if channel.contact}


def channels_of(folder: Path) -> Channels | None:
    """What an installation's `channels.yaml` says; None where there is none. Raises DefinitionError, ValueError."""
    path = folder / FILE
    if not path.exists():
        return None
    document = load_yaml(path, FILE)
    problems = Problems(misshapen(document, (), document.value, _SHAPE))
    problems.refuse()
    value: Any = document.value
    made = {name: _channel(name, given) for name, given in value["channels"].items()}
    staff, customer = value.get("staff", {}), value.get("customer", {})
    personal = [name for name, channel in made.items() if channel.contact]
    for place, used, known in (
        ("staff", staff.get("channels", ()), personal),
        ("customer", customer.get("channels", ()), [name for name, one in made.items() if PLACE in one.url]),
    ):
        for name in used:
            if name not in known:
                raise ValueError(f"{FILE}: {place}: there is no channel {name} with an address; {one_of(known)}")
    return Channels(
        made, tuple(staff.get("channels", personal)), staff.get("hours", WORKING),
        {name: tuple(fields) for name, fields in customer.get("channels", {}).items()},
        customer.get("hours", "08:00-21:00"), customer.get("language", ""), value.get("calendar", ""),
        timedelta(days=value.get("keep", KEEP)), _warnings(path),
    )  # fmt: skip


def _channel(name: str, given: Mapping[str, Any]) -> Channel:
    url, contact, title = given["url"], given.get("contact", ""), given.get("title", name)
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    if PLACE in authority.rpartition("@")[2]:
        raise ValueError(f"{FILE}: {name}: {PLACE} stands where the host does; expected it in the path or a parameter")
    if bool(contact) == bool(given.get("for")):
        raise ValueError(f"{FILE}: {name}: expected `contact` for people, or `for` for a room")
    if bool(contact) != (PLACE in url):
        where = f"{PLACE} in the url" if contact else f"no {PLACE} in the url of a room"
        raise ValueError(f"{FILE}: {name}: expected {where}")
    told = {"zh": title, "en": title} if isinstance(title, str) else title
    return Channel(name, told, url, contact, frozenset(given.get("for", ())), given.get("short", False))


def _warnings(path: Path) -> tuple[str, ...]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name != "posix" or not mode & 0o077:
        return ()
    return (f"{path} holds passwords and can be read by others (mode {mode:04o}); expected 0600: chmod 600 {path}",)
