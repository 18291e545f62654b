"""Group commit without a hand-over (R7).

Theory of operation. Whoever has something to do puts it into the queue. If nobody leads, he leads: he takes
what waits, does all of it in one transaction in his own thread, and tells the others, who sleep meanwhile,
what came of theirs; then the next in the queue leads. No thread of its own, so a lone caller pays nothing for
the others. What people ask goes before what machines ask (R10): machines wait in a queue of their own, but
not for ever: after some batches of people's it is their turn, or under steady load no timer would fire.

When several callers are about, they all come back at the same moment, after a commit. The next leader then
lets them into the queue first, or batches of all-but-one and one would take turns.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from engine.runtime.errors import StoreError

MOST = 256
"""Entries that a leader takes at a time, unless one call alone has more."""

PATIENCE = 8
"""Batches of people's that a machine's call lets go before it."""

GATHER = 0.001
"""Seconds that a leader waits at most for callers who were there a moment ago."""

INTERRUPTED = StoreError("The work was interrupted.", "Nothing is lost; repeat it with the same id.")


class Call:
    """What one caller waits for: results, one for each of its entries, or the error of the whole call."""

    __slots__ = ("entries", "error", "gate", "leads", "results")

    def __init__(self, entries: Sequence[Any]) -> None:
        self.entries = entries
        self.results: list[Any] | None = None
        self.error: BaseException | None = None
        self.leads = False
        self.gate = threading.Lock()  # held until somebody has news for the caller
        self.gate.acquire()

    def done(self) -> bool:
        return self.results is not None or self.error is not None


class Group:
    """Runs the entries of many callers together. `run` gets them in order and returns their results."""

    def __init__(self, run: Callable[[list[Any]], list[Any]]) -> None:
        self.run = run
        self._mutex = threading.Lock()
        self._people: deque[Call] = deque()
        self._machines: deque[Call] = deque()
        self._led = False
        self._passed = 0  # batches of people's since a machine has waited
        self._crowd = 0  # callers in the batch before
        self._gathering = 0  # how many callers the leader waits for
        self._gathered = threading.Lock()  # held until they are there
        self._gathered.acquire()

    def submit(self, entries: Sequence[Any], machine: bool = False) -> list[Any]:
        """The results, in order. Raises what `run` raised."""
        if self._mutex.acquire(blocking=False):
            alone = not self._led
            self._led = True
            self._mutex.release()
            if alone:
                return self._alone(entries)
        call = Call(entries)
        with self._mutex:
            (self._machines if machine else self._people).append(call)
            call.leads = not self._led
            self._led = True
            if self._gathering and len(self._people) >= self._gathering:
                self._gathering = 0
                self._gathered.release()
        while not call.done():
            if not call.leads:
                call.gate.acquire()  # until a leader is through with us, or makes us leader
            if call.leads:
                self._lead(call)
        if call.error is not None:
            raise call.error
        assert call.results is not None
        return call.results

    def _alone(self, entries: Sequence[Any]) -> list[Any]:
        """Nobody leads, so nobody waits: without a call for others to find."""
        self._crowd = 1
        try:
            return self.run(list(entries))
        finally:
            self._pass_on(None, ())

    def _lead(self, mine: Call) -> None:
        if self._crowd > 1:
            self._gather()
        with self._mutex:
            batch = self._take()
            self._crowd = len(batch)
        try:
            entries = [entry for call in batch for entry in call.entries]
            results = self.run(entries)
            start = 0
            for call in batch:
                call.results = results[start : start + len(call.entries)]
                start += len(call.entries)
        except BaseException as error:
            for call in batch:
                call.error = error if call is mine or isinstance(error, Exception) else INTERRUPTED
        finally:
            mine.leads = False
            self._pass_on(mine, batch)

    def _gather(self) -> None:
        with self._mutex:
            if len(self._people) >= self._crowd:
                return
            self._gathering = self._crowd
        if not self._gathered.acquire(timeout=GATHER):
            with self._mutex:
                if not self._gathering:  # they came just now
                    self._gathered.acquire()
                self._gathering = 0

    def _take(self) -> list[Call]:
        """People's calls, up to a bound; one machine's call if there are none, or it has waited long enough."""
        if self._machines and (not self._people or self._passed >= PATIENCE):
            self._passed = 0
            return [self._machines.popleft()]
        self._passed = self._passed + 1 if self._machines else 0
        batch: list[Call] = []
        size = 0
        while self._people and (not batch or size + len(self._people[0].entries) <= MOST):
            batch.append(self._people.popleft())
            size += len(batch[-1].entries)
        return batch

    def _pass_on(self, mine: Call | None, batch: Sequence[Call]) -> None:
        with self._mutex:
            waiting = self._people or self._machines
            heir = waiting[0] if waiting else None
            self._led = heir is not None
        if heir is not None:
            heir.leads = True
            if heir is not mine:
                heir.gate.release()
        for call in batch:
            if call is not mine:
                call.gate.release()
