"""When single messages become a count, and that count."""

from dataclasses import dataclass, field

from alarm_gateway.core.decide import SAMPLE_DEVICES_MAX, Counted
from alarm_protocol.units import DeviceId, PressId, TimestampMs

_MINUTE_MS = 60_000


class Gate:
    """Lets so many a minute through, all at once if need be, and counts none of the genuine.

    Args:
        per_minute: How many pass in a minute.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._left = float(per_minute)
        self._at_ms: int | None = None

    def passes(self, now_ms: TimestampMs) -> bool:
        """Take one, if one is left."""
        if self._at_ms is not None and now_ms > self._at_ms:
            filled = (now_ms - self._at_ms) * self._per_minute / _MINUTE_MS
            self._left = min(float(self._per_minute), self._left + filled)
        self._at_ms = now_ms
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass(slots=True)
class Tally:
    """What one batch brought beyond the limit, for one aggregate."""

    unreadable: int = 0
    faults: int = 0
    presses: list[tuple[DeviceId, PressId]] = field(default_factory=list)
    devices: dict[DeviceId, None] = field(default_factory=dict)
    """Some of the devices named, in order."""

    def add_press(self, device_id: DeviceId, press_id: PressId) -> None:
        """Count a press; it is answered like any other."""
        self.presses.append((device_id, press_id))
        self._name(device_id)

    def add_fault(self, device_id: DeviceId) -> None:
        """Count a device with a fault."""
        self.faults += 1
        self._name(device_id)

    def _name(self, device_id: DeviceId) -> None:
        if len(self.devices) < SAMPLE_DEVICES_MAX:
            self.devices[device_id] = None

    def counted(self) -> Counted:
        """Return it as an input to decide on."""
        return Counted(
            unreadable=self.unreadable,
            presses=len(self.presses),
            faults=self.faults,
            devices=tuple(self.devices),
        )
