"""Options that many commands share, and opening the installation that they work on."""

import getpass
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn
from zoneinfo import ZoneInfo

import typer

from console.output import known, print_json, say, stop, warn
from engine.core.commands import Command, Refusal
from engine.language.problems import Problem
from engine.runtime.answers import Accepted, Answer, Failed

HERE = Path()

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="CASEWAY_HOME", help="The installation's folder, made by `caseway init`.")
]
DatabaseOption = Annotated[
    str, typer.Option("--database", envvar="CASEWAY_DATABASE", help="URL of the database, if not the folder's own.")
]
AsOption = Annotated[
    str, typer.Option("--as", envvar="CASEWAY_USER", help="Who acts: a user of the organisation. Recorded.")
]
Language = Annotated[Literal["zh", "en"], typer.Option("--lang", envvar="CASEWAY_LANG", help="Of titles and texts.")]
Process = Annotated[str, typer.Option(help="Only this process.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the history.")]
Set = Annotated[list[str], typer.Option("--set", help="A field: path=value. May be repeated.")]
Data = Annotated[str, typer.Option("--data", help="The fields as a JSON object.")]
Number = Annotated[str, typer.Argument(help="The case: its number, as LP-2026-000012, or its id.")]
TaskNumber = Annotated[int, typer.Argument(help="The task: its number in the case.")]


@contextmanager
def opened(home: Path, database: str = "", *, unsafe: bool = False) -> Iterator[Any]:
    """The installation, for as long as a command works on it; faults of the store end the command in words."""
    from bootstrap import Caseway, Home
    from engine.language.problems import DefinitionError
    from engine.runtime.cipher import VaultError
    from engine.runtime.errors import StoreError

    place = Home(home, database)
    if not (place.key.exists() or place.processes.exists() or Path(place.database).exists()):
        where = "This folder" if home == HERE else f"{home}"
        stop(f"{where} holds no installation.", "Make one with `caseway init FOLDER`, or name one with --home.", 2)
    try:
        with Caseway(place, unsafe=unsafe) as caseway:
            for warning in caseway.vault.warnings:
                warn(warning)
            yield caseway
    except DefinitionError as error:
        tell_problems(error.problems)
        raise typer.Exit(1) from None
    except StoreError as error:
        stop(error.text, error.cure)
    except VaultError as error:
        stop(str(error))


def know_all_tables() -> None:
    """For what works on every table, those of components included that the command itself does not use."""
    from migrations.tables import metadata

    metadata()


def placed(problems: Iterable[Problem], folder: Path) -> list[Problem]:
    """The problems with their files as one would open them from here."""
    return [replace(problem, file=str(folder / problem.file)) for problem in problems]


def tell_problems(problems: Iterable[Problem]) -> None:
    for problem in problems:
        warn(str(problem))


def acting(caseway: Any, user: str) -> str:
    """The user who acts. Before there is sign-in, whoever can read the key file may name any active one."""
    if not user:
        stop("Who acts? Give --as USER (or set CASEWAY_USER).", "List the people: caseway user list", 2)
    directory = caseway.directory
    if not directory.users:
        stop("There are no people here yet.", "Load them: caseway user load processes/samples/organisation.yaml")
    known(user, directory.users, "user", 1)
    if not directory.active(user, directory.today(caseway.clock.now())):
        stop(f"{user} is no longer active.")
    return user


def arranging(caseway: Any, user: str) -> str:
    """Who deploys or loads the organisation: the installation itself while there are no people yet."""
    return acting(caseway, user) if user or caseway.directory.users else "system"


def ground() -> str:
    """Recorded beside the user who acts: who sat at the machine."""
    try:
        return f"os:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"os:{os.getuid()}"


def case_of(caseway: Any, number: str) -> str:
    """The id of a case, from its business number or its id."""
    row = caseway.connection.one("SELECT id FROM cases WHERE number = ? OR id = ?", (number, number))
    if row is None:
        stop(f"There is no case {number}.", "Search: caseway case find WORDS")
    return str(row[0])


def zone_of(caseway: Any) -> str:
    """The time zone in which moments are shown: that of the first calendar."""
    zone: str = caseway.zone
    return zone


def moment_of(text: str, zone: str, option: str) -> datetime:
    """A moment as people write it, in that zone where it names none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        stop(f"{option}: expected a moment such as 2026-03-02T09:00, not {text!r}", code=2)
    return found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(zone))


def process_named(caseway: Any, process: str) -> str:
    """The name, if a process of that name is deployed (or it is empty)."""
    return known(process, caseway.definitions.names(), "process")


def both(text: Mapping[str, str]) -> str:
    """A text in the language that is set in the environment, or else in every language that it has."""
    wanted = text.get(os.environ.get("CASEWAY_LANG", ""))
    return wanted or " / ".join(one for one in (text.get("zh"), text.get("en")) if one)


def done(answer: Answer) -> Accepted:
    """The accepted answer; otherwise the command ends with what the refusal says, field by field."""
    if isinstance(answer, Accepted):
        return answer
    if isinstance(answer, Refusal):
        refuse(answer)
    assert isinstance(answer, Failed)
    stop(answer.text)


def refuse(refusal: Refusal) -> NoReturn:
    """Ends the command with what the refusal says, field by field."""
    fields = "\n".join(f"  {path}: {both(text)}" for path, text in refusal.fields.items() if path)
    stop(both(refusal.told) or refusal.text, fields)


def ask(caseway: Any, number: str, command: Command, user: str) -> Accepted:
    """Asks it of a case, as the user; see `done`."""
    actor = acting(caseway, user)
    return done(caseway.ask(case_of(caseway, number), command, actor, ground=ground()))


def tell_where(caseway: Any, answer: Accepted, as_json: bool) -> None:
    """Says where the case now stands, after something was done to it."""
    from workbench.story import standing

    told = standing(caseway, answer.case)
    if as_json:
        print_json({"case": answer.case, "number": answer.number, "revision": answer.revision, **told})
        return
    people = [f"{t['step']} (task {t['task']}{t['holder'] and ', ' + t['holder']})" for t in told["tasks"]]
    places = ", ".join([*people, *told["waits"]]) or "nothing open"
    ended = f"ended: {told['end'] or 'cancelled'}" if told["status"] == "ended" else ""
    held = "suspended; " if told["status"] == "suspended" else ""
    say(f"{answer.number}: {ended or held + places}")


def data_of(given: list[str], text: str, kinds: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """Data from `--set path=value`, read as a cell of an intake file is, and `--data JSON`, with decimals.

    kinds: the types of the fields; what is not of its field's type goes on as it was written, and is refused there.
    """
    import msgspec

    try:
        data = msgspec.json.Decoder(float_hook=Decimal).decode(text) if text else {}
    except (msgspec.DecodeError, RecursionError) as error:
        stop(f"--data: expected JSON: {error}", code=2)
    if not isinstance(data, dict):
        stop('--data: expected a JSON object, as {"channel": "phone"}', code=2)
    for one in given:
        path, equals, value = one.partition("=")
        if not equals or not path:
            stop(f"--set {one}: expected path=value", code=2)
        data[path] = _read(path, value, kinds, zone)
    return data


def _read(path: str, value: str, kinds: Mapping[str, Any], zone: str) -> Any:
    import msgspec

    from engine.core.kinds import ANY
    from workbench.intake import value_of

    first, *inner = path.split(".")
    kind = kinds.get(first, ANY)
    for name in inner:
        kind = (kind.fields or {}).get(name, ANY)
    try:
        if kind.kind == "any" or value[:1] in ("[", "{"):
            return msgspec.json.Decoder(float_hook=Decimal).decode(value)
        return value_of(value, kind, zone)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return value
