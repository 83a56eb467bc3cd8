"""What is due when: a heap of deadlines, each armed once per alarm."""

import heapq
from typing import Literal, NamedTuple

from alarm_protocol.units import AlarmId, DeviceId, TimestampMs

DeadlineKind = Literal["accept", "confirm", "test", "silent", "link"]


class Deadline(NamedTuple):
    """Something to look at when its time has come; `attempt` counts earlier looks."""

    due_ms: TimestampMs
    number: int
    kind: DeadlineKind
    device_id: DeviceId
    alarm_id: AlarmId | None
    attempt: int


class Timers:
    """Deadlines in order of time, at most one of a kind for each alarm, or for each device."""

    def __init__(self) -> None:
        self._heap: list[Deadline] = []
        self._armed: set[tuple[DeadlineKind, str]] = set()
        self._count = 0

    def __len__(self) -> int:
        return len(self._heap)

    def arm(
        self,
        kind: DeadlineKind,
        device_id: DeviceId,
        alarm_id: AlarmId | None,
        due_ms: int,
        attempt: int = 0,
    ) -> None:
        """Set a deadline, unless one of this kind runs for this alarm or device already."""
        key = (kind, alarm_id or device_id)
        if key not in self._armed:
            self._armed.add(key)
            self._count += 1
            heapq.heappush(
                self._heap,
                Deadline(TimestampMs(due_ms), self._count, kind, device_id, alarm_id, attempt),
            )

    def due(self, now_ms: TimestampMs) -> list[Deadline]:
        """Take out, and disarm, everything that is due by now."""
        taken: list[Deadline] = []
        while self._heap and self._heap[0].due_ms <= now_ms:
            deadline = heapq.heappop(self._heap)
            self._armed.discard((deadline.kind, deadline.alarm_id or deadline.device_id))
            taken.append(deadline)
        return taken
