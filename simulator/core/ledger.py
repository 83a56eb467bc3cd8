"""Who pressed, who saw it, who was answered: the account of an unattended run.

Every press is told by its `press_id`, and by that it must be found on both consoles, once,
and be answered to its device. Times are microseconds on one monotonic clock.
"""

from dataclasses import dataclass, field

import msgspec
from hdrh.histogram import HdrHistogram

from alarm_protocol.messages import AlarmView, Feedback
from alarm_protocol.units import CONSOLES, AlarmId, ConsoleId, DeviceId, PressId

LATENCY_US_MAX = 600_000_000
"""Ten minutes; what took longer is written down as that."""
_DIGITS = 3


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution in milliseconds; `count` 0 means that there is nothing to tell."""

    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class ConsoleAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What one console saw of the presses of this run."""

    alarms: int
    presses: int
    lost: int
    duplicated: int
    latency: Latency


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The account of a run.

    Attributes:
        received: Presses that were answered.
        accepted: Presses whose alarm the device knows to be accepted, or further.
        unanswered: Presses whose device was told nothing.
        untold: Presses whose alarm an operator took, while the device was not told so.
    """

    presses: int
    consoles: dict[ConsoleId, ConsoleAccount]
    received: int
    accepted: int
    unanswered: int
    untold: int
    received_latency: Latency
    accepted_latency: Latency

    @property
    def lost(self) -> int:
        """What is missing, each press counted at every place where it is missing."""
        return (
            self.unanswered + self.untold + sum(console.lost for console in self.consoles.values())
        )

    @property
    def duplicated(self) -> int:
        """Presses that made more of an alarm than one press should, over both consoles."""
        return sum(console.duplicated for console in self.consoles.values())

    @property
    def clean(self) -> bool:
        """Whether nothing was lost and nothing duplicated."""
        return self.presses > 0 and self.lost == 0 and self.duplicated == 0


@dataclass(slots=True)
class _Pressed:
    device_id: DeviceId
    at_us: int
    answered: bool = False


@dataclass(slots=True)
class _Seen:
    """One console's side of the account."""

    alarm_of: dict[PressId, AlarmId] = field(default_factory=dict)
    presses_of: dict[AlarmId, set[PressId]] = field(default_factory=dict)
    doubled: set[tuple[AlarmId, PressId]] = field(default_factory=set)
    foreign: set[AlarmId] = field(default_factory=set)
    """Alarms that hold presses from before this run, or from another hand."""
    press_count: dict[AlarmId, int] = field(default_factory=dict)
    taken: set[AlarmId] = field(default_factory=set)
    """Alarms that an operator of this console accepted."""
    closed: set[AlarmId] = field(default_factory=set)
    latency: HdrHistogram = field(default_factory=lambda: HdrHistogram(1, LATENCY_US_MAX, _DIGITS))


class Ledger:
    """Write down presses, views and feedback as they come; ask `account` at the end."""

    def __init__(self) -> None:
        self._presses: dict[PressId, _Pressed] = {}
        self._consoles: dict[ConsoleId, _Seen] = {console: _Seen() for console in CONSOLES}
        self._unanswered = 0
        self._alarm_of: dict[PressId, AlarmId] = {}
        self._accepted_alarms: set[AlarmId] = set()
        self._received_us = HdrHistogram(1, LATENCY_US_MAX, _DIGITS)
        self._accepted_us = HdrHistogram(1, LATENCY_US_MAX, _DIGITS)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was pressed yet."""
        return not self._presses

    def pressed(self, press_id: PressId, device_id: DeviceId, at_us: int) -> None:
        """Write down a press of this run."""
        self._presses[press_id] = _Pressed(device_id, at_us)
        self._unanswered += 1

    def viewed(self, console: ConsoleId, view: AlarmView, at_us: int) -> None:
        """Write down what a console showed."""
        seen = self._consoles[console]
        alarm_id = view.alarm_id
        own: list[PressId] = []
        for press in view.presses:
            pressed = self._presses.get(press.press_id)
            if pressed is None:
                seen.foreign.add(alarm_id)
                continue
            own.append(press.press_id)
            first = seen.alarm_of.setdefault(press.press_id, alarm_id)
            if first != alarm_id or own.count(press.press_id) > 1:
                seen.doubled.add((alarm_id, press.press_id))
            known = seen.presses_of.setdefault(alarm_id, set())
            if press.press_id not in known:
                known.add(press.press_id)
                if first == alarm_id:
                    _record(seen.latency, at_us - pressed.at_us)
        if own:
            seen.press_count[alarm_id] = view.press_count
        if view.status != "open":
            seen.taken.add(alarm_id)
        if view.status == "closed":
            seen.closed.add(alarm_id)
        else:
            seen.closed.discard(alarm_id)

    def answered(self, message: Feedback, at_us: int) -> None:
        """Write down what a device was told."""
        pressed = self._presses.get(message.press_id)
        if pressed is None:
            return
        if not pressed.answered:
            pressed.answered = True
            self._unanswered -= 1
            self._alarm_of[message.press_id] = message.alarm_id
            _record(self._received_us, at_us - pressed.at_us)
        if message.status != "received" and message.alarm_id not in self._accepted_alarms:
            self._accepted_alarms.add(message.alarm_id)
            _record(self._accepted_us, at_us - pressed.at_us)

    def is_over(self, press_id: PressId) -> bool:
        """Tell whether the alarm of a press is closed on both consoles."""
        return all(seen.alarm_of.get(press_id) in seen.closed for seen in self._consoles.values())

    def is_settled(self) -> bool:
        """Tell whether every press was seen on both consoles, answered, and accepted."""
        return (
            self._unanswered == 0
            and all(len(seen.alarm_of) == len(self._presses) for seen in self._consoles.values())
            and self._accepted() == len(self._presses)
        )

    def account(self) -> Account:
        """Return the account as it stands."""
        total = len(self._presses)
        return Account(
            presses=total,
            consoles={name: self._console(seen) for name, seen in self._consoles.items()},
            received=total - self._unanswered,
            accepted=self._accepted(),
            unanswered=self._unanswered,
            untold=self._untold(),
            received_latency=_latency(self._received_us),
            accepted_latency=_latency(self._accepted_us),
        )

    def _accepted(self) -> int:
        return sum(alarm in self._accepted_alarms for alarm in self._alarm_of.values())

    def _untold(self) -> int:
        taken = set().union(*(seen.taken for seen in self._consoles.values()))
        return sum(
            alarm in taken and alarm not in self._accepted_alarms
            for alarm in self._alarm_of.values()
        )

    def _console(self, seen: _Seen) -> ConsoleAccount:
        # A count above the presses that were made is a press taken twice.
        surplus = sum(
            max(0, seen.press_count[alarm] - len(presses))
            for alarm, presses in seen.presses_of.items()
            if alarm not in seen.foreign
        )
        return ConsoleAccount(
            alarms=len(seen.presses_of),
            presses=len(seen.alarm_of),
            lost=len(self._presses) - len(seen.alarm_of),
            duplicated=len(seen.doubled) + surplus,
            latency=_latency(seen.latency),
        )


def _record(histogram: HdrHistogram, value_us: int) -> None:
    histogram.record_value(min(max(value_us, 1), LATENCY_US_MAX))


def _latency(histogram: HdrHistogram) -> Latency:
    count = int(histogram.get_total_count())
    if count == 0:
        return Latency(count=0, p50_ms=0.0, p99_ms=0.0, max_ms=0.0)
    return Latency(
        count=count,
        p50_ms=histogram.get_value_at_percentile(50.0) / 1000,
        p99_ms=histogram.get_value_at_percentile(99.0) / 1000,
        max_ms=histogram.get_max_value() / 1000,
    )
