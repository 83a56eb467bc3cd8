"""The engine against any sequence of inputs, with a disk that lags behind."""

from collections import defaultdict, deque
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alarm_gateway.core.engine import Engine
from alarm_gateway.core.inputs import (
    ActionReceived,
    HeartbeatReceived,
    Input,
    LinkReceived,
    MaintenanceReceived,
    PressReceived,
    Tick,
)
from alarm_gateway.core.policy import FloodRules, Policy
from alarm_gateway.core.records import Condensed, Pressed, Record
from alarm_protocol.codec import decode_alarm_view, decode_press_line
from alarm_protocol.messages import (
    Accept,
    AlarmView,
    Arrive,
    AssignUnit,
    Close,
    Conditions,
    HandOver,
    Heartbeat,
    LinkState,
    Note,
    Refer,
    Reopen,
    SafetyAssessment,
)
from alarm_protocol.units import CONSOLES, ActionId, AlarmId, ConsoleId, TimestampMs, alarm_id_of
from tests.helpers.gateway import (
    DEVICE,
    NOW_MS,
    OTHER_DEVICE,
    REGISTRY,
    STRANGER,
    confirmed,
    press,
    unreadable,
)

POLICY = Policy(flood=FloodRules(messages_per_minute=3, faults_per_minute=1))
DEVICES = st.sampled_from([DEVICE, OTHER_DEVICE, STRANGER])
TRIGGERS = st.sampled_from(["press", "hold", "duress", "cancel", "test"])
FIELDS: list[tuple[Any, dict[str, Any]]] = [
    (Accept, {}),
    (AssignUnit, {"unit": "LD-1201"}),
    (Arrive, {}),
    (Note, {"text": "n"}),
    (Close, {"disposition": "genuine", "reason": "r"}),
    (Reopen, {"reason": "r"}),
    (SafetyAssessment, {"text": "t"}),
    (Conditions, {"text": "t"}),
    (Refer, {"party": "lokaal_team"}),
    (HandOver, {"to": "lokaal team"}),
]


class EngineMachine(RuleBasedStateMachine):
    """Inputs arrive in any order while the journal writes batches later, or loses its tail."""

    @initialize()
    def start(self) -> None:
        """Begin with an empty journal."""
        self.engine = Engine(POLICY, REGISTRY)
        self.disk: list[Record] = []
        self.pending: deque[tuple[list[Record], tuple[Input, ...]]] = deque()
        self.now_ms: int = NOW_MS
        self.receipts = 0
        self.acked: list[int] = []
        self.sent: list[PressReceived] = []
        self.boards: dict[ConsoleId, dict[str, AlarmView]] = {c: {} for c in CONSOLES}

    def take(self, *inputs: Input) -> None:
        """Receive a batch; it waits for the disk."""
        before = (list(self.acked), {c: dict(b) for c, b in self.boards.items()})
        self.pending.append((self.engine.receive(inputs, TimestampMs(self.now_ms)), inputs))
        assert before == (self.acked, self.boards)

    def written_or_pending(self) -> list[Record]:
        """Return every record that was decided and not lost, oldest first."""
        return [*self.disk, *(record for records, _ in self.pending for record in records)]

    def receipt(self) -> int:
        """Return a new receipt."""
        self.receipts += 1
        return self.receipts

    @rule(device=DEVICES, trigger=TRIGGERS, signed=st.booleans(), number=st.integers(1, 12))
    def press(self, device: Any, trigger: Any, signed: bool, number: int) -> None:
        """A device presses; numbers and ids may be used again by mistake."""
        received = press(
            number, device_id=device, trigger=trigger, signed=signed, receipt=self.receipt()
        )
        self.sent.append(received)
        self.take(received)

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """A device sends an earlier press again."""
        if self.sent:
            again = data.draw(st.sampled_from(self.sent))
            self.take(again, again)

    @rule(console=st.sampled_from(CONSOLES), device=DEVICES, what=st.sampled_from(FIELDS),
          number=st.integers(1, 3), action=st.integers(1, 40))  # fmt: skip
    def act(self, console: ConsoleId, device: Any, what: Any, number: int, action: int) -> None:
        """An operator does something, sensible or not, and perhaps twice."""
        kind, fields = what
        self.take(
            ActionReceived(
                console,
                kind(
                    action_id=ActionId(f"{console}-{action}"),
                    alarm_id=alarm_id_of(device, number),
                    seen_version=1,
                    operator="Ans",
                    at_ms=NOW_MS,
                    **fields,
                ),
                self.receipt(),
            )
        )

    @rule(console=st.sampled_from(CONSOLES), data=st.data())
    def confirm(self, console: ConsoleId, data: st.DataObject) -> None:
        """A console confirms what it holds."""
        board = self.boards[console]
        if board:
            alarm_id = data.draw(st.sampled_from(sorted(board)))
            self.take(confirmed(console, alarm_id, board[alarm_id].version))

    @rule()
    def garbage(self) -> None:
        """Bytes arrive that are no message."""
        self.take(unreadable(self.receipt()))

    @rule(device=DEVICES, battery=st.sampled_from([5, 50]), tamper=st.booleans())
    def heartbeat(self, device: Any, battery: int, tamper: bool) -> None:
        """A device says that it lives, and how."""
        beat = Heartbeat(
            device_id=device,
            sent_at_ms=TimestampMs(self.now_ms),
            battery_pct=battery,
            tamper=tamper,
        )
        self.take(HeartbeatReceived(device, beat))

    @rule(device=DEVICES, link=st.sampled_from(["up", "down"]))
    def link(self, device: Any, link: Any) -> None:
        """A device's connection comes or goes."""
        self.take(LinkReceived(device, LinkState(link=link)))

    @rule(device=DEVICES, length_ms=st.sampled_from([-1, 60_000]))
    def maintain(self, device: Any, length_ms: int) -> None:
        """Somebody begins or ends work on a device."""
        until_ms = TimestampMs(self.now_ms + length_ms)
        self.take(MaintenanceReceived(device, until_ms, "Tom", "battery"))

    @rule(step_ms=st.sampled_from([1, 250, 2_000, 30_000, 90_000]))
    def wait(self, step_ms: int) -> None:
        """Time passes."""
        self.now_ms += step_ms
        self.take(Tick())

    @rule()
    def write(self) -> None:
        """The disk has the oldest batch: all of it is acknowledged, and every press answered."""
        if not self.pending:
            return
        records, inputs = self.pending.popleft()
        self.disk += records
        effects = self.engine.persisted(records)
        self.acked += effects.acks
        assert [one.receipt for one in inputs if one.receipt is not None] == effects.acks
        pressed = [one.press.press_id for one in inputs if isinstance(one, PressReceived)]
        told = [one.feedback for one in effects.feedback if one.feedback.status == "received"]
        assert sorted(pressed) == sorted(feedback.press_id for feedback in told)
        for console, alarm_id, payload in effects.views:
            board = self.boards[console]
            if not payload:
                board.pop(alarm_id, None)
                continue
            view = decode_alarm_view(payload)
            held = board.get(alarm_id)
            assert held is None or view.version >= held.version
            board[alarm_id] = view
        written = {record.alarm_id for record in self.disk}
        for due in effects.feedback:
            assert due.feedback.alarm_id in written

    @rule()
    def crash(self) -> None:
        """The gateway dies; what was not written is gone, and the broker keeps what it had."""
        self.pending.clear()
        self.engine = Engine(POLICY, REGISTRY)
        self.engine.recover(self.disk)
        for console, alarm_id, payload in self.engine.open_views().views:
            self.boards[console][alarm_id] = decode_alarm_view(payload)

    @invariant()
    def versions_rise_by_one(self) -> None:
        """Every device's versions are 1, 2, 3 ... without gaps."""
        versions: dict[str, int] = defaultdict(int)
        for record in self.written_or_pending():
            assert versions[record.device_id] + 1 == record.version
            versions[record.device_id] = record.version

    @invariant()
    def no_press_is_written_twice(self) -> None:
        """An exact repeat adds nothing, unless it verifies what was doubted before."""
        seen: dict[tuple[Any, ...], int] = defaultdict(int)
        for record in self.disk:
            if isinstance(record.event, Pressed):
                one = decode_press_line(record.event.line)
                doubted = bool(record.event.doubts)
                key = (record.device_id, one.press_id, one.sequence, one.trigger, doubted)
                seen[key] += 1
                assert seen[key] == 1

    @invariant()
    def every_press_that_is_acknowledged_is_written(self) -> None:
        """An acknowledged press is in the journal: by itself, or doubtful and counted."""
        lines = {r.event.line for r in self.disk if isinstance(r.event, Pressed)}
        counted = sum(r.event.presses for r in self.disk if isinstance(r.event, Condensed))
        missing = [
            received
            for received in self.sent
            if received.receipt in self.acked and received.line not in lines
        ]
        assert len(missing) <= counted
        for one in missing:
            others = [other for other in self.sent if other.device_id == one.device_id]
            number_used = any(
                other.press.sequence == one.press.sequence and other.line != one.line
                for other in others
            )
            assert one.device_id == STRANGER or one.signature is None or number_used

    @invariant()
    def folding_the_journal_gives_the_running_state(self) -> None:
        """Recovery from disk and pending records equals what the engine decided."""
        records = self.written_or_pending()
        other = Engine(POLICY, REGISTRY)
        other.recover(records)
        for device in (DEVICE, OTHER_DEVICE, STRANGER):
            assert self.engine.state_of(device) == other.state_of(device)

    def teardown(self) -> None:
        """At rest, both boards hold every open alarm in its newest version."""
        if not hasattr(self, "pending"):
            return
        while self.pending:
            self.write()
        for console, alarm_id, payload in self.engine.open_views().views:
            assert decode_alarm_view(payload) == self.boards[console][AlarmId(alarm_id)]


EngineMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
TestEngine = EngineMachine.TestCase
TestEngine.__doc__ = "Whatever happens in whatever order, the laws of the engine hold."
