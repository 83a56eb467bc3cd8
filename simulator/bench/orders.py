"""What the processes of the measuring stand are told, and what they tell.

Each is started with one file of orders in JSON and answers with files beside it; times are
those of CLOCK_MONOTONIC, which all processes of one machine share.
"""

import array
import contextlib
import ctypes
import os
import re
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from alarm_protocol.runtime import clock
from simulator.bench.errors import BenchError

NUMBER_DIGITS = 7
_PR_SET_TIMERSLACK = 29
_NICE = -10

T = TypeVar("T", bound=msgspec.Struct)


class SenderOrders(msgspec.Struct, frozen=True, kw_only=True):
    """Send `count` presses, `rate_per_s` of them a second, over the first `pool` devices."""

    broker: str
    keys: str
    """File with a line `device_id key_hex` for each device."""
    pool: int
    count: int
    rate_per_s: float
    run_id: str
    out: str
    start_after_s: float = 0.3


class SenderTold(msgspec.Struct, frozen=True, kw_only=True):
    """How the sending went."""

    start_ns: int
    end_ns: int
    acknowledged: int
    cpu_s: float


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """A WebSocket client of a console; a slow one takes a few bytes now and then."""

    stage: str
    port: int
    cookie: str
    """Of somebody who is signed in there."""
    slow: bool = False


class ReceiverOrders(msgspec.Struct, frozen=True, kw_only=True):
    """Note when each of `count` presses comes to each place, until all are there."""

    broker: str
    run_id: str
    count: int
    out: str
    hop: bool = False
    """Listen to the presses themselves: the bare hop."""
    feedback: bool = False
    consoles: bool = False
    """Stand for both consoles: take their views, and confirm them."""
    screens: tuple[Screen, ...] = ()
    quick_ack: bool = False
    idle_s_max: float = 15.0
    """End when nothing came for so long, once the sender has ended."""


class ReceiverTold(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen; the times are in one file for each stage."""

    stages: tuple[str, ...]
    confirmed: int
    alarms: dict[str, int]
    cpu_s: float


class NoiseOrders(msgspec.Struct, frozen=True, kw_only=True):
    """Do something beside the presses: `rate_per_s` messages or connects a second."""

    kind: Literal["heartbeats", "unreadable", "reconnects"]
    broker: str
    keys: str
    devices: int
    rate_per_s: float
    out: str


class NoiseTold(msgspec.Struct, frozen=True, kw_only=True):
    """How much of it there was, between the start and the end of the measurement."""

    done: int
    seconds: float


class RelayOrders(msgspec.Struct, frozen=True, kw_only=True):
    """Forward each press to both consoles' topics, unread."""

    broker: str


def read_orders(kind: type[T]) -> T:
    """Read the file named on the command line."""
    try:
        return msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=kind)
    except (IndexError, OSError, msgspec.MsgspecError) as error:
        raise BenchError(f"no orders: {error}") from error


def say_ready(words: str) -> None:
    """Print the line that the runner waits for."""
    sys.stdout.write(f"ready {words}\n")
    sys.stdout.flush()


def be_precise(*, realtime: bool = False) -> None:
    """Wake up when asked (Linux lets a sleep last 50 us longer), and before others if allowed.

    Devices and screens do not share the gateway's processor in the field: here they do, and
    must not wait for it. What presses asks for more than what receives, which would be woken
    for every packet. Without the right to, the lateness that is reported shows if it matters.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    if realtime and sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def press_id(run_id: str, number: int) -> str:
    """Name a press so that its number can be found in any message."""
    return f"{run_id}-{number:0{NUMBER_DIGITS}d}"


def press_pattern(run_id: str) -> re.Pattern[bytes]:
    """Find the numbers of a run's presses in a message."""
    text = rf'"press_id": ?"{re.escape(run_id)}-(\d{{{NUMBER_DIGITS}}})"'
    return re.compile(text.encode())


def read_keys(path: str, count: int) -> list[tuple[str, bytes]]:
    """Read devices and their keys."""
    found: list[tuple[str, bytes]] = []
    with Path(path).open(encoding="ascii") as file:
        for line in islice(file, count):
            device_id, _, key_hex = line.strip().partition(" ")
            found.append((device_id, bytes.fromhex(key_hex)))
    if len(found) < count:
        raise BenchError(f"{path} holds {len(found)} devices, not {count}")
    return found


def write_times(path: Path, times_ns: Sequence[int]) -> None:
    """Keep times, or counts, in a file."""
    path.write_bytes(array.array("Q", times_ns).tobytes())


def read_times(path: Path) -> Sequence[int]:
    """Read times, or counts."""
    times = array.array("Q")
    times.frombytes(path.read_bytes())
    return times


now_ns = clock.monotonic_ns
"""The time that all processes of this machine share."""
