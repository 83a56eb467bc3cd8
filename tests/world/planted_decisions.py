"""Deliberate faults in what the gateway decides; see `tests/world/planted.py`."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from alarm_gateway.core.decide import AcceptDue
from alarm_gateway.core.device_state import AlarmState
from alarm_gateway.core.inputs import Input, PressReceived, Unreadable
from alarm_gateway.core.intake import Batch, Intake
from alarm_gateway.core.records import Acted, Escalated, Pressed, Record, Refused
from alarm_gateway.core.timers import Deadline
from alarm_protocol.messages import Accept, Delivery, Press
from alarm_protocol.units import CONSOLES, ConsoleId, DeviceId, TimestampMs


class ForgetsConfirmations(Intake):
    """Acknowledge what a console confirms and write nothing down."""

    def _confirm(self, batch: Batch, pair: Delivery, consoles: Iterable[ConsoleId]) -> None:
        """Do nothing."""


class BelievesOneConsoleForBoth(Intake):
    """Write down that both consoles hold what one of them confirmed."""

    def _confirm(self, batch: Batch, pair: Delivery, consoles: Iterable[ConsoleId]) -> None:
        super()._confirm(batch, pair, CONSOLES)


class MergesTwins(Intake):
    """Keep one press of a device out of those that one read from the socket brings."""

    def _press(self, batch: Batch, received: PressReceived) -> None:
        for one in batch.records:
            if one.device_id == received.device_id and one.alarm_id is not None:
                press_id = received.press.press_id
                self._answer(batch, received.device_id, press_id, one.alarm_id)
                return
        super()._press(batch, received)


class MergesSecondPresses(Intake):
    """Take a second genuine press within 10 s for a repeat of the first."""

    def _press(self, batch: Batch, received: PressReceived) -> None:
        alarm = self._state(received.device_id).alarm
        if alarm is not None and alarm.presses and not alarm.closed:
            last_ms = alarm.presses[-1].received_at_ms
            if batch.now_ms - last_ms < 10_000:
                press_id = received.press.press_id
                self._answer(batch, received.device_id, press_id, alarm.alarm_id)
                return
        super()._press(batch, received)


class DropsOnDoubt(Intake):
    """Throw a press away that does not verify."""

    def _press(self, batch: Batch, received: PressReceived) -> None:
        before = len(batch.records)
        state = self._state(received.device_id)
        super()._press(batch, received)
        new = batch.records[before:]
        if any(isinstance(one.event, Pressed) and one.event.doubts for one in new):
            del batch.records[before:]
            self._devices[state.device_id] = batch.states[state.device_id] = state
            batch.feedback.pop()


class BelievesEverybody(Intake):
    """Skip verification: no doubt is ever named."""

    def _apply(
        self, batch: Batch, state: Any, records: list[Record], press: Press | None = None
    ) -> None:
        super()._apply(
            batch,
            state,
            [
                replace(one, event=replace(one.event, doubts=(), priority=1))
                if isinstance(one.event, Pressed)
                else one
                for one in records
            ],
            press,
        )


class HidesBehindTests(Intake):
    """Leave an alarm a test although a real press has joined it."""

    def _apply(
        self, batch: Batch, state: Any, records: list[Record], press: Press | None = None
    ) -> None:
        alarm = state.alarm
        was_test = alarm is not None and alarm.test and not alarm.closed
        super()._apply(
            batch,
            state,
            [
                replace(one, event=replace(one.event, test=True))
                if was_test and isinstance(one.event, Pressed)
                else one
                for one in records
            ],
            press,
        )


class NeverEscalates(Intake):
    """Do nothing when nobody accepts in time."""

    def _decide(self, batch: Batch, device_id: DeviceId, received: Any) -> list[Record]:
        if isinstance(received, AcceptDue):
            return []
        return super()._decide(batch, device_id, received)


class EscalatesLate(Intake):
    """Look at what is due five seconds after its time."""

    def _arm_accept(self, device_id: DeviceId, alarm: AlarmState, now_ms: TimestampMs) -> None:
        super()._arm_accept(device_id, alarm, TimestampMs(now_ms + 5_000))

    def _deadline(self, batch: Batch, deadline: Deadline) -> None:
        if deadline.kind == "accept" and deadline.attempt == 0:
            due_ms = batch.now_ms + 5_000
            self.timers.arm("accept", deadline.device_id, deadline.alarm_id, due_ms, 1)
            return
        super()._deadline(batch, deadline)


class NeverCallsUnreachable(Intake):
    """Repeat a view for ever and tell nobody that the console is deaf."""

    def _apply(
        self, batch: Batch, state: Any, records: list[Record], press: Press | None = None
    ) -> None:
        kept = [
            one
            for one in records
            if not (isinstance(one.event, Escalated) and one.event.reason == "console_unreachable")
        ]
        super()._apply(batch, state, kept if len(kept) == len(records) else [])


class AcceptsTwice(Intake):
    """Let everybody accept, also what is accepted already."""

    def _apply(
        self, batch: Batch, state: Any, records: list[Record], press: Press | None = None
    ) -> None:
        super()._apply(
            batch,
            state,
            [
                replace(one, event=Acted(console=one.event.console, action=one.event.action))
                if isinstance(one.event, Refused) and isinstance(one.event.action, Accept)
                else one
                for one in records
            ],
            press,
        )


class SwallowsGarbage(Intake):
    """Acknowledge what cannot be read and keep nothing of it."""

    def _take_one(self, batch: Batch, received: Input) -> None:
        if not isinstance(received, Unreadable):
            super()._take_one(batch, received)
