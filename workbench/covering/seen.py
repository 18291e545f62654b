"""What the cases of an installation have gone through, read from their histories.

Theory of operation. Nothing is counted while cases run: the events say it all afterwards. Steps, outcomes, handlers,
rows and rungs are named in them. A race is told by the timer or message that was caught just before it was left.
The way out of a switch is the step entered next; where several ways lead to the same step, the state is replayed to
that moment and their conditions are held against it once more, in order. A way that cannot be told so is not counted.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from msgspec.structs import replace

from bootstrap import MACHINE, Caseway
from engine.core import events as e
from engine.core.commands import Request, RetryIncident
from engine.core.data import Fault, Names, names
from engine.core.expressions import EvaluationError
from engine.core.machine import Turn
from engine.core.model import Decide, Flow, Fork, Human, Json, Parallel, Process, Race, Switch
from sla.events import ClockStarted, RungFired
from sla.reports import breaches
from tasks.lifecycle import SYSTEM
from workbench.covering.items import Item
from workbench.story import events_of, state_of


def seen(caseway: Caseway) -> dict[str, set[Item]]:
    """Process → what its cases in this installation have gone through; and, as items of the kind `breach`, which of
    their clocks were late."""
    found: dict[str, set[Item]] = {}
    for (case,) in caseway.connection.all("SELECT id FROM cases ORDER BY id", ()):
        _, process = state_of(caseway, case)
        found.setdefault(process.name, set()).update(item for _, item in Walk(caseway, case, process).items())
    for late in breaches(caseway.connection, caseway.clock.now()):
        found.setdefault(late.process, set()).add(Item("breach", late.clock))
    return found


class Walk:
    """One case's events, with what has to be known of those before."""

    def __init__(self, caseway: Caseway, case: str, process: Process, watched: Collection[str] = ()) -> None:
        self._caseway, self._case, self._process = caseway, case, process
        self._state = MACHINE.new()
        self._steps: dict[int, str] = {}
        self._armed: dict[tuple[str, int], tuple[int, int]] = {}  # timer or wait → token, handler
        self._raced: set[int] = set()
        self._watched = watched
        self.views: dict[str, dict[str, Json]] = {}
        """What the watched steps saw of the data when they were first entered; filled as `items` goes on."""

    def items(self) -> Iterator[tuple[int, Item]]:
        """What the case has gone through, each with the number of the row of its history that tells it, from 1. A
        clock that starts is told too, as an item of the kind `clock`."""
        for row, (at, events) in enumerate(events_of(self._caseway, self._case), 1):
            for place, event in enumerate(events):
                for item in self._item(event, events[place + 1 :], at):
                    yield row, item
                self._state = MACHINE.replay([event], self._state)
                if isinstance(event, e.StepEntered) and event.step in self._watched:
                    self.views.setdefault(event.step, self._seen_by(event.token, at))

    def _item(self, event: e.Event, after: Sequence[e.Event], at: datetime) -> Iterator[Item]:
        match event:
            case e.StepEntered(token=token, step=step, up=up, via=via):
                self._steps[token] = step
                yield Item("step", step)
                yield from self._branch(self._steps.get(up, ""), step, via)
            case e.StepLeft(token=token, step=step, outcome=outcome):
                entered = after[0] if after else None
                goal = entered.step if isinstance(entered, e.StepEntered) and entered.via == step else None
                yield from self._left(token, step, goal, outcome, at)
            case e.StepClosing(token=token, step=step, next=goal, outcome=outcome):
                yield from self._left(token, step, goal, outcome, at)
            case e.HandlerFired(token=token, handler=number):
                yield Item("handler", self._steps.get(token, ""), f"/{number}")
            case e.TimerSet(timer=timer, token=token, handler=handler):
                self._armed["timer", timer] = token, handler
            case e.WaitOpened(wait=wait, token=token, handler=handler):
                self._armed["wait", wait] = token, handler
            case e.TimerFired(timer=timer):
                yield from self._caught("timer", timer)
            case e.MessageCaught(wait=wait):
                yield from self._caught("wait", wait)
            case e.Decided(step=step, rules=rules) if isinstance(self._process.nodes[step].spec, Decide):
                table = self._process.nodes[step].spec.table.name  # type: ignore[union-attr]  # it is a Decide
                for rule in rules:
                    yield Item("row", table, str(rule))
            case ClockStarted(clock=clock):
                yield Item("clock", clock)
            case RungFired(clock=clock, rung=rung):
                yield Item("rung", clock, str(rung))
            case _:
                pass

    def _branch(self, scope: str, step: str, via: str) -> Iterator[Item]:
        """Branches of a `parallel` are told by their first step, flows of a fork by where it leads."""
        node = self._process.nodes.get(scope)
        if node is not None and isinstance(node.spec, Parallel):
            for branch in node.spec.branches:
                if branch.first == step:
                    yield Item("branch", scope, branch.name)
            if node.spec.otherwise == step:
                yield Item("branch", scope, "else")
        fork = self._process.nodes.get(via)
        if fork is not None and isinstance(fork.spec, Fork):
            for place, flow in enumerate(fork.spec.flows):
                if flow.next == step:
                    yield Item("branch", via, str(place))
            if fork.spec.otherwise == step:
                yield Item("branch", via, "else")

    def _caught(self, kind: str, number: int) -> Iterator[Item]:
        token, handler = self._armed.get((kind, number), (0, 0))
        step = self._steps.get(token, "")
        if handler < 0 and step:
            self._raced.add(token)
            yield Item("branch", step, str(-handler - 1))

    def _left(self, token: int, step: str, goal: str | None, outcome: str, at: datetime) -> Iterator[Item]:
        node = self._process.nodes[step]
        spec = node.spec
        if isinstance(spec, Human) and outcome in spec.outcomes:
            yield Item("outcome", step, outcome)
        elif isinstance(spec, Switch):
            ways = [(place, flow) for place, flow in enumerate(spec.flows) if flow.next == goal]
            found = ways[0][0] if len(ways) == 1 else self._holding(token, ways, at)
            if found is not None:
                yield Item("branch", step, str(found))
        elif isinstance(spec, Race) and token not in self._raced:  # set off by a condition
            options = [
                place
                for place, option in enumerate(spec.options)
                if (option.next or node.next) == goal and option.trigger.kind in ("when", "changed")
            ]
            if len(options) == 1:
                yield Item("branch", step, str(options[0]))

    def _holding(self, token: int, ways: Sequence[tuple[int, Flow]], at: datetime) -> int | None:
        """The first of the ways whose condition holds as the case stands, before it is left."""
        view = self._view(token, at)
        for place, flow in ways:
            try:
                if flow.when is None or flow.when.test(view):
                    return place
            except (EvaluationError, Fault):
                return None
        return None

    def _view(self, token: int, at: datetime) -> Names:
        request = Request("coverage", self._case, RetryIncident(0), SYSTEM, at)
        key = self._caseway.connection.one("SELECT key FROM cases WHERE id = ?", (self._case,))[0]
        sealer = self._caseway.vault.cipher(self._case, key).sealer
        env = replace(self._caseway.env(), now=at, sealer=sealer)
        return names(Turn(MACHINE, self._process, self._state, request, env), token)

    def _seen_by(self, token: int, at: datetime) -> dict[str, Json]:
        view = self._view(token, at)
        return {name: view.get(name) for name in (*self._process.names, "now", "zone", "number", "starter", *view)}
