"""A loop whose time passes at once, and a transport in memory: MQTT without a network."""

import asyncio
import functools
import selectors
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
from alarm_protocol.runtime.mqtt_settings import OnBatch, OnState

BROKER = BrokerUrl("broker.test", 1883, tls=False)
UNTIL_S = 120.0
"""Virtual seconds that a condition may take."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that does not wait for its timers: it moves its clock to the next one."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        """Virtual seconds."""
        return self.now_s


class _Selector(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits, and nothing will ever happen")
        self._loop.now_s += max(0.0, timeout)
        return super().select(0)


def on_virtual_time(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test on a `VirtualLoop`; an error in a callback fails it."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        problems: list[Mapping[str, Any]] = []

        async def main() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _, one: problems.append(one))
            await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(main())
        assert problems == []

    return run


async def until(condition: Callable[[], object]) -> None:
    """Let virtual time pass until this holds."""
    deadline = asyncio.get_running_loop().time() + UNTIL_S
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError("the condition did not come true")
        await asyncio.sleep(0.01)


async def turn() -> None:
    """Let everything that is planned for now happen; no time passes."""
    for _ in range(5):
        await asyncio.sleep(0)


class Link(asyncio.Transport):
    """One connection in memory; its other end is the test.

    Attributes:
        sent: The packets that the client wrote.
        full_after_writes: After so many writes it takes no more.
        closes_when_asked: Whether `close` succeeds.
    """

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.protocol = protocol
        self.sent: list[mqtt5.Packet] = []
        self._reading = True
        self.full_after_writes: int | None = None
        self.closes_when_asked = True
        self._reader = PacketReader(1 << 28)
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes from the client."""
        assert not self._closing, "nothing may be written after the end"
        self.sent += self._reader.feed(bytes(data))
        assert self._reader.error is None
        if self.full_after_writes is not None:
            self.full_after_writes -= 1
            if self.full_after_writes == 0:
                self.protocol.pause_writing()

    def is_closing(self) -> bool:
        """Tell whether it ends."""
        return self._closing

    def close(self) -> None:
        """End it, where the peer takes what is still to be written."""
        if self.closes_when_asked:
            self.lose(None)

    def abort(self) -> None:
        """End it at once."""
        self.lose(None)

    def pause_reading(self) -> None:
        """Note that the client wants nothing more."""
        self._reading = False

    def resume_reading(self) -> None:
        """Note that it goes on."""
        self._reading = True

    def is_reading(self) -> bool:
        """Tell whether the client wants bytes."""
        return self._reading

    def lose(self, error: Exception | None) -> None:
        """Break the connection."""
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, error)

    def give(self, *packets: mqtt5.Packet) -> None:
        """Hand packets to the client, in one read."""
        self.give_bytes(b"".join(packet.write() for packet in packets))

    def give_bytes(self, data: bytes) -> None:
        """Hand bytes to the client."""
        assert not self._closing, "nothing comes after the end"
        self.protocol.data_received(data)

    def publishes(self) -> list[mqtt5.PublishPacket]:
        """Return what the client published."""
        return [packet for packet in self.sent if isinstance(packet, mqtt5.PublishPacket)]

    def acks(self) -> list[int]:
        """Return the packet ids that the client acknowledged."""
        return [packet.packet_id for packet in self.sent if isinstance(packet, mqtt5.PubAckPacket)]

    def kinds(self) -> list[str]:
        """Return the names of what the client sent."""
        return [type(packet).__name__.removesuffix("Packet") for packet in self.sent]


class Dialer:
    """Takes the place of the loop's `create_connection`; every call makes a `Link`.

    Args:
        outcomes: What the first calls do: None connects, an exception is raised.
    """

    def __init__(self, outcomes: Sequence[Exception | None] = ()) -> None:
        self.links: list[Link] = []
        self.calls = 0
        self._outcomes = list(outcomes)

    async def __call__(
        self, factory: Callable[[], asyncio.Protocol], host: str, port: int, **options: Any
    ) -> tuple[Link, asyncio.Protocol]:
        """Connect, as the loop would."""
        self.calls += 1
        outcome = self._outcomes.pop(0) if self._outcomes else None
        if outcome is not None:
            raise outcome
        protocol = factory()
        link = Link(protocol)
        self.links.append(link)
        protocol.connection_made(link)
        return link, protocol

    def install(self) -> None:
        """Connect in memory from now on, on the running loop."""
        setattr(asyncio.get_running_loop(), "create_connection", self)  # noqa: B010 - for mypy


async def accept(dialer: Dialer, *, session_present: bool = False, receive_max: int = 10) -> Link:
    """Answer the newest connection's CONNECT and SUBSCRIBE."""
    link = dialer.links[-1]
    await until(lambda: link.kinds() == ["Connect"])
    link.give(mqtt5.ConnAckPacket(session_present=session_present, receive_max=receive_max))
    await until(lambda: link.kinds() == ["Connect", "Subscribe"])
    link.give(suback(link))
    await turn()
    return link


def suback(link: Link) -> mqtt5.SubAckPacket:
    """Return the answer to the SUBSCRIBE that came over this link."""
    (subscribe,) = [one for one in link.sent if isinstance(one, mqtt5.SubscribePacket)]
    granted = mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE
    return mqtt5.SubAckPacket(subscribe.packet_id, [granted for _ in subscribe.topic_filters])


def settings(**changes: Any) -> SessionSettings:
    """Return settings for a session in memory."""
    return SessionSettings(
        **{
            "broker": BROKER,
            "client_id": "tester",
            "subscriptions": (("in/#", 1),),
            **changes,
        }
    )


class Session:
    """A running session, what it received, and what it said of itself."""

    on_batch: OnBatch
    """What a batch is given to; a test may put another in its place."""
    on_state: OnState

    def __init__(self, dialer: Dialer | None = None, **changes: Any) -> None:
        self.dialer = dialer or Dialer()
        self.dialer.install()
        self.received: list[Received] = []
        self.states: list[SessionState] = []
        self.session = MqttSession(settings(**changes), on_batch=self._batch, on_state=self._state)
        self.on_batch = self.received.extend
        self.on_state = self.states.append
        self.running = asyncio.create_task(self.session.run())

    def _batch(self, batch: list[Received]) -> None:
        self.on_batch(batch)

    def _state(self, state: SessionState) -> None:
        self.on_state(state)

    async def connected(self, connections: int = 1, **answer: Any) -> Link:
        """Wait for this connection, accept it and return its link."""
        await until(lambda: len(self.dialer.links) == connections)
        return await accept(self.dialer, **answer)

    async def end(self) -> None:
        """Close it and wait for the end."""
        await self.session.close(drain_s=0)
        await self.running


def message(packet_id: int) -> mqtt5.PublishPacket:
    """Return a message from the broker."""
    return mqtt5.PublishPacket("in/a", b"x", qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=packet_id)
