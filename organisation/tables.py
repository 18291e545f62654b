"""The organisation's own table, on the metadata that every component shares."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import SQLModel

from engine.runtime.tables import Moment, record


class DirectoryRevision(SQLModel, table=True):
    """One revision of the organisation; none is ever changed, and events name the one they used."""

    __tablename__ = "directories"

    revision: int = record(BigInteger, key=True, autoincrement=False)
    loaded_at: datetime = record(Moment)
    by: str = record()
    document: str = record()  # JSON of the checked document
