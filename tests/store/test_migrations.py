"""The migrations make the very tables that the code declares, on both databases, whole or not at all."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, inspect, text

from engine.runtime import schema
from engine.runtime.database import open_database
from engine.runtime.errors import StoreError
from engine.runtime.postgres import Postgres
from engine.runtime.sqlite import SQLite
from engine.runtime.tables import SCHEMA
from migrations.tables import metadata
from tests.store.conftest import fresh


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SQLite]:
    made = SQLite(tmp_path / "caseway.db")
    yield made
    made.close()


def form(connection: Connection) -> dict[str, str]:
    """Every table and index of an SQLite database as it was created, written in one way."""
    made = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    return {
        name: " ".join(sql.replace('"', "").split()).replace(" )", ")")
        for name, sql in made
        if name != "alembic_version"
    }


def test_the_migrations_make_the_declared_tables_on_sqlite(database: SQLite) -> None:
    schema.upgrade(database.engine)
    declared = SQLite(Path(":memory:"))
    metadata().create_all(declared.engine)
    with database.engine.connect() as one, declared.engine.connect() as other:
        assert form(one) == form(other)
    declared.close()


CATALOGUE = """
    SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT tablename, indexname, indexdef, '', '', '' FROM pg_indexes WHERE schemaname = 'public'
    ORDER BY 1, 2
"""


def test_the_migrations_make_the_declared_tables_on_postgresql(server: str) -> None:
    found = []
    for name, make in (("migrated", schema.upgrade), ("declared", metadata().create_all)):
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        database = Postgres(make_conninfo(server, dbname=name))
        make(database.engine)
        with database.engine.connect() as opened:
            rows = opened.execute(text(CATALOGUE)).all()
            missing = compare_metadata(MigrationContext.configure(opened), metadata())
        database.close()
        assert missing == []
        found.append([tuple(row) for row in rows if row[0] != "alembic_version"])
    assert found[0] == found[1] and len(found[0]) > 50


def test_the_newest_migration_has_the_highest_number(database: SQLite) -> None:
    with database.engine.connect() as connection:
        scripts = ScriptDirectory.from_config(schema.config(connection))
    assert scripts.get_current_head() == SCHEMA
    assert all(one.revision.isdecimal() and len(one.revision) == 4 for one in scripts.walk_revisions())


def test_a_database_is_opened_when_it_is_up_to_date(tmp_path: Path) -> None:
    path = str(tmp_path / "caseway.db")
    with pytest.raises(StoreError, match="caseway init"):
        open_database(path)
    made = open_database(path, check=False)
    schema.upgrade(made.engine)
    made.close()
    open_database(path).close()


def test_a_second_upgrade_changes_nothing(database: SQLite) -> None:
    schema.upgrade(database.engine)
    with database.engine.connect() as connection:
        before = form(connection)
    schema.upgrade(database.engine)
    with database.engine.connect() as connection:
        assert form(connection) == before
        assert schema.version(connection) == SCHEMA


@pytest.mark.parametrize(("number", "says"), [("9001", "newer"), ("0000", "older")])
def test_a_database_of_another_version_is_not_opened(tmp_path: Path, number: str, says: str) -> None:
    path = str(tmp_path / "caseway.db")
    database = open_database(path, check=False)
    schema.upgrade(database.engine)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :number"), {"number": number})
    with pytest.raises(StoreError, match=f"{number}.*{says}|{says}.*{number}"):
        open_database(path)
    if number > SCHEMA:
        with pytest.raises(StoreError, match=says):
            schema.upgrade(database.engine)
    with database.engine.connect() as connection:
        assert schema.version(connection) == number
    database.close()


def test_a_failing_migration_leaves_nothing_behind(database: SQLite) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE timers (something TEXT)"))  # stands in the way, half way through
    with pytest.raises(StoreError, match=r"timers already exists.*Nothing was changed"):
        schema.upgrade(database.engine)
    with database.engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["timers"]


def test_two_who_migrate_at_once_wait_for_each_other(database: SQLite) -> None:
    holder = database.connect()
    holder.begin()
    holder.raw.execute("PRAGMA busy_timeout = 0")
    other = SQLite(database.path)
    with other.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    with pytest.raises(StoreError, match="locked"):
        schema.upgrade(other.engine)
    holder.rollback()
    schema.upgrade(other.engine)
    other.close()
    holder.close()


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def test_every_step_back_gives_the_form_that_was_before(request: pytest.FixtureRequest, kind: str) -> None:
    with ExitStack() as stack:
        if kind == "postgresql":
            url = stack.enter_context(fresh(request.getfixturevalue("server")))
        else:
            url = str(request.getfixturevalue("tmp_path") / "caseway.db")
        opened = open_database(url, check=False)
        stack.callback(opened.close)
        steps, forms = [f"{number:04}" for number in range(1, int(SCHEMA) + 1)], {}

        def now(connection: Connection) -> object:
            if kind == "sqlite":
                return form(connection)
            return [tuple(row) for row in connection.execute(text(CATALOGUE)) if row[0] != "alembic_version"]

        with opened.engine.connect() as connection:
            for step in steps:
                command.upgrade(schema.config(connection), step)
                forms[step] = now(connection)
            connection.commit()
        with opened.engine.connect() as connection:
            for step in reversed(steps[:-1]):
                command.downgrade(schema.config(connection), step)
                assert now(connection) == forms[step], step
            connection.rollback()


def test_going_back_says_what_is_lost_and_forward_again_is_as_new(database: SQLite) -> None:
    schema.upgrade(database.engine)
    with database.engine.begin() as connection:
        before = form(connection)
        connection.execute(text("INSERT INTO notice_preferences VALUES ('li', '[]', 'zh', '', '', 1)"))
    told = schema.downgrade(database.engine, "0009", dry=True)
    lost = {(one.table, one.column): one.values for one in told}
    assert lost[("notice_preferences", "")] == 1 and ("accounts", "closed_at") in lost and ("documents", "") in lost
    assert ("documents", "content") not in lost, "with its table"
    with database.engine.connect() as connection:
        assert (schema.version(connection), form(connection)) == (SCHEMA, before)
    assert schema.downgrade(database.engine, "0009") == told
    with database.engine.connect() as connection:
        assert (schema.version(connection), schema.works_from(connection)) == ("0009", "0009")
    with pytest.raises(StoreError, match="0009 and cannot be brought back to 0008"):
        schema.downgrade(database.engine, "0008")
    schema.upgrade(database.engine)
    with database.engine.connect() as connection:
        assert form(connection) == before


def test_a_form_that_nobody_knows_is_none_to_go_back_to(database: SQLite) -> None:
    schema.upgrade(database.engine)
    for to in ("0000", SCHEMA, "base", "-1", "9001"):
        with pytest.raises(StoreError, match=f"0001 to {int(SCHEMA) - 1:04}"):
            schema.downgrade(database.engine, to)


@pytest.mark.parametrize(("works_from", "opens"), [(SCHEMA, True), ("9001", False), (None, False)])
def test_a_newer_database_is_opened_where_it_says_that_it_may(
    tmp_path: Path, works_from: str | None, opens: bool
) -> None:
    path = str(tmp_path / "caseway.db")
    made = open_database(path, check=False)
    schema.upgrade(made.engine)
    with made.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9002'"))
        connection.execute(text("DELETE FROM meta WHERE key = 'works_from'"))
        if works_from:
            connection.execute(text("INSERT INTO meta VALUES ('works_from', :it)"), {"it": f"9002 {works_from}"})
    made.close()
    if opens:
        opened = open_database(path)
        schema.upgrade(opened.engine)  # leaves it as it is
        opened.close()
    else:
        with pytest.raises(StoreError, match=f"9002, this program works with {SCHEMA}.*" + (works_from or "newer")):
            open_database(path)
