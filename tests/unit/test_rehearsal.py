"""Rehearsals: plans are checked, the same seed gives the same figures, what differs between two plans is told."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import mean, stdev
from typing import Any

import pytest

from bootstrap import Home
from engine.language.problems import DefinitionError
from engine.language.source import read
from tests.cli.conftest import call
from tests.support.rehearsals import DESK, planned
from workbench.rehearsal import Value, compare, load, rehearse
from workbench.rehearsal.chances import Spread, streams
from workbench.rehearsal.compared import interval, wilson
from workbench.rehearsal.figures import Key
from workbench.rehearsal.learnt import learnt
from workbench.rehearsal.page import page
from workbench.rehearsal.running import worked
from workbench.rehearsal.told import certain, tables, write_csv


@pytest.mark.parametrize(
    ("written", "average", "deviation"),
    [
        (12, 12, 0),
        ([5, 20], 12.5, 4.33),
        ({"exponential": 8}, 8, 8),
        ({"lognormal": [30, 12]}, 30, 12),
        ({"normal": [60, 5]}, 60, 5),
        ({"triangular": [0, 3, 9]}, 4, 1.87),
        ({"sample": [1, 2, 9]}, 3.5, 2.47),
    ],
)
def test_lengths_are_spread_as_the_plan_says(written: object, average: float, deviation: float) -> None:
    spread, chance = Spread.of(written), Random(1)
    drawn = [spread.draw(chance) for _ in range(20_000)]
    assert min(drawn) >= 0
    assert mean(drawn) == pytest.approx(average, rel=0.03) and stdev(drawn) == pytest.approx(deviation, rel=0.05)


def test_luck_depends_on_the_purpose_and_on_nothing_else() -> None:
    one, two, other = streams(7, 1), streams(7, 1), streams(7, 2)
    one("arrivals")
    first, again = one("E-1 serve").random(), one("E-1 serve").random()
    assert (two("E-1 serve").random(), two("E-1 serve").random()) == (first, again) and first != again
    assert other("E-1 serve").random() != first


def test_intervals_are_those_of_the_textbooks() -> None:
    found = interval([2.0, 4.0, 6.0])  # mean 4, deviation 2, t 4.303
    assert found.low is not None and found.high is not None
    assert (found.mean, round(found.low, 3), round(found.high, 3)) == (4.0, -0.969, 8.969)
    assert interval([3.0]) == Value(3.0)
    share = wilson(1, 10)
    assert share.low is not None and share.high is not None
    assert (round(share.low, 4), round(share.high, 4)) == (0.0179, 0.4042)
    assert certain(Value(1, 0.5, 2)) and certain(Value(-1, -2, -0.5)) and not certain(Value(1, -1, 3))


def test_one_seed_one_outcome_and_two_plans_differ_by_what_they_say(tmp_path: Path) -> None:
    slow = planned(tmp_path, days=1, replications=2, every="20min", minutes="{exponential: 18}")
    quick = planned(
        tmp_path, days=1, replications=2, every="20min", minutes="{exponential: 18}", more=2, name="three"
    )  # fmt: skip
    first, second = rehearse(slow), rehearse(slow)
    assert first.each == second.each and first.lengths == second.lengths
    third = rehearse(quick)
    assert third.each[Key("started", "errand")] == first.each[Key("started", "errand")], "the same luck"
    told = compare(first, third)
    difference = told.differences[Key("wait", "errand.serve")]
    assert difference.mean < -0.2
    late = first.values[Key("late", "(target)")].mean
    assert late > 0.1 and third.values[Key("late", "(target)")].mean < late
    assert set(third.lengths) == {"desk"} and len(third.lengths["desk"]) == 1
    rows = dict(tables(told, "en"))
    assert rows["queue"][0]["queue"] == "desk" and "→" in rows["person"][0][next(reversed(rows["person"][0]))]
    out = io.StringIO()
    write_csv([first, third], out)
    lines = list(csv.DictReader(io.StringIO(out.getvalue().removeprefix("\ufeff"))))
    assert {line["plan"] for line in lines} == {"plan", "three"} and {"late", "busy"} <= {
        line["figure"] for line in lines
    }
    for language in ("zh", "en"):
        shown = page(told, language)
        assert "<polyline" in shown and "three" in shown and "(target)" in shown


def test_outcomes_come_as_often_as_said(tmp_path: Path) -> None:
    plan = planned(
        tmp_path, days=1, every="30min", minutes="1", outcomes="{done: 1, again: 1}", spread="even"
    )  # fmt: skip
    found = rehearse(plan)
    cases, tasks = found.values[Key("started", "errand")].mean, found.values[Key("done", "errand.serve")].mean
    assert cases == 47 and 1.5 < tasks / cases < 2.6, "each is worked twice on average"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("begin: tomorrow\ndays: 3\narrivals: {errand: {every: 1h}}", "a day as 2026-03-02"),
        ("begin: 2026-03-02\ndays: 3\narrivals: {errand: {every: often}}", "a length of time"),
        ("begin: 2026-03-02\ndays: 3\narrivals: {errand: {every: 1h, hour: always}}", "hours"),
        ("begin: 2026-03-02\ndays: 3\narrivals: {errands: {every: 1h, data: {}}}", "did you mean 'errand'?"),
        ("begin: 2026-03-02\ndays: 3\narrivals: {errand: {every: 1h}}", "no scenario that begins 'errand'"),
        (
            "begin: 2026-03-02\ndays: 3\narrivals: {errand: {every: 1h, data: {}}}\n"
            "steps: {errand: {serve: {outcomes: {don: 1}}}}",
            "did you mean 'done'?",
        ),
        (
            "begin: 2026-03-02\ndays: 3\narrivals: {errand: {every: 1h, data: {}}}\nstaff: {more: {anne: 1}}",
            "did you mean 'ann'?",
        ),
        (
            "begin: 2026-03-02\ndays: 3\narrivals: {errand: {every: 1h, data: {}}}\nstaff: {hours: {ann: nightly}}",
            "there is no calendar 'nightly'",
        ),
    ],
)
def test_what_is_wrong_in_a_plan_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(f"processes: {DESK}\n{text}\n", encoding="utf-8")
    with pytest.raises(DefinitionError) as wrong:
        rehearse(load(path))
    told = [f"{one.message} {one.expected} {one.hint}" for one in wrong.value.problems]
    assert any(said in one for one in told), told
    assert all(one.line > 1 for one in wrong.value.problems)


def test_a_plan_is_learnt_from_what_was_seen(tmp_path: Path) -> None:
    plan = planned(tmp_path, days=1, every="30min", minutes="[10, 20]", spread="even")
    home = Home(tmp_path / "house")
    with worked(plan, 1, home.folder) as (_, caseway):
        text, seen = learnt(caseway)
    found: Any = read(text.encode(), "learnt.yaml").value
    assert seen == 47
    assert found["arrivals"] == {"errand": {"every": "30min"}} and found["days"] == 1
    serve = found["steps"]["errand"]["serve"]
    assert serve["outcomes"] == {"done": 47}
    assert all(10 <= minutes <= 20 for minutes in serve["minutes"]["sample"])
    (tmp_path / "learnt.yaml").write_text(f"processes: {DESK}\n{text}", encoding="utf-8")
    assert load(tmp_path / "learnt.yaml").arrivals["errand"].every == timedelta(minutes=30)


def test_the_command_tells_and_writes(tmp_path: Path) -> None:
    planned(tmp_path, days=1, every="30min", minutes="10")
    said = call(
        "simulate", tmp_path / "plan.yaml", "--lang", "en", "--html", tmp_path / "p.html", "--csv", tmp_path / "f.csv"
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "share of working time" in said.out and "actions" in said.out and "errand.serve" in said.out
    assert (tmp_path / "p.html").exists() and (tmp_path / "f.csv").exists()
    found = json.loads(call("simulate", tmp_path / "plan.yaml", "--json").out)
    assert found[0]["plan"] == "plan" and {one["figure"] for one in found[0]["figures"]} > {"wait", "busy"}
    (tmp_path / "wrong.yaml").write_text("begin: 2026-03-02\n", encoding="utf-8")
    wrong = call("simulate", tmp_path / "wrong.yaml")
    assert wrong.code == 1 and "wrong.yaml:1" in wrong.err and "days" in wrong.err
    assert call("simulate", tmp_path / "none.yaml").code == 2
