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

from alarm_gateway.core.device_state import AlarmState, DeviceState
from alarm_gateway.core.effects import GONE, Effects, FeedbackDue, ViewDue
from alarm_gateway.core.errors import InvariantError
from alarm_gateway.core.evolve import evolve
from alarm_gateway.core.inputs import Input
from alarm_gateway.core.intake import Batch, Intake
from alarm_gateway.core.policy import Policy
from alarm_gateway.core.records import REGISTRY, Acted, Record
from alarm_gateway.core.route import Router
from alarm_protocol.households import Household
from alarm_protocol.messages import Feedback, FeedbackStatus, Presence, action_kind
from alarm_protocol.units import (
    ConsoleId,
    DeviceId,
    TimestampMs,
    device_id_of,
)

_FEEDBACK_OF: dict[str, FeedbackStatus] = {
    "accept": "accepted",
    "assign_unit": "unit_assigned",
    "arrive": "on_scene",
}


class Engine:
    """All devices, and the way from inputs to records to effects.

    Args:
        policy: The organisation's rules.
        registry: Every known device and its household, at the start.
    """

    def __init__(self, policy: Policy, registry: Mapping[DeviceId, Household]) -> None:
        self._registry = dict(registry)
        self._router = Router(self._registry, policy)
        self.calendar = policy.calendar
        self._devices: dict[DeviceId, DeviceState] = {}
        self._durable: dict[DeviceId, AlarmState] = {}
        """Newest durable alarm of each device that some console still has to do with."""
        self._states: dict[DeviceId, DeviceState] = {}
        """Newest durable state of each device that changed since it was last asked for."""
        self._pending: deque[Batch] = deque()
        self._intake = Intake(policy, self._registry, self._devices, self._durable)

    @property
    def open_count(self) -> int:
        """Alarms that at least one console still has to do with."""
        return len(self._durable)

    @property
    def devices(self) -> Mapping[DeviceId, DeviceState]:
        """Every device with a history: what has been decided, durable or not."""
        return self._devices

    @property
    def alarms(self) -> Mapping[DeviceId, AlarmState]:
        """The newest durable alarm of each device that some console still has to do with."""
        return self._durable

    def state_of(self, device_id: DeviceId) -> DeviceState | None:
        """Return what has been decided for a device, durable or not."""
        return self._devices.get(device_id)

    @property
    def registry_number(self) -> int:
        """Up to which change of the registry the journal has them, decided or durable."""
        state = self._devices.get(REGISTRY)
        return 0 if state is None else state.registry_number

    @property
    def consoles(self) -> Mapping[ConsoleId, Presence]:
        """Which consoles are attached, with how many operators."""
        return self._intake.consoles

    @property
    def seen_ms(self) -> Mapping[DeviceId, TimestampMs]:
        """Every supervised device that is not silent, with its last sign of life."""
        return self._intake.watch.seen_ms

    # -- recovery -----------------------------------------------------------------------

    def restore(self, states: Iterable[DeviceState]) -> None:
        """Start from states that a snapshot kept; `recover` then folds what came after it."""
        for state in states:
            self._devices[state.device_id] = state

    def forget(self) -> None:
        """Begin anew, before anything was received: what was restored was wrong."""
        self._devices.clear()
        self._states.clear()

    def take_changed(self) -> list[DeviceState]:
        """Return the durable state of every device that changed since the last call."""
        changed = list(self._states.values())
        self._states.clear()
        return changed

    def resume_watch(self, devices: Iterable[DeviceId], now_ms: TimestampMs) -> None:
        """Go on supervising devices after a restart, as if each had been heard just now."""
        self._intake.watch.resume(devices, now_ms)

    def recover(self, records: Iterable[Record]) -> int:
        """Fold the journal, or what a snapshot leaves of it; return how many records that was.

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
            state = evolve(state, record)
            self._devices[record.device_id] = self._states[record.device_id] = state
            count += 1
        for device_id, state in self._devices.items():
            alarm = state.alarm
            if alarm is not None and not alarm.cleared:
                self._durable[device_id] = alarm
                self._intake.arm(device_id, alarm, alarm.changed_at_ms)
        return count

    def open_views(self) -> Effects:
        """Return every view that a console should hold: after a start or a reconnect."""
        effects = Effects()
        for alarm in self._durable.values():
            self._publish(effects, alarm)
        return effects

    # -- receive and persisted ----------------------------------------------------------

    def receive(self, inputs: Sequence[Input], now_ms: TimestampMs) -> list[Record]:
        """Decide on these inputs; return the records to append, in order.

        The very list that is returned has to be handed to `persisted` once it is durable,
        also when it is empty.
        """
        batch = self._intake.take(inputs, now_ms)
        self._pending.append(batch)
        return batch.records

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
        self._register(batch.households)
        self._states.update(batch.states)
        for device_id, state in batch.states.items():
            if state.alarm is not None:
                self._alarm_durable(effects, device_id, state.alarm, batch)
        for device_id in batch.again:
            alarm = self._durable.get(device_id)
            if alarm is not None and device_id not in batch.states:
                self._publish(effects, alarm)
        for console, alarm_id in batch.gone:
            alarm = self._durable.get(device_id_of(alarm_id))
            if alarm is None or alarm.alarm_id != alarm_id or alarm.track(console).cleared:
                effects.views.append(ViewDue(console, alarm_id, GONE))
        for record in batch.records:
            if isinstance(record.event, Acted):
                self._tell_device(effects, record, batch.states[record.device_id])
        return effects

    def _register(self, households: Iterable[Household]) -> None:
        """Go by what the registry says of these devices from now on."""
        for household in households:
            device_id = household.device_id
            self._registry[device_id] = household
            self._router.forget(device_id)
            if not household.in_service:
                self._intake.watch.leave(device_id)

    def _alarm_durable(
        self, effects: Effects, device_id: DeviceId, alarm: AlarmState, batch: Batch
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
            self._publish(effects, alarm)
        if changed:
            self._intake.arm(device_id, alarm, batch.now_ms)

    def _publish(self, effects: Effects, alarm: AlarmState) -> None:
        effects.views += self._router.views(alarm)

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
        if status is not None and alarm.presses:
            feedback = Feedback(
                press_id=alarm.presses[-1].press_id,
                alarm_id=alarm.alarm_id,
                status=status,
                at_ms=record.at_ms,
            )
            effects.feedback.append(FeedbackDue(record.device_id, feedback))
