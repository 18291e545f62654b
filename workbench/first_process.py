"""A first process from a few answers: the file, and a scenario that plays it from the beginning to the end.

What is written is small and right, and meant to be changed: a case starts with a subject and the moment at which the
matter came in, goes through steps at which people of one queue work, and has a clock over all of it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.core.durations import SECONDS, parse_duration
from engine.core.naming import did_you_mean
from engine.language.house import House
from organisation.directory import Directory

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
RESERVED = frozenset(
    {"finished", "closed", "subject", "received_at", "end", "number", "starter", "owner", "now", "zone"}
)
"""Names that the process uses itself, or that the engine knows."""


class NotSo(Exception):
    """An answer that cannot be: `text` says what is wrong, `cure` what could stand there."""

    def __init__(self, text: str, cure: str = "") -> None:
        super().__init__(text)
        self.text, self.cure = text, cure


@dataclass(frozen=True, slots=True)
class Titled:
    """A name with what people read."""

    name: str
    zh: str
    en: str

    @classmethod
    def of(cls, written: str) -> "Titled":
        """From `register: 登记 / Register`; without titles, of its name. Raises NotSo."""
        name, _, title = (part.strip() for part in written.partition(":"))
        if not NAME.fullmatch(name):
            raise NotSo(f"{name!r} is no name.", "A name has a-z, 0-9 and _, and begins with a letter: check_papers.")
        zh, _, en = (part.strip() for part in title.partition("/"))
        spoken = name.replace("_", " ").capitalize()
        return cls(name, zh or spoken, en or zh or spoken)


@dataclass(frozen=True, slots=True)
class Answers:
    """What is asked for. `process` also gives the title; `limit` is a length, as 10wd."""

    process: Titled
    queue: str
    steps: Sequence[Titled] = field(default_factory=tuple)
    limit: str = "10wd"

    def checked(self, house: House) -> "Answers":
        """Itself, if a process can be made of it in that house. Raises NotSo."""
        queue_of(self.queue, house)
        if not self.steps:
            raise NotSo("A process has at least one step.", "Name it as register: 登记 / Register.")
        for index, step in enumerate(self.steps):
            free(step, self.steps[:index])
        limit_of(self.limit, house)
        return self


def queue_of(written: str, house: House) -> str:
    """A queue of the house. Raises NotSo."""
    if written not in house.queues:
        near = did_you_mean(written, house.queues)
        cure = (
            f"{near[0].upper()}{near[1:]}" if near else f"house.yaml has {', '.join(sorted(house.queues)) or 'none'}."
        )
        raise NotSo(f"There is no queue {written}.", cure)
    return written


def free(step: Titled, before: Sequence[Titled]) -> Titled:
    """The step, if its name is not taken. Raises NotSo."""
    if step.name in RESERVED:
        raise NotSo(f"{step.name} is taken: the process uses it itself.", "Choose another name.")
    if step.name in (each.name for each in before):
        raise NotSo("Two steps have the same name.", "Each step has a name of its own.")
    return step


def limit_of(written: str, house: House) -> str:
    """A length that can be counted in the house. Raises NotSo."""
    try:
        limit = parse_duration(written)
    except ValueError as error:
        raise NotSo(f"The limit: {error}.") from None
    if not house.calendars and limit.unit not in SECONDS:
        raise NotSo(f"{limit} is counted on a calendar, and house.yaml has none.", "Say it in hours, as 72h.")
    return written


def process_text(answers: Answers, house: House) -> str:
    """The process file."""
    made = answers.process
    calendar = min(house.calendars, default="")
    lines = [
        f"# {made.en}. Made by `caseway new`; docs/writing-a-process.md tells how to go on.",
        f"process: {made.name}",
        f"title: {_title(made)}",
        f"number: {''.join(part[0] for part in made.name.split('_') if part).upper()}-{{year}}-{{seq:04}}",
        *([f"calendar: {calendar}"] if calendar else []),
        "received: received_at",
        "search: [subject]",
        "start: {by: [staff], form: [subject, received_at]}",
        "",
        "data:",
        "  required: [subject, received_at]",
        "  properties:",
        "    subject: {title: {zh: 事由, en: Subject}, type: string, minLength: 1, maxLength: 200}",
        "    received_at: {title: {zh: 收到时间, en: Received at}, type: string, format: date-time}",
        *(
            f"    {step.name}_note: {{title: {{zh: {_quoted(step.zh + '：情况')}, en: {_quoted(step.en + ': note')}}}, "
            "type: string, maxLength: 4000}"
            for step in answers.steps
        ),
        "",
        "clocks:",
        "  whole:",
        "    title: {zh: 全程时限, en: From the beginning to the end}",
        "    origin: target",
        "    runs: {from: received_at, until: finished}",
        f"    limit: {answers.limit}",
        '    ladder: [{at: 80%, priority: "+20"}]',
        "",
        "steps:",
    ]
    for step in answers.steps:
        lines += [
            f"  {step.name}:",
            f"    title: {_title(step)}",
            f"    human: {{queue: {answers.queue}}}",
            f"    form: [{step.name}_note]",
        ]
    return "\n".join([*lines, "  finished: {milestone: finished}", "  closed: {end: closed}", ""])


def scenario_text(answers: Answers, users: Sequence[str], at: datetime) -> str:
    """The scenario: the users in turn do the work, the first starts the case at that moment."""
    made, first = answers.process, users[0]
    begins = at.isoformat(timespec="minutes")
    lines = [
        f"scenario: {_quoted(f'{made.zh}，从头到尾 / {made.en}, from the beginning to the end')}",
        f"process: {made.name}",
        f"at: {begins}",
        f"start: {{by: {first}, data: {{subject: 试例, received_at: {begins}}}}}",
        "steps:",
    ]
    for index, step in enumerate(answers.steps):
        user = users[index % len(users)]
        lines.append(f"  - expect: {{open: [{step.name}], clocks: {{whole: running}}}}")
        lines.append(f"  - complete: {{step: {step.name}, by: {user}, data: {{{step.name}_note: 已办}}}}")
    return "\n".join([*lines, "expect: {end: closed, milestones: [finished], clocks: {whole: met}}", ""])


def workers(people: Directory, queue: str, at: datetime) -> list[str]:
    """Who serves the queue then: the first two by name."""
    day = people.today(at)
    members = people.queues[queue].members if queue in people.queues else frozenset()
    return sorted(user for user in members if people.active(user, day))[:2]


def begins_at(zone: str) -> datetime:
    """When the scenario begins: a Monday morning. Its year matters to nobody."""
    return datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo(zone))


def write(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Writes files that are not there yet. Raises NotSo if one is; then none was written. Raises OSError."""
    paths = {folder / name: text for name, text in files.items()}
    for path in paths:
        if path.exists():
            raise NotSo(f"{path} is there already.", "Choose another name, or move the file away.")
    for path, text in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(paths)


def _title(what: Titled) -> str:
    return f"{{zh: {_quoted(what.zh)}, en: {_quoted(what.en)}}}"


def _quoted(text: str) -> str:
    """As YAML takes it within braces: plain where it is plain, else in quotes."""
    if re.fullmatch(r"[^\W\d_][\w ]*", text) and text.lower() not in ("true", "false", "null", "yes", "no"):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
