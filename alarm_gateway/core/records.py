"""What the journal holds: facts in the past tense, one record each.

Records are for ever: a field may be added with a default, never renamed or given another
meaning. `device_id` and `version` are unique together; `version` rises by one per device.
"""

from typing import Literal

from msgspec import Struct

from alarm_protocol.households import Category
from alarm_protocol.messages import DeviceCondition, Doubt, Remark, TrackAction
from alarm_protocol.units import AlarmId, ConsoleId, DeviceId, Priority, TimestampMs

QUARANTINE = DeviceId("_quarantine")
"""Aggregate of what cannot be read. No device has this name: ids start with a letter or digit."""

FLOOD = DeviceId("gateway-flood")
"""Aggregate of the flood alarm; no device may be registered under this name."""

REGISTRY = DeviceId("_registry")
"""Aggregate of what was changed in the registry; no device has this name either."""

RETENTION = DeviceId("_retention")
"""Aggregate of what was purged; no device has this name either."""

LEVEL_MAX = 2
"""Escalation: 1 is loud at the console itself, 2 goes to the supervisor and the other agency."""

Condition = DeviceCondition
EscalationReason = Literal["not_accepted", "console_unreachable"]
RegistryAct = Literal["imported", "added", "revoked", "restored", "key_rotated", "resealed"]


class Pressed(Struct, frozen=True, gc=False, kw_only=True, tag="pressed", tag_field="event"):
    """A press arrived. It opened an alarm or joined the open one.

    `line` and `signature` are the exact text that the device sent: the evidence.
    `priority` and `reasons` are the alarm's after this press.
    """

    line: str
    signature: str | None
    doubts: tuple[Doubt, ...]
    remarks: tuple[Remark, ...]
    priority: Priority
    reasons: tuple[str, ...]
    test: bool
    opened: bool
    assess_by_ms: TimestampMs | None = None
    """When Veilig Thuis's safety assessment is due, counted from the first press."""


class Acted(Struct, frozen=True, gc=False, kw_only=True, tag="acted", tag_field="event"):
    """An operator's action fitted and was done."""

    console: ConsoleId
    action: TrackAction


class Refused(Struct, frozen=True, gc=False, kw_only=True, tag="refused", tag_field="event"):
    """An operator's action no longer fitted; `acted_by` was first, where somebody was."""

    console: ConsoleId
    action: TrackAction
    why: str
    acted_by: str | None = None


class Delivered(Struct, frozen=True, gc=False, kw_only=True, tag="delivered", tag_field="event"):
    """A console confirmed that it holds this version of the alarm's view."""

    console: ConsoleId
    view_version: int


class DeliveredToBoth(
    Struct, frozen=True, gc=False, kw_only=True, tag="delivered_to_both", tag_field="event"
):
    """Both consoles confirmed this version, in one batch: one fact where it would be two."""

    view_version: int


class FirstPainted(
    Struct, frozen=True, gc=False, kw_only=True, tag="first_painted", tag_field="event"
):
    """The alarm was on a screen of this console for the first time, before this operator."""

    console: ConsoleId
    operator: str
    view_version: int
    painted_at_ms: TimestampMs
    """By the console's clock, which the gateway keeps between the alarm's beginning and now."""


class Escalated(Struct, frozen=True, gc=False, kw_only=True, tag="escalated", tag_field="event"):
    """Nobody acted in time at this console."""

    console: ConsoleId
    level: int
    reason: EscalationReason


class Quarantined(
    Struct, frozen=True, gc=False, kw_only=True, tag="quarantined", tag_field="event"
):
    """Bytes that cannot be read. `sample` holds the first of them, in hexadecimal."""

    topic: str
    reason: str
    size_bytes: int
    sample: str


class SupervisionChanged(
    Struct, frozen=True, gc=False, kw_only=True, tag="supervision_changed", tag_field="event"
):
    """Something is wrong with a device itself, or is right again.

    `effect` says what that does to its alarm: nothing, a new alarm, a note (perhaps with a
    higher priority), or the end of an alarm that was about the device alone.
    """

    condition: Condition
    active: bool
    effect: Literal["none", "opened", "noted", "ended"]
    priority: Priority = 4
    reasons: tuple[str, ...] = ()
    since_ms: TimestampMs | None = None
    """Where known, since when: the last sign of life, or when the connection went."""
    category: Category | None = None
    """Which category's time (EN 50136-1) the device was held to."""


class Expired(Struct, frozen=True, gc=False, kw_only=True, tag="expired", tag_field="event"):
    """A test that nobody ended is over."""


class MaintenanceSet(
    Struct, frozen=True, gc=False, kw_only=True, tag="maintenance_set", tag_field="event"
):
    """Somebody works on this device until `until_ms`; its faults are no alarms meanwhile."""

    until_ms: TimestampMs
    by: str
    reason: str


class DevicesChanged(
    Struct, frozen=True, gc=False, kw_only=True, tag="devices_changed", tag_field="event"
):
    """Somebody changed these devices in the registry. No key and nothing of a home is in here.

    `number` is that of the registry's own row, and rises: what is in the journal up to a
    number is not written again.
    """

    number: int
    act: RegistryAct
    by: str
    reason: str
    devices: tuple[DeviceId, ...]
    key_overlap_until_ms: TimestampMs | None = None
    """Until when the key before is taken too, where a key was changed."""
    kept_keys: tuple[DeviceId, ...] = ()
    """Of these an import's file had another key; the registry's stayed."""
    kept_services: tuple[DeviceId, ...] = ()
    """Of these an import's file said otherwise whether they are in service; that stayed too."""


class HomeChanged(
    Struct, frozen=True, gc=False, kw_only=True, tag="home_changed", tag_field="event"
):
    """The registry of a device with an open alarm was changed: its views are made anew."""

    act: RegistryAct


class Condensed(Struct, frozen=True, gc=False, kw_only=True, tag="condensed", tag_field="event"):
    """Messages beyond the flood limit, counted instead of written one by one.

    On the aggregate `FLOOD` they make up the flood alarm; on a device's own, they are
    doubtful presses that were added to its open alarm.
    """

    unreadable: int = 0
    presses: int = 0
    faults: int = 0
    devices: tuple[str, ...] = ()
    """Some of the devices that were named."""
    opened: bool = False
    priority: Priority = 3


class RowsPurged(Struct, frozen=True, gc=False, kw_only=True, tag="rows_purged", tag_field="event"):
    """What rows held was removed for good, because it was kept long enough.

    The purged rows bear the time of this record. `rows_digest` is over their numbers and
    `states_digest` over what is remembered of their devices, so that nobody can pass off as
    purged what was not.
    """

    before_ms: TimestampMs
    rows: int
    alarms: int
    rows_digest: str
    states_digest: str


Event = (
    Pressed
    | Acted
    | Refused
    | Delivered
    | DeliveredToBoth
    | FirstPainted
    | Escalated
    | Quarantined
    | SupervisionChanged
    | Expired
    | MaintenanceSet
    | DevicesChanged
    | HomeChanged
    | Condensed
    | RowsPurged
)


class Record(Struct, frozen=True, gc=False, kw_only=True):
    """One fact about one device."""

    device_id: DeviceId
    version: int
    at_ms: TimestampMs
    alarm_id: AlarmId | None
    event: Event

    @property
    def kind(self) -> str:
        """Name of the event, as in the journal's column."""
        return str(self.event.__struct_config__.tag)


def is_urgent(records: list[Record]) -> bool:
    """Whether somebody waits for these records to be durable.

    Nobody waits for the record of a delivery, a screen or a flood; an empty batch is the answer
    to a repeat.
    """
    return not records or any(
        not isinstance(record.event, Delivered | DeliveredToBoth | FirstPainted | Condensed)
        for record in records
    )
