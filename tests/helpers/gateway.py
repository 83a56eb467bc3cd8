"""Builders for gateway tests: presses, households, and an engine with a perfect disk."""

from collections.abc import Sequence
from typing import Any

from alarm_gateway.core.effects import Effects
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.inputs import (
    ActionReceived,
    DeliveriesConfirmed,
    Input,
    PaintedReported,
    PressReceived,
    Tick,
    Unreadable,
)
from alarm_gateway.core.policy import Policy
from alarm_gateway.core.records import Record
from alarm_protocol import topics
from alarm_protocol.codec import decode_alarm_view, decode_press, encode_press
from alarm_protocol.households import (
    Address,
    Household,
    Member,
    Offender,
    Order,
    PoliceHousehold,
    VeiligThuisHousehold,
)
from alarm_protocol.messages import (
    Accept,
    AlarmView,
    Close,
    ConfirmDelivery,
    Delivery,
    Disposition,
    Location,
    Painted,
    Press,
    Sighting,
    TrackAction,
    Trigger,
)
from alarm_protocol.units import (
    ActionId,
    AlarmId,
    ConsoleId,
    DeviceId,
    PressId,
    TimestampMs,
)

DEVICE = DeviceId("aware-000001")
OTHER_DEVICE = DeviceId("aware-000002")
STRANGER = DeviceId("stranger-1")
NOW_MS = TimestampMs(1_795_503_119_000)
FIRST_ALARM = AlarmId("aware-000001.1")


def key_of(device_id: DeviceId) -> bytes:
    """Return the key of a test device."""
    return device_id.encode().ljust(32, b"k")


def household(device_id: DeviceId = DEVICE, *, in_service: bool = True) -> Household:
    """Return a synthetic household whose every secret is a recognisable word."""
    orders = (Order(kind="contactverbod", valid_until="2027-01-01"),)
    return Household(
        device_id=device_id,
        device_key_hex=key_of(device_id).hex(),
        in_service=in_service,
        police=PoliceHousehold(
            resident="Synthetische Bewoner",
            municipality="Leiden",
            address=Address(street="POLICE-Straat", number="1", postcode="2311 AA", place="Leiden"),
            latitude=52.16,
            longitude=4.49,
            offender=Offender(name="POLICE-Offender", description="POLICE-Description"),
            weapons="POLICE-Weapons",
            route_notes="POLICE-Route",
            orders=orders,
        ),
        veilig_thuis=VeiligThuisHousehold(
            case_reference="THUIS-Case",
            resident="Synthetische Bewoner",
            municipality="Leiden",
            members=(Member(name="THUIS-Member", role="kind"),),
            children=1,
            relation_to_stalker="THUIS-Relation",
            safety_plan="THUIS-Plan",
            orders=orders,
        ),
    )


REGISTRY = {device_id: household(device_id) for device_id in (DEVICE, OTHER_DEVICE)}


def press(
    number: int = 1,
    *,
    device_id: DeviceId = DEVICE,
    on_topic_of: DeviceId | None = None,
    trigger: Trigger = "press",
    attempt: int = 1,
    sequence: int | None = None,
    press_id: str | None = None,
    pressed_at_ms: int = NOW_MS,
    sent_at_ms: int | None = None,
    signed: bool = True,
    key: bytes | None = None,
    receipt: int | None = None,
    location: Location | None = None,
) -> PressReceived:
    """Return the `number`-th press of a device, as it comes out of the decoder."""
    message = Press(
        press_id=PressId(press_id or f"press-{number}"),
        device_id=device_id,
        sequence=number if sequence is None else sequence,
        pressed_at_ms=TimestampMs(pressed_at_ms),
        sent_at_ms=None if sent_at_ms is None else TimestampMs(sent_at_ms),
        trigger=trigger,
        attempt=attempt,
        location=location,
    )
    payload = encode_press(message, (key or key_of(device_id)) if signed else None)
    read, line, signature, malformed = decode_press(payload)
    topic_device = on_topic_of or device_id
    topic = topics.press(topic_device)
    return PressReceived(topic_device, topic, read, line, signature, receipt, malformed)


def unreadable(receipt: int | None = None) -> Unreadable:
    """Return bytes that are no press."""
    return Unreadable(topics.press(DEVICE), b"\xff\x00", "not_utf8", receipt)


def confirmed(console: ConsoleId, alarm_id: str, version: int) -> DeliveriesConfirmed:
    """Return a console's confirmation of one view."""
    return DeliveriesConfirmed(
        console,
        ConfirmDelivery(
            action_id=ActionId("c"),
            at_ms=NOW_MS,
            deliveries=(Delivery(AlarmId(alarm_id), version),),
        ),
    )


def painted(
    console: ConsoleId, version: int = 1, at_ms: int = NOW_MS, operator: str = "Ans"
) -> PaintedReported:
    """Return a console's word that the first alarm was on a screen."""
    sighting = Sighting(alarm_id=FIRST_ALARM, version=version, at_ms=TimestampMs(at_ms))
    report = Painted(
        action_id=ActionId(f"painted-{version}"),
        at_ms=TimestampMs(at_ms),
        operator=operator,
        sightings=(sighting,),
    )
    return PaintedReported(console, report)


def acted(console: ConsoleId, action: TrackAction, receipt: int | None = None) -> ActionReceived:
    """Return an operator's action as an input."""
    return ActionReceived(console, action, receipt)


class Gateway:
    """An engine whose disk is perfect: every batch is durable at once, and kept."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self.engine = Engine(self.policy, REGISTRY)
        self.journal: list[Record] = []
        self.now_ms = NOW_MS

    def take(self, *inputs: Input, now_ms: int | None = None) -> Effects:
        """Receive, persist, and return the effects."""
        self.now_ms = TimestampMs(self.now_ms if now_ms is None else now_ms)
        records = self.engine.receive(inputs, self.now_ms)
        self.journal += records
        return self.engine.persisted(records)

    def restarted(self) -> "Gateway":
        """Return a gateway that recovered from this one's journal."""
        gateway = Gateway(self.policy)
        gateway.engine.recover(self.journal)
        gateway.journal = list(self.journal)
        gateway.now_ms = self.now_ms
        return gateway


def views(effects: Effects, console: ConsoleId) -> list[AlarmView]:
    """Return the views for one console, decoded; cleared topics are left out."""
    return [
        decode_alarm_view(due.payload)
        for due in effects.views
        if due.console == console and due.payload
    ]


def view(effects: Effects, console: ConsoleId) -> AlarmView:
    """Return the one view for a console."""
    (only,) = views(effects, console)
    return only


def gone(effects: Effects) -> list[tuple[str, str]]:
    """Return the (console, alarm) pairs whose topics are cleared."""
    return [(due.console, due.alarm_id) for due in effects.views if not due.payload]


def statuses(effects: Effects) -> list[str]:
    """Return what the devices are told."""
    return [due.feedback.status for due in effects.feedback]


def total(batches: Sequence[Effects]) -> int:
    """Count the feedback of many batches."""
    return sum(len(effects.feedback) for effects in batches)


def _alarm_records() -> list[Record]:
    """Return one record of every kind."""
    gateway = Gateway()
    common: dict[str, Any] = {
        "alarm_id": AlarmId("aware-000001.1"),
        "seen_version": 1,
        "at_ms": NOW_MS,
    }
    gateway.take(press(1))
    for number, operator in enumerate(("Ans", "Bob")):
        action = Accept(action_id=ActionId(f"a{number}"), operator=operator, **common)
        gateway.take(acted("police", action))
    gateway.take(confirmed("police", "aware-000001.1", 3))
    gateway.take(Tick(), now_ms=NOW_MS + 30_000)
    gateway.take(unreadable())
    return gateway.journal


ALARM_RECORDS = _alarm_records()


def accept(action_id: str = "a1", operator: str = "Ans", alarm_id: AlarmId = FIRST_ALARM) -> Accept:
    """Return an accept."""
    return Accept(
        action_id=ActionId(action_id),
        alarm_id=alarm_id,
        seen_version=1,
        operator=operator,
        at_ms=NOW_MS,
    )


def close(action_id: str = "c1", disposition: Disposition = "genuine") -> Close:
    """Return a close."""
    return Close(
        action_id=ActionId(action_id),
        alarm_id=FIRST_ALARM,
        seen_version=1,
        operator="Ans",
        at_ms=NOW_MS,
        disposition=disposition,
        reason="done",
    )


def closed_by_both(gateway: Gateway) -> None:
    """Take the open alarm to its end at both agencies."""
    for console in ("police", "veilig_thuis"):
        gateway.take(acted(console, accept(f"a-{console}")))
        gateway.take(acted(console, close(f"c-{console}")))
