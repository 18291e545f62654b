"""What is learnt from scenarios: examples of steps, messages and beginnings, moved to another day."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from engine.language.files import Folder
from tests.support.projects import PROCESSES
from tools.examples import the_compiler
from workbench.shown import INTERRUPTING, WAITED, examples, shifted

SCENARIO = """\
scenario: one
process: claims
at: 2026-03-02T09:00+08:00
start: {by: lu_yao, data: {channel: phone, reported_at: 2026-03-02T08:00+08:00}}
steps:
  - complete: {step: intake, by: wang_fang, outcome: accept, data: {line: health}}
  - complete: {step: intake, by: nobody, outcome: accept, refused: not_served}
  - wait: 2d
  - message: {name: agreement_reply, payload: {agreed: true, on: 2026-03-04}}
  - message: {name: claim_withdrawn}
expect: {end: paid}
"""


def test_dates_are_as_far_from_now_as_they_were_from_the_scenario() -> None:
    by = timedelta(days=10, hours=3)
    assert shifted({"on": "2026-03-02", "all": ["2026-03-02T09:00+08:00", "3 wd"], "n": 5}, by) == {
        "on": "2026-03-12", "all": ["2026-03-12T12:00:00+08:00", "3 wd"], "n": 5,
    }  # fmt: skip


def test_what_scenarios_show_is_how_people_behave(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(SCENARIO, encoding="utf-8")
    files = Folder(PROCESSES)
    processes = {"claims": the_compiler().compile(files, "claims.yaml", the_compiler().house(files)).process}
    found = examples(tmp_path, processes)
    assert [one.by for one in found.starts["claims"]] == ["lu_yao"]
    assert len(found.steps["claims", "intake"]) == 1, "what was refused is no example"
    habits = found.habits(processes)
    spec = processes["claims"].nodes["intake"].spec
    now = datetime(2026, 5, 1, tzinfo=UTC)
    filled = habits.steps["claims", "intake"].fill_in(processes["claims"], spec, {"now": now.isoformat()}, Random(1))  # type: ignore[arg-type]  # a person's step
    assert filled.outcome == "accept" and filled.data == {"line": "health"}
    waited, sudden = habits.replies["claims", "agreement_reply"], habits.replies["claims", "claim_withdrawn"]
    assert (waited.chance, sudden.chance) == (WAITED, INTERRUPTING)
    assert found.messages["claims", "agreement_reply"][0].now(now)["on"] == "2026-04-30"
