"""A small MQTT 5 server that writes down what a client sends, and answers as a test says."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import mqtt5

from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.mqtt_framing import PacketReader
from alarm_protocol.runtime.mqtt_session import (
    MqttSession,
    Received,
    SessionSettings,
    SessionState,
)

DEADLINE_S = 20.0


async def until(condition: Callable[[], object]) -> None:
    """Wait until this holds, at most `DEADLINE_S`."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.005)


class Visit(asyncio.Protocol):
    """One connection of the client, from the server's side."""

    def __init__(self, witness: "Witness") -> None:
        self.packets: list[mqtt5.Packet] = []
        self.lost = False
        self.window_exceeded = False
        self.unanswered: list[int] = []
        self.transport: asyncio.Transport
        self._witness = witness
        self._reader = PacketReader(1 << 28)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the visit."""
        self.transport = transport  # type: ignore[assignment] # servers get streams
        self._witness.visits.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note its end."""
        self.lost = True

    def data_received(self, data: bytes) -> None:
        """Write down and answer."""
        for packet in self._reader.feed(data):
            self.packets.append(packet)
            self._witness.answer(self, packet)

    def send(self, packet: mqtt5.Packet) -> None:
        """Send a packet to the client."""
        self.transport.write(packet.write())

    def acknowledge(self) -> None:
        """Acknowledge the oldest publish that is not yet."""
        self.send(mqtt5.PubAckPacket(self.unanswered.pop(0)))

    def publishes(self) -> list[tuple[bytes, int | None, bool]]:
        """Return payload, id and DUP of every publish."""
        return [
            (one.payload, one.packet_id, one.duplicate)
            for one in self.packets
            if isinstance(one, mqtt5.PublishPacket)
        ]

    def kinds(self) -> list[str]:
        """Return the names of the packets."""
        return [type(packet).__name__.removesuffix("Packet") for packet in self.packets]


class Witness:
    """The server. What it answers is in its attributes, which a test may change.

    Attributes:
        silent: Say nothing at all.
        session_present: What CONNACK says.
        receive_max: What CONNACK says, and what is checked.
        suback: The answer to each subscription.
    """

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self.silent = False
        self.session_present = False
        self.receive_max = 100
        self.suback = mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE
        self.url: BrokerUrl

    def answer(self, visit: Visit, packet: mqtt5.Packet) -> None:
        """Answer all but publishes, which a test acknowledges itself."""
        if self.silent:
            return
        match packet:
            case mqtt5.ConnectPacket():
                visit.send(
                    mqtt5.ConnAckPacket(
                        session_present=self.session_present, receive_max=self.receive_max
                    )
                )
            case mqtt5.SubscribePacket():
                codes = [self.suback for _ in packet.topic_filters]
                visit.send(mqtt5.SubAckPacket(packet.packet_id, codes))
            case mqtt5.PublishPacket() if packet.packet_id is not None:
                visit.unanswered.append(packet.packet_id)
                if len(visit.unanswered) > self.receive_max:
                    visit.window_exceeded = True
            case mqtt5.PingReqPacket():
                visit.send(mqtt5.PingRespPacket())
            case mqtt5.DisconnectPacket():
                visit.transport.close()


@asynccontextmanager
async def witness(tls: ssl.SSLContext | None = None) -> AsyncIterator[Witness]:
    """Run a witness on a free port of the loopback."""
    one = Witness()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Visit(one), "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    one.url = BrokerUrl("127.0.0.1", port, tls=tls is not None)
    try:
        yield one
    finally:
        server.close()
        for visit in one.visits:
            visit.transport.abort()
        await server.wait_closed()


class Client:
    """A running session; it keeps what it receives and acknowledges it unless told not to."""

    def __init__(self, url: BrokerUrl, client_id: str = "client", **changes: Any) -> None:
        self.received: list[Received] = []
        self.states: list[SessionState] = []
        self.acknowledging = True
        self.session = MqttSession(
            SessionSettings(
                **{
                    "broker": url,
                    "client_id": client_id,
                    "subscriptions": ((f"to/{client_id}", 1),),
                    **changes,
                }
            ),
            on_batch=self._batch,
            on_state=self.states.append,
        )
        self.running = asyncio.create_task(self.session.run())

    def _batch(self, batch: list[Received]) -> None:
        self.received += batch
        if self.acknowledging:
            for message in batch:
                self.ack(message)

    def ack(self, message: Received) -> None:
        """Acknowledge a message."""
        if message.receipt is not None:
            self.session.ack(message.receipt)

    def payloads(self) -> list[bytes]:
        """Return what came."""
        return [message.payload for message in self.received]

    def details(self) -> list[str]:
        """Return the reasons of all states."""
        return [state.detail for state in self.states]

    async def connected(self, times: int = 1) -> None:
        """Wait until it was connected so often, and is."""
        await until(lambda: sum(state.connected for state in self.states) >= times)
        await until(lambda: self.session.connected)

    def cut(self) -> None:
        """Break the connection from our side, without a goodbye."""
        connection = self.session._connection
        if connection is None or connection._transport is None:
            raise RuntimeError("there is no connection to cut")
        connection._transport.abort()


@asynccontextmanager
async def client(
    url: BrokerUrl, client_id: str = "client", **changes: Any
) -> AsyncIterator[Client]:
    """Run a session for the length of a block; it must end without a fault."""
    one = Client(url, client_id, **changes)
    try:
        yield one
    finally:
        await one.session.close(drain_s=0)
        await asyncio.wait_for(one.running, DEADLINE_S)
