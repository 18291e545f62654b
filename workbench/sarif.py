"""Findings in the Static Analysis Results Interchange Format, SARIF 2.1.0 (OASIS), for tools that show them in reviews.

Each finding is a `result` with its rule's id, level, text and place (columns in characters, `columnKind`
unicodeCodePoints). What a process accepts is there with `suppressions` and its reason, as §3.27.23 has it.
"""

import sys
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from engine.language.problems import Problem
from workbench.linting import Linted

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(linted: Linted, version: str) -> dict[str, Any]:
    """The findings as a SARIF log; `version` is the program's."""
    accepted = [(each.problem, each.reason) for each in linted.accepted]
    found = [*((problem, "") for problem in linted.problems), *accepted]
    codes = sorted({problem.code for problem, _ in found})
    said = meanings()
    rules = [{"id": code, "shortDescription": {"text": said.get(code, "a rule of the house's own")}} for code in codes]
    driver = {"name": "Caseway", "version": version, "rules": rules}
    results = [_result(problem, reason, codes.index(problem.code)) for problem, reason in found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def meanings() -> dict[str, str]:
    """What each code means: every module that tells of problems lists its own, and has told, so it is loaded."""
    found: dict[str, str] = {}
    for module in list(sys.modules.values()):
        codes = getattr(module, "CODES", None)
        if isinstance(codes, Mapping):
            found |= {code: text for code, text in codes.items() if str(code).startswith("CW")}
    return found


def _result(problem: Problem, reason: str, rule: int) -> dict[str, Any]:
    aside = "; ".join(
        part for part in (problem.expected and f"expected {problem.expected}", problem.hint) if part
    )  # fmt: skip
    place = {
        "artifactLocation": {"uri": PurePath(problem.file).as_posix()},
        "region": {"startLine": problem.line, "startColumn": problem.column},
    }
    found: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": f"{problem.message} ({aside})" if aside else problem.message},
        "locations": [{"physicalLocation": place}],
    }
    if reason:
        found["suppressions"] = [{"kind": "inSource", "justification": reason}]
    return found
