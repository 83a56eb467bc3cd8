"""One log line for each step of an alarm: what happened, when, and to which alarm.

Lines are written beside the alert path, from what is durable. They name devices, alarms and
consoles, and never what a person wrote, is called, or where somebody lives: that is in the
journal, which has its own readers.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from alarm_gateway.core.records import (
    Acted,
    Condensed,
    Delivered,
    DeliveredToBoth,
    DevicesChanged,
    Escalated,
    FirstPainted,
    HomeChanged,
    MaintenanceSet,
    Pressed,
    Quarantined,
    Record,
    Refused,
    SupervisionChanged,
)
from alarm_protocol.messages import action_kind
from alarm_protocol.trace import trace_id_of
from alarm_protocol.units import DeviceId

LINES_MAX = 100
"""Lines at a time. In a flood the others are counted: the journal has every one of them."""

_SHOWN: dict[type, tuple[str, ...]] = {
    Pressed: ("opened", "priority", "test", "doubts", "remarks"),
    Acted: ("console",),
    Refused: ("console",),
    Delivered: ("console", "view_version"),
    DeliveredToBoth: ("view_version",),
    FirstPainted: ("console", "view_version", "painted_at_ms"),
    Escalated: ("console", "level", "reason"),
    SupervisionChanged: ("condition", "active", "effect", "priority"),
    MaintenanceSet: ("until_ms",),
    HomeChanged: ("act",),
    Condensed: ("unreadable", "presses", "faults"),
}
"""By event, the fields that may be read by whoever reads a log: numbers, and words of our own."""

log = structlog.get_logger()


class Steps:
    """Takes what became durable, and tells it when there is time.

    Args:
        traces: The `traceparent` of a device's newest press, where it came with one.
    """

    def __init__(self, traces: Mapping[DeviceId, str]) -> None:
        self._traces = traces
        self._noted: list[tuple[list[Record], Mapping[DeviceId, str]]] = []

    def note(self, records: list[Record]) -> None:
        """Keep a batch that is durable, for `tell`."""
        if records:
            traces = {}
            if self._traces:
                ids = {record.device_id for record in records}
                traces = {one: self._traces[one] for one in ids if one in self._traces}
            self._noted.append((records, traces))

    def tell(self) -> None:
        """Write the lines of all that was noted, up to the limit."""
        noted, self._noted = self._noted, []
        left = LINES_MAX
        for records, traces in noted:
            for record in records[: max(left, 0)]:
                _line(record, traces.get(record.device_id))
            left -= len(records)
        if left < 0:
            log.warning("steps not logged one by one", left_out=-left, logged=LINES_MAX)


def _line(record: Record, trace: str | None) -> None:
    event = record.event
    if isinstance(event, Quarantined):
        log.warning(
            "a message that cannot be read is in quarantine",
            topic=event.topic,
            reason=event.reason,
            size_bytes=event.size_bytes,
            in_all=record.version,
        )
        return
    if isinstance(event, DevicesChanged):
        count = len(event.devices)
        log.info("registry changed", number=event.number, act=event.act, devices=count)
        return
    log.info(
        "alarm step",
        step=record.kind,
        alarm_id=record.alarm_id,
        device_id=record.device_id,
        device_record=record.version,
        at_ms=record.at_ms,
        **({} if trace is None else {"trace_id": trace_id_of(trace)}),
        **_details(event),
    )


def _details(event: object) -> dict[str, Any]:
    """Return what a step adds; of texts and names that people gave, nothing."""
    details: dict[str, Any] = {name: getattr(event, name) for name in _SHOWN.get(type(event), ())}
    if isinstance(event, Acted | Refused):
        details["kind"] = action_kind(event.action)
        details["action_id"] = event.action.action_id
    return details
