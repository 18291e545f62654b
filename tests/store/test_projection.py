"""Rows that follow from the state: made, kept, closed, deleted, the same however commands are batched."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import BigInteger, MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from engine.core import events as e
from engine.core.commands import CancelCase, CompleteTask, StartCase
from engine.runtime.database import Connection, Database
from engine.runtime.projection import NOW, Changes, Projection, Projector
from engine.runtime.statements import Statements
from engine.runtime.tables import derived, operational
from tests.store.conftest import BEGIN, Town


class Base(SQLModel, registry=registry(metadata=MetaData())):  # apart from the product's tables
    pass


class Errand(Base, table=True):
    __tablename__ = "errands"

    case_id: str = derived(key=True)
    id: int = derived(BigInteger, key=True)
    step: str = derived()
    status: str = operational()
    since: int = operational(BigInteger)
    ended: int | None = operational(BigInteger, null=True)


STATE = dict[int, str]
ERRANDS = Projection(
    table=Errand,
    touches={e.StepEntered: lambda event: (event.token,), e.StepCancelled: lambda event: (event.token,)},
    row=lambda state, i: (state[i],) if i in state else None,
    ids=lambda state: state,
    initial={"status": "open", "since": NOW},
    closing={e.StepLeft: lambda event: (event.token, {"status": "done", "ended": 99})},
)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    Base.metadata.create_all(database.engine)
    made = database.connect()
    yield made
    made.close()


@pytest.fixture
def projector(database: Database) -> Projector:
    return Projector([ERRANDS], Statements(database.dialect))


def entered(token: int) -> e.StepEntered:
    return e.StepEntered(token, "a", BEGIN)


def left(token: int) -> e.StepLeft:
    return e.StepLeft(token, "a", BEGIN)


def write(connection: Connection, projector: Projector, *commands: tuple[STATE, list[e.Event], int]) -> list[Any]:
    """Each command in one batch: its state afterwards, its events, its moment."""
    changes: dict[int, Changes] = {}
    for state, events, now in commands:
        projector.project(changes, "c", state, events, now)
    connection.begin()
    projector.write(connection, changes)
    connection.commit()
    return [tuple(row) for row in connection.all("SELECT id, step, status, since, ended FROM errands ORDER BY id")]


def test_a_row_is_made_and_its_operational_columns_stay(connection: Connection, projector: Projector) -> None:
    assert write(connection, projector, ({1: "a"}, [entered(1)], 5)) == [(1, "a", "open", 5, None)]
    connection.run("UPDATE errands SET status = 'in hand'")
    assert write(connection, projector, ({1: "b"}, [entered(1)], 6)) == [(1, "b", "in hand", 5, None)]


def test_a_row_is_closed_or_deleted(connection: Connection, projector: Projector) -> None:
    write(connection, projector, ({1: "a", 2: "b"}, [entered(1), entered(2)], 5))
    rows = write(connection, projector, ({}, [left(1), e.StepCancelled(2, "b", BEGIN)], 6))
    assert rows == [(1, "a", "done", 5, 99)]


def test_a_batch_leaves_what_single_commands_would(connection: Connection, projector: Projector) -> None:
    commands: list[tuple[STATE, list[e.Event], int]] = [
        ({1: "a", 2: "b"}, [entered(1), entered(2)], 5),
        ({2: "b"}, [left(1)], 6),
        ({}, [e.StepCancelled(2, "b", BEGIN)], 7),
        ({3: "c"}, [entered(3)], 8),
    ]
    together = write(connection, projector, *commands)
    connection.run("DELETE FROM errands")
    for command in commands:
        apart = write(connection, projector, command)
    assert together == apart == [(1, "a", "done", 5, 99), (3, "c", "open", 8, None)]


def test_events_after_which_anything_may_differ(connection: Connection, database: Database) -> None:
    sweeping = replace(ERRANDS, sweeps=frozenset({e.CaseSuspended}))
    projector = Projector([sweeping], Statements(database.dialect))
    write(connection, projector, ({1: "a", 2: "b"}, [entered(1), entered(2)], 5))
    rows = write(connection, projector, ({1: "x", 2: "y"}, [e.CaseSuspended(BEGIN, "why")], 6))
    assert [row[1] for row in rows] == ["x", "y"]


def test_the_rows_of_a_case_are_derived_again() -> None:
    assert ERRANDS.rows("c", {1: "a", 4: "d"}) == {("c", 1): ("a",), ("c", 4): ("d",)}


DERIVED = {
    "cases": 'id, revision, seq, process, number, status, "end", started_at, last_at, ended_at, state',
    "timers": "*",
    "waits": "*",
    "jobs": "*",
    "incidents": "*",
    "inbox": "*",
    "messages": "*",
    "outbox": "*",
    "counters": "*",
    "refusals": "command_id, case_id, command, code, text",
}


def contents(town: Town) -> dict[str, list[Any]]:
    return {
        table: sorted(tuple(map(str, row)) for row in town.rows(f"SELECT {columns} FROM {table}"))
        for table, columns in DERIVED.items()
    }


def test_batches_make_no_difference(town: Town) -> None:
    """The same commands, together and one by one, leave the same rows."""
    names = ("two", "limited", "served", "waits", "sends", "alert", "calls")
    requests = []
    for i, name in enumerate(names * 2):
        case = f"{i:032x}"
        commands = [StartCase(name, {"who": "li", "amount": i}), CompleteTask(1), CompleteTask(1), CancelCase("x")]
        for j, command in enumerate(commands[: 4 if i % 2 else 3]):
            requests.append(town.request(case, command, f"{i:016x}{j:016x}"))
    town.runner.submit_many(requests)
    together = contents(town)
    other = town.runner.database.connect()
    for table in (*DERIVED, "history", "given_ids"):
        other.run(f"DELETE FROM {table}")
    other.close()
    for request in requests:
        town.runner.submit(request)
    assert contents(town) == together
    assert all(together[table] for table in ("inbox", "refusals", "waits", "jobs"))


def test_other_work_shares_the_transaction(town: Town) -> None:
    def fail(connection: Connection) -> None:
        connection.run("INSERT INTO meta (key, value) VALUES ('a', 'b')")
        raise KeyError("made to fail")

    with pytest.raises(KeyError):
        town.runner.write(fail)
    assert town.rows("SELECT * FROM meta") == []
    assert town.runner.write(lambda c: c.run("INSERT INTO meta (key, value) VALUES ('a', 'b')")) == 1
