"""The rows that reports are read from. All of them follow from history, and are counted by `reports.collect`.

Sums name no case, and stay when one is destroyed. Days are ISO dates of the house's time zone; a month stands under
its first day.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlmodel import SQLModel

from engine.runtime.tables import Moment, operational


class CountedCase(SQLModel, table=True):
    """Up to which row of its history a case has been counted: what is counted once is never counted again."""

    __tablename__ = "report_cases"
    __table_args__ = ({"sqlite_with_rowid": False},)

    case_id: str = operational(key=True)
    seq: int = operational(BigInteger)


class MissedRun(SQLModel, table=True):
    """A run of a clock that closed late, or that the end of its case left unmet: the lists of both."""

    __tablename__ = "report_missed"
    __table_args__ = (
        Index("ix_report_missed_closed_at", "judged", "closed_at", "case_id", "id"),
        {"sqlite_with_rowid": False},
    )

    case_id: str = operational(key=True)
    id: int = operational(BigInteger, key=True)  # of the run within its case
    judged: str = operational()  # late | unmet
    day: str = operational()
    number: str = operational()
    process: str = operational()
    version: str = operational()
    clock: str = operational()
    run: int = operational(Integer)
    clauses: str = operational()  # between spaces: " C-5.3 "
    origin: str = operational()
    klass: str = operational()
    queue: str = operational()
    person: str = operational()
    since: datetime = operational(Moment)
    deadline: datetime = operational(Moment)
    closed_at: datetime = operational(Moment)
    closed_by: str = operational()
    reason: str = operational()
    lost: str = operational()  # the steps at which most of the measured time passed, between spaces
    lost_time: str = operational()  # how much, in the limit's own measure


class ExtendedRun(SQLModel, table=True):
    """More time that a run of a clock was given."""

    __tablename__ = "report_extended"
    __table_args__ = (
        Index("ix_report_extended_at", "at", "case_id", "id", "nth"),
        {"sqlite_with_rowid": False},
    )

    case_id: str = operational(key=True)
    id: int = operational(BigInteger, key=True)  # of the run within its case
    nth: int = operational(Integer, key=True)  # of the run's extensions, from 1
    number: str = operational()
    process: str = operational()
    clock: str = operational()
    run: int = operational(Integer)
    clauses: str = operational()  # between spaces
    origin: str = operational()
    queue: str = operational()
    length: str = operational()  # by how much, as 5wd
    most: str = operational()  # by how much in all the clock may be extended
    reason: str = operational()
    approver: str = operational()
    at: datetime = operational(Moment)
    before: datetime = operational(Moment)
    deadline: datetime = operational(Moment)


class RunSum(SQLModel, table=True):
    """How many runs closed on a day or in a month, by one dimension. The key begins with what every question names."""

    __tablename__ = "report_runs"
    __table_args__ = ({"sqlite_with_rowid": False},)

    span: str = operational(key=True)  # day | month
    dim: str = operational(key=True)  # see reports.figures
    day: str = operational(key=True)
    process: str = operational(key=True)
    queue: str = operational(key=True)
    value: str = operational(key=True)
    met: int = operational(BigInteger)
    late: int = operational(BigInteger)
    unmet: int = operational(BigInteger)
    void: int = operational(BigInteger)


class TimeSum(SQLModel, table=True):
    """How long visits of a step took that ended on a day or in a month; step "" is the case as a whole, with what has
    ended and what was reopened."""

    __tablename__ = "report_times"
    __table_args__ = ({"sqlite_with_rowid": False},)

    span: str = operational(key=True)
    process: str = operational(key=True)
    day: str = operational(key=True)
    step: str = operational(key=True)
    queue: str = operational(key=True)
    done: int = operational(BigInteger)
    again: int = operational(BigInteger)
    cycle: str = operational()  # JSON: a histogram, see reports.histogram
    touch: str = operational()
    waiting: str = operational()


class OpenSum(SQLModel, table=True):
    """What is open now, counted anew each time."""

    __tablename__ = "report_open"
    __table_args__ = ({"sqlite_with_rowid": False},)

    kind: str = operational(key=True)  # age | late | risk
    process: str = operational(key=True)
    queue: str = operational(key=True)
    value: str = operational(key=True)
    count: int = operational(BigInteger)


class LearntForecast(SQLModel, table=True):
    """What was learnt of a clock's chance of a breach, or why nothing is said; clock "" says when all of a process were
    looked at."""

    __tablename__ = "forecasts"
    __table_args__ = ({"sqlite_with_rowid": False},)

    process: str = operational(key=True)
    clock: str = operational(key=True)
    at: datetime = operational(Moment)
    content: str = operational()  # JSON: plain numbers, see reports.forecast.model


class Chance(SQLModel, table=True):
    """The chance that an open run is breached, as it stood at a moment; or why nothing is said of it."""

    __tablename__ = "forecast_chances"
    __table_args__ = (
        Index("ix_forecast_chances_chance", "chance", "case_id", "id"),
        {"sqlite_with_rowid": False},
    )

    case_id: str = operational(key=True)
    id: int = operational(BigInteger, key=True)  # of the run within its case
    chance: int | None = operational(Integer, null=True)  # of 10,000
    why: str = operational()  # why there is none: a code of reports.forecast.words
    at: datetime = operational(Moment)
    revision: int = operational(BigInteger)  # of the case, as it was looked at
