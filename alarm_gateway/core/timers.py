"""What is due when: a heap of deadlines, each armed once per alarm."""

import heapq
from typing import Literal

from msgspec import Struct

from alarm_protocol.units import AlarmId, DeviceId, TimestampMs

DeadlineKind = Literal["accept", "confirm", "test", "silent", "link"]


class Deadline(Struct, frozen=True, gc=False):
    """Something to look at when its time has come; `attempt` counts earlier looks."""

    due_ms: TimestampMs
    kind: DeadlineKind
    device_id: DeviceId
    alarm_id: AlarmId | None
    attempt: int


class Timers:
    """Deadlines in order of time: for each alarm, or device, the soonest one of each kind."""

    def __init__(self) -> None:
        self._heap: list[tuple[TimestampMs, int, Deadline]] = []
        """By time, then in the order of arming."""
        self._armed: dict[tuple[DeadlineKind, str], Deadline] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._armed)

    def arm(
        self,
        kind: DeadlineKind,
        device_id: DeviceId,
        alarm_id: AlarmId | None,
        due_ms: int,
        attempt: int = 0,
    ) -> None:
        """Set a deadline, unless one of this kind runs out no later for this alarm or device.

        One that would run out later is replaced: a view that changes while the last one waits
        for its fifth repeat is a new view, and has to be confirmed in its own time.
        """
        key = (kind, alarm_id or device_id)
        armed = self._armed.get(key)
        if armed is None or due_ms < armed.due_ms:
            self._count += 1
            deadline = Deadline(TimestampMs(due_ms), kind, device_id, alarm_id, attempt)
            self._armed[key] = deadline
            heapq.heappush(self._heap, (deadline.due_ms, self._count, deadline))

    def due(self, now_ms: TimestampMs) -> list[Deadline]:
        """Take out, and disarm, everything that is due by now."""
        taken: list[Deadline] = []
        while self._heap and self._heap[0][0] <= now_ms:
            _, _, deadline = heapq.heappop(self._heap)
            key = (deadline.kind, deadline.alarm_id or deadline.device_id)
            if self._armed.get(key) is deadline:
                del self._armed[key]
                taken.append(deadline)
        return taken
