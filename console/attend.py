"""The worker's loop, for `caseway worker` and for `caseway serve`."""

import threading
from typing import Any

from console.output import warn


def attend(caseway: Any, stopping: threading.Event, reach: Any, every: float = 1.0) -> None:
    """Does what is due, again and again, and calls webhooks, until it is told to stop.

    A database or disk that fails now may work again the next time: the fault is said once, and tried on.
    """
    from engine.runtime.errors import StoreError

    caseway.executor.start()
    courier = courier_of(caseway, reach)
    anchored, said = None, ""
    while not stopping.is_set():
        try:
            caseway.refresh()
            caseway.sweep()
            today = caseway.clock.now().date()
            if today != anchored:  # when it begins, and then daily (R13)
                caseway.anchor()
                anchored = today
            said = ""
        except (StoreError, OSError) as error:
            if str(error) != said:
                said = str(error)
                warn(said)
        stopping.wait(every)
    courier.close()


def courier_of(caseway: Any, reach: Any) -> Any:
    """What calls webhooks, at work in a thread of its own."""
    from web.webhooks import Courier

    courier = Courier(caseway, reach)
    courier.start()
    return courier
