"""How a gateway stands at one moment: what its health and its gauges are read from."""

import os
from pathlib import Path

from msgspec import Struct

from alarm_gateway.adapters.journal import JournalStats

SESSIONS = ("alarms", "supervision")
"""The gateway's two lines to the broker."""


class Standing(Struct, frozen=True, kw_only=True):
    """What holds right now; a dictionary goes by session."""

    recovered: bool
    journal_writable: bool
    connected: dict[str, bool]
    lets_us: bool
    """Whether the broker took the gateway's status, when it last answered one."""
    backlog: dict[str, int]
    supervision_waiting: int
    unacknowledged: int
    unsent: int
    unreadable_supervision: int
    refused: int
    reading_paused: bool
    congested: bool
    pending: int
    journal: JournalStats
    journal_bytes: int
    free_bytes: int
    broker_end_s: float | None
    """When the broker's certificate ends, in s since 1970; None in the clear or not met yet."""

    @property
    def ready(self) -> bool:
        """Whether presses are taken, written down and shown."""
        linked = all(self.connected.values()) and self.lets_us
        return self.recovered and self.journal_writable and linked


def free_bytes(folder: Path) -> int:
    """Return how much room is left on a folder's disk, or 0 where that cannot be known."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
