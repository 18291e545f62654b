"""`new`: a first process from answers to a few questions, with a scenario that plays it."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from console.checking import linted
from console.design import HOUSE, own, there
from console.options import tell_problems
from console.output import say, stop, warn

_STEP = "A step at which people work, as `register: 登记 / Register`. May be repeated."


def new(
    name: Annotated[str, typer.Argument(help="The name of the process, as `visitor_log`.")] = "",
    title: Annotated[str, typer.Option(help="What people call it: 中文 / English.")] = "",
    queue: Annotated[str, typer.Option(help="The queue of house.yaml in which its work lies.")] = "",
    step: Annotated[list[str], typer.Option(help=_STEP)] = [],  # noqa: B006  (Typer's own way to say an empty list)
    limit: Annotated[str, typer.Option(help="How long all of it may take, as 10wd or 72h.")] = "",
    folder: Annotated[Path | None, typer.Option(help="The folder with house.yaml; `processes` if left out.")] = None,
) -> None:
    """Writes a first process and a scenario from answers to a few questions; what options say is not asked."""
    from workbench.first_process import NotSo

    where = folder or own()
    if not (there(where) / HOUSE).exists():
        stop(f"{where} has no {HOUSE}.", "A folder of processes holds house.yaml, which they all share.", 2)
    try:
        _write(where, name, title, queue, step, limit, attended())
    except NotSo as error:
        stop(error.text, error.cure, 2)
    except OSError as error:
        stop(f"{error.filename}: {error.strerror}")


def attended() -> bool:
    """Whether somebody sits there who can be asked."""
    return sys.stdin.isatty()


def _write(where: Path, name: str, title: str, queue: str, steps: list[str], limit: str, asks: bool) -> None:
    from workbench import first_process as first

    house = _house(where)
    known = ", ".join(sorted(house.queues))

    def named(written: str) -> str:
        if (where / f"{first.Titled.of(written).name}.yaml").exists():
            raise first.NotSo(f"{where / written}.yaml is there already.", "Choose another name.")
        return written

    name = name or _asked("The name of the process (a-z, 0-9, _)", asks, "NAME", named)
    title = title or _asked("What people call it (中文 / English)", asks, "--title", str, first.Titled.of(name).en)
    if asks and not queue:
        say(f"The queues of the house: {known}")
    queue = queue or _asked("Which queue does the work", asks, "--queue", partial(first.queue_of, house=house))
    made = [first.Titled.of(each) for each in steps] or _asked_steps(asks)
    usual, limited = "10wd" if house.calendars else "72h", partial(first.limit_of, house=house)
    limit = limit or _asked("How long may all of it take", asks, "--limit", limited, usual)
    process = first.Titled.of(f"{name}: {title}")
    answers = first.Answers(process, queue, tuple(made), limit).checked(house)
    files = {f"{name}.yaml": first.process_text(answers, house)}
    people = _people(where)
    zone = house.calendars[min(house.calendars)].zone if house.calendars else "UTC"
    users = first.workers(people, queue, first.begins_at(zone)) if people else []
    if users:
        files[f"scenarios/{name}/first.yaml"] = first.scenario_text(answers, users, first.begins_at(zone))
    for path in first.write(where, files):
        say(f"written: {path}")
    _tell(where, where / f"{name}.yaml", where / f"scenarios/{name}" if users else None)


def _asked(question: str, asks: bool, option: str, read: Callable[[str], str], usual: str = "") -> str:
    """The answer of whoever sits there, asked again until it can be; what is usual where nobody does."""
    from workbench.first_process import NotSo

    if not asks:
        if not usual:
            stop(f"{option} is missing, and there is nobody to ask.", "Say it on the command line.", 2)
        return usual
    while True:
        try:
            return read(str(typer.prompt(question, default=usual or None)).strip())
        except NotSo as error:
            warn(f"{error.text} {error.cure}")


def _asked_steps(asks: bool) -> list[Any]:
    from workbench.first_process import NotSo, Titled, free

    if not asks:
        stop("--step is missing, and there is nobody to ask.", "As --step 'register: 登记 / Register'.", 2)
    found: list[Titled] = []
    while True:
        answer = typer.prompt(
            f"Step {len(found) + 1}, as register: 登记 / Register{' (nothing: that is all)' if found else ''}",
            default="", show_default=False,
        )  # fmt: skip
        if not answer and found:
            return found
        try:
            found.append(free(Titled.of(answer), found))
        except NotSo as error:
            warn(f"{error.text} {error.cure}")


def _house(where: Path) -> Any:
    from bootstrap import compiler
    from engine.language.files import Folder
    from engine.language.problems import DefinitionError

    try:
        return compiler().house(Folder(where))
    except DefinitionError as error:
        tell_problems(error.problems)
        raise typer.Exit(1) from None


def _people(where: Path) -> Any:
    """The sample organisation that scenarios are played with; None if there is none that can be read."""
    from engine.language.problems import DefinitionError
    from organisation.load import build, load

    file = where / "samples" / "organisation.yaml"
    try:
        value: Any = load(file.read_bytes(), file.name)[0].value
    except (OSError, DefinitionError):
        return None
    return build(value, 0)


def _tell(where: Path, process: Path, scenarios: Path | None) -> None:
    """What the checks say of it, and what to do next."""
    found = linted([process], None)
    for problem in found.problems:
        if problem.file == str(process):
            say(str(problem))
    say("Next:")
    say(f"  caseway show {process}")
    if scenarios is None:
        say(f"  nobody in {where / 'samples' / 'organisation.yaml'} serves that queue: no scenario was written")
    else:
        say(f"  caseway test {scenarios} --processes {where}")
    if found.errors:
        raise typer.Exit(1)
