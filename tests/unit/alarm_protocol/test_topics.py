"""Topics: what is built can be parsed, and nothing else can."""

import pytest

from alarm_protocol import topics
from alarm_protocol.errors import WireError
from alarm_protocol.topics import ConsoleTopic, DeviceTopic
from alarm_protocol.units import CONSOLES, AlarmId, ConsoleId, DeviceId

DEVICE = DeviceId("aware-000123")
ALARM = AlarmId("aware-000123.4")


def test_topics_are_those_of_the_design() -> None:
    """Each builder gives the topic that version 1 of the wire protocol names."""
    assert topics.press(DEVICE) == "aware/v1/devices/aware-000123/press"
    assert topics.heartbeat(DEVICE) == "aware/v1/devices/aware-000123/heartbeat"
    assert topics.link(DEVICE) == "aware/v1/devices/aware-000123/link"
    assert topics.feedback(DEVICE) == "aware/v1/devices/aware-000123/feedback"
    assert topics.alarm_view("police", ALARM) == "aware/v1/consoles/police/alarms/aware-000123.4"
    assert topics.alarm_views("veilig_thuis") == "aware/v1/consoles/veilig_thuis/alarms/+"
    assert topics.actions("police") == "aware/v1/consoles/police/actions"
    assert topics.presence("veilig_thuis") == "aware/v1/consoles/veilig_thuis/presence"
    assert topics.GATEWAY_STATUS == "aware/v1/gateway/status"


def test_device_topics_round_trip() -> None:
    """Every device topic parses to the device and channel it was built from."""
    assert DeviceTopic(DEVICE, "press") == topics.parse_device_topic(topics.press(DEVICE))
    assert DeviceTopic(DEVICE, "heartbeat") == topics.parse_device_topic(topics.heartbeat(DEVICE))
    assert DeviceTopic(DEVICE, "link") == topics.parse_device_topic(topics.link(DEVICE))
    assert DeviceTopic(DEVICE, "feedback") == topics.parse_device_topic(topics.feedback(DEVICE))


@pytest.mark.parametrize("console", CONSOLES)
def test_console_topics_round_trip(console: ConsoleId) -> None:
    """Every console topic parses to the console, channel and alarm it was built from."""
    parse = topics.parse_console_topic
    assert ConsoleTopic(console, "alarms", ALARM) == parse(topics.alarm_view(console, ALARM))
    assert ConsoleTopic(console, "actions") == parse(topics.actions(console))
    assert ConsoleTopic(console, "presence") == parse(topics.presence(console))


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "/",
        "aware",
        "aware/v1/devices",
        "aware/v1/devices/",
        "aware/v1/devices//press",
        "aware/v1/devices/d",
        "aware/v1/devices/d/",
        "aware/v1/devices/d/pres",
        "aware/v1/devices/d/press/",
        "aware/v1/devices/d/press/x",
        "aware/v1/devices/d.1/press",
        "aware/v1/devices/+/press",
        "aware/v1/devices/d\n/press",
        "aware/v1/devices/" + "d" * 65 + "/press",
        "aware/v2/devices/d/press",
        "/aware/v1/devices/d/press",
        "AWARE/v1/devices/d/press",
        "aware/v1/consoles/police/actions",
        "aware/v1/gateway/status",
        "\x00",
        "é" * 70_000,
    ],
)
def test_what_is_no_device_topic_is_refused(topic: str) -> None:
    """Any other topic is the one named refusal, with a short text."""
    with pytest.raises(WireError) as caught:
        topics.parse_device_topic(topic)
    assert caught.value.reason == "invalid_topic"
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "aware/v1/consoles/",
        "aware/v1/consoles/police",
        "aware/v1/consoles/fire/actions",
        "aware/v1/consoles/police/action",
        "aware/v1/consoles/police/actions/",
        "aware/v1/consoles/police/alarms",
        "aware/v1/consoles/police/alarms/",
        "aware/v1/consoles/police/alarms/+",
        "aware/v1/consoles/police/alarms/d",
        "aware/v1/consoles/police/alarms/d.0",
        "aware/v1/consoles/police/alarms/d.1/x",
        "aware/v1/consoles/+/presence",
        "aware/v1/devices/d/press",
        "x" * 70_000,
    ],
)
def test_what_is_no_console_topic_is_refused(topic: str) -> None:
    """Any other topic is the one named refusal, with a short text."""
    with pytest.raises(WireError) as caught:
        topics.parse_console_topic(topic)
    assert caught.value.reason == "invalid_topic"
    assert len(str(caught.value)) < 200
