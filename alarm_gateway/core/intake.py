"""Taking inputs: everything that is decided, before anything of it is durable.

Of the batch that comes out, only the records may leave; its effects wait in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from alarm_gateway.core.decide import (
    AcceptDue,
    Confirmed,
    ConfirmOverdue,
    DeviceInput,
    TestDue,
    decide,
)
from alarm_gateway.core.device_state import AlarmState, DeviceState
from alarm_gateway.core.effects import FeedbackDue
from alarm_gateway.core.errors import InvariantError
from alarm_gateway.core.evolve import evolve
from alarm_gateway.core.flood import Gate, Tally
from alarm_gateway.core.inputs import (
    ActionReceived,
    DeliveriesConfirmed,
    HeartbeatReceived,
    Input,
    LinkReceived,
    MaintenanceReceived,
    PaintedReported,
    PresenceReceived,
    PressReceived,
    RegistryChanged,
    Tick,
    Unreadable,
)
from alarm_gateway.core.overdue import escalates_at, unreachable_at
from alarm_gateway.core.painted import Sighted
from alarm_gateway.core.policy import Policy, ms
from alarm_gateway.core.records import FLOOD, QUARANTINE, REGISTRY, Event, Pressed, Record
from alarm_gateway.core.registry import HomeTouched
from alarm_gateway.core.supervise import ConditionChanged
from alarm_gateway.core.timers import Deadline, Timers
from alarm_gateway.core.watch import Watch
from alarm_protocol.households import Household
from alarm_protocol.messages import Delivery, Feedback, Presence, Press
from alarm_protocol.units import (
    AlarmId,
    ConsoleId,
    DeviceId,
    PressId,
    TimestampMs,
    device_id_of,
)

REPUBLISH_MS_MAX = 30_000
REPEATED_MAX = 4_096
"""Alarms of which it is remembered that a question about them was just answered."""


@dataclass(slots=True)
class Batch:
    """One call of `receive`, waiting for the journal."""

    now_ms: TimestampMs
    records: list[Record] = field(default_factory=list)
    states: dict[DeviceId, DeviceState] = field(default_factory=dict)
    """State of every device that the records change, after them."""
    acks: list[int] = field(default_factory=list)
    feedback: list[FeedbackDue] = field(default_factory=list)
    again: dict[DeviceId, None] = field(default_factory=dict)
    """Devices whose alarm is published again although nothing changed, in order: the same
    inputs always have the same effects."""
    gone: list[tuple[ConsoleId, AlarmId]] = field(default_factory=list)
    confirmed: dict[Delivery, dict[ConsoleId, None]] = field(default_factory=dict)
    """Who confirmed what: both consoles together are one fact and not two."""
    households: list[Household] = field(default_factory=list)
    """What the registry says from here on; it is gone by once that is durable."""
    tallies: dict[DeviceId, Tally] = field(default_factory=dict)
    """What was counted instead of written, by the aggregate that it is counted on."""

    def tally(self, device_id: DeviceId) -> Tally:
        """Return the tally of an aggregate, a new one if need be."""
        return self.tallies.setdefault(device_id, Tally())


class Intake:
    """Decides on inputs, one batch at a time.

    Args:
        policy: The organisation's rules.
        registry: Every known device and its household.
        devices: What has been decided for each device, durable or not; changed here.
        durable: Newest durable alarm of each device; read here, changed by the engine.
    """

    def __init__(
        self,
        policy: Policy,
        registry: Mapping[DeviceId, Household],
        devices: dict[DeviceId, DeviceState],
        durable: Mapping[DeviceId, AlarmState],
    ) -> None:
        self.consoles: dict[ConsoleId, Presence] = {}
        self.timers = Timers()
        self.watch = Watch(policy, registry, self.timers)
        self._policy = policy
        self._registry = registry
        self._devices = devices
        self._durable = durable
        self._congested = False
        self._repeated_ms: dict[AlarmId, TimestampMs] = {}
        self._message_gate = Gate(policy.flood.messages_per_minute)
        self._fault_gate = Gate(policy.flood.faults_per_minute)

    def take(self, inputs: Sequence[Input], now_ms: TimestampMs) -> Batch:
        """Decide on these inputs, in order."""
        batch = Batch(now_ms)
        for received in inputs:
            self._take_one(batch, received)
            if received.receipt is not None:
                batch.acks.append(received.receipt)
        for pair, consoles in batch.confirmed.items():
            self._confirm(batch, pair, consoles)
        for device_id, tally in batch.tallies.items():
            self._count(batch, device_id, tally)
        return batch

    def _take_one(self, batch: Batch, received: Input) -> None:
        match received:
            case PressReceived():
                self._press(batch, received)
            case DeliveriesConfirmed():
                for pair in received.confirmation.deliveries:
                    batch.confirmed.setdefault(pair, {})[received.console] = None
            case PaintedReported():
                self._paint(batch, received)
            case ActionReceived():
                self._act(batch, received)
            case Unreadable():
                self._quarantine(batch, received)
            case RegistryChanged():
                self._change(batch, received)
            case Tick():
                self._congested = received.congested
                for deadline in self.timers.due(batch.now_ms):
                    self._deadline(batch, deadline)
            case _:
                self._supervise(batch, received)

    def _quarantine(self, batch: Batch, received: Unreadable) -> None:
        if self._message_gate.passes(batch.now_ms):
            self._decide(batch, QUARANTINE, received)
        else:
            batch.tally(FLOOD).unreadable += 1

    def _change(self, batch: Batch, changed: RegistryChanged) -> None:
        """Write down a change of the registry, also for the alarms that it touches."""
        self._decide(batch, REGISTRY, changed)
        for household in changed.households:
            self._decide(batch, household.device_id, HomeTouched(changed.act))
        batch.households += changed.households

    def _press(self, batch: Batch, received: PressReceived) -> None:
        device_id = received.device_id
        household = self._registry.get(device_id)
        state = self._state(device_id)
        records = decide(state, received, batch.now_ms, self._policy, household)
        if records and self._is_flood(state, records[0].event, batch.now_ms):
            aggregate = FLOOD if household is None else device_id
            batch.tally(aggregate).add_press(device_id, received.press.press_id)
            return
        self._apply(batch, state, records, received.press)
        if records:
            alarm_id = records[0].alarm_id
        else:
            known = state.find(received.press)
            alarm_id = None if known is None else known.alarm_id
        if alarm_id is None:
            raise InvariantError(f"press {received.press.press_id} of {device_id} has no alarm")
        self._answer(batch, device_id, received.press.press_id, alarm_id)

    @staticmethod
    def _answer(batch: Batch, device_id: DeviceId, press_id: PressId, alarm_id: AlarmId) -> None:
        feedback = Feedback(
            press_id=press_id, alarm_id=alarm_id, status="received", at_ms=batch.now_ms
        )
        batch.feedback.append(FeedbackDue(device_id, feedback))

    def _is_flood(self, state: DeviceState, event: Event, now_ms: TimestampMs) -> bool:
        """Tell whether a press is one of too many doubtful ones, and is counted only.

        A press without doubts never is; nor is one that would open an alarm for a known
        device, or change the alarm that it joins.
        """
        if not isinstance(event, Pressed) or not event.doubts:
            return False
        if self._message_gate.passes(now_ms):
            return False
        alarm = state.alarm
        if "unknown_device" in event.doubts:
            return True
        return (
            alarm is not None
            and not event.opened
            and alarm.press_count > 0
            and (event.priority, event.test) == (alarm.priority, alarm.test)
        )

    def _count(self, batch: Batch, device_id: DeviceId, tally: Tally) -> None:
        """Write what was counted in this batch, and answer the presses among it."""
        records = self._decide(batch, device_id, tally.counted())
        alarm_id = records[0].alarm_id
        if alarm_id is not None:
            for sender, press_id in tally.presses:
                self._answer(batch, sender, press_id, alarm_id)

    def _supervise(
        self,
        batch: Batch,
        received: HeartbeatReceived | LinkReceived | PresenceReceived | MaintenanceReceived,
    ) -> None:
        """Remember who was heard when; only what that changes is written down."""
        now_ms = batch.now_ms
        match received:
            case HeartbeatReceived():
                device_id = received.device_id
                state = self._devices.get(device_id)
                changes = self.watch.heartbeat(device_id, received.heartbeat, state, now_ms)
                self._conditions(batch, device_id, changes)
            case LinkReceived():
                device_id = received.device_id
                state = self._devices.get(device_id)
                up = received.state.link == "up"
                changes = self.watch.link(device_id, up=up, state=state, now_ms=now_ms)
                self._conditions(batch, device_id, changes)
            case PresenceReceived():
                self.consoles[received.console] = received.presence
            case MaintenanceReceived():
                self._decide(batch, received.device_id, received)

    def _conditions(
        self, batch: Batch, device_id: DeviceId, changes: Iterable[ConditionChanged]
    ) -> None:
        """Write down what began or ended; of many devices at once, only how many."""
        for changed in changes:
            state = self._state(device_id)
            alone = state.alarm is None or state.alarm.closed
            would_open = changed.active and alone and batch.now_ms >= state.maintenance_until_ms
            if would_open and not self._fault_gate.passes(batch.now_ms):
                batch.tally(FLOOD).add_fault(device_id)
                self._decide(batch, device_id, replace(changed, quiet=True))
            else:
                self._decide(batch, device_id, changed)

    def _act(self, batch: Batch, received: ActionReceived) -> None:
        """Decide on an operator's action; an alarm that is no more is cleared from the console."""
        alarm_id, console = received.action.alarm_id, received.console
        if self._current(alarm_id) is None:
            batch.gone.append((console, alarm_id))
            return
        device_id = device_id_of(alarm_id)
        records = self._decide(batch, device_id, received)
        alarm = self._devices[device_id].alarm
        if alarm is not None and alarm.track(console).cleared:
            batch.gone.append((console, alarm_id))
        elif not records:
            batch.again[device_id] = None

    def _confirm(self, batch: Batch, pair: Delivery, consoles: Iterable[ConsoleId]) -> None:
        """Decide on a confirmation; an alarm that a console should not hold is cleared there."""
        alarm_id = pair.alarm_id
        before = self._current(alarm_id)
        if before is None:
            batch.gone += [(console, alarm_id) for console in consoles]
            return
        device_id = device_id_of(alarm_id)
        records = self._decide(batch, device_id, Confirmed(tuple(consoles), alarm_id, pair.version))
        alarm = self._devices[device_id].alarm or before
        for console in consoles:
            track = alarm.track(console)
            if track.cleared:
                batch.gone.append((console, alarm_id))
            elif (not records or track == before.track(console)) and self._may_repeat(
                alarm_id, batch.now_ms
            ):
                batch.again[device_id] = None

    def _paint(self, batch: Batch, received: PaintedReported) -> None:
        """Decide on what was on a screen; what the gateway does not know needs no answer."""
        for sighting in received.report.sightings:
            if self._current(sighting.alarm_id) is not None:
                seen = Sighted(received.console, received.report.operator, sighting)
                self._decide(batch, device_id_of(sighting.alarm_id), seen)

    def _current(self, alarm_id: AlarmId) -> AlarmState | None:
        """Return this alarm, if it is its device's newest."""
        state = self._devices.get(device_id_of(alarm_id))
        alarm = None if state is None else state.alarm
        return alarm if alarm is not None and alarm.alarm_id == alarm_id else None

    def _may_repeat(self, alarm_id: AlarmId, now_ms: TimestampMs) -> bool:
        """Tell whether a confirmation without news is answered with the view.

        It is how a console asks, after an interruption, whether it still holds the truth. It
        confirms that answer too, and that one is not answered again.
        """
        last_ms = self._repeated_ms.get(alarm_id)
        if last_ms is not None and now_ms - last_ms < ms(self._policy.times.confirm_within_s):
            return False
        if len(self._repeated_ms) >= REPEATED_MAX:
            self._repeated_ms.clear()
        self._repeated_ms[alarm_id] = now_ms
        return True

    def _deadline(self, batch: Batch, deadline: Deadline) -> None:
        """Look at whatever had to have happened by now."""
        device_id, alarm_id = deadline.device_id, deadline.alarm_id
        if alarm_id is None:
            self._conditions(batch, device_id, self.watch.due(deadline, batch.now_ms))
            return
        alarm = self._durable.get(device_id)
        if alarm is None or alarm.alarm_id != alarm_id:
            return
        match deadline.kind:
            case "accept":
                self._decide(batch, device_id, AcceptDue(alarm_id))
                self._arm_accept(device_id, self._devices[device_id].alarm or alarm, batch.now_ms)
            case "test":
                self._decide(batch, device_id, TestDue(alarm_id))
            case _:
                self._confirm_due(batch, deadline, alarm)

    def _confirm_due(self, batch: Batch, deadline: Deadline, alarm: AlarmState) -> None:
        """Publish again what a console has not confirmed, and say so if it stays away."""
        if alarm.confirmed:
            return
        device_id, attempt = deadline.device_id, deadline.attempt
        confirm_ms = ms(self._policy.times.confirm_within_s)
        if attempt > 0:
            self._decide(batch, device_id, ConfirmOverdue(alarm.alarm_id))
        if batch.now_ms - alarm.changed_at_ms < confirm_ms:
            due_ms = alarm.changed_at_ms + confirm_ms
        else:
            if not self._congested:
                batch.again[device_id] = None
            due_ms = batch.now_ms + min(confirm_ms * 2**attempt, REPUBLISH_MS_MAX)
        for track in (alarm.police, alarm.veilig_thuis):
            overdue_ms = unreachable_at(track, self._policy)
            if overdue_ms is not None and batch.now_ms < overdue_ms < due_ms:
                due_ms = overdue_ms
        self.timers.arm("confirm", device_id, alarm.alarm_id, due_ms, min(attempt + 1, 10))

    def _state(self, device_id: DeviceId) -> DeviceState:
        return self._devices.get(device_id) or DeviceState(device_id=device_id)

    def _decide(self, batch: Batch, device_id: DeviceId, received: DeviceInput) -> list[Record]:
        state = self._state(device_id)
        records = decide(state, received, batch.now_ms, self._policy)
        self._apply(batch, state, records)
        return records

    def _apply(
        self, batch: Batch, state: DeviceState, records: list[Record], press: Press | None = None
    ) -> None:
        for record in records:
            state = evolve(state, record, press)
        if records:
            self._devices[state.device_id] = batch.states[state.device_id] = state
            batch.records += records

    # -- deadlines ----------------------------------------------------------------------

    def arm(self, device_id: DeviceId, alarm: AlarmState, now_ms: TimestampMs) -> None:
        """Set every deadline of an alarm that has just become what it is."""
        confirm_ms = ms(self._policy.times.confirm_within_s)
        self.timers.arm("confirm", device_id, alarm.alarm_id, now_ms + confirm_ms)
        self._arm_accept(device_id, alarm, now_ms)
        if alarm.test:
            expires_ms = alarm.raised_at_ms + ms(self._policy.times.test_expires_s)
            self.timers.arm("test", device_id, alarm.alarm_id, max(expires_ms, now_ms))

    def _arm_accept(self, device_id: DeviceId, alarm: AlarmState, now_ms: TimestampMs) -> None:
        """Look again when the first track that nobody has accepted reaches its next level."""
        if alarm.press_count == 0:
            return
        due_ms: int | None = None
        for track in (alarm.police, alarm.veilig_thuis):
            level_due_ms = escalates_at(track, self._policy)
            if level_due_ms is not None and (due_ms is None or level_due_ms < due_ms):
                due_ms = level_due_ms
        if due_ms is not None:
            self.timers.arm("accept", device_id, alarm.alarm_id, max(due_ms, now_ms))
