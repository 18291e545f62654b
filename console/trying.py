"""`try`: a process is stepped through by hand, on the real engine in memory, with a clock that can be moved."""

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from console.design import HOUSE, own, there
from console.options import Data, Language, Set, data_of, placed, tell_problems
from console.output import cell, known, say, stop, warn
from engine.core.data import type_of
from engine.core.model import Text

ASKED = "Give its fields, as field=value … [by=USER], or . for none:"
HELP = """  NUMBER [OUTCOME] [field=value ...] [by=USER] [reason=TEXT]   does what stands there
  w 2d | w 90min | w 2026-03-05T10:00+08:00                    lets time pass
  d  the data    c  the clocks    h  what has happened    u  takes the last step back
  s FILE [TITLE]  keeps it as a scenario    ?  this help    q  leaves"""


def try_out(
    what: Annotated[str, typer.Argument(help="A process by its name or file; or a scenario file, to go on from it.")],
    at: Annotated[str, typer.Option(help="When it begins, as 2026-03-02T09:00+08:00; today if left out.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who starts it; the first who may if left out.")] = "",
    given: Set = [],  # noqa: B006  (Typer's own way to say an empty list)
    data: Data = "",
    processes: Annotated[Path | None, typer.Option(help="The processes; `processes` if left out.")] = None,
    language: Language = "zh",
) -> None:
    """Steps through a process with chosen inputs; what was done can be kept as a scenario."""
    from engine.language.problems import DefinitionError
    from engine.language.source import read
    from engine.runtime.clock import SystemClock
    from workbench.grounds import Grounds
    from workbench.playing import Wrong, moment_of
    from workbench.trying import Trial

    written: dict[str, Any] = {}
    path = Path(what)
    if path.suffix == ".yaml":
        try:
            found = read(there(path).read_bytes(), what).value
        except DefinitionError as error:
            tell_problems(error.problems)
            raise typer.Exit(1) from None
        if isinstance(found, dict) and "at" in found:
            written = dict(found)
        processes = processes or (None if written else path.parent)
        what = str(written.get("process", path.stem))
    folder = processes or own()
    if not (there(folder) / HOUSE).exists():
        stop(f"{folder} has no {HOUSE}.", f"A folder of processes holds {HOUSE}.", 2)
    try:
        with Grounds(folder) as grounds:
            begin = moment_of(at or written.get("at") or SystemClock().now().isoformat())
            known(what, grounds.processes, "process")
            with Trial(grounds, what, begin, written) as trial:
                if not written and (given or data):
                    kinds, zone = trial.process.names, str(trial.zone)
                    trial.start(data_of(given, data, kinds, zone), by)
                _Talk(trial, language).run()
    except DefinitionError as error:
        tell_problems(placed(error.problems, folder))
        raise typer.Exit(1) from None
    except Wrong as wrong:
        stop(str(wrong), code=2)


class _Talk:
    """The terminal's side of one trial."""

    def __init__(self, trial: Any, language: str) -> None:
        self.trial = trial
        self.language = language

    def run(self) -> None:
        """Until the designer leaves, or there is nothing more to read."""
        self._told(self.trial.problems)
        while True:
            self._stands()
            try:
                line = input("> ").strip()
            except EOFError:
                say("")
                return
            if line in ("q", "quit", "exit"):
                return
            try:
                self._do(shlex.split(line))
            except ValueError as error:
                warn(f"{line}: {error}")

    def _do(self, words: list[str]) -> None:
        if not words:
            return
        first, *rest = words
        if first.isdecimal():
            self._choose(int(first), rest)
        elif first in _VERBS:
            _VERBS[first](self, rest)
        elif not self.trial.case and (first == "." or "=" in first):
            self._start(words)
        else:
            warn(f"{first}: expected a number or one of {', '.join(_VERBS)}; ? explains them.")

    # --- what there is --------------------------------------------------------------------------------

    def _stands(self) -> None:
        trial = self.trial
        now = cell(trial.now, str(trial.zone))
        if not trial.case:
            say(f"\n{now}  {trial.process.name} is not started. {ASKED}")
            example = trial.example(trial.fields())
            for path, kind in trial.fields():
                name = ".".join(path)
                choices = f" {' | '.join(str(one) for one in kind.enum if one is not None)}" if kind.enum else ""
                some = f", as {example[name]}" if name in example and not choices else ""
                say(f"     {name} ({_titled(kind.title, self.language)}):{choices or f' {kind}{some}'}")
            return
        state = trial.state
        ended = f"ended: {state.flow.end or 'cancelled'}" if state.flow.status == "ended" else state.flow.status
        say(f"\n{now}  {state.flow.number}  {ended}")
        for number, one in enumerate(trial.doable(self.language), 1):
            say(f" {number:2}  {_LINES[one.what](self, one)}")
        for incident in state.flow.incidents.values():
            warn(f"     an incident: {incident.text}")

    def _task(self, one: Any) -> str:
        outcomes = " | ".join(each["outcome"] for each in one.form.get("outcomes", ()))
        fields = ", ".join(each["field"] for each in one.form.get("fields", ()))
        who = ", ".join(one.people[:4]) + (" …" if len(one.people) > 4 else "")
        title = f"{one.name} {one.form.get('title', '')}"
        told = (title, outcomes, fields and f"[{fields}]", who or "nobody may do it")
        return "  ·  ".join(text for text in told if text)

    def _due(self, one: Any) -> str:
        return f"wait until {cell(one.due, str(self.trial.zone))}, when something falls due"

    # --- what is done ---------------------------------------------------------------------------------

    def _choose(self, number: int, rest: list[str]) -> None:
        doable = self.trial.doable(self.language)
        if not 1 <= number <= len(doable):
            warn(f"{number}: there are {len(doable)} things to do")
            return
        ((word, step),) = doable[number - 1].step.items()
        if word in ("complete", "message"):
            step = {**step, **self._filled(word, rest)}
        self._told(self.trial.do({word: step}))

    def _filled(self, word: str, rest: list[str]) -> dict[str, Any]:
        """The rest of a line: an outcome, `by` and `reason`, and fields."""
        found: dict[str, Any] = {}
        fields = []
        for text in rest:
            name, equals, value = text.partition("=")
            if not equals:
                found["outcome"] = text
            elif name in ("by", "reason"):
                found[name] = value
            else:
                fields.append(text)
        if fields:
            kinds = self.trial.process.names if word == "complete" else {}
            found["data" if word == "complete" else "payload"] = data_of(fields, "", kinds, str(self.trial.zone))
        return found

    def _start(self, words: list[str]) -> None:
        given = self._filled("complete", [word for word in words if word != "."])
        self._told(self.trial.start(given.get("data", {}), given.get("by", "")))

    def _wait(self, rest: list[str]) -> None:
        text = rest[0] if rest else ""
        self._told(self.trial.do({"wait": {"until": text} if "T" in text else text}))

    def _undo(self, rest: list[str]) -> None:
        self.trial.undo()

    def _data(self, rest: list[str]) -> None:
        for name, value in self.trial.told(self.language)["data"].items():
            kind = type_of(self.trial.process.names, (name,))
            title = _titled(kind.title, self.language)
            say(f"     {name}{f' ({title})' if title else ''}: {cell(value, str(self.trial.zone))}")

    def _clocks(self, rest: list[str]) -> None:
        for one in self.trial.told(self.language)["clocks"]:
            late = "  breached" if one["breached"] else ""
            due = cell(one["deadline"], str(self.trial.zone))
            say(f"     {one['clock']}: {one['status']}, due {due}{late}  {one['origin']} {one['clauses']}")

    def _history(self, rest: list[str]) -> None:
        for one in self.trial.told(self.language)["history"]:
            entered = f" → {', '.join(one['entered'])}" if one["entered"] else ""
            at = cell(one["at"], str(self.trial.zone))
            say(f"     {at}  {one['actor']}  {one['command']} {one['about']}{entered}")

    def _save(self, rest: list[str]) -> None:
        if not rest:
            warn("s: expected the name of a file, as s processes/scenarios/claims/my_case.yaml")
            return
        path, title = Path(rest[0]), " ".join(rest[1:])
        try:
            path.write_text(self.trial.scenario(title or path.stem), encoding="utf-8")
        except OSError as error:
            warn(f"{path}: {error.strerror}")
            return
        say(f"kept: {path}; run it with caseway test {path}")

    def _help(self, rest: list[str]) -> None:
        say(HELP)

    def _told(self, problems: list[str]) -> None:
        for problem in problems:
            warn(f"     {problem}")


def _titled(text: Text | str | None, language: str) -> str:
    return (text.get(language) or "") if isinstance(text, Mapping) else text or ""


_VERBS: Mapping[str, Callable[[_Talk, list[str]], None]] = {
    "w": _Talk._wait, "u": _Talk._undo, "d": _Talk._data, "c": _Talk._clocks, "h": _Talk._history,
    "s": _Talk._save, "?": _Talk._help,
}  # fmt: skip
_LINES: Mapping[str, Callable[[_Talk, Any], str]] = {
    "complete": _Talk._task,
    "message": lambda talk, one: f"message {one.name}",
    "signal": lambda talk, one: f"signal {one.name}",
    "begin": lambda talk, one: f"begin {one.name}",
    "finish": lambda talk, one: f"finish {one.name}",
    "papers": lambda talk, one: f"the customer uploads {one.name}",
    "wait": _Talk._due,
}
