"""The reference case with a flow run of Prefect's for each action, in plain use: asynchronous flows, sixteen at a time.

Prefect has no cases and no people's tasks: a flow run that reads what the last has left, acts and returns is the
nearest that it has to a durable action. A program (`benchmarks.children`).
"""

import asyncio
import sys
from typing import Any

from prefect import flow

from benchmarks.children import child
from benchmarks.installation import DATA, FILLED

CLIENTS = 16


@flow
async def act(data: dict[str, Any], filled: dict[str, str | bool]) -> dict[str, Any]:
    return data | filled


async def case(turn: asyncio.Semaphore) -> None:
    """The five actions of one case, one after the other."""
    async with turn:
        data = await act(dict(DATA), {})
        for filled in FILLED.values():
            data = await act(data, filled)


async def run(count: int) -> None:
    turn = asyncio.Semaphore(CLIENTS)
    await asyncio.gather(*(case(turn) for _ in range(count)))


def main(count: str) -> None:
    child(lambda: asyncio.run(run(1)), lambda: asyncio.run(run(int(count))))


if __name__ == "__main__":
    main(*sys.argv[1:])
