"""Every refusal speaks both languages, whoever says no; people get theirs, programs and logs English."""

import ast
import re
from pathlib import Path

from engine.core.commands import Refusal, Refuse, refusal

ROOT = Path(__file__).parents[2]
FOLDERS = ("bootstrap", "engine", "tasks", "sla", "papers", "notices", "organisation", "workbench", "web", "console")
CHINESE = re.compile(r"[\u4e00-\u9fff：]")


def calls() -> list[tuple[str, ast.Call]]:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno}", node)
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]


def test_every_refusal_is_made_in_both_languages() -> None:
    made = [(where, call) for where, call in calls() if call.func.id in ("Refuse", "refusal")]  # type: ignore[attr-defined]  # a name, as above
    assert len(made) > 60
    for where, call in made:
        assert len(call.args) >= 3, f"{where}: code, Chinese, English"
        zh = call.args[1]
        written = "".join(str(part.value) for part in ast.walk(zh) if isinstance(part, ast.Constant))
        assert CHINESE.search(written) or not isinstance(zh, ast.Constant | ast.JoinedStr), where
    bare = [where for where, call in calls() if call.func.id == "Refusal"]  # type: ignore[attr-defined]  # a name, as above
    assert [where for where in bare if not where.startswith("engine/core/commands.py")] == [], "use refusal()"


def test_it_is_told_in_the_readers_language() -> None:
    both = refusal("busy", "他人正在修改", "others change it")
    assert (both.said("zh"), both.said("en"), both.said("fr"), both.text) == (
        "他人正在修改", "others change it", "others change it", "others change it",
    )  # fmt: skip
    assert Refuse("busy", "他人正在修改", "others change it").refusal == both
    assert Refusal("busy", "others change it").said("zh") == "others change it"
