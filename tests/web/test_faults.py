"""What keeps a step from going on is said in Chinese, too: every sentence of the core's is known."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from web.faults import chinese

HERE = Path(__file__).parents[2]
PASSED_ON = {"x", "x(): x", "x: x", "x: x: x", "the key x is x"}
"""What consists of other texts alone, and what has more than one form (below)."""


def sentences() -> Iterator[str]:
    """Each text of a Fault or an EvaluationError, with x for what is put in."""
    for folder in ("engine/core", "sla"):
        for file in sorted((HERE / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Fault", "EvaluationError"):
                    if isinstance(node.args[0], ast.Constant):
                        yield str(node.args[0].value)
                    elif isinstance(node.args[0], ast.JoinedStr):
                        parts = node.args[0].values
                        yield "".join(str(one.value) if isinstance(one, ast.Constant) else "x" for one in parts)


@pytest.mark.parametrize("text", sorted({*sentences()} - PASSED_ON))
def test_every_sentence_is_known(text: str) -> None:
    assert any("一" <= letter <= "鿿" for letter in chinese(text)), text


def test_they_are_found_within_others() -> None:
    assert chinese("settle: amount > 3: amount is not set") == "settle: amount > 3: amount 未填写"
    assert chinese("round(): expected a number, got text") == "round(): 应为数，实际为文字"
    assert chinese("no row of table grade fits x=3") == "决策表 grade 没有适用于 x=3 的行"
    assert chinese("the key 'policy' is empty") == "匹配键 'policy' 未填写"
    assert chinese("the bank is closed today") == "the bank is closed today"
