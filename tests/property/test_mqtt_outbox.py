"""The outbox against a broker that loses connections and sessions, and answers in any order."""

import mqtt5
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from alarm_protocol.runtime.mqtt_outbox import OnDone, Outbox, OutboxFullError, OutgoingPublish

TOPICS = ("a", "b")
MESSAGES_MAX = 12


class OutboxAndBroker(RuleBasedStateMachine):
    """A model broker that keeps the rules of MQTT and checks that the outbox does.

    Every message has a number as its payload; numbers rise as they are offered.
    """

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(MESSAGES_MAX)
        self.window = 0
        """0 while disconnected."""
        self.unanswered: dict[int, int] = {}
        """On this connection: packet id -> number."""
        self.known: dict[int, int] = {}
        """Of the broker's session: packet id -> number, sent and not yet acknowledged."""
        self.offered = 0
        self.owed: dict[int, tuple[str, bool]] = {}
        """Number -> topic, and whether a newer state may stand in for it."""
        self.delivered: set[int] = set()
        self.done: list[int] = []
        self.asked: set[int] = set()
        self.last_first: dict[str, int] = {}
        """By topic: the highest number that was sent for the first time."""
        self.sent: set[int] = set()

    @initialize(first_id=st.sampled_from([1, 65_530, 65_534]))
    def start_near_the_wrap(self, first_id: int) -> None:
        """Let ids wrap within one run."""
        self.outbox._next_id = first_id

    @rule(topic=st.sampled_from(TOPICS), retain=st.booleans(), asked=st.booleans())
    def offer(self, topic: str, retain: bool, asked: bool) -> None:
        """Offer a message; a full outbox is the only refusal."""
        number = self.offered + 1
        on_done = self.on_done(number) if asked else None
        message = OutgoingPublish(topic, str(number).encode(), retain, on_done)
        length = len(self.outbox)
        try:
            self.outbox.offer(message)
        except OutboxFullError:
            assert length == MESSAGES_MAX
            return
        self.offered = number
        self.owed[number] = (topic, retain and not asked)
        if asked:
            self.asked.add(number)

    def on_done(self, number: int) -> OnDone:
        """Return what notes that this number was taken."""

        def done(taken: bool) -> None:
            assert taken
            self.done.append(number)

        return done

    @precondition(lambda self: self.window == 0)
    @rule(kept=st.booleans(), window=st.integers(1, 4))
    def connect(self, kept: bool, window: int) -> None:
        """Open a connection, with or without the broker's memory."""
        if not kept:
            self.known.clear()
        self.window = window
        self.unanswered = {}
        self.outbox.connected(session_present=kept, window=window)

    @precondition(lambda self: self.window > 0)
    @rule()
    def disconnect(self) -> None:
        """Lose the connection, and all answers on their way."""
        self.window = 0
        self.outbox.disconnected()

    @rule(count_max=st.integers(1, 6))
    def send(self, count_max: int) -> None:
        """Take packets and let the broker look at each."""
        packets = list(self.outbox.take(count_max))
        assert self.window > 0 or not packets
        for written in packets:
            (packet, _) = mqtt5.read(memoryview(written))
            assert isinstance(packet, mqtt5.PublishPacket)
            assert packet.packet_id is not None
            self.arrive(packet, packet.packet_id, int(packet.payload))

    def arrive(self, packet: mqtt5.PublishPacket, packet_id: int, number: int) -> None:
        """Check a publish against everything that this broker knows."""
        assert packet_id not in self.unanswered, "two messages in flight with one id"
        if packet.duplicate:
            assert self.known.get(packet_id) == number, "DUP for what the broker never saw"
        else:
            assert packet_id not in self.known, "an id that the session still holds"
        if number not in self.sent:
            assert number > self.last_first.get(packet.topic, 0), "overtaken within its topic"
            self.last_first[packet.topic] = number
            self.sent.add(number)
        self.unanswered[packet_id] = self.known[packet_id] = number
        assert len(self.unanswered) <= self.window, "more than the window"

    @precondition(lambda self: self.unanswered)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        """Acknowledge any one of those in flight."""
        packet_id = data.draw(st.sampled_from(sorted(self.unanswered)))
        number = self.unanswered.pop(packet_id)
        del self.known[packet_id]
        self.delivered.add(number)
        self.outbox.acknowledged(packet_id, 0)

    @precondition(lambda self: self.window > 0)
    @rule(packet_id=st.integers(1, 65_535))
    def acknowledge_nonsense(self, packet_id: int) -> None:
        """Acknowledge what is not in flight; nothing may happen."""
        if packet_id not in self.unanswered:
            length = len(self.outbox)
            self.outbox.acknowledged(packet_id, 0)
            assert length == len(self.outbox)

    @invariant()
    def bounded(self) -> None:
        """The outbox never holds more than it may."""
        assert len(self.outbox) <= MESSAGES_MAX

    def teardown(self) -> None:
        """Give everything a chance to arrive, then every message owed must have arrived."""
        if self.window:
            self.disconnect()
        self.connect(kept=True, window=3)
        for _ in range(2 * MESSAGES_MAX):
            self.send(6)
            for packet_id, number in list(self.unanswered.items()):
                del self.unanswered[packet_id], self.known[packet_id]
                self.delivered.add(number)
                self.outbox.acknowledged(packet_id, 0)
        assert len(self.outbox) == 0
        for number, (topic, replaceable) in self.owed.items():
            newer = {n for n in self.delivered if n > number and self.owed[n] == (topic, True)}
            assert number in self.delivered or (replaceable and newer)
        assert sorted(self.asked) == sorted(self.done), "each `on_done` exactly once"


def test_every_message_is_delivered_in_order_whatever_happens() -> None:
    """At least once, first transmissions in order by topic, ids and window respected."""
    run_state_machine_as_test(
        OutboxAndBroker, settings=settings(max_examples=150, stateful_step_count=40)
    )
