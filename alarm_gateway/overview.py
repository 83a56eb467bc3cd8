"""What the supervisors of each agency see of the whole system, made beside the alert path.

On the path a durable batch is only noted. Now and then, between batches, its records are counted
and one overview for each console is written: state that replaces the one before, and only what
that agency may see.
"""

from collections import Counter, deque
from collections.abc import Iterable
from itertools import chain, islice
from typing import Literal, get_args

import msgspec

from alarm_gateway.core.answer_norms import ANSWER_NORMS
from alarm_gateway.core.calendar import DAY_MS
from alarm_gateway.core.device_state import DeviceState
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.errors import InvariantError
from alarm_gateway.core.records import (
    Acted,
    Condensed,
    Condition,
    MaintenanceSet,
    Quarantined,
    Record,
    SupervisionChanged,
)
from alarm_protocol.errors import WireError
from alarm_protocol.messages import (
    MESSAGE_BYTES_MAX,
    Accept,
    AnswerTimes,
    DeviceOutOfOrder,
    Overview,
    Presence,
    UnreadableSample,
)
from alarm_protocol.topics import DEVICES_BELOW, parse_console_topic
from alarm_protocol.units import CONSOLES, POLICE, ConsoleId, DeviceId, TimestampMs, other_console

EVERY_MS = 2_000
"""An overview that changed goes out this often at most."""
ANYHOW_EVERY_MS = 30_000
"""An overview goes out this often at least, so that its time shows that it is watched."""
SHIFT_STARTS_H = (7, 15, 23)
"""When a shift begins, in local time: three of eight hours, as control rooms have them."""
SAMPLES_KEPT = 8
ANSWERS_KEPT = 5_000
"""Of a shift's answers the newest count; more than so many come from load tests only."""
ALARMS_LOOKED_AT = 2_000
"""Open alarms, the oldest first, among which is looked for tests and for who waits too long."""
DEVICES_MAX = 16
_HOUR_MS = 3_600_000
_SHAPES = ((DEVICES_MAX, 8, 64), (10, 5, 64), (6, 3, 48), (3, 2, 16), (1, 1, 4))
"""Devices, samples, and bytes of a sample: the first that fits in a message."""
Sender = Literal["device", "police", "veilig_thuis", "stranger"]
"""Whose topic an unreadable message was on; a stranger's is nobody's."""
_write = msgspec.json.Encoder().encode


class _Answers:
    """How long the alarms of one console took to be accepted in this shift."""

    def __init__(self) -> None:
        self.ms: deque[int] = deque(maxlen=ANSWERS_KEPT)
        self.shift_from_ms = 0

    def begin(self, shift_from_ms: int) -> None:
        """Leave an earlier shift's answers behind."""
        if shift_from_ms != self.shift_from_ms:
            self.shift_from_ms = shift_from_ms
            self.ms.clear()

    def times(self, waiting_ms: list[int]) -> tuple[AnswerTimes, ...]:
        """Hold them against each norm; who waits beyond its limit counts as beyond it."""
        return tuple(
            AnswerTimes(
                norm=norm.norm,
                limit_ms=norm.limit_ms,
                required_permille=norm.required_permille,
                count=len(self.ms) + sum(one > norm.limit_ms for one in waiting_ms),
                within=sum(one <= norm.limit_ms for one in self.ms),
            )
            for norm in ANSWER_NORMS
        )

    def percentile(self, permille: int) -> int | None:
        """Return one by nearest rank."""
        if not self.ms:
            return None
        return sorted(self.ms)[-(-len(self.ms) * permille // 1_000) - 1]


class Overviews:
    """Counts what became durable, and writes each console's overview when it is due.

    Args:
        engine: For the devices, the open alarms and the consoles as they are.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._since_ms = TimestampMs(0)
        self._noted: list[list[Record]] = []
        self._faulty: dict[DeviceId, tuple[Condition, ...]] = {}
        """Devices with a fault, the newest last."""
        self._faults: Counter[str] = Counter()
        """How many devices have which fault: counted as it changes, for a fleet may be large."""
        self._maintained: dict[DeviceId, TimestampMs] = {}
        """Devices in maintenance, with its end."""
        self._unreadable: Counter[Sender] = Counter()
        self._condensed = Condensed()
        self._samples: dict[Sender, deque[Record]] = {
            sender: deque(maxlen=SAMPLES_KEPT) for sender in get_args(Sender)
        }
        self._answers = {console: _Answers() for console in CONSOLES}
        self._told: dict[ConsoleId, Overview] = {}
        self._due_ms = 0

    def recovered(self, now_ms: TimestampMs) -> None:
        """Begin to count, and take what is wrong with devices already."""
        self._since_ms = now_ms
        for state in self._engine.devices.values():
            self._look_at(state)

    def note(self, records: list[Record]) -> None:
        """Keep a batch that is durable; it is counted later."""
        if records:
            self._noted.append(records)

    def again(self, console: ConsoleId) -> None:
        """Forget what was told: the broker may have lost it."""
        self._told.pop(console, None)

    def due(self, now_ms: TimestampMs) -> Iterable[tuple[ConsoleId, bytes]]:
        """Count what was noted; return the overviews that have to go out now."""
        noted, self._noted = self._noted, []
        shift_ms = self._shift_from(now_ms)
        for answers in self._answers.values():
            answers.begin(shift_ms)
        for records in noted:
            for record in records:
                self._count(record)
        if now_ms < self._due_ms:
            return []
        self._due_ms = now_ms + EVERY_MS
        return list(self._changed(now_ms))

    def _changed(self, now_ms: TimestampMs) -> Iterable[tuple[ConsoleId, bytes]]:
        for console in CONSOLES:
            told = self._told.get(console)
            overview, payload = self._fitting(console, now_ms)
            if told is None or now_ms - told.at_ms >= ANYHOW_EVERY_MS:
                same = False
            else:
                same = msgspec.structs.replace(overview, at_ms=told.at_ms) == told
            if not same:
                self._told[console] = overview
                yield console, payload

    # -- counting -----------------------------------------------------------------------

    def _count(self, record: Record) -> None:
        match record.event:
            case Acted(action=Accept()) as event:
                self._accepted(record, event.console)
            case Quarantined() as event:
                sender = _sender_of(event.topic)
                self._unreadable[sender] += 1
                self._samples[sender].append(record)
            case Condensed() as event:
                self._condensed = Condensed(
                    unreadable=self._condensed.unreadable + event.unreadable,
                    presses=self._condensed.presses + event.presses,
                    faults=self._condensed.faults + event.faults,
                )
            case SupervisionChanged() | MaintenanceSet():
                state = self._engine.state_of(record.device_id)
                if state is not None:
                    self._look_at(state)

    def _accepted(self, record: Record, console: ConsoleId) -> None:
        state = self._engine.state_of(record.device_id)
        alarm = None if state is None else state.alarm
        if alarm is None or alarm.alarm_id != record.alarm_id or alarm.test:
            return
        took_ms = record.at_ms - alarm.track(console).opened_at_ms
        if alarm.press_count and took_ms >= 0:
            self._answers[console].ms.append(took_ms)

    def _look_at(self, state: DeviceState) -> None:
        device_id = state.device_id
        self._faults.subtract(self._faulty.pop(device_id, ()))
        if state.conditions:
            self._faulty[device_id] = state.conditions
            self._faults.update(state.conditions)
        self._maintained.pop(device_id, None)
        if state.maintenance_until_ms > self._since_ms:
            self._maintained[device_id] = state.maintenance_until_ms

    # -- writing ------------------------------------------------------------------------

    def _shift_from(self, now_ms: int) -> int:
        """Return when the shift of a moment began, by local time."""
        offset_ms = self._engine.calendar.offset_ms(now_ms)
        local_ms = now_ms + offset_ms
        midnight_ms = local_ms - local_ms % DAY_MS
        begun = [
            midnight_ms + (hour - 24 * earlier) * _HOUR_MS
            for earlier in (0, 1)
            for hour in SHIFT_STARTS_H
        ]
        return max(0, max(one for one in begun if one <= local_ms) - offset_ms)

    def _devices(self, now_ms: int) -> tuple[list[DeviceOutOfOrder], int, dict[str, int]]:
        """Return the devices to name, how many there are in all, and how many by what holds."""
        for device_id, until_ms in tuple(self._maintained.items()):
            if until_ms <= now_ms:
                del self._maintained[device_id]
        tests = {
            device_id: None
            for device_id, alarm in islice(self._engine.alarms.items(), ALARMS_LOOKED_AT)
            if alarm.test and not alarm.closed
        }
        names = dict.fromkeys(
            chain(islice(reversed(self._faulty), DEVICES_MAX), self._maintained, tests)
        )
        found = [
            DeviceOutOfOrder(
                device_id=device_id,
                conditions=self._faulty.get(device_id, ()),
                test=device_id in tests,
                maintenance_until_ms=self._maintained.get(device_id),
            )
            for device_id in islice(names, DEVICES_MAX)
        ]
        unnamed = max(0, len(self._faulty) - DEVICES_MAX)
        counts = {**self._faults, "maintenance": len(self._maintained), "test": len(tests)}
        kinds = {name: count for name, count in counts.items() if count}
        return found, len(names) + unnamed, kinds

    def _waiting_ms(self, console: ConsoleId, now_ms: int) -> list[int]:
        """Return how long each alarm waits that nobody has accepted there."""
        tracks = (
            alarm.track(console)
            for alarm in islice(self._engine.alarms.values(), ALARMS_LOOKED_AT)
            if alarm.press_count and not alarm.test
        )
        return [now_ms - track.opened_at_ms for track in tracks if track.status == "open"]

    def _fitting(self, console: ConsoleId, now_ms: TimestampMs) -> tuple[Overview, bytes]:
        devices, devices_in_all, device_counts = self._devices(now_ms)
        senders: tuple[Sender, ...] = ("device", "stranger", console)
        records = [record for sender in senders for record in self._samples[sender]]
        records.sort(key=lambda record: record.version, reverse=True)
        answers = self._answers[console]
        nobody = Presence(attached=False)
        here = self._engine.consoles.get(console, nobody)
        base = Overview(
            console=console,
            at_ms=now_ms,
            counting_since_ms=self._since_ms,
            attached=here.attached,
            operators=here.operators,
            other_attached=self._engine.consoles.get(other_console(console), nobody).attached,
            device_counts=device_counts,
            unreadable=sum(self._unreadable[sender] for sender in senders),
            condensed_unreadable=self._condensed.unreadable,
            condensed_presses=self._condensed.presses,
            condensed_faults=self._condensed.faults,
            shift_from_ms=TimestampMs(answers.shift_from_ms),
            measured_from_ms=TimestampMs(max(answers.shift_from_ms, self._since_ms)),
            answers=answers.times(self._waiting_ms(console, now_ms)),
            answer_p50_ms=answers.percentile(500),
            answer_p90_ms=answers.percentile(900),
        )
        for devices_max, samples_max, bytes_max in _SHAPES:
            overview = msgspec.structs.replace(
                base,
                devices=tuple(devices[:devices_max]),
                devices_omitted=devices_in_all - len(devices[:devices_max]),
                samples=tuple(
                    _sample(console, record, bytes_max) for record in records[:samples_max]
                ),
            )
            payload = _write(overview)
            if len(payload) <= MESSAGE_BYTES_MAX:
                return overview, payload
        return base, _write(base)


def _sender_of(topic: str) -> Sender:
    """Return who can have sent on a topic."""
    if topic.startswith(DEVICES_BELOW):
        return "device"
    try:
        return parse_console_topic(topic).console
    except WireError:
        return "stranger"


def _sample(console: ConsoleId, record: Record, bytes_max: int) -> UnreadableSample:
    """Shape an unreadable message for one agency.

    The bytes of a device may hold where it is, and that is for the police only; those on a
    topic that is nobody's may hold anything, and are for the journal's readers.
    """
    event = record.event
    if not isinstance(event, Quarantined):
        raise InvariantError(f"{record.kind} is no unreadable message")
    sender = _sender_of(event.topic)
    may_see = sender == console or (sender == "device" and console == POLICE)
    return UnreadableSample(
        at_ms=record.at_ms,
        topic=event.topic,
        reason=event.reason,
        size_bytes=event.size_bytes,
        begin_hex=event.sample[: 2 * bytes_max] if may_see else None,
    )
