"""From MQTT messages to the engine's inputs. Whatever the bytes are, nothing raises."""

from alarm_gateway.core.inputs import (
    ActionReceived,
    DeliveriesConfirmed,
    HeartbeatReceived,
    Input,
    LinkReceived,
    PaintedReported,
    PresenceReceived,
    PressReceived,
    Unreadable,
)
from alarm_gateway.core.records import FLOOD
from alarm_protocol.codec import (
    decode_action,
    decode_heartbeat,
    decode_link,
    decode_presence,
    decode_press,
)
from alarm_protocol.errors import WireError
from alarm_protocol.messages import ConfirmDelivery, Painted
from alarm_protocol.topics import parse_console_topic, parse_device_topic


def alarm_input(topic: str, payload: bytes, receipt: int | None) -> Input:
    """Read a message of the alarm lane: a press, an action, or something to quarantine."""
    try:
        if topic.endswith("/press"):
            device_id = parse_device_topic(topic).device_id
            if device_id == FLOOD:
                return Unreadable(topic, payload, "reserved_device", receipt)
            press, line, signature, malformed = decode_press(payload)
            return PressReceived(device_id, topic, press, line, signature, receipt, malformed)
        console = parse_console_topic(topic).console
        action = decode_action(payload)
    except WireError as error:
        return Unreadable(topic, payload, error.reason, receipt)
    if isinstance(action, ConfirmDelivery):
        return DeliveriesConfirmed(console, action, receipt)
    if isinstance(action, Painted):
        return PaintedReported(console, action, receipt)
    return ActionReceived(console, action, receipt)


def supervision_input(topic: str, payload: bytes) -> Input | None:
    """Read a message of the supervision lane; None for what cannot be read."""
    try:
        if topic.endswith("/heartbeat"):
            device_id = parse_device_topic(topic).device_id
            return HeartbeatReceived(device_id, decode_heartbeat(payload))
        if topic.endswith("/link"):
            device_id = parse_device_topic(topic).device_id
            return LinkReceived(device_id, decode_link(payload))
        return PresenceReceived(parse_console_topic(topic).console, decode_presence(payload))
    except WireError:
        return None
