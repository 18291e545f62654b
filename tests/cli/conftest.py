"""A small installation, made once by the commands themselves, and a way to call them."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from cli import app
from engine.runtime.clock import SystemClock
from tests.support.few import few

CLAIM = "报案渠道,报案时间,保单号,被保险人,联系电话,身份证号,出险原因,出险日期,出险经过,索赔金额,险种"


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Caseway = Callable[..., Said]


def call(*args: object, home: Path | None = None) -> Said:
    """Calls a command. An exception that is not a command's own way to end is the test's failure."""
    env = {"CASEWAY_HOME": str(home)} if home else {}
    result = CliRunner().invoke(app, [str(arg) for arg in args], env=env, prog_name="caseway")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr)


BEGAN = SystemClock().now()  # one moment for the whole run: what is written and what is looked for agree at any hour


def reported(hours: int) -> str:
    """The local time so many hours before the tests began, as insurers' systems write it."""
    at = (BEGAN - timedelta(hours=hours)).astimezone(ZoneInfo("Asia/Shanghai"))
    return f"{at:%Y-%m-%d %H:%M}"


def claim(hours: int, name: str, amount: str, policy: str = "PM2026000001") -> str:
    day = reported(hours + 24)[:10]
    return f"phone,{reported(hours)},{policy},{name},13800000001,,collision,{day},追尾,{amount},motor"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """init, deploy, user load, and three claims, one of which is long late."""
    home = tmp_path_factory.mktemp("made") / "house"
    assert call("init", home).code == 0
    few(home / "processes")
    assert call("deploy", home=home).code == 0
    assert call("user", "load", home / "processes/samples/organisation.yaml", home=home).code == 0
    rows = home / "claims.csv"
    rows.write_text(
        "\n".join([CLAIM, claim(200, "王伟", "3000.00"), claim(3, "李娜", "99000"), claim(2, "张强", "500")])
    )
    taken = call("start", "claims", "--as", "lu_yao", "--file", rows, home=home)
    assert taken.code == 0, taken.err
    return home


@pytest.fixture
def house(made: Path, tmp_path: Path) -> Path:
    """An installation of the test's own."""
    home = tmp_path / "house"
    shutil.copytree(made, home)
    return home


@pytest.fixture
def caseway(house: Path, monkeypatch: pytest.MonkeyPatch) -> Caseway:
    """Calls commands from within the test's own installation."""
    monkeypatch.chdir(house)
    monkeypatch.delenv("CASEWAY_USER", raising=False)
    return call


@pytest.fixture
def number(caseway: Caseway) -> str:
    """The business number of the oldest case."""
    return str(caseway("case", "list", "--json").json[-1]["number"])


def task_of(caseway: Caseway, number: str) -> int:
    return int(caseway("case", "show", number, "--json").json["tasks"][0]["task"])
