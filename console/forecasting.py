"""`forecast`, `sla likely`: the chance of a breach, learnt from settled runs and told of open ones; how good it is."""

from typing import Annotated, Any

import typer

from console.options import HERE, DatabaseOption, HomeOption, Language, Process, case_of, opened, process_named, zone_of
from console.output import Json, Limit, print_json, say, show

COLUMNS = ("process", "clock", "runs", "late", "held_out", "brier", "base", "ranks", "off", "says")
TRAITS = 8
"""Traits that are shown of a run: those that say most."""


def forecast(
    case: Annotated[str, typer.Option("--case", help="Explains the chances of this case: its number or id.")] = "",
    process: Process = "", language: Language = "en",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Learns the chance of a breach for each clock, and shows how good it was on cases that it had not seen."""
    with opened(home, database) as caseway:
        process_named(caseway, process)
        if case:
            _explain(caseway, case_of(caseway, case), language, as_json)
            return
        from reports.forecast import keep
        from reports.forecast.forecaster import MOST

        now = caseway.clock.now()
        for name in [process] if process else sorted(caseway.definitions.names()):
            caseway.forecaster.learn(name, now)
        told = some = caseway.forecaster.tell(now, now)
        while some == MOST:  # as many as are told of together: there may be more
            some = caseway.forecaster.tell(now, now)
            told += some
        rows = [plain(one, language) for one in keep.learnt(caseway.connection, process)]
        show(rows, COLUMNS, as_json=as_json, title="forecasts", zone=zone_of(caseway))
        if not as_json:
            say(f"Told of {told} open cases. Which: caseway sla likely. Why: caseway forecast --case NUMBER")


def likely(
    limit: Limit = 50, language: Language = "en",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Open clocks that are not late, the likeliest to be breached first; then those of which too little is known."""
    from reports.forecast import keep
    from reports.forecast.words import WHY
    from workbench import late

    with opened(home, database) as caseway:
        queues = {*caseway.directory.queues, *caseway.definitions.house().queues}
        found = [row for _, row in late.likely(caseway.connection, caseway.clock.now(), queues, limit=limit)]
        chances = keep.likely(caseway.connection, [(row.case, row.id) for row in found])
        rows = []
        for row in found:
            told = chances[row.case, row.id]
            says = f"{told.chance:.1%}" if told.chance is not None else f"knows too little: {WHY[told.why][language]}"
            rows.append({
                "number": row.number, "process": row.process, "clock": row.clock, "run": row.run,
                "clauses": list(row.clauses), "origin": row.origin, "deadline": row.deadline, "chance": told.chance,
                "why": told.why, "told_at": told.at, "chance_of_breach": says,
            })  # fmt: skip
        columns = ("number", "clock", "clauses", "origin", "deadline", "chance_of_breach", "told_at")
        show(rows, columns, as_json=as_json, title="likely", zone=zone_of(caseway), limit=limit)


def plain(one: Any, language: str) -> dict[str, Any]:
    """What was learnt of a clock, as programs and tables have it."""
    from reports.forecast.words import WHY

    found, measured = one.forecast, one.forecast.measured
    row: dict[str, Any] = {
        "process": one.process, "clock": one.clock, "at": one.at, "runs": found.runs, "late": found.late,
        **dict.fromkeys(("held_out", "brier", "base", "ranks", "off"), ""), "refused": found.refused,
        "says": f"knows too little: {WHY[found.refused][language]}" if found.refused else "the chance",
    }  # fmt: skip
    if measured is not None:
        row |= {"held_out": measured.runs, "brier": f"{measured.brier:.3f}", "base": f"{measured.base:.3f}",
                "ranks": "" if measured.ranks is None else f"{measured.ranks:.3f}",
                "off": f"{measured.off:.3f}"}  # fmt: skip
    return row


def _explain(caseway: Any, case: str, language: str, as_json: bool) -> None:
    from reports.forecast.forecaster import said
    from reports.forecast.words import WHY, trait, weighed

    told = []
    for moment, known in caseway.forecaster.of_case(case, caseway.clock.now()):
        chance, why = said(moment, {} if known is None else {(moment.process, moment.clock): known})
        weights = weighed(known.model, moment.traits) if known is not None and known.model is not None else []
        told.append({
            "clock": moment.clock, "run": moment.run, "chance": None if chance is None else f"{chance / 10_000:.4f}",
            "why": why,
            "traits": [{"trait": one, "adds": f"{adds:+.3f}", "words": trait(one, language)} for one, adds in weights],
        })  # fmt: skip
    if as_json:
        print_json(told)
        return
    for one in told:
        if one["why"]:
            say(f"{one['clock']}: knows too little: {WHY[one['why']][language]}")
            continue
        say(f"{one['clock']}: {float(one['chance']):.1%} that it is breached")
        for line in one["traits"][:TRAITS]:
            say(f"  {line['adds']}  {line['words']}")
    if not told:
        say("No clock of this case is running that is not late already.")
