"""What a running gateway has done, counted beside the alert path and not on it.

On the path a batch is only noted: when it began, and what became of it. The counting is done
by `count`, between batches, from the records and effects themselves.
"""

from collections import Counter, deque
from collections.abc import Iterable
from typing import get_args

import msgspec

from alarm_gateway.core.device_state import DeviceState, TrackState
from alarm_gateway.core.effects import FeedbackDue
from alarm_gateway.core.records import (
    Acted,
    Condensed,
    Delivered,
    DeliveredToBoth,
    Escalated,
    FirstPainted,
    Pressed,
    Quarantined,
    Record,
    Refused,
    SupervisionChanged,
)
from alarm_protocol.messages import Doubt, action_kind
from alarm_protocol.runtime.clock import monotonic_ns
from alarm_protocol.runtime.histogram import SIZES, Histogram
from alarm_protocol.units import CONSOLES, AlarmId, ConsoleId

STAGES = ("received", "decided", "durable", "published", "confirmed", "painted")
AWAITED_MAX = 10_000
"""Alarms that are waited for at one stage; of the oldest beyond it no time is taken."""
_NS = 1_000_000_000
_OUTCOMES = (
    *((outcome, doubt) for outcome in ("opened", "joined") for doubt in ("none", *get_args(Doubt))),
    ("repeated", "none"),
    ("condensed", "any"),
)
_ESCALATIONS = tuple(
    (console, level, reason)
    for console in CONSOLES
    for level, reason in (
        ("1", "not_accepted"),
        ("2", "not_accepted"),
        ("1", "console_unreachable"),
    )
)


class _Pressed(msgspec.Struct):
    """The one field of a press that its way here is measured from."""

    pressed_at_ms: int


class _Noted(msgspec.Struct, gc=False):
    """A batch whose effects are out, waiting to be counted."""

    records: list[Record]
    feedback: list[FeedbackDue]
    inputs: int
    times_ns: tuple[int, int, int, int]


class _Awaited:
    """Alarms that each console has still to do something with for the first time."""

    def __init__(self) -> None:
        self._alarms: dict[AlarmId, tuple[int, set[ConsoleId]]] = {}

    def __len__(self) -> int:
        return len(self._alarms)

    def begin(self, alarm_id: AlarmId, since_ms: int, consoles: Iterable[ConsoleId]) -> None:
        """Wait for these consoles; the alarm that is waited for longest may have to give way."""
        if len(self._alarms) >= AWAITED_MAX:
            del self._alarms[next(iter(self._alarms))]
        self._alarms[alarm_id] = (since_ms, set(consoles))

    def met(self, alarm_id: AlarmId | None, console: ConsoleId) -> int | None:
        """Return since when this console was waited for; None where it was not, or no more."""
        if alarm_id is None or alarm_id not in self._alarms:
            return None
        since_ms, consoles = self._alarms[alarm_id]
        if console not in consoles:
            return None
        consoles.remove(console)
        if not consoles:
            del self._alarms[alarm_id]
        return since_ms


class Meter:
    """Counts of one gateway, since its start."""

    def __init__(self) -> None:
        # What Prometheus has never seen at 0 it does not see rise to 1: the first forged press,
        # or the first alarm that reaches nobody, would raise no alert.
        self.presses: Counter[tuple[str, ...]] = Counter(dict.fromkeys(_OUTCOMES, 0))
        """By outcome and first doubt."""
        self.doubts: Counter[tuple[str, ...]] = Counter()
        self.remarks: Counter[tuple[str, ...]] = Counter()
        self.actions: Counter[tuple[str, ...]] = Counter()
        self.escalations: Counter[tuple[str, ...]] = Counter(dict.fromkeys(_ESCALATIONS, 0))
        self.deliveries: Counter[tuple[str, ...]] = Counter()
        self.conditions: Counter[tuple[str, ...]] = Counter()
        """Devices with something wrong, by what it is."""
        self.connects: Counter[tuple[str, ...]] = Counter()
        """Connections made, by session."""
        self.quarantined = 0
        self.stages = {(stage,): Histogram() for stage in STAGES}
        self.batch_inputs = Histogram(SIZES)
        self._decode = msgspec.json.Decoder(_Pressed).decode
        self._begun: deque[tuple[int, int, int]] = deque()
        self._noted: list[_Noted] = []
        self._unconfirmed, self._unpainted = _Awaited(), _Awaited()

    # -- on the alert path --------------------------------------------------------------

    def decided(self, started_ns: int, inputs: int) -> None:
        """Note a batch that goes to the journal."""
        self._begun.append((started_ns, monotonic_ns(), inputs))

    def published(
        self, records: list[Record], feedback: list[FeedbackDue], durable_ns: int
    ) -> None:
        """Note that the oldest batch is durable, and its effects are on their way."""
        started_ns, decided_ns, inputs = self._begun.popleft()
        times_ns = (started_ns, decided_ns, durable_ns, monotonic_ns())
        self._noted.append(_Noted(records, feedback, inputs, times_ns))

    def answered(self, feedback: list[FeedbackDue]) -> None:
        """Note answers that needed no record: to presses that had come before."""
        if feedback:
            self._noted.append(_Noted([], feedback, len(feedback), (0, 0, 0, 0)))

    # -- beside it ----------------------------------------------------------------------

    def recovered(self, states: Iterable[DeviceState]) -> None:
        """Take how it is when the gateway starts: what is wrong, and what nobody has seen yet.

        What had been seen before is no time of this run.
        """
        for state in states:
            self.conditions.update((condition,) for condition in state.conditions)
            alarm = state.alarm
            if alarm is not None and alarm.press_count:
                unseen = [one for one in CONSOLES if _is_unseen(alarm.track(one))]
                if unseen:
                    self._unpainted.begin(alarm.alarm_id, alarm.raised_at_ms, unseen)

    def count(self) -> None:
        """Count every batch that was noted."""
        noted, self._noted = self._noted, []
        for batch in noted:
            self.batch_inputs.observe(batch.inputs)
            presses = condensed = 0
            for record in batch.records:
                self._record(record)
                if isinstance(record.event, Pressed):
                    presses += 1
                elif isinstance(record.event, Condensed):
                    condensed += record.event.presses
            # What was answered and left no record is a press that had come before.
            answered = sum(due.feedback.status == "received" for due in batch.feedback)
            repeats = answered - presses - condensed
            if repeats > 0:
                self.presses["repeated", "none"] += repeats
            if presses:
                started_ns, *reached_ns = batch.times_ns
                for stage, at_ns in zip(STAGES[1:4], reached_ns, strict=True):
                    self.stages[(stage,)].observe((at_ns - started_ns) / _NS, presses)

    def _record(self, record: Record) -> None:
        match record.event:
            case Pressed() as event:
                self._press(record, event)
            case Delivered() | DeliveredToBoth() as event:
                self._delivered(record, event)
            case FirstPainted() as event:
                since_ms = self._unpainted.met(record.alarm_id, event.console)
                if since_ms is not None:
                    painted_s = max(event.painted_at_ms - since_ms, 0) / 1_000
                    self.stages[("painted",)].observe(painted_s)
            case Acted() | Refused() as event:
                outcome = "done" if isinstance(event, Acted) else "refused"
                self.actions[event.console, action_kind(event.action), outcome] += 1
            case Escalated() as event:
                self.escalations[event.console, str(event.level), event.reason] += 1
            case Quarantined():
                self.quarantined += 1
            case SupervisionChanged() as event:
                self.conditions[(event.condition,)] += 1 if event.active else -1
            case Condensed() as event:
                self.presses["condensed", "any"] += event.presses

    def _press(self, record: Record, event: Pressed) -> None:
        outcome = "opened" if event.opened else "joined"
        self.presses[outcome, event.doubts[0] if event.doubts else "none"] += 1
        self.doubts.update((doubt,) for doubt in event.doubts)
        self.remarks.update((remark,) for remark in event.remarks)
        if not event.doubts and "malformed_field" not in event.remarks:
            since_ms = record.at_ms - self._decode(event.line).pressed_at_ms
            self.stages[("received",)].observe(max(since_ms, 0) / 1_000)
        if event.opened and record.alarm_id is not None:
            for awaited in (self._unconfirmed, self._unpainted):
                awaited.begin(record.alarm_id, record.at_ms, CONSOLES)

    def _delivered(self, record: Record, event: Delivered | DeliveredToBoth) -> None:
        """Measure the first confirmation that each console gives of an alarm."""
        consoles = (event.console,) if isinstance(event, Delivered) else CONSOLES
        for console in consoles:
            self.deliveries[(console,)] += 1
            opened_ms = self._unconfirmed.met(record.alarm_id, console)
            if opened_ms is not None:
                self.stages[("confirmed",)].observe((record.at_ms - opened_ms) / 1_000)


def _is_unseen(track: TrackState) -> bool:
    """Tell whether somebody at this console has still to see an alarm for the first time."""
    return track.painted_at_ms is None and track.status != "closed"
