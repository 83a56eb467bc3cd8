"""One TCP connection of a session, from CONNECT to its end."""

import asyncio
import socket

import mqtt5

from alarm_protocol.errors import (
    ConnectionRefusedByBrokerError,
    MalformedPacketError,
    SubscriptionRefusedError,
)
from alarm_protocol.runtime.mqtt_framing import PacketReader
from alarm_protocol.runtime.mqtt_outbox import Outbox
from alarm_protocol.runtime.mqtt_settings import (
    ANOTHER_CAME,
    TAKEN_OVER,
    OnBatch,
    Received,
    SessionSettings,
    connect_packet,
    spoken,
    subscribe_packet,
)
from alarm_protocol.runtime.tls import unanswered, words_of
from alarm_protocol.trace import trace_of

RECEIPTS_PER_CONNECTION = 65_536
"""A receipt is `epoch * RECEIPTS_PER_CONNECTION + packet id`."""
_REFUSED_FROM = 128
_WRITE_PACKETS_MAX = 512
"""Packets taken from the outbox before the transport may say that it is full."""
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)


class Connection(asyncio.Protocol):
    """Reads packets into batches, writes what the outbox holds, and watches the link.

    Args:
        settings: The session's settings.
        epoch: Number of this connection, part of every receipt.
        outbox: The session's outgoing messages, which outlive this connection.
        on_batch: Gets the incoming messages.
    """

    def __init__(
        self, settings: SessionSettings, epoch: int, outbox: Outbox, on_batch: OnBatch
    ) -> None:
        loop = asyncio.get_running_loop()
        self.epoch = epoch
        self.why = "the connection was lost"
        self.fault: Exception | None = None
        """What `on_batch` or another part of ours raised, if it did."""
        self.ready: asyncio.Future[bool] = loop.create_future()
        """Done when subscribed, with MQTT's `session present`; or the error that prevented it."""
        self.ended: asyncio.Future[None] = loop.create_future()
        self._settings = settings
        self._outbox = outbox
        self._on_batch = on_batch
        self._loop = loop
        self._reader = PacketReader(settings.packet_bytes_max)
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._keep_alive_s = float(settings.keep_alive_s)
        self._received_s = self._sent_s = loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._out: list[bytes] = []
        self._pump_planned = False
        self._writable = True
        self._reading = True
        self._closing = False
        self._session_present = False
        self._accepted = False
        self._live = False

    # -- asyncio calls these ------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say who we are."""
        self._transport = transport  # type: ignore[assignment] # create_connection gives a stream
        self._socket = transport.get_extra_info("socket")
        if self._socket is not None:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._closing:
            transport.close()
            return
        self.send(connect_packet(self._settings).write())

    def data_received(self, data: bytes) -> None:
        """Hand on every message that these bytes complete, in one batch."""
        self._received_s = self._loop.time()
        if _QUICKACK is not None and self._socket is not None:
            # Some brokers wait for our TCP acknowledgement before their next small write.
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        try:
            self._take(self._reader.feed(data))
        except Exception as fault:  # noqa: BLE001 - a defect, raised by the session that owns us
            self._fail_by(fault)
            return
        if self._reader.error is not None:
            self._fail(self._reader.error)
            return
        self.pump()

    def _take(self, packets: list[mqtt5.Packet]) -> None:
        batch: list[Received] = []
        base = self.epoch * RECEIPTS_PER_CONNECTION
        for packet in packets:
            if isinstance(packet, mqtt5.PublishPacket):
                packet_id = packet.packet_id
                receipt = None if packet_id is None else base + packet_id
                properties = packet.user_properties
                trace = trace_of(properties) if properties else None
                batch.append(Received(packet.topic, packet.payload, packet.retain, receipt, trace))
            elif isinstance(packet, mqtt5.PubAckPacket):
                # The codec's reason codes convert to int but do not compare with one.
                self._outbox.acknowledged(packet.packet_id, int(packet.reason_code))
            else:
                self._control(packet)
        if batch:
            self._on_batch(batch)

    def pause_writing(self) -> None:
        """Leave messages in the outbox while the transport is full."""
        self._writable = False

    def resume_writing(self) -> None:
        """Go on."""
        self._writable = True
        self.pump()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        if not self._closing and not self.ended.done():
            if not self._accepted and (exc is None or isinstance(exc, ConnectionError)):
                self.why = unanswered(tls=self._settings.broker.tls)
            elif exc is not None:
                self.why = words_of(exc)
            elif self._settings.broker.tls:
                self.why = f"{self.why}; did another client come with the same certificate?"
        self._finish(ConnectionError(self.why))

    # -- packets ------------------------------------------------------------------------

    def _control(self, packet: mqtt5.Packet) -> None:
        if self.ended.done():
            return
        match packet:
            case mqtt5.ConnAckPacket() if not self._accepted:
                self._connected(packet)
            case mqtt5.SubAckPacket() if self._accepted and not self._live:
                self._subscribed(packet)
            case mqtt5.PingRespPacket():
                pass
            case mqtt5.DisconnectPacket():
                reason = packet.reason_str or spoken(packet.reason_code)
                if int(packet.reason_code) == TAKEN_OVER:
                    reason = ANOTHER_CAME
                self._fail(ConnectionRefusedByBrokerError(f"the broker said goodbye: {reason}"))
            case _:
                self._fail(MalformedPacketError(f"an unexpected {type(packet).__name__}"))

    def _connected(self, packet: mqtt5.ConnAckPacket) -> None:
        if int(packet.reason_code) >= _REFUSED_FROM:
            reason = packet.reason_str or spoken(packet.reason_code)
            self._fail(ConnectionRefusedByBrokerError(f"the broker refused us: {reason}"))
            return
        self._accepted = True
        if packet.server_keep_alive:
            self._keep_alive_s = float(packet.server_keep_alive)
        self._session_present = packet.session_present
        self._outbox.connected(
            session_present=packet.session_present,
            window=packet.receive_max,
            packet_bytes_max=packet.max_packet_size,
        )
        self._tick()
        if self._settings.subscriptions:
            self.send(subscribe_packet(self._settings).write())
        else:
            self._become_ready()

    def _subscribed(self, packet: mqtt5.SubAckPacket) -> None:
        for (pattern, _), code in zip(
            self._settings.subscriptions, packet.reason_codes, strict=False
        ):
            if int(code) >= _REFUSED_FROM:
                reason = packet.reason_str or spoken(code)
                self._fail(SubscriptionRefusedError(f"subscription refused: {pattern}: {reason}"))
                return
        self._become_ready()

    def _become_ready(self) -> None:
        self._live = True
        if not self.ready.done():
            self.ready.set_result(self._session_present)

    # -- sending ------------------------------------------------------------------------

    @property
    def writable(self) -> bool:
        """Whether the transport takes more at this moment."""
        return self._writable

    def send(self, packet: bytes) -> None:
        """Write this with everything else that is ready in this turn of the loop."""
        self._out.append(packet)
        self.pump_soon()

    def pump_soon(self) -> None:
        """Write at the end of this turn of the loop."""
        if not self._pump_planned:
            self._pump_planned = True
            self._loop.call_soon(self.pump)

    def pump(self) -> None:
        """Write what waits, and fill the broker's window for as long as the transport takes it."""
        self._pump_planned = False
        try:
            while self._live and self._writable:
                packets = list(self._outbox.take(_WRITE_PACKETS_MAX))
                if not packets:
                    break
                self._out += packets
                self._flush()
        except Exception as fault:  # noqa: BLE001 - a message that cannot be written, or `on_done`
            self._fail_by(fault)
        self._flush()

    def _flush(self) -> None:
        if self._out and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
            self._sent_s = self._loop.time()
        self._out.clear()

    # -- life ---------------------------------------------------------------------------

    def _tick(self) -> None:
        """Keep the link alive, and notice when it is not."""
        now_s = self._loop.time()
        half_s = self._keep_alive_s / 2
        silent_s = now_s - self._received_s
        if silent_s > self._keep_alive_s * 1.5 and self._reading:
            self._fail(ConnectionError(f"no sign of life for {silent_s:.0f} s"))
            return
        if silent_s >= half_s or now_s - self._sent_s >= half_s:
            self.send(mqtt5.PingReqPacket().write())
        self._timer = self._loop.call_later(half_s / 2, self._tick)

    def set_reading(self, *, on: bool) -> None:
        """Stop or go on taking bytes from the broker."""
        self._reading = on
        self._received_s = self._loop.time()
        if self._transport is None or self._transport.is_closing():
            return
        if on:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def say_goodbye(self) -> None:
        """Send DISCONNECT, so that the broker does not publish the will, and close."""
        self._closing = True
        self.why = "closed"
        if self._transport is None:
            self._finish(ConnectionError(self.why))
        else:
            # Also before the broker's CONNACK: it may have accepted us, will and all.
            self.send(mqtt5.DisconnectPacket().write())
            self._flush()
            self._transport.close()

    def abort(self) -> None:
        """End at once, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()
        self._finish(ConnectionError(self.why))

    def _fail_by(self, fault: Exception) -> None:
        """End because of a defect on our side; the session raises it."""
        if self.fault is None:
            self.fault = fault
        self._fail(ConnectionError(words_of(fault)))

    def _fail(self, error: Exception) -> None:
        self.why = words_of(error)
        self._finish(error)
        if self._transport is not None:
            self._transport.abort()

    def _finish(self, error: Exception) -> None:
        self._live = False
        if self._timer is not None:
            self._timer.cancel()
        if not self.ready.done():
            self.ready.set_exception(error)
            self.ready.exception()  # marks it as seen; whoever awaits it still gets it
        if not self.ended.done():
            self.ended.set_result(None)
