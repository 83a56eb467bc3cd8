"""Every message of wire protocol version 1, one struct each.

UTF-8 JSON, at most 4 KiB. Unknown fields are ignored, so that an older reader survives a
newer writer. Times are integers `*_ms` since the epoch in UTC.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from alarm_protocol.households import PoliceHousehold, VeiligThuisHousehold
from alarm_protocol.units import (
    ConsoleId,
    Count,
    NoteText,
    Percent,
    Priority,
    ShortText,
    WireActionId,
    WireAlarmId,
    WireDeviceId,
    WirePressId,
    WireTimestampMs,
)

MESSAGE_BYTES_MAX = 4_096
DELIVERIES_MAX = 32
"""Confirmations in one message: as many as surely fit in 4 KiB."""
SIGHTINGS_MAX = 24
"""Alarms in one message that they were painted: as many as surely fit beside a name."""
VIEW_VERSION_MAX = 10**9
ViewVersion = Annotated[int, Meta(ge=1, le=VIEW_VERSION_MAX)]

Trigger = Literal["press", "hold", "duress", "cancel", "test"]
Doubt = Literal[
    "unknown_device",
    "unsigned",
    "bad_signature",
    "sequence_reused",
    "device_out_of_service",
    "device_mismatch",
]
"""What makes a press less certain. A doubt lowers the priority and never drops the press."""
Remark = Literal[
    "delivered_late", "clock_ahead", "out_of_order", "in_maintenance", "malformed_field"
]
"""What an operator should know about a press; a remark never lowers the priority."""
TrackStatus = Literal[
    "open", "accepted", "unit_assigned", "on_scene", "assessed", "handed_over", "closed"
]
Disposition = Literal[
    "genuine", "mispress", "test", "technical_fault", "cancelled_by_user", "duplicate", "no_contact"
]
ReferralParty = Literal["slachtofferhulp", "wijkagent", "lokaal_team"]
"""Victim support, the community officer (for a stopgesprek), the municipality's local team."""
DeviceCondition = Literal["silent", "link_lost", "battery_low", "tamper", "clock_drift"]
FeedbackStatus = Literal["received", "accepted", "unit_assigned", "on_scene", "closed"]


class Location(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Where a device says it is: degrees (WGS 84) and metres."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    accuracy_m: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    fixed_at_ms: WireTimestampMs | None = None


class Press(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One press of a button. Repeats of it keep `press_id` and raise `attempt`."""

    press_id: WirePressId
    device_id: WireDeviceId
    sequence: Count
    """The device's own count of presses, rising by one."""
    pressed_at_ms: WireTimestampMs
    """When the finger pressed, by the device's clock."""
    trigger: Trigger
    attempt: Annotated[int, Meta(ge=1, le=1_000_000)]
    sent_at_ms: WireTimestampMs | None = None
    """When this attempt was sent, by the device's clock."""
    battery_pct: Percent | None = None
    location: Location | None = None


class Heartbeat(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A device says that it lives. Sent at QoS 0 and never journalled one by one."""

    device_id: WireDeviceId
    sent_at_ms: WireTimestampMs
    battery_pct: Percent | None = None
    tamper: bool = False


class LinkState(Struct, frozen=True, gc=False, kw_only=True):
    """A device's connection, `down` being its last will."""

    link: Literal["up", "down"]


class Feedback(Struct, frozen=True, gc=False, kw_only=True):
    """The gateway's end-to-end answer to a press. The device shows it silently."""

    press_id: WirePressId
    alarm_id: WireAlarmId
    status: FeedbackStatus
    at_ms: WireTimestampMs


class Presence(Struct, frozen=True, gc=False, kw_only=True):
    """A console is attached, with so many operators on duty. `attached: false` is its will."""

    attached: bool
    operators: Annotated[int, Meta(ge=0, le=1_000)] = 0


class GatewayStatus(Struct, frozen=True, gc=False, kw_only=True):
    """The gateway lives; published every 2 s, `down` being its last will."""

    status: Literal["up", "down"]
    at_ms: WireTimestampMs


class DeviceOutOfOrder(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A device that somebody has to look after, or is looking after."""

    device_id: WireDeviceId
    conditions: tuple[DeviceCondition, ...] = ()
    test: bool = False
    """Whether its open alarm is a test."""
    maintenance_until_ms: WireTimestampMs | None = None


class UnreadableSample(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One message that could not be read."""

    at_ms: WireTimestampMs
    topic: Annotated[str, Meta(max_length=200)]
    reason: str
    size_bytes: Count
    begin_hex: Annotated[str, Meta(max_length=128, pattern=r"^([0-9a-f]{2})*\Z")] | None = None
    """Its first bytes in hexadecimal; absent where this agency may not see them."""


class AnswerTimes(Struct, frozen=True, gc=False, kw_only=True):
    """How this console answers its alarms, held against one norm."""

    norm: str
    limit_ms: Count
    required_permille: Annotated[int, Meta(ge=0, le=1_000)]
    count: Count
    """Alarms accepted, and those that wait for longer than the limit already."""
    within: Count


class Overview(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What a supervisor of one agency has to know of the whole system. Newer ones replace older."""

    console: ConsoleId
    at_ms: WireTimestampMs
    counting_since_ms: WireTimestampMs
    """When the gateway started: its counters began at 0 then."""
    attached: bool
    operators: Annotated[int, Meta(ge=0, le=1_000)]
    other_attached: bool
    """Whether the other agency's console is there; who is on duty there is not told."""
    device_counts: dict[str, Count] = {}
    """Devices by what holds for them: a condition, `test` or `maintenance`."""
    devices: tuple[DeviceOutOfOrder, ...] = ()
    devices_omitted: Count = 0
    unreadable: Count = 0
    condensed_unreadable: Count = 0
    condensed_presses: Count = 0
    condensed_faults: Count = 0
    samples: tuple[UnreadableSample, ...] = ()
    """The newest unreadable messages, the newest first."""
    shift_from_ms: WireTimestampMs
    measured_from_ms: WireTimestampMs
    """From when on this shift's answers are known to the gateway."""
    answers: tuple[AnswerTimes, ...] = ()
    answer_p50_ms: Count | None = None
    answer_p90_ms: Count | None = None


class ViewPress(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A press as an operator sees it. `location` is for the police only."""

    press_id: WirePressId
    sequence: Count
    trigger: Trigger
    pressed_at_ms: WireTimestampMs
    received_at_ms: WireTimestampMs
    claimed_device_id: WireDeviceId | None = None
    """Set where the payload names another device than the topic did."""
    battery_pct: Percent | None = None
    location: Location | None = None
    doubts: tuple[Doubt, ...] = ()
    remarks: tuple[Remark, ...] = ()


class OwnTrack(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """How far this agency is with the alarm, and who did what."""

    status: TrackStatus = "open"
    escalation_level: Annotated[int, Meta(ge=0, le=2)] = 0
    accepted_at_ms: WireTimestampMs | None = None
    accepted_by: str | None = None
    units: tuple[str, ...] = ()
    on_scene_at_ms: WireTimestampMs | None = None
    assessment: str | None = None
    conditions: str | None = None
    """Veilig Thuis: what was agreed last; what was agreed before stays in the history."""
    referred_to: tuple[ReferralParty, ...] = ()
    """Veilig Thuis: each party once, in the order of the first referral."""
    handed_over_to: str | None = None
    closed_at_ms: WireTimestampMs | None = None
    closed_by: str | None = None
    disposition: Disposition | None = None
    close_reason: str | None = None


class OtherTrack(Struct, frozen=True, gc=False, kw_only=True):
    """How far the other agency is: its status, and nothing else."""

    status: TrackStatus


class Deadlines(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """When something must have happened, by the gateway's clock."""

    accept_by_ms: WireTimestampMs | None = None
    escalate_by_ms: WireTimestampMs | None = None
    on_scene_by_ms: WireTimestampMs | None = None
    assess_by_ms: WireTimestampMs | None = None
    """Veilig Thuis: end of the day by which the safety assessment is due."""


class TimelineEntry(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One line of the alarm's history, as far as this agency may read it.

    An entry with an `action_id` is also the gateway's answer to that action: `outcome` says
    whether it was done, and for a refusal `acted_by` names who was first.
    """

    at_ms: WireTimestampMs
    kind: str
    operator: str | None = None
    text: str | None = None
    action_id: WireActionId | None = None
    outcome: Literal["done", "refused"] | None = None
    acted_by: str | None = None


class AlarmView(Struct, frozen=True, gc=False, kw_only=True):
    """All that one agency may know of one alarm. Newer versions replace older ones whole."""

    alarm_id: WireAlarmId
    version: ViewVersion
    console: ConsoleId
    device_id: WireDeviceId
    priority: Priority
    test: bool
    status: TrackStatus
    reasons: tuple[str, ...]
    doubts: tuple[Doubt, ...]
    remarks: tuple[Remark, ...]
    raised_at_ms: WireTimestampMs
    """When the gateway first decided that this is an alarm."""
    journaled_at_ms: WireTimestampMs
    """When the change that made this version was written."""
    deadlines: Deadlines
    press_count: Count
    presses: tuple[ViewPress, ...]
    """The newest presses, oldest first; `press_count` counts them all."""
    condensed_count: Count = 0
    """Messages of a flood that are counted here and shown nowhere one by one."""
    household: PoliceHousehold | VeiligThuisHousehold | None
    own_track: OwnTrack
    other_track: OtherTrack
    timeline: tuple[TimelineEntry, ...]
    """The newest entries, oldest first."""
    timeline_omitted: Count = 0


class Delivery(Struct, frozen=True, gc=False):
    """A console holds this version of this alarm."""

    alarm_id: WireAlarmId
    version: ViewVersion


class ConfirmDelivery(
    Struct, frozen=True, gc=False, kw_only=True, tag="confirm_delivery", tag_field="kind"
):
    """End-to-end receipts from a console, many in one message."""

    action_id: WireActionId
    at_ms: WireTimestampMs
    deliveries: Annotated[tuple[Delivery, ...], Meta(min_length=1, max_length=DELIVERIES_MAX)]


class Sighting(Struct, frozen=True, gc=False, kw_only=True):
    """This version of this alarm was on a screen, at this moment by the console's clock."""

    alarm_id: WireAlarmId
    version: ViewVersion
    at_ms: WireTimestampMs


class Painted(Struct, frozen=True, gc=False, kw_only=True, tag="painted", tag_field="kind"):
    """A console tells what was on the screen of a signed-in operator; only the first counts."""

    action_id: WireActionId
    at_ms: WireTimestampMs
    operator: ShortText
    sightings: Annotated[tuple[Sighting, ...], Meta(min_length=1, max_length=SIGHTINGS_MAX)]


class _Action(Struct, frozen=True, gc=False, kw_only=True, tag_field="kind", omit_defaults=True):
    """What every operator's action carries."""

    action_id: WireActionId
    alarm_id: WireAlarmId
    seen_version: Annotated[int, Meta(ge=0, le=VIEW_VERSION_MAX)]
    """The version the operator was looking at; 0 where none was shown."""
    operator: ShortText
    at_ms: WireTimestampMs


class Accept(_Action, frozen=True, gc=False, tag="accept"):
    """Take the alarm (aannemen)."""


class AssignUnit(_Action, frozen=True, gc=False, tag="assign_unit"):
    """Send a unit (eenheid)."""

    unit: ShortText


class Arrive(_Action, frozen=True, gc=False, tag="arrive"):
    """A unit is on the scene (ter plaatse)."""

    unit: ShortText | UnsetType = UNSET


class Note(_Action, frozen=True, gc=False, tag="note"):
    """Write something down (notitie)."""

    text: NoteText


class Close(_Action, frozen=True, gc=False, tag="close"):
    """End this agency's track with a disposition and the reason for it (afsluiten)."""

    disposition: Disposition
    reason: NoteText


class Reopen(_Action, frozen=True, gc=False, tag="reopen"):
    """Take a closed track up again; its history stays (heropenen)."""

    reason: NoteText


class SafetyAssessment(_Action, frozen=True, gc=False, tag="safety_assessment"):
    """Veilig Thuis: the outcome of the safety assessment (veiligheidsbeoordeling)."""

    text: NoteText


class Conditions(_Action, frozen=True, gc=False, tag="conditions"):
    """Veilig Thuis: what was agreed with those involved (voorwaarden en afspraken)."""

    text: NoteText


class Refer(_Action, frozen=True, gc=False, tag="refer"):
    """Veilig Thuis: ask another party for its help, and keep the case (verwijzen)."""

    party: ReferralParty
    text: NoteText | UnsetType = UNSET


class HandOver(_Action, frozen=True, gc=False, tag="hand_over"):
    """Veilig Thuis: pass the case on (overdragen)."""

    to: ShortText
    text: NoteText | UnsetType = UNSET


TrackAction = (
    Accept | AssignUnit | Arrive | Note | Close | Reopen
    | SafetyAssessment | Conditions | Refer | HandOver
)  # fmt: skip
OperatorAction = ConfirmDelivery | Painted | TrackAction


def action_kind(action: OperatorAction) -> str:
    """Return the wire's `kind` of an action."""
    return str(type(action).__struct_config__.tag)
