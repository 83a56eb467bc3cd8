"""From MQTT messages to inputs: never an exception, whatever comes."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarm_gateway.core.decode import alarm_input, supervision_input
from alarm_gateway.core.inputs import (
    ActionReceived,
    DeliveriesConfirmed,
    HeartbeatReceived,
    LinkReceived,
    PaintedReported,
    PresenceReceived,
    PressReceived,
    Unreadable,
)
from alarm_protocol import topics
from alarm_protocol.codec import encode, encode_press
from alarm_protocol.messages import (
    Accept,
    ConfirmDelivery,
    Delivery,
    Heartbeat,
    LinkState,
    Painted,
    Presence,
    Sighting,
)
from alarm_protocol.units import ActionId, AlarmId
from tests.helpers.gateway import DEVICE, NOW_MS, key_of, press

PRESS_TOPIC = topics.press(DEVICE)
ACTION = Accept(
    action_id=ActionId("a"),
    alarm_id=AlarmId("aware-000001.1"),
    seen_version=1,
    operator="Ans",
    at_ms=NOW_MS,
)


def test_a_press_keeps_its_topic_line_and_receipt() -> None:
    """What the signature covers, and what has to be acknowledged, comes along."""
    payload = encode_press(press(1).press, key_of(DEVICE))
    received = alarm_input(PRESS_TOPIC, payload, 3)
    assert isinstance(received, PressReceived)
    assert (received.device_id, received.topic, received.receipt) == (DEVICE, PRESS_TOPIC, 3)
    assert payload == f"{received.line}\n{received.signature}".encode()


def test_a_retained_press_is_a_press() -> None:
    """A leftover that never reached the gateway is not thrown away; a known one is a repeat."""
    payload = encode_press(press(1).press, None)
    received = alarm_input(PRESS_TOPIC, payload, 3)
    assert isinstance(received, PressReceived)


def test_actions_and_confirmations_carry_their_console() -> None:
    """Which agency speaks is told by the topic."""
    acted = alarm_input(topics.actions("police"), encode(ACTION), 1)
    assert ActionReceived("police", ACTION, 1) == acted
    confirmation = ConfirmDelivery(
        action_id=ActionId("c"),
        at_ms=NOW_MS,
        deliveries=(Delivery(AlarmId("aware-000001.1"), 2),),
    )
    confirmed = alarm_input(topics.actions("veilig_thuis"), encode(confirmation), 2)
    assert DeliveriesConfirmed("veilig_thuis", confirmation, 2) == confirmed
    sighting = Sighting(alarm_id=AlarmId("aware-000001.1"), version=2, at_ms=NOW_MS)
    report = Painted(action_id=ActionId("p"), at_ms=NOW_MS, operator="Ans", sightings=(sighting,))
    painted = alarm_input(topics.actions("police"), encode(report), 3)
    assert PaintedReported("police", report, 3) == painted


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        (PRESS_TOPIC, b"", "empty"),
        (PRESS_TOPIC, b"{", "invalid_json"),
        (PRESS_TOPIC, b"[1]", "invalid_message"),
        (PRESS_TOPIC, b'{"press_id":NaN', "invalid_json"),
        (PRESS_TOPIC, b'{"note":"\\ud800"}', "invalid_json"),
        (PRESS_TOPIC, b"\xff", "not_utf8"),
        (PRESS_TOPIC, b"[" * 4_000, "invalid_message"),
        (PRESS_TOPIC, b'{"x":' + b"[" * 4_000, "invalid_json"),
        (PRESS_TOPIC, b"x" * 1_048_576, "too_large"),
        ("aware/v1/devices/a.b/press", b"{}", "invalid_topic"),
        ("aware/v1/devices/_quarantine/press", b"{}", "invalid_topic"),
        ("aware/v1/devices/gateway-flood/press", b"{}", "reserved_device"),
        ("aware/v1/consoles/fire/actions", b"{}", "invalid_topic"),
        (topics.actions("police"), b'{"kind":"delete"}', "invalid_message"),
    ],
)
def test_what_cannot_be_read_has_a_named_reason(topic: str, payload: bytes, reason: str) -> None:
    """Every kind of rubbish is quarantined under its own name, and keeps its receipt."""
    received = alarm_input(topic, payload, 9)
    assert Unreadable(topic, payload, reason, 9) == received


@given(st.text(max_size=80), st.binary(max_size=300))
def test_no_bytes_on_no_topic_raise(topic: str, payload: bytes) -> None:
    """Whatever arrives on either lane, decoding returns."""
    for candidate in (topic, PRESS_TOPIC, topics.actions("police"), topics.link(DEVICE)):
        assert 1 == alarm_input(candidate, payload, 1).receipt
        supervision_input(candidate, payload)


def test_supervision_messages_are_told_apart_by_topic() -> None:
    """Heartbeat, link and presence each have a topic of their own."""
    beat = Heartbeat(device_id=DEVICE, sent_at_ms=NOW_MS, battery_pct=50)
    link = LinkState(link="down")
    here = Presence(attached=True, operators=1)
    read = [
        supervision_input(topic, msgspec.json.encode(message))
        for topic, message in (
            (topics.heartbeat(DEVICE), beat),
            (topics.link(DEVICE), link),
            (topics.presence("police"), here),
        )
    ]
    assert [
        HeartbeatReceived(DEVICE, beat),
        LinkReceived(DEVICE, link),
        PresenceReceived("police", here),
    ] == read


def test_a_cleared_link_topic_is_nothing() -> None:
    """An empty retained payload on the supervision lane says nothing and breaks nothing."""
    assert None is supervision_input(topics.link(DEVICE), b"")
