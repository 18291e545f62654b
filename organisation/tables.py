"""The organisation's own tables, on the metadata that every component shares."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index
from sqlmodel import SQLModel

from engine.runtime.tables import Moment, operational, record


class DirectoryRevision(SQLModel, table=True):
    """One revision of the organisation; none is ever changed, and events name the one they used."""

    __tablename__ = "directories"

    revision: int = record(BigInteger, key=True, autoincrement=False)
    loaded_at: datetime = record(Moment)
    by: str = record()
    document: str = record()  # JSON of the checked document


class Proposal(SQLModel, table=True):
    """A change of the organisation that somebody else must approve."""

    __tablename__ = "proposals"
    __table_args__ = (Index("ix_proposals_state", "state", "proposed_at"),)

    id: str = record(key=True)
    base: int = record(BigInteger)  # the revision that it changes
    proposed_at: datetime = record(Moment)
    proposed_by: str = record()
    reason: str = record()
    document: str = record()  # JSON of the checked document
    state: str = operational()  # proposed | approved | rejected
    decided_at: datetime | None = operational(Moment, null=True)
    decided_by: str | None = operational(null=True)
    why: str | None = operational(null=True)
    revision: int | None = operational(BigInteger, null=True)  # that it became


class Look(SQLModel, table=True):
    """One opening of secret fields of a case, on behalf of a person. Never what was seen."""

    __tablename__ = "looks"
    __table_args__ = (
        Index("ix_looks_case_id", "case_id", "id"),
        Index("ix_looks_user_id", "user_id", "id"),
        {"sqlite_with_rowid": False},
    )

    id: str = record(key=True)  # in the order of time
    case_id: str = record()
    number: str = record()  # of the case
    user_id: str = record()
    at: datetime = record(Moment)
    fields: str = record()  # JSON list of places in the data
    ground: str = record()  # as what: a party to the case, or `glass`
    via: str = record()  # by which way: web, api, os:name
    reason: str = record()  # where one was given


class Glass(SQLModel, table=True):
    """A case opened to somebody without the right to read it, with the review of that."""

    __tablename__ = "glass"
    __table_args__ = (
        Index("ix_glass_user_id", "user_id", "case_id", "until"),
        Index("ix_glass_case_id", "case_id", "id"),
        Index(
            "ix_glass_due",
            "due",
            "id",
            sqlite_where=Column("reviewed_at").is_(None),
            postgresql_where=Column("reviewed_at").is_(None),
        ),
        {"sqlite_with_rowid": False},
    )

    id: str = record(key=True)  # in the order of time
    case_id: str = record()
    number: str = record()  # of the case
    user_id: str = record()
    at: datetime = record(Moment)
    until: datetime = record(Moment)
    reason: str = record()
    via: str = record()
    due: datetime = record(Moment)  # when an unreviewed one is overdue
    reviewed_at: datetime | None = operational(Moment, null=True)
    reviewed_by: str | None = operational(null=True)
    verdict: str | None = operational(null=True)  # justified | unjustified
    note: str | None = operational(null=True)
