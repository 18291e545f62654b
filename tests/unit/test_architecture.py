"""The direction of imports, and where the clock, chance and Prefect may be touched.

Theory of operation: every product file is parsed, and every name that it imports, or reaches through an
import, is resolved to its full dotted form (`from datetime import datetime as D; D.now()` gives
`datetime.datetime.now`). The tables below say what may be reached from where; a problem names file and line.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_PRODUCT = {"tests", "benchmarks", "tools", "docs", "build", "dist"}

# From the top down: a component imports from the layers below its own. Neighbours in one layer meet
# only in each other's `contract` module.
LAYERS: list[tuple[str, ...]] = [
    ("cli",),
    ("console",),
    ("web",),
    ("workbench", "migrations"),
    ("bootstrap",),
    ("reports",),
    ("tasks", "sla", "papers", "notices"),
    ("organisation",),
    ("engine.runtime",),
    ("engine.language",),
    ("engine.core",),
    ("engine",),  # the package's own __init__: imports nothing of ours
]
LAYER = {component: depth for depth, row in enumerate(LAYERS) for component in row}
OURS = {component.split(".")[0] for component in LAYER} | {"processes", "tests", "benchmarks"}

# Where only the standard library and these may be imported.
CORE_LIBRARIES = {"engine.core": {"msgspec", "jinja2"}}
# Modules that import nothing of ours outside themselves but these: the calendar's protocol, its arithmetic.
ALONE = {"sla.calendar": ("engine.core.durations", "sla.scale"), "sla.scale": ()}
# A library, and the only place that may import it.
CONFINED = {"prefect": "tasks.prefect_flows", "fastapi": "web", "starlette": "web", "sklearn": "reports.forecast"}
# Time is passed in: the shell's clock alone reads it.
WALL_CLOCK = {
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "time.time", "time.time_ns", "time.localtime", "time.gmtime",
}  # fmt: skip
CLOCK = "engine.runtime.clock"
# Deciding is repeatable: no chance in what decides.
CHANCE = {"random", "secrets", "uuid.uuid1", "uuid.uuid4", "os.urandom"}
DECIDES = ("engine.core", "engine.language", "organisation", "sla", "tasks", "papers")
# Files of those components that belong to the shell, each with its reason.
SHELL: dict[str, str] = {"papers.store": "salts of stored files"}


def inside(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def component(name: str) -> str | None:
    """The component of LAYERS that a dotted name belongs to, the longest that fits."""
    fitting = [known for known in LAYER if inside(name, known) and (known != "engine" or name == "engine")]
    return max(fitting, key=len, default=None)


def reached(tree: ast.Module, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of every import, and of every attribute reached through one."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.split(".")[0]
                known[bound] = alias.name if alias.asname else bound
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            package = module.split(".") if is_package else module.split(".")[:-1]
            above = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                known[alias.asname or alias.name] = f"{source}.{alias.name}"
                yield node.lineno, f"{source}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            parts, inner = [node.attr], node.value
            while isinstance(inner, ast.Attribute):
                parts, inner = [inner.attr, *parts], inner.value
            if isinstance(inner, ast.Name) and inner.id in known:
                yield node.lineno, ".".join([known[inner.id], *parts])


def why_not(module: str, name: str) -> str | None:
    """Why this module may not reach that name, or None."""
    home, target, top = component(module), component(name), name.split(".")[0]
    if home is None:
        return "this file belongs to no layer: add its component to LAYERS"
    if top in OURS:
        if target is None:
            return f"{name} belongs to no layer that the product may import"
        for alone, but in ALONE.items():
            if inside(module, alone) and not any(inside(name, allowed) for allowed in (alone, *but)):
                return f"it stands alone and imports nothing of ours but {', '.join(but) or 'itself'}"
        if target == home or LAYER[target] > LAYER[home]:
            return None
        if LAYER[target] == LAYER[home] and inside(name, f"{target}.contract"):
            return None
        return f"{home} may import only from what lies below it, and {target} does not"
    for pure, libraries in CORE_LIBRARIES.items():
        if inside(module, pure) and top not in libraries | set(sys.stdlib_module_names):
            return f"{pure} imports the standard library, {' and '.join(sorted(libraries))}, nothing else"
    if top in CONFINED and not inside(module, CONFINED[top]):
        return f"only {CONFINED[top]} may import {top}"
    if name in WALL_CLOCK and module != CLOCK:
        return f"time is passed in; only {CLOCK} reads it"
    if any(inside(name, chance) for chance in CHANCE) and module not in SHELL:
        decides = [pure for pure in DECIDES if inside(module, pure)]
        return f"no chance in {decides[0]}: what it decides must repeat" if decides else None
    return None


def problems(path: str, source: str) -> list[str]:
    """What is forbidden in one file, as `file:line: names: reason`. The path is relative to the root."""
    parts = path.removesuffix(".py").split("/")
    is_package = parts[-1] == "__init__"
    module = ".".join(parts[:-1] if is_package else parts)
    found: dict[tuple[int, str], list[str]] = {}
    for line, name in sorted(set(reached(ast.parse(source), module, is_package))):
        if reason := why_not(module, name):
            found.setdefault((line, reason), []).append(name)
    return [f"{path}:{line}: {', '.join(names)}: {reason}" for (line, reason), names in found.items()]


def product_files() -> list[Path]:
    return sorted(
        path
        for top in ROOT.iterdir()
        if top.name not in NOT_PRODUCT and not top.name.startswith(".")
        for path in (top.rglob("*.py") if top.is_dir() else [top] if top.suffix == ".py" else [])
    )


def test_imports_run_one_way() -> None:
    files = product_files()
    assert files, "no product file was found to check"
    found = [
        problem
        for path in files
        for problem in problems(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n" + "\n".join(found)


def test_the_shell_is_still_there() -> None:
    """A file that is gone must not keep its exemption."""
    gone = [module for module in SHELL if not (ROOT / (module.replace(".", "/") + ".py")).exists()]
    assert not gone


@pytest.mark.parametrize(
    ("path", "source", "line"),
    [
        ("engine/core/apply.py", "import engine.runtime.store", 1),
        ("engine/core/apply.py", "import json\nfrom engine.language import compile", 2),
        ("engine/core/apply.py", "from ..runtime import store", 1),
        ("engine/core/apply.py", "import yaml", 1),
        ("engine/core/apply.py", "def f():\n    import sqlmodel", 2),
        ("engine/core/apply.py", "import random", 1),
        ("engine/core/apply.py", "from uuid import uuid4", 1),
        ("engine/core/apply.py", "import uuid\nx = uuid.uuid4()", 2),
        ("engine/core/apply.py", "import engine", None),
        ("engine/other.py", "import json", 1),
        ("engine/runtime/runner.py", "import sla", 1),
        ("organisation/directory.py", "from tasks import queues", 1),
        ("sla/clock.py", "from tasks.queues import Queue", 1),
        ("sla/clock.py", "from datetime import datetime as D\nD.now()", 2),
        ("sla/clock.py", "import datetime as dt\nx = 1\ndt.datetime.now(dt.UTC)", 3),
        ("sla/calendar.py", "from engine.core import env", 1),
        ("sla/scale.py", "from engine.core import durations", 1),
        ("tasks/jobs.py", "import prefect", 1),
        ("tasks/jobs.py", "import time\ntime.time()", 2),
        ("tasks/jobs.py", "from tests import conftest", 1),
        ("bootstrap.py", "import workbench.demo", 1),
        ("web/app.py", "from cli import main", 1),
        ("helpers/misc.py", "import json", 1),
        ("engine/core/apply.py", "import json, msgspec\nfrom jinja2 import nodes\nfrom . import state", None),
        ("engine/core/apply.py", "from engine.core.state import State", None),
        ("sla/calendar.py", "from engine.core.durations import Due\nfrom sla.scale import Scale", None),
        ("sla/clock.py", "from tasks.contract import Held\nfrom sla.calendar import Calendar", None),
        ("sla/clock.py", "from datetime import datetime, UTC\ndatetime(2026, 1, 1, tzinfo=UTC)", None),
        ("tasks/prefect_flows.py", "from prefect import flow", None),
        ("engine/runtime/clock.py", "from datetime import UTC, datetime\ndatetime.now(UTC)", None),
        ("engine/runtime/runner.py", "import time, uuid\ntime.monotonic()\nuuid.uuid4()", None),
        ("cli.py", "import web.app, bootstrap, typer", None),
    ],
)
def test_the_rules_bite(path: str, source: str, line: int | None) -> None:
    """Each rule refuses what it forbids, at the line, and nothing more."""
    found = problems(path, source)
    assert [problem.split(": ")[0] for problem in found] == ([f"{path}:{line}"] if line else [])
