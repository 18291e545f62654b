"""`simulate`: rehearses a floor that might be."""

from pathlib import Path
from typing import Annotated, Any

import typer

from console.design import own, there
from console.options import HERE, DatabaseOption, HomeOption, Language, opened, tell_problems
from console.output import Json, print_json, say, show, stop, warn


def simulate(
    plan: Annotated[Path, typer.Argument(help="The plan: a YAML file; with --learn, the one to write.")],
    against: Annotated[Path | None, typer.Option(help="A second plan, worked with the same luck.")] = None,
    learn: Annotated[
        bool, typer.Option("--learn", help="Write the plan from what this installation has seen, instead.")
    ] = False,
    replications: Annotated[int, typer.Option(min=0, help="How often; 0: as the plan says.")] = 0,
    days: Annotated[int, typer.Option(min=0, help="How many days; 0: as the plan says.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Where chance begins; 0: as the plan says.")] = 0,
    csv: Annotated[Path | None, typer.Option(help="Every figure, as CSV.")] = None,
    html: Annotated[Path | None, typer.Option(help="A page with charts.")] = None,
    language: Language = "zh",
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Works a floor that might be: what would be late, where work would wait, who would be busy."""
    from dataclasses import replace

    from engine.language.problems import DefinitionError
    from workbench.rehearsal import compare, load, rehearse
    from workbench.rehearsal.page import page
    from workbench.rehearsal.told import as_json as jsoned
    from workbench.rehearsal.told import tables, write_csv

    if learn:
        _learn(plan, home, database)
        return
    changed: dict[str, Any] = {"replications": replications, "days": days, "seed": seed}
    changed = {name: value for name, value in changed.items() if value}
    results: list[Any] = []
    try:
        for path in filter(None, (plan, against)):
            one = replace(load(there(path), own()), **changed)
            if not as_json:
                warn(f"{one.title}: {one.replications} × {one.days} days")
            results.append(rehearse(one, lambda number: None if as_json else warn(f"  {number} done")))
    except DefinitionError as error:
        tell_problems(error.problems)
        raise typer.Exit(1) from None
    if len(results) == 2 and results[0].plan.replications != results[1].plan.replications:
        stop("The plans are worked differently often.", "Say how often for both: --replications N", 2)
    told = compare(*results) if against else results[0]
    _written(csv, lambda to: write_csv(results, to))
    _written(html, lambda to: to.write(page(told, language)))
    if as_json:
        print_json([jsoned(one) for one in results])
        return
    for title, rows in tables(told, language):
        show(rows, tuple(rows[0]), as_json=False, title=title)
    for one in results:
        say(f"{one.plan.title}: {one.actions} actions, {one.rate:.0f} a second")
        for what, count in sorted(one.refused.items(), key=lambda item: -item[1])[:5]:
            warn(f"refused, and gone up the line or not begun: {what} ({count} times)")
    if against:
        say("*: beyond chance (95 %).")


def _written(path: Path | None, write: Any) -> None:
    if path is None:
        return
    try:
        with path.open("w", encoding="utf-8", newline="") as to:
            write(to)
    except OSError as error:
        stop(f"{path} cannot be written: {error.strerror}")
    say(f"{path} is written")


def _learn(plan: Path, home: Path, database: str) -> None:
    from workbench.rehearsal.learnt import learnt

    if plan.exists():
        stop(f"{plan} is there already.", "Name a new file.")
    with opened(home, database) as caseway:
        text, seen = learnt(caseway)
    _written(plan, lambda to: to.write(text))
    say(f"From {seen} cases. Look at it, then: caseway simulate {plan}")
