"""The organisation's own table, on the metadata that every component shares."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
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
