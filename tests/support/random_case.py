"""One random case of a random process: commands picked from what is open, the naive token game beside it."""

from datetime import timedelta
from random import Random
from typing import Any

from engine.core import commands as c
from engine.core.env import Env
from engine.core.flow import FLOW
from engine.core.machine import Machine
from engine.core.model import AdHoc, Each, Human, Join, Process
from engine.core.state import CLOSING, READY
from tests.support.graph import MONDAY
from tests.support.naive import Game, Overrun, Spot
from tests.support.random_process import Maker

SCOPES = frozenset({"block", "parallel", "each", "compensate"})
MOST_TOKENS = 60
Chosen = tuple[c.Command, str, tuple[Any, ...]]
"""A command that must be accepted, and the move of the naive game that it is."""


class Deployed:
    """Whatever is called is deployed."""

    def process(self, name: str, version: str = "") -> Process | None:
        return None

    def called(self, caller: Process, name: str, latest: bool) -> str | None:
        return "v1"


class RandomCase:
    """Plays commands and checks after each: replay equals live, deciding again gives the same events, the markings
    of both games agree, nothing is lost or left behind, and a refused command has changed nothing."""

    machine = Machine([FLOW])

    def __init__(self, seed: int) -> None:
        self.random = Random(f"case {seed}")
        self.process = Maker(seed).process()
        self.now = MONDAY
        self.stored = self.machine.encode(self.machine.new())
        self.state = self.machine.new()
        self.events: list[bytes] = []
        self.commands = 0
        self.called = self.random.random() < 0.2
        self.game = Game(self.process, called=self.called)

    def play(self, most: int) -> int:
        """Plays at most so many commands; how many it was."""
        data = {
            "x": self.random.randint(0, 5),
            "y": 1,
            "kind": "k",
            "items": ["a", "b", "c"][: self.random.randint(0, 3)],
        }
        parent, token = ("p", 3) if self.called else ("", 0)
        try:
            self.accept(c.StartCase("test", data, "", parent, token), "start", (data,))
            while self.commands < most and self.state.flow.status != "ended":
                if len(self.state.flow.tokens) > MOST_TOKENS or self.bound_reached():
                    break
                if self.random.random() < 0.15:
                    self.refuse(self.wrong())
                choices = self.choices()
                if not choices:
                    self.deadlocked()
                    break
                self.accept(*self.random.choice(choices))
        except Overrun:
            assert self.bound_reached(), "the naive game runs for ever, the interpreter does not"
        self.check_whole_history()
        return self.commands

    # --- commands ---------------------------------------------------------------------------------

    def decide(self, command: c.Command) -> tuple[Any, Any]:
        self.commands += 1
        state = self.machine.decode(self.stored)  # as after a restart
        request = c.Request(f"c{self.commands}", "case1", command, "li", self.now)
        return state, self.machine.decide(self.process, state, request, Env(self.now, versions=Deployed()))

    def accept(self, command: c.Command, move: str, facts: tuple[Any, ...]) -> None:
        state, answer = self.decide(command)
        assert not isinstance(answer, c.Refusal), (command, answer)
        written = self.machine.encode(answer)
        self.commands -= 1
        _, again = self.decide(self.machine.decode_command(self.machine.encode(command)))
        assert self.machine.encode(again) == written, "deciding again gives other events"
        live = self.machine.encode(state)
        replayed = self.machine.replay(self.machine.decode_events(written), self.machine.decode(self.stored))
        assert self.machine.encode(replayed) == live, "replaying gives another state"
        self.events.append(written)
        self.stored, self.state = live, state
        self.check_state()
        getattr(self.game, move)(*facts)
        if not self.bound_reached():
            self.check_game()

    def refuse(self, command: c.Command) -> None:
        _, answer = self.decide(command)
        assert isinstance(answer, c.Refusal), command
        assert answer.text
        assert self.machine.encode(self.machine.decode(self.stored)) == self.stored

    def wrong(self) -> c.Command:
        """A command that cannot be accepted now."""
        flow = self.state.flow
        scopes = [n for n, t in flow.tokens.items() if not isinstance(self.process.nodes[t.at].spec, Human)] or [0]
        gone = self.random.randint(1, flow.seq) + flow.seq
        options = [
            c.CompleteTask(gone), c.CompleteTask(self.random.choice(scopes)), c.SkipTask(gone, "x"),
            c.FinishJob(gone), c.FailJob(gone, ""),
            c.RetryIncident(gone), c.FireTimer("flow", gone, self.now), c.DeliverMessage("unknown", "k"),
            c.FinishCall(gone, "z"), c.StartStep(gone, "s1"), c.AddInstance(gone, "i"), c.FinishBlock(gone),
            c.StartCase("test"), c.SuspendCase("") if flow.status == "suspended" else c.ResumeCase(),
        ]  # fmt: skip
        for number, token in flow.tokens.items():
            human = self.process.nodes[token.at].spec
            if isinstance(human, Human):
                options += [
                    c.CompleteTask(number, "nonsense"),
                    c.CompleteTask(number, next(iter(human.outcomes), ""), {"zz": 1}),
                ]
        return self.random.choice(options)

    def choices(self) -> list[Chosen]:
        """Every command that may come now, likelier ones more often."""
        flow = self.state.flow
        found: list[Chosen] = []
        for job, one in flow.jobs.items():
            result = {"r": self.number()}
            found.append((c.FinishJob(job, result), "finish_job", (self.spot(one.token), result)))
            code = self.random.choice(("", "bad", "other"))
            found.append((c.FailJob(job, "text", code), "fail_job", (self.spot(one.token), code)))
        for token, case in flow.calls.items():
            error = self.random.choice(("", "", "bad"))
            found.append((c.FinishCall(token, case, "done", {}, error), "finish_call", (self.spot(token), error)))
            found.append((c.EscalateCall(token, case, "late"), "escalate_call", (self.spot(token), "late")))
        for wait in flow.waits.values():
            key = wait.key or self.random.choice(("", "k"))
            payload = {"y": self.number()}
            if wait.kind == "message":
                found.append((c.DeliverMessage(wait.name, key, payload), "message", (wait.name, key, payload)))
            else:
                found.append((c.DeliverSignal(wait.name), "signal", (wait.name,)))
        if flow.status == "suspended":
            return found * 2 + [(c.ResumeCase(), "resume", ())] * 3
        for number, token in flow.tokens.items():
            spec = self.process.nodes[token.at].spec
            if token.phase:
                continue
            if isinstance(spec, Human):
                found += [self.completion(number, spec)] * 4
                if self.random.random() < 0.3:
                    found.append((c.SkipTask(number, "left out"), "skip", (self.spot(number),)))
            elif isinstance(spec, AdHoc):
                step = self.random.choice(spec.steps)
                found += [(c.StartStep(number, step), "start_step", (self.spot(number), step))] * 2
                if spec.until is None and not any(t.up == number and not t.body for t in flow.tokens.values()):
                    found.append((c.FinishBlock(number), "finish_block", (self.spot(number),)))
            elif isinstance(spec, Each) and len(token.items or ()) < 5 and self.random.random() < 0.3:
                found.append((c.AddInstance(number, "new"), "add_instance", (self.spot(number), "new")))
        if flow.timers:
            timer = min(flow.timers, key=lambda n: (flow.timers[n].due, n))
            found += [self.beat(timer)] * 2
        for place, number in enumerate(flow.incidents):
            if not found or self.random.random() < 0.2:
                found.append((c.RetryIncident(number), "retry", (place,)))
        if found and self.random.random() < 0.1:
            found.append((c.SuspendCase("court"), "suspend", ()))
        if found and self.random.random() < 0.02:
            found.append((c.CancelCase("mistake"), "cancel_case", ()))
        return found

    def completion(self, number: int, human: Human) -> Chosen:
        values = {
            "x": self.number(), "y": self.number(), "ok": self.random.random() < 0.5,
            "flag": self.random.random() < 0.5, "kind": self.random.choice(("k", "other")),
        }  # fmt: skip
        form = {path[0]: values[path[0]] for path in human.form if self.random.random() < 0.5}
        outcome = self.random.choice(sorted(human.outcomes)) if human.outcomes else ""
        return c.CompleteTask(number, outcome, form), "complete", (self.spot(number), outcome, form)

    def beat(self, number: int) -> Chosen:
        timer = self.state.flow.timers[number]
        late = self.random.choice((0, 0, 0, 1, 50))
        self.now = max(self.now, timer.due) + timedelta(hours=late)
        host = self.spot(timer.token) if timer.token else None
        return c.FireTimer("flow", number, timer.due), "fire_timer", (host, timer.handler)

    def number(self) -> int:
        return self.random.randint(0, 6)

    def spot(self, token: int) -> Spot:
        """The naive game's activation: both know them in the order in which they came about."""
        return self.game.spots[list(self.state.flow.tokens).index(token)]

    # --- checks -----------------------------------------------------------------------------------

    def bound_reached(self) -> bool:
        return any(i.kind == "steps" for i in self.state.flow.incidents.values())

    def check_state(self) -> None:
        """No token lost, none left behind, nothing that hangs on a token which is gone."""
        flow = self.state.flow
        tokens = flow.tokens
        assert (flow.status == "ended") == (not tokens)
        assert list(tokens) == sorted(tokens)
        inner: dict[int, int] = {}
        for token in tokens.values():
            assert not token.up or token.up in tokens
            if not token.body:
                inner[token.up] = inner.get(token.up, 0) + 1
        bodies = {t.up for t in tokens.values() if t.body}
        hanging = [*flow.timers.values(), *flow.waits.values(), *flow.jobs.values(), *flow.incidents.values()]
        assert all(not one.token or one.token in tokens for one in hanging)
        assert all(int(watch.split(".")[0]) in (0, *tokens) for watch in flow.truths)
        assert all(undo.scope in (0, *tokens) for undo in flow.undos)
        assert all(int(name.split(".")[0]) in (0, *tokens) for name in flow.joins)
        told = {i.token for i in flow.incidents.values()}
        busy = {one.token for one in (*flow.timers.values(), *flow.waits.values(), *flow.jobs.values()) if one.token}
        busy |= {int(watch.split(".")[0]) for watch in flow.truths}
        for number, token in tokens.items():
            node = self.process.nodes[token.at]
            if token.phase == CLOSING:
                assert number in bodies or number in told or flow.status == "suspended"
            elif token.phase == READY:
                assert number in told or flow.status == "suspended"
            elif node.kind in SCOPES:
                assert inner.get(number), f"nothing stands in {token.at}"
            elif node.kind in ("receive", "race", "service"):
                assert number in busy
            elif node.kind == "call":
                assert number in flow.calls
            else:
                assert node.kind in ("human", "adhoc", "join"), f"a token is left on {token.at}"
        if flow.status == "ended":
            kept = (flow.timers, flow.waits, flow.jobs, flow.calls, flow.incidents, flow.undos, flow.truths, flow.joins)
            assert not any(kept)

    def check_game(self) -> None:
        flow = self.state.flow
        place = {number: n for n, number in enumerate(flow.tokens, 1)} | {0: 0}
        armed = [(place[t.token], t.handler, True, "", t.fired) for t in flow.timers.values()]
        armed += [(place[w.token], w.handler, False, w.key, 0) for w in flow.waits.values()]
        for watch in flow.truths:
            host, handler = map(int, watch.split("."))
            armed.append((place[host], handler, False, "", 0))
        marking = [
            [(t.at, place[t.up], t.phase, t.body) for t in flow.tokens.values()],
            sorted(armed),
            sorted(place[j.token] for j in flow.jobs.values()),
            sorted(place[n] for n in flow.calls),
            [(place[i.token], i.kind) for i in flow.incidents.values()],
        ]
        assert self.game.marking() == marking
        assert self.game.status == flow.status
        assert self.game.data == flow.data
        assert flow.status != "ended" or self.game.end == flow.end

    def deadlocked(self) -> None:
        """Nothing can come any more: so may stand a join of a plain graph, or a step that waits for a condition."""
        watched = {int(watch.split(".")[0]) for watch in self.state.flow.truths}
        for number, token in self.state.flow.tokens.items():
            node = self.process.nodes[token.at]
            assert isinstance(node.spec, Join) or node.kind in SCOPES or token.phase == CLOSING or number in watched

    def check_whole_history(self) -> None:
        events = [event for written in self.events for event in self.machine.decode_events(written)]
        assert self.machine.encode(self.machine.replay(events)) == self.stored
