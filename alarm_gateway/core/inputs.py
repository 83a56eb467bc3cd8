"""Everything that can reach the engine.

A `receipt` is opaque here: it goes back out in `Effects.acks` once the input is durable.
What comes in on the supervision lane is not journalled one by one and carries none.
"""

from msgspec import Struct

from alarm_gateway.core.records import RegistryAct
from alarm_protocol.households import Household
from alarm_protocol.messages import (
    ConfirmDelivery,
    Heartbeat,
    LinkState,
    Painted,
    Presence,
    Press,
    TrackAction,
)
from alarm_protocol.units import ConsoleId, DeviceId, TimestampMs


class PressReceived(Struct, frozen=True, gc=False):
    """A readable press on the topic of `device_id`, whatever its payload claims."""

    device_id: DeviceId
    topic: str
    press: Press
    line: str
    signature: str | None
    receipt: int | None = None
    malformed: tuple[str, ...] = ()
    """Fields of the payload that could not be read; `press` holds what says least."""


class Unreadable(Struct, frozen=True, gc=False):
    """Bytes on the alarm lane that are no message of the protocol."""

    topic: str
    payload: bytes
    reason: str
    receipt: int | None = None


class ActionReceived(Struct, frozen=True, gc=False):
    """An operator did something."""

    console: ConsoleId
    action: TrackAction
    receipt: int | None = None


class DeliveriesConfirmed(Struct, frozen=True, gc=False):
    """A console holds these views."""

    console: ConsoleId
    confirmation: ConfirmDelivery
    receipt: int | None = None


class PaintedReported(Struct, frozen=True, gc=False):
    """A console's operator has had these alarms on a screen."""

    console: ConsoleId
    report: Painted
    receipt: int | None = None


class HeartbeatReceived(Struct, frozen=True, gc=False):
    """A device lives."""

    device_id: DeviceId
    heartbeat: Heartbeat
    receipt: None = None


class LinkReceived(Struct, frozen=True, gc=False):
    """A device's connection came or went."""

    device_id: DeviceId
    state: LinkState
    receipt: None = None


class PresenceReceived(Struct, frozen=True, gc=False):
    """A console came or went."""

    console: ConsoleId
    presence: Presence
    receipt: None = None


class MaintenanceReceived(Struct, frozen=True, gc=False):
    """Somebody works on a device until then; a time in the past ends it."""

    device_id: DeviceId
    until_ms: TimestampMs
    by: str
    reason: str
    receipt: None = None


class RegistryChanged(Struct, frozen=True, gc=False, kw_only=True):
    """Somebody changed these devices; it is in force once it is in the journal."""

    number: int
    act: RegistryAct
    by: str
    reason: str
    households: tuple[Household, ...]
    kept_keys: tuple[DeviceId, ...] = ()
    kept_services: tuple[DeviceId, ...] = ()
    receipt: None = None


class Tick(Struct, frozen=True, gc=False):
    """Time has passed; whatever is due now has to happen."""

    congested: bool = False
    """Much is still on its way to the broker: to publish it again would only make it later."""
    receipt: None = None


Input = (
    PressReceived
    | Unreadable
    | ActionReceived
    | DeliveriesConfirmed
    | PaintedReported
    | HeartbeatReceived
    | LinkReceived
    | PresenceReceived
    | MaintenanceReceived
    | RegistryChanged
    | Tick
)
