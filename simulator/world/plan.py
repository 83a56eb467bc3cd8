"""What comes from outside in a run: devices, presses, faults, people. A plan is plain data.

A plan and its seed decide a run whole. A failure is told, and shrunk, as a shorter plan.
"""

from typing import Literal

from msgspec import Struct

SETTLE_MS = 150_000
"""After the last fault: time for the longest repeats and escalations to come to rest.

A device repeats every 30 s, a client connects within 10 s, a view is repeated every 30 s, and
an alarm reaches its last level after 60 s."""

CrashStep = Literal["received", "decided", "appended", "durable", "shown", "published", "acked"]
CRASH_STEPS: tuple[CrashStep, ...] = (
    "received", "decided", "appended", "durable", "shown", "published", "acked",
)  # fmt: skip
"""Where the gateway may die, in the order of one message's way through it."""


class DevicePlan(Struct, frozen=True, kw_only=True):
    """One device: what it was delivered with, and how wrong its clock is."""

    device_id: str
    number: int
    signed: bool = True
    registered: bool = True
    in_service: bool = True
    clock_offset_ms: int = 0
    drift_ppm: int = 0
    slow_beats: bool = False
    """Of a category that may be silent for 30 minutes (EN 50136-1, SP3)."""


class Happening(Struct, frozen=True, kw_only=True):
    """One thing that comes from outside, `at_ms` after the world began.

    `who` is a device, a console or a client; `how` says which kind of it; `for_ms` is how long
    it lasts; `amount` is a size in the kind's own unit.
    """

    at_ms: int
    kind: str
    who: str = ""
    how: str = ""
    for_ms: int = 0
    amount: int = 0


class Plan(Struct, frozen=True, kw_only=True):
    """A whole run."""

    seed: int
    length_ms: int
    devices: tuple[DevicePlan, ...]
    happenings: tuple[Happening, ...]
    heartbeat_every_ms: int = 60_000


_WORDS = {
    "press": "{who}: the finger presses ({how})",
    "device-restart": "{who} restarts, its clock {amount} ms off",
    "delay": "the network of {who} takes up to {amount} ms for {s}",
    "reorder": "topics overtake each other for {s}",
    "duplicate": "{amount}% of all messages come twice for {s}",
    "drop": "{amount}% of all messages at QoS 0 are lost for {s}",
    "disconnect": "{who} loses its connection for {s}",
    "half-open": "{who}'s connection dies unnoticed for {s}",
    "session-loss": "the broker forgets the session of {who}",
    "broker-restart": "the broker is down for {s} and comes back {how}",
    "gateway-crash": "the gateway dies at the step '{how}' and is back after {s}",
    "gateway-pause": "the gateway stands still for {s}",
    "disk-slow": "each write to the disk takes up to {amount} ms for {s}",
    "disk-fail": "the next write to the disk fails",
    "disk-full": "the disk is full for {s}",
    "console-restart": "the console of {who} restarts, down for {s}",
    "console-slow": "the console of {who} takes {amount} ms for each message for {s}",
    "collide": "two operators of {who} act on the same alarm for {s}",
    "home": "the operators of {who} are away for {s}",
    "attack": "an attacker sends: {how} (against {who})",
}
KINDS = tuple(_WORDS)


def words_of(happening: Happening) -> str:
    """Say in one line what happens."""
    seconds = f"{happening.for_ms / 1_000:g} s"
    return _WORDS[happening.kind].format(
        who=happening.who or "everybody", how=happening.how, amount=happening.amount, s=seconds
    )


def clock_of(at_ms: int) -> str:
    """Write a time since the start as hours, minutes, seconds and milliseconds."""
    seconds, rest_ms = divmod(at_ms, 1_000)
    return f"{seconds // 3_600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest_ms:03d}"
