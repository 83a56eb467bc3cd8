"""What is to be written down, for one device and one input. Nothing else decides.

`decide` sees one device only and changes nothing: it returns the records to append.
"""

from collections.abc import Callable

from msgspec import Struct

from alarm_gateway.core.device_state import AlarmState, DeviceState, TrackState
from alarm_gateway.core.inputs import (
    ActionReceived,
    MaintenanceReceived,
    PressReceived,
    RegistryChanged,
    Unreadable,
)
from alarm_gateway.core.lifecycle import next_status
from alarm_gateway.core.overdue import level_due, unreachable_at
from alarm_gateway.core.painted import Sighted, painted_event
from alarm_gateway.core.policy import Policy, ms
from alarm_gateway.core.prioritise import prioritise
from alarm_gateway.core.records import (
    Acted,
    Condensed,
    Delivered,
    DeliveredToBoth,
    Escalated,
    Event,
    Expired,
    HomeChanged,
    MaintenanceSet,
    Pressed,
    Quarantined,
    Record,
    Refused,
)
from alarm_gateway.core.registry import HomeTouched, registry_event
from alarm_gateway.core.supervise import ConditionChanged, condition_event
from alarm_gateway.core.verify import verify
from alarm_protocol.households import Household
from alarm_protocol.messages import action_kind
from alarm_protocol.units import (
    CONSOLES,
    AlarmId,
    ConsoleId,
    TimestampMs,
    alarm_id_of,
)

SAMPLE_BYTES_MAX = 512
SAMPLE_DEVICES_MAX = 8


class Confirmed(Struct, frozen=True, gc=False):
    """One console, or both, confirmed one version of one alarm."""

    consoles: tuple[ConsoleId, ...]
    alarm_id: AlarmId
    version: int


class AcceptDue(Struct, frozen=True, gc=False):
    """The time to accept this alarm may be over."""

    alarm_id: AlarmId


class ConfirmOverdue(Struct, frozen=True, gc=False):
    """A view was published again and is still not confirmed."""

    alarm_id: AlarmId


class TestDue(Struct, frozen=True, gc=False):
    """The time of a test may be over."""

    alarm_id: AlarmId


class Counted(Struct, frozen=True, gc=False):
    """Messages beyond the flood limit, since the last count."""

    unreadable: int = 0
    presses: int = 0
    faults: int = 0
    devices: tuple[str, ...] = ()


DeviceInput = (
    PressReceived
    | ActionReceived
    | Unreadable
    | Confirmed
    | Sighted
    | AcceptDue
    | ConfirmOverdue
    | TestDue
    | ConditionChanged
    | MaintenanceReceived
    | RegistryChanged
    | HomeTouched
    | Counted
)


def decide(
    state: DeviceState,
    received: DeviceInput,
    now_ms: TimestampMs,
    policy: Policy,
    household: Household | None = None,
) -> list[Record]:
    """Return the records that this input adds to its device, oldest first.

    An empty list means that the journal already says all there is to say: the input is a
    repeat, or nothing was due.
    """
    if isinstance(received, PressReceived):
        return _press(state, received, now_ms, policy, household)
    return _DECISIONS[type(received)](state, received, now_ms, policy)


def _record(
    state: DeviceState,
    now_ms: TimestampMs,
    alarm_id: AlarmId | None,
    event: Event,
    ahead: int = 0,
) -> Record:
    return Record(
        device_id=state.device_id,
        version=state.version + 1 + ahead,
        at_ms=now_ms,
        alarm_id=alarm_id,
        event=event,
    )


def _press(
    state: DeviceState,
    received: PressReceived,
    now_ms: TimestampMs,
    policy: Policy,
    household: Household | None,
) -> list[Record]:
    verdict = None
    known = state.find(received.press)
    if known is not None:
        if known in state.known:
            return []
        verdict = verify(state, received, household, now_ms, policy)
        if verdict.doubts:
            return []
        # The same press, unverified before and verified now: it counts as a press of its own,
        # so that nobody can hide a real press by sending its double first.
    if verdict is None:
        verdict = verify(state, received, household, now_ms, policy)
    alarm = state.alarm
    open_alarm = None if alarm is None or alarm.closed else alarm
    assessment = prioritise(received.press, verdict, policy.priority, open_alarm)
    alarm_id = (
        alarm_id_of(state.device_id, state.alarm_count + 1)
        if open_alarm is None
        else open_alarm.alarm_id
    )
    event = Pressed(
        line=received.line,
        signature=received.signature,
        doubts=verdict.doubts,
        remarks=verdict.remarks,
        priority=assessment.priority,
        reasons=assessment.reasons,
        test=assessment.test,
        opened=open_alarm is None,
        assess_by_ms=_assess_by(open_alarm, now_ms, policy),
    )
    return [_record(state, now_ms, alarm_id, event)]


def _assess_by(
    open_alarm: AlarmState | None, now_ms: TimestampMs, policy: Policy
) -> TimestampMs | None:
    """Return when the safety assessment is due: counted from the alarm's first press."""
    if open_alarm is not None and open_alarm.assess_by_ms is not None:
        return open_alarm.assess_by_ms
    return policy.calendar.end_of_working_day(now_ms, policy.times.assessment_working_days)


def _action(
    state: DeviceState, received: ActionReceived, now_ms: TimestampMs, _policy: Policy
) -> list[Record]:
    action, console = received.action, received.console
    alarm = state.alarm
    if alarm is None or alarm.alarm_id != action.alarm_id:
        return []
    if alarm.answered(console, action.action_id):
        return []
    track = alarm.track(console)
    kind = action_kind(action)
    event: Event
    if next_status(console, track.status, kind) is not None:
        event = Acted(console=console, action=action)
    else:
        event = Refused(
            console=console,
            action=action,
            why=f"{kind} does not fit: the alarm is {track.status}",
            acted_by=_who_acted(track),
        )
    return [_record(state, now_ms, alarm.alarm_id, event)]


def _who_acted(track: TrackState) -> str | None:
    own = track.own
    return own.closed_by if own.status == "closed" else own.accepted_by


def _confirmed(
    state: DeviceState, received: Confirmed, now_ms: TimestampMs, _policy: Policy
) -> list[Record]:
    alarm = state.alarm
    if alarm is None or alarm.alarm_id != received.alarm_id:
        return []
    version = received.version
    news = [
        console
        for console in received.consoles
        if alarm.track(console).confirmed_version < version <= alarm.view_version
    ]
    if not news:
        return []
    event: Event = (
        Delivered(console=news[0], view_version=version)
        if len(news) == 1
        else DeliveredToBoth(view_version=version)
    )
    return [_record(state, now_ms, alarm.alarm_id, event)]


def _sighted(
    state: DeviceState, received: Sighted, now_ms: TimestampMs, _policy: Policy
) -> list[Record]:
    event = painted_event(state, received, now_ms)
    return [] if event is None else [_record(state, now_ms, received.sighting.alarm_id, event)]


def _quarantined(
    state: DeviceState, received: Unreadable, now_ms: TimestampMs, _policy: Policy
) -> list[Record]:
    event = Quarantined(
        topic=received.topic[:200],
        reason=received.reason,
        size_bytes=len(received.payload),
        sample=received.payload[:SAMPLE_BYTES_MAX].hex(),
    )
    return [_record(state, now_ms, None, event)]


def _not_accepted(
    state: DeviceState, received: AcceptDue, now_ms: TimestampMs, policy: Policy
) -> list[Record]:
    alarm = state.alarm
    if alarm is None or alarm.alarm_id != received.alarm_id or alarm.press_count == 0:
        return []
    records: list[Record] = []
    for console in CONSOLES:
        track = alarm.track(console)
        level = level_due(track, now_ms, policy)
        if level > track.own.escalation_level:
            event = Escalated(console=console, level=level, reason="not_accepted")
            records.append(_record(state, now_ms, alarm.alarm_id, event, ahead=len(records)))
    return records


def _unreachable(
    state: DeviceState, received: ConfirmOverdue, now_ms: TimestampMs, policy: Policy
) -> list[Record]:
    alarm = state.alarm
    if alarm is None or alarm.alarm_id != received.alarm_id:
        return []
    records: list[Record] = []
    for console in CONSOLES:
        due_ms = unreachable_at(alarm.track(console), policy)
        if due_ms is not None and due_ms <= now_ms:
            event = Escalated(console=console, level=1, reason="console_unreachable")
            records.append(_record(state, now_ms, alarm.alarm_id, event, ahead=len(records)))
    return records


def _test_over(
    state: DeviceState, received: TestDue, now_ms: TimestampMs, policy: Policy
) -> list[Record]:
    alarm = state.alarm
    if alarm is None or alarm.alarm_id != received.alarm_id or not alarm.test or alarm.closed:
        return []
    if now_ms - alarm.raised_at_ms < ms(policy.times.test_expires_s):
        return []
    return [_record(state, now_ms, alarm.alarm_id, Expired())]


def _condition(
    state: DeviceState, changed: ConditionChanged, now_ms: TimestampMs, policy: Policy
) -> list[Record]:
    event = condition_event(state, changed, now_ms, policy)
    if event is None:
        return []
    alarm_id = None
    if event.effect == "opened":
        alarm_id = alarm_id_of(state.device_id, state.alarm_count + 1)
    elif event.effect != "none" and state.alarm is not None:
        alarm_id = state.alarm.alarm_id
    return [_record(state, now_ms, alarm_id, event)]


def _maintenance(
    state: DeviceState, received: MaintenanceReceived, now_ms: TimestampMs, _policy: Policy
) -> list[Record]:
    event = MaintenanceSet(until_ms=received.until_ms, by=received.by, reason=received.reason)
    return [_record(state, now_ms, None, event)]


def _registry(
    state: DeviceState, changed: RegistryChanged, now_ms: TimestampMs, _policy: Policy
) -> list[Record]:
    event = registry_event(state, changed)
    return [] if event is None else [_record(state, now_ms, None, event)]


def _home(
    state: DeviceState, touched: HomeTouched, now_ms: TimestampMs, _policy: Policy
) -> list[Record]:
    alarm = state.alarm
    if alarm is None or alarm.closed:
        return []
    return [_record(state, now_ms, alarm.alarm_id, HomeChanged(act=touched.act))]


def _counted(
    state: DeviceState, counted: Counted, now_ms: TimestampMs, policy: Policy
) -> list[Record]:
    """Count messages of a flood, on the open alarm or a new one."""
    alarm = state.alarm
    opened = alarm is None or alarm.closed
    alarm_id = (
        alarm_id_of(state.device_id, state.alarm_count + 1)
        if alarm is None or opened
        else alarm.alarm_id
    )
    event = Condensed(
        unreadable=counted.unreadable,
        presses=counted.presses,
        faults=counted.faults,
        devices=counted.devices[:SAMPLE_DEVICES_MAX],
        opened=opened,
        priority=policy.priority.flood,
    )
    return [_record(state, now_ms, alarm_id, event)]


_DECISIONS: dict[type, Callable[..., list[Record]]] = {
    ActionReceived: _action,
    Confirmed: _confirmed,
    Sighted: _sighted,
    Unreadable: _quarantined,
    AcceptDue: _not_accepted,
    ConfirmOverdue: _unreachable,
    TestDue: _test_over,
    ConditionChanged: _condition,
    MaintenanceReceived: _maintenance,
    RegistryChanged: _registry,
    HomeTouched: _home,
    Counted: _counted,
}
"""Who decides on what; every kind of `DeviceInput` but a press is in it."""
