"""The device core under any order of presses, answers, losses of connection and time."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alarm_protocol.codec import decode_press
from alarm_protocol.messages import Feedback, FeedbackStatus
from alarm_protocol.units import AlarmId, DeviceId, DurationMs, PressId, TimestampMs
from simulator.core.device import (
    PENDING_MAX,
    STATUS_ORDER,
    Device,
    DeviceSettings,
    Outgoing,
    PressRefused,
)

START = TimestampMs(1_795_503_119_000)
WAITS_MS = (1_000, 2_000, 4_000, 8_000, 16_000, 30_000)
ALARM = AlarmId("aware-000001.1")
RANK = {status: rank for rank, status in enumerate(STATUS_ORDER)}


class DeviceMachine(RuleBasedStateMachine):
    """A second, simpler account of the device, kept beside it and compared after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.online = False
        self.count = 0
        self.attempts: dict[str, int] = {}
        self.tries: dict[str, int] = {}
        """Sendings since the broker was reached last; they alone lengthen the waits."""
        self.due: dict[str, int] = {}
        self.answered: set[str] = set()
        self.best = -1
        self.device = Device(
            DeviceSettings(
                device_id=DeviceId("aware-000001"),
                key=b"k" * 32,
                heartbeat_every_ms=DurationMs(60_000),
            ),
            sequence=0,
            heartbeat_at_ms=START,
        )

    def check_sent(self, messages: list[Outgoing], expected: list[str]) -> None:
        """Compare presses sent with those that had to be, and note their next due time."""
        sent = [message for message in messages if message.press is not None]
        assert expected == [message.press.press_id for message in sent if message.press]
        for message in sent:
            press = decode_press(message.payload).press
            self.attempts[press.press_id] += 1
            assert self.attempts[press.press_id] == press.attempt
            assert press.sent_at_ms == self.now
            tries = self.tries[press.press_id] = self.tries.get(press.press_id, 0) + 1
            wait = WAITS_MS[min(tries, len(WAITS_MS)) - 1]
            self.due[press.press_id] = self.now + wait

    def expected_due(self) -> list[str]:
        """Name the unanswered presses whose time has come, oldest first."""
        if not self.online:
            return []
        return [name for name, due in self.due.items() if due <= self.now]

    @rule()
    def press(self) -> None:
        """Press the button."""
        self.count += 1
        name = f"p{self.count}"
        out = self.device.press(PressId(name), "press", self.now)
        if len(self.due) >= PENDING_MAX:
            assert isinstance(out, PressRefused)
            return
        assert not isinstance(out, PressRefused)
        self.attempts[name] = 0
        self.due[name] = self.now
        self.check_sent(out, self.expected_due())

    @rule(step_ms=st.integers(0, 70_000))
    def time_passes(self, step_ms: int) -> None:
        """Let time go by and poll once."""
        self.now = TimestampMs(self.now + step_ms)
        self.check_sent(self.device.poll(self.now), self.expected_due())

    @precondition(lambda self: self.device.next_wake_ms() is not None)
    @rule()
    def wake(self) -> None:
        """Sleep exactly until the device asked to be woken: something must be due then."""
        wake = self.device.next_wake_ms()
        assert wake is not None
        self.now = TimestampMs(max(self.now, wake))
        out = self.device.poll(self.now)
        assert out
        self.check_sent(out, self.expected_due())

    @precondition(lambda self: not self.online)
    @rule()
    def connect(self) -> None:
        """Reach the broker: all that is unanswered goes out, then the link is up."""
        self.online = True
        self.tries.clear()
        self.due = dict.fromkeys(self.due, self.now)
        out = self.device.connected(self.now)
        self.check_sent(out, list(self.due))
        assert b'{"link":"up"}' in [message.payload for message in out]

    @rule()
    def disconnect(self) -> None:
        """Lose the broker."""
        self.online = False
        self.device.disconnected()

    @precondition(lambda self: self.count > 0)
    @rule(data=st.data(), status=st.sampled_from(STATUS_ORDER))
    def feedback(self, data: st.DataObject, status: FeedbackStatus) -> None:
        """Answer any press, of today or long ago, with any status, in any order, often."""
        name = f"p{data.draw(st.integers(1, self.count))}"
        message = Feedback(press_id=PressId(name), alarm_id=ALARM, status=status, at_ms=self.now)
        outcome = self.device.feedback(message)
        if name in self.due:
            assert outcome == "answered"
            del self.due[name]
            self.answered.add(name)
            self.best = max(self.best, RANK[status])
        elif outcome == "advanced":
            assert RANK[status] > self.best
            self.best = RANK[status]
        else:
            assert outcome in ("repeated", "unknown_press")
            assert RANK[status] <= self.best or name not in self.device._answered

    @invariant()
    def unanswered_presses_are_kept(self) -> None:
        """Every unanswered press is pending, oldest first, and no answered one is."""
        assert tuple(self.due) == self.device.pending

    @invariant()
    def status_never_goes_back(self) -> None:
        """The device shows the furthest status it was told, or that it is sending."""
        shown = self.device.shown()
        if shown != "idle" and shown != "sending":  # noqa: PLR1714 - `in` tells mypy nothing
            assert RANK[shown] == self.best


TestDevice = DeviceMachine.TestCase
TestDevice.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
