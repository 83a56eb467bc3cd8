"""A client's end: connects again and again, keeps what is unsent, acknowledges by hand.

What is on its way to the broker stands in the outbox that the real sessions use.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import mqtt5

from alarm_protocol.runtime.mqtt_outbox import Outbox, OutgoingPublish
from simulator.world.broker import BROKER_RECEIVE_MAX, Attach, Broker, Message
from simulator.world.loop import Loop, dice_of
from simulator.world.weather import Weather
from simulator.world.wire import Wire

OUTBOX_MAX = 50_000
PACKETS_AT_ONCE_MAX = 512
RECEIPTS_PER_CONNECTION = 65_536


class Received(NamedTuple):
    """An incoming message; `receipt` is what `ack` takes, None at QoS 0."""

    topic: str
    payload: bytes
    retain: bool
    receipt: int | None


@dataclass(frozen=True, slots=True)
class Net:
    """Where clients live."""

    loop: Loop
    weather: Weather
    broker: Broker
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """How a client behaves: `forgets` one starts each connection with an empty outbox."""

    client_id: str
    filters: tuple[tuple[str, int], ...]
    will: Message | None = None
    kept: bool = True
    clean: bool = False
    receive_max: int = 1_000
    by_hand: bool = False
    forgets: bool = False
    retry_ms: tuple[int, int] = (100, 5_000)


class Client:
    """One MQTT session of one process.

    Args:
        net: Network, broker and time.
        settings: How it behaves.
        on_message: Gets every message.
        on_state: Hears of each connection made (True) and lost (False).
    """

    def __init__(
        self,
        net: Net,
        settings: ClientSettings,
        *,
        on_message: Callable[[Received], None],
        on_state: Callable[[bool], None],
    ) -> None:
        self.settings = settings
        self.connected = False
        self._net = net
        self._on_message = on_message
        self._on_state = on_state
        self._dice = dice_of(net.seed, f"client/{settings.client_id}/{net.loop.now_ms}")
        self._outbox = Outbox(OUTBOX_MAX)
        self._wire: Wire | None = None
        self._epoch = 0
        self._failures = 0
        self._running = False
        self._pump_planned = False

    # -- life ---------------------------------------------------------------------------

    def start(self) -> None:
        """Connect, and stay connected."""
        self._running = True
        self._try()

    def die(self) -> None:
        """End with the process: what the kernel holds still goes out, then the peer notices."""
        self._running = self.connected = False
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.up("", self._net.broker.closed, wire)

    def _try(self) -> None:
        net = self._net
        if not self._running or self._wire is not None:
            return
        until_ms = net.weather.offline_until_ms.get(self.settings.client_id, 0)
        if not net.broker.up or until_ms > net.loop.now_ms:
            self._later()
            return
        self._epoch += 1
        self._wire = Wire(net.loop, net.weather, self.settings.client_id, self._dice)
        wants = Attach(
            self.settings.client_id,
            self.settings.filters,
            self.settings.kept,
            self.settings.clean,
            self.settings.receive_max,
            self.settings.will,
        )
        self._wire.up("", net.broker.attach, self, self._wire, wants)

    def _later(self) -> None:
        shortest_ms, longest_ms = self.settings.retry_ms
        self._failures += 1
        longest_ms = min(longest_ms, shortest_ms * 2 ** min(self._failures, 10))
        wait_ms = shortest_ms + int(self._dice.random() * (longest_ms - shortest_ms))
        self._net.loop.after(wait_ms, self._try)

    def connack(self, wire: Wire, *, session_present: bool) -> None:
        """Hear that the broker accepts."""
        if wire is not self._wire:
            return
        self._failures = 0
        self.connected = True
        if self.settings.forgets:
            self._outbox = Outbox(OUTBOX_MAX)
        self._outbox.connected(session_present=session_present, window=BROKER_RECEIVE_MAX)
        self._on_state(True)
        self._pump()

    def lost(self, wire: Wire) -> None:
        """Notice that the connection is gone."""
        if wire is not self._wire:
            return
        self._wire = None
        self.connected = False
        self._outbox.disconnected()
        self._on_state(False)
        self._later()

    # -- messages -----------------------------------------------------------------------

    def deliver(self, wire: Wire, message: Message, packet_id: int | None) -> None:
        """Take a message."""
        if wire is not self._wire:
            return
        receipt = None
        if packet_id is not None:
            receipt = self._epoch * RECEIPTS_PER_CONNECTION + packet_id
            if not self.settings.by_hand:
                self.ack(receipt)
        self._on_message(Received(message.topic, message.payload, message.retain, receipt))

    def ack(self, receipt: int) -> None:
        """Let the broker forget a message; a receipt of an earlier connection does nothing."""
        epoch, packet_id = divmod(receipt, RECEIPTS_PER_CONNECTION)
        wire = self._wire
        if wire is not None and epoch == self._epoch:
            wire.up("", self._net.broker.acknowledged, wire, packet_id)

    def puback(self, wire: Wire, packet_id: int) -> None:
        """Hear that the broker has a message."""
        if wire is self._wire:
            self._outbox.acknowledged(packet_id, 0)
            self._pump()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Send a message: at QoS 1 kept until the broker has it, at QoS 0 only now."""
        wire = self._wire
        if qos == 0:
            if wire is not None and self.connected:
                packet = mqtt5.PublishPacket(topic, payload, retain=retain).write()
                wire.up(topic, self._net.broker.publish, wire, packet)
            return
        self._outbox.offer(OutgoingPublish(topic, payload, retain, None))
        if not self._pump_planned:
            self._pump_planned = True
            self._net.loop.after(0, self._pump)

    def _pump(self) -> None:
        self._pump_planned = False
        wire = self._wire
        if wire is None or not self.connected:
            return
        for packet in self._outbox.take(PACKETS_AT_ONCE_MAX):
            topic = _topic_of(packet)
            wire.up(topic, self._net.broker.publish, wire, packet)
            if wire.chance(self._net.weather.duplicate_pct):
                wire.up(topic, self._net.broker.publish, wire, packet)


def _topic_of(packet: bytes) -> str:
    """Return the topic of a PUBLISH: behind its head byte and its length in one to four bytes."""
    place = 1
    while packet[place] & 0x80:
        place += 1
    start = place + 3
    size = int.from_bytes(packet[place + 1 : start], "big")
    return packet[start : start + size].decode()
