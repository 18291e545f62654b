"""Delivery: what leaves the outbox comes to those it is for.

Theory of operation. Two steps, each repeatable. *Spreading*: a notice becomes dispatches, one for each way to each
recipient, due when they may be told. *Sending*: what is due is put into words in the recipient's language and sent.
Text and address are found at every try, so that neither lies in the database, and a corrected address is used. Facts
hold nothing of grade secret: the compiler refuses a notice that reads it (CW133), and a case's secret fields are never
asked for an address.

Messages go out on a few threads, so that a channel which hangs does not keep the others; what a round has no time for
waits for the next one.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from engine.runtime.clock import Clock
from engine.runtime.errors import StoreError
from engine.runtime.outbox import Notice
from engine.runtime.runner import Runner
from engine.runtime.tables import micros
from notices.channels import Channels
from notices.dispatches import FIRST, Dispatch, Dispatches, Lot, NotSent
from notices.hours import Calendar
from notices.people import CUSTOMER, USER, Around, address_of, ways
from notices.preferences import preferences
from notices.sending import send
from notices.wording import Message, Unworded, Words, message, together
from organisation.directory import Directory

log = logging.getLogger(__name__)

THREADS = 4
ROUND = 60.0
"""Seconds after which a round begins nothing new; well within a lease."""
TIDY = 3600.0
"""Seconds between two clearings of what was finished long ago."""
_CASE = "SELECT process, version, number, state FROM cases WHERE id = ?"
_NOTICE = 'SELECT facts, "to" FROM outbox WHERE id = ?'
_WAITING = (
    "SELECT EXISTS (SELECT 1 FROM outbox WHERE sent_at IS NULL AND due <= ?) "
    "OR EXISTS (SELECT 1 FROM dispatches WHERE state = 'pending' AND due <= ?)"
)

FALLEN = ("接收人已不在职或已无地址", "the recipient is no longer in service, or has no address any more")
UNSPOKEN = "通知内容无法生成"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What delivery asks of the installation, each as it stands now. `process`: (name, version) -> the compiled one."""

    directory: Callable[[], Directory]
    calendars: Callable[[], Mapping[str, Calendar]]
    languages: Callable[[], tuple[str, ...]]
    process: Callable[[str, str], Any]


@dataclass(frozen=True, slots=True)
class About:
    """The case that a notice comes from; empty for one of no case. `data`: what is not secret of it."""

    process: str = ""
    version: str = ""
    number: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


class Delivery:
    """Delivers, in step (`run_once`) or in a thread of its own (`start`). `words`: puts notices into words."""

    def __init__(
        self, runner: Runner, channels: Channels, words: Words, house: Surroundings, clock: Clock, poll: float = 1.0
    ) -> None:
        self.channels = channels
        self.dispatches = Dispatches(runner)
        self._words, self._house, self._clock, self._poll = words, house, clock, poll
        self._connection = runner.database.connect()
        self._reading = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finishes what is under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(2 * ROUND)
        self._connection.close()

    def _run(self) -> None:
        waited = TIDY
        while not self._stopping.is_set():
            try:
                while self.run_once() and not self._stopping.is_set():
                    pass
                if waited >= TIDY:
                    self.dispatches.tidy(self._clock.now())
                    waited = 0.0
            except StoreError as error:
                log.error("notices: %s", error)
            except Exception:
                log.exception("notices")
            self._stopping.wait(self._poll)
            waited += self._poll

    def run_once(self) -> int:
        """Spreads and sends what is due; how much was done."""
        now = self._clock.now()
        at = micros(now)
        with self._reading:
            if not self._connection.one(_WAITING, (at, at))[0]:
                return 0
        return self._spread(now) + self._send(now)

    # --- spreading --------------------------------------------------------------------------------

    def _spread(self, now: datetime) -> int:
        taken = self.dispatches.outbox.take(now)
        around = self._around() if taken else None
        old = [notice for notice in taken if notice.created < now - self.channels.keep]
        for notice in old:
            self.dispatches.pass_over(notice, now)
        if old:
            log.warning("%d notices older than %d days are passed over", len(old), self.channels.keep.days)
        for notice in taken:
            if around is None or notice in old:
                continue
            try:
                self._spread_one(notice, around, now)
            except StoreError:
                raise
            except Exception as error:  # one that nobody foresaw does not keep the others here
                log.exception("notice %s", notice.id)
                self.dispatches.outbox.failed(notice, type(error).__name__, now)
        return len(taken)

    def _spread_one(self, notice: Notice, around: Around, now: datetime) -> None:
        about = self._about(notice.case)
        urgent = self._urgent(about, notice.template)
        found = list(ways(map(str, notice.to), urgent, about.process, about.data, around, now))
        self.dispatches.spread(notice, about.number, urgent, found, now)

    def _urgent(self, about: About, template: str) -> bool:
        try:
            return self._words.wording(about.process, about.version, template).urgent
        except Unworded:
            return False  # it will be said when it is sent

    # --- sending ----------------------------------------------------------------------------------

    def _send(self, now: datetime) -> int:
        lots = self.dispatches.take(now)
        if not lots:
            return 0
        around = self._around()
        early = [(lot, around.when(lot.leader.recipient, lot.leader.urgent, now)) for lot in lots]
        self.dispatches.postpone([(lot, until) for lot, until in early if until > now])
        ready = [lot for lot, until in early if until <= now]
        end = time.monotonic() + ROUND
        with ThreadPoolExecutor(THREADS, thread_name_prefix="notice") as pool:
            for _ in pool.map(lambda lot: self._one(lot, around, end), ready):
                pass
        return len(lots)

    def _one(self, lot: Lot, around: Around, end: float) -> None:
        if time.monotonic() > end or self._stopping.is_set():
            self.dispatches.postpone([(lot, self._clock.now() + timedelta(seconds=FIRST))])
            return
        try:
            self._try(lot, around)
        except NotSent as error:
            self.dispatches.failed(lot, error, self._clock.now())
        except StoreError:
            raise  # it is due again when its lease has lapsed
        except Exception as error:  # one that nobody foresaw is tried again, and given up, as others are
            log.exception("dispatch %s", lot.key)
            kind = type(error).__name__
            self.dispatches.failed(
                lot, NotSent(f"程序错误（{kind}）", f"a fault of the program ({kind})"), self._clock.now()
            )
        else:
            self.dispatches.sent(lot, self._clock.now())

    def _try(self, lot: Lot, around: Around) -> None:
        """Raises NotSent."""
        leader = lot.leader
        channel = around.channels.channels.get(leader.channel)
        if channel is None:
            text = f"channels.yaml 中没有渠道 {leader.channel}", f"channels.yaml has no channel {leader.channel}"
            raise NotSent(*text, final=True)
        address = ""
        if channel.contact or leader.recipient == CUSTOMER:
            address = address_of(leader.recipient, leader.channel, self._about(leader.case).data, around)
            user, today = leader.recipient.removeprefix(USER), around.directory.today(self._clock.now())
            if not address or (leader.recipient != CUSTOMER and not around.directory.active(user, today)):
                raise NotSent(*FALLEN, final=True)
        language = self._language(leader.recipient, around)
        messages = [self._message(part, language, around.zone) for part in lot.parts]
        send(channel, address, together(messages, language), lot.key, language)

    def _message(self, part: Dispatch, language: str, zone: ZoneInfo) -> Message:
        with self._reading:
            row = self._connection.one(_NOTICE, (part.notice,))
        if row is None:
            raise NotSent("通知已不存在", "the notice is there no more", final=True)
        about = self._about(part.case)
        process = self._house.process(about.process, about.version) if about.process else None
        try:
            wording = self._words.wording(about.process, about.version, part.template)
            return message(wording, json.loads(row[0]), language, process.zone if process is not None else zone.key)
        except Unworded as error:
            raise NotSent(f"{UNSPOKEN}（{error}）", f"it cannot be put into words ({error})", final=True) from error

    def _language(self, recipient: str, around: Around) -> str:
        first: str = next(iter(self._house.languages()), "en")
        if recipient == CUSTOMER:
            return self.channels.customer_language or first
        return around.preference(recipient).language or first

    # --- what is looked at ------------------------------------------------------------------------

    def _around(self) -> Around:
        calendars, directory = self._house.calendars(), self._house.directory()
        named = calendars.get(self.channels.calendar) if self.channels.calendar else None
        calendar = named or next(iter(calendars.values()), None)
        with self._reading:
            wishes = preferences(self._connection)
        return Around(self.channels, directory, wishes, calendar, calendar.zone if calendar else directory.zone)

    def _about(self, case: str) -> About:
        with self._reading:
            row = self._connection.one(_CASE, (case,)) if case else None
        if row is None or not row[3]:  # of no case, or of one that has been destroyed
            return About()
        process, version, number, state = row
        compiled = self._house.process(process, version)
        data = open_data(state, compiled)
        return About(process, version, number or "", data)


def open_data(state: str, process: Any) -> Mapping[str, Any]:
    """Of a case's data what is, or holds, nothing of grade secret; nothing where its version cannot be had."""
    if process is None:
        return {}
    data = msgspec.json.decode(state)["flow"]["data"]
    return {name: value for name, value in data.items() if name not in process.secrets}
