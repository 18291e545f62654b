"""Looks at secrets and broken glass: kept in order, read along their indexes page by page, reviewed once."""

from datetime import datetime, timedelta

import pytest

from engine.runtime.clock import new_id
from engine.runtime.database import Connection, Database
from engine.runtime.tables import micros
from organisation import looks, tables
from organisation.looks import Broken
from tests.store.conftest import BEGIN

HOUR = timedelta(hours=1)
assert tables.Look.__tablename__ == "looks"  # its tables are made with the others


def broken(user: str, case: str, at: datetime, due: datetime) -> Broken:
    return Broken(new_id(at), case, f"N-{case}", user, at, at + 2 * HOUR, "why", "test", due)


def filled(database: Database) -> Connection:
    connection = database.connect()
    for index in range(9):
        at = BEGIN + index * HOUR
        user, case = ("li", "wu", "chen")[index % 3], f"c{index % 2}"
        looks.note(connection, case, f"N-{case}", user, ["b", "a.x"], "holder", "test", "asked", at)
        looks.break_glass(connection, broken(user, case, at, BEGIN + (20 - index) * HOUR))
    return connection


def test_looks_are_listed_newest_first_of_a_case_a_user_or_all(database: Database) -> None:
    connection = filled(database)
    found = looks.looks(connection)
    assert len(found) == 9 and [one.at for one in found] == sorted((one.at for one in found), reverse=True)
    assert (found[-1].fields, found[-1].ground, found[-1].reason) == (("a.x", "b"), "holder", "asked")
    assert [one.user for one in looks.looks(connection, case="c1", user="wu")] == ["wu", "wu"]
    assert {one.case for one in looks.looks(connection, case="c0")} == {"c0"}
    seen, after = [], ""
    while page := looks.looks(connection, user="li", after=after, limit=2):
        seen += [one.at for one in page]
        after = page[-1].id
    assert seen == [BEGIN + index * HOUR for index in (6, 3, 0)]
    connection.close()


def test_glass_is_open_for_its_time_and_reviewed_once_by_somebody_else(database: Database) -> None:
    connection, now = filled(database), BEGIN + 8 * HOUR + HOUR / 2
    assert looks.opened(connection, "wu", now) == {"c1"} and looks.opened(connection, "chen", now) == {"c0"}
    assert looks.opened(connection, "li", now) == frozenset()
    assert looks.open_until(connection, "chen", "c0", now) == BEGIN + 10 * HOUR
    assert looks.open_until(connection, "chen", "c1", now) is None
    waiting = looks.unreviewed(connection)
    assert [one.due for one in waiting] == sorted(one.due for one in waiting) and len(waiting) == 9
    first = waiting[0]
    later = looks.unreviewed(connection, (micros(first.due), first.id), 3)
    assert [one.id for one in later] == [one.id for one in waiting[1:4]]
    assert not looks.review(connection, first.id, first.user, "justified", "", now)  # their own
    assert looks.review(connection, first.id, "gu", "unjustified", "no", now)
    assert not looks.review(connection, first.id, "sun", "justified", "", now)
    found = looks.one(connection, first.id)
    assert found is not None and (found.reviewed_by, found.verdict, found.reviewed_at) == ("gu", "unjustified", now)
    assert len(looks.unreviewed(connection)) == 8 and len(looks.broken(connection)) == 9
    assert looks.one(connection, "nothing") is None
    connection.close()


def test_lists_read_along_their_indexes(database: Database) -> None:
    if database.dialect != "sqlite":
        pytest.skip("its planner chooses by what the table holds")
    connection = filled(database)
    for sql, given, index in (
        ("SELECT * FROM looks WHERE case_id = ? AND id < ? ORDER BY id DESC LIMIT 5", ("c", "x"), "ix_looks_case_id"),
        ("SELECT * FROM looks WHERE user_id = ? ORDER BY id DESC LIMIT 5", ("c",), "ix_looks_user_id"),
        ("SELECT * FROM looks WHERE id < ? ORDER BY id DESC LIMIT 5", ("x",), "PRIMARY KEY"),
        ("SELECT * FROM glass WHERE case_id = ? ORDER BY id DESC LIMIT 5", ("c",), "ix_glass_case_id"),
        ("SELECT * FROM glass WHERE reviewed_at IS NULL AND (due, id) > (?, ?) ORDER BY due, id LIMIT 5", (1, "x"),
         "ix_glass_due"),
        (looks.OPEN, ("li", 1), "ix_glass_user_id"),
    ):  # fmt: skip
        plan = " ".join(row[3] for row in connection.all(f"EXPLAIN QUERY PLAN {sql}", given))
        assert index in plan and "TEMP B-TREE" not in plan, plan
    connection.close()
