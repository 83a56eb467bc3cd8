"""Outgoing QoS 1 publishes: packet ids, the peer's window, and repeats after a reconnect.

Pure bookkeeping; the session decides when to call it and writes the bytes.
"""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

import mqtt5
from msgspec import Struct

from alarm_protocol.errors import ProtocolError
from alarm_protocol.trace import TRACE_PROPERTY

PACKET_ID_MAX = 65_534
"""One below MQTT's highest: that one is for SUBSCRIBE, which must not share an id with us."""
PACKET_BYTES_MAX = 268_435_460
"""The largest packet that MQTT can express."""
_AT_LEAST_ONCE = mqtt5.QoS.AT_LEAST_ONCE
_REFUSED_FROM = 128
_TOO_LARGE = 149

OnDone = Callable[[bool], None]
"""Called once: True when the broker took the message, False when it refused it."""
OnRefused = Callable[[str, int], None]
"""Hears of every message that was refused: its topic, and MQTT's reason code."""


class OutboxFullError(ProtocolError):
    """The outbox holds as many messages as it may; the caller has to try again later."""


class OutgoingPublish(Struct, frozen=True, gc=False):
    """One QoS 1 message on its way to the broker."""

    topic: str
    payload: bytes
    retain: bool
    on_done: OnDone | None
    trace: str | None = None


class Outbox:
    """QoS 1 messages until the broker acknowledges them.

    A retained message is state: while an older one for the same topic still waits, the newer
    takes its place. So what waits is bounded by the number of topics, not of changes. A
    message whose fate somebody wants to know stays, and so does its place in its topic's order.

    Args:
        messages_max: Messages held at most, waiting and in flight together.
        on_refused: Hears of what the broker refuses, or would.
    """

    def __init__(self, messages_max: int, on_refused: OnRefused | None = None) -> None:
        self._on_refused = on_refused
        self.refused = 0
        """Messages that the broker refused, or would."""
        self._messages_max = messages_max
        self._window = 0
        self._packet_bytes_max = PACKET_BYTES_MAX
        self._next_id = 1
        self._in_flight: dict[int, OutgoingPublish] = {}
        self._to_repeat: deque[tuple[int | None, OutgoingPublish]] = deque()
        self._repeat_ids: set[int] = set()
        self._waiting: dict[int, OutgoingPublish] = {}
        self._replaceable: dict[str, int] = {}
        """By topic: the waiting state that a newer one may replace, where it is the last."""
        self._offered = 0

    def __len__(self) -> int:
        """Messages not yet acknowledged."""
        return len(self._in_flight) + len(self._to_repeat) + len(self._waiting)

    def offer(self, message: OutgoingPublish) -> None:
        """Take a message for sending.

        Raises:
            OutboxFullError: `messages_max` is reached.
        """
        is_state = message.retain and message.on_done is None
        if is_state:
            place = self._replaceable.get(message.topic)
            if place is not None:
                self._waiting[place] = message
                return
        if len(self) >= self._messages_max:
            raise OutboxFullError(f"{self._messages_max} messages wait for the broker already")
        self._offered += 1
        self._waiting[self._offered] = message
        if is_state:
            self._replaceable[message.topic] = self._offered
        else:
            # What comes after this one must not be sent before it.
            self._replaceable.pop(message.topic, None)

    def connected(
        self, *, session_present: bool, window: int, packet_bytes_max: int | None = None
    ) -> None:
        """Start over on a new connection: all that was in flight is sent again, in order.

        Args:
            session_present: The broker knows the old packet ids; otherwise the messages are
                new to it and get new ids.
            window: The broker's Receive Maximum.
            packet_bytes_max: The broker's Maximum Packet Size. A larger message is refused
                here: sent, it would cost the connection, and so again after every reconnect.
        """
        again = deque[tuple[int | None, OutgoingPublish]]()
        for packet_id, message in self._in_flight.items():
            again.append((packet_id if session_present else None, message))
        for earlier_id, message in self._to_repeat:
            again.append((earlier_id if session_present else None, message))
        self._to_repeat = again
        self._repeat_ids = {packet_id for packet_id, _ in again if packet_id is not None}
        self._in_flight = {}
        self._window = min(window, PACKET_ID_MAX - 1)
        self._packet_bytes_max = packet_bytes_max or PACKET_BYTES_MAX

    def disconnected(self) -> None:
        """Send nothing until the next connection."""
        self._window = 0

    def take(self, count_max: int) -> Iterator[bytes]:
        """Give out packets to write now: as many as the broker's window allows."""
        return islice(self._packets(), count_max)

    def _packets(self) -> Iterator[bytes]:
        while self._to_repeat and len(self._in_flight) < self._window:
            packet_id, message = self._to_repeat.popleft()
            duplicate = packet_id is not None
            if packet_id is None:
                packet_id = self._free_id()
            else:
                self._repeat_ids.discard(packet_id)
            packet = self._packet(packet_id, message, duplicate=duplicate)
            if packet is not None:
                yield packet
        while self._waiting and len(self._in_flight) < self._window:
            place = next(iter(self._waiting))
            message = self._waiting.pop(place)
            if self._replaceable.get(message.topic) == place:
                del self._replaceable[message.topic]
            packet = self._packet(self._free_id(), message, duplicate=False)
            if packet is not None:
                yield packet

    def _packet(self, packet_id: int, message: OutgoingPublish, duplicate: bool) -> bytes | None:
        """Put a message in flight; None where the broker takes none of this size."""
        trace = message.trace
        packet = mqtt5.PublishPacket(
            message.topic,
            message.payload,
            qos=_AT_LEAST_ONCE,
            retain=message.retain,
            packet_id=packet_id,
            duplicate=duplicate,
            user_properties=None if trace is None else [(TRACE_PROPERTY, trace)],
        ).write()
        if len(packet) > self._packet_bytes_max:
            self._done(message, _TOO_LARGE)
            return None
        self._in_flight[packet_id] = message
        return packet

    def acknowledged(self, packet_id: int, reason_code: int) -> None:
        """Forget a message that the broker answered. An id that is not in flight is ignored."""
        message = self._in_flight.pop(packet_id, None)
        if message is not None:
            self._done(message, reason_code)

    def _done(self, message: OutgoingPublish, reason_code: int) -> None:
        taken = reason_code < _REFUSED_FROM
        if not taken:
            self.refused += 1
            if self._on_refused is not None:
                self._on_refused(message.topic, reason_code)
        if message.on_done is not None:
            message.on_done(taken)

    def _free_id(self) -> int:
        """Return the next id not in use; the window is below the number of ids, so there is one."""
        while True:
            packet_id = self._next_id
            self._next_id = packet_id + 1 if packet_id < PACKET_ID_MAX else 1
            if packet_id not in self._in_flight and packet_id not in self._repeat_ids:
                return packet_id
