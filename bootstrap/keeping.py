"""How long a message waits for somebody to catch it: what the house in force says, when it comes."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from engine.core.durations import Duration
from engine.language.house import House


class Keeping(Mapping[str, timedelta]):
    """The messages that the house knows, each with how long from now it is kept."""

    def __init__(
        self, house: Callable[[], House], later: Callable[[datetime, Duration], datetime], now: Callable[[], datetime]
    ) -> None:
        self._house, self._later, self._now = house, later, now

    def __getitem__(self, name: str) -> timedelta:
        now = self._now()
        return self._later(now, self._house().messages[name].keep) - now

    def __iter__(self) -> Iterator[str]:
        return iter(self._house().messages)

    def __len__(self) -> int:
        return len(self._house().messages)
