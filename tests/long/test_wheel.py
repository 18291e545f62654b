"""The wheel, installed into an environment without the checkout: every command works from it alone.

The environment is empty but for the wheel; the third-party packages are lent to it by a path file, for installing
two hundred of them again proves nothing about ours.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
OURS = sorted(
    name.removesuffix(".py")
    for name in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    if (ROOT / name).exists()
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the files that the repository holds, in a folder of its own."""
    if not os.environ.get("CI"):
        pytest.importorskip("hatchling", reason="the development packages are not all installed")
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    held = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    for name in filter(None, held.decode().split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place), str(source)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = place.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`caseway` of an environment into which nothing of ours but the wheel was installed."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, with_pip=False)
    python = place / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True)
    (site,) = (place / "lib").glob("python3*/site-packages")
    lent = place / "lent"
    lent.mkdir()
    for package in Path(sysconfig.get_path("purelib")).iterdir():  # all but what leads to the checkout
        if "caseway" not in package.name.lower() and package.suffix != ".pth":
            (lent / package.name).symlink_to(package)
    (site / "lent.pth").write_text(f"{lent}\n")
    return place / "bin" / "caseway"


def call(program: Path, *args: object, cwd: Path) -> str:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CASEWAY"))}
    command = [str(program), *map(str, args)]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def test_it_holds_our_files_and_no_others(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0].removesuffix(".py") for name in names if ".dist-info/" not in name}
    assert tops == set(OURS)
    assert not [name for name in names if name.endswith((".db", ".key", ".pyc")) or "/tests/" in name]
    held = {p.relative_to(ROOT).as_posix() for p in (ROOT / "processes").rglob("*.yaml")}
    assert held and held <= set(names)


def test_nothing_of_the_checkout_is_used(program: Path, tmp_path: Path) -> None:
    modules = ", ".join(OURS)
    script = (
        f"import {modules}, json; print(json.dumps([m.__spec__.origin or list(m.__path__)[0] for m in ({modules})]))"
    )
    done = subprocess.run(
        [str(program.parent / "python"), "-I", "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    places = json.loads(done.stdout)
    assert len(places) == len(OURS) and all(place.startswith(str(program.parents[1])) for place in places), places


def test_every_command_works_outside_the_checkout(program: Path, tmp_path: Path) -> None:
    assert "deploy" in call(program, "--help", cwd=tmp_path)
    assert call(program, "version", cwd=tmp_path).startswith("caseway 0.")
    assert json.loads(call(program, "schema", cwd=tmp_path))["type"] == "object"
    assert "0 errors" in call(program, "lint", cwd=tmp_path)  # the shipped ones
    call(program, "init", "house", cwd=tmp_path)
    house = tmp_path / "house"
    assert "claims" in call(program, "deploy", cwd=house)
    assert "revision 1" in call(program, "user", "load", "processes/samples/organisation.yaml", cwd=house)
    assert "0 failed" in call(program, "test", "processes/scenarios/complaint/simple.yaml", cwd=house)
    assert call(program, "show", "processes/complaint.yaml", cwd=house).startswith("complaint")
    report = call(program, "run", "quarter", "--days", 8, "--claims", 12, "--complaints", 5, cwd=tmp_path)
    assert "compliance by clause" in report
    assert json.loads(call(program, "verify", "--json", cwd=tmp_path / "quarter"))["clean"]
    assert json.loads(call(program, "case", "list", "--json", cwd=tmp_path / "quarter"))
