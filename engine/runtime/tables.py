"""The tables of the shell, on the metadata that every component shares.

Each column declares in `info["kind"]` what it is:

- `derived`: follows from the case's history; `verify` derives it again and compares;
- `operational`: lives only here (leases, attempts, what was sent) and survives a rebuild of the rest;
- `record`: is itself what must be kept (history, definitions, counters).

Moments are BIGINT microseconds since 1970 UTC in both databases: they compare and sort alike, and the hot
path needs no conversion. Cold queries through SQLModel see aware datetimes (`Moment`). Ids are text. JSON is
text too, because it is compared byte for byte.

Small tables that are only ever reached by their key leave out SQLite's rowid: one B-tree fewer to write.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Text, TypeDecorator, text
from sqlmodel import Field, SQLModel

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

metadata = SQLModel.metadata
metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that compares byte by byte, in PostgreSQL too whatever the locale of the database."""

SCHEMA = "0019"
"""The form of the database that this program works with: the number of the newest migration."""


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC of an aware datetime. Raises TypeError for a naive one."""
    return (moment - EPOCH) // MICROSECOND


def moment(stored: int) -> datetime:
    """The aware datetime, UTC, of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=stored)


class Moment(TypeDecorator[datetime]):
    """An aware datetime in Python, BIGINT microseconds UTC in the database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        return None if value is None else moment(value)


def column(kind: str, type_: Any = TEXT, *, key: bool = False, null: bool = False, **more: Any) -> Any:
    """A column of a kind (`derived`, `operational`, `record`); `key` puts it into the primary key."""
    return Field(sa_column=Column(type_, primary_key=key, nullable=null, info={"kind": kind}, **more))


def derived(type_: Any = TEXT, *, key: bool = False, null: bool = False) -> Any:
    return column("derived", type_, key=key, null=null)


def operational(type_: Any = TEXT, *, key: bool = False, null: bool = False) -> Any:
    return column("operational", type_, key=key, null=null)


def record(type_: Any = TEXT, *, key: bool = False, null: bool = False, **more: Any) -> Any:
    return column("record", type_, key=key, null=null, **more)


def wrapped(place: str = "{}", *, null: bool = False) -> Any:
    """A key that the installation's key file wraps; `place` makes of the row's own key what it is bound to. What
    rotates the keys finds it by this."""
    made = column("record", LargeBinary, null=null)
    made.sa_column.info["wrapped"] = place
    return made


class Case(SQLModel, table=True):
    """One row per case: its state, and what lists and searches need of it."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("uq_cases_number", "number", unique=True),
        Index("ix_cases_process_status_started_at", "process", "status", "started_at", "id"),
        Index("ix_cases_started_at", "started_at", "id"),
        Index(  # whose time in the archive is over
            "ix_cases_ended",
            "process",
            "ended_at",
            "id",
            sqlite_where=text("ended_at IS NOT NULL AND key IS NOT NULL"),
            postgresql_where=text("ended_at IS NOT NULL AND key IS NOT NULL"),
        ),
        Index(
            "ix_cases_parent",
            "parent",
            sqlite_where=Column("parent").is_not(None),
            postgresql_where=Column("parent").is_not(None),
        ),
    )

    id: str = record(key=True)
    revision: int = derived(BigInteger)  # guards every update
    seq: int = derived(BigInteger)  # rows of history
    head: bytes = derived(LargeBinary)  # hash of the newest of them
    key: bytes | None = wrapped(null=True)  # the case's; destroyed: None
    process: str = derived()
    version: str = derived()
    number: str | None = derived(null=True)
    status: str = derived()  # open | suspended | ended
    end: str = derived()
    parent: str | None = derived(null=True)
    owner: str | None = derived(null=True)
    search: str | None = derived(null=True)  # what it is about, as lists say it; never a secret
    started_at: datetime = derived(Moment)
    last_at: datetime = derived(Moment)
    ended_at: datetime | None = derived(Moment, null=True)
    state: str = derived()  # canonical JSON of all slices


class History(SQLModel, table=True):
    """One row per accepted command (R13). `content` is encrypted, `hash` covers what is stored."""

    __tablename__ = "history"
    # What follows history asks what came since: SQLite has its rowid for that, PostgreSQL an index that costs nothing.
    __table_args__ = (Index("ix_history_at", "at", postgresql_using="brin").ddl_if(dialect="postgresql"),)

    case_id: str = record(key=True)
    seq: int = record(BigInteger, key=True)
    command_id: str = record()
    payload_hash: bytes = record(LargeBinary)  # tells a repeat from another command with the same id
    at: datetime = record(Moment)
    content: bytes = record(LargeBinary)
    hash: bytes = record(LargeBinary)


class GivenId(SQLModel, table=True):
    """The id of an accepted command that its caller gave, and could send again: where its row of history is (R5)."""

    __tablename__ = "given_ids"
    __table_args__ = ({"sqlite_with_rowid": False},)

    id: str = record(key=True)
    case_id: str = record()
    seq: int = record(BigInteger)


class Timer(SQLModel, table=True):
    """A timer that runs; `slice` says whose (flow, clocks)."""

    __tablename__ = "timers"
    __table_args__ = (
        Index("ix_timers_due", "due", "case_id", "slice", "id"),
        Index(
            "ix_timers_held_until",
            "held_until",
            sqlite_where=Column("held_until").is_not(None),
            postgresql_where=Column("held_until").is_not(None),
        ),
        {"sqlite_with_rowid": False},
    )

    case_id: str = derived(key=True)
    slice: str = derived(key=True)
    id: int = derived(BigInteger, key=True)
    due: datetime = derived(Moment)
    held_until: datetime | None = operational(Moment, null=True)  # firing failed: not again before


class Wait(SQLModel, table=True):
    """A subscription to a message or a signal."""

    __tablename__ = "waits"
    __table_args__ = (
        Index("ix_waits_kind", "kind", "name", "key", "since", "case_id", "id"),
        {"sqlite_with_rowid": False},
    )

    case_id: str = derived(key=True)
    id: int = derived(BigInteger, key=True)
    kind: str = derived()  # message | signal
    name: str = derived()
    key: str = derived()
    process: str = derived()
    since: datetime = operational(Moment)  # when the row was made: the oldest is served first


class Job(SQLModel, table=True):
    """Service work that is open; this row alone counts attempts and schedules retries (R15)."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_due", "due", "case_id", "id"), {"sqlite_with_rowid": False})

    case_id: str = derived(key=True)
    id: int = derived(BigInteger, key=True)
    token: int = derived(BigInteger)  # the activation of the step: a job made again after an incident keeps it
    step: str = derived()
    function: str = derived()
    args: str = derived()  # JSON
    times: int = derived(Integer)  # tries at most
    first: int = derived(Integer)  # seconds to the second try
    factor: int = derived(Integer)  # how much longer each next time
    longest: int = derived(Integer)  # seconds, at most
    timeout: int = derived(Integer)  # seconds a try may take
    since: datetime = operational(Moment)  # when the row was made
    attempts: int = operational(Integer)
    due: datetime = operational(Moment)  # next try; while leased, when the lease lapses
    leased_by: str | None = operational(null=True)
    error: str | None = operational(null=True)  # of the last try


class Incident(SQLModel, table=True):
    """What went wrong and waits for a person."""

    __tablename__ = "incidents"
    __table_args__ = (Index("ix_incidents_since", "since"), {"sqlite_with_rowid": False})

    case_id: str = derived(key=True)
    id: int = derived(BigInteger, key=True)
    step: str = derived()
    kind: str = derived()
    text: str = derived()
    since: datetime = derived(Moment)


class Message(SQLModel, table=True):
    """A message that has arrived (R22), by its id, which takes it in once."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_name", "name", "key"),
        Index(
            "ix_messages_due",
            "due",
            "id",
            sqlite_where=Column("due").is_not(None),
            postgresql_where=Column("due").is_not(None),
        ),
        {"sqlite_with_rowid": False},
    )

    id: str = record(key=True)
    name: str = record()
    key: str = record()
    payload: str = record()  # JSON
    sender: str = record()  # the user or the case
    arrived: datetime = record(Moment)
    expires: datetime = record(Moment)
    state: str = operational()  # pending | delivered | undelivered
    due: datetime | None = operational(Moment, null=True)  # when to look again who waits for it


class Delivery(SQLModel, table=True):
    """Which case of a process got a message: at most one of each process."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_case_id", "case_id"), {"sqlite_with_rowid": False})

    message_id: str = record(key=True)
    process: str = record(key=True)
    case_id: str = record()
    at: datetime = record(Moment)


class Inbox(SQLModel, table=True):
    """A command for a case, to be run later: gone in the transaction that runs it (R2)."""

    __tablename__ = "inbox"
    __table_args__ = (Index("ix_inbox_due", "due", "id"), {"sqlite_with_rowid": False})

    id: str = record(key=True)  # the command's id
    case_id: str = record()
    command: str = record()  # JSON
    ground: str = record()  # which case and command asked for it
    created: datetime = record(Moment)
    due: datetime = operational(Moment)  # not before
    attempts: int = operational(Integer)
    error: str | None = operational(null=True)


class Outbox(SQLModel, table=True):
    """A notice to be delivered."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_due",
            "due",
            "id",
            sqlite_where=Column("sent_at").is_(None),
            postgresql_where=Column("sent_at").is_(None),
        ),
        Index("ix_outbox_case_id", "case_id"),
    )

    id: str = record(key=True)
    case_id: str = record()
    step: str = record()
    to: str = record()  # JSON list of addressees
    template: str = record()
    facts: str = record()  # JSON
    created: datetime = record(Moment)
    due: datetime = operational(Moment)  # next try
    sent_at: datetime | None = operational(Moment, null=True)
    attempts: int = operational(Integer)
    error: str | None = operational(null=True)


class Webhook(SQLModel, table=True):
    """A program outside that is told of what happens to cases."""

    __tablename__ = "webhooks"
    __table_args__ = ({"sqlite_with_rowid": False},)

    id: str = record(key=True)
    url: str = record()
    events: str = record()  # JSON list of names
    title: str = record()
    key: bytes = wrapped()  # what it signs with follows from it
    made_at: datetime = record(Moment)
    made_by: str = record()
    stopped_at: datetime | None = operational(Moment, null=True)
    stopped_why: str | None = operational(null=True)


class WebhookCall(SQLModel, table=True):
    """What one webhook is to be told of one command: names and numbers, never data of the case."""

    __tablename__ = "webhook_calls"
    __table_args__ = (
        Index("ix_webhook_calls_state", "state", "due", "id"),
        Index("ix_webhook_calls_webhook", "webhook", "at", "id"),
        {"sqlite_with_rowid": False},
    )

    id: str = record(key=True)
    webhook: str = record()
    case_id: str = record()
    number: str = record()
    process: str = record()
    revision: int = record(BigInteger)
    events: str = record()  # JSON
    at: datetime = record(Moment)
    state: str = operational()  # pending | sent | dead
    attempts: int = operational(Integer)
    due: datetime = operational(Moment)  # next try; of a finished one, when it goes
    tried_at: datetime | None = operational(Moment, null=True)
    status: int | None = operational(Integer, null=True)  # of HTTP
    error: str | None = operational(null=True)


class CaseLink(SQLModel, table=True):
    """How another case is related to this one; both cases have a row."""

    __tablename__ = "links"
    __table_args__ = ({"sqlite_with_rowid": False},)

    case_id: str = derived(key=True)
    other: str = derived(key=True)
    kind: str = derived()  # see engine.core.linking
    merged: int = derived(Integer)
    since: datetime = derived(Moment)


class CaseHold(SQLModel, table=True):
    """A legal hold: while there is one the case is not destroyed."""

    __tablename__ = "holds"
    __table_args__ = (Index("ix_holds_since", "since"), {"sqlite_with_rowid": False})

    case_id: str = derived(key=True)
    id: int = derived(BigInteger, key=True)
    reason: str = derived()
    placed_by: str = derived()
    since: datetime = derived(Moment)


class RefusedCommand(SQLModel, table=True):
    """The audit of refused commands (R3): who asked what, and why not. Never the payload, nor a word of it: `text`
    names the fields of the process that could not be taken."""

    __tablename__ = "refusals"
    __table_args__ = (Index("ix_refusals_case_id", "case_id", "at"),)

    id: int = record(BigInteger().with_variant(Integer, "sqlite"), key=True, autoincrement=True)
    command_id: str = record()
    case_id: str = record()
    command: str = record()  # its kind
    actor: str = record()
    ground: str = record()
    at: datetime = record(Moment)
    code: str = record()
    text: str = record()


class Definition(SQLModel, table=True):
    """An immutable version of a process, the house or a calendar: the sources it is compiled from (R25)."""

    __tablename__ = "definitions"

    kind: str = record(key=True)  # process | house | calendar
    name: str = record(key=True)
    version: str = record(key=True)  # hash of the sources
    sources: str = record()  # JSON


class Deployment(SQLModel, table=True):
    """What was deployed together, and from when it is in force; calls bind within a deployment (R25)."""

    __tablename__ = "deployments"

    number: int = record(BigInteger, key=True, autoincrement=False)
    kind: str = record(key=True)
    name: str = record(key=True)
    version: str = record()
    deployed_at: datetime = record(Moment)
    deployed_by: str = record()
    in_force_from: datetime = record(Moment)


class Schedule(SQLModel, table=True):
    """When a process that starts by the clock (`start.every`) starts next."""

    __tablename__ = "schedules"
    __table_args__ = (Index("ix_schedules_due", "due"),)

    process: str = record(key=True)
    due: datetime = operational(Moment)


class Counter(SQLModel, table=True):
    """The next business number of a series in a year; moved only with the case that takes it."""

    __tablename__ = "counters"
    __table_args__ = ({"sqlite_with_rowid": False},)

    series: str = record(key=True)
    year: int = record(Integer, key=True)
    next: int = record(BigInteger)


class Meta(SQLModel, table=True):
    """Single values: installation id, revision of the directory, leases."""

    __tablename__ = "meta"
    __table_args__ = ({"sqlite_with_rowid": False},)

    key: str = record(key=True)
    value: str = record()


class Anchor(SQLModel, table=True):
    """Which daily record of chain heads was written, to find it again in the file outside."""

    __tablename__ = "anchors"

    day: str = record(key=True)  # ISO date, UTC
    cases: int = record(BigInteger)
    digest: bytes = record(LargeBinary)
    signature: bytes = record(LargeBinary)
    written_at: datetime = record(Moment)
