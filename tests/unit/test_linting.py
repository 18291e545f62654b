"""What `lint` puts together: the compiler, deep checks, what is accepted, and rules of the house's own."""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.language.compile import Compiler
from engine.language.extension import Extension
from engine.language.files import Bundle, Folder
from engine.language.problems import DefinitionError, Problem
from engine.language.project import Project
from tests.support.projects import PROCESSES
from tools.examples import contents, the_compiler
from workbench.linting import Around, Linted, lint

HEAD = """\
process: inquiry
title: {zh: 咨询, en: Inquiry}
"""
STEPS = """\
steps:
  ask: {human: {queue: intake}, form: [question]}
  answer:
    human: {queue: intake}
    form: [answer]
  closed: {end: closed}
"""


def doubtful(project: Project) -> Iterable[Problem]:
    """A deep check that doubts the forms of all steps."""
    for name, compiled in project.processes.items():
        for step, node in compiled.process.nodes.items():
            if node.kind == "human":
                yield project.problem(name, step, ("form",), "CW601", f"is {step} a good form?", error=step == "answer")


@pytest.fixture
def compiler() -> Compiler:
    language = the_compiler().grammar.language
    return Compiler(replace(language, extensions=(*language.extensions, Extension("test", deep=(doubtful,)))))


def of_these(compiler: Compiler, top: str = "", whole: bool = True) -> Linted:
    text = HEAD + "data: {properties: {question: {type: string}, answer: {type: string}}}\n" + top + STEPS
    files = Bundle({**contents(), "inquiry.yaml": text.encode()})
    return lint(compiler, files, ["inquiry.yaml"], whole=whole)


def codes(linted: Linted) -> list[tuple[str, int]]:
    return [(each.code, each.line) for each in linted.problems if each.code in ("CW601", "CW696", "CW121")]


def test_deep_findings_stand_at_their_places(compiler: Compiler) -> None:
    found = of_these(compiler)
    assert codes(found) == [("CW601", 5), ("CW601", 8)]
    assert [each.line for each in found.errors] == [8]
    with pytest.raises(DefinitionError):
        found.refuse()


def test_a_finding_is_accepted_at_its_step_with_its_reason(compiler: Compiler) -> None:
    found = of_these(compiler, "accepted: [{check: CW601, step: answer, reason: asked for by the law}]\n")
    assert codes(found) == [("CW601", 6)]
    assert [(each.problem.line, each.reason) for each in found.accepted] == [(9, "asked for by the law")]
    everywhere = of_these(compiler, "accepted: [{check: CW601, reason: it is so}]\n")
    assert not codes(everywhere) and len(everywhere.accepted) == 2


def test_an_acceptance_without_effect_is_a_finding(compiler: Compiler) -> None:
    found = of_these(compiler, "accepted: [{check: CW601, step: closed, reason: x}, {check: CW601, reason: y}]\n")
    assert codes(found) == [("CW696", 4)]


def test_what_could_not_be_looked_at_is_not_missed(compiler: Compiler) -> None:
    assert not codes(of_these(compiler, "accepted: [{check: CW651, reason: x}, {check: CW601, reason: y}]\n"))
    part = of_these(compiler, "accepted: [{check: CW681, reason: x}, {check: CW601, reason: y}]\n", whole=False)
    assert not codes(part)


def test_an_acceptance_names_a_step_that_there_is(compiler: Compiler) -> None:
    found = of_these(compiler, "accepted: [{check: CW601, step: anser, reason: x}]\n")
    assert codes(found) == [("CW121", 4)] and "answer" in str(found.problems[0].hint)


# --- rules of the house's own -----------------------------------------------------------------------------

RULES = """\
def titled(project):
    for name, compiled in project.processes.items():
        for step, node in compiled.process.nodes.items():
            if node.kind == "human" and not node.title:
                yield project.problem(name, step, (), "OUR1", f"{step} has no title", error=True)

def fails(project):
    yield from ()
    raise LookupError("nothing there")

def says_nonsense(project):
    return ["nonsense"]

def takes_a_code(project):
    name, compiled = next(iter(project.processes.items()))
    return [project.problem(name, "", (), "CW601", "ours")]

def silent(project):
    return None

def leaves(project):
    raise SystemExit(3)
"""


def by_rules(folder: Path, *rules: str, text: str = RULES) -> Linted:
    for name, content in contents().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "inquiry.yaml").write_text(
        HEAD + STEPS.replace(", form: [question]", "").replace("    form: [answer]\n", ""), encoding="utf-8"
    )
    with (folder / "house.yaml").open("a", encoding="utf-8") as house:
        house.write(f"checks: [{', '.join(rules)}]\n")
    (folder / "our_rules.py").write_text(text, encoding="utf-8")
    return lint(the_compiler(), Folder(folder), ["inquiry.yaml"], rules=folder)


def ours(linted: Linted) -> list[tuple[str, str, str]]:
    return [(each.code, each.file, each.message) for each in linted.problems if each.code in ("OUR1", "CW697", "CW698")]


def test_a_rule_of_the_house_finds_what_it_looks_for(tmp_path: Path) -> None:
    found = by_rules(tmp_path, "our_rules:titled", "our_rules:silent")
    assert ours(found) == [
        ("OUR1", "inquiry.yaml", "ask has no title"),
        ("OUR1", "inquiry.yaml", "answer has no title"),
    ]
    assert len(found.errors) == 2


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("our_rules:fails", "our_rules:fails fails: LookupError: nothing there"),
        ("our_rules:leaves", "our_rules:leaves fails: SystemExit: 3"),
        ("our_rules:says_nonsense", "our_rules:says_nonsense yields str; expected problems"),
        ("our_rules:takes_a_code", "our_rules:takes_a_code yields the code CW601"),
        ("our_rules:missing", "our_rules.py has no function 'missing'"),
        ("their_rules:titled", "there is no their_rules.py beside house.yaml"),
    ],
)
def test_a_rule_that_fails_is_a_finding(tmp_path: Path, rule: str, told: str) -> None:
    ((code, file, message),) = ours(by_rules(tmp_path, rule))
    assert message.startswith(told) and file == "house.yaml" and code in ("CW697", "CW698")


def test_a_rule_that_cannot_be_loaded_is_told_with_its_line(tmp_path: Path) -> None:
    found = by_rules(tmp_path, "our_rules:titled", text="import re\nre.compile('(')\n")
    (problem,) = found.errors
    assert problem.code == "CW697" and problem.hint == "see our_rules.py, line 2"
    found = by_rules(tmp_path / "again", "our_rules:titled", text="def titled(:\n")
    assert "SyntaxError" in found.errors[0].message


def test_rules_are_programs_and_run_only_where_somebody_asks(tmp_path: Path) -> None:
    by_rules(tmp_path, "our_rules:fails")
    assert not ours(lint(the_compiler(), Folder(tmp_path), ["inquiry.yaml"]))


def test_what_is_shipped_is_in_order(tmp_path: Path) -> None:
    names = [path.name for path in sorted(PROCESSES.glob("*.yaml")) if path.name != "house.yaml"]
    found = lint(the_compiler(), Folder(PROCESSES), names, Around())
    assert not found.problems and len(found.compiled) == len(names)
    assert all(len(each.reason) > 20 for each in found.accepted)


def test_a_house_that_does_not_compile_is_all_that_is_told(tmp_path: Path) -> None:
    shutil.copytree(PROCESSES, tmp_path / "p", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "p" / "house.yaml").write_text("house: 1\n", encoding="utf-8")
    found = lint(the_compiler(), Folder(tmp_path / "p"), ["claims.yaml"])
    assert found.errors and not found.compiled
