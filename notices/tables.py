"""The tables of notices: what went out as a document, and how notices come to those they are for."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary
from sqlmodel import SQLModel

from engine.runtime.tables import Moment, operational, record


class DocumentRow(SQLModel, table=True):
    """A document of a case, after the command that sent it: its revision, and the event's place in it."""

    __tablename__ = "documents"
    __table_args__ = ({"sqlite_with_rowid": False},)

    case_id: str = record(key=True)
    revision: int = record(BigInteger, key=True)
    place: int = record(BigInteger, key=True)
    content: bytes = record(LargeBinary)


class Dispatch(SQLModel, table=True):
    """A notice on one way to one recipient. Neither its text nor an address: both are found when it is sent."""

    __tablename__ = "dispatches"
    __table_args__ = (
        Index("ix_dispatches_state", "state", "due", "id"),
        Index("ix_dispatches_listed", "state", "id"),
        Index("ix_dispatches_notice", "notice"),
        Index("ix_dispatches_case_id", "case_id"),
        Index("ix_dispatches_lot", "lot"),
        {"sqlite_with_rowid": False},
    )

    id: str = record(key=True)  # in the order of time
    notice: str = record()  # its row in the outbox
    case_id: str = record()  # "" for a notice of no case
    number: str = record()  # of the case
    template: str = record()
    recipient: str = record()  # user.x, customer, a room's role.x; what nobody answers to, as it was written
    channel: str = record()  # by its name in channels.yaml; "" where there is no way to the recipient
    digest: bool = record(Boolean)  # it goes together with others
    urgent: bool = record(Boolean)
    created: datetime = record(Moment)  # the notice
    state: str = operational()  # pending | sent | dead
    lot: str = operational()  # the dispatch that it goes out with; "" before it is known
    due: datetime | None = operational(Moment, null=True)  # next try; finished: when it is removed; in a lot: None
    attempts: int = operational(Integer)
    tried_at: datetime | None = operational(Moment, null=True)
    error: str | None = operational(null=True)  # why it has not arrived, in both languages


class NoticePreference(SQLModel, table=True):
    """How somebody wants to be told; what they leave open, the house says."""

    __tablename__ = "notice_preferences"
    __table_args__ = ({"sqlite_with_rowid": False},)

    user_id: str = record(key=True)
    channels: str = record()  # JSON list of names; empty: as the house has it
    language: str = record()  # "": the house's first
    digest: str = record()  # a time of day as 09:00; "": each notice by itself
    hours: str = record()  # working, any, 08:00-20:00; "": as the house has it
    changed_at: datetime = record(Moment)
