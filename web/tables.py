"""Who may sign in: accounts and API tokens. People themselves are the organisation's."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlmodel import SQLModel

from engine.runtime.tables import Moment, operational, record


class Account(SQLModel, table=True):
    """A user's way in. `generation` is part of every session: raising it ends them all."""

    __tablename__ = "accounts"
    __table_args__ = ({"sqlite_with_rowid": False},)

    user: str = record(key=True)
    password: str = record()  # argon2's encoded hash
    generation: int = record(BigInteger)
    changed_at: datetime = record(Moment)
    changed_by: str = record()
    failures: int = operational(Integer)  # wrong passwords since the last right one
    locked_until: datetime | None = operational(Moment, null=True)
    last_at: datetime | None = operational(Moment, null=True)  # of the last sign-in


class Token(SQLModel, table=True):
    """A program's way in, in a user's name; only the token's digest is kept."""

    __tablename__ = "tokens"
    __table_args__ = (Index("ix_tokens_user", "user"), {"sqlite_with_rowid": False})

    digest: str = record(key=True)  # SHA-256, in hex
    user: str = record()
    title: str = record()
    made_at: datetime = record(Moment)
    expires: datetime = record(Moment)
    revoked_at: datetime | None = operational(Moment, null=True)
