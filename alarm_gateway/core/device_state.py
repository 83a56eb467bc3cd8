"""What the gateway knows of one device: its presses, its newest alarm, both tracks."""

from msgspec import Struct

from alarm_gateway.core.records import Condition
from alarm_protocol.messages import (
    Doubt,
    OwnTrack,
    Press,
    Remark,
    TimelineEntry,
    TrackStatus,
    ViewPress,
)
from alarm_protocol.units import POLICE, AlarmId, ConsoleId, DeviceId, PressId, TimestampMs

KNOWN_PRESSES_MAX = 64
KNOWN_DOUBTFUL_MAX = 32
PRESSES_KEPT_MAX = 8
TIMELINE_KEPT_MAX = 64
UNITS_KEPT_MAX = 8


class KnownPress(Struct, frozen=True, gc=False):
    """What tells a repeat from another press."""

    press_id: PressId
    sequence: int
    pressed_at_ms: TimestampMs
    trigger: str
    alarm_id: AlarmId

    def is_of(self, press: Press) -> bool:
        """Whether `press` is this one, sent again."""
        return (
            self.press_id == press.press_id
            and self.sequence == press.sequence
            and self.pressed_at_ms == press.pressed_at_ms
            and self.trigger == press.trigger
        )


class TrackState(Struct, frozen=True, gc=False, kw_only=True):
    """One agency's track. Versions are those of the alarm's view."""

    own: OwnTrack
    opened_at_ms: TimestampMs
    opened_version: int = 1
    """The version with which the alarm was (last) put before this console as open."""
    confirmed_version: int = 0
    closed_version: int = 0
    unreachable: bool = False
    painted_at_ms: TimestampMs | None = None
    """When the alarm was first on a screen here; it stays when the track is opened again."""

    @property
    def status(self) -> TrackStatus:
        """How far this agency is."""
        return self.own.status

    @property
    def cleared(self) -> bool:
        """Closed, and the console knows: nothing is published to it any more."""
        return 0 < self.closed_version <= self.confirmed_version


class Line(Struct, frozen=True, gc=False):
    """A timeline entry and the console that may read it; None means both."""

    console: ConsoleId | None
    entry: TimelineEntry


class AlarmState(Struct, frozen=True, gc=False, kw_only=True):
    """One alarm of a device, with both agencies' tracks."""

    alarm_id: AlarmId
    view_version: int
    priority: int
    test: bool
    reasons: tuple[str, ...]
    doubts: tuple[Doubt, ...]
    remarks: tuple[Remark, ...]
    raised_at_ms: TimestampMs
    changed_at_ms: TimestampMs
    press_count: int
    presses: tuple[ViewPress, ...]
    police: TrackState
    veilig_thuis: TrackState
    timeline: tuple[Line, ...] = ()
    timeline_count: int = 0
    assess_by_ms: TimestampMs | None = None
    """When Veilig Thuis's safety assessment is due; None while nobody has pressed."""
    condensed: int = 0
    """Messages that are counted in this alarm and not shown one by one."""

    def track(self, console: ConsoleId) -> TrackState:
        """Return the track of one agency."""
        return self.police if console == POLICE else self.veilig_thuis

    @property
    def closed(self) -> bool:
        """Whether both agencies are done."""
        return self.police.own.status == self.veilig_thuis.own.status == "closed"

    @property
    def cleared(self) -> bool:
        """Whether no console has to do with it any more."""
        return self.police.cleared and self.veilig_thuis.cleared

    @property
    def confirmed(self) -> bool:
        """Whether every console that has to do with it holds the newest version."""
        return all(
            track.confirmed_version >= self.view_version or track.cleared
            for track in (self.police, self.veilig_thuis)
        )

    def answered(self, console: ConsoleId, action_id: str) -> bool:
        """Whether this action has its answer in the timeline already."""
        return any(
            line.entry.action_id == action_id and line.console == console for line in self.timeline
        )


class DeviceState(Struct, frozen=True, gc=False, kw_only=True):
    """The aggregate: one device, its presses, and its newest alarm."""

    device_id: DeviceId
    version: int = 0
    alarm_count: int = 0
    alarm: AlarmState | None = None
    sequence_max: int = -1
    sequence_floor: int = -1
    """Verified presses up to this number have left `known`."""
    known: tuple[KnownPress, ...] = ()
    """Verified presses, newest last."""
    known_doubtful: tuple[KnownPress, ...] = ()
    """Presses with doubts, apart from the others so that they cannot push those out."""
    quarantined: int = 0
    conditions: tuple[Condition, ...] = ()
    """What is wrong with the device itself."""
    maintenance_until_ms: TimestampMs = TimestampMs(0)
    registry_number: int = 0
    """Of the registry's aggregate: up to which of its changes the journal has them."""

    def find(self, press: Press) -> KnownPress | None:
        """Return the press of which this one is a repeat, verified ones first."""
        for known in (*reversed(self.known), *reversed(self.known_doubtful)):
            if known.is_of(press):
                return known
        return None
