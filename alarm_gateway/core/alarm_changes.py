"""Changes of an alarm that no operator and no press made."""

from msgspec.structs import replace

from alarm_gateway.core.device_state import (
    TIMELINE_KEPT_MAX,
    AlarmState,
    DeviceState,
    Line,
    TrackState,
)
from alarm_gateway.core.records import (
    Condensed,
    Delivered,
    DeliveredToBoth,
    FirstPainted,
    Record,
    SupervisionChanged,
)
from alarm_protocol.messages import Disposition, OwnTrack, TimelineEntry
from alarm_protocol.units import CONSOLES, POLICE, AlarmId, ConsoleId

GATEWAY = "gateway"
"""Who acts where no person does."""


def noted(
    alarm: AlarmState, record: Record, console: ConsoleId | None, entry: TimelineEntry
) -> AlarmState:
    """Make the next version of the alarm's view, with one more line of history."""
    alarm = with_line(alarm, console, entry)
    return replace(alarm, view_version=alarm.view_version + 1, changed_at_ms=record.at_ms)


def with_line(alarm: AlarmState, console: ConsoleId | None, entry: TimelineEntry) -> AlarmState:
    """Return the alarm with one more line of history, which this console may read, or both."""
    return replace(
        alarm,
        timeline=(*alarm.timeline, Line(console, entry))[-TIMELINE_KEPT_MAX:],
        timeline_count=alarm.timeline_count + 1,
    )


def with_track(alarm: AlarmState, console: ConsoleId, track: TrackState) -> AlarmState:
    """Return the alarm with another track for one agency."""
    if console == POLICE:
        return replace(alarm, police=track)
    return replace(alarm, veilig_thuis=track)


def console_told(
    alarm: AlarmState, event: Delivered | DeliveredToBoth | FirstPainted
) -> AlarmState:
    """Return the alarm after what a console said of its board or a screen; no new version."""
    if isinstance(event, FirstPainted):
        track = replace(alarm.track(event.console), painted_at_ms=event.painted_at_ms)
        return with_track(alarm, event.console, track)
    if isinstance(event, Delivered):
        track = _confirmed(alarm.track(event.console), event.view_version)
        return with_track(alarm, event.console, track)
    return replace(
        alarm,
        police=_confirmed(alarm.police, event.view_version),
        veilig_thuis=_confirmed(alarm.veilig_thuis, event.view_version),
    )


def _confirmed(track: TrackState, version: int) -> TrackState:
    confirmed = max(track.confirmed_version, version)
    return replace(track, confirmed_version=confirmed, unreachable=False)


def condition_known(state: DeviceState, event: SupervisionChanged) -> DeviceState:
    """Return the device with what is wrong with it now."""
    others = tuple(known for known in state.conditions if known != event.condition)
    conditions = (*others, event.condition) if event.active else others
    return replace(state, conditions=conditions)


def opens(event: SupervisionChanged | Condensed) -> bool:
    """Tell whether this fact is the beginning of an alarm."""
    return event.opened if isinstance(event, Condensed) else event.effect == "opened"


def opened_without_press(record: Record, event: SupervisionChanged | Condensed) -> AlarmState:
    """Return the alarm that a fault or a flood begins."""
    track = TrackState(own=OwnTrack(), opened_at_ms=record.at_ms)
    flood = isinstance(event, Condensed)
    reasons = ("flood",) if isinstance(event, Condensed) else event.reasons
    text = _amounts(event) if isinstance(event, Condensed) else event.condition
    entry = TimelineEntry(at_ms=record.at_ms, kind="flood" if flood else "fault", text=text)
    return AlarmState(
        alarm_id=record.alarm_id or AlarmId(""),
        view_version=1,
        priority=event.priority,
        test=False,
        reasons=reasons,
        doubts=(),
        remarks=(),
        raised_at_ms=record.at_ms,
        changed_at_ms=record.at_ms,
        press_count=0,
        presses=(),
        police=track,
        veilig_thuis=track,
        timeline=(Line(None, entry),),
        timeline_count=1,
        condensed=_condensed(event),
    )


def supervised(alarm: AlarmState, record: Record, event: SupervisionChanged) -> AlarmState:
    """Return the alarm after a fault of its device began or ended."""
    kind = "fault" if event.active else "fault_over"
    entry = TimelineEntry(at_ms=record.at_ms, kind=kind, text=event.condition)
    alarm = replace(alarm, priority=event.priority, reasons=event.reasons)
    if event.effect == "ended":
        return ended(noted(alarm, record, None, entry), record, "technical_fault", "fault_over")
    return noted(alarm, record, None, entry)


def counted(alarm: AlarmState, record: Record, event: Condensed) -> AlarmState:
    """Return the alarm after more messages of a flood; its history gets no line for each."""
    return replace(
        alarm,
        view_version=alarm.view_version + 1,
        changed_at_ms=record.at_ms,
        condensed=alarm.condensed + _condensed(event),
    )


def _condensed(event: SupervisionChanged | Condensed) -> int:
    if isinstance(event, SupervisionChanged):
        return 0
    return event.unreadable + event.presses + event.faults


def _amounts(event: Condensed) -> str:
    parts = (
        (event.unreadable, "unreadable"),
        (event.presses, "presses"),
        (event.faults, "faults"),
    )
    return ", ".join(f"{count} {name}" for count, name in parts if count)


def ended(alarm: AlarmState, record: Record, disposition: Disposition, reason: str) -> AlarmState:
    """Return the alarm closed at both agencies, by no person."""
    entry = TimelineEntry(at_ms=record.at_ms, kind="close", operator=GATEWAY, text=reason)
    alarm = noted(alarm, record, None, entry)
    for console in CONSOLES:
        track = alarm.track(console)
        if track.status != "closed":
            own = replace(
                track.own,
                status="closed",
                closed_at_ms=record.at_ms,
                closed_by=GATEWAY,
                disposition=disposition,
                close_reason=reason,
            )
            track = replace(track, own=own, closed_version=alarm.view_version)
            alarm = with_track(alarm, console, track)
    return alarm
