"""How a record changes the state of its device.

`evolve` is the only way state changes, live and at recovery alike: folding the journal
gives exactly the state that the running engine had.
"""

from typing import TypeVar, assert_never

from msgspec import UNSET
from msgspec.structs import replace

from alarm_gateway.core.alarm_changes import (
    condition_known,
    console_told,
    counted,
    ended,
    noted,
    opened_without_press,
    opens,
    supervised,
    with_line,
    with_track,
)
from alarm_gateway.core.device_state import (
    KNOWN_DOUBTFUL_MAX,
    KNOWN_PRESSES_MAX,
    PRESSES_KEPT_MAX,
    UNITS_KEPT_MAX,
    AlarmState,
    DeviceState,
    KnownPress,
    Line,
    TrackState,
)
from alarm_gateway.core.errors import InvariantError, JournalError
from alarm_gateway.core.lifecycle import next_status
from alarm_gateway.core.records import (
    LEVEL_MAX,
    Acted,
    Condensed,
    Delivered,
    DeliveredToBoth,
    DevicesChanged,
    Escalated,
    Event,
    Expired,
    FirstPainted,
    HomeChanged,
    MaintenanceSet,
    Pressed,
    Quarantined,
    Record,
    Refused,
    SupervisionChanged,
)
from alarm_protocol.codec import decode_press_line
from alarm_protocol.errors import WireError
from alarm_protocol.messages import (
    Accept,
    Arrive,
    AssignUnit,
    Close,
    Conditions,
    HandOver,
    Note,
    OwnTrack,
    Press,
    Refer,
    Reopen,
    SafetyAssessment,
    TimelineEntry,
    TrackAction,
    ViewPress,
    action_kind,
)
from alarm_protocol.salvage import NO_DEVICE, NO_TIME
from alarm_protocol.units import CONSOLES, AlarmId, DeviceId, TimestampMs, other_console

T = TypeVar("T")


def evolve(state: DeviceState, record: Record, press: Press | None = None) -> DeviceState:
    """Apply one record to the state of its device.

    Args:
        state: The device before.
        record: The next fact about it.
        press: What the record's line says, where it was just read; else it is read here.
    """
    event = record.event
    if isinstance(event, Pressed):
        return _pressed(state, record, event, press or _press_in(record, event))
    if isinstance(event, Quarantined | MaintenanceSet | DevicesChanged):
        return replace(_counted_or_set(state, event), version=record.version)
    if isinstance(event, SupervisionChanged):
        state = condition_known(state, event)
    if isinstance(event, SupervisionChanged | Condensed) and opens(event):
        alarm: AlarmState | None = opened_without_press(record, event)
        return replace(
            state, version=record.version, alarm=alarm, alarm_count=state.alarm_count + 1
        )
    alarm = state.alarm
    if alarm is None or alarm.alarm_id != record.alarm_id:
        # A fact about an alarm that a newer one has replaced: it is in the journal, that is all.
        return replace(state, version=record.version)
    return replace(state, version=record.version, alarm=_alarm_after(alarm, record, event))


def _counted_or_set(
    state: DeviceState, event: Quarantined | MaintenanceSet | DevicesChanged
) -> DeviceState:
    """Apply what has to do with no alarm."""
    if isinstance(event, Quarantined):
        return replace(state, quarantined=state.quarantined + 1)
    if isinstance(event, MaintenanceSet):
        return replace(state, maintenance_until_ms=event.until_ms)
    return replace(state, registry_number=event.number)


def _alarm_after(alarm: AlarmState, record: Record, event: Event) -> AlarmState:
    match event:
        case Acted():
            alarm = _acted(alarm, record, event)
        case Refused():
            alarm = noted(alarm, record, event.console, _refusal(record, event))
        case Delivered() | DeliveredToBoth() | FirstPainted():
            alarm = console_told(alarm, event)
        case Escalated():
            alarm = _escalated(alarm, record, event)
        case SupervisionChanged():
            alarm = supervised(alarm, record, event)
        case Condensed():
            alarm = counted(alarm, record, event)
        case HomeChanged():
            entry = TimelineEntry(at_ms=record.at_ms, kind=f"device_{event.act}")
            alarm = noted(alarm, record, None, entry)
        case Expired():
            alarm = ended(alarm, record, "test", "test_expired")
        case _:
            raise InvariantError(f"{record.kind} is no fact about an alarm")
    return alarm


def _refusal(record: Record, event: Refused) -> TimelineEntry:
    return TimelineEntry(
        at_ms=record.at_ms,
        kind="refused",
        operator=event.action.operator,
        text=event.why,
        action_id=event.action.action_id,
        outcome="refused",
        acted_by=event.acted_by,
    )


def _press_in(record: Record, event: Pressed) -> Press:
    try:
        return decode_press_line(event.line)
    except WireError as error:  # only in a journal that somebody or something changed
        raise JournalError(
            f"{record.device_id} version {record.version}: its press cannot be read: {error}"
        ) from error


def _pressed(state: DeviceState, record: Record, event: Pressed, press: Press) -> DeviceState:
    known = KnownPress(
        press.press_id,
        press.sequence,
        press.pressed_at_ms,
        press.trigger,
        record.alarm_id or AlarmId(""),
    )
    view_press = ViewPress(
        press_id=press.press_id,
        sequence=press.sequence,
        trigger=press.trigger,
        pressed_at_ms=record.at_ms if press.pressed_at_ms == NO_TIME else press.pressed_at_ms,
        received_at_ms=record.at_ms,
        claimed_device_id=_claimed(press.device_id, record.device_id),
        battery_pct=press.battery_pct,
        location=press.location,
        doubts=event.doubts,
        remarks=event.remarks,
    )
    if event.opened or state.alarm is None:
        alarm = _opened(record, event, view_press)
    else:
        alarm = _joined(state.alarm, record, event, view_press)
    state = replace(
        state,
        version=record.version,
        alarm_count=state.alarm_count + event.opened,
        alarm=alarm,
    )
    if event.doubts:
        return replace(state, known_doubtful=(*state.known_doubtful, known)[-KNOWN_DOUBTFUL_MAX:])
    floor = state.sequence_floor
    if len(state.known) == KNOWN_PRESSES_MAX:
        floor = max(floor, state.known[0].sequence)
    return replace(
        state,
        known=(*state.known, known)[-KNOWN_PRESSES_MAX:],
        sequence_floor=floor,
        sequence_max=max(state.sequence_max, press.sequence),
    )


def _claimed(named: DeviceId, device_id: DeviceId) -> DeviceId | None:
    """Return the device that the payload names, where it is another than the topic's."""
    return None if named in (device_id, NO_DEVICE) else named


def _opened(record: Record, event: Pressed, press: ViewPress) -> AlarmState:
    track = TrackState(own=OwnTrack(), opened_at_ms=record.at_ms)
    entry = TimelineEntry(at_ms=record.at_ms, kind="raised", text=press.trigger)
    return AlarmState(
        alarm_id=record.alarm_id or AlarmId(""),
        view_version=1,
        priority=event.priority,
        test=event.test,
        reasons=event.reasons,
        doubts=event.doubts,
        remarks=event.remarks,
        raised_at_ms=record.at_ms,
        changed_at_ms=record.at_ms,
        press_count=1,
        presses=(press,),
        police=track,
        veilig_thuis=track,
        timeline=(Line(None, entry),),
        timeline_count=1,
        assess_by_ms=event.assess_by_ms,
    )


def _joined(alarm: AlarmState, record: Record, event: Pressed, press: ViewPress) -> AlarmState:
    """Add a press to an open alarm.

    A track that was closed, or saw a test or a technical fault only, opens again: nobody has
    accepted this yet.
    """
    entry = TimelineEntry(at_ms=record.at_ms, kind="pressed_again", text=press.trigger)
    first_real_press = (alarm.test and not event.test) or alarm.press_count == 0
    for console in CONSOLES:
        track = alarm.track(console)
        if first_real_press or track.status == "closed":
            track = replace(
                track,
                own=OwnTrack(),
                opened_at_ms=record.at_ms,
                opened_version=alarm.view_version + 1,
                closed_version=0,
                unreachable=False,
            )
            alarm = with_track(alarm, console, track)
    alarm = replace(
        alarm,
        priority=event.priority,
        test=event.test,
        reasons=event.reasons,
        doubts=_union(alarm.doubts, event.doubts),
        remarks=_union(alarm.remarks, event.remarks),
        press_count=alarm.press_count + 1,
        presses=(*alarm.presses, press)[-PRESSES_KEPT_MAX:],
        assess_by_ms=event.assess_by_ms,
    )
    return noted(alarm, record, None, entry)


def _acted(alarm: AlarmState, record: Record, event: Acted) -> AlarmState:
    action = event.action
    kind = action_kind(action)
    entry = TimelineEntry(
        at_ms=record.at_ms,
        kind=kind,
        operator=action.operator,
        text=_what(action),
        action_id=action.action_id,
        outcome="done",
    )
    alarm = noted(alarm, record, event.console, entry)
    track = alarm.track(event.console)
    status = next_status(event.console, track.status, kind) or track.status
    own = _own_after(replace(track.own, status=status), action, record.at_ms)
    closed_version = alarm.view_version if status == "closed" else 0
    track = replace(track, own=own, closed_version=closed_version)
    return with_track(alarm, event.console, track)


def _what(action: TrackAction) -> str | None:
    """Return the words of an action, for the history."""
    text: str | None
    match action:
        case Accept():
            text = None
        case AssignUnit():
            text = action.unit
        case Arrive():
            text = None if action.unit is UNSET else action.unit
        case Note() | SafetyAssessment() | Conditions():
            text = action.text
        case Close():
            text = f"{action.disposition}: {action.reason}"
        case Reopen():
            text = action.reason
        case HandOver():
            text = action.to if action.text is UNSET else f"{action.to}: {action.text}"
        case Refer():
            text = action.party if action.text is UNSET else f"{action.party}: {action.text}"
        case _:
            assert_never(action)
    return text


def _own_after(own: OwnTrack, action: TrackAction, at_ms: TimestampMs) -> OwnTrack:
    """Return what the track says after an action; its status is set already."""
    match action:
        case Accept():
            own = replace(own, accepted_at_ms=at_ms, accepted_by=action.operator)
        case AssignUnit():
            own = replace(own, units=(*own.units, action.unit)[-UNITS_KEPT_MAX:])
        case Arrive():
            own = replace(own, on_scene_at_ms=at_ms)
        case Close():
            own = replace(
                own,
                closed_at_ms=at_ms,
                closed_by=action.operator,
                disposition=action.disposition,
                close_reason=action.reason,
            )
        case Reopen():
            own = OwnTrack(status=own.status, accepted_at_ms=at_ms, accepted_by=action.operator)
        case SafetyAssessment() | Conditions() | Refer() | HandOver():
            own = _case_after(own, action)
        case Note():
            pass
        case _:
            assert_never(action)
    return own


def _case_after(
    own: OwnTrack, action: SafetyAssessment | Conditions | Refer | HandOver
) -> OwnTrack:
    """Return what Veilig Thuis's track says after work on the case."""
    match action:
        case SafetyAssessment():
            return replace(own, assessment=action.text)
        case Conditions():
            return replace(own, conditions=action.text)
        case Refer():
            return replace(own, referred_to=_union(own.referred_to, (action.party,)))
        case HandOver():
            return replace(own, handed_over_to=action.to)
        case _:
            assert_never(action)


def _escalated(alarm: AlarmState, record: Record, event: Escalated) -> AlarmState:
    track = alarm.track(event.console)
    level = max(track.own.escalation_level, event.level)
    unreachable = track.unreachable or event.reason == "console_unreachable"
    track = replace(track, own=replace(track.own, escalation_level=level), unreachable=unreachable)
    alarm = with_track(alarm, event.console, track)
    if event.reason not in alarm.reasons:
        alarm = replace(alarm, reasons=(*alarm.reasons, event.reason))
    kind = "escalated" if event.level < LEVEL_MAX else "escalated_further"
    entry = TimelineEntry(at_ms=record.at_ms, kind=kind, text=event.reason)
    alarm = noted(alarm, record, event.console, entry)
    if event.level < LEVEL_MAX:
        return alarm
    # At the highest level the other agency learns of it too, and that it is not its own.
    told = TimelineEntry(at_ms=record.at_ms, kind="other_escalated", text=event.reason)
    return with_line(alarm, other_console(event.console), told)


def _union(first: tuple[T, ...], second: tuple[T, ...]) -> tuple[T, ...]:
    return (*first, *(item for item in second if item not in first))
