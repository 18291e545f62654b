"""Who may sign in: accounts, sessions, second factors, API tokens; and definitions that wait for a second person.

People themselves are the organisation's, what is deployed is the engine's.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, LargeBinary
from sqlmodel import SQLModel

from engine.runtime.tables import Moment, operational, record, wrapped

SECOND_FACTOR = "second factor of {}"
"""What the key of a user's second factor is bound to."""


class Account(SQLModel, table=True):
    """A user's way in. Raising `generation` voids what was begun, and not finished, with the password before."""

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
    closed_at: datetime | None = operational(Moment, null=True)  # by an administrator, until one opens it again
    closed_by: str | None = operational(null=True)


class KeptSession(SQLModel, table=True):
    """One browser that is signed in: without its row its cookie is nothing."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_user", "user", "began"),
        Index("ix_sessions_began", "began"),
        {"sqlite_with_rowid": False},
    )

    id: str = record(key=True)  # a digest of what the cookie carries
    user: str = record()
    began: datetime = record(Moment)
    how: str = record()  # password | oidc
    address: str = record()
    browser: str = record()  # what it calls itself, in two words
    seen: datetime = operational(Moment)  # to the minute


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


class GivenAnswer(SQLModel, table=True):
    """What a program was answered under a key of its own, so that the same request is answered so again."""

    __tablename__ = "given_answers"
    __table_args__ = (Index("ix_given_answers_made_at", "made_at"), {"sqlite_with_rowid": False})

    user: str = record(key=True)
    key: str = record(key=True)  # a keyed digest of what the program calls it
    sent: str = record()  # a keyed digest of the request
    run: str = record()
    made_at: datetime = record(Moment)
    status: int | None = operational(Integer, null=True)  # none: under way, or cut off
    body: str | None = operational(null=True)  # none: it showed a secret


class SecondFactor(SQLModel, table=True):
    """A user's secret for one-time codes (RFC 6238), sealed under a key of its own that the installation wraps."""

    __tablename__ = "second_factors"
    __table_args__ = ({"sqlite_with_rowid": False},)

    user: str = record(key=True)
    key: bytes = wrapped(SECOND_FACTOR)
    secret: bytes = record(LargeBinary)
    made_at: datetime = record(Moment)
    confirmed_at: datetime | None = operational(Moment, null=True)  # with a first code; before, it asks for nothing
    last_step: int | None = operational(BigInteger, null=True)  # of the newest code that was taken: none counts twice


class RecoveryCode(SQLModel, table=True):
    """A code that stands in for the second factor once; only its digest is kept."""

    __tablename__ = "recovery_codes"
    __table_args__ = ({"sqlite_with_rowid": False},)

    user: str = record(key=True)
    digest: str = record(key=True)
    used_at: datetime | None = operational(Moment, null=True)


class ProposedDeployment(SQLModel, table=True):
    """Files of definitions that somebody wants deployed, and what a second person made of it."""

    __tablename__ = "proposed_deployments"
    __table_args__ = (Index("ix_proposed_deployments_state", "state", "proposed_at"),)

    id: str = record(key=True)
    base: int = record(BigInteger)  # the newest deployment when it was proposed
    proposed_at: datetime = record(Moment)
    proposed_by: str = record()
    reason: str = record()
    in_force_from: datetime | None = record(Moment, null=True)  # none: from the approval
    files: str = record()  # JSON: those that change, by path, in base64
    versions: str = record()  # JSON: kind, name, version and main file of all that it deploys
    state: str = operational()  # proposed | approved | rejected
    decided_at: datetime | None = operational(Moment, null=True)
    decided_by: str | None = operational(null=True)
    why: str | None = operational(null=True)
