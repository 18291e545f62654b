"""The act `link`: a process relates its case to another by number, on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bootstrap import Caseway, Home, create
from engine.core.commands import StartCase
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from tests.support.branch import FOLDER, MONDAY

HOUSE = "house: bare\n"
PROCESS = """\
process: part
title: {zh: 部分, en: Part}
number: P-{year}-{seq}
data: schemas/part.yaml
start: {by: [staff], form: [whole]}
steps:
  rest: {wait: {for: 1h}}
  tie: {link: {to: "{{ whole }}", as: part_of}}
  stay: {wait: {for: 72h}, next: done}
  done: {end: done}
"""
DATA = """\
$schema: https://json-schema.org/draft/2020-12/schema
type: object
properties: {whole: {type: string}}
"""


@pytest.fixture
def caseway(home: Home, tmp_path: Path) -> Iterator[Caseway]:
    create(home)
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "schemas").mkdir()
    for name, text in (("house.yaml", HOUSE), ("part.yaml", PROCESS), ("schemas/part.yaml", DATA)):
        (folder / name).write_text(text, encoding="utf-8")
    with Caseway(home, VirtualClock(MONDAY)) as made:
        made.load_organisation(FOLDER / "people" / "organisation.yaml", "ann")
        made.deploy(folder, "ann")
        yield made


def start(caseway: Caseway, **data: str) -> Accepted:
    answer = caseway.start(StartCase("part", data), "li")
    assert isinstance(answer, Accepted), answer
    return answer


def later(caseway: Caseway, **span: int) -> None:
    assert isinstance(caseway.clock, VirtualClock)
    caseway.clock.advance(timedelta(**span))
    for _ in range(3):
        caseway.sweep()


def links(caseway: Caseway, case: str) -> list[tuple[str, str]]:
    return [tuple(row) for row in caseway.connection.all("SELECT other, kind FROM links WHERE case_id = ?", (case,))]


def test_a_case_relates_itself_to_another_by_number_and_the_other_knows(caseway: Caseway) -> None:
    whole = start(caseway)
    part = start(caseway, whole=whole.number)
    later(caseway, hours=2)
    assert links(caseway, part.case) == [(whole.case, "part_of")]
    assert links(caseway, whole.case) == [(part.case, "has_part")]
    assert caseway.verify(deep=True).clean


def test_a_number_that_no_case_has_is_an_incident(caseway: Caseway) -> None:
    lost, silent = start(caseway, whole="P-1999-1"), start(caseway)
    later(caseway, hours=2)
    told = dict(caseway.connection.all("SELECT case_id, text FROM incidents"))
    assert told[lost.case] == "link: there is no case P-1999-1"
    assert told[silent.case] == "link: there is no number to link to"
    assert caseway.verify(deep=True).clean
