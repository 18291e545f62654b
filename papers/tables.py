"""The `attachments` table: which files a case has, for lists and for finding files that nothing names."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import SQLModel

from engine.runtime.tables import Moment, derived


class AttachmentRow(SQLModel, table=True):
    """A file of a case. Where it lies follows from its digest and the case's key."""

    __tablename__ = "attachments"
    __table_args__ = ({"sqlite_with_rowid": False},)

    case_id: str = derived(key=True)
    id: int = derived(BigInteger, key=True)
    digest: str = derived()  # SHA-256 of the content, in hex
    name: str = derived()
    kind: str = derived()  # as in `media.TYPES`
    size: int = derived(BigInteger)
    paper: str = derived()  # the line of the checklist, "" for none
    added_by: str = derived()
    added_at: datetime = derived(Moment)
