"""Random pairs of versions and random running cases: what a migration does, and that nothing gets lost by it.

A case is known by its seed: `Migrated(seed).run()` plays it again.
"""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from engine.core import commands as c
from engine.core import events as e
from engine.core.env import Env
from engine.core.migration import Migration
from engine.core.model import Catch, End, Human, Outcome, Process, Trigger
from sla.model import Pause
from tests.support.clocks import ClockStory, clock, clocked, notice, rung
from tests.support.graph import step
from tests.support.random_case import RandomCase
from tests.support.random_versions import Version

QUICK, LONG = 150, 3_000


class Shelf:
    """The versions that there are; whatever is called is deployed."""

    def __init__(self, *versions: Process) -> None:
        self.versions = {one.version: one for one in versions}

    def process(self, name: str, version: str = "") -> Process | None:
        return self.versions.get(version)

    def called(self, caller: Process, name: str, latest: bool) -> str | None:
        return "v1"


class _Nothing:
    """The naive game knows one version only: after a migration it is not played on."""

    def __getattr__(self, name: str) -> Any:
        return lambda *facts: None


class Migrated(RandomCase):
    """A random case that goes over to another version on its way."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.seed = seed
        self.other = Version(self.process, seed)

    def spot(self, token: int) -> Any:
        return None if isinstance(self.game, _Nothing) else super().spot(token)

    def check_game(self) -> None:
        if not isinstance(self.game, _Nothing):
            super().check_game()

    def run(self) -> str:
        """`moved`, `stopped` or `over`."""
        self.play(Random(f"when {self.seed}").randint(1, 25))
        if self.state.flow.status == "ended":
            return "over"
        command = c.MigrateCase("v2", "new law", self.other.rules, proposed_by="wu")
        state, answer = self.migrate(command)
        again = self.migrate(self.machine.decode_command(self.machine.encode(command)))[1]
        assert self.machine.encode(again) == self.machine.encode(answer), "the dry run told something else"
        if isinstance(answer, c.Refusal):
            assert answer.code == "migration" and answer.fields, answer
            assert all(text["zh"] and text["en"] for text in answer.fields.values())
            return "stopped"
        before = self.state.flow
        written = self.machine.encode(answer)
        replayed = self.machine.replay(self.machine.decode_events(written), self.machine.decode(self.stored))
        live = self.machine.encode(state)
        assert self.machine.encode(replayed) == live, "replaying gives another state"
        self.check_kept(before, state.flow, answer)
        self.events.append(written)
        self.stored, self.state, self.process = live, state, self.other.process
        self.game = _Nothing()  # type: ignore[assignment]  # it answers as the game does, and nothing
        self.check_state()
        self.go_on(30)
        self.check_whole_history()
        return "moved"

    def migrate(self, command: c.Command) -> tuple[Any, Any]:
        state = self.machine.decode(self.stored)
        request = c.Request("m", "case1", command, "li", self.now)
        env = Env(self.now, versions=Shelf(self.process, self.other.process))
        return state, self.machine.decide(self.process, state, request, env)

    def go_on(self, most: int) -> None:
        """The case lives on in its new version."""
        until = self.commands + most
        while self.commands < until and self.state.flow.status != "ended" and not self.bound_reached():
            choices = self.choices()
            if not choices:
                return
            self.accept(*self.random.choice(choices))

    def check_kept(self, before: Any, after: Any, events: list[Any]) -> None:
        """What no rule takes away is there as it was: tokens, their data, moments, jobs, calls, what can be undone."""
        rules = self.other.rules.steps
        taken = {event.token for event in events if isinstance(event, e.StepCancelled)}
        asked = {n for n, token in before.tokens.items() if (r := rules.get(token.at)) and r.how != "map"}
        left = {event.token for event in events if isinstance(event, e.StepLeft)}
        for number, token in before.tokens.items():
            if self.around(before.tokens, number, asked):
                assert number in taken, f"{token.at} was to be taken away"
            elif number not in left and not self.swept(events):
                now = after.tokens[number]
                assert now.at == self.called_now(before, token), token.at
                assert (now.up, now.item, now.items) == (token.up, token.item, token.items)
        if self.swept(events):
            return
        for timer, one in before.timers.items():
            host = before.tokens[one.token].at if one.token else ""
            rule = rules.get(host)
            if (
                one.token in taken
                or one.token in left
                or host in self.other.touched
                or (rule and rule.timers != "keep")
            ):
                continue
            assert timer in after.timers, f"a timer of {host or 'the case'} is gone"
            assert (after.timers[timer].due, after.timers[timer].left) == (one.due, one.left)
        for job, one in before.jobs.items():
            assert job in after.jobs or one.token in taken or one.token in left
        for token, case in before.calls.items():
            assert after.calls.get(token) == case or token in taken or token in left

    def swept(self, events: list[Any]) -> bool:
        """Whether what was placed anew ran on, and took others away or changed data as steps do."""
        return any(isinstance(event, e.HandlerFired | e.CaseEnded | e.ErrorRaised) for event in events) or any(
            isinstance(event, e.StepLeft) for event in events
        )

    def around(self, tokens: Mapping[int, Any], number: int, asked: set[int]) -> bool:
        while number:
            if number in asked:
                return True
            number = tokens[number].up
        return False

    def called_now(self, flow: Any, token: Any) -> str:
        made = Migration(c.MigrateCase("v2", "", self.other.rules), self.process, self.other.process, flow)
        return made.renamed(token.at) or ""


def run(cases: int, first: int) -> dict[str, int]:
    told: dict[str, int] = {}
    for seed in range(first, first + cases):
        try:
            how = Migrated(seed).run()
        except Exception as error:
            error.add_note(f"in the random migration of seed {seed}")
            raise
        told[how] = told.get(how, 0) + 1
    return told


def test_random_migrations() -> None:
    told = run(QUICK, 0)
    assert told["moved"] >= 50 and told["stopped"] >= 5, told


@pytest.mark.long
def test_many_random_migrations() -> None:
    assert run(LONG, 1_000_000)["moved"] >= 1_000


# --- clocks -------------------------------------------------------------------------------------------


def versions(seed: int) -> tuple[Process, Process, str]:
    """A process with one clock that may pause, another with another limit for it, and what a rule says of it."""
    some = Random(f"clocks {seed}")
    limits = [f"{some.randint(2, 60)}{some.choice(('h', 'd', 'wd', 'wh'))}" for _ in range(2)]
    pause = Pause("any_in", frozenset({"ask"})) if some.random() < 0.6 else None
    ladder = (rung("50%", notice("owner")), rung("due", notice("owner")))
    made = [
        replace(
            clocked(
                [clock("total", limit, pause=pause, ladder=ladder[: some.randint(0, 2)])],
                step("work", Human(outcomes={"ask": Outcome("ask", {}, "ask"), "ok": Outcome("ok", {}, "end")}), "end"),
                step("ask", Catch(Trigger("message", "reply")), "work"),
                step("end", End("end")),
            ),
            version=version,
        )
        for version, limit in zip(("v1", "v2"), limits, strict=True)
    ]
    return made[0], made[1], some.choice(("keep", "rebase", "restart"))


def promised(seed: int) -> None:
    """The deadline is as the rule promises: what it was, or what it would have been, or from now."""
    some = Random(f"lives {seed}")
    old, new, how = versions(seed)
    told, other = (ClockStory(one, "2026-02-10 10:00", versions=Shelf(old, new)) for one in (old, new))
    hours = [some.randint(0, 40) for _ in range(3)]
    asks = some.random() < 0.5
    for story in (told, other):
        story.start()
        story.later(hours[0])
        if asks:
            story.complete("work", "ask").later(hours[1]).message("reply").later(hours[2])
    before = told.run("total")
    breached = before.passed(told.now)
    rules = c.Rules(clocks={"total": c.ClockRule(how)})
    told.do(c.MigrateCase("v2", "new limits", rules))
    told.process = new
    after = told.run("total")
    if how == "keep" or (how == "rebase" and breached):
        assert (after.deadline, after.limit, after.since) == (before.deadline, before.limit, before.since)
    elif how == "rebase" and not other.run("total").passed(other.now):
        assert (after.deadline, after.since) == (other.run("total").deadline, before.since)
    elif how == "restart":
        assert after.since == told.now and after.run == before.run + 1 and not after.breaks
    at_most = {one.rung: one.repeat for one in told.told("RungFired")}
    told.later(1)
    told.complete("work", "ok")
    assert told.flow.status == "ended" and len(at_most) <= 2


def test_clocks_and_deadlines_are_as_promised() -> None:
    for seed in range(150):
        promised(seed)


@pytest.mark.long
def test_many_clocks_and_deadlines_are_as_promised() -> None:
    for seed in range(1_000, 3_000):
        promised(seed)
