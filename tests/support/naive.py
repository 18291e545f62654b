"""A second, naive token game: what a case's marking should be, worked out in the plainest way.

It shares nothing with `engine.core` but the compiled process and its expressions: no events, no state that is
written down, no numbers; activations are objects that know the one around them, and everything is found by looking
through all of them. The property tests play it beside the interpreter and compare after every command.

It models markings, armed triggers, incidents and plain data; not time, secrets, types, decisions or the bound on steps.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from engine.core.expressions import EvaluationError, Expression
from engine.core.model import (
    AdHoc,
    Block,
    Call,
    Catch,
    Compensate,
    Each,
    End,
    Escalate,
    Fail,
    Fork,
    Handler,
    Human,
    Join,
    Node,
    Parallel,
    Process,
    Race,
    Service,
    Set,
    Switch,
    Trigger,
)  # fmt: skip

SCOPES = (Block, Parallel, Each, AdHoc)
EMPTIED = (Block, Parallel, Each, Compensate)
TIMED = ("after", "at", "every")


class Stuck(Exception):
    """Something cannot be worked out."""


class Overrun(Exception):
    """So many steps in one go that it must be a cycle without a wait."""


@dataclass(eq=False)
class Spot:
    """An activation of a step."""

    step: str
    up: "Spot | None"
    via: str = ""
    body: int = 0
    local: dict[str, Any] | None = None
    item: int = -1
    phase: str = ""  # "", ready, closing
    goal: str | None = None
    done: int = 0
    items: list[Any] = field(default_factory=list)
    results: dict[int, list[Any]] = field(default_factory=dict)
    todo: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    armed: bool = False
    failed: bool = False


@dataclass(eq=False)
class Armed:
    host: Spot | None
    index: int
    trigger: Trigger
    key: str = ""
    fired: int = 0
    seen: Any = None


@dataclass(eq=False)
class Undoable:
    step: str
    scope: Spot | None
    local: dict[str, Any]


class Game:
    def __init__(self, process: Process, *, called: bool = False) -> None:
        self.process = process
        self.called = called
        self.status = "new"
        self.end = ""
        self.data: dict[str, Any] = {}
        self.spots: list[Spot] = []
        self.armed: list[Armed] = []
        self.jobs: list[Spot] = []
        self.calls: list[Spot] = []
        self.incidents: list[tuple[Spot | None, str]] = []
        self.undos: list[Undoable] = []
        self.counted: dict[tuple[Spot | None, str], list[str]] = {}
        self.spent: set[int] = set()
        self.queue: deque[Spot] = deque()
        self.played = 0

    # --- what is asked of it ------------------------------------------------------------------------

    def start(self, data: dict[str, Any]) -> None:
        self.status = "open"
        self.data = dict(data)
        self.arm(None, self.process.handlers)
        self.put(self.process.first, None)
        self.settle()

    def complete(self, spot: Spot, outcome: str, form: dict[str, Any]) -> None:
        human = cast(Human, self.spec(spot))
        self.write(spot, form)
        goal = human.outcomes[outcome].next if outcome else None
        self.leave(spot, goal or self.node(spot).next)
        self.settle()

    def skip(self, spot: Spot) -> None:
        spot.failed = True  # not done: there is nothing of it to undo
        self.leave(spot, self.node(spot).next)
        self.settle()

    def fire_timer(self, host: Spot | None, index: int) -> None:
        one = next(a for a in self.armed if a.host is host and a.index == index and a.trigger.kind in TIMED)
        self.armed.remove(one)
        repeats = one.trigger.every or one.trigger.kind == "every"
        beside = index > 0 and self.handlers(host)[index - 1].body is not None
        if repeats and beside and (one.trigger.times is None or one.fired + 1 < one.trigger.times):
            self.armed.append(Armed(host, index, one.trigger, fired=one.fired + 1))
        self.fire(host, index)
        self.settle()

    def message(self, name: str, key: str, payload: dict[str, Any]) -> None:
        one = next(
            a for a in self.armed if (a.trigger.kind, a.trigger.name) == ("message", name) and a.key in ("", key)
        )
        self.fire(one.host, one.index, payload)
        self.settle()

    def signal(self, name: str) -> None:
        for one in [a for a in self.armed if (a.trigger.kind, a.trigger.name) == ("signal", name)]:
            if one in self.armed:
                self.fire(one.host, one.index)
        self.settle()

    def finish_job(self, spot: Spot, result: dict[str, Any]) -> None:
        self.jobs.remove(spot)
        self.write(spot, {path[0]: result[name] for name, path in cast(Service, self.spec(spot)).into})
        self.leave(spot, self.node(spot).next)
        self.settle()

    def fail_job(self, spot: Spot, code: str) -> None:
        self.jobs.remove(spot)
        if code:
            self.throw(spot, code)
        else:
            self.hold(spot, "service")
        self.settle()

    def finish_call(self, spot: Spot, error: str) -> None:
        self.calls.remove(spot)
        if error:
            self.throw(spot, error)
        else:
            self.leave(spot, self.node(spot).next)
        self.settle()

    def escalate_call(self, spot: Spot, name: str) -> None:
        self.caught(spot, "escalation", name)
        self.settle()

    def retry(self, number: int) -> None:
        spot, _ = self.incidents.pop(number)
        if spot is not None and self.held_back(spot):
            self.queue.append(spot)
        self.settle()

    def suspend(self) -> None:
        self.status = "suspended"

    def resume(self) -> None:
        self.status = "open"
        stuck = {id(spot) for spot, _ in self.incidents}
        self.queue.extend(s for s in self.spots if id(s) not in stuck and self.held_back(s))
        self.settle()

    def cancel_case(self) -> None:
        for spot in self.within(None):
            self.cancel(spot)
        self.over()

    def start_step(self, spot: Spot, step: str) -> None:
        self.put(step, spot, spot.step)
        self.settle()

    def finish_block(self, spot: Spot) -> None:
        self.leave(spot, self.node(spot).next)
        self.settle()

    def add_instance(self, spot: Spot, item: Any) -> None:
        spec = cast(Each, self.spec(spot))
        spot.items.append(item)
        if not spec.sequential:
            self.instance(spot, len(spot.items) - 1)
        self.settle()

    # --- looking around -----------------------------------------------------------------------------

    def node(self, spot: Spot) -> Node:
        return self.process.nodes[spot.step]

    def spec(self, spot: Spot) -> Any:
        return self.node(spot).spec

    def within(self, scope: Spot | None, bodies: bool = True) -> list[Spot]:
        return [s for s in self.spots if s.up is scope and (bodies or not s.body)]

    def around(self, spot: Spot | None) -> Iterator[Spot | None]:
        """The activation itself, all that it stands in, and at last the process."""
        while spot is not None:
            yield spot
            spot = spot.up
        yield None

    def handlers(self, host: Spot | None) -> tuple[Handler, ...]:
        return self.process.handlers if host is None else self.node(host).handlers

    def held_back(self, spot: Spot) -> bool:
        return spot.phase == "ready" or (spot.phase == "closing" and not self.within(spot))

    def names(self, spot: Spot | None, **extra: Any) -> dict[str, Any]:
        found = dict(self.data)
        for scope in reversed(list(self.around(spot))):
            if scope is not None and scope.local is not None:
                found |= scope.local
        return found | extra

    def work_out(self, expression: Expression, spot: Spot | None, **extra: Any) -> Any:
        try:
            return expression.json(self.names(spot, **extra))
        except EvaluationError as error:
            raise Stuck from error

    def holds(self, expression: Expression | None, spot: Spot | None, **extra: Any) -> bool:
        try:
            return expression is None or expression.test(self.names(spot, **extra))
        except EvaluationError as error:
            raise Stuck from error

    def write(self, spot: Spot | None, changes: dict[str, Any]) -> None:
        for name, value in changes.items():
            for scope in self.around(spot):
                if scope is None:
                    self.data[name] = value
                    break
                around = None if scope.up is None else self.spec(scope.up)
                if isinstance(around, Each) and scope.item >= 0 and scope.local is not None:
                    scope.local[name] = value
                    break
                if isinstance(around, Parallel) and name in around.merge and scope.local is not None:
                    scope.local[name] = value
                    break

    # --- moving -------------------------------------------------------------------------------------

    def put(self, step: str, up: Spot | None, via: str = "", **more: Any) -> None:
        spot = Spot(step, up, via, **more)
        self.spots.append(spot)
        self.queue.append(spot)

    def follow(self, spot: Spot, step: str) -> None:
        """On the same path, with what is its own."""
        local = None if spot.local is None else dict(spot.local)
        self.put(step, spot.up, spot.step, local=local, item=spot.item, body=spot.body)

    def run(self) -> None:
        while self.queue:
            spot = self.queue.popleft()
            if spot not in self.spots:
                continue
            if self.status == "suspended":
                spot.phase = "ready"
            elif spot.phase == "closing":
                self.go(spot, spot.goal)
            else:
                self.play(spot)

    def play(self, spot: Spot) -> None:
        spot.phase = ""
        self.played += 1
        if self.played > 5_000:
            raise Overrun
        try:
            plans = () if spot.armed else self.plans(spot, self.node(spot).handlers)
            PLAY.get(type(self.spec(spot)), _pass)(self, spot, self.spec(spot))
        except Stuck:
            self.hold(spot, "expression")
            return
        if spot in self.spots and spot.phase != "closing" and not spot.armed:
            self.armed.extend(plans)
            spot.armed = bool(plans)

    def settle(self) -> None:
        self.played = 0
        self.run()
        busy = True
        while busy and self.status == "open":
            busy = self.release_joins()
            self.run()
            while self.status == "open" and self.one_condition():
                busy = True
                self.run()

    def hold(self, spot: Spot, kind: str) -> None:
        spot.phase = "ready"
        self.incidents.append((spot, kind))

    def leave(self, spot: Spot, goal: str | None) -> None:
        self.disarm(spot)
        if self.status == "suspended" or any(s.body for s in self.within(spot)):
            spot.phase, spot.goal = "closing", goal
        else:
            self.go(spot, goal)

    def go(self, spot: Spot, goal: str | None) -> None:
        up = spot.up
        then: Callable[[], None] | None = None
        try:
            if goal is None and up is not None and not spot.body:
                then = self.child_ends(up, spot)
        except Stuck:
            spot.phase, spot.goal = "closing", goal
            self.incidents.append((spot, "expression"))
            return
        node = self.node(spot)
        view = self.names(spot)
        for step in node.cancels:
            self.cancel_step(step, spot)
        if node.undo and not spot.failed:
            self.undos = [u for u in self.undos if u.scope is not spot]
        self.remove(spot)
        if node.undo and not spot.failed:
            self.undos.append(Undoable(spot.step, up, {n: view.get(n) for n in node.undo_reads}))
        if goal is not None:
            self.follow(spot, goal)
        elif then is not None:
            then()
        else:
            self.nothing_left(up)

    def nothing_left(self, up: Spot | None) -> None:
        """A path of the process, or a handler's body, has ended."""
        if up is None:
            if not self.spots:
                self.over()
        elif up.phase == "closing" and not self.within(up):
            self.go(up, up.goal)

    def over(self) -> None:
        self.disarm(None)
        self.status = "ended"
        self.undos, self.spent = [], set()
        self.counted = {}

    def remove(self, spot: Spot) -> None:
        self.spots.remove(spot)
        for undo in self.undos:
            if undo.scope is spot:
                undo.scope = spot.up
        self.counted = {k: v for k, v in self.counted.items() if k[0] is not spot}

    def cancel(self, spot: Spot) -> None:
        for child in self.within(spot):
            self.cancel(child)
        self.disarm(spot)
        self.undos = [Undoable(step, spot.up, local) for step, local in spot.todo] + self.undos
        self.remove(spot)

    def cancel_step(self, step: str, by: Spot) -> None:
        spared = list(self.around(by))
        for spot in [s for s in self.spots if s.step == step]:
            while spot in self.spots and spot not in spared:
                up = spot.up
                self.cancel(spot)
                if up is None:
                    break
                if up.phase == "closing" and not self.within(up):
                    self.queue.append(up)
                empty = isinstance(self.spec(up), EMPTIED) and not self.within(up, bodies=False)
                if spot.body or up.phase == "closing" or not empty:
                    break
                if up in spared:
                    self.leave(up, self.node(up).next)
                spot = up

    # --- scopes -------------------------------------------------------------------------------------

    def child_ends(self, up: Spot, child: Spot) -> Callable[[], None]:
        spec = self.spec(up)
        node = self.node(up)

        def if_empty() -> None:
            if not self.within(up, bodies=False):
                self.leave(up, node.next)

        if isinstance(spec, Block):
            return if_empty
        if isinstance(spec, AdHoc):
            return if_empty if spec.until is not None and self.holds(spec.until, up) else lambda: None
        if isinstance(spec, Compensate):
            return lambda: self.undo_next(up)
        if isinstance(spec, Parallel):
            merged = self.merged(up, spec, child)
            return lambda: self.branch_ends(up, spec, merged)
        assert isinstance(spec, Each)
        values = [self.work_out(value, child) for _, value in spec.collect]
        counts = {"done": len(up.results) + 1, "total": len(up.items)}
        enough = spec.until is not None and self.holds(spec.until, child, **counts)
        return lambda: self.instance_ends(up, spec, child.item, values, enough)

    def merged(self, up: Spot, spec: Parallel, child: Spot) -> dict[str, Any]:
        mine, around = child.local or {}, self.names(up)
        changes = {}
        for name, how in spec.merge.items():
            value, before = mine.get(name), around.get(name)
            if value is not None:
                changes[name] = value if before is None or how == "last" else before + value  # sum, concat
        return changes

    def branch_ends(self, up: Spot, spec: Parallel, merged: dict[str, Any]) -> None:
        up.done += 1
        self.write(up, merged)
        left = self.within(up, bodies=False)
        if left and (spec.needs is None or up.done < spec.needs):
            return
        for other in left:
            self.cancel(other)
        self.leave(up, self.node(up).next)

    def instance_ends(self, up: Spot, spec: Each, item: int, values: list[Any], enough: bool) -> None:
        up.results[item] = values
        if not enough and spec.sequential and item + 1 < len(up.items):
            self.instance(up, item + 1)
            return
        left = self.within(up, bodies=False)
        if left and not enough:
            return
        for other in left:
            self.cancel(other)
        self.each_leaves(up, spec)

    def each_leaves(self, up: Spot, spec: Each) -> None:
        rows = [up.results[i] for i in sorted(up.results)]
        self.write(up, {path[0]: [row[i] for row in rows] for i, (path, _) in enumerate(spec.collect)})
        self.leave(up, self.node(up).next)

    def instance(self, up: Spot, item: int) -> None:
        spec = cast(Each, self.spec(up))
        self.put(spec.body, up, item=item, local={spec.item: up.items[item]})

    def undo_next(self, spot: Spot) -> None:
        if not spot.todo:
            self.leave(spot, self.node(spot).next)
            return
        step, local = spot.todo.pop()
        body = self.process.nodes[step].undo
        assert body is not None
        self.put(body, spot, step, local=dict(local))

    # --- triggers -----------------------------------------------------------------------------------

    def plans(self, host: Spot | None, handlers: tuple[Handler, ...], first: int = 1, by: int = 1) -> tuple[Armed, ...]:
        return tuple(
            self.plan(host, first + by * n, handler.trigger)
            for n, handler in enumerate(handlers)
            if handler.trigger.kind not in ("error", "escalation")
        )

    def plan(self, host: Spot | None, index: int, trigger: Trigger) -> Armed:
        key = ""
        if trigger.key is not None:
            key = self.work_out(trigger.key, host)
            if key is None:
                raise Stuck
        seen = self.names(host).get(trigger.path[0]) if trigger.kind == "changed" else False
        return Armed(host, index, trigger, str(key), seen=seen)

    def arm(self, host: Spot | None, handlers: tuple[Handler, ...]) -> None:
        self.armed.extend(self.plans(host, handlers))

    def disarm(self, host: Spot | None) -> None:
        self.armed = [a for a in self.armed if a.host is not host]
        self.jobs = [s for s in self.jobs if s is not host]
        self.calls = [s for s in self.calls if s is not host]
        self.incidents = [(s, k) for s, k in self.incidents if s is not host]

    def fire(self, host: Spot | None, index: int, payload: dict[str, Any] | None = None) -> None:
        if index <= 0:
            assert host is not None
            spec = self.spec(host)
            trigger = spec.options[-index - 1].trigger if isinstance(spec, Race) else spec.trigger
            self.take(host, trigger, payload)
            goal = spec.options[-index - 1].next if isinstance(spec, Race) else None
            self.leave(host, goal or self.node(host).next)
            return
        handler = self.handlers(host)[index - 1]
        self.take(host, handler.trigger, payload)
        if handler.body is not None:
            if handler.trigger.kind == "error":
                for spot in self.within(host, bodies=False):
                    self.cancel(spot)
            if handler.trigger.kind == "error" and host is not None:
                self.disarm(host)
                host.phase, host.goal, host.failed = "closing", self.node(host).next, True
            self.put(handler.body, host, body=index)
        elif host is not None:
            self.cancel(host)
            self.follow(host, cast(str, handler.next))
        else:
            self.spent.add(index)
            self.armed = [a for a in self.armed if (a.host, a.index) != (None, index)]
            for spot in self.within(None):
                self.cancel(spot)
            self.put(cast(str, handler.next), None)

    def take(self, host: Spot | None, trigger: Trigger, payload: dict[str, Any] | None) -> None:
        self.write(host, {a.path[0]: self.work_out(a.value, host, **(payload or {})) for a in trigger.into})

    def caught(self, spot: Spot, kind: str, name: str) -> bool:
        inside_of: Spot | None = None
        for host in self.around(spot):
            own_body = inside_of is not None and inside_of.body
            inside_of = host
            if own_body or (host is not None and host.phase == "closing"):
                continue
            for index, handler in enumerate(self.handlers(host), 1):
                if handler.trigger.kind == kind and handler.trigger.name in ("", name):
                    if host is None and index in self.spent:
                        continue
                    self.fire(host, index)
                    return True
        return False

    def throw(self, spot: Spot, name: str) -> None:
        if self.caught(spot, "error", name):
            return
        if self.called and self.status == "open":
            self.end = name
            self.cancel_case()
        else:
            self.hold(spot, "error")

    def one_condition(self) -> bool:
        for one in self.armed:
            trigger = one.trigger
            if trigger.kind == "when":
                try:
                    now: Any = self.holds(trigger.when, one.host)
                except Stuck:
                    now = False
            elif trigger.kind == "changed":
                now = self.names(one.host).get(trigger.path[0])
            else:
                continue
            if now == one.seen:
                continue
            one.seen = now
            if now or trigger.kind == "changed":
                self.fire(one.host, one.index)
                return True
        return False

    # --- merges of plain graphs ---------------------------------------------------------------------

    def arrived(self, spot: Spot) -> dict[str, Spot]:
        first: dict[str, Spot] = {}
        for other in self.spots:
            if other.step == spot.step and other.up is spot.up:
                first.setdefault(other.via, other)
        return first

    def try_join(self, spot: Spot, spec: Join) -> bool:
        first = self.arrived(spot)
        missing = set(spec.incoming) - set(first)
        if missing and (spec.mode == "all" or self.can_come(spot, missing)):
            return False
        goes = first.pop(spot.via)
        for other in first.values():
            self.disarm(other)
            self.remove(other)
        self.leave(goes, self.node(goes).next)
        return True

    def can_come(self, spot: Spot, missing: set[str]) -> bool:
        return any(
            missing & self.ahead(other.step, spot.step)
            for other in self.spots
            if other.up is spot.up and other.step != spot.step
        )

    def ahead(self, step: str, but: str) -> set[str]:
        """Every step that a token here may still come to without passing that join, its own among them."""
        seen: set[str] = set()
        todo = [step]
        while todo:
            name = todo.pop()
            if name in seen or name == but:
                continue
            seen.add(name)
            todo.extend(self.next_steps(self.process.nodes[name]))
        return seen

    def next_steps(self, node: Node) -> list[str]:
        spec = node.spec
        found: list[str | None] = [h.next for h in node.handlers]
        if isinstance(spec, Switch | Fork):
            found += [f.next for f in spec.flows]
        if isinstance(spec, Fork):
            found.append(spec.otherwise)
        if isinstance(spec, Human):
            found += [o.next for o in spec.outcomes.values()]
        if isinstance(spec, Race):
            found += [o.next for o in spec.options]
        if not isinstance(spec, Switch | Fork):
            found.append(node.next)
        return [name for name in found if name is not None]

    def release_joins(self) -> bool:
        went = False
        for spot in list(self.spots):
            spec = self.spec(spot)
            if spot in self.spots and isinstance(spec, Join) and spec.mode == "inclusive" and not spot.phase:
                went = self.try_join(spot, spec) or went
        return went

    def marking(self) -> list[Any]:
        """Everything that stands, is armed and is open, by the order in which the activations came about."""
        place = {id(s): n for n, s in enumerate(self.spots, 1)}

        def at(spot: Spot | None) -> int:
            return 0 if spot is None else place[id(spot)]

        return [
            [(s.step, at(s.up), s.phase, s.body) for s in self.spots],
            sorted((at(a.host), a.index, a.trigger.kind in TIMED, a.key, a.fired) for a in self.armed),
            sorted(map(at, self.jobs)),
            sorted(map(at, self.calls)),
            [(at(s), kind) for s, kind in self.incidents],
        ]


# --- what each kind of step does --------------------------------------------------------------------------


def _nothing(game: Game, spot: Spot, spec: Any) -> None:
    """Waits for somebody."""


def _pass(game: Game, spot: Spot, spec: Any) -> None:
    game.leave(spot, game.node(spot).next)


def _set(game: Game, spot: Spot, spec: Set) -> None:
    done: dict[str, Any] = {}
    for one in spec.assigns:
        done[one.path[0]] = game.work_out(one.value, spot, **done)
    game.write(spot, done)
    _pass(game, spot, spec)


def _switch(game: Game, spot: Spot, spec: Switch) -> None:
    for flow in spec.flows:
        if game.holds(flow.when, spot):
            game.leave(spot, flow.next)
            return
    raise Stuck


def _fork(game: Game, spot: Spot, spec: Fork) -> None:
    chosen = [f.next for f in spec.flows if game.holds(f.when, spot)]
    if not chosen:
        if spec.otherwise is None:
            raise Stuck
        chosen = [spec.otherwise]
    game.remove(spot)
    for step in chosen:
        if step is not None:
            game.follow(spot, step)


def _join(game: Game, spot: Spot, spec: Join) -> None:
    if spec.mode != "count":
        game.try_join(spot, spec)
        return
    seen = game.counted.setdefault((spot.up, spot.step), [])
    if seen.count(spot.via) == spec.incoming.count(spot.via):
        return
    seen.append(spot.via)
    number = len(seen)
    if number == len(spec.incoming):
        del game.counted[spot.up, spot.step]
        game.queue.extend(s for s in game.spots if s is not spot and (s.step, s.up) == (spot.step, spot.up))
    if number == spec.needs:
        _pass(game, spot, spec)
        return
    then = game.child_ends(spot.up, spot) if spot.up is not None else lambda: game.nothing_left(None)
    game.remove(spot)
    then()


def _catch(game: Game, spot: Spot, spec: Catch) -> None:
    game.armed.append(game.plan(spot, 0, spec.trigger))


def _race(game: Game, spot: Spot, spec: Race) -> None:
    game.armed.extend(game.plans(spot, spec.options, -1, -1))


def _parallel(game: Game, spot: Spot, spec: Parallel) -> None:
    chosen = [b.first for b in spec.branches if game.holds(b.when, spot)]
    if not chosen:
        if spec.otherwise is None:
            raise Stuck
        chosen = [spec.otherwise]
    for index, first in enumerate(chosen):
        local = dict.fromkeys(spec.merge) if spec.merge else None
        game.put(first, spot, spot.step, local=local, item=index if spec.merge else -1)


def _each(game: Game, spot: Spot, spec: Each) -> None:
    spot.items = list(game.work_out(spec.over, spot) or [])
    if not spot.items:
        game.each_leaves(spot, spec)
    for index in range(len(spot.items[:1]) if spec.sequential else len(spot.items)):
        game.instance(spot, index)


def _block(game: Game, spot: Spot, spec: Block) -> None:
    game.put(spec.first, spot)


def _adhoc(game: Game, spot: Spot, spec: AdHoc) -> None:
    if spec.until is not None and game.holds(spec.until, spot):
        _pass(game, spot, spec)


def _job(game: Game, spot: Spot, spec: Service) -> None:
    game.jobs.append(spot)


def _call(game: Game, spot: Spot, spec: Call) -> None:
    game.calls.append(spot)


def _escalate(game: Game, spot: Spot, spec: Escalate) -> None:
    game.caught(spot, "escalation", spec.name)
    if spot in game.spots:
        _pass(game, spot, spec)


def _fail(game: Game, spot: Spot, spec: Fail) -> None:
    game.throw(spot, spec.name)


def _end(game: Game, spot: Spot, spec: End) -> None:
    game.end = spec.name
    if game.node(spot).kind == "terminate":
        game.cancel_case()
    else:
        game.leave(spot, None)


def _compensate(game: Game, spot: Spot, spec: Compensate) -> None:
    scope = spot.up
    while scope is not None and scope.body:
        scope = scope.up
        if scope is not None and not isinstance(game.spec(scope), SCOPES):
            scope = scope.up
    mine = [u for u in game.undos if scope in game.around(u.scope) and spec.step in (None, u.step)]
    game.undos = [u for u in game.undos if u not in mine]
    spot.todo = [(u.step, u.local) for u in mine]
    game.undo_next(spot)


PLAY: dict[type, Callable[[Game, Spot, Any], None]] = {
    Human: _nothing, Set: _set, Switch: _switch, Fork: _fork, Join: _join, Catch: _catch, Race: _race,
    Parallel: _parallel, Each: _each, Block: _block, AdHoc: _adhoc, Service: _job, Call: _call,
    Escalate: _escalate, Fail: _fail, End: _end, Compensate: _compensate,
}  # fmt: skip
