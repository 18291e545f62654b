"""`version`, `diff` and `migrate`: versions of processes, what they change, and running cases that go over to one."""

from pathlib import Path
from typing import Annotated, Any

import typer

from console.options import (
    HERE,
    AsOption,
    DatabaseOption,
    HomeOption,
    Language,
    acting,
    both,
    opened,
    placed,
    process_named,
    tell_problems,
    zone_of,
)
from console.output import Json, print_json, say, show, stop

version_commands = typer.Typer(help="The program's version, and how versions of processes do.")
migrate_commands = typer.Typer(help="Running cases that go over to another version.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="The migration file.")]
Which = Annotated[str, typer.Argument(help="The migration file, or the id of a migration.")]
Most = Annotated[int, typer.Option("--most", min=1, max=100_000, help="At most so many cases.")]


@version_commands.callback(invoke_without_command=True)
def version(context: typer.Context, as_json: Json = False) -> None:
    """Prints the version of the program; `stats` tells how versions of a process do."""
    if context.invoked_subcommand is None:
        from console.operate import version as program

        program(as_json)


@version_commands.command()
def stats(
    name: Annotated[str, typer.Argument(help="The process.")],
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Cases open and closed, median duration, breaches and incidents by version, of the newest cases."""
    from workbench.tables import rounded
    from workbench.version_stats import version_stats

    with opened(home, database) as caseway:
        process_named(caseway, name)
        found = version_stats(caseway.connection, name, caseway.clock.now())
        known = dict.fromkeys(row.version for row in reversed(caseway.definitions.history("process", name)))
        rows = [
            {
                "version": one if as_json else one[:12],
                "open": found[one].open,
                "closed": found[one].closed,
                "median": _span(found[one].median, rounded, as_json),
                "breaches": found[one].breaches,
                "incidents": found[one].incidents,
            }
            for one in dict.fromkeys([*known, *found])
            if one in found
        ]
        columns = ("version", "open", "closed", "median", "breaches", "incidents")
        show(rows, columns, as_json=as_json, title=name, zone=zone_of(caseway))


def _span(span: Any, rounded: Any, as_json: bool) -> Any:
    if span is None:
        return None
    return int(span.total_seconds()) if as_json else rounded(span)


# --- differences ----------------------------------------------------------------------------------------


def diff(
    old: Annotated[str, typer.Argument(help="A process file, or name@version of the installation.")],
    new: Annotated[str, typer.Argument(help="The same; name@in_force is the one in force.")],
    language: Language = "zh", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Tells in words what a version changes: for people, deadlines, decisions, data, and the course of things."""
    from workbench.differing import GROUPS, differences

    before, after = (_version(one, home, database) for one in (old, new))
    found = differences(before, after)
    if as_json:
        print_json([{"group": one.group, "step": one.step, "zh": one.zh, "en": one.en} for one in found])
        return
    if not found:
        say("both say the same" if language == "en" else "两个版本没有不同")
    for group, titles in GROUPS.items():
        said = [one.zh if language == "zh" else one.en for one in found if one.group == group]
        if said:
            say(titles[0] if language == "zh" else titles[1])
            for line in said:
                say(f"  {line}")


def _version(given: str, home: Path, database: str) -> Any:
    """A compiled process, from a file or from the installation."""
    from console.design import compiled, there

    name, at, version = given.partition("@")
    if not at:
        processes, problems = compiled([there(Path(given))])
        if not processes:
            tell_problems(problems)
            raise typer.Exit(1)
        return processes[0]
    with opened(home, database) as caseway:
        process_named(caseway, name)
        rows = caseway.definitions.history("process", name)
        known = list(dict.fromkeys(row.version for row in rows))
        fits = [one for one in known if one.startswith(version)] if version and version != "in_force" else [""]
        if len(fits) != 1:
            stop(f"There is no one version of {name} that begins with {version}.", _listed(known))
        return caseway.definitions.process(name, fits[0])


def _listed(versions: list[str]) -> str:
    return "Known: " + ", ".join(version[:12] for version in versions)


# --- migrations -----------------------------------------------------------------------------------------


def _order(caseway: Any, file: Path) -> tuple[Any, str]:
    """What a file orders, and its text; its problems end the command."""
    from engine.language.problems import DefinitionError
    from workbench.migrating.file import read_order

    try:
        text = file.read_bytes()
        return read_order(caseway, text, file.name), text.decode("utf-8", "replace")
    except OSError as error:
        stop(f"{file}: {error.strerror}", code=2)
    except DefinitionError as error:
        tell_problems(placed(error.problems, file.parent))
        raise typer.Exit(1) from None


@migrate_commands.command()
def plan(
    file: File, language: Language = "zh", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False
) -> None:
    """Says which cases would go over, what the versions differ in, and which rules are likely missing."""
    from workbench.differing import differences, renamed
    from workbench.migrating.run import counted

    with opened(home, database) as caseway:
        order, _ = _order(caseway, file)
        counts = counted(caseway, order.process)
        target = caseway.definitions.process(order.process, order.to)
        told = []
        for one in order.leave:
            process = caseway.definitions.process(order.process, one)
            likely = {a: b for a, b in renamed(process, target).items() if a not in order.rules.steps}
            found = differences(process, target)
            told.append({"version": one, "cases": counts.get(one, 0), "rename": likely,
                         "differences": [{"zh": d.zh, "en": d.en, "group": d.group} for d in found]})  # fmt: skip
        if as_json:
            print_json({"process": order.process, "to": order.to, "reason": order.reason, "from": told})
            return
        say(f"{order.process} → {order.to[:12]}: {order.reason}")
        for entry in told:
            say(f"{entry['version'][:12]}: {entry['cases']} cases")
            for before, after in entry["rename"].items():
                say(f"  likely rule: steps: {{{before}: {{map: {after}}}}}")
            for difference in entry["differences"]:
                say(f"  {difference[language]}")


@migrate_commands.command()
def dry_run(
    file: File, most: Most = 1_000, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False
) -> None:
    """Shows, case by case, tasks, drafts, forms, timers and clocks before and after, and what stops it."""
    from workbench.migrating.run import dry_run as trials

    with opened(home, database) as caseway:
        order, _ = _order(caseway, file)
        rows, stopped = [], 0
        for one in trials(caseway, order, most):
            stopped += bool(one.stops)
            if as_json:
                changes = [{"kind": c.kind, "before": c.before, "after": c.after} for c in one.changes]
                rows.append({"case": one.case, "number": one.number, "version": one.version, "changes": changes,
                             "stops": one.stops or {}})  # fmt: skip
                continue
            say(f"{one.number} ({one.version[:12]}){': stopped' if one.stops else ''}")
            for place, text in (one.stops or {}).items():
                say(f"  ! {place}: {both(text)}")
            for change in one.changes:
                sign = "=" if change.before == change.after else "~"
                said = change.before if sign == "=" else f"{change.before or '-'} → {change.after or '-'}"
                say(f"  {sign} {change.kind}: {said}")
            rows.append({})
        if as_json:
            print_json(rows)
        else:
            say(f"{len(rows)} cases: {len(rows) - stopped} can go over, {stopped} are stopped")


@migrate_commands.command()
def run(
    which: Which, user: AsOption = "",
    again: Annotated[bool, typer.Option("--again", help="Ask those again that were stopped.")] = False,
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Proposes a migration; run by somebody else, approves it and lets the cases go over. What broke off goes on."""
    from rich.progress import Progress

    from console.output import console
    from workbench.migrating.run import MigrationRefused, approve, carry_out, propose

    with opened(home, database) as caseway:
        actor = acting(caseway, user)
        found, order, text = _found(caseway, which)
        try:
            if found is None:
                made = propose(caseway, order, text, actor)
                if as_json:
                    print_json({"migration": made.id, "state": made.state})
                    return
                say(f"migration {made.id}: proposed. Somebody else approves and runs it:")
                say(f"  caseway migrate run {which if Path(which).exists() else made.id} --as …")
                return
            if found.state == "proposed":
                found = approve(caseway, found.id, actor)
            err = console(stderr=True)
            with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
                task = bar.add_task("cases", total=None)

                def tell(now: Any) -> None:
                    bar.update(task, completed=now.moved + now.stopped, total=now.all)

                carry_out(caseway, found.id, actor, again=again, tell=tell)
        except MigrationRefused as refused:
            stop(str(refused))
        _tell(caseway, found.id, as_json)


@migrate_commands.command()
def withdraw(which: Which, user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "") -> None:
    """Takes a proposed migration back, or turns it down."""
    from workbench.migrating.run import MigrationRefused
    from workbench.migrating.run import withdraw as take_back

    with opened(home, database) as caseway:
        actor = acting(caseway, user)
        found, _, _ = _found(caseway, which)
        if found is None:
            stop("No such migration has been proposed.")
        try:
            take_back(caseway, found.id, actor)
        except MigrationRefused as refused:
            stop(str(refused))
        say(f"migration {found.id}: withdrawn")


@migrate_commands.command()
def status(which: Which, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False) -> None:
    """How far a migration has come, and what stops the cases that are left."""
    with opened(home, database) as caseway:
        found, _, _ = _found(caseway, which)
        if found is None:
            stop("It has not been proposed yet.", f"caseway migrate run {which} --as …")
        _tell(caseway, found.id, as_json)


def _found(caseway: Any, which: str) -> tuple[Any, Any, str]:
    """The migration of an id, or the newest of a file's text; and what the file orders."""
    from workbench.migrating.run import of_process, one

    known = one(caseway.connection, which)
    if known is not None:
        return known, known.order, known.source
    file = Path(which)
    if not file.is_file():
        stop(f"There is no migration {which}, and no file of that name.", code=2)
    order, text = _order(caseway, file)
    made = (run for run in of_process(caseway.connection, order.process) if run.source == text)
    return next((run for run in made if run.state != "withdrawn"), None), order, text


def _tell(caseway: Any, id: str, as_json: bool) -> None:
    from workbench.migrating.run import cases, one, progress

    found, now = one(caseway.connection, id), progress(caseway.connection, id)
    assert found is not None
    stopped = cases(caseway.connection, id, "stopped")
    if as_json:
        print_json({
            "migration": id, "state": found.state, "proposed_by": found.by, "decided_by": found.decided_by,
            "waiting": now.waiting, "moved": now.moved, "stopped": now.stopped,
            "stops": [{"number": line.number, "why": line.why} for line in stopped],
        })  # fmt: skip
        return
    by = f", decided by {found.decided_by}" if found.decided_by else ""
    say(f"migration {id} of {found.order.process} to {found.order.to[:12]}: {found.state} (proposed by {found.by}{by})")
    say(f"{now.moved} moved, {now.waiting} waiting, {now.stopped} stopped")
    for line in stopped:
        say(f"  {line.number}")
        for place, text in line.why.items():
            say(f"    ! {place}: {both(text)}")
