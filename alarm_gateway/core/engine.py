"""The engine: decides, and shows what was decided only once it is durable.

Rules of this module:

1. `receive` changes the decided state and returns records to append, nothing else.
2. Every effect leaves through `persisted`, in the order in which batches were received. A
   batch without records passes through the journal's queue all the same, so that an answer
   to a repeat can never overtake the press that it repeats.
3. Views are built from durable state: what a later batch has decided but not yet written is
   in states of its own, since states are immutable.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from alarm_gateway.core.decide import (
    AcceptDue,
    Confirmed,
    ConfirmOverdue,
    decide,
    escalates_at,
)
from alarm_gateway.core.device_state import AlarmState, DeviceState
from alarm_gateway.core.effects import GONE, Effects, FeedbackDue, ViewDue
from alarm_gateway.core.errors import InvariantError
from alarm_gateway.core.evolve import evolve
from alarm_gateway.core.inputs import (
    ActionReceived,
    DeliveriesConfirmed,
    HeartbeatReceived,
    Input,
    LinkReceived,
    PresenceReceived,
    PressReceived,
    Tick,
    Unreadable,
)
from alarm_gateway.core.policy import Policy, ms
from alarm_gateway.core.records import QUARANTINE, Acted, Record
from alarm_gateway.core.route import encode_view
from alarm_gateway.core.timers import Deadline, Timers
from alarm_protocol.households import Household
from alarm_protocol.messages import Feedback, FeedbackStatus, Presence, action_kind
from alarm_protocol.units import (
    CONSOLES,
    AlarmId,
    ConsoleId,
    DeviceId,
    TimestampMs,
    device_id_of,
)

REPUBLISH_MS_MAX = 30_000
_FEEDBACK_OF: dict[str, FeedbackStatus] = {
    "accept": "accepted",
    "assign_unit": "unit_assigned",
    "arrive": "on_scene",
}


@dataclass(slots=True)
class _Batch:
    """One call of `receive`, waiting for the journal."""

    now_ms: TimestampMs
    records: list[Record] = field(default_factory=list)
    states: dict[DeviceId, DeviceState] = field(default_factory=dict)
    """State of every device that the records change, after them."""
    acks: list[int] = field(default_factory=list)
    feedback: list[FeedbackDue] = field(default_factory=list)
    again: set[DeviceId] = field(default_factory=set)
    """Devices whose alarm is published again although nothing changed."""
    gone: list[tuple[ConsoleId, AlarmId]] = field(default_factory=list)


class Engine:
    """All devices, and the way from inputs to records to effects.

    Args:
        policy: The organisation's rules.
        registry: Every known device and its household.
    """

    def __init__(self, policy: Policy, registry: Mapping[DeviceId, Household]) -> None:
        self.consoles: dict[ConsoleId, Presence] = {}
        self.last_seen_ms: dict[DeviceId, TimestampMs] = {}
        self._policy = policy
        self._registry = registry
        self._devices: dict[DeviceId, DeviceState] = {}
        self._durable: dict[DeviceId, AlarmState] = {}
        """Newest durable alarm of each device that some console still has to do with."""
        self._pending: deque[_Batch] = deque()
        self._timers = Timers()

    @property
    def open_count(self) -> int:
        """Alarms that at least one console still has to do with."""
        return len(self._durable)

    def state_of(self, device_id: DeviceId) -> DeviceState | None:
        """Return what has been decided for a device, durable or not."""
        return self._devices.get(device_id)

    # -- recovery -----------------------------------------------------------------------

    def recover(self, records: Iterable[Record]) -> int:
        """Fold the journal; return how many records there were.

        Raises:
            InvariantError: A device's versions do not rise by one.
        """
        count = 0
        for record in records:
            state = self._devices.get(record.device_id) or DeviceState(device_id=record.device_id)
            if record.version != state.version + 1:
                raise InvariantError(
                    f"journal: {record.device_id} goes from version {state.version} "
                    f"to {record.version}; run `alarm-gateway verify-journal`"
                )
            self._devices[record.device_id] = evolve(state, record)
            count += 1
        for device_id, state in self._devices.items():
            alarm = state.alarm
            if alarm is not None and not alarm.cleared:
                self._durable[device_id] = alarm
                self._arm(device_id, alarm, alarm.changed_at_ms)
        return count

    def open_views(self) -> Effects:
        """Return every view that a console should hold: after a start or a reconnect."""
        effects = Effects()
        for device_id, alarm in self._durable.items():
            self._publish(effects, device_id, alarm)
        return effects

    # -- receive ------------------------------------------------------------------------

    def receive(self, inputs: Sequence[Input], now_ms: TimestampMs) -> list[Record]:
        """Decide on these inputs; return the records to append, in order.

        The very list that is returned has to be handed to `persisted` once it is durable,
        also when it is empty.
        """
        batch = _Batch(now_ms)
        for received in inputs:
            match received:
                case PressReceived():
                    self._press(batch, received)
                case DeliveriesConfirmed():
                    for pair in received.confirmation.deliveries:
                        confirmed = Confirmed(received.console, pair.alarm_id, pair.version)
                        self._about_alarm(batch, received.console, pair.alarm_id, confirmed)
                case ActionReceived():
                    alarm_id = received.action.alarm_id
                    self._about_alarm(batch, received.console, alarm_id, received)
                case Unreadable():
                    self._decide(batch, QUARANTINE, received)
                case Tick():
                    for deadline in self._timers.due(now_ms):
                        self._deadline(batch, deadline)
                case _:
                    self._supervise(received, now_ms)
            if received.receipt is not None:
                batch.acks.append(received.receipt)
        self._pending.append(batch)
        return batch.records

    def _supervise(
        self, received: HeartbeatReceived | LinkReceived | PresenceReceived, now_ms: TimestampMs
    ) -> None:
        """Remember who was seen when; nothing of it is journalled one by one."""
        match received:
            case HeartbeatReceived() | LinkReceived():
                self.last_seen_ms[received.device_id] = now_ms
            case PresenceReceived():
                self.consoles[received.console] = received.presence

    def _press(self, batch: _Batch, received: PressReceived) -> None:
        device_id = received.device_id
        records = self._decide(batch, device_id, received, self._registry.get(device_id))
        if records:
            alarm_id = records[0].alarm_id
        else:
            known = self._devices[device_id].find(received.press)
            alarm_id = None if known is None else known.alarm_id
        if alarm_id is None:
            raise InvariantError(f"press {received.press.press_id} of {device_id} has no alarm")
        feedback = Feedback(
            press_id=received.press.press_id,
            alarm_id=alarm_id,
            status="received",
            at_ms=batch.now_ms,
        )
        batch.feedback.append(FeedbackDue(device_id, feedback))

    def _about_alarm(
        self,
        batch: _Batch,
        console: ConsoleId,
        alarm_id: AlarmId,
        received: ActionReceived | Confirmed,
    ) -> None:
        """Decide on what a console says of an alarm; one it should not hold is cleared there."""
        device_id = device_id_of(alarm_id)
        state = self._devices.get(device_id)
        if state is None or state.alarm is None or state.alarm.alarm_id != alarm_id:
            batch.gone.append((console, alarm_id))
            return
        records = self._decide(batch, device_id, received)
        alarm = self._devices[device_id].alarm
        if alarm is not None and alarm.track(console).cleared:
            batch.gone.append((console, alarm_id))
        elif not records and isinstance(received, ActionReceived):
            batch.again.add(device_id)

    def _deadline(self, batch: _Batch, deadline: Deadline) -> None:
        device_id, alarm_id = deadline.device_id, deadline.alarm_id
        alarm = self._durable.get(device_id)
        if alarm is None or alarm.alarm_id != alarm_id:
            return
        if deadline.kind == "accept":
            self._decide(batch, device_id, AcceptDue(alarm_id))
            self._arm_accept(device_id, self._devices[device_id].alarm or alarm, batch.now_ms)
            return
        if alarm.confirmed:
            return
        confirm_ms = ms(self._policy.times.confirm_within_s)
        if batch.now_ms - alarm.changed_at_ms < confirm_ms:
            self._timers.arm("confirm", device_id, alarm_id, alarm.changed_at_ms + confirm_ms)
            return
        if deadline.attempt > 0:
            self._decide(batch, device_id, ConfirmOverdue(alarm_id))
        batch.again.add(device_id)
        wait_ms = min(confirm_ms * 2**deadline.attempt, REPUBLISH_MS_MAX)
        self._timers.arm(
            "confirm", device_id, alarm_id, batch.now_ms + wait_ms, min(deadline.attempt + 1, 10)
        )

    def _decide(
        self,
        batch: _Batch,
        device_id: DeviceId,
        received: PressReceived
        | ActionReceived
        | Unreadable
        | Confirmed
        | AcceptDue
        | ConfirmOverdue,
        household: Household | None = None,
    ) -> list[Record]:
        state = self._devices.get(device_id) or DeviceState(device_id=device_id)
        records = decide(state, received, batch.now_ms, self._policy, household)
        for record in records:
            state = evolve(state, record)
        if records:
            self._devices[device_id] = batch.states[device_id] = state
            batch.records += records
        return records

    # -- persisted ----------------------------------------------------------------------

    def persisted(self, records: list[Record]) -> Effects:
        """Return what may be shown now that these records, the oldest pending, are durable.

        Raises:
            InvariantError: These are not the records that were returned first.
        """
        if not self._pending or (
            records is not self._pending[0].records and records != self._pending[0].records
        ):
            raise InvariantError("records were persisted in another order than they were decided")
        batch = self._pending.popleft()
        effects = Effects(acks=batch.acks, feedback=batch.feedback)
        for device_id, state in batch.states.items():
            if state.alarm is not None:
                self._alarm_durable(effects, device_id, state.alarm, batch)
        for device_id in batch.again:
            alarm = self._durable.get(device_id)
            if alarm is not None and device_id not in batch.states:
                self._publish(effects, device_id, alarm)
        for console, alarm_id in batch.gone:
            alarm = self._durable.get(device_id_of(alarm_id))
            if alarm is None or alarm.alarm_id != alarm_id or alarm.track(console).cleared:
                effects.views.append(ViewDue(console, alarm_id, GONE))
        for record in batch.records:
            if isinstance(record.event, Acted):
                self._tell_device(effects, record, batch.states[record.device_id])
        return effects

    def _alarm_durable(
        self, effects: Effects, device_id: DeviceId, alarm: AlarmState, batch: _Batch
    ) -> None:
        shown = self._durable.get(device_id)
        if alarm.cleared:
            self._durable.pop(device_id, None)
            return
        self._durable[device_id] = alarm
        changed = (
            shown is None
            or shown.alarm_id != alarm.alarm_id
            or shown.view_version != alarm.view_version
        )
        if changed or device_id in batch.again:
            self._publish(effects, device_id, alarm)
        if changed:
            self._arm(device_id, alarm, batch.now_ms)

    def _publish(self, effects: Effects, device_id: DeviceId, alarm: AlarmState) -> None:
        household = self._registry.get(device_id)
        for console in CONSOLES:
            if not alarm.track(console).cleared:
                payload = encode_view(alarm, console, household, self._policy)
                effects.views.append(ViewDue(console, alarm.alarm_id, payload))

    def _tell_device(self, effects: Effects, record: Record, state: DeviceState) -> None:
        """Let the device show how far its newest press is."""
        alarm = state.alarm
        if (
            alarm is None
            or alarm.alarm_id != record.alarm_id
            or not isinstance(record.event, Acted)
        ):
            return
        kind = action_kind(record.event.action)
        status = _FEEDBACK_OF.get(kind)
        if kind == "close" and alarm.closed:
            status = "closed"
        if status is not None:
            feedback = Feedback(
                press_id=alarm.presses[-1].press_id,
                alarm_id=alarm.alarm_id,
                status=status,
                at_ms=record.at_ms,
            )
            effects.feedback.append(FeedbackDue(record.device_id, feedback))

    # -- deadlines ----------------------------------------------------------------------

    def _arm(self, device_id: DeviceId, alarm: AlarmState, now_ms: TimestampMs) -> None:
        confirm_ms = ms(self._policy.times.confirm_within_s)
        self._timers.arm("confirm", device_id, alarm.alarm_id, now_ms + confirm_ms)
        self._arm_accept(device_id, alarm, now_ms)

    def _arm_accept(self, device_id: DeviceId, alarm: AlarmState, now_ms: TimestampMs) -> None:
        """Look again when the first track that nobody has accepted reaches its next level."""
        due_ms: int | None = None
        for track in (alarm.police, alarm.veilig_thuis):
            level_due_ms = escalates_at(track, self._policy)
            if level_due_ms is not None and (due_ms is None or level_due_ms < due_ms):
                due_ms = level_due_ms
        if due_ms is not None:
            self._timers.arm("accept", device_id, alarm.alarm_id, max(due_ms, now_ms))
