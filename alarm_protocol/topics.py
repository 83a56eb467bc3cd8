"""Build and parse every topic of wire protocol version 1."""

import re
from typing import Literal, NamedTuple

from alarm_protocol.errors import WireError
from alarm_protocol.units import (
    ALARM_ID_PATTERN,
    CONSOLES,
    DEVICE_ID_PATTERN,
    AlarmId,
    ConsoleId,
    DeviceId,
)

ROOT = "aware/v1"
GATEWAY_STATUS = f"{ROOT}/gateway/status"

ALL_PRESSES = f"{ROOT}/devices/+/press"
ALL_HEARTBEATS = f"{ROOT}/devices/+/heartbeat"
ALL_LINKS = f"{ROOT}/devices/+/link"
ALL_ACTIONS = f"{ROOT}/consoles/+/actions"
ALL_PRESENCE = f"{ROOT}/consoles/+/presence"

DeviceChannel = Literal["press", "heartbeat", "link", "feedback"]
ConsoleChannel = Literal["alarms", "actions", "presence", "overview"]

DEVICES_BELOW = f"{ROOT}/devices/"
"""How every topic of a device begins."""
_CONSOLE_PREFIX = f"{ROOT}/consoles/"
_DEVICE_CHANNELS: dict[str, DeviceChannel] = {
    "press": "press",
    "heartbeat": "heartbeat",
    "link": "link",
    "feedback": "feedback",
}
_CONSOLES: dict[str, ConsoleId] = {console: console for console in CONSOLES}
_DEVICE_ID = re.compile(DEVICE_ID_PATTERN)
_ALARM_ID = re.compile(ALARM_ID_PATTERN)


class DeviceTopic(NamedTuple):
    """A topic below `aware/v1/devices/`."""

    device_id: DeviceId
    channel: DeviceChannel


class ConsoleTopic(NamedTuple):
    """A topic below `aware/v1/consoles/`; `alarm_id` only on the channel `alarms`."""

    console: ConsoleId
    channel: ConsoleChannel
    alarm_id: AlarmId | None = None


def press(device_id: DeviceId) -> str:
    """Topic of a device's presses."""
    return f"{DEVICES_BELOW}{device_id}/press"


def heartbeat(device_id: DeviceId) -> str:
    """Topic of a device's heartbeats."""
    return f"{DEVICES_BELOW}{device_id}/heartbeat"


def link(device_id: DeviceId) -> str:
    """Topic of a device's link state and last will."""
    return f"{DEVICES_BELOW}{device_id}/link"


def feedback(device_id: DeviceId) -> str:
    """Topic of the gateway's answers to a device."""
    return f"{DEVICES_BELOW}{device_id}/feedback"


def alarm_view(console: ConsoleId, alarm_id: AlarmId) -> str:
    """Topic of one alarm's retained view for one console."""
    return f"{_CONSOLE_PREFIX}{console}/alarms/{alarm_id}"


def alarm_views(console: ConsoleId) -> str:
    """Filter for all alarm views of one console."""
    return f"{_CONSOLE_PREFIX}{console}/alarms/+"


def actions(console: ConsoleId) -> str:
    """Topic of one console's actions."""
    return f"{_CONSOLE_PREFIX}{console}/actions"


def presence(console: ConsoleId) -> str:
    """Topic of one console's presence and last will."""
    return f"{_CONSOLE_PREFIX}{console}/presence"


def overview(console: ConsoleId) -> str:
    """Topic of what a console's supervisors see of the whole system."""
    return f"{_CONSOLE_PREFIX}{console}/overview"


def parse_device_topic(topic: str) -> DeviceTopic:
    """Split a device topic.

    Raises:
        WireError: `invalid_topic`, where it is not `aware/v1/devices/{device_id}/{channel}`.
    """
    if topic.startswith(DEVICES_BELOW):
        device_id, _, channel = topic[len(DEVICES_BELOW) :].partition("/")
        known = _DEVICE_CHANNELS.get(channel)
        if known is not None and _DEVICE_ID.match(device_id):
            return DeviceTopic(DeviceId(device_id), known)
    raise WireError("invalid_topic", f"{topic[:100]!r} is not a device topic")


def parse_console_topic(topic: str) -> ConsoleTopic:
    """Split a console topic.

    Raises:
        WireError: `invalid_topic`, where it is not one of the console topics.
    """
    if topic.startswith(_CONSOLE_PREFIX):
        name, _, rest = topic[len(_CONSOLE_PREFIX) :].partition("/")
        console = _CONSOLES.get(name)
        if console is not None:
            if rest == "actions":
                return ConsoleTopic(console, "actions")
            if rest == "presence":
                return ConsoleTopic(console, "presence")
            if rest == "overview":
                return ConsoleTopic(console, "overview")
            channel, _, alarm_id = rest.partition("/")
            if channel == "alarms" and _ALARM_ID.match(alarm_id):
                return ConsoleTopic(console, "alarms", AlarmId(alarm_id))
    raise WireError("invalid_topic", f"{topic[:100]!r} is not a console topic")
