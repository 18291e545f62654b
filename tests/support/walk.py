"""A page of instructions, followed: its files written, its commands run, what they print compared.

```yaml file=processes/a.yaml               the whole file
```yaml add=processes/a.yaml                put at its end
```yaml into=processes/a.yaml after=keys:   put below that line
```yaml change=processes/a.yaml             two lines: the first becomes the second
```console exit=1                           commands after `$ `, and what they print; … is anything
"""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import app
from tools.examples import Example


class Walk:
    """A designer who has only the page: writes its files and runs its commands, in order, in a folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.patch = monkeypatch
        self.stands_for = {"{now}": datetime.now(UTC).isoformat(timespec="minutes")}
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLUMNS", "240")

    def take(self, example: Example) -> None:
        for word in example.words:
            what, equals, name = word.partition("=")
            if equals and what in ("file", "add", "into", "change"):
                self.write(what, Path(name), example)
        if example.words[:1] == ("console",):
            self.console(example)

    def write(self, what: str, path: Path, example: Example) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if what == "into":
            after = next(word for word in example.words if word.startswith("after=")).removeprefix("after=") + "\n"
            assert before.count(f"\n{after}") == 1, example
            text = before.replace(f"\n{after}", f"\n{after}{example.text}")
        elif what == "change":
            old, new = example.text.splitlines(keepends=True)
            assert before.count(old) == 1, example
            text = before.replace(old, new)
        else:
            text = before * (what == "add") + example.text
        path.write_text(text, encoding="utf-8")

    def console(self, example: Example) -> None:
        code = next((int(word.removeprefix("exit=")) for word in example.words if word.startswith("exit=")), 0)
        runs = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", example.text, re.MULTILINE)
        assert runs, example
        for index, (command, expected) in enumerate(runs):
            found = self.run(command, code if index == len(runs) - 1 else 0)
            wanted = ".*".join(re.escape(part) for part in self.filled(expected).split("…"))
            assert re.fullmatch(wanted.replace(r"\ ", r" +"), found, re.DOTALL) or not expected, (
                f"{example}: {command}\n{found}\n--- expected\n{expected}"
            )

    def run(self, command: str, code: int) -> str:
        words, _, target = self.filled(command).partition(" > ")
        name, *args = shlex.split(words)
        if name == "cd":
            self.patch.chdir(args[0])
            return ""
        if name == "export":
            self.patch.setenv(*args[0].split("=", 1))
            return ""
        if name == "mkdir":
            Path(args[-1]).mkdir(parents=True)
            return ""
        assert name == "caseway"
        result = CliRunner().invoke(app, args, catch_exceptions=False)
        assert result.exit_code == code, f"{command}: {result.exit_code}\n{result.output}"
        self.remember(result.output)
        if target:
            Path(target).write_text(result.stdout, encoding="utf-8")
            return ""
        return result.output

    def remember(self, output: str) -> None:
        """The number of the case that was started, and of its open task."""
        if found := re.match(r"([A-Z]+-\d+-\d+): \w+ \(task (\d+)\)", output):
            self.stands_for |= {"{number}": found[1], "{task}": found[2]}

    def filled(self, text: str) -> str:
        for mark, value in self.stands_for.items():
            text = text.replace(mark, value)
        return text
