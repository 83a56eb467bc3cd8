"""An asyncio MQTT 5 session for the alert path.

Three things set it apart from a general client:

1. nothing is acknowledged by itself: `ack` sends the PUBACK once the owner says that the
   message is safe, and until then the broker keeps it;
2. messages arrive in batches, all that one read from the socket brought, and leave in one
   write: at high rates the work per message is a few microseconds;
3. publishing costs no future: a message is offered, repeated with DUP after a reconnect and
   forgotten when the broker has it; `on_done` tells whoever wants to know.
"""

import asyncio
import contextlib
import random

import mqtt5

from alarm_protocol.errors import ProtocolError, SessionClosedError
from alarm_protocol.runtime.mqtt_connection import RECEIPTS_PER_CONNECTION, Connection
from alarm_protocol.runtime.mqtt_outbox import OnDone, Outbox, OutboxFullError, OutgoingPublish
from alarm_protocol.runtime.mqtt_settings import (
    NOT_AUTHORIZED,
    OnBatch,
    OnRefusal,
    OnState,
    Received,
    Refusal,
    SessionSettings,
    SessionState,
    Will,
    spoken,
    tls_of,
)
from alarm_protocol.runtime.tls import peer_end_s, unanswered, words_of

__all__ = [
    "MqttSession",
    "OutboxFullError",
    "Received",
    "Refusal",
    "SessionSettings",
    "SessionState",
    "Will",
]

RECONNECT_S_MIN = 0.1
RECONNECT_S_MAX = 5.0
GOODBYE_S_MAX = 1.0
"""How long `close` waits for a peer that does not read."""


class MqttSession:
    """One MQTT session that outlives its connections.

    Args:
        settings: Where and how to connect.
        on_batch: Gets every batch of messages, in order, on the event loop. An exception from
            it is a fault of its owner: it ends the session, and `run` raises it.
        on_state: Hears of every change of the connection; an exception likewise ends `run`.
        on_refusal: Hears of a publish that the broker refuses, once for each reason and connection.
    """

    def __init__(
        self,
        settings: SessionSettings,
        *,
        on_batch: OnBatch,
        on_state: OnState | None = None,
        on_refusal: OnRefusal | None = None,
    ) -> None:
        self.settings = settings
        self._on_batch = on_batch
        self._on_state = on_state or (lambda _state: None)
        self._on_refusal = on_refusal or (lambda _refusal: None)
        self._refusals_told: set[int] = set()
        self._outbox = Outbox(settings.outbox_max, self._refused)
        self._attempt: Connection | None = None
        self._connection: Connection | None = None
        self._epoch = 0
        self._connect_limit: asyncio.Timeout | None = None
        self._closing = asyncio.Event()
        self._reading = True
        self.broker_end_s: float | None = None
        """When the broker's certificate ends, in s since 1970; None in the clear or not met yet."""

    @property
    def connected(self) -> bool:
        """Whether messages flow at this moment."""
        return self._connection is not None

    @property
    def backlog(self) -> int:
        """Outgoing messages that the broker has not acknowledged."""
        return len(self._outbox)

    @property
    def refused(self) -> int:
        """Publishes that the broker refused, over all connections."""
        return self._outbox.refused

    async def run(self) -> None:
        """Connect, and connect again with jitter, until `close` is called."""
        loop = asyncio.get_running_loop()
        failures = 0
        while not self._closing.is_set():
            started_s = loop.time()
            detail = await self._connect_once()
            if loop.time() - started_s > RECONNECT_S_MAX:
                failures = 0
            failures += 1
            self._on_state(SessionState(connected=False, session_present=False, detail=detail))
            await self._pause(failures)

    async def _pause(self, failures: int) -> None:
        """Wait a random time, longer after each failure, so that clients do not come in step."""
        longest_s = min(RECONNECT_S_MAX, RECONNECT_S_MIN * 2 ** min(failures, 10))
        delay_s = random.uniform(RECONNECT_S_MIN, longest_s)  # noqa: S311 - spreads load, no secret
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), delay_s)

    async def _connect_once(self) -> str:
        """Hold one connection for as long as it lasts; return why it ended."""
        self._epoch += 1
        connection = Connection(self.settings, self._epoch, self._outbox, self._on_batch)
        self._attempt = connection
        try:
            why = await self._hold(connection)
        finally:
            self._attempt = self._connection = None
            self._outbox.disconnected()
            connection.abort()
        if connection.fault is not None:
            raise connection.fault
        return f"{self.settings.broker}: {'closed' if self._closing.is_set() else why}"

    async def _hold(self, connection: Connection) -> str:
        try:
            session_present = await self._open(connection)
        except TimeoutError:
            return f"no answer within {self.settings.connect_s_max:g} s"
        except (OSError, ProtocolError, UnicodeError) as error:  # the last: an impossible host name
            return unanswered(words_of(error), tls=self.settings.broker.tls)
        self._live(connection, session_present=session_present)
        await connection.ended
        return connection.why

    async def _open(self, connection: Connection) -> bool:
        """Connect and subscribe; return whether the broker kept our session."""
        broker = self.settings.broker
        try:
            async with asyncio.timeout(self.settings.connect_s_max) as self._connect_limit:
                transport, _ = await asyncio.get_running_loop().create_connection(
                    lambda: connection, broker.host, broker.port, ssl=tls_of(self.settings)
                )
                self.broker_end_s = peer_end_s(transport.get_extra_info("peercert"))
                return await connection.ready
        finally:
            self._connect_limit = None

    def _live(self, connection: Connection, *, session_present: bool) -> None:
        self._connection = connection
        self._refusals_told.clear()
        if not self._reading:
            connection.set_reading(on=False)
        self._on_state(
            SessionState(
                connected=True,
                session_present=session_present,
                detail=f"connected to {self.settings.broker}",
            )
        )
        connection.pump()

    def _refused(self, topic: str, reason_code: int) -> None:
        if reason_code not in self._refusals_told:
            self._refusals_told.add(reason_code)
            self._on_refusal(Refusal(topic, _puback(reason_code), reason_code == NOT_AUTHORIZED))

    def ack(self, receipt: int) -> None:
        """Acknowledge a message: the broker may forget it.

        A receipt from an earlier connection is ignored: the broker repeats that message.
        """
        connection = self._connection or self._attempt
        epoch, packet_id = divmod(receipt, RECEIPTS_PER_CONNECTION)
        if connection is not None and connection.epoch == epoch:
            connection.send(mqtt5.PubAckPacket(packet_id).write())

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        on_done: OnDone | None = None,
        trace: str | None = None,
    ) -> None:
        """Send a message: at QoS 1 kept until acknowledged, at QoS 0 only while it can go out now.

        Raises:
            OutboxFullError: Too many messages wait for the broker.
            SessionClosedError: `close` was called.
        """
        if self._closing.is_set():
            raise SessionClosedError("the session is closed")
        connection = self._connection
        if qos == 0:
            if connection is not None and connection.writable:
                connection.send(mqtt5.PublishPacket(topic, payload, retain=retain).write())
            return
        self._outbox.offer(OutgoingPublish(topic, payload, retain, on_done, trace))
        if connection is not None:
            connection.pump_soon()

    def pause_reading(self) -> None:
        """Take no more bytes from the broker until `resume_reading`: back-pressure."""
        self._reading = False
        if self._connection is not None:
            self._connection.set_reading(on=False)

    def resume_reading(self) -> None:
        """Read on."""
        self._reading = True
        if self._connection is not None:
            self._connection.set_reading(on=True)

    async def close(self, *, drain_s: float = 2.0) -> None:
        """Wait up to `drain_s` for the outbox to empty, say goodbye, and end `run`.

        Whatever the broker does, it takes at most a second more.
        """
        loop = asyncio.get_running_loop()
        until_s = loop.time() + drain_s
        while self.backlog and self.connected and loop.time() < until_s:  # noqa: ASYNC110 - brief, once
            await asyncio.sleep(0.01)
        self._closing.set()
        connection = self._connection or self._attempt
        if connection is None:
            return
        connection.say_goodbye()
        await asyncio.wait([connection.ended], timeout=GOODBYE_S_MAX)
        connection.abort()
        limit = self._connect_limit
        if limit is not None and not limit.expired():
            limit.reschedule(loop.time())  # ends a name lookup, a TCP or a TLS handshake


def _puback(code: int) -> str:
    try:
        return spoken(mqtt5.PubAckReasonCode(code))
    except ValueError:
        return f"reason {code}"
