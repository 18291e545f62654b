"""A closed case whose time is over: found, appraised, approved, destroyed by key, with its record; nothing is left
in any file, the chain still verifies, and no backup brings it back. On both databases."""

import io
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from bootstrap import SHIPPED, Caseway, Home, create, filed
from bootstrap.backup import backup, restore
from engine.core.commands import CancelCase, Command, CompleteTask, HoldCase, StartCase
from engine.runtime import destroyed, traces
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from engine.runtime.errors import StoreError
from tasks.commands import ClaimTask, Comment, SaveDraft
from tests.store.test_filed import ASKED, MORNING
from tests.support.samples import PDF

MARK = "Zaunkönig-7431"  # stands in all that a person said of the case
LOOK = "INSERT INTO looks (id, case_id, number, user_id, at, fields, ground, via, reason) VALUES (?,?,?,?,?,?,?,?,?)"
YEARS_LATER = datetime(2031, 3, 5, 2, 0, tzinfo=UTC)


@pytest.fixture
def place(home: Home) -> Iterator[Caseway]:
    create(home)
    clock = VirtualClock(MORNING - timedelta(hours=1))
    with Caseway(home, clock) as caseway:
        caseway.load_organisation(SHIPPED / "samples" / "organisation.yaml", "dong_lei")
        caseway.deploy(SHIPPED, "dong_lei", only={"archive_access.yaml", "archive_destruction.yaml"})
        clock.set(MORNING)
        caseway.sweep()
        yield caseway


def ask(place: Caseway, case: str, command: Command, user: str) -> None:
    answer = place.ask(case, command, user)
    assert isinstance(answer, Accepted), answer


def closed(place: Caseway, mark: str) -> str:
    """A case with the mark wherever somebody may have written it, cancelled."""
    asked = {**ASKED, "purpose": "audit", "reader_name": mark, "purpose_text": mark}
    answer = place.start(StartCase("archive_access", asked), "jia_xue")
    assert isinstance(answer, Accepted), answer
    case = answer.case
    place.work()
    (task,) = place.connection.one("SELECT min(id) FROM tasks WHERE case_id = ? AND closed_at IS NULL", (case,))
    ask(place, case, ClaimTask(task), "jia_xue")
    ask(place, case, SaveDraft(task, {"purpose_text": mark * 40}), "jia_xue")
    ask(place, case, SaveDraft(task, {"purpose_text": mark}), "jia_xue")
    ask(place, case, Comment(f"spoken to {mark}"), "jia_xue")
    attached = place.attach(case, f"{mark}.pdf", io.BytesIO(PDF + mark.encode()), "jia_xue")
    assert isinstance(attached, Accepted), attached
    ask(place, case, CancelCase(mark), "gu_mingyuan")
    number = _number(place, case)
    assert place.receive(f"m-{mark}", "customer_reply", number, {"text": mark}, "jia_xue") is None, "nobody takes it"
    look = (f"l-{case}", case, number, "jia_xue", 1, "[]", "owner", "web", mark)
    place.runner.write(lambda connection: connection.run(LOOK, look))
    return case


def complete(place: Caseway, case: str, step: str, user: str, outcome: str, **data: Any) -> None:
    """Completes the oldest open task of a step."""
    (task,) = place.connection.one("SELECT min(id) FROM tasks WHERE case_id = ? AND step = ? AND closed_at IS NULL",
                                   (case, step))  # fmt: skip
    assert task is not None, step
    ask(place, case, CompleteTask(task, outcome, data), user)
    place.work()
    place.sweep()


def kept_in(place: Caseway, mark: str) -> list[str]:
    """Where the mark stands: files of the installation, tables of a PostgreSQL server."""
    needles = {mark.encode(), mark.encode("unicode_escape"), mark.encode("utf-16-le")}
    found = [
        str(path.relative_to(place.home.folder))
        for path in sorted(place.home.folder.rglob("*"))
        if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    ]
    if place.database.dialect == "postgresql":
        with psycopg.connect(place.home.url) as server:
            tables = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            for (table,) in tables:
                rows = server.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))).fetchall()
                found += [table for (row,) in rows if mark in row]
    return found


def test_a_case_goes_by_the_whole_procedure_and_nothing_is_left(
    place: Caseway, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    case, kept = closed(place, MARK), closed(place, "Rotkehlchen-1")
    number, other = (place.connection.one("SELECT number FROM cases WHERE id = ?", (one,))[0] for one in (case, kept))
    ask(place, kept, HoldCase("court of Pudong"), "yu_siqi")
    assert kept_in(place, MARK)
    place.anchor()
    old = backup(place, elsewhere / "old")
    assert old.cases == 2

    clock = place.clock
    assert isinstance(clock, VirtualClock)
    clock.set(YEARS_LATER)
    assert [file.number for file in place.filed.due(MORNING.date().replace(year=2031))] == []
    assert [file.number for file in place.filed.due(YEARS_LATER.date())] == [number], "the other one is on hold"
    place.sweep()  # each year a round begins by itself
    place.work()
    (round_,) = place.connection.one("SELECT id FROM cases WHERE process = 'archive_destruction' AND status = 'open'")
    entries = [entry["number"] for entry in _data(place, round_)["candidates"]]
    assert number in entries and other not in entries
    for entry in entries:
        verdict = "destroy" if entry == number else "keep"
        complete(place, round_, "appraise", "tan_yu", verdict, appraisal_note="已期满")
    clock.advance(timedelta(days=20))
    place.sweep()
    complete(place, round_, "confirm", "ding_ning", "clear", confirm_note="无涉诉")
    complete(place, round_, "approve", "gu_mingyuan", "approve", approval_note="同意")
    complete(place, round_, "prepare", "zhu_qin", "ready", counted=1)
    complete(place, round_, "watch", "ye_qing", "release", watch_note="一件，与清单一致")
    assert _data(place, round_)["results"] == [{"number": number, "outcome": "destroyed", "electronic": True}]
    complete(place, round_, "destroy_paper", "zhu_qin", "done", method="no_paper", destruction_place="机房")
    complete(place, round_, "verify", "ye_qing", "gone", verify_note="不可读")
    row = place.connection.one('SELECT status, "end" FROM cases WHERE id = ?', (round_,))
    assert tuple(row) == ("ended", "destroyed")

    traces.wipe(place.database)
    assert kept_in(place, MARK) == []
    assert kept_in(place, "Rotkehlchen-1")
    report = place.verify()
    assert report.clean and (report.destroyed, report.whole) == (1, 2)
    row = place.connection.one("SELECT number, process, state, key FROM cases WHERE id = ?", (case,))
    assert tuple(row) == (number, "archive_access", "", None)
    (line,) = destroyed.read(place.home.destroyed, place.vault)
    assert (line.case, line.number, line.by) == (case, number, _number(place, round_))

    # A backup from before brings it back; with the list it does not.
    home = Home(elsewhere / "again")
    report = restore(elsewhere / "old", place.home.key, home, gone=place.home.destroyed)
    assert report.clean and (report.destroyed, report.whole) == (1, 1)
    with Caseway(home, VirtualClock(YEARS_LATER)) as again:
        assert kept_in(again, MARK) == [] and kept_in(again, "Rotkehlchen-1")


def _data(place: Caseway, case: str) -> Any:
    return json.loads(place.connection.one("SELECT state FROM cases WHERE id = ?", (case,))[0])["flow"]["data"]


def _number(place: Caseway, case: str) -> str:
    return str(place.connection.one("SELECT number FROM cases WHERE id = ?", (case,))[0])


def test_the_list_is_believed_only_where_it_is_the_installation_s_own(place: Caseway, tmp_path: Path) -> None:
    case = closed(place, MARK)
    assert place.destroy(case)
    path = place.home.destroyed
    with path.open("ab") as file:
        file.write(b'\n{"body":{"case":"x"')  # cut off
    place.filed.note("other", "DY-1", "XH-1")
    assert [one.case for one in destroyed.read(path, place.vault)] == [case, "other"]
    assert destroyed.again(place.database, place.vault, path, place.files.forget) == 0
    copy = tmp_path / "copy"
    shutil.copy(path, copy)
    copy.write_bytes(copy.read_bytes().replace(b"DY-1", b"DY-2"))
    with pytest.raises(StoreError, match="was changed"):
        destroyed.read(copy, place.vault)


def test_each_page_is_found_by_its_index(place: Caseway) -> None:
    if place.database.dialect == "sqlite":  # PostgreSQL reads small tables whole
        plan = place.connection.all(f"EXPLAIN QUERY PLAN {filed._DUE}", ("p", 2, 1, "c"))
        assert "ix_cases_ended (process=? AND (ended_at,id)>(?,?) AND ended_at<?)" in plan[0][-1], plan[0][-1]
