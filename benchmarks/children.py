"""Contestants that are programs of their own: they say `ready`, wait for a word, and say `done`."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager


@contextmanager
def children(commands: Sequence[Sequence[str]], env: Mapping[str, str] | None = None) -> Iterator[Callable[[], None]]:
    """Starts programs (arguments of this interpreter's); what is given runs all of them at once, from their being
    ready to the last one's being done."""
    pipe = subprocess.PIPE
    started = [
        subprocess.Popen((sys.executable, *one), stdin=pipe, stdout=pipe, text=True, env=env) for one in commands
    ]

    def heard(word: str) -> None:
        for child in started:
            assert child.stdout is not None and child.stdout.readline() == f"{word}\n"

    def run() -> None:
        for child in started:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        heard("done")

    try:
        heard("ready")
        yield run
    finally:
        for child in started:
            child.communicate()


def child(prepare: Callable[[], object], run: Callable[[], object]) -> None:
    """The other side of it, in the program."""
    prepare()
    print("ready", flush=True)
    sys.stdin.readline()
    run()
    print("done", flush=True)
