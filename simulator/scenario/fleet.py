"""The devices of a scenario: a fleet whose devices can be cut off, opened, and worn out."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from alarm_protocol.households import Household
from alarm_protocol.messages import Location, Trigger
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.units import DeviceId, PressId, TimestampMs
from simulator.device_link import DeviceLink, OnFeedback, OnSent
from simulator.fleet import Fleet, FleetSettings
from simulator.scenario.plan import Event, Plan
from simulator.steady_clock import SteadyClock

_M_PER_DEGREE = 111_320.0
_DEGREES_MAX = 89.0


class WrongClock(SteadyClock):
    """A device's clock that is wrong, at once or bit by bit.

    Args:
        ahead_ms: By how much; negative where it is slow.
        within_s: How long it takes to be so, in real seconds; 0 is from the start.
    """

    def __init__(self, ahead_ms: int, within_s: float = 0.0) -> None:
        super().__init__()
        self._ahead_ms = ahead_ms
        self._within_ms = within_s * 1_000
        self._began_ms = super().now_ms()

    def now_ms(self) -> TimestampMs:
        """Return what this clock shows."""
        right_ms = super().now_ms()
        share = 1.0
        if right_ms - self._began_ms < self._within_ms:
            share = (right_ms - self._began_ms) / self._within_ms
        return TimestampMs(right_ms + round(self._ahead_ms * share))


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesSettings:
    """Where the devices connect, whose they are, and how often they beat (real seconds).

    Attributes:
        drift_s: How long clocks that are wrong take to be so, in real seconds; 0 is from the start.
    """

    broker: BrokerUrl
    households: Sequence[Household]
    plan: Plan
    heartbeat_s: float
    seed: int
    drift_s: float = 0.0


class Devices:
    """Does to single devices what the events of a plan say."""

    def __init__(
        self, settings: DevicesSettings, *, on_feedback: OnFeedback, on_sent: OnSent
    ) -> None:
        self.fleet = Fleet(
            FleetSettings(
                broker=settings.broker,
                households=settings.households,
                heartbeat_every_s=settings.heartbeat_s,
                seed=settings.seed,
            ),
            on_feedback=on_feedback,
            on_sent=on_sent,
        )
        self.away: set[int] = set()
        """Buttons whose connection was taken away."""
        self._ids = [household.device_id for household in settings.households]
        self._homes = [household.police for household in settings.households]
        self._plan = settings.plan
        self._actions: dict[str, Callable[[Event], None]] = {
            "cut": self._cut,
            "die": self._cut,
            "leave": self._leave,
            "back": self._back,
            "battery": lambda event: self._set(event.button, battery_pct=event.value),
            "tamper": lambda event: self._set(event.button, tamper=True),
            "tamper_end": lambda event: self._set(event.button, tamper=False),
        }
        for number, device in enumerate(settings.plan.devices):
            if device.clock_ahead_ms:
                self._give_clock(number, WrongClock(device.clock_ahead_ms, settings.drift_s))

    def id_of(self, button: int) -> DeviceId:
        """Return a button's device id."""
        return self._ids[button]

    def press(self, event: Event) -> PressId | None:
        """Press a button where its owner is; None where the device takes no further press."""
        if self._plan.devices[event.button].mobile:
            home = self._homes[event.button]
            east_m = _M_PER_DEGREE * math.cos(math.radians(home.latitude))
            place = Location(
                latitude=_bound(home.latitude + event.north_m / _M_PER_DEGREE),
                longitude=home.longitude + event.east_m / east_m,
                accuracy_m=8.0,
            )
            self._set(event.button, location=place)
        trigger = msgspec.convert(event.how, Trigger)
        return self.fleet.press(self.id_of(event.button), trigger)

    def happen(self, event: Event) -> bool:
        """Do to a device what an event says; tell whether it is one of a device."""
        action = self._actions.get(event.what)
        if action is not None:
            action(event)
        return action is not None

    def _link(self, button: int) -> DeviceLink:
        return self.fleet.links[self.id_of(button)]

    def _cut(self, event: Event) -> None:
        self.away.add(event.button)
        self._link(event.button).cut()

    def _leave(self, event: Event) -> None:
        self.away.add(event.button)
        self._link(event.button).leave()

    def _back(self, event: Event) -> None:
        self.away.discard(event.button)
        self._link(event.button).restore()

    def _set(self, button: int, **changes: object) -> None:
        device = self._link(button).device
        device.settings = msgspec.structs.replace(device.settings, **changes)

    def _give_clock(self, button: int, clock: SteadyClock) -> None:
        device = self._link(button).device
        link = DeviceLink(device, replace(self.fleet.shared, steady=clock))
        self.fleet.links[self.id_of(button)] = link


def _bound(latitude: float) -> float:
    return max(-_DEGREES_MAX, min(_DEGREES_MAX, latitude))
