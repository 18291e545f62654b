"""The keywords of people's work: inside `human:` on a step, and `owner:` on the process. The acts: `act_words`."""

from collections.abc import Mapping
from typing import Any

from engine.core.expressions import Expression
from engine.core.kinds import DECIMAL, INT
from engine.core.kinds import TEXT as TEXT_TYPE
from engine.core.model import Human, Node, Process, Text
from engine.language.extension import Context, Extension, Where
from engine.language.words import EXPRESSION, NAME, NAMED, described, mapping
from tasks import checks_people
from tasks.act_words import ACT_WORDS, STEPS, by_name, queues
from tasks.model import NAME as PART
from tasks.model import PRIORITIES, Approvals, Authority, Named, Owning, Work
from tasks.placing import ASSIGN

CODES = {
    "CW801": "a person's step that says neither who does it nor which queue it goes to",
    "CW802": "a queue or person that is computed, without a queue for when that fails",
    "CW805": "authority that the house does not know, or over a secret",
    "CW806": "a step that nobody completes, named where a person's step must be",
    "CW807": "what follows a value that never changes",
    "CW809": "votes that cannot decide",
}

_PRIORITY = {
    "title": f"a whole number from {PRIORITIES[0]} to {PRIORITIES[-1]}, or {{{{ an expression }}}}",
    "type": ["integer", "string"],
}
_COUNT = {"title": "a whole number from 1 to 99", "type": "integer", "minimum": 1, "maximum": 99}


STEP = {
    "queue": described(NAMED, "The queue in which the task is offered.", "claims_review", "{{ queue_for(kind) }}"),
    "assign": described(
        {"title": "starter, owner, a user, or {{ an expression }}", "type": "string", "minLength": 1},
        "The one person it is meant for: starter (of the case), owner, a user, or an expression that yields one.",
    ),
    "else_queue": described(
        NAME, "Where it goes when `assign` or a computed `queue` leads nowhere, or who has it gives it back."
    ),
    "not_by": described(STEPS, "Four eyes: nobody who has completed one of these steps in this case.", ["assess"]),
    "not_users": described(
        EXPRESSION, "Nobody of this list of users, nor on their behalf: who had a part in what is looked at.", "one.by"
    ),
    "authority": mapping(
        {
            "kind": described(NAME, "The kind of authority, as house.yaml names it."),
            "line": described(NAMED, "The line of business.", "motor", "{{ product_line }}"),
            "amount": described(EXPRESSION, "How much is decided, as an expression.", "approved_amount"),
            "decision": described(NAMED, "What is decided; an outcome's own `decision` goes before it."),
            "climb": {
                "title": "true or false",
                "type": "boolean",
                "description": "Whether the task goes up to who has it, where nobody of the queue does. Left out: yes.",
            },
        },
        "kind",
        description="Held against the grants of who takes the task, and again when it is completed.",
    ),
    "follow": {
        "title": "true or false",
        "type": "boolean",
        "description": "Whether an open task moves when the value changes that its queue or person is computed from.",
    },
    "priority": described(_PRIORITY, "The highest is served first. Left out: 0.", 50),
    "approvals": mapping(
        {
            "of": described(_COUNT, "How many people have a vote.", 3),
            "needs": described(_COUNT, "How many votes for the first outcome carry it.", 2),
            "early": {
                "title": "true or false",
                "type": "boolean",
                "description": "Whether it ends as soon as nothing can change it any more. Left out: yes.",
            },
            "by": described(
                {"title": "role.x", "type": "string", "pattern": r"^role\.[a-z][a-z0-9_]*$"},
                "Who of those that serve the queue votes. Left out: all of them.",
            ),
        },
        "of", "needs",
        description="Several people decide, by votes: the first outcome or the second.",
    ),
    "skill": described(NAMED, "The skill that it asks for, where the queue pushes work by skill.", "motor"),
    "skippable": {
        "title": "true or false",
        "type": "boolean",
        "description": "Whether who has the task may leave the step out, with a reason; flow goes on behind it.",
    },
}  # fmt: skip

OWNER = {
    "title": "starter, or {first: step, starter: true, else_queue: queue}",
    "description": "Who owns the case: whoever starts it, or the first responder, who takes the step `first`.",
    "anyOf": [
        {"type": "string", "enum": ["starter"]},
        mapping(
            {
                "first": described(NAME, "The step whose first handler owns the case until it is closed."),
                "starter": described(
                    {"title": "true or false", "type": "boolean"},
                    "Whether whoever starts the case owns it before that, if they are in service.",
                ),
                "else_queue": described(NAME, "Where what is meant for the owner goes while there is none."),
            },
            "first",
        ),
    ],
}


def _step(context: Context, where: Where, kind: str, found: dict[str, Any]) -> Work:
    queue = _queue(context, (*where, "queue"), found.get("queue"))
    assign = _assign(context, (*where, "assign"), found.get("assign"))
    else_queue = found.get("else_queue", "")
    if else_queue:
        context.name((*where, "else_queue"), else_queue, frozenset(context.house.queues), "queue")
    if "queue" not in found and "assign" not in found:
        context.problem(
            where,
            "CW801",
            "this step says neither `queue` nor `assign`",
            expected="{queue: …} or {assign: …, else_queue: …}",
        )
    for index, step in enumerate(found.get("not_by", ())):
        context.name((*where, "not_by", index), step, context.steps, "step")
    follow = found.get("follow", False)
    given = [found[key] for key in ("queue", "assign") if key in found]
    if follow and given and assign != "owner" and not any("{{" in each for each in given):
        context.problem(
            (*where, "follow"), "CW807", "neither queue nor person of this step ever changes",
            hint="compute one: queue: '{{ … }}', or leave `follow` out",
        )  # fmt: skip
    return Work(
        queue,
        assign,
        else_queue,
        tuple(found.get("not_by", ())),
        _authority(context, (*where, "authority"), found.get("authority")),
        follow,
        _priority(context, (*where, "priority"), found.get("priority", 0)),
        found.get("skippable", False),
        _approvals(context, (*where, "approvals"), found.get("approvals")),
        _skill(context, (*where, "skill"), found.get("skill")),
        _users(context, (*where, "not_users"), found.get("not_users")),
    )


def _queue(context: Context, where: Where, written: str | None) -> Named:
    found = None if written is None else context.literal_or_expression(where, written)
    queues(context, where, found)
    return _open(context, where, found)


def _assign(context: Context, where: Where, written: str | None) -> Named:
    found = None if written is None else context.literal_or_expression(where, written)
    by_name(context, where, found, tuple(ASSIGN))
    return _open(context, where, found)


def _skill(context: Context, where: Where, written: str | None) -> Named:
    return _open(context, where, None if written is None else context.literal_or_expression(where, written))


def _users(context: Context, where: Where, written: Any) -> Expression | None:
    found = None if written is None else context.expression(where, str(written))
    if found is None:
        return None
    if found.secret:
        context.problem(where, "CW805", "a refusal would show this secret field")
    elif found.type.kind not in ("list", "any"):
        context.problem(where, "CW803", f"expected a list of users, this is {found.type}")
    return found


def _open(context: Context, where: Where, found: Named | None) -> Named:
    """Where a task goes stands in lists that everybody reads: it may not come from a secret."""
    if isinstance(found, Expression):
        if found.secret:
            context.problem(where, "CW805", "this would show a secret field in every list of tasks")
        elif found.type.kind not in ("text", "any"):
            context.problem(where, "CW803", f"expected a name, this is {found.type}")
    return found or ""


def _authority(context: Context, where: Where, written: Mapping[str, Any] | None) -> Authority | None:
    if written is None:
        return None
    kind, house = written["kind"], context.house.authority
    known = house[kind] if context.name((*where, "kind"), kind, frozenset(house), "kind of authority") else None
    line = _weighed(context, (*where, "line"), written.get("line"), known and known.lines, "line")
    decision = _weighed(context, (*where, "decision"), written.get("decision"), known and known.decisions, "decision")
    amount = None
    if "amount" in written:
        at = (*where, "amount")
        amount = context.expression(at, str(written["amount"]), wants=DECIMAL)
        if amount is not None and amount.secret:
            context.problem(at, "CW805", "a refusal would show this secret field")
    return Authority(kind, line, amount, decision, written.get("climb", True), known)


def _approvals(context: Context, where: Where, written: Mapping[str, Any] | None) -> Approvals | None:
    if written is None:
        return None
    if written["needs"] > written["of"]:
        context.problem((*where, "needs"), "CW809", f"{written['needs']} of {written['of']} can never be reached")
    role = written.get("by", "").removeprefix("role.")
    if role:
        context.name((*where, "by"), role, frozenset(context.house.roles), "role")
    return Approvals(written["of"], written["needs"], written.get("early", True), role)


def _weighed(context: Context, where: Where, written: str | None, known: Mapping[str, Text] | None, what: str) -> Named:
    """A line or a decision, written or computed; `known` are those of the house, if it lists them."""
    found = None if written is None else context.literal_or_expression(where, written)
    if isinstance(found, Expression):
        if found.secret:
            context.problem(where, "CW805", "a refusal would show this secret field")
        elif found.type.kind not in (TEXT_TYPE.kind, "any"):
            context.problem(where, "CW805", f"expected a name, this is {found.type}")
    elif found and known:
        context.name(where, found, frozenset(known), what)
    return found or ""


def _priority(context: Context, where: Where, written: int | str) -> int | Expression:
    if isinstance(written, int):
        if written not in PRIORITIES:
            context.problem(where, "CW804", f"there is no priority {written}", expected=str(_PRIORITY["title"]))
        return written
    found = context.literal_or_expression(where, written)
    if isinstance(found, str):
        context.problem(where, "CW804", f"{found!r} is no priority", expected=str(_PRIORITY["title"]))
    elif found is not None and found.type.kind not in (INT.kind, "any"):
        context.problem(where, "CW804", f"expected a whole number, this is {found.type}")
    return found if isinstance(found, Expression) else 0


def _process(context: Context, where: Where, found: dict[str, Any]) -> Owning | None:
    written = found.get("owner")
    if written is None:
        return None
    if written == "starter":
        return Owning(starter=True)
    context.name((*where, "owner", "first"), written["first"], context.steps, "step")
    if "else_queue" in written:
        known = frozenset(context.house.queues)
        context.name((*where, "owner", "else_queue"), written["else_queue"], known, "queue")
    return Owning(written["first"], written.get("starter", False), written.get("else_queue", ""))


def check(context: Context, process: Process) -> None:
    """What shows only when every step is known: who did no person's step, decisions the house does not have."""
    people = frozenset(name for name, node in process.nodes.items() if isinstance(node.spec, Human))
    owning = process.parts.get(PART)
    if owning is not None and owning.first in process.nodes and owning.first not in people:
        _no_person(context, ("owner", "first"), owning.first)
    for name in sorted(people):
        work = process.nodes[name].parts.get(PART)
        if work is None:
            continue
        where = context.where_of(name)
        for index, other in enumerate(work.not_by):
            if other in process.nodes and other not in people:
                _no_person(context, (*where, "human", "not_by", index), other)
        if work.approvals:
            _two_ways(context, (*where, "human", "approvals"), process.nodes[name])
        if work.authority:
            _decisions(context, where, process.nodes[name].spec, work.authority)
        if not work.else_queue and not (owning and owning.else_queue):
            _nowhere(context, (*where, "human"), work)


def _nowhere(context: Context, where: Where, work: Work) -> None:
    """A task that may find no queue would lie where nobody looks."""
    for key, name in (("queue", work.queue), ("assign", work.assign)):
        if isinstance(name, Expression) or (key == "assign" and name and not work.queue):
            message = "it may lead nowhere, and there is no queue for that case"
            context.problem((*where, key), "CW802", message, hint="name one: else_queue: …")
            return


def _two_ways(context: Context, where: Where, node: Node) -> None:
    """Votes are for one outcome or against it, and nobody's form is that of all who vote."""
    spec = node.spec
    assert isinstance(spec, Human)
    if len(spec.outcomes) != 2:
        context.problem(where, "CW809", "votes decide between two outcomes", expected="two outcomes: for, against")
    if spec.form:
        context.problem(where, "CW809", "what several decide has no form", hint="ask for it in a step before")


def _no_person(context: Context, where: Where, step: str) -> None:
    context.problem(where, "CW806", f"nobody completes {step!r}: it is not a person's step")


def _decisions(context: Context, where: Where, spec: Any, authority: Authority) -> None:
    known = context.house.authority.get(authority.kind)
    if known is None or not known.decisions:
        return
    for name, outcome in spec.outcomes.items():
        if outcome.decision:
            at = (*where, "outcomes", name, "decision")
            context.name(at, outcome.decision, frozenset(known.decisions), "decision")


WORK_WORDS = Extension(
    name=PART,
    step_keywords=STEP,
    step_kinds=("human",),
    skips="skippable",
    process_keywords={"owner": OWNER},
    acts=ACT_WORDS,
    names={"owner": TEXT_TYPE},
    compile_step=_step,
    compile_process=_process,
    check=check,
    deep=(checks_people.check,),
)
"""The extension that bootstrap registers with the language."""
