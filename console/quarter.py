"""Working a quarter: for `run`, and for the demonstration that `serve --demo` shows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer

from console.options import tell_problems
from console.output import console, say, stop

DAYS, SEED, CLAIMS, COMPLAINTS = 90, 7, 420, 160
"""The quarter that is worked unless something else is asked for."""
YEAR, EACH = 2026, 12
"""The year of the whole house that is worked, and how many cases of each procedure somebody begins in it."""
SHOWN = {"claims": 180, "complaints": 70}
"""The demonstration's: enough for every page, and there within a minute of a first `make run`."""
LEFT = timedelta(hours=8)
"""Working hours before the demonstration's end of which the work is left for whoever signs in."""


def work_quarter(
    folder: Path, *, days: int = DAYS, seed: int = SEED, claims: int = CLAIMS, complaints: int = COMPLAINTS,
    leaves: timedelta = timedelta(), becomes: Path | None = None,
) -> None:  # fmt: skip
    """Works it in the folder, and reports; what keeps it from that ends the command in words.

    leaves: of how many working hours before its end the work is left undone. becomes: the folder that it will be.
    """
    from engine.language.problems import DefinitionError
    from engine.runtime.errors import StoreError
    from workbench.quarter import NotOurs, Quarter

    try:
        Quarter(
            folder, days=days, seed=seed, claims=claims, complaints=complaints, out=console(), leaves=leaves,
            becomes=becomes,
        ).run()  # fmt: skip
    except NotOurs as error:
        stop(str(error), "Name another folder: caseway run FOLDER", 2)
    except DefinitionError as error:
        tell_problems(error.problems)
        raise typer.Exit(1) from None
    except StoreError as error:
        stop(error.text, error.cure)
    except OSError as error:
        stop(f"{error.filename}: {error.strerror}")


def make_demonstration(folder: Path) -> None:
    """Makes the installation that is shown, in a folder that is not there yet, or empty. It is made beside and put
    into place when it is whole, so that one that was cut off is made anew and never served."""
    if folder.exists() and any(folder.iterdir()):
        stop(f"{folder} is not empty, and holds no installation.", "Name another folder: --home FOLDER", 2)
    say("Making the demonstration: three months of claims and complaints, worked on a virtual clock ...")
    making = folder.with_name(f"{folder.name}.making")
    work_quarter(making, **SHOWN, leaves=LEFT, becomes=folder)
    if folder.exists():
        folder.rmdir()
    making.rename(folder)


def work_year(folder: Path, *, year: int, seed: int, each: int) -> None:
    """Works a year of the whole house in the folder, or goes on with one that was cut off, and reports."""
    from bootstrap import Home
    from engine.language.problems import DefinitionError
    from engine.runtime.errors import StoreError
    from workbench.report import tell_year
    from workbench.year import Year

    out = console()
    begin = datetime(year, 1, 1, tzinfo=UTC)
    months = iter(range(1, 13))
    upcoming = [next(months)]

    def told(at: datetime) -> None:
        if at.month > upcoming[0] or at.year > year:
            out.print(f"{year}-{upcoming[0]:02} is done")
            upcoming[0] = next(months, 99)

    try:
        run = Year(Home(folder), begin, datetime(year + 1, 1, 1, tzinfo=UTC), seed=seed, each=each, told=told)
        run.run(lambda caseway, simulation: tell_year(out, caseway, simulation))
    except DefinitionError as error:
        tell_problems(error.problems)
        raise typer.Exit(1) from None
    except StoreError as error:
        stop(error.text, error.cure)
    except OSError as error:
        stop(f"{error.filename}: {error.strerror}")
