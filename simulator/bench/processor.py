"""Processor time as the operating system tells it (Linux): of one process, and of all."""

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simulator.bench.errors import BenchError

_CPU_CLOCK = 2
"""As in clock_getcpuclockid(3): the scheduler's own account, all threads together."""
_IDLE, _IOWAIT, _GUEST = 3, 4, 8
"""Columns of /proc/stat: two that are no work, and the first that others contain already."""


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has used.

    Its processor-time clock counts nanoseconds, where `/proc` counts hundredths of a second.

    Raises:
        BenchError: There is no such process, or this is no Linux.
    """
    try:
        return time.clock_gettime(~pid << 3 | _CPU_CLOCK)
    except OSError:
        raise BenchError(f"the processor time of process {pid} cannot be read") from None


def busy_s() -> float:
    """Return the processor time that all programs, and the host beside us, have used."""
    whole, _, _ = Path("/proc/stat").read_text("ascii").partition("\n")
    columns = [int(one) for one in whole.split()[1 : 1 + _GUEST]]
    return (sum(columns) - columns[_IDLE] - columns[_IOWAIT]) / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Meter:
    """Measures what parts and the stand's own tools use between its making and `stop`.

    Args:
        parts: Processes whose time is told, by name.
        tools: Processes that belong to the stand; they may end before the measurement does.
    """

    parts: Mapping[str, int]
    tools: Sequence[int]
    used_s: dict[str, float] = field(default_factory=dict)
    others_s: float = 0.0
    _before: dict[int, float] = field(default_factory=dict)
    _busy_s: float = 0.0

    def __post_init__(self) -> None:
        self._before = {pid: cpu_s(pid) for pid in (*self.parts.values(), *self.tools)}
        self._busy_s = busy_s()

    def stop(self) -> None:
        """Take the second reading."""
        all_s = busy_s() - self._busy_s
        self.used_s = {
            name: max(0.0, cpu_s(pid) - self._before[pid]) for name, pid in self.parts.items()
        }
        tools_s = 0.0
        for pid in self.tools:
            with contextlib.suppress(BenchError):
                tools_s += max(0.0, cpu_s(pid) - self._before[pid])
        self.others_s = max(0.0, all_s - sum(self.used_s.values()) - tools_s)
