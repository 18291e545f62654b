"""Every spec file is played: see tests/support/spec.py for how one is written."""

from pathlib import Path

import pytest

from tests.support.spec import HERE, Telling, problems, specs, written

FILES = specs()


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(HERE).with_suffix("")) for path in FILES])
def test_spec(path: Path) -> None:
    spec = written(path)
    assert isinstance(spec.get("spec"), str), "a spec says what it shows"
    assert {"pattern", "rule", "kind", "handler"} & set(spec), "a spec names the pattern, rule, kind or handler"
    if "problems" in spec:
        assert problems(spec) == spec["problems"]
    else:
        Telling(spec).tell()
