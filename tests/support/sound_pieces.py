"""The pieces that random sound projects are made of (see `sound_project`): a step or several, left by one way."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from tests.support.sound_project import Sound

Known = dict[str, frozenset[str]]
"""The fields that are surely set, by their type."""
QUEUES = ("front", "back", "high")
Piece: TypeAlias = tuple[str, Callable[[str], dict[str, Any]], Known]
"""The step by which it is entered, its steps once it is known where it goes on, and what is known then."""
Makers: TypeAlias = "tuple[Callable[[Sound, Known, int], Piece], ...]"


def two(text: str) -> dict[str, str]:
    return {"zh": f"{text} 项", "en": text}


FIELDS: dict[str, Any] = {
    "number": {"title": two("number"), "type": "integer"},
    "kind": {"title": two("kind"), "enum": ["red", "green", "blue"]},
    "text": {"title": two("text"), "type": "string", "maxLength": 100},
    "flag": {"title": two("flag"), "type": "boolean"},
    "list": {"title": two("list"), "type": "array", "items": {"type": "string"}},
    "money": {"title": two("money"), "type": "number", "format": "money", "minimum": 0, "maximum": 1000},
}


def human(made: "Sound", known: Known, depth: int) -> Piece:
    """A form; perhaps sent back, with a limit that a clause asks for, four eyes, authority, a reminder."""
    name, queue = made.name("step"), made.random.choice(QUEUES)
    form = [made.field(type) for type in made.random.sample(sorted(FIELDS), made.random.randint(1, 3))]
    work: dict[str, Any] = {"queue": queue}
    step: dict[str, Any] = {"title": two("Work"), "human": work, "form": form}
    others = [id for id, other in made.humans if other != queue] if depth == 0 else []
    if others and made.random.random() < 0.5:
        work["not_by"] = [made.random.choice(others)]
    if made.random.random() < 0.3:
        money = made.pick(known, "money")
        work["authority"] = {"kind": "spending", "amount": made.random.choice([money, f"coalesce({money}, 0)"])}
    if made.random.random() < 0.5:
        days = made.random.randint(2, 9)
        step |= {"limit": f"{days}d", "clauses": [clause := made.name("K-")]}
        made.clauses[clause] = {"zh": f"{days} 日内完成", "en": f"done within {days} days"}
    if made.random.random() < 0.5:
        step["outcomes"] = {
            "on": {"title": two("On")},
            "again": {"title": two("Again"), "reason": "required", "form": "optional", "next": name},
        }
    if made.random.random() < 0.3:
        step["meanwhile"] = [{"after": "1d", "do": {made.name("step"): {"notify": ["owner"], "with": "near"}}}]
    if depth == 0:
        made.humans.append((name, queue))
    return name, lambda after: {name: {**step, "next": after}}, made.wrote(known, *form)


def assign(made: "Sound", known: Known, depth: int) -> Piece:
    name, field = made.name("step"), made.field("number", computed=True)
    number = made.pick(known, "number")
    value = made.random.choice([f"{number} + 1", f"{number} * 2 if {made.condition(known)} else {number}"])
    step = {"set": {field: value}}
    return name, lambda after: {name: {**step, "next": after}}, made.wrote(known, field)


def decide(made: "Sound", known: Known, depth: int) -> Piece:
    name, field, kind = made.name("step"), made.field("number", computed=True), made.pick(known, "kind")
    number = made.pick(known, "number")
    rules: list[dict[str, Any]] = [
        {"when": {kind: "red", number: "> 3"}, "then": {"out": 1}},
        {"when": {kind: "red, green"}, "then": {"out": 2}},
        {"then": {"out": 3}},
    ]
    del rules[: made.random.randint(0, 1)]
    inputs: dict[str, Any] = {kind: {}, number: {}} if len(rules) == 3 else {kind: {}}
    table = {"hit": "first", "inputs": inputs, "outputs": {"out": {"type": "integer"}}, "rules": rules}
    step = {"decide": {"table": table, "into": {field: "out"}}}
    return name, lambda after: {name: {**step, "next": after}}, made.wrote(known, field)


def notify(made: "Sound", known: Known, depth: int) -> Piece:
    name = made.name("step")
    step = {"notify": [made.random.choice(["owner", "customer", "role.chief", "queue.front"])], "with": "near"}
    return name, lambda after: {name: {**step, "next": after}}, known


def wait(made: "Sound", known: Known, depth: int) -> Piece:
    """A message from outside, or time; it holds clocks, so it can be left in time."""
    name, message = made.name("step"), made.name("m")
    made.messages[message] = {"title": two("M"), "data": {"said": {"type": "string"}}, "by": ["customer"]}
    into = made.field("text")
    if depth == 0:
        made.holds.append(name)
    made.written["text"].add(into)
    receive = {"message": message, "key": "number", "into": {into: "said"}}

    def finish(after: str) -> dict[str, Any]:
        late = {"after": "5d", "next": after}
        if made.random.random() < 0.5:
            return {name: {"receive": receive, "meanwhile": [late], "next": after}}
        return {name: {"race": [{**receive, "next": after}, late]}}

    return name, finish, known


def talk(made: "Sound", known: Known, depth: int) -> Piece:
    """One branch tells the other."""
    name, message, field = made.name("step"), made.name("m"), made.field("text", computed=True)
    made.messages[message] = {"title": two("M"), "data": {"said": {"type": "string"}}}
    send = {"message": message, "key": "number", "data": {"said": f"{made.pick(known, 'text')} ~ '!'"}}
    receive = {"message": message, "key": "number", "into": {field: "said"}}
    branches = {
        made.name("branch"): {"do": {made.name("step"): {"send": send}}},
        made.name("branch"): {"do": {made.name("step"): {"receive": receive}}},
    }
    return name, lambda after: {name: {"parallel": {"branches": branches}, "next": after}}, known


def switch(made: "Sound", known: Known, depth: int) -> Piece:
    """Two ways that come together again."""
    name = made.name("step")
    arms: list[dict[str, Any]] = [{}, {}]
    hole = made.name("hole")
    left = made.path(arms[0], known, made.random.randint(1, 2), depth + 1, hole)
    right = made.path(arms[1], known, made.random.randint(1, 2), depth + 1, hole)
    cases = [{"when": made.condition(known), "next": next(iter(arms[0]))}, {"else": next(iter(arms[1]))}]
    both = {type: left.get(type, frozenset()) & right.get(type, frozenset()) for type in FIELDS}

    def finish(after: str) -> dict[str, Any]:
        return {name: {"switch": cases}, **_led({**arms[0], **arms[1]}, hole, after)}

    return name, finish, both


def parallel(made: "Sound", known: Known, depth: int) -> Piece:
    """Several paths; where the first to be done is enough, each has work for people, or one would be it at once."""
    name = made.name("step")
    branches: dict[str, Any] = {}
    after_all = known
    some = made.random.random() < 0.3
    for index in range(made.random.randint(2, 3)):
        steps: dict[str, Any] = {}
        behind = made.path(steps, known, made.random.randint(1, 2), depth + 1, "end", (human,) if some else ())
        branch: dict[str, Any] = {"do": steps}
        if index and not some and made.random.random() < 0.4:
            branch["when"] = made.condition(known)
        else:
            after_all = {type: after_all.get(type, frozenset()) | behind.get(type, frozenset()) for type in FIELDS}
        branches[made.name("branch")] = branch
    spec = {"branches": branches, **({"join": "any"} if some else {})}
    return name, lambda after: {name: {"parallel": spec, "next": after}}, known if some else after_all


def each(made: "Sound", known: Known, depth: int) -> Piece:
    name, item, note = made.name("step"), made.name("item"), made.field("text")
    made.written["text"].add(note)
    kept = made.field("list", computed=True)
    over = made.pick(known, "list")
    work = {"title": two("Each"), "human": {"queue": made.random.choice(QUEUES)}, "form": [note]}
    spec = {
        "over": made.random.choice([over, f"coalesce({over}, [])"]),
        "as": item,
        "do": {made.name("step"): work},
        "collect": {kept: f"{item} ~ coalesce({note}, '')"},
    }
    return name, lambda after: {name: {"each": spec, "next": after}}, made.wrote(known, kept)


def block(made: "Sound", known: Known, depth: int) -> Piece:
    """A block in which something may fail, or be told further out, and is taken up there."""
    name, fails, raised = made.name("step"), made.name("step"), made.name("e")
    inner: dict[str, Any] = {}
    known_inside = made.path(inner, known, made.random.randint(1, 2), depth + 1, asks := made.name("step"))
    worked = made.name("step")
    inner[asks] = {"switch": [{"when": made.condition(known_inside), "next": fails}, {"else": worked}]}
    inner[worked] = {"title": two("Work"), "human": {"queue": "front"}, "next": "end"}
    if made.random.random() < 0.5:
        made.errors[raised] = two("E")
        inner[fails] = {"fail": raised}
        return (
            name,
            lambda after: {name: {"block": inner, "meanwhile": [{"error": raised, "next": after}], "next": after}},
            known,
        )
    made.escalations[raised] = two("E")
    inner[fails] = {"escalate": raised, "next": "end"}
    heard = {"escalation": raised, "do": {made.name("step"): {"notify": ["owner"], "with": "near"}}}
    return name, lambda after: {name: {"block": inner, "meanwhile": [heard], "next": after}}, known_inside


def call(made: "Sound", known: Known, depth: int) -> Piece:
    """Another process, and a look at how it ended."""
    name, look, field = made.name("step"), made.name("step"), made.field("text", computed=True)
    told = made.name("step")
    cases = [{"when": f"{field} == '{made.ends[-1]}'", "next": told}]

    def finish(after: str) -> dict[str, Any]:
        return {
            name: {"call": {"process": "helper", "into": {field: "end"}}, "next": look},
            look: {"switch": [*cases, {"else": after}]},
            told: {"notify": ["customer"], "with": "near", "next": after},
        }

    return name, finish, made.wrote(known, field)


def undone(made: "Sound", known: Known, depth: int) -> Piece:
    """What is done, and taken back where somebody says so."""
    name, asks, back, field = *(made.name("step") for _ in range(3)), made.field("number", computed=True)

    def finish(after: str) -> dict[str, Any]:
        outcomes = {"keep": {"title": two("Keep")}, "undo": {"title": two("Undo"), "next": back}}
        return {
            name: {"set": {field: "1"}, "undo": {"set": {field: "0"}}, "next": asks},
            asks: {"title": two("Keep it?"), "human": {"queue": "high"}, "outcomes": outcomes, "next": after},
            back: {"compensate": name, "next": after},
        }

    return name, finish, made.wrote(known, field)


def storm(made: "Sound", known: Known, depth: int) -> Piece:
    """A signal that one branch gives and the other hears."""
    name, signal = made.name("step"), made.name("s")
    made.signals[signal] = two("S")
    hears = {"race": [{"signal": signal, "next": "end"}, {"after": "3d", "next": "end"}]}
    branches = {
        made.name("branch"): {"do": {made.name("step"): {"signal": signal}}},
        made.name("branch"): {"do": {made.name("step"): hears}},
    }
    return name, lambda after: {name: {"parallel": {"branches": branches}, "next": after}}, known


def _led(steps: Any, hole: str, after: str) -> Any:
    """The same steps, with the name that stood for what follows filled in."""
    if isinstance(steps, dict):
        return {key: _led(value, hole, after) for key, value in steps.items()}
    if isinstance(steps, list):
        return [_led(value, hole, after) for value in steps]
    return after if steps == hole else steps


PLAIN = (human, human, assign, decide, notify, wait)
NESTED = (switch, parallel, each, block, call, undone, storm, talk)
