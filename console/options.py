"""Options that many commands share, and opening the installation that they work on."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from console.output import stop
from engine.core.commands import Command, Refusal
from engine.runtime.answers import Accepted, Answer, Failed

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="CASEWAY_HOME", help="The installation's folder, made by `caseway init`.")
]
DatabaseOption = Annotated[
    str, typer.Option("--database", envvar="CASEWAY_DATABASE", help="URL of the database, if not the folder's own.")
]
AsOption = Annotated[
    str, typer.Option("--as", envvar="CASEWAY_USER", help="Who acts: a user of the organisation. Recorded.")
]
Language = Annotated[str, typer.Option("--lang", envvar="CASEWAY_LANG", help="zh or en.")]


@contextmanager
def opened(home: Path, database: str = "", *, unsafe: bool = False) -> Iterator[Any]:
    """The installation, for as long as a command works on it; faults of the store end the command in words."""
    from bootstrap import Caseway, Home
    from engine.language.problems import DefinitionError
    from engine.runtime.cipher import VaultError
    from engine.runtime.errors import StoreError

    try:
        with Caseway(Home(home, database), unsafe=unsafe) as caseway:
            for warning in caseway.vault.warnings:
                typer.echo(warning, err=True)
            yield caseway
    except DefinitionError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None
    except (StoreError, VaultError) as error:
        stop(str(error), getattr(error, "cure", ""))


def acting(caseway: Any, user: str) -> str:
    """The user who acts. Before there is sign-in, whoever can read the key file may name any active one."""
    if not user:
        stop("Who acts? Give --as USER (or set CASEWAY_USER).", code=2)
    directory = caseway.directory
    if user not in directory.users:
        from difflib import get_close_matches

        near = get_close_matches(user, directory.users, 1)
        stop(
            f"There is no user {user}." + (f" Did you mean {near[0]}?" if near else ""), "List them: caseway user list"
        )
    if not directory.active(user, directory.today(caseway.clock.now())):
        stop(f"{user} is no longer active.")
    return user


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
        stop(f"There is no case {number}.", "Search: caseway case list --search TEXT")
    return str(row[0])


def done(answer: Answer) -> Accepted:
    """The accepted answer; otherwise the command ends with what the refusal says, field by field."""
    if isinstance(answer, Accepted):
        return answer
    if isinstance(answer, Refusal):
        fields = "\n".join(
            f"  {path}: {text.get('zh', '')} / {text.get('en', '')}" for path, text in answer.fields.items()
        )
        stop(answer.text, fields)
    assert isinstance(answer, Failed)
    stop(answer.text)


def ask(caseway: Any, number: str, command: Command, user: str, why: str = "") -> Accepted:
    """Asks it of a case, as the user; see `done`."""
    case = case_of(caseway, number)
    return done(caseway.ask(case, command, acting(caseway, user), ground=why or ground()))


def data_of(given: list[str], text: str) -> dict[str, Any]:
    """Data from `--set path=value` (text, or JSON where it reads as such) and `--data JSON`, with decimals."""
    import msgspec

    parsed = msgspec.json.Decoder(float_hook=Decimal).decode

    try:
        data = parsed(text) if text else {}
    except msgspec.DecodeError as error:
        stop(f"--data: expected JSON: {error}", code=2)
    if not isinstance(data, dict):
        stop("--data: expected a JSON object", code=2)
    for one in given:
        path, equals, value = one.partition("=")
        if not equals:
            stop(f"--set {one}: expected path=value", code=2)
        try:
            data[path] = parsed(value)
        except msgspec.DecodeError:
            data[path] = value
    return data
