"""`house.yaml`: the names that the processes of one house share, so that a wrong one is found before it runs.

    house: insurer
    queues: {complaints: {zh: 投诉处理, en: Complaints}}
    roles: {supervisor: {zh: 主管, en: Supervisor}}
    authority: {claims: {title: {zh: 理赔, en: Claims}, lines: {motor: {zh: 车险, en: Motor}}}}
    messages:
      customer_reply: {title: …, data: {text: {type: string}}, keep: 7d, by: [customer, staff]}
    signals: {catastrophe: {zh: 巨灾, en: Catastrophe}}
    errors: {payment_failed: {zh: 付款失败, en: Payment failed}}
    escalations: {}
    calendars: {insurer: calendars/insurer.yaml}
    clauses: {A-4.4: {zh: 投诉调查与结果, en: Complaints investigated and answered}}

The people are not here: they are the organisation's, in the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.durations import Duration
from engine.core.kinds import Type
from engine.core.model import Text
from engine.language.form_check import Validator
from engine.language.words import CLAUSES, FILE, LENGTH, NAME, TEXT, described, listing, mapping, named

WEEK = Duration(7, "d")
NOTHING = Validator({"type": "object", "properties": {}})


@dataclass(frozen=True, slots=True)
class Authority:
    """A kind of authority: what may be decided, and in which lines of business, with titles; empty: not restricted."""

    title: Text
    lines: Mapping[str, Text] = field(default_factory=dict)
    decisions: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A message that cases may wait for (R22): its payload, how long it is kept, who may send it."""

    title: Text
    data: Mapping[str, Type] = field(default_factory=dict)
    keep: Duration = WEEK
    by: tuple[str, ...] = ()  # staff, customer, role.x, process.x; empty: the engine's own processes only
    check: Validator = NOTHING  # of a payload that comes from outside


@dataclass(frozen=True, slots=True)
class Calendar:
    file: str
    zone: str


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how many whole years after the day on which it ended a case is kept, at least."""

    years: int
    origin: str = "manual"  # law | manual | target
    clauses: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()  # empty: all


@dataclass(frozen=True, slots=True)
class House:
    """What house.yaml says. Each mapping is keyed by name, so that `name in house.queues` asks for it."""

    name: str = ""
    title: Text = field(default_factory=dict)
    languages: tuple[str, ...] = ("zh", "en")
    queues: Mapping[str, Text] = field(default_factory=dict)
    roles: Mapping[str, Text] = field(default_factory=dict)
    authority: Mapping[str, Authority] = field(default_factory=dict)
    messages: Mapping[str, Message] = field(default_factory=dict)
    signals: Mapping[str, Text] = field(default_factory=dict)
    errors: Mapping[str, Text] = field(default_factory=dict)
    escalations: Mapping[str, Text] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    clauses: Mapping[str, Text] = field(default_factory=dict)
    unbroken: Mapping[str, Text] = field(default_factory=dict)  # clauses that no scenario can break: why none can
    checks: tuple[str, ...] = ()  # rules of the house's own: module:function, in Python files beside house.yaml
    keeping: Mapping[str, Keeping] = field(default_factory=dict)
    deployed_by: str = "one"  # one person, or two: one proposes, another approves
    parts: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""

    def years_kept(self, process: str) -> int | None:
        """The longest for which a rule keeps the ended cases of a process; None where no rule does: for ever."""
        found = (rule.years for rule in self.keeping.values() if not rule.processes or process in rule.processes)
        return max(found, default=None)


_TITLES = named(TEXT, "a mapping from names to titles")
_KNOWN = {
    "title": "a mapping from names to titles, as {motor: {zh: 车险, en: Motor}}",
    "anyOf": [{**_TITLES, "minProperties": 1}, listing(NAME, "a list of names")],
}
_SENDER = {
    "title": "staff, customer, role.x or process.x",
    "type": "string",
    "pattern": r"^(staff|customer|(role|process)\.[a-z][a-z0-9_]*)$",
}
_RULE = {
    "title": "a Python file beside house.yaml and a function in it, as house_rules:no_untitled_steps",
    "type": "string",
    "pattern": r"^[a-z_][a-z0-9_]*:[a-z_][a-z0-9_]*$",
}

KEYWORDS: Mapping[str, Mapping[str, Any]] = {
    "house": described(NAME, "The name of the house.", "insurer"),
    "title": described(TEXT, "What the house is called."),
    "languages": described(
        listing({"type": "string", "pattern": "^[a-z]{2}(-[A-Za-z]{2,4})?$"}, "a list of languages, as [zh, en]"),
        "The languages that every title and text must have. Left out: zh and en.",
    ),
    "queues": described(_TITLES, "The queues of work. Who serves them is the organisation's affair."),
    "roles": described(_TITLES, "The roles that people have."),
    "authority": described(
        named(
            mapping(
                {
                    "title": TEXT,
                    "lines": described(_KNOWN, "The lines of business it is split by, with their titles."),
                    "decisions": described(_KNOWN, "What may be decided, with titles."),
                },
                "title",
            )
        ),
        "The kinds of authority that steps ask for and grants give.",
    ),
    "messages": described(
        named(
            mapping(
                {
                    "title": TEXT,
                    "data": described(
                        {"title": "a mapping from fields to JSON Schemas", "type": "object",
                         "propertyNames": NAME, "additionalProperties": {"type": "object"}},
                        "What the message carries.",
                    ),
                    "keep": described(LENGTH, "How long it waits for a case that waits for it.", "7d"),
                    "by": described(listing(_SENDER, "a list of senders", 0), "Who may send it."),
                },
                "title",
            )
        ),
        "The messages that cases may wait for.",
    ),
    "signals": described(_TITLES, "Signals: told to every case that listens."),
    "errors": described(_TITLES, "The errors that steps and worker functions raise."),
    "escalations": described(_TITLES, "The escalations that steps raise."),
    "calendars": described(named(FILE, "a mapping from names to calendar files"), "The working calendars."),
    "clauses": described(
        {"title": "a mapping from clauses to what they say", "type": "object", "additionalProperties": TEXT},
        "The catalogue of clauses that processes may cite.",
    ),
    "unbroken": described(
        {"title": "a mapping from clauses to reasons", "type": "object", "additionalProperties": TEXT},
        "Clauses that no scenario can break, each with the reason; `caseway coverage` shows them.",
    ),
    "checks": described(
        listing(_RULE, "a list of rules, as [house_rules:no_untitled_steps]"),
        "Rules of the house's own, in Python files beside this one; `caseway lint` and deploying hold to them.",
    ),
    "keeping": described(
        named(
            mapping(
                {
                    "years": described(
                        {"title": "whole years, 1 to 100", "type": "integer", "minimum": 1, "maximum": 100},
                        "For how many whole years after the day on which a case ended it is kept, at least.",
                        "10",
                    ),
                    "origin": described({"title": "law, manual or target", "enum": ["law", "manual", "target"]},
                                        "Whose rule it is. Left out: manual."),
                    "clauses": described(CLAUSES, "The clauses that ask for it."),
                    "processes": described(listing(NAME, "a list of processes"),
                                           "Whose cases it keeps. Left out: all."),
                },
                "years",
            )
        ),
        "How long cases are kept once they have ended; the longest counts. What no rule keeps is never proposed to go.",
    ),
    "deployed_by": described(
        {"title": "one or two", "enum": ["one", "two"]},
        "How many people it takes to put another version into force. Left out: one.",
        "two",
    ),
}  # fmt: skip
