"""The bureau's year in a process of its own, to be killed: `python -m tests.long.year_child FOLDER CASES [SINCE]`.

Says each moment before it is begun, and what else is done. Whoever goes on after a kill goes on with the moment SINCE,
when the lease of the killed has lapsed.
"""

import sys
from datetime import datetime
from pathlib import Path

from tests.support.twelvemonth import Twelvemonth


def main(folder: str, cases: str, since: str = "") -> None:
    year = Twelvemonth(Path(folder), int(cases), lambda at: print(at.isoformat(), flush=True))
    year.go(datetime.fromisoformat(since) if since else None, lambda what: print(what, flush=True))
    year.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
