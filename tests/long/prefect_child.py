"""At work on a pool of Prefect's, to be killed: `python -m tests.long.prefect_child FOLDER URL POOL THREADS`."""

import logging
import signal
import sys
import threading
from pathlib import Path

from bootstrap import Home
from console.pooling import work
from tests.support.errand import Errands
from web.reach import Reach


def main(folder: str, url: str, pool: str, threads: str) -> None:
    from tasks.prefect_flows.serving import Settings

    logging.getLogger("tasks").setLevel(logging.CRITICAL)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    errands = Errands(Home(Path(folder), url))
    fault = work(errands.app, Settings(pool, runs=2, size=20, threads=int(threads), every=2), Reach.of([]), stopping)
    errands.close()
    if fault is not None:
        raise fault


if __name__ == "__main__":
    main(*sys.argv[1:])
