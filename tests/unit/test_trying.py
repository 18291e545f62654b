"""A case tried out by hand: what can be done, going back, and the scenario that comes of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from shutil import copytree, ignore_patterns

import pytest
import yaml

from bootstrap import SHIPPED
from engine.core.kinds import Type
from tests.support.adhoc import written
from workbench.grounds import Grounds
from workbench.scenarios import run_all
from workbench.staff import plausible
from workbench.trying import Trial

AT = datetime.fromisoformat("2026-03-02T09:00+08:00")
REPORTED = {
    "channel": "phone", "reported_at": "2026-03-02T08:30:00+08:00", "policy_number": "PM2026000001",
    "customer_name": "王小明", "customer_phone": "13800000000", "line": "motor", "event": "collision",
    "loss_date": "2026-03-01", "description": "追尾", "claimed_amount": 3000, "identity_number": "11010119900101123X",
}  # fmt: skip


@pytest.fixture(scope="module")
def grounds() -> Iterator[Grounds]:
    with Grounds(SHIPPED) as made:
        yield made


@pytest.fixture
def trial(grounds: Grounds) -> Iterator[Trial]:
    with Trial(grounds, "claims", AT) as found:
        assert found.start(REPORTED, "lu_yao") == []
        yield found


def test_what_can_be_done_and_by_whom(trial: Trial) -> None:
    task, due = trial.doable("en")[0], trial.doable("en")[-1]
    assert (task.what, task.name) == ("complete", "intake")
    assert task.people and task.step["complete"]["by"] == task.people[0]
    assert "accept" in [one["outcome"] for one in task.form["outcomes"]]
    assert due.what == "wait" and due.due is not None and due.due > AT


def test_a_step_that_is_refused_leaves_all_as_it_was(trial: Trial) -> None:
    told = trial.do({"complete": {"step": "intake", "by": "fang_qi", "outcome": "accept"}})
    assert "refused" in told[0] and trial.steps == []
    assert trial.doable()[0].name == "intake"


def test_going_back(trial: Trial) -> None:
    step = dict(trial.doable()[0].step["complete"])
    assert trial.do({"complete": {**step, "outcome": "accept"}}) == []
    assert trial.do({"wait": "2h"}) == [] and trial.now == AT + timedelta(hours=2)
    trial.undo(2)
    assert trial.now == AT and [one.name for one in trial.doable() if one.what == "complete"] == ["intake"]
    trial.undo()
    assert trial.case == "" and trial.doable() == []


def test_what_was_tried_is_kept_as_a_scenario_that_passes(trial: Trial, tmp_path: Path) -> None:
    step = dict(trial.doable()[0].step["complete"])
    assert trial.do({"complete": {**step, "outcome": "accept"}}) == []
    for one in trial.doable():
        if one.what == "papers":
            assert trial.do(one.step) == []
    assert trial.do(trial.doable()[-1].step) == []
    text = trial.scenario("accepted, with its papers")
    assert yaml.safe_load(text)["expect"]["open"]
    (tmp_path / "tried.yaml").write_text(text, encoding="utf-8")
    assert [one.problems for one in run_all([tmp_path], SHIPPED)] == [[]]


def test_a_scenario_is_gone_on_with(grounds: Grounds) -> None:
    written = {"start": {"by": "lu_yao", "data": REPORTED}, "steps": [{"wait": "1h"}, {"expect": {"open": ["intake"]}}]}
    with Trial(grounds, "claims", AT, written) as trial:
        assert trial.problems == [] and trial.steps == [{"wait": "1h"}]
        assert trial.doable()[0].name == "intake"
        assert trial.state.flow.number == "LP-2026-000001"  # started once


def test_what_another_case_sends_can_be_given(trial: Trial) -> None:
    words = {(one.what, one.name): one for one in trial.doable()}
    assert ("message", "claim_withdrawn") in words and words["message", "claim_withdrawn"].people[0] == "customer"
    for one in words.values():
        if one.what == "message" and one.people == ["system"]:
            assert trial.do(one.step) == []


LISTENS = """\
process: alert
title: {zh: 预警, en: Alert}
number: AL-{year}-{seq}
calendar: insurer
data: {type: object, properties: {}}
steps:
  listen:
    title: {zh: 等待, en: Listen}
    human: {queue: intake}
    outcomes: {done: {title: {zh: 完成, en: Done}, next: quiet}}
    meanwhile:
      - {signal: catastrophe, next: alarmed}
  quiet: {end: quiet}
  alarmed: {end: alarmed}
"""


def test_a_signal_is_sent_to_the_case_that_listens(tmp_path: Path) -> None:
    folder = tmp_path / "processes"
    copytree(SHIPPED, folder, ignore=ignore_patterns("*.py", "__pycache__", "claims.yaml", "complaint.yaml"))
    (folder / "alert.yaml").write_text(LISTENS, encoding="utf-8")
    house = (folder / "house.yaml").read_text("utf-8")
    added = house.replace("\nsignals:\n", "\nsignals:\n  catastrophe: {zh: 巨灾, en: Catastrophe}\n", 1)
    assert added != house
    (folder / "house.yaml").write_text(added, "utf-8")
    with Grounds(folder) as grounds, Trial(grounds, "alert", AT) as trial:
        assert trial.start({}) == []
        (signal,) = [one for one in trial.doable() if one.what == "signal"]
        assert trial.do(signal.step) == [] and trial.state.flow.end == "alarmed"
        kept = trial.scenario()
    (tmp_path / "kept.yaml").write_text(kept, encoding="utf-8")
    assert [one.problems for one in run_all([tmp_path / "kept.yaml"], folder)] == [[]]
    (tmp_path / "kept.yaml").write_text(kept.replace("name: catastrophe", "name: catastrofe"), encoding="utf-8")
    ((problem,),) = [one.problems for one in run_all([tmp_path / "kept.yaml"], folder)]
    assert "CW951" in problem and "did you mean 'catastrophe'" in problem


def test_where_a_file_is_asked_for_nothing_is_made_up() -> None:
    assert plausible(Type("int", attachment=True), None, Random(1), AT) is None
    assert plausible(Type("int"), None, Random(1), AT) in range(1, 6)


def test_steps_of_an_ad_hoc_block_are_begun_and_it_is_finished(tmp_path: Path) -> None:
    folder = tmp_path / "processes"
    copytree(SHIPPED, folder, ignore=ignore_patterns("*.py", "__pycache__", "claims.yaml", "complaint.yaml"))
    written(folder)
    with Grounds(folder) as grounds, Trial(grounds, "incident_command", AT) as trial:
        assert trial.start({}) == []
        assert trial.do({"begin": {"step": "photo"}}) == ["no ad-hoc block that has photo is open"]
        assert trial.do({"complete": {"step": "arrive", "by": "lu_yao"}}) == []
        offered = {(one.what, one.name): one for one in trial.doable()}
        assert set(offered) == {("begin", "photo"), ("begin", "witness"), ("finish", "scene")}
        assert trial.do(offered["begin", "photo"].step) == []
        assert ("finish", "scene") not in {(one.what, one.name) for one in trial.doable()}
        assert trial.do({"finish": {"block": "scene", "refused": "steps_open"}}) == []
        assert trial.do({"complete": {"step": "photo", "by": "lu_yao"}}) == []
        assert trial.do({"finish": {"block": "scene", "by": "lu_yao"}}) == []
        kept = trial.scenario()
    (tmp_path / "kept.yaml").write_text(kept, encoding="utf-8")
    assert [one.problems for one in run_all([tmp_path / "kept.yaml"], folder)] == [[]]
    (tmp_path / "kept.yaml").write_text(kept.replace("step: photo", "step: foto"), encoding="utf-8")
    ((problem, *_),) = [one.problems for one in run_all([tmp_path / "kept.yaml"], folder)]
    assert "foto" in str(problem) and "photo" in str(problem)
