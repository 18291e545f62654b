"""`retention`: whose time is over, a round proposed, and what is left behind wiped away."""

from pathlib import Path

from tests.cli.conftest import Caseway


def test_what_has_ended_is_due_when_its_time_is_over(caseway: Caseway, house: Path) -> None:
    number = caseway("case", "list", "--json").json[0]["number"]
    assert caseway("retention", "due", "--on", "2100-01-01", "--json").json["cases"] == []
    ended = caseway("case", "cancel", number, "--reason", "entered twice", "--as", "gu_mingyuan")
    assert ended.code == 0, ended.err
    assert caseway("retention", "due", "--json").json["cases"] == []
    found = caseway("retention", "due", "--on", "2100-01-01", "--json").json
    assert [one["number"] for one in found["cases"]] == [number] and not found["more"]
    assert number in caseway("retention", "due", "--on", "2100-01-01").out


def test_destroying_is_for_administrators_and_leaves_the_rest(caseway: Caseway, house: Path) -> None:
    assert caseway("retention", "destroy", "--as", "lu_yao").code == 1
    said = caseway("retention", "destroy", "--as", "dong_lei", "--json")
    assert said.code == 0 and said.json == {"again": 0}
    assert caseway("verify").code == 0


def test_a_round_needs_the_procedure_and_who_may_begin_it(caseway: Caseway, house: Path) -> None:
    said = caseway("retention", "propose", "now", "--as", "zhu_qin")
    assert said.code == 1 and "archive_destruction" in said.err


def test_going_back_is_told_before_it_is_done(caseway: Caseway, house: Path) -> None:
    told = caseway("database", "downgrade", "--to", "0014", "--dry-run", "--json").json
    assert not told["done"] and {"table": "dispatches", "column": "", "values": 0} in told["lost"]
    assert caseway("verify").code == 0
    unknown = caseway("database", "downgrade", "--to", "0099")
    assert unknown.code == 1 and "0099" in unknown.err
    done = caseway("database", "downgrade", "--to", "0014")
    assert done.code == 0 and "0014" in done.out
    refused = caseway("verify")
    assert refused.code == 1 and "older schema version 0014" in refused.err
    assert caseway("init", house).code == 0 and caseway("verify").code == 0
