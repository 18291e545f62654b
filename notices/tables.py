"""The `documents` table: what went out of each case, encrypted with its key (R13)."""

from sqlalchemy import BigInteger, LargeBinary
from sqlmodel import SQLModel

from engine.runtime.tables import record


class DocumentRow(SQLModel, table=True):
    """A document of a case, after the command that sent it: its revision, and the event's place in it."""

    __tablename__ = "documents"
    __table_args__ = ({"sqlite_with_rowid": False},)

    case_id: str = record(key=True)
    revision: int = record(BigInteger, key=True)
    place: int = record(BigInteger, key=True)
    content: bytes = record(LargeBinary)
