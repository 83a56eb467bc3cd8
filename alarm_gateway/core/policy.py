"""The rules that an organisation may set, as read from its policy file (TOML)."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from alarm_protocol.units import DurationMs, Priority

Seconds = Annotated[int, Meta(ge=1, le=86_400)]


class PriorityRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Priority (1 is the highest, 4 the lowest) for each reason an alarm may have."""

    verified_press: Priority = 1
    verified_hold: Priority = 1
    verified_duress: Priority = 1
    press_with_doubts: Priority = 2
    unknown_device: Priority = 3
    cancel_without_alarm: Priority = 3
    test: Priority = 4


class TimeRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long something may take, in seconds."""

    late_after_s: Seconds = 40
    """SIA DC-09: a message may be up to 40 s old."""
    clock_ahead_after_s: Seconds = 20
    """SIA DC-09: or up to 20 s in the future."""
    accept_within_s: Seconds = 30
    """EN 50518 (background norm): 80% of hold-up alarms are answered in 30 s."""
    escalate_within_s: Seconds = 60
    """EN 50518 (background norm): and 98.5% in 60 s."""
    on_scene_within_s: Seconds = 900
    """Dutch police, priority 1: within 15 minutes."""
    confirm_within_s: Seconds = 2
    """How long a console may take to confirm that it holds a view."""


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All rules together. An empty file means these defaults."""

    priority: PriorityRules = PriorityRules()
    times: TimeRules = TimeRules()


def parse_policy(text: str) -> Policy:
    """Read a policy.

    Raises:
        msgspec.DecodeError: The text is not TOML, or a rule has a wrong name or value.
    """
    return msgspec.toml.decode(text, type=Policy)


def ms(seconds: int) -> DurationMs:
    """Convert a rule's seconds to the milliseconds that the code works in."""
    return DurationMs(seconds * 1_000)
