"""House rules that no tool checks: the lock's form, a reason beside every ignore, tests that never sleep."""

import ast
import io
import re
import tokenize
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
IGNORE = re.compile(r"#\s*(?:type:\s*ignore(?:\[[^]]*\])?|noqa(?::\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)?)(.*)")
# Tests that may sleep, each with its reason.
SLEEPERS: dict[str, str] = {}


def python_files() -> dict[str, str]:
    """Our Python files: path relative to the root, to source."""
    tops = [top for top in ROOT.iterdir() if not top.name.startswith(".") and top.name not in {"build", "dist"}]
    inner = [path for top in tops for path in (top.rglob("*.py") if top.is_dir() else [top])]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(inner)
        if path.suffix == ".py"
    }


def lock_entries(text: str) -> dict[str, str]:
    """The lock's requirements: canonical name to the rest of the entry, continuation lines joined."""
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    return {canonical(re.split(r"[^\w.-]", line, maxsplit=1)[0]): line for line in lines}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def unexplained(source: str) -> list[int]:
    """Lines whose `type: ignore` or `noqa` says no reason after it."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    found = ((t.start[0], IGNORE.search(t.string)) for t in tokens if t.type == tokenize.COMMENT)
    return [line for line, match in found if match and not re.search(r"\w", match[1])]


def sleeps(source: str) -> list[int]:
    """Lines that call something named sleep."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = [(n.lineno, getattr(n.func, "attr", getattr(n.func, "id", ""))) for n in calls]
    return [line for line, name in names if name == "sleep"]


def test_the_lock_pins_with_hashes_and_names_no_place() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.compile(r"[\w.-]+==[\w.]+(?: ; [^\\]+?)?(?:\s+--hash=sha256:[0-9a-f]{64})+\s*")
    entries = lock_entries(text)
    loose = [entry[:80] for entry in entries.values() if not pinned.fullmatch(entry)]
    assert entries and not loose, loose
    places = [line for line in text.splitlines() if "/" in line or line.startswith("-")]
    assert not places, places


def test_the_lock_holds_every_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {canonical(re.split(r"[^\w.-]", requirement, maxsplit=1)[0]) for requirement in declared}
    assert not names - set(lock_entries((ROOT / "requirements.lock").read_text(encoding="utf-8")))


def test_every_ignore_gives_its_reason() -> None:
    assert unexplained("x = 1  # type: ignore[misc]\ny = 2  # noqa: E501\n") == [1, 2]
    assert unexplained("x = 1  # type: ignore[misc]  # wrong stub\ny = 2  # noqa: E501 a vector\n") == []
    found = [
        f"{path}:{line}: say why this is ignored, after it on the line"
        for path, source in python_files().items()
        for line in unexplained(source)
    ]
    assert not found, "\n" + "\n".join(found)


def test_no_test_sleeps() -> None:
    assert sleeps("import time\ntime.sleep(1)\n") == [2]
    found = [
        f"{path}:{line}: a test waits for what it needs, or moves the clock; it never sleeps"
        for path, source in python_files().items()
        if path.startswith("tests/") and path not in SLEEPERS
        for line in sleeps(source)
    ]
    assert not found, "\n" + "\n".join(found)
