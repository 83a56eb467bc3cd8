"""The rules that an organisation may set, as read from its policy file (TOML)."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from alarm_gateway.core.calendar import Calendar
from alarm_protocol.guidance import Guidance
from alarm_protocol.households import Category
from alarm_protocol.units import DurationMs, Percent, Priority

Seconds = Annotated[int, Meta(ge=1, le=86_400)]


def ms(seconds: int) -> DurationMs:
    """Convert a rule's seconds to the milliseconds that the code works in."""
    return DurationMs(seconds * 1_000)


class PriorityRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Priority (1 is the highest, 4 the lowest) for each reason an alarm may have."""

    verified_press: Priority = 1
    verified_hold: Priority = 1
    verified_duress: Priority = 1
    press_with_doubts: Priority = 2
    unknown_device: Priority = 3
    cancel_without_alarm: Priority = 3
    test: Priority = 4
    supervision_lost: Priority = 3
    tamper: Priority = 3
    link_lost: Priority = 4
    battery_low: Priority = 4
    clock_drift: Priority = 4
    flood: Priority = 3


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
    test_expires_s: Seconds = 600
    """How long a test lasts that nobody ends; a real press ends it at once."""
    assessment_working_days: Annotated[int, Meta(ge=1, le=60)] = 5
    """Veilig Thuis: a safety assessment within five working days."""

    def __post_init__(self) -> None:
        """Refuse a first deadline behind the second: level 1 would never be seen."""
        if self.accept_within_s > self.escalate_within_s:
            raise ValueError(
                f"[times] accept_within_s = {self.accept_within_s} is more than "
                f"escalate_within_s = {self.escalate_within_s}; an alarm is escalated after the "
                "time to accept it, so give a smaller or the same number"
            )


class SilenceRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """EN 50136-1: after how many seconds without a sign a device of a category is lost."""

    SP3: Seconds = 1_800
    SP4: Seconds = 180
    SP5: Seconds = 90
    SP6: Seconds = 20
    DP3: Seconds = 180
    DP4: Seconds = 90

    def after_ms(self, category: Category) -> DurationMs:
        """Return the longest silence of a category, in milliseconds."""
        return ms(getattr(self, category))


class SupervisionRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When something is wrong with a device itself."""

    category: Category = "DP4"
    """Category of a device whose household names none."""
    silent_after_s: SilenceRules = SilenceRules()
    ahead_s: Annotated[int, Meta(ge=0, le=15)] = 5
    """So long before that time is over a device is called lost: reporting it takes time too."""
    link_grace_s: Annotated[int, Meta(ge=0, le=600)] = 30
    """How long a connection may be away before that is a fault; none after a press."""
    watch_after_press_s: Seconds = 900
    """So long after a press, silence or a lost link raises the priority."""
    battery_low_pct: Percent = 15
    battery_good_pct: Percent = 20

    def __post_init__(self) -> None:
        """Refuse a battery that would be low and good at the same time."""
        if self.battery_low_pct >= self.battery_good_pct:
            raise ValueError(
                f"[supervision] battery_low_pct = {self.battery_low_pct} is not less than "
                f"battery_good_pct = {self.battery_good_pct}; a battery is good again above low"
            )


class FloodRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From how many a minute on single messages are condensed into one alarm with a count."""

    messages_per_minute: Annotated[int, Meta(ge=1, le=100_000)] = 30
    """Unreadable messages, presses of unknown devices, and doubtful repeats."""
    faults_per_minute: Annotated[int, Meta(ge=1, le=100_000)] = 20
    """Devices with a fault of their own; beyond it they are counted, not shown one by one."""


class PolicyFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a policy file may hold. An empty file means these defaults."""

    priority: PriorityRules = PriorityRules()
    times: TimeRules = TimeRules()
    supervision: SupervisionRules = SupervisionRules()
    flood: FloodRules = FloodRules()
    guidance: Guidance = Guidance()
    """For the consoles, which read it out of the same file; checked here too."""


class Policy(PolicyFile, frozen=True, kw_only=True):
    """All rules together: those of the file, and what the world around it decides."""

    calendar: Calendar = Calendar()
    """Working days, handed in by whoever starts the gateway."""


def parse_policy(text: str) -> Policy:
    """Read a policy.

    Raises:
        msgspec.DecodeError: The text is not TOML, or a rule has a wrong name or value.
    """
    file = msgspec.toml.decode(text, type=PolicyFile)
    return Policy(**msgspec.structs.asdict(file))
