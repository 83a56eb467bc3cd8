"""One simulated device on its own MQTT connection, with as little around it as will do.

A fleet has many thousands of these in one process, so there is no task, no timer and no
queue for each. There need not be: the device itself repeats a press until it is answered, so
nothing here has to survive a lost connection. The gateway's own session is other code; a
mistake in one of the two cannot hide in the other.
"""

import asyncio
import random
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import mqtt5
import structlog

from alarm_protocol.codec import decode_feedback
from alarm_protocol.errors import ProtocolError, WireError
from alarm_protocol.households import Household
from alarm_protocol.messages import Feedback, Location, Trigger
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.mqtt_framing import PacketReader
from alarm_protocol.runtime.tls import unanswered, words_of
from alarm_protocol.units import DeviceId, DurationMs, PressId, TimestampMs
from simulator import ids
from simulator.core.device import Device, DeviceSettings, FeedbackOutcome, Outgoing, PressRefused
from simulator.schedule import Schedule
from simulator.steady_clock import SteadyClock

KEEP_ALIVE_S_MIN = 60
CONNECT_S_MAX = 10.0
RECONNECT_S_MIN = 0.1
RECONNECT_S_MAX = 5.0
PACKET_BYTES_MAX = 65_536
WINDOW_MAX = 16
"""Unacknowledged presses at once, below every broker's Receive Maximum (Mosquitto: 20)."""
PACKET_ID_MAX = 65_535
SLOW_BEAT_MS = 10_000
BEAT_STEP_MS = 500
"""Heartbeats no oftener than `SLOW_BEAT_MS` wait for the next half second, so that a fleet
writes many in a row: that costs a quarter less, and no press and no repeat ever waits."""
SESSION_EXPIRY_S = 3_600
_ACCURACY_M = 12.0
_REFUSED_FROM = 128

OnFeedback = Callable[[Device, Feedback, FeedbackOutcome], None]
OnSent = Callable[[Outgoing], None]

log = structlog.get_logger()


def device_of(
    household: Household,
    *,
    heartbeat_every_ms: DurationMs,
    now_ms: TimestampMs,
    heartbeat_at_ms: TimestampMs | None = None,
) -> Device:
    """Make the device of a household.

    A simulated device has no memory over restarts. It counts its presses on from the time in
    milliseconds, so that a number is never used twice: to the gateway that would be a clone.
    """
    settings = DeviceSettings(
        device_id=household.device_id,
        key=bytes.fromhex(household.device_key_hex),
        heartbeat_every_ms=heartbeat_every_ms,
        location=Location(
            latitude=household.police.latitude,
            longitude=household.police.longitude,
            accuracy_m=_ACCURACY_M,
        ),
    )
    first_beat_ms = now_ms if heartbeat_at_ms is None else heartbeat_at_ms
    return Device(settings, sequence=now_ms, heartbeat_at_ms=first_beat_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """What all devices of a fleet share.

    Attributes:
        source: Local address to connect from; with several, a fleet outgrows one address's
            ports.
        keep_alive_s: Longest silence towards the broker; heartbeats are what fills it.
        tls_of: Gives a device's TLS for a connection; thousands are not kept.
        on_trouble: Hears in words why a device has no connection.
    """

    broker: BrokerUrl
    steady: SteadyClock
    schedule: Schedule
    on_feedback: OnFeedback
    on_sent: OnSent
    on_online: Callable[[int], None]
    keep_alive_s: int = KEEP_ALIVE_S_MIN
    source: str | None = None
    tls_of: Callable[[DeviceId], ssl.SSLContext | None] = lambda _device: None
    on_trouble: Callable[[str], None] = lambda _why: None


class DeviceLink(asyncio.Protocol):
    """A device that keeps itself connected, beats, repeats, and listens for feedback."""

    __slots__ = (
        "_failures", "_heard_s", "_in_flight", "_next_id", "_pinged", "_reader", "_shared",
        "_transport", "_waiting", "_wake_ms", "closing", "device", "ended", "online",
    )  # fmt: skip

    def __init__(self, device: Device, shared: LinkSettings) -> None:
        self.device = device
        self.online = False
        """Connected and subscribed."""
        self.closing = False
        self.ended: asyncio.Future[None] | None = None
        """While closing: done when the connection is gone."""
        self._shared = shared
        self._transport: asyncio.Transport | None = None
        self._reader: PacketReader | None = None
        self._waiting: list[Outgoing] | None = None
        self._in_flight = 0
        self._next_id = 1
        self._failures = 0
        self._wake_ms = 0
        self._heard_s = 0.0
        self._pinged = False

    # -- connecting ---------------------------------------------------------------------

    async def connect(self) -> None:
        """Try once to connect; a failure is followed by another try, later and at random."""
        shared = self._shared
        broker = shared.broker
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                await asyncio.get_running_loop().create_connection(
                    lambda: self,
                    broker.host,
                    broker.port,
                    ssl=shared.tls_of(self.device.device_id),
                    local_addr=(shared.source, 0) if shared.source else None,
                )
        except (OSError, ProtocolError) as error:
            self._trouble(words_of(error))
            self._again()

    def _trouble(self, why: str) -> None:
        why = unanswered(why, tls=self._shared.broker.tls)
        log.debug("device not connected", device=self.device.device_id, why=why)
        self._shared.on_trouble(why)

    def _again(self) -> None:
        if self.closing:
            return
        self._failures = min(self._failures + 1, 10)
        longest_s = min(RECONNECT_S_MAX, RECONNECT_S_MIN * 2**self._failures)
        delay_s = random.uniform(RECONNECT_S_MIN, longest_s)  # noqa: S311 - spreads load
        self._shared.schedule.after(delay_s, self._reconnect)

    def _reconnect(self) -> None:
        if not self.closing:
            loop = asyncio.get_running_loop()
            name = f"connect-{self.device.device_id}"
            _connecting.add(task := loop.create_task(self.connect(), name=name))
            task.add_done_callback(_connecting.discard)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say who we are."""
        self._transport = transport  # type: ignore[assignment] # create_connection gives a stream
        self._reader = PacketReader(PACKET_BYTES_MAX)
        self._in_flight = 0
        self._waiting = None
        self._pinged = False
        self._heard_s = asyncio.get_running_loop().time()
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.closing:
            transport.close()
            return
        self._shared.schedule.after(CONNECT_S_MAX, partial(self._must_be_online, transport))
        down = self.device.link("down")
        broker = self._shared.broker
        self._write(
            mqtt5.ConnectPacket(
                f"device-{self.device.device_id}",
                username=broker.username,
                password=(broker.password or "").encode() if broker.username else None,
                keep_alive=self._shared.keep_alive_s,
                session_expiry_interval=SESSION_EXPIRY_S,
                will=mqtt5.Will(
                    down.topic, payload=down.payload, qos=mqtt5.QoS(down.qos), retain=down.retain
                ),
            ).write()
        )

    def _must_be_online(self, transport: asyncio.BaseTransport) -> None:
        """Leave a connection on which the broker never answered: it may be half open for ever."""
        if self._transport is transport and not self.online:
            self._drop("the broker did not answer")

    def connection_lost(self, exc: Exception | None) -> None:
        """Come back later, unless this is the end."""
        self._transport = None
        self._reader = None
        if not self.online and not self.closing:
            self._trouble("" if exc is None else words_of(exc))
        self._set_online(now=False)
        self.device.disconnected()
        if self.ended is not None and not self.ended.done():
            self.ended.set_result(None)
        if exc is not None:
            log.debug("device lost", device=self.device.device_id, error=str(exc))
        self._again()

    def _set_online(self, *, now: bool) -> None:
        if now != self.online:
            self.online = now
            self._shared.on_online(1 if now else -1)

    # -- packets ------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Take what the broker sends."""
        if self._reader is None:
            return
        self._heard_s = asyncio.get_running_loop().time()
        self._pinged = False
        for packet in self._reader.feed(data):
            self._take(packet)
        if self._reader is not None and self._reader.error is not None:
            self._drop(str(self._reader.error))

    def _take(self, packet: mqtt5.Packet) -> None:
        match packet:
            case mqtt5.PubAckPacket():
                self._in_flight = max(0, self._in_flight - 1)
                if self._waiting:
                    self._publish(self._waiting.pop(0))
            case mqtt5.PublishPacket():
                self._feedback(packet)
            case mqtt5.ConnAckPacket():
                if int(packet.reason_code) >= _REFUSED_FROM:
                    self._drop(f"refused: {packet.reason_code.name}")
                    return
                topic = mqtt5.TopicFilter(
                    self.device.feedback_topic, max_qos=mqtt5.QoS.AT_LEAST_ONCE
                )
                self._write(mqtt5.SubscribePacket(PACKET_ID_MAX, [topic]).write())
            case mqtt5.SubAckPacket():
                if any(int(code) >= _REFUSED_FROM for code in packet.reason_codes):
                    self._drop("the broker refused the subscription to feedback")
                    return
                self._failures = 0
                self._set_online(now=True)
                self._send(self.device.connected(self._shared.steady.now_ms()))
            case mqtt5.DisconnectPacket():
                self._drop(packet.reason_str or packet.reason_code.name)
            case _:
                pass

    def _feedback(self, packet: mqtt5.PublishPacket) -> None:
        try:
            message = decode_feedback(packet.payload)
        except WireError as error:
            log.warning("feedback unreadable", topic=packet.topic, error=str(error))
        else:
            outcome = self.device.feedback(message)
            self._shared.on_feedback(self.device, message, outcome)
        if packet.packet_id is not None:
            self._write(mqtt5.PubAckPacket(packet.packet_id).write())
        self._plan()

    def _drop(self, why: str) -> None:
        log.warning("device disconnects", device=self.device.device_id, why=why)
        if self._transport is not None:
            self._transport.abort()

    # -- sending ------------------------------------------------------------------------

    def press(self, trigger: Trigger) -> PressId | PressRefused:
        """Press the button; the press goes out now, or as soon as there is a connection."""
        now_ms = self._shared.steady.now_ms()
        press_id = ids.press_id(now_ms)
        outgoing = self.device.press(press_id, trigger, now_ms)
        if isinstance(outgoing, PressRefused):
            return outgoing
        self._send(outgoing)
        return press_id

    def wake(self) -> None:
        """Send what is due by now, if anything still is."""
        self._wake_ms = 0
        if self.online:
            self._watch_line()
            self._send(self.device.poll(self._shared.steady.now_ms()))

    def _watch_line(self) -> None:
        """Ask a broker for a sign of life that has been silent, and leave one that is dead."""
        silent_s = asyncio.get_running_loop().time() - self._heard_s
        if silent_s < self._shared.keep_alive_s:
            return
        if self._pinged and silent_s > 2 * self._shared.keep_alive_s:
            self._drop("the broker gives no sign of life")
            return
        self._pinged = True
        self._write(mqtt5.PingReqPacket().write())

    def _send(self, messages: list[Outgoing]) -> None:
        for message in messages:
            if message.qos and self._in_flight >= WINDOW_MAX:
                self._waiting = [*(self._waiting or ()), message]
            else:
                self._publish(message)
        self._plan()

    def _publish(self, message: Outgoing) -> None:
        packet_id: int | None = None
        if message.qos:
            packet_id = self._next_id
            self._next_id = packet_id + 1 if packet_id < PACKET_ID_MAX - 1 else 1
            self._in_flight += 1
        self._write(
            mqtt5.PublishPacket(
                message.topic,
                message.payload,
                qos=mqtt5.QoS(message.qos),
                retain=message.retain,
                packet_id=packet_id,
            ).write()
        )
        if message.press is not None:
            self._shared.on_sent(message)

    def _plan(self) -> None:
        """Ask to be woken for what comes next, unless something earlier is planned."""
        wake_ms = self.device.next_wake_ms()
        if wake_ms is None or (self._wake_ms and self._wake_ms <= wake_ms):
            return
        if self.device.settings.heartbeat_every_ms >= SLOW_BEAT_MS and not self.device.pending:
            wake_ms = TimestampMs(-(-wake_ms // BEAT_STEP_MS) * BEAT_STEP_MS)
        self._wake_ms = wake_ms
        # A millisecond more than it takes, or a rounded clock would wake it just too early.
        delay_s = (wake_ms - self._shared.steady.now_ms() + 1) / 1_000
        self._shared.schedule.after(delay_s, self.wake)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    # -- a connection that goes and comes -----------------------------------------------

    def cut(self) -> None:
        """Lose the connection without a word, and stay away until `restore`."""
        self.closing = True
        if self._transport is not None:
            self._transport.abort()

    def leave(self) -> None:
        """Disconnect in order, and stay away until `restore`."""
        self.close()

    def restore(self) -> None:
        """Connect again after `cut` or `leave`; a connection that is there stays."""
        if self.closing:
            self.closing = False
            self.ended = None
            self._reconnect()

    # -- the end ------------------------------------------------------------------------

    def close(self) -> asyncio.Future[None]:
        """Say `link down` on purpose and disconnect; the future is done when that is so."""
        self.closing = True
        self.ended = asyncio.get_running_loop().create_future()
        if self._transport is None:
            self.ended.set_result(None)
            return self.ended
        if self.online:
            self._publish(self.device.link("down"))
            self._write(mqtt5.DisconnectPacket().write())
        self._transport.close()
        return self.ended


_connecting: set[asyncio.Task[None]] = set()
"""Attempts under way; the event loop itself holds tasks only weakly."""
