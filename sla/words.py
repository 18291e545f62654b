"""The shape of what designers write about clocks, for editors and for the reader of files."""

from engine.language.words import (
    CLAUSES,
    CONDITION,
    EXPRESSION,
    LENGTH,
    NAME,
    NAMED,
    PATH,
    TEXT,
    Schema,
    described,
    listing,
    mapping,
    named,
)  # fmt: skip
from sla.model import ORIGINS

ACTS = ("move_tasks", "reassign", "priority", "set_owner", "link")
"""Acts of other components that a rung may ask for."""

DURATION: Schema = {"title": "a length of time, as 90min, 24h, 4wh, 15d or 30wd", "type": "string", "minLength": 1}
_ROLE: Schema = {"title": "a role, as supervisor", "type": "string", "minLength": 1}
_MARKS: Schema = {
    "title": "a milestone, a step or an end, as answered, milestone.answered, step.pay or end.withdrawn",
    "type": "string",
    "minLength": 1,
}
_SEVERAL: Schema = {
    "title": "one of the milestones, steps and ends, or a list of them",
    "anyOf": [_MARKS, listing(_MARKS, "a list of milestones, steps and ends")],
}
_ARGS: Schema = {
    "title": "a value, or a mapping such as {to: ..., steps: [...]}",
    "type": ["string", "integer", "object"],
}
_KEYED: Schema = {"type": "object", "propertyNames": NAME, "additionalProperties": EXPRESSION}

RUNG: Schema = mapping(
    {
        "at": described(
            {"title": "a point, as 80%, due, due + 1wd, due - 2h, or 4h (after the start)", "type": "string"},
            "When this rung comes. Percent counts in the limit's own measure.",
            "80%", "due", "due + 1wd",
        ),
        "notify": described(
            listing(NAMED, "a list of people"),
            "Who is told: owner, holder, customer, role.x, user.x, queue.x, or {{ an expression }}.",
            ["owner", "role.supervisor"],
        ),
        "with": described(NAME, "The notice's template."),
        "facts": described(_KEYED, "What the template reads beside the clock itself, as expressions."),
        "message": described(
            {
                "title": "a message's name, or {name, key, data}",
                "anyOf": [
                    NAME,
                    mapping({"name": NAME, "key": EXPRESSION, "data": _KEYED}, "name", title="a message"),
                ],
            },
            "A message into the case; its key is the case's number unless `key` says otherwise.",
        ),
        "signal": described(
            {
                "title": "a signal's name, or {name, key}",
                "anyOf": [NAME, mapping({"name": NAME, "key": EXPRESSION}, "name", title="a signal")],
            },
            "A signal; its key is the case's number unless `key` says otherwise.",
        ),
        **{
            act: described(_ARGS, text)
            for act, text in {
                "move_tasks": "The queue to which open tasks move.",
                "reassign": "To whom open tasks go: a user, or `up` the line.",
                "priority": "A priority from 0 to 100, or a change such as +20.",
                "set_owner": "The new owner: a user, or `up` the line.",
                "link": "The number of the case to which this one is related.",
            }.items()
        },
        "every": described(DURATION, "How long until it comes again.", "1wd"),
        "times": described(
            {"title": "a whole number above 0", "type": "integer", "minimum": 1},
            "How often it comes in all; without it, until the clock stops.",
        ),
    },
    "at",
    title="a rung: {at: 80%, notify: [owner], with: clock_near}",
)  # fmt: skip
LADDER: Schema = {
    "title": "a list of rungs, or the name of one of the house's ladders",
    "anyOf": [NAME, listing(RUNG, "a list of rungs", 0)],
}
_PAUSE: Schema = {
    "title": "{any_in: [steps]}, {only_in: [steps]} or {from: field, to: field}",
    "description": "What holds the clock: where the case stands, or dates in its data.",
    "type": "object",
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {
        "any_in": described(listing(NAME, "a list of steps"), "Held while the case stands in one of them."),
        "only_in": described(
            listing(NAME, "a list of steps"),
            "Held while the case stands in one of them and no other human or service step is open.",
        ),
        "from": described(PATH, "A date in the data at which a pause begins."),
        "to": described(PATH, "The date in the data at which it ends."),
    },
    "dependentRequired": {"from": ["to"], "to": ["from"]},
}
_COMMON: dict[str, Schema] = {
    "title": described(TEXT, "What people read."),
    "clauses": described(CLAUSES, "The clauses that give this limit."),
    "origin": described(
        {"title": "law, manual or target", "enum": list(ORIGINS)}, "Where the limit comes from; law is listed first."
    ),
    "limit": described(
        LENGTH,
        "min and h are elapsed time, wh working hours; Nd ends with the Nth day after the start day, Nwd with the "
        "close of business of the Nth working day after it.",
        "30wd", "24h", "{{ claim_limit }}",
    ),
    "when": described(CONDITION, "Whether it applies; looked at again whenever the data it reads changes."),
    "calendar": described(
        NAMED,
        "The calendar it counts on; the process's own unless named. One that the data choose is chosen as it begins.",
        "insurer", "{{ branch_calendar }}",
    ),
    "roll": described(
        {"title": "true or false", "type": "boolean"}, "Moves a last day that is a holiday to the next working day."
    ),
    "pauses_while": _PAUSE,
    "void_on": described(listing(NAME, "a list of ends"), "Ends of the case on which it does not count as unmet."),
    "extension": mapping(
        {
            "most": described(DURATION, "By how much in all."),
            "by": described(_ROLE, "The role that may."),
        },
        "most",
        "by",
        title="{most: 30d, by: supervisor}",
        description="How far it may be extended, and by whom.",
    ),
    "ladder": described(LADDER, "What happens as the deadline nears and passes."),
}  # fmt: skip
CLOCK: Schema = mapping(
    {
        **_COMMON,
        "runs": mapping(
            {
                "from": described(
                    {"title": "case, milestone.x, step.x or a date in the data", "type": "string", "minLength": 1},
                    "What it counts from.",
                    "case", "received_at",
                ),
                "until": described(_SEVERAL, "What stops it: the first of these to come."),
            },
            "from",
            "until",
            title="{from: case, until: answered}",
            description="From what until what it runs.",
        ),
        "restarts_on": described(_SEVERAL, "What starts it again once it has stopped."),
    },
    "runs",
    "limit",
    title="a clock: {runs: {from: case, until: answered}, limit: 30wd}",
)  # fmt: skip
PROCESS_CLOCKS: Schema = described(named(CLOCK, "a mapping from names to clocks"), "The clocks of a case.")
LIMIT: Schema = {
    "title": "a length of time, or {limit: 7wd, clauses: [A-4.4], origin: manual, ladder: [...]}",
    "description": "How long each visit of this step may take: a clock of the step's name.",
    "anyOf": [LENGTH, mapping(_COMMON, "limit", title="a limit with more: {limit: 7wd, origin: manual}")],
}
LADDERS: Schema = described(
    named(listing(RUNG, "a list of rungs"), "a mapping from names to ladders"),
    "Ladders that clocks may name: `ladder: standard`.",
)
HOUSE_CLOCKS: Schema = mapping(
    {
        "back_dated_at_most": described(DURATION, "How far in the past a clock may begin.", "60d"),
        "breaches": mapping(
            {
                "reasons": described(
                    named(TEXT, "a mapping from reason codes to titles"), "Why a limit may have been missed."
                ),
                "by": described(listing(_ROLE, "a list of roles"), "The roles that acknowledge a breach."),
            },
            "reasons",
            "by",
            title="{reasons: {staff: ...}, by: [supervisor]}",
            description="What a supervisor says of a clock that is late.",
        ),
    },
    title="{back_dated_at_most: 60d}",
    description="What holds for all clocks.",
)
