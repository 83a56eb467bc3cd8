"""Who was heard when: what is known of the devices between two records.

Heartbeats and link messages outnumber presses by far. They change this memory, and only
what they mean for a device's faults ever becomes a record.
"""

from collections.abc import Iterable, Mapping

from alarm_gateway.core.device_state import DeviceState
from alarm_gateway.core.policy import Policy, ms
from alarm_gateway.core.records import Condition
from alarm_gateway.core.supervise import ConditionChanged, pressed_lately
from alarm_gateway.core.timers import Deadline, Timers
from alarm_protocol.households import Category, Household
from alarm_protocol.messages import Heartbeat
from alarm_protocol.units import DeviceId, TimestampMs

SILENCE_MS_MIN = 1_000


class Watch:
    """Every supervised device's last sign of life, and whose connection is away.

    A device is supervised from its first sign of life on, if it is registered and in service.

    Args:
        policy: How long a device may be silent.
        registry: Every known device, with its category.
        timers: Where deadlines are kept.
    """

    def __init__(
        self, policy: Policy, registry: Mapping[DeviceId, Household], timers: Timers
    ) -> None:
        self.seen_ms: dict[DeviceId, TimestampMs] = {}
        """Devices that are supervised and not silent, with their last sign of life."""
        self._lost_ms: dict[DeviceId, TimestampMs] = {}
        self._policy = policy
        self._registry = registry
        self._timers = timers

    def resume(self, devices: Iterable[DeviceId], now_ms: TimestampMs) -> None:
        """Go on watching after a restart, as if each had been heard just now.

        So a restart never makes a fleet look lost, and a device that fell silent meanwhile is
        still found out, one silence later.
        """
        for device_id in devices:
            if self._supervised(device_id):
                self._heard(device_id, now_ms)

    def leave(self, device_id: DeviceId) -> None:
        """Stop watching a device: it is out of service."""
        self.seen_ms.pop(device_id, None)
        self._lost_ms.pop(device_id, None)

    def _supervised(self, device_id: DeviceId) -> bool:
        household = self._registry.get(device_id)
        return household is not None and household.in_service

    def heartbeat(
        self,
        device_id: DeviceId,
        heartbeat: Heartbeat,
        state: DeviceState | None,
        now_ms: TimestampMs,
    ) -> list[ConditionChanged]:
        """Take a heartbeat; return what it changes, which is nearly always nothing."""
        if not self._supervised(device_id):
            return []
        self._heard(device_id, now_ms)
        known = state.conditions if state is not None else ()
        changes: list[ConditionChanged] = []
        if "silent" in known:
            changes.append(ConditionChanged("silent", active=False))
        rules, times = self._policy.supervision, self._policy.times
        percent = heartbeat.battery_pct
        if percent is not None:
            limit = rules.battery_good_pct if "battery_low" in known else rules.battery_low_pct + 1
            self._note(changes, known, "battery_low", active=percent < limit)
        self._note(changes, known, "tamper", active=heartbeat.tamper)
        drift_ms = heartbeat.sent_at_ms - now_ms
        in_time = -ms(times.late_after_s) <= drift_ms <= ms(times.clock_ahead_after_s)
        self._note(changes, known, "clock_drift", active=not in_time)
        return changes

    @staticmethod
    def _note(
        changes: list[ConditionChanged],
        known: tuple[Condition, ...],
        condition: Condition,
        *,
        active: bool,
    ) -> None:
        if active != (condition in known):
            changes.append(ConditionChanged(condition, active))

    def link(
        self, device_id: DeviceId, *, up: bool, state: DeviceState | None, now_ms: TimestampMs
    ) -> list[ConditionChanged]:
        """Take a connection's coming or going; return what it changes."""
        if not self._supervised(device_id):
            return []
        known = state.conditions if state is not None else ()
        if up:
            self._lost_ms.pop(device_id, None)
            self._heard(device_id, now_ms)
            back: tuple[Condition, ...] = ("silent", "link_lost")
            return [ConditionChanged(one, active=False) for one in back if one in known]
        if device_id in self._lost_ms:
            return []
        self._lost_ms[device_id] = now_ms
        alarm = state.alarm if state is not None else None
        if alarm is not None and not alarm.closed and pressed_lately(alarm, now_ms, self._policy):
            return [ConditionChanged("link_lost", active=True)]
        grace_ms = ms(self._policy.supervision.link_grace_s)
        self._timers.arm("link", device_id, None, now_ms + grace_ms)
        return []

    def due(self, deadline: Deadline, now_ms: TimestampMs) -> list[ConditionChanged]:
        """Look at a device whose time may be over."""
        device_id = deadline.device_id
        if deadline.kind == "link":
            lost_ms = self._lost_ms.get(device_id)
            if lost_ms is None:
                return []
            due_ms = lost_ms + ms(self._policy.supervision.link_grace_s)
            if now_ms < due_ms:
                self._timers.arm("link", device_id, None, due_ms)
                return []
            return [ConditionChanged("link_lost", active=True, since_ms=lost_ms)]
        seen_ms = self.seen_ms.get(device_id)
        if seen_ms is None:
            return []
        due_ms = seen_ms + self._silence_ms(device_id)
        if now_ms < due_ms:
            self._timers.arm("silent", device_id, None, due_ms)
            return []
        del self.seen_ms[device_id]
        category = self._category(device_id)
        return [ConditionChanged("silent", active=True, since_ms=seen_ms, category=category)]

    def _heard(self, device_id: DeviceId, now_ms: TimestampMs) -> None:
        if device_id not in self.seen_ms:
            self._timers.arm("silent", device_id, None, now_ms + self._silence_ms(device_id))
        self.seen_ms[device_id] = now_ms

    def _silence_ms(self, device_id: DeviceId) -> int:
        rules = self._policy.supervision
        longest_ms = rules.silent_after_s.after_ms(self._category(device_id))
        return max(longest_ms - ms(rules.ahead_s), SILENCE_MS_MIN)

    def _category(self, device_id: DeviceId) -> Category:
        household = self._registry.get(device_id)
        named = household.category if household is not None else None
        return named or self._policy.supervision.category
