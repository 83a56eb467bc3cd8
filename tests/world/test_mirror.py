"""What the world writes again for want of a clock is held to the original."""

import pytest

from alarm_gateway.adapters import decode as original
from alarm_gateway.adapters.chain import verify_chain
from alarm_protocol import topics
from alarm_protocol.codec import encode, encode_press
from alarm_protocol.messages import (
    Accept,
    ConfirmDelivery,
    Delivery,
    Heartbeat,
    LinkState,
    Presence,
    Press,
)
from alarm_protocol.runtime.mqtt_session import Received as OriginalReceived
from alarm_protocol.units import POLICE, ActionId, AlarmId, DeviceId, PressId, TimestampMs
from simulator.world import decode
from simulator.world.client import Received
from simulator.world.planner import Wish, make_plan
from simulator.world.world import World

DEVICE = DeviceId("aware-000001")
ALARM = AlarmId("aware-000001.1")
NOW_MS = TimestampMs(1)
PRESS = Press(
    press_id=PressId("p"), device_id=DEVICE, sequence=1, pressed_at_ms=NOW_MS, trigger="press",
    attempt=1,
)  # fmt: skip
ALARM_LANE = [
    (topics.press(DEVICE), encode_press(PRESS, b"k" * 32)),
    (topics.press(DEVICE), encode_press(PRESS, None)),
    (topics.press(DEVICE), b"\xff"),
    (topics.press(DeviceId("gateway-flood")), encode_press(PRESS, None)),
    ("aware/v1/devices/a.b/press", b"{}"),
    (
        topics.actions(POLICE),
        encode(
            ConfirmDelivery(action_id=ActionId("c"), at_ms=NOW_MS, deliveries=(Delivery(ALARM, 1),))
        ),
    ),
    (
        topics.actions(POLICE),
        encode(
            Accept(
                action_id=ActionId("a"), alarm_id=ALARM, seen_version=1, operator="x", at_ms=NOW_MS
            )
        ),
    ),
    (topics.actions(POLICE), b""),
    ("aware/v1/consoles/nobody/actions", b"{}"),
]
SUPERVISION_LANE = [
    (topics.heartbeat(DEVICE), encode(Heartbeat(device_id=DEVICE, sent_at_ms=NOW_MS))),
    (topics.link(DEVICE), encode(LinkState(link="down"))),
    (topics.presence(POLICE), encode(Presence(attached=True))),
    (topics.heartbeat(DEVICE), b"?"),
]


@pytest.mark.parametrize(("topic", "payload"), ALARM_LANE)
def test_the_alarm_lane_is_read_as_the_gateway_reads_it(topic: str, payload: bytes) -> None:
    """The world's decoder and the adapter's give the same input for the same bytes."""
    expected = original.alarm_input(OriginalReceived(topic, payload, retain=False, receipt=7))
    assert expected == decode.alarm_input(Received(topic, payload, retain=False, receipt=7))


@pytest.mark.parametrize(("topic", "payload"), SUPERVISION_LANE)
def test_the_supervision_lane_is_read_as_the_gateway_reads_it(topic: str, payload: bytes) -> None:
    """Also what cannot be read."""
    expected = original.supervision_input(OriginalReceived(topic, payload, False, None))
    assert expected == decode.supervision_input(Received(topic, payload, False, None))


def test_the_product_s_own_verification_agrees_with_the_checker() -> None:
    """`verify-journal` walks a world's journal, with all its crashes, and finds no fault."""
    world = World(make_plan(Wish(8)))
    assert world.run().broken is None
    report = verify_chain(world.disk.rows)
    assert (len(world.disk.rows), None) == (report.records, report.fault)
