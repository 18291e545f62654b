"""Migrations that somebody has proposed, and how far each case of them has come."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import SQLModel

from engine.runtime.tables import Moment, operational, record


class MigrationRun(SQLModel, table=True):
    """One migration: proposed by one person, approved by another, carried out case by case."""

    __tablename__ = "migration_runs"
    __table_args__ = (Index("ix_migration_runs_process", "process", "proposed_at", "id"), {"sqlite_with_rowid": False})

    id: str = record(key=True)
    process: str = record()
    target: str = record()  # the version to which cases go
    source: str = record()  # the file, as it was proposed
    given: str = record()  # JSON: versions that are left, rules
    reason: str = record()
    proposed_at: datetime = record(Moment)
    proposed_by: str = record()
    state: str = record()  # proposed | approved | withdrawn
    decided_at: datetime | None = record(Moment, null=True)
    decided_by: str | None = record(null=True)


class MigrationCase(SQLModel, table=True):
    """A case of a migration."""

    __tablename__ = "migration_cases"
    __table_args__ = (Index("ix_migration_cases_state", "run", "state", "case_id"), {"sqlite_with_rowid": False})

    run: str = record(key=True)
    case_id: str = record(key=True)
    state: str = operational()  # waiting | moved | stopped
    at: datetime | None = operational(Moment, null=True)
    why: str | None = operational(null=True)  # JSON: place -> text by language
