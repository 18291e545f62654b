"""A branch at work in a process of its own, to be killed: `python -m tests.long.child FOLDER URL SEED SINCE [BEGAN]`.

Several threads ask for anything at random, one more fires timers and looks after the anchors, others do the
jobs, until the process is killed. What is about to be asked, and each answer once it has come, goes to the
standard output at once, a line of JSON each. What stands on the standard input is asked first: the commands
that the process before was killed over.

The clock runs ten minutes a second, so that timers and clocks come due. It showed SINCE when the process began, or
when the machine's steady clock showed BEGAN: so machines share a time, or differ by as much as they are told.
"""

import json
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bootstrap import MACHINE, Caseway, Home
from engine.runtime.answers import Accepted, Answer
from engine.runtime.errors import StoreError
from tests.support.bustle import Asked, Book, Bustle

THREADS = 4
HASTE = 600


class HastyClock:
    def __init__(self, since: datetime, began: float) -> None:
        self._since = since
        self._began = began

    def now(self) -> datetime:
        return self._since + timedelta(seconds=(time.monotonic() - self._began) * HASTE)


class Wire:
    """The standard output, for lines from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def send(self, **line: Any) -> None:
        text = json.dumps(line).encode() + b"\n"
        with self._lock:
            while text:
                text = text[os.write(1, text) :]


def main(folder: str, url: str, seed: str, since: str, began: str = "") -> None:
    logging.disable(logging.CRITICAL)
    wire, random = Wire(), Random(int(seed))

    def asking(asked: Asked) -> None:
        command = MACHINE.encode(asked.command).decode()
        wire.send(asking=asked.id, case=asked.case, command=command, actor=asked.actor)

    def note(asked: Asked, answer: Answer) -> None:
        taken = (
            {"revision": answer.revision, "repeated": answer.repeated}
            if isinstance(answer, Accepted)
            else {"code": answer.code}
        )
        wire.send(answered=asked.id, case=asked.case, kind=type(answer).__name__, **taken)

    app = Caseway(Home(Path(folder), url), HastyClock(datetime.fromisoformat(since), float(began or time.monotonic())))
    book = Book(asking, note, lambda message: wire.send(received=message))
    book.cases = [row[0] for row in app.connection.all("SELECT id FROM cases ORDER BY last_at")]
    book.numbers = [row[0] for row in app.connection.all("SELECT number FROM cases")]
    first = Bustle(app, random, book)
    wire.send(ready=True)
    for line in sys.stdin:
        given = json.loads(line)
        first.ask(given["case"], MACHINE.decode_command(given["command"]), given["actor"], given["asking"])

    def forever(act: Callable[[], None]) -> None:
        while True:
            try:
                act()
            except StoreError as error:
                wire.send(trouble=str(error))
            except BaseException:
                wire.send(fault=traceback.format_exc())
                os._exit(1)

    def tend() -> None:
        app.sweep()
        app.executor.wake()
        if random.random() < 0.05:
            app.anchor()

    app.executor.start()
    bustles = [Bustle(app, Random(random.random()), book) for _ in range(THREADS)]
    for act in [bustle.step for bustle in bustles]:
        threading.Thread(target=forever, args=(act,), daemon=True).start()
    forever(tend)


if __name__ == "__main__":
    main(*sys.argv[1:])
