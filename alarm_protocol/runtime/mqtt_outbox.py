"""Outgoing QoS 1 publishes: packet ids, the peer's window, and repeats after a reconnect.

Pure bookkeeping; the session decides when to call it and writes the bytes.
"""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

import mqtt5

from alarm_protocol.errors import ProtocolError

PACKET_ID_MAX = 65_535
_AT_LEAST_ONCE = mqtt5.QoS.AT_LEAST_ONCE
_REFUSED_FROM = 128

OnDone = Callable[[bool], None]
"""Called once: True when the broker took the message, False when it refused it."""


class OutboxFullError(ProtocolError):
    """The outbox holds as many messages as it may; the caller has to try again later."""


class OutgoingPublish(NamedTuple):
    """One QoS 1 message on its way to the broker."""

    topic: str
    payload: bytes
    retain: bool
    on_done: OnDone | None


class Outbox:
    """QoS 1 messages until the broker acknowledges them.

    A retained message is state: while an older one for the same topic still waits, the newer
    takes its place. So what waits is bounded by the number of topics, not of changes.

    Args:
        messages_max: Messages held at most, waiting and in flight together.
    """

    def __init__(self, messages_max: int) -> None:
        self._messages_max = messages_max
        self._window = 0
        self._next_id = 1
        self._in_flight: dict[int, OutgoingPublish] = {}
        self._to_repeat: deque[tuple[int | None, OutgoingPublish]] = deque()
        self._waiting: dict[str | int, OutgoingPublish] = {}
        self._offered = 0

    def __len__(self) -> int:
        """Messages not yet acknowledged."""
        return len(self._in_flight) + len(self._to_repeat) + len(self._waiting)

    def offer(self, message: OutgoingPublish) -> None:
        """Take a message for sending.

        Raises:
            OutboxFullError: `messages_max` is reached.
        """
        if message.retain and message.on_done is None:
            waiting = self._waiting.get(message.topic)
            if waiting is not None:
                self._waiting[message.topic] = message
                return
            key: str | int = message.topic
        else:
            self._offered += 1
            key = self._offered
        if len(self) >= self._messages_max:
            raise OutboxFullError(f"{self._messages_max} messages wait for the broker already")
        self._waiting[key] = message

    def connected(self, *, session_present: bool, window: int) -> None:
        """Start over on a new connection: all that was in flight is sent again, in order.

        Args:
            session_present: The broker knows the old packet ids; otherwise the messages are
                new to it and get new ids.
            window: The broker's Receive Maximum.
        """
        again = deque[tuple[int | None, OutgoingPublish]]()
        for packet_id, message in self._in_flight.items():
            again.append((packet_id if session_present else None, message))
        for earlier_id, message in self._to_repeat:
            again.append((earlier_id if session_present else None, message))
        self._to_repeat = again
        self._in_flight = {}
        self._window = min(window, PACKET_ID_MAX - 1)

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
            yield self._send(packet_id, message, duplicate=duplicate)
        while self._waiting and len(self._in_flight) < self._window:
            key = next(iter(self._waiting))
            yield self._send(self._free_id(), self._waiting.pop(key), duplicate=False)

    def _send(self, packet_id: int, message: OutgoingPublish, duplicate: bool) -> bytes:
        self._in_flight[packet_id] = message
        return mqtt5.PublishPacket(
            message.topic,
            message.payload,
            qos=_AT_LEAST_ONCE,
            retain=message.retain,
            packet_id=packet_id,
            duplicate=duplicate,
        ).write()

    def acknowledged(self, packet_id: int, reason_code: int) -> None:
        """Forget a message that the broker answered. An id that is not in flight is ignored."""
        message = self._in_flight.pop(packet_id, None)
        if message is not None and message.on_done is not None:
            message.on_done(reason_code < _REFUSED_FROM)

    def _free_id(self) -> int:
        """Return the next id not in use; the window is below the number of ids, so there is one."""
        taken = self._in_flight
        while True:
            packet_id = self._next_id
            self._next_id = packet_id + 1 if packet_id < PACKET_ID_MAX else 1
            if packet_id not in taken and not self._repeats(packet_id):
                return packet_id

    def _repeats(self, packet_id: int) -> bool:
        return bool(self._to_repeat) and any(known == packet_id for known, _ in self._to_repeat)
