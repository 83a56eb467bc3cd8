"""Who pressed, who was answered, who saw it: by `press_id`, while everything breaks.

Times are microseconds on one monotonic clock. A press is *answered* when its device has the
gateway's `received`, and *shown* when both consoles' pages had it.
"""

from dataclasses import dataclass, field

from alarm_protocol.messages import AlarmView
from alarm_protocol.units import CONSOLES, AlarmId, ConsoleId, DeviceId, PressId


@dataclass(slots=True)
class Pressed:
    """One press and what became of it; 0 is not yet."""

    press_id: PressId
    device_id: DeviceId
    at_us: int
    round_number: int
    answered_us: int = 0
    alarm_id: AlarmId | None = None
    shown_in: dict[ConsoleId, AlarmId] = field(default_factory=dict)
    shown_us: int = 0
    """When the last of the consoles had it."""


@dataclass(slots=True)
class Watch:
    """How the chain recovers: everything counts from `zero_us`, the end of a fault."""

    zero_us: int
    answered_us: int = 0
    """When the first press was answered that was made after it."""
    shown_us: int = 0
    """When the first such press was on both consoles."""
    all_answered_us: int = 0
    """When no press was left unanswered that was made before `answered_us`."""
    all_shown_us: int = 0
    """When no press was left unseen that was made before `shown_us`."""

    @property
    def over(self) -> bool:
        """Whether everything is well again."""
        return bool(self.all_answered_us and self.all_shown_us)


@dataclass(slots=True)
class Ledger:
    """Write down what happens as it happens."""

    presses: dict[PressId, Pressed] = field(default_factory=dict)
    unanswered: dict[PressId, Pressed] = field(default_factory=dict)
    """Oldest first."""
    unseen: dict[ConsoleId, dict[PressId, Pressed]] = field(
        default_factory=lambda: {console: {} for console in CONSOLES}
    )
    behind: dict[DeviceId, list[int]] = field(default_factory=dict)
    """How many presses of a device are unanswered, and how many each console has not shown."""
    views: dict[ConsoleId, dict[AlarmId, tuple[int, int, str]]] = field(
        default_factory=lambda: {console: {} for console in CONSOLES}
    )
    """Newest version, its count of presses, and its status, of every alarm a page showed."""
    doubled: set[tuple[str, PressId]] = field(default_factory=set)
    older_views: int = 0
    """Views that came after a newer one of the same alarm, on the same page."""
    longest_us: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("answer", *CONSOLES), 0)
    )
    round_number: int = 0
    watch: Watch | None = None

    def pressed(self, press_id: PressId, device_id: DeviceId, at_us: int) -> None:
        """Write down a press."""
        press = Pressed(press_id, device_id, at_us, self.round_number)
        self.presses[press_id] = self.unanswered[press_id] = press
        for missing in self.unseen.values():
            missing[press_id] = press
        behind = self.behind.setdefault(device_id, [0] * (1 + len(CONSOLES)))
        for place in range(len(behind)):
            behind[place] += 1

    def answered(self, press_id: PressId, alarm_id: AlarmId, at_us: int) -> None:
        """Write down that a device was told."""
        press = self.unanswered.pop(press_id, None)
        if press is None:
            known = self.presses.get(press_id)
            if known is not None and known.alarm_id != alarm_id:
                self.doubled.add(("answer", press_id))
            return
        press.answered_us, press.alarm_id = at_us, alarm_id
        self.behind[press.device_id][0] -= 1
        self.longest_us["answer"] = max(self.longest_us["answer"], at_us - press.at_us)
        watch = self.watch
        if watch is not None and not watch.answered_us and press.at_us >= watch.zero_us:
            watch.answered_us = at_us

    def viewed(self, console: ConsoleId, view: AlarmView, at_us: int) -> None:
        """Write down what a page of a console showed."""
        known = self.views[console].get(view.alarm_id)
        if known is not None and known[0] > view.version:
            self.older_views += 1
        else:
            self.views[console][view.alarm_id] = (view.version, view.press_count, view.status)
        missing = self.unseen[console]
        for one in view.presses:
            press = missing.pop(one.press_id, None)
            if press is not None:
                self._seen(console, press, view.alarm_id, at_us)
                continue
            press = self.presses.get(one.press_id)
            if press is not None and press.shown_in.get(console) != view.alarm_id:
                self.doubled.add((console, one.press_id))

    def _seen(self, console: ConsoleId, press: Pressed, alarm_id: AlarmId, at_us: int) -> None:
        press.shown_in[console] = alarm_id
        self.behind[press.device_id][1 + CONSOLES.index(console)] -= 1
        self.longest_us[console] = max(self.longest_us[console], at_us - press.at_us)
        if len(press.shown_in) < len(CONSOLES):
            return
        press.shown_us = at_us
        watch = self.watch
        if watch is not None and not watch.shown_us and press.at_us >= watch.zero_us:
            watch.shown_us = at_us

    def look(self, now_us: int) -> None:
        """See whether what is watched is over; to be called often."""
        watch = self.watch
        if watch is None:
            return
        if watch.answered_us and not watch.all_answered_us:
            oldest_us = _oldest_us(self.unanswered)
            if oldest_us is None or oldest_us > watch.answered_us:
                watch.all_answered_us = now_us
        if watch.shown_us and not watch.all_shown_us:
            oldest = [_oldest_us(missing) for missing in self.unseen.values()]
            if all(one is None or one > watch.shown_us for one in oldest):
                watch.all_shown_us = now_us

    def behind_with(self, device_id: DeviceId) -> int:
        """Return how many presses of a device are missing at the place that misses most."""
        return max(self.behind.get(device_id, (0,)))

    @property
    def settled(self) -> bool:
        """Whether every press was answered and is on both consoles."""
        return not self.unanswered and not any(self.unseen.values())


def _oldest_us(presses: dict[PressId, Pressed]) -> int | None:
    """Return when the oldest of these was made; they are kept in order."""
    return next((press.at_us for press in presses.values()), None)
