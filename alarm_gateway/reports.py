"""What the journal tells a person: the list of alarms, and one alarm's history."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_never

from rich.markup import escape
from rich.table import Table

from alarm_gateway.adapters.chain import ChainReport, Row, record_of
from alarm_gateway.adapters.journal import Head, read_rows
from alarm_gateway.core.device_state import AlarmState, DeviceState
from alarm_gateway.core.errors import SettingsError
from alarm_gateway.core.evolve import evolve
from alarm_gateway.core.records import (
    FLOOD,
    QUARANTINE,
    Acted,
    Condensed,
    Delivered,
    DeliveredToBoth,
    DevicesChanged,
    Escalated,
    Expired,
    FirstPainted,
    HomeChanged,
    MaintenanceSet,
    Pressed,
    Quarantined,
    Record,
    Refused,
    RowsPurged,
    SupervisionChanged,
)
from alarm_protocol.messages import action_kind
from alarm_protocol.units import CONSOLES, DeviceId

SAMPLE_SHOWN_BYTES_MAX = 80


def when(at_ms: int) -> str:
    """Write a time for a person, in UTC and saying so."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"


def hash_of_row(data_dir: Path, seq: int) -> str:
    """Return the hash of one row, for whoever holds evidence that ends there.

    Raises:
        SettingsError: There is no journal, or no such row in it.
    """
    for row in read_rows(data_dir):
        if row.seq == seq:
            return row.hash.hex()
    raise SettingsError(f"the journal in {data_dir} has no row {seq}")


def kept_head(text: str) -> Head:
    """Read a head that was kept: a row's number and its hash, with a colon between.

    Raises:
        SettingsError: It has another form.
    """
    seq, _, digest = text.strip().removeprefix("head ").partition(":")
    if not re.fullmatch(r"[0-9]{1,18}", seq) or not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
        raise SettingsError(
            f"--expect {text[:100]!r} is no head; give a row's number and its hash of 64 digits, "
            "as in 1234:0f3a..., the way `verify-journal` printed it"
        )
    return Head(int(seq), bytes.fromhex(digest))


def head_fault(data_dir: Path, report: ChainReport, kept: Head | None) -> str | None:
    """Say what is wrong where a head that was kept is not in the journal.

    Raises:
        SettingsError: There is no journal.
    """
    if kept is None or kept.seq == 0:
        return None
    if kept.seq > report.records:
        return (
            f"it ends at row {report.records} ({report.last_hash.hex()}), and row {kept.seq} "
            f"({kept.hash.hex()}) was kept: the rows after {report.records} were cut off"
        )
    found = hash_of_row(data_dir, kept.seq)
    if found == kept.hash.hex():
        return None
    return (
        f"row {kept.seq} has the hash {found}, and {kept.hash.hex()} was kept: "
        "rows up to there were written anew, or this is another journal"
    )


def alarm_states(
    rows: Iterable[Row], remembered: Mapping[DeviceId, DeviceState] | None = None
) -> list[AlarmState]:
    """Return the last state of every alarm in a journal, oldest first.

    Args:
        rows: The whole journal; purged rows are passed over.
        remembered: What purges left of their devices.
    """
    devices: dict[str, DeviceState] = {str(name): one for name, one in (remembered or {}).items()}
    alarms: dict[str, AlarmState] = {}
    for row in rows:
        if row.purged:
            continue
        record = record_of(row)
        state = devices.get(row.device_id) or DeviceState(device_id=record.device_id)
        state = devices[row.device_id] = evolve(state, record)
        if state.alarm is not None:
            alarms[state.alarm.alarm_id] = state.alarm
    return list(alarms.values())


def alarm_table(alarms: Iterable[AlarmState]) -> Table:
    """Draw the list of alarms."""
    table = Table(title="alarms", title_justify="left")
    for name in ("alarm", "priority", "raised", "presses", "police", "veilig thuis", "reasons"):
        table.add_column(name, overflow="fold")
    for alarm in alarms:
        table.add_row(
            alarm.alarm_id,
            f"{alarm.priority} TEST" if alarm.test else str(alarm.priority),
            when(alarm.raised_at_ms),
            str(alarm.press_count),
            alarm.police.status,
            alarm.veilig_thuis.status,
            ", ".join((*alarm.reasons, *alarm.doubts, *alarm.remarks)),
        )
    return table


def history_table(alarm_id: str, rows: Iterable[Row]) -> Table:
    """Draw everything that happened to one alarm."""
    table = Table(title=f"alarm {alarm_id}", title_justify="left")
    for name in ("record", "time", "what", "by", "details"):
        table.add_column(name, overflow="fold")
    for row in rows:
        record = record_of(row)
        what, by, details = _describe(record)
        table.add_row(str(row.seq), when(row.at_ms), what, by, details)
    return table


def quarantine_table(rows: Iterable[Row]) -> Table:
    """Draw what could not be read: where it came, why, and its first bytes with escapes.

    Floods of such messages are condensed into counts; the caption says how many those were.
    """
    table = Table(title="quarantine", title_justify="left", caption_justify="left")
    for name in ("record", "time", "topic", "reason", "bytes", "begins with"):
        table.add_column(name, overflow="fold")
    counted = 0
    for row in rows:
        if row.purged or row.device_id not in (QUARANTINE, FLOOD):
            continue
        event = record_of(row).event
        if isinstance(event, Condensed):
            counted += event.unreadable
        elif isinstance(event, Quarantined):
            begin = repr(bytes.fromhex(event.sample)[:SAMPLE_SHOWN_BYTES_MAX])[2:-1]
            what = (event.topic, event.reason, str(event.size_bytes), begin)
            table.add_row(str(row.seq), when(row.at_ms), *(escape(one) for one in what))
    table.caption = (
        f"{table.row_count} kept, and {counted} more that came in floods and were counted"
    )
    return table


def _describe(record: Record) -> tuple[str, str, str]:
    """Say what happened, by whom, and the details."""
    event = record.event
    said: tuple[str, str, str]
    match event:
        case Pressed():
            why = ", ".join((*event.reasons, *event.doubts, *event.remarks))
            line = f"priority {event.priority}{' TEST' if event.test else ''}: {why}\n{event.line}"
            said = ("alarm raised" if event.opened else "pressed again", record.device_id, line)
        case Acted():
            action = event.action
            details = " ".join(
                str(getattr(action, name))
                for name in ("unit", "disposition", "party", "reason", "to", "text")
                if getattr(action, name, None)
            )
            said = (action_kind(action), f"{event.console}: {action.operator}", details)
        case Refused():
            kind = action_kind(event.action)
            said = (f"refused: {kind}", f"{event.console}: {event.action.operator}", event.why)
        case Delivered() | DeliveredToBoth():
            to = event.console if isinstance(event, Delivered) else ", ".join(CONSOLES)
            said = ("delivered", to, f"view version {event.view_version}")
        case FirstPainted():
            said = ("first painted", f"{event.console}: {event.operator}", _painted(event))
        case Escalated():
            said = (f"escalated to level {event.level}", event.console, event.reason)
        case Quarantined():
            details = f"{event.topic}: {event.reason}, {event.size_bytes} bytes"
            said = ("quarantined", "", details)
        case _:
            said = _describe_unattended(record, event)
    return said


def _painted(event: FirstPainted) -> str:
    return f"version {event.view_version} at {when(event.painted_at_ms)}"


def _kept(event: DevicesChanged) -> str:
    """Say of how many devices an import left the key or the service as they were."""
    parts = ((len(event.kept_keys), "keys"), (len(event.kept_services), "services"))
    said = [f"{count} {what} kept" for count, what in parts if count]
    return f" ({', '.join(said)})" if said else ""


def _describe_unattended(
    record: Record,
    event: SupervisionChanged
    | Condensed
    | Expired
    | MaintenanceSet
    | DevicesChanged
    | HomeChanged
    | RowsPurged,
) -> tuple[str, str, str]:
    """Say what happened without an operator or a press."""
    said: tuple[str, str, str]
    match event:
        case SupervisionChanged():
            what = "fault" if event.active else "fault over"
            said = (f"{what}: {event.condition}", record.device_id, ", ".join(event.reasons))
        case Condensed():
            amounts = (
                f"{event.unreadable} unreadable, {event.presses} presses, {event.faults} faults"
            )
            said = ("condensed", ", ".join(event.devices), amounts)
        case Expired():
            said = ("test expired", "gateway", "")
        case MaintenanceSet():
            said = ("maintenance", event.by, f"until {when(event.until_ms)}: {event.reason}")
        case DevicesChanged():
            many = f"{len(event.devices)} devices {event.act}"
            what = "registry resealed" if event.act == "resealed" else many
            said = (what + _kept(event), event.by, event.reason)
        case HomeChanged():
            said = (f"registry: device {event.act}", "", "")
        case RowsPurged():
            what = f"{event.rows} rows older than {when(event.before_ms)}"
            said = ("purged", "gateway", what)
        case _:
            assert_never(event)
    return said
