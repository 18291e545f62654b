"""Waits for files to change: what they were is compared with what they are, again and again."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

WATCHED = (".yaml", ".csv", ".xlsx", ".py")


def changes(folders: Iterable[Path], wait: Callable[[], None]) -> Iterator[None]:
    """Yields at once, and again whenever a file below these folders came, went or was written. `wait` is called
    between two looks; what it raises ends the watch."""
    watched = list(folders)
    before: dict[Path, tuple[int, int]] | None = None
    while True:
        now = _stamps(watched)
        if now != before:
            before = now
            yield
        else:
            wait()


def _stamps(folders: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """When each file was written, and how long it is."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.suffix in WATCHED:
                try:
                    stat = path.stat()
                except OSError:
                    continue  # it went while one looked
                found[path] = (stat.st_mtime_ns, stat.st_size)
    return found
