"""The `clocks` table: one row per run, open or closed, for boards, lists and compliance."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, Integer, text
from sqlmodel import SQLModel

from engine.runtime.tables import Moment, derived

_RUNNING = Column("status") == "running"
_PAUSED = Column("status") == "paused"
_UNEXPLAINED = text("breached = 1 AND acknowledged_at IS NULL AND status IN ('stopped', 'unmet')")


class ClockRow(SQLModel, table=True):
    """A run of a clock. `breached` is settled when the run closes; of an open one, ask whether it runs and its
    deadline lies in the past."""

    __tablename__ = "clocks"
    __table_args__ = (
        Index("ix_clocks_deadline", "deadline", "case_id", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        Index("ix_clocks_paused", "deadline", "case_id", sqlite_where=_PAUSED, postgresql_where=_PAUSED),
        Index(
            "ix_clocks_unexplained",
            "closed_at",
            "case_id",
            sqlite_where=_UNEXPLAINED,
            postgresql_where=_UNEXPLAINED,
        ),
        Index("ix_clocks_closed_at", "closed_at", "process"),
        Index("ix_clocks_calendar", "calendar", "version", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        {"sqlite_with_rowid": False},
    )

    case_id: str = derived(key=True)
    id: int = derived(BigInteger, key=True)
    clock: str = derived()
    run: int = derived(Integer)  # from 1; a step's limit has one for each activation
    process: str = derived()
    process_version: str = derived()
    number: str = derived()
    token: int = derived(BigInteger)  # the activation of a step's limit, 0 for a clock of the case
    clauses: str = derived()  # between spaces: " C-5.3 "
    origin: str = derived()  # law | manual | target
    status: str = derived()  # running | paused | stopped | unmet | void
    term: str = derived()  # the limit as written: "30wd"
    since: datetime = derived(Moment)
    deadline: datetime = derived(Moment)  # while paused: the one before the pause
    provisional: int = derived(Integer)  # 1: rests on days that are not published yet
    calendar: str = derived()
    version: str = derived()  # of the calendar
    paused_since: datetime | None = derived(Moment, null=True)
    closed_at: datetime | None = derived(Moment, null=True)
    closed_by: str | None = derived(null=True)
    breached: int | None = derived(Integer, null=True)
    reason: str | None = derived(null=True)  # why it is late, as a supervisor has acknowledged: a code of the house's
    acknowledged_by: str | None = derived(null=True)
    acknowledged_at: datetime | None = derived(Moment, null=True)
