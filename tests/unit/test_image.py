"""Dockerfile and compose.yaml: what they call is there. (Whether the image is built is seen where Docker runs.)"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from typer.core import TyperGroup
from typer.main import get_command

from cli import app
from tests.unit.test_house_rules import ROOT

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMMANDS = get_command(app)


def called(words: list[str]) -> tuple[Any, list[str]]:
    """The command that words name, and what is left of them."""
    command: Any = COMMANDS
    while isinstance(command, TyperGroup):
        found = command.get_command(command.make_context("caseway", [], resilient_parsing=True), words[0])
        assert found is not None, words
        command, words = found, words[1:]
    return command, words


def every(command: Any) -> Iterator[Any]:
    """The options of a command, and of all below it."""
    yield from command.params
    if isinstance(command, TyperGroup):
        for below in command.commands.values():
            yield from every(below)


def services() -> dict[str, dict[str, Any]]:
    """Those that run Caseway's own commands."""
    return {
        name: one for name, one in COMPOSE["services"].items()
        if one["image"].startswith("caseway:") and "entrypoint" not in one
    }  # fmt: skip


def test_every_service_calls_a_command_with_options_that_it_has() -> None:
    assert set(services()) == {"begin", "web", "worker", "pool", "prefect-worker"}
    for name, service in services().items():
        command, words = called(service["command"])
        with command.make_context(name, words) as context:
            assert context.params, name


def test_settings_by_environment_are_known() -> None:
    known = {one.envvar for one in every(COMMANDS) if isinstance(one.envvar, str)}
    given = {name for one in services().values() for name in one["environment"]}
    assert {name for name in given if name.startswith("CASEWAY")} | {"PREFECT_API_URL"} <= known
    assert "CASEWAY_HOME" in known and "CASEWAY_HOME=/house" in DOCKERFILE


def test_one_version_one_folder_and_no_key_in_the_image() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {one["image"] for one in services().values()} == {f"caseway:{project['project']['version']}"}
    assert all("house:/house" in one["volumes"] for one in services().values())
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    taken = {line[1:] for line in ignored if line.startswith("!")}
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])
    files = {"pyproject.toml", "requirements.lock", "requirements.image.lock", "README.md", "LICENSE"}
    assert ignored[0] == "*" and taken == packages | files
    assert re.search(r"^USER caseway$", DOCKERFILE, re.MULTILINE)


def test_ports_are_those_that_are_listened_at() -> None:
    serve, _ = called(["serve"])
    (port,) = (one.default for one in serve.params if one.name == "port")
    assert f"EXPOSE {port} 9464" in DOCKERFILE and f"dynamic a web {port}" in COMPOSE["configs"]["proxy"]["content"]
    for name in ("web", "worker", "prefect-worker"):
        assert COMPOSE["services"][name]["command"][-2:] == ["--metrics", "0.0.0.0:9464"]


def test_the_proxy_is_believed_and_nobody_else() -> None:
    ((network,),) = ([one["subnet"] for one in COMPOSE["networks"]["default"]["ipam"]["config"]],)
    assert {one["environment"]["CASEWAY_PROXIES"] for one in services().values()} == {network}


def pins(path: Path) -> dict[str, str]:
    """Package -> its version, condition and hashes."""
    found = re.split(r"^(?=[a-z0-9])", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.IGNORECASE)
    return {one.partition("==")[0]: one.strip() for one in found[1:]}


def test_the_image_takes_the_packages_that_are_tested_and_none_for_developing() -> None:
    tested, taken = pins(ROOT / "requirements.lock"), pins(ROOT / "requirements.image.lock")
    assert {name: tested.get(name) for name in taken} == taken
    assert not {"pytest", "mypy", "ruff", "playwright", "uv", "dbos"} & set(taken)
