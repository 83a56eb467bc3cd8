"""What the norms are measured on, out of one walk along the journal.

A call is an alarm put before one console as open: it is what an operator answers. An alarm
that is pressed again after one agency had closed it is a new call there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from alarm_gateway.adapters.chain import Row, record_of
from alarm_gateway.core.device_state import AlarmState, DeviceState
from alarm_gateway.core.evolve import evolve
from alarm_gateway.core.records import (
    Acted,
    Delivered,
    DeliveredToBoth,
    FirstPainted,
    Pressed,
    Record,
    Refused,
    SupervisionChanged,
)
from alarm_protocol.codec import decode_press_line
from alarm_protocol.households import Category
from alarm_protocol.messages import Accept, Arrive, AssignUnit, Close, SafetyAssessment
from alarm_protocol.salvage import NO_TIME
from alarm_protocol.units import CONSOLES, AlarmId, ConsoleId, DeviceId


@dataclass(slots=True, kw_only=True)
class Call:
    """One alarm before one console, from the moment it was there as open."""

    alarm_id: AlarmId
    console: ConsoleId
    opened_ms: int
    test: bool
    priority: int
    """The highest that the alarm had while this call lasted (1 is the highest)."""
    assess_by_ms: int | None
    painted_ms: int | None = None
    """When it was first on a screen; known of an alarm's first call at a console."""
    accepted_ms: int | None = None
    assigned_ms: int | None = None
    on_scene_ms: int | None = None
    assessed_ms: int | None = None
    closed_ms: int | None = None
    disposition: str | None = None


@dataclass(slots=True, kw_only=True)
class PressFact:
    """One real press: when by the device's clock, when in the journal, when on each console."""

    pressed_ms: int
    sent_ms: int
    """`NO_TIME`, like `pressed_ms`, where neither could be read."""
    journalled_ms: int
    clock_trusted: bool
    """No doubt about the sender, and its clock can be read and is not ahead."""
    view_version: int
    delivered_ms: dict[ConsoleId, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Silence:
    """A device was reported silent."""

    at_ms: int
    since_ms: int
    category: Category | None


@dataclass(slots=True, kw_only=True)
class Raised:
    """An alarm began."""

    alarm_id: AlarmId
    at_ms: int
    test: bool
    pressed: bool
    """Whether anybody pressed; otherwise it is about a fault or a flood."""
    closed_ms: int | None = None


@dataclass(slots=True)
class Facts:
    """Everything of a journal that some norm is measured on."""

    calls: list[Call] = field(default_factory=list)
    presses: list[PressFact] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    alarms: dict[AlarmId, Raised] = field(default_factory=dict)
    actions: list[tuple[int, ConsoleId, str]] = field(default_factory=list)
    """When which operator at which console did something."""
    test_presses: list[int] = field(default_factory=list)
    """When each test press was written."""
    silences_undated: int = 0
    """Silences written by a gateway that did not say since when."""
    purged_rows: int = 0
    first_ms: int = 0
    """When the first row that is readable was written."""

    def within(self, from_ms: int, to_ms: int) -> "Facts":
        """Return what began from one moment on and before another."""
        return Facts(
            calls=[one for one in self.calls if from_ms <= one.opened_ms < to_ms],
            presses=[one for one in self.presses if from_ms <= one.journalled_ms < to_ms],
            silences=[one for one in self.silences if from_ms <= one.at_ms < to_ms],
            alarms={name: one for name, one in self.alarms.items() if from_ms <= one.at_ms < to_ms},
            actions=[one for one in self.actions if from_ms <= one[0] < to_ms],
            test_presses=[at_ms for at_ms in self.test_presses if from_ms <= at_ms < to_ms],
            silences_undated=self.silences_undated,
            purged_rows=self.purged_rows,
            first_ms=self.first_ms,
        )


def facts_of(rows: Iterable[Row], remembered: Mapping[DeviceId, DeviceState]) -> Facts:
    """Walk along a journal once.

    Args:
        rows: The whole journal.
        remembered: Devices with rows that were purged.
    """
    walk = _Walk(remembered)
    for row in rows:
        if row.purged:
            walk.facts.purged_rows += 1
        else:
            walk.facts.first_ms = walk.facts.first_ms or row.at_ms
            walk.take(record_of(row))
    return walk.facts


class _Walk:
    """One walk along the journal."""

    def __init__(self, remembered: Mapping[DeviceId, DeviceState]) -> None:
        self.facts = Facts()
        self._states: dict[DeviceId, DeviceState] = dict(remembered)
        self._calls: dict[tuple[AlarmId, ConsoleId], tuple[int, Call]] = {}
        self._undelivered: dict[AlarmId, list[PressFact]] = {}

    def take(self, record: Record) -> None:
        """Go on by one record."""
        state = self._states.get(record.device_id) or DeviceState(device_id=record.device_id)
        state = self._states[record.device_id] = evolve(state, record)
        event = record.event
        if isinstance(event, SupervisionChanged):
            self._silence(record, event)
        alarm = state.alarm
        if alarm is None or alarm.alarm_id != record.alarm_id:
            return
        self._alarm(record, alarm)
        for console in CONSOLES:
            self._call(record, alarm, console)
        match event:
            case Pressed():
                self._press(record, event, alarm)
            case Delivered():
                self._delivered(record, event.view_version, (event.console,))
            case DeliveredToBoth():
                self._delivered(record, event.view_version, CONSOLES)
            case FirstPainted():
                self._painted(alarm.alarm_id, event)
            case Acted():
                self._acted(record, event)
            case Refused():
                self.facts.actions.append((record.at_ms, event.console, event.action.operator))
            case _:
                pass

    def _silence(self, record: Record, event: SupervisionChanged) -> None:
        if event.condition != "silent" or not event.active:
            return
        if event.since_ms is None:
            self.facts.silences_undated += 1
            return
        silence = Silence(at_ms=record.at_ms, since_ms=event.since_ms, category=event.category)
        self.facts.silences.append(silence)

    def _alarm(self, record: Record, alarm: AlarmState) -> None:
        raised = self.facts.alarms.get(alarm.alarm_id)
        if raised is None:
            raised = Raised(
                alarm_id=alarm.alarm_id, at_ms=record.at_ms, test=alarm.test, pressed=False
            )
            self.facts.alarms[alarm.alarm_id] = raised
        raised.test = alarm.test
        raised.pressed = alarm.press_count > 0
        if not alarm.closed:
            raised.closed_ms = None
        elif raised.closed_ms is None:
            raised.closed_ms = record.at_ms

    def _call(self, record: Record, alarm: AlarmState, console: ConsoleId) -> None:
        """See whether the alarm is newly open at a console, and what became of it."""
        track = alarm.track(console)
        key = (alarm.alarm_id, console)
        known = self._calls.get(key)
        if alarm.press_count == 0:
            return
        if known is None or known[0] != track.opened_version:
            call = Call(
                alarm_id=alarm.alarm_id,
                console=console,
                opened_ms=track.opened_at_ms,
                test=alarm.test,
                priority=alarm.priority,
                assess_by_ms=alarm.assess_by_ms,
            )
            self._calls[key] = (track.opened_version, call)
            self.facts.calls.append(call)
        else:
            call = known[1]
        call.priority = min(call.priority, alarm.priority)
        own = track.own
        if own.status == "closed":
            call.closed_ms = own.closed_at_ms or record.at_ms
            call.disposition = own.disposition
        else:
            call.closed_ms = call.disposition = None

    def _press(self, record: Record, event: Pressed, alarm: AlarmState) -> None:
        press = decode_press_line(event.line)
        if press.trigger == "test":
            self.facts.test_presses.append(record.at_ms)
            return
        fact = PressFact(
            pressed_ms=press.pressed_at_ms,
            sent_ms=press.pressed_at_ms if press.sent_at_ms is None else press.sent_at_ms,
            journalled_ms=record.at_ms,
            clock_trusted=not event.doubts
            and "clock_ahead" not in event.remarks
            and press.pressed_at_ms != NO_TIME,
            view_version=alarm.view_version,
        )
        self.facts.presses.append(fact)
        self._undelivered.setdefault(alarm.alarm_id, []).append(fact)

    def _delivered(self, record: Record, version: int, consoles: tuple[ConsoleId, ...]) -> None:
        waiting = self._undelivered.get(record.alarm_id or AlarmId(""))
        if not waiting:
            return
        for fact in waiting:
            if fact.view_version <= version:
                for console in consoles:
                    fact.delivered_ms.setdefault(console, record.at_ms)
        waiting[:] = [fact for fact in waiting if len(fact.delivered_ms) < len(CONSOLES)]

    def _painted(self, alarm_id: AlarmId, event: FirstPainted) -> None:
        known = self._calls.get((alarm_id, event.console))
        if known is not None:
            known[1].painted_ms = max(event.painted_at_ms, known[1].opened_ms)

    def _acted(self, record: Record, event: Acted) -> None:
        action, at_ms = event.action, record.at_ms
        self.facts.actions.append((at_ms, event.console, action.operator))
        known = self._calls.get((record.alarm_id or AlarmId(""), event.console))
        if known is None:
            return
        call = known[1]
        match action:
            case Accept():
                call.accepted_ms = at_ms
            case AssignUnit():
                call.assigned_ms = call.assigned_ms or at_ms
            case Arrive():
                call.on_scene_ms = call.on_scene_ms or at_ms
            case SafetyAssessment():
                call.assessed_ms = call.assessed_ms or at_ms
            case Close():
                pass  # taken from the track
            case _:
                pass
