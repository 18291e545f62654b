"""Values as people read them: moments in the organisation's zone, lengths of time, money, data by its type."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.core.durations import MEASURES, WORKING_DAYS
from engine.core.kinds import Type
from engine.core.values import ValueProblem, read_moment
from web.desk import Desk, titled
from workbench.late import MOST

DAY, HOUR, MINUTE = 86_400, 3_600, 60


def moment(desk: Desk, at: datetime | None) -> str:
    """2026-03-02 14:05, in the reader's zone."""
    return at.astimezone(desk.zone).strftime("%Y-%m-%d %H:%M") if at else ""


def size(desk: Desk, count: int) -> str:
    """The size of a file of so many bytes."""
    return f"{count / 1_000_000:.1f} MB" if count >= 1_000_000 else f"{max(1, round(count / 1000))} KB"


def capped(desk: Desk, count: int) -> str:
    """A count that goes no further than `workbench.late.MOST` and one: 1000+ then."""
    return f"{MOST}+" if count > MOST else str(count)


def short(desk: Desk, at: datetime | None) -> str:
    """The same, as short as it can be understood: today only the time, this year without the year."""
    if at is None:
        return ""
    local, today = at.astimezone(desk.zone), desk.now.astimezone(desk.zone)
    if local.date() == today.date():
        return local.strftime("%H:%M")
    return local.strftime("%m-%d %H:%M" if local.year == today.year else "%Y-%m-%d")


def clock_time(desk: Desk, at: datetime) -> str:
    """14:05:09, for what is up to date to the second."""
    return at.astimezone(desk.zone).strftime("%H:%M:%S")


def lasting(desk: Desk, length: timedelta) -> str:
    """A length in its two largest units: 3 d 4 h, 4 h 10 min."""
    seconds = int(abs(length).total_seconds())
    parts = [(seconds // DAY, "d"), (seconds % DAY // HOUR, "h"), (seconds % HOUR // MINUTE, "min")]
    while len(parts) > 1 and not parts[0][0]:
        parts = parts[1:]
    space = "" if desk.language == "zh" else " "
    told = [f"{count}{space}{desk.say(unit)}" for count, unit in parts[:2] if count]
    return " ".join(told) or f"0{space}{desk.say('min')}"


def measure(desk: Desk, amount: timedelta, unit: str) -> str:
    """What a clock has counted, as people say it: 3 working days 6 h, 2 h 25 min. A working day is told in whole ones;
    what is left of one as its part of a day."""
    days, rest = divmod(amount, timedelta(days=1))
    if MEASURES[unit] != WORKING_DAYS or not days:
        return lasting(desk, amount)
    space = "" if desk.language == "zh" else " "
    told = f"{days}{space}{desk.say('wd')}"
    return f"{told} {lasting(desk, rest)}" if rest >= timedelta(hours=1) else told


_LENGTH = re.compile(r"([0-9]{1,5})(min|h|d|wd|wh)")


def length(desk: Desk, text: str) -> str:
    """A length of time as designers write it, in words: 30wd as 30 working days. Other text stays."""
    found = _LENGTH.fullmatch(text)
    if found is None:
        return text
    return desk.say(f"length.{found[2]}{'.1' if found[1] == '1' else ''}", count=found[1])


def relative(desk: Desk, at: datetime | None) -> str:
    """in 3 h, 2 d late: a deadline as it looks now."""
    if at is None:
        return ""
    key = "in" if at >= desk.now else "late_by"
    return desk.say(key, time=lasting(desk, at - desk.now))


def ago(desk: Desk, at: datetime | None) -> str:
    """3 h ago; just now."""
    if at is None:
        return ""
    if desk.now - at < timedelta(minutes=1):
        return desk.say("just_now")
    return desk.say("ago", time=lasting(desk, desk.now - at))


def value(
    desk: Desk, given: Any, kind: Type, labels: Mapping[str, Any] | None = None, schema: Mapping[str, Any] | None = None
) -> str:
    """A datum of the case in words; `labels` are the titles of an enumeration's values, `schema` what is said of the
    datum, for the fields of an object and of objects in a list."""
    if given is None or given == "":
        return ""
    if isinstance(given, bool):
        return desk.say("yes" if given else "no")
    if isinstance(given, list):
        item = kind.item or Type("any")
        separator = "\n" if any(isinstance(one, dict) for one in given) else "、" if desk.language == "zh" else ", "
        return separator.join(value(desk, one, item, labels, (schema or {}).get("items")) for one in given)
    if isinstance(given, dict):
        fields = kind.fields or {}
        inside = (schema or {}).get("properties", {})
        parts = [
            f"{titled(getattr(fields.get(name), 'title', None), desk.language, worded(name))}: "
            f"{value(desk, inner, fields.get(name, Type('any')), inside.get(name, {}).get('labels'), inside.get(name))}"
            for name, inner in given.items()
            if inner is not None
        ]
        return ("；" if desk.language == "zh" else "; ").join(parts)
    if labels and str(given) in labels:
        return titled(labels[str(given)], desk.language, str(given))
    if kind.money:
        return money(given)
    if kind.kind == "datetime" and isinstance(given, str):
        try:
            return moment(desk, read_moment(given))
        except ValueProblem:
            return given
    return worded(given) if kind.enum and isinstance(given, str) else length(desk, str(given))


def money(given: Any) -> str:
    """1,234,567.80"""
    try:
        return f"{Decimal(str(given)):,.2f}"
    except ArithmeticError:
        return str(given)


def worded(name: str) -> str:
    """A name of the program for people: third_party as third party."""
    return name.replace("_", " ")
