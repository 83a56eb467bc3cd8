"""The only reader of time. Cores get the time as an argument."""

import time

from alarm_protocol.units import TimestampMs


def now_ms() -> TimestampMs:
    """Milliseconds since the epoch, UTC, by this machine's wall clock."""
    return TimestampMs(time.time_ns() // 1_000_000)


def monotonic_s() -> float:
    """Seconds on a clock that never jumps; only differences mean something."""
    return time.monotonic()


def monotonic_ns() -> int:
    """Nanoseconds on that clock; all processes of one machine share it."""
    return time.monotonic_ns()


def pause(seconds: float) -> None:
    """Wait, in a program that has nothing else to do."""
    time.sleep(seconds)
