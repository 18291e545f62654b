"""Small processes on which the store is tested, built as compiled graphs."""

from collections.abc import Mapping
from typing import Any

from engine.core.durations import Duration
from engine.core.expressions import compile_expression
from engine.core.kinds import ANY, INT, TEXT
from engine.core.model import (
    Call,
    Catch,
    End,
    Handler,
    Human,
    Node,
    Notify,
    Process,
    Send,
    Service,
    Signal,
    Start,
    Trigger,
)

NAMES = {"who": TEXT, "amount": INT, "total": INT, "note": TEXT, "reply": ANY, "called": ANY}
FORM = (("who",), ("amount",), ("note",))


def ex(source: str) -> Any:
    return compile_expression(source, NAMES)


def process(name: str, *nodes: Node, **more: Any) -> Process:
    """The nodes follow one another, unless they say otherwise."""
    return Process(name, f"{name}-1", {n.id: n for n in nodes}, nodes[0].id, names=NAMES, **more)


def chain(*steps: tuple[str, str, Any], **handlers: tuple[Handler, ...]) -> list[Node]:
    ids = [step[0] for step in steps] + [None]
    return [
        Node(name, kind, spec, next=ids[i + 1], handlers=handlers.get(name, ()))
        for i, (name, kind, spec) in enumerate(steps)
    ]


def boom(**given: Any) -> Any:
    raise ZeroDivisionError("a bug in a function")


def after(length: Duration) -> Trigger:
    return Trigger("after", length=length)


TWO = process("two", *chain(("a", "human", Human(FORM)), ("b", "human", Human(FORM))), number="T-{year}-{seq:04}")
LIMITED = process(
    "limited",
    *chain(
        ("a", "human", Human(FORM)), ("late", "end", End("late")), a=(Handler(after(Duration(2, "h")), next="late"),)
    ),
)
SERVED = process(
    "served",
    *chain(
        ("call_out", "service", Service("price", {"amount": ex("amount")}, (("", ("total",)),), times=3)),
        ("check", "human", Human()),
    ),
)
WAITS = process(
    "waits",
    *chain(
        ("letter", "receive", Catch(Trigger("message", "reply", key=ex("who")))),
        ("rest", "human", Human()),
    ),
)
ALSO_WAITS = process(
    "also_waits",
    *chain(("letter", "receive", Catch(Trigger("message", "reply", key=ex("who"))))),
)
SENDS = process(
    "sends",
    *chain(
        ("say", "send", Send("reply", ex("who"), {"note": ex("note")})),
        ("alarm", "signal", Signal("alarm")),
        ("tell", "notify", Notify(("role.boss",), "told", {"who": ex("who")})),
    ),
)
ALERT = process("alert", *chain(("alarm", "wait", Catch(Trigger("signal", "alarm")))))
CALLS = process("calls", *chain(("sub", "call", Call("two", {"who": ex("who")}, (("note", ("note",)),)))))
BY_MESSAGE = process(
    "by_message", *chain(("a", "human", Human())), start=Start(message="claim_reported"), number="M-{seq}"
)
DAILY = process("daily", *chain(("a", "human", Human())), start=Start(every="day"))

ALL: Mapping[str, Process] = {
    p.name: p for p in (TWO, LIMITED, SERVED, WAITS, ALSO_WAITS, SENDS, ALERT, CALLS, BY_MESSAGE, DAILY)
}


class Deployed:
    """The versions of the tests: everything above, one version each."""

    def __init__(self, processes: Mapping[str, Process] = ALL) -> None:
        self.processes = dict(processes)

    def process(self, name: str, version: str = "") -> Process | None:
        return self.processes.get(name)

    def called(self, caller: Process, name: str, latest: bool) -> str | None:
        found = self.processes.get(name)
        return None if found is None else found.version
