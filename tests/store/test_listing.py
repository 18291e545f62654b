"""Lists of tasks: whose, filtered, in two orders, page by page, along their indexes, on both stores."""

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from engine.runtime.database import Connection, Database
from engine.runtime.statements import Statements
from engine.runtime.tables import metadata
from tasks import find, listing
from tasks.listing import Filter, Scope
from tasks.queries import After, Listed
from tasks.search import terms, words
from tasks.tables import NO_DEADLINE

QUEUES = ("intake", "review", "payment")
PEOPLE = ("li", "wu", "chen")
COLUMNS = ("case_id", "id", "process", "number", "step", "queue", "assignee", "holder", "status", "priority", "due",
           "opened_at", "claimed_at", "closed_at", "closed_by", "outcome")  # fmt: skip


def fill(database: Database, count: int = 400) -> list[dict[str, Any]]:
    """Tasks of every kind, and the words of their cases."""
    rng, made = random.Random(11), list[dict[str, Any]]()
    for index in range(count):
        status = rng.choice(("open", "open", "claimed", "completed", "open_for"))
        person = rng.choice(PEOPLE)
        made.append({
            "case_id": f"{index:032x}", "id": 1, "process": rng.choice(("claims", "complaint")),
            "number": f"LP-{index:04}", "step": rng.choice(("check", "pay")), "queue": rng.choice(QUEUES),
            "assignee": person if status == "open_for" else "", "holder": person if status == "claimed" else "",
            "status": {"open_for": "open"}.get(status, status), "priority": rng.randrange(3) * 10,
            "due": rng.choice((NO_DEADLINE, rng.randrange(1, 9) * 1000)), "opened_at": index, "claimed_at": None,
            "closed_at": 5 if status == "completed" else None, "closed_by": None, "outcome": None,
            "customer": rng.choice(("王小明", "李伟", "欧阳修")),
        })  # fmt: skip
    statements, tables = Statements(database.dialect), metadata.tables
    connection = database.connect()
    connection.begin()
    connection.bulk(statements.insert(tables["tasks"], COLUMNS), [tuple(one[c] for c in COLUMNS) for one in made])
    columns = ("id", "revision", "seq", "head", "process", "version", "number", "status", "end", "started_at",
               "last_at", "state")  # fmt: skip
    cases = [(one["case_id"], 1, 1, b"", one["process"], "v", one["number"], "open", "", 1, 1, "{}") for one in made]
    connection.bulk(statements.insert(tables["cases"], columns), cases)
    rows = [(one["case_id"], at, word, 1) for one in made for at, word in enumerate(words(one["customer"]))]
    connection.bulk(statements.insert(tables["case_words"], ("case_id", "id", "word", "started_at")), rows)
    connection.commit()
    connection.close()
    return made


def expected(made: Sequence[dict[str, Any]], scope: Scope, order: str, only: Filter) -> list[str]:
    def passes(one: dict[str, Any]) -> bool:
        if one["closed_at"] is not None:
            return False
        free = one["status"] == "open" and not one["assignee"]
        inside = one["queue"] in scope.queues and (free or not scope.free)
        inside |= one["holder"] in scope.people or (one["assignee"] in scope.people and one["status"] == "open")
        names = [one["customer"].find(term.text) >= 0 or one["number"].lower().startswith(term.text)
                 for term in only.terms]  # fmt: skip
        return bool(
            inside and only.process in ("", one["process"]) and only.step in ("", one["step"])
            and (not only.overdue or one["due"] < only.overdue) and all(names)
        )  # fmt: skip

    keys = {
        "service": lambda one: (-one["priority"], one["due"], one["case_id"]),
        "due": lambda one: (one["due"], one["case_id"]),
    }
    return [one["number"] for one in sorted(filter(passes, made), key=keys[order])]


def all_pages(connection: Connection, scope: Scope, order: Any, only: Filter, limit: int = 7) -> list[Listed]:
    found, after = list[Listed](), None
    while True:
        page = listing.page(connection, scope, order, only, after, limit)
        assert len(page.tasks) <= limit
        found += page.tasks
        after = page.next
        if after is None:
            return found


SCOPES = {
    "mine": Scope(people=("li",)), "queues": Scope(queues=("intake", "payment")),
    "team": Scope(queues=("intake", "review"), free=False),
    "all": Scope(queues=("intake",), people=("wu", "li"), free=False), "nobody's": Scope(),
}  # fmt: skip
FILTERS = {
    "all": Filter(), "process": Filter(process="claims"), "step": Filter("", "pay"), "overdue": Filter(overdue=4000),
    "customer": Filter(terms=tuple(terms("小明"))), "number": Filter(terms=tuple(terms("LP-001"))),
    "several": Filter("claims", "check", 6000, tuple(terms("李"))), "none": Filter(terms=tuple(terms("没有"))),
}  # fmt: skip


@pytest.mark.parametrize("walk", [3000, 10])
@pytest.mark.parametrize("rare", [1000, 0])
def test_every_scope_order_and_filter(
    database: Database, monkeypatch: pytest.MonkeyPatch, rare: int, walk: int
) -> None:
    monkeypatch.setattr(find, "RARE", rare)
    monkeypatch.setattr(listing, "WALK", walk)
    made, connection = fill(database), database.connect()
    for scope_name, scope in SCOPES.items():
        for filter_name, only in FILTERS.items():
            for order in ("service", "due"):
                if order == "service" and not scope.free:
                    continue
                numbers = [one.number for one in all_pages(connection, scope, order, only)]
                assert numbers == expected(made, scope, order, only), (scope_name, filter_name, order)
    connection.close()


def test_counts_go_no_further_than_they_must(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    made, connection = fill(database), database.connect()
    for name in ("mine", "queues", "team"):
        scope, order = SCOPES[name], "service" if SCOPES[name].free else "due"
        for only in FILTERS.values():
            whole = len(expected(made, scope, order, only))
            page = listing.page(connection, scope, order, only)  # type: ignore[arg-type]  # one of the orders
            assert (page.found, page.more) == (whole, False)
    monkeypatch.setattr(listing, "MOST", 20)
    page = listing.page(connection, SCOPES["queues"])
    assert (page.found, page.more) == (20, True)
    connection.close()


def test_lists_read_along_their_indexes(database: Database) -> None:
    if database.dialect != "sqlite":
        pytest.skip("its planner chooses by what the table holds")
    fill(database)
    connection = database.connect()
    after = After(10, 5000, "x", 1)
    ways: list[tuple[Scope, listing.Order, list[str]]] = [
        (Scope(queues=("intake", "payment")), "service", ["ix_tasks_offered"]),
        (Scope(queues=("intake",), free=False), "due", ["ix_tasks_due"]),
        (Scope(queues=("intake",)), "due", ["ix_tasks_due"]),
        (Scope(people=("li",)), "service", ["ix_tasks_held", "ix_tasks_given"]),
    ]
    for scope, order, wanted in ways:
        for place in (None, after):
            sql, given = listing._read(scope, order, place, 10)
            plan = [row[3] for row in connection.all(f"EXPLAIN QUERY PLAN {sql}", given)]
            reads = [line for line in plan if " tasks " in f"{line} "]
            assert reads and all(any(f"USING INDEX {name}" in line for name in wanted) for line in reads), plan
            # a queue's stretch comes in order; what somebody holds may be sorted
            sorts = [then for line, then in pairwise(plan) if line in reads and "TEMP B-TREE" in then]
            assert not (scope.queues and sorts), plan
    rare = find.ask(connection, terms("小明")[0])
    sql, given = listing._of_cases(rare, Scope(queues=("intake",), people=("li",)), "service", after)
    plan = [row[3] for row in connection.all(f"EXPLAIN QUERY PLAN {sql}", given)]
    assert "SEARCH tasks USING PRIMARY KEY (case_id=?)" in plan, plan
    connection.close()
