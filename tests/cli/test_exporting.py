"""`export`: the log of an installation as process mining wants it, held against what the standards prescribe."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from lxml import etree

from bootstrap import Caseway as Engine
from bootstrap import Home
from tasks.commands import RestrictCase
from tests.cli.conftest import Caseway, task_of

STANDARDS = Path(__file__).parents[1] / "standards"
WHO = ("--as", "gu_mingyuan")
SECRETS = ("王伟", "13800000001", "追尾")


@pytest.fixture
def worked(caseway: Caseway, number: str) -> Caseway:
    """The oldest case is taken and decided."""
    task = task_of(caseway, number)
    assert caseway("task", "claim", number, task, "--as", "wang_fang").code == 0
    assert caseway("task", "release", number, task, "--as", "wang_fang").code == 0
    return caseway


def ocel(caseway: Caseway, *more: str) -> Any:
    said = caseway("export", "ocel", *WHO, "--lang", "en", *more)
    assert said.code == 0, said.err
    found = json.loads(said.out)
    schema = json.loads((STANDARDS / "ocel20.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(found)
    return found


def test_objects_and_events_fit_each_other(worked: Caseway, number: str) -> None:
    log = ocel(worked, "--data")
    ids = Counter(one["id"] for key in ("objects", "events") for one in log[key])
    assert max(ids.values()) == 1
    objects = {one["id"]: one["type"] for one in log["objects"]}
    for key, types in (("objects", "objectTypes"), ("events", "eventTypes")):
        declared = {one["name"]: {a["name"] for a in one["attributes"]} for one in log[types]}
        for one in log[key]:
            assert {a["name"] for a in one["attributes"]} <= declared[one["type"]]
            assert all(related["objectId"] in objects for related in one["relationships"])
    assert Counter(objects.values())["claims"] == 3 and {"task", "clock", "queue", "person"} < set(objects.values())
    numbers = {a["value"] for one in log["objects"] for a in one["attributes"] if a["name"] == "number"}
    assert number in numbers
    told = Counter(event["type"] for event in log["events"])
    title = next(name.partition(":")[0] for name in told if name.endswith(": assign"))
    assert told[f"{title}: schedule"] == 3 and told[f"{title}: assign"] == told[f"{title}: reassign"] == 1


def test_no_secret_leaves_and_people_only_when_asked_for(worked: Caseway) -> None:
    coded, named, none = (
        json.dumps(ocel(worked, "--data", "--people", one), ensure_ascii=False) for one in ("codes", "names", "none")
    )
    for text in (coded, named, none):
        assert not [secret for secret in SECRETS if secret in text]
        assert '"line", "value": "motor"' in text and '"value": "3000.00"' in text
    assert "wang_fang" in named and "wang_fang" not in coded + none
    assert "person 1" in coded and "person" not in none
    bare = json.dumps(ocel(worked))
    assert '"3000.00"' not in bare and '"motor"' not in bare


def test_xes_is_as_the_standard_has_it(worked: Caseway, number: str, tmp_path: Path) -> None:
    out = tmp_path / "log.xes"
    said = worked("export", "xes", *WHO, "--data", "--process", "claims", "--out", out)
    assert said.code == 0 and "3 cases" in said.out
    log = etree.parse(out)
    etree.XMLSchema(etree.parse(STANDARDS / "xes.xsd")).assertValid(log)
    names = log.xpath("/log/trace/string[@key='concept:name']/@value")
    assert number in names and len(names) == 3
    changes = log.xpath(
        "/log/trace[string/@value=$number]/event/string[@key='lifecycle:transition']/@value", number=number
    )
    assert {"start", "schedule", "assign", "reassign"} <= set(changes)
    assert not [secret for secret in SECRETS if secret in out.read_text(encoding="utf-8")]


def test_rows_for_spreadsheets(worked: Caseway, number: str) -> None:
    said = worked("export", "csv", *WHO, "--people", "names")
    rows = list(csv.DictReader(said.out.removeprefix("\ufeff").splitlines()))
    taken = [row for row in rows if row["transition"] == "assign"]
    assert [(row["case"], row["by"], row["kind"]) for row in taken] == [(number, "wang_fang", "task")]
    assert {row["kind"] for row in rows} == {"case", "task", "step", "clock"}


def test_who_may_and_which_cases(worked: Caseway, house: Path) -> None:
    refused = worked("export", "csv", "--as", "wang_fang")
    assert refused.code == 1 and "may not take a log" in refused.err and "compliance" in refused.err
    assert "Did you mean claims?" in worked("export", "csv", *WHO, "--process", "claim").err
    assert len(worked("export", "csv", *WHO, "--until", "2020-01-01").out.splitlines()) == 1
    assert "cannot be written" in worked("export", "csv", *WHO, "--out", house / "no" / "log.csv").err
    with Engine(Home(house)) as engine:
        case = engine.connection.one("SELECT id FROM cases ORDER BY id")[0]
        engine.ask(case, RestrictCase("a colleague's own claim"), "gu_mingyuan")
    said = worked("export", "csv", *WHO)
    assert "1 restricted cases are not in it" in said.err
    assert len({row["case"] for row in csv.DictReader(said.out.removeprefix("\ufeff").splitlines())}) == 2
