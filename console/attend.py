"""The worker's loop, for `caseway worker` and for `caseway serve`."""

import logging
import threading
from datetime import date
from typing import Any

from console.options import tell_problems
from console.output import stop, warn

log = logging.getLogger(__name__)

MINUTE = 60.0
"""Seconds between two looks at what may be breached."""
SOONEST = 0.05
"""Seconds between two looks, at least."""


class Tending:
    """Does what is due whenever it is asked to, and counts for reports; when it begins, and then daily, it writes the
    anchor (R13) and destroys again what a backup has brought back."""

    def __init__(self, caseway: Any) -> None:
        self._caseway = caseway
        self._daily: date | None = None

    def once(self) -> None:
        """Raises StoreError, OSError."""
        self._caseway.sweep()
        self._caseway.count()
        today = self._caseway.clock.now().date()
        if today != self._daily:
            self._caseway.anchor()
            self._caseway.retain()
            self._daily = today


def attend(caseway: Any, stopping: threading.Event, reach: Any, every: float = 1.0) -> None:
    """Does what is due, again and again, calls webhooks and delivers notices, until it is told to stop. It looks every
    so many seconds, and as soon as it hears that there is something.

    A database or disk that fails now may work again the next time: the fault is said once, and tried on.
    """
    from engine.runtime.errors import StoreError

    woken = threading.Event()
    caseway.bell.hear(woken.set)
    caseway.bell.connect(caseway.database)
    caseway.executor.start()
    courier, tending, said = courier_of(caseway, reach), Tending(caseway), ""
    seer = foresee(caseway, stopping)
    if caseway.delivery is not None:
        caseway.delivery.start()
    while not stopping.is_set():
        try:
            caseway.refresh()
            tending.once()
            said = ""
        except (StoreError, OSError) as error:
            if str(error) != said:
                said = str(error)
                warn(said)
        woken.wait(every)
        stopping.wait(min(SOONEST, every))  # what comes close together is done together
        woken.clear()
    courier.close()
    seer.join()


def foresee(caseway: Any, stopping: threading.Event, every: float = MINUTE) -> threading.Thread:
    """What learns and tells the chances of breaches, at work in a thread of its own: learning takes seconds, for which
    no rung and no job waits."""
    from engine.runtime.errors import StoreError

    def run() -> None:
        said = ""
        while not stopping.is_set():
            try:
                caseway.forecaster.run(caseway.clock.now(), lambda: not stopping.is_set())
                said = ""
            except (StoreError, OSError) as error:
                if str(error) != said:
                    said = str(error)
                    warn(said)
            except Exception:
                log.exception("forecast")
            stopping.wait(every)

    thread = threading.Thread(target=run, name="forecast", daemon=True)
    thread.start()
    return thread


def courier_of(caseway: Any, reach: Any) -> Any:
    """What calls webhooks, at work in a thread of its own."""
    from web.webhooks import Courier

    courier = Courier(caseway, reach)
    courier.start()
    return courier


def delivery_of(caseway: Any) -> Any:
    """What delivers notices; None where there are no channels. Stops the command if channels.yaml is wrong."""
    from engine.language.problems import DefinitionError

    try:
        found = caseway.delivery
    except DefinitionError as error:
        tell_problems(error.problems)
        stop("channels.yaml cannot be used: no notice would go out.", code=2)
    except ValueError as error:
        stop(str(error), code=2)
    for warning in caseway.channels.warnings if found is not None else ():
        warn(warning)
    return found
