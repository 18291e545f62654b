"""The processes that come with the product: they compile without a word, and enforce every clause of their manuals."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootstrap import compiler, shipped
from engine.core.expressions import Expression
from engine.core.model import Human, Notify, Process
from engine.core.templates import compile_template
from engine.language.compile_house import compile_house
from engine.language.house import House
from engine.language.source import read
from sla.model import Clock, Notice, clocks_of, limit_of
from tasks.stranded import NOTICE
from tasks.watching import NOTICE as WATCHED
from tests.support.rungs import acts_of, alike, unrun, written
from web.accounts import LOCKED
from workbench.reading import BROKEN

FOLDER = Path(__file__).parents[2] / "processes"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem != "house")

# Which clauses of the manuals each procedure is made of (the catalogue of manual procedures).
MANUALS = {
    "claims": "A-1.5 A-3.3 C-3.3 C-4.2 E-1.2 E-3.1 E-3.2 E-3.3 E-3.4 E-3.5 E-4.1 E-4.2 E-4.3 E-4.4 E-4.5 E-5.4 E-6.1 "
    "E-7.1 E-7.2",
    "complaint": "A-2.2 A-4.4 B-1.4 C-5.1 C-5.3 E-2.4 E-7.3",
    "emergency_response": "A-7.1 A-7.2 A-7.4 A-7.5 B-7",
    "emergency_drill": "A-7.3 A-7.2",
    "emergency_plan": "A-7.3",
    "system_incident": "A-5.2 A-5.4 E-6.4",
    "data_breach": "D-6.3",
    "backup_verification": "A-5.3 D-7.2 E-6.2",
    "system_upgrade": "A-5.5",
    "customer_feedback": "A-2.4 C-5.3 E-7.4",
    "dispute": "A-4.4",
    "claim_recovery": "E-4.3 L-59 L-60 L-61 L-62",
    "premium_collection": "A-1.3",
    "underwriting": "A-1.1 A-1.2 A-1.3 A-1.4 A-3.2 C-1.3 C-2.2 C-2.3 C-3.1 C-3.2 C-4.1 D-1.2 D-6.2",
    "satisfaction_survey": "A-2.3 E-1.5 E-2.2",
    "violation": "A-6.5 B-6.4",
    "performance_review": "A-6.2 A-6.3 C-6.2 C-6.4 E-5.3 E-5.4",
    "training": "A-6.1 A-6.4 C-4.4 C-6.1 C-6.3 E-5.2",
    "compliance_audit": "A-4.2 C-4.1 C-4.3 D-6.2 D-6.4",
    "risk_warning": "A-4.1 C-4.2 C-4.4",
    "contract_review": "A-4.3 C-4.4",
    "advertising_review": "A-3.4",
    "agent_sale": "C-2.2 C-3.1 C-3.2",
    "product_change": "A-3.5",
    "data_subject_request": "E-2.1 D-6.2",
    "customer_profile": "A-2.1 D-1.1 D-1.2 D-1.3 D-2.1 D-2.2 D-2.3 D-2.4",
    "customer_care": "C-3.1 D-3.3 E-2.3",
    "churn_winback": "C-5.4 D-3.4",
    "archive_filing": "A-1.6 A-4.5 C-7.1 C-7.2 D-5.3 D-7.1 D-7.2 E-4.3 E-4.5",
    "inquiry": "A-2.2 C-5.1 E-1.3",
    "archive_destruction": "C-7.1(5) D-5.3.2 D-6.1(1.3)",
    "archive_access": "C-7.4 D-5.1 D-5.2 D-5.4",
    "policy_renewal": "A-1.4 C-2.4",
    "policy_change": "A-1.4 C-2.2 C-7.1",
    "product_recommendation": "C-2.3 D-4.1 D-4.2 D-4.3 D-4.4",
    "quality_sample": "R-sampling",
}


STOPPED_AT_ONCE = {"answered_7wd"}
"""Clocks that stop in the command that starts them: nobody need be reminded."""


@pytest.fixture(scope="module")
def house() -> House:
    found, warnings = compile_house(compiler().grammar, shipped())
    assert not warnings
    return found


@pytest.fixture(scope="module")
def processes(house: House) -> dict[str, Process]:
    words = compiler()
    found = {}
    for name in NAMES:
        compiled = words.compile(shipped(), f"{name}.yaml", house)
        assert not compiled.warnings, "\n".join(map(str, compiled.warnings))
        found[name] = compiled.process
    return found


def test_every_shipped_process_compiles_without_a_problem(processes: dict[str, Process]) -> None:
    assert set(processes) >= {"claims", "complaint"}


@pytest.mark.parametrize("name", sorted(MANUALS))
def test_every_clause_of_the_manual_is_enforced_somewhere(processes: dict[str, Process], name: str) -> None:
    assert not set(MANUALS[name].split()) - set(_cited(processes[name]))


def test_no_clause_lies_in_the_catalogue_that_nothing_enforces(processes: dict[str, Process], house: House) -> None:
    assert not set(house.clauses) - {clause for process in processes.values() for clause in _cited(process)}


def test_every_limit_of_a_conflict_has_a_clock_of_its_own(processes: dict[str, Process]) -> None:
    """The table of conflicting limits: each has its clock, with its clause."""
    limits = {
        "claims": {
            ("E-7.2", "24h"), ("C-3.3", "48h"), ("E-7.1", "10wd"), ("E-4.2", "24h"), ("E-3.3", "48h"), ("E-4.2", "3wd"),
            ("E-4.2", "48h"), ("E-4.2", "5wd"), ("A-3.3", "20d"), ("E-7.1", "30wd"), ("E-4.4", "5wd"),
            ("E-4.4", "10wd"), ("L-24", "3d"), ("L-25", "60d"),
        },
        "complaint": {
            ("C-5.3", "24h"), ("C-5.3", "48h"), ("C-5.1", "48h"), ("E-2.4", "24h"), ("E-2.4", "7wd"), ("A-4.4", "7wd"),
            ("A-4.4", "30wd"), ("R-review", "30d"),
        },
    }  # fmt: skip
    for name, wanted in limits.items():
        found = {(clause, str(clock.limit)) for clock in _clocks(processes[name]) for clause in clock.clauses}
        assert not wanted - found


def test_a_clock_of_the_law_or_the_manual_says_which_clause(processes: dict[str, Process]) -> None:
    for process in processes.values():
        for clock in clocks_of(process).by_name.values():
            assert clock.clauses and clock.title, clock.name
            assert clock.ladder or clock.name in STOPPED_AT_ONCE, clock.name


def test_notices_are_all_sent_by_something_and_read_in_both_languages(processes: dict[str, Process]) -> None:
    sent = {template for process in processes.values() for template in _templates(process)} | {NOTICE, LOCKED}
    sent |= {WATCHED, BROKEN}
    assert {path.stem for path in (FOLDER / "notices").glob("*.yaml")} == sent
    for name in sent:
        written: Any = read((FOLDER / f"notices/{name}.yaml").read_bytes(), name).value
        for part in ("subject", "body"):
            assert set(written[part]) == {"zh", "en"}, name
            facts = [compile_template(text).reads for text in written[part].values()]
            assert facts[0] == facts[1], f"{name}: the two languages tell different things"
        assert not re.search(r"第[一二三四五六七八九十]+条|[Aa]rticle \d", str(written)), f"{name} cites a statute"


def test_people_see_titles_in_both_languages(processes: dict[str, Process]) -> None:
    for process in processes.values():
        for node in process.nodes.values():
            if isinstance(node.spec, Human):
                assert set(node.title) >= {"zh", "en"}, node.id
                assert node.spec.outcomes, f"{node.id} has no outcome"
                for outcome in node.spec.outcomes.values():
                    assert set(outcome.title) >= {"zh", "en"}, f"{node.id}.{outcome.name}"


def test_every_outcome_of_every_step_has_a_scenario(processes: dict[str, Process]) -> None:
    taken: set[tuple[str, str, str]] = set()
    for path in (FOLDER / "scenarios").rglob("*.yaml"):
        scenario: Any = read(path.read_bytes(), path.name).value
        done = [step["complete"] for step in scenario.get("steps", ()) if "complete" in step]
        taken |= {(scenario["process"], each["step"], each["outcome"]) for each in done if "refused" not in each}
    for name, process in processes.items():
        known = {
            (name, node.id, outcome)
            for node in process.nodes.values()
            if isinstance(node.spec, Human)
            for outcome in node.spec.outcomes
        }
        assert not known - taken


def test_every_rung_that_is_written_is_compiled_and_run(house: House, processes: dict[str, Process]) -> None:
    ladders: Any = getattr(house.parts["clocks"], "ladders", {})
    for name, process in processes.items():
        found = [rung for clock in _clocks(process) for rung in clock.ladder]
        saved = list(written(read(shipped().read(f"{name}.yaml"), name).value, ladders))
        assert sorted(rung.at for rung in found) == sorted(rung["at"] for rung in saved), name
        assert sum(len(rung.acts) for rung in found) == sum(map(acts_of, saved)), name
    every = alike(clock for process in processes.values() for clock in _clocks(process))
    assert [text for clock in every for text in unrun(clock)] == [] and len(every) > 5


def test_no_notice_reads_a_secret(processes: dict[str, Process]) -> None:
    read = 0
    for name, process in processes.items():
        acts = [act for clock in _clocks(process) for rung in clock.ladder for act in rung.acts]
        steps = [node.spec for node in process.nodes.values()]
        for notice in (one for one in (*steps, *acts) if isinstance(one, Notify | Notice)):
            read += len(notice.facts)
            parts = (one for one in (*notice.facts.values(), *notice.to) if isinstance(one, Expression))
            assert not [one.source for one in parts if one.secret], (name, notice.template)
    assert read > 500


def _cited(process: Process) -> Iterator[str]:
    for node in process.nodes.values():
        yield from node.clauses
    for clock in _clocks(process):
        yield from clock.clauses


def _clocks(process: Process) -> Iterator[Clock]:
    """Those of the case, and the limits of its steps: a limit enforces the clauses of its step."""
    yield from clocks_of(process).by_name.values()
    for id in process.nodes:
        limit = limit_of(process, id)
        if limit is not None:
            yield limit


def _templates(process: Process) -> Iterator[str]:
    for node in process.nodes.values():
        if isinstance(node.spec, Notify):
            yield node.spec.template
    for clock in _clocks(process):
        for rung in clock.ladder:
            yield from (act.template for act in rung.acts if isinstance(act, Notice))
