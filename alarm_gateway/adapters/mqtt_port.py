"""The gateway's two MQTT sessions: the alarm lane, and the supervision lane beside it.

Heartbeats outnumber presses by far. They have a session of their own and are handled in
small slices between turns of the event loop, so that a press never waits behind them.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable

from alarm_gateway.core.decode import alarm_input, supervision_input
from alarm_gateway.core.effects import Effects
from alarm_gateway.core.inputs import (
    DeliveriesConfirmed,
    Input,
    PaintedReported,
    PressReceived,
)
from alarm_protocol import topics
from alarm_protocol.codec import encode
from alarm_protocol.errors import SessionClosedError
from alarm_protocol.messages import GatewayStatus
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.runtime.mqtt_session import (
    MqttSession,
    OutboxFullError,
    Received,
    Refusal,
    SessionSettings,
    SessionState,
    Will,
)
from alarm_protocol.units import ConsoleId, DeviceId, TimestampMs, device_id_of

SLICE_MESSAGES_MAX = 64
SUPERVISION_QUEUE_MAX = 4_096
SUPERVISION_WINDOW = 10
"""Link messages that the broker may have on their way to us at a time. Where 5,000 links break at
once it would else be busy with their wills, and with our acknowledgements, while a press waits."""
BACKLOG_HIGH = 20_000
"""Outgoing messages above which incoming ones are no longer acknowledged."""
CONFIRMATIONS_HELD_S = 0.025
CONFIRMATIONS_HELD_MAX = 64
"""Messages, each with up to 32 confirmations."""
TRACES_MAX = 10_000
"""Devices of which the trace of the newest press is kept; the oldest goes first."""
CONGESTED_FROM = 2_000
"""Outgoing messages above which nothing is published again for want of a confirmation."""
_DOWN = encode(GatewayStatus(status="down", at_ms=TimestampMs(0)))

OnInputs = Callable[[list[Input]], None]
OnState = Callable[[str, SessionState], None]
OnRefusal = Callable[[str, Refusal], None]


class MqttPort:
    """Messages in as inputs, effects out as messages.

    Args:
        broker: Where to connect.
        tls: For `mqtts://`.
        supervision_tls: The same for the supervision lane: a broker that takes the name in a
            certificate for the client id has to know the two lanes apart.
        on_alarm_lane: Gets the inputs of the alarm lane.
        on_supervision: Gets the inputs of the supervision lane, a slice at a time.
        on_state: Hears of each session's connection, by the session's name.
        on_refusal: Hears of what the broker refuses us to publish, by the session's name.
    """

    def __init__(
        self,
        broker: BrokerUrl,
        *,
        tls: ssl.SSLContext | None,
        supervision_tls: ssl.SSLContext | None,
        on_alarm_lane: OnInputs,
        on_supervision: OnInputs,
        on_state: OnState,
        on_refusal: OnRefusal,
    ) -> None:
        self.lets_us = True
        """Whether the broker took our status, when it last answered one."""
        self._status_asked = False
        self.unreadable_supervision = 0
        self.unsent = 0
        """Messages that found the outbox full; they are sent again end to end."""
        self._on_alarm_lane = on_alarm_lane
        self._on_supervision = on_supervision
        self._supervision_queue: deque[Received] = deque()
        self._slice_planned = False
        self._unanswered: deque[int] = deque()
        """Receipts of the alarm lane that are not acknowledged, in the order of arrival."""
        self._durable: set[int] = set()
        """Those of them that may be."""
        self.traces: dict[DeviceId, str] = {}
        """The `traceparent` of a device's newest press, where it came with one."""
        self._acks_held = False
        self._confirmations: list[Input] = []
        self.alarm_lane = MqttSession(
            SessionSettings(
                broker=broker,
                client_id="alarm-gateway-alarms",
                subscriptions=((topics.ALL_PRESSES, 1), (topics.ALL_ACTIONS, 1)),
                will=Will(topics.GATEWAY_STATUS, _DOWN),
                session_expiry_s=7 * 86_400,
                receive_max=2_000,
                tls=tls,
            ),
            on_batch=self._alarm_batch,
            on_state=lambda state: on_state("alarms", state),
            on_refusal=lambda refusal: on_refusal("alarms", refusal),
        )
        self.supervision_lane = MqttSession(
            SessionSettings(
                broker=broker,
                client_id="alarm-gateway-supervision",
                subscriptions=(
                    (topics.ALL_HEARTBEATS, 0),
                    (topics.ALL_LINKS, 1),
                    (topics.ALL_PRESENCE, 1),
                ),
                clean_start=True,
                session_expiry_s=0,
                receive_max=SUPERVISION_WINDOW,
                tls=supervision_tls,
            ),
            on_batch=self._supervision_batch,
            on_state=lambda state: on_state("supervision", state),
            on_refusal=lambda refusal: on_refusal("supervision", refusal),
        )

    # -- in -----------------------------------------------------------------------------

    def _alarm_batch(self, batch: list[Received]) -> None:
        inputs: list[Input] = []
        for topic, payload, _, receipt, trace in batch:
            if receipt is not None:
                self._unanswered.append(receipt)
            received = alarm_input(topic, payload, receipt)
            if isinstance(received, DeliveriesConfirmed | PaintedReported):
                self._hold(received)
                continue
            inputs.append(received)
            if (trace is not None or self.traces) and isinstance(received, PressReceived):
                self._remember(received.device_id, trace)
        if inputs:
            self._on_alarm_lane(inputs)

    def _remember(self, device_id: DeviceId, trace: str | None) -> None:
        """Keep the trace of a device's newest press, for what is published about it."""
        self.traces.pop(device_id, None)
        if trace is not None:
            self.traces[device_id] = trace
            if len(self.traces) > TRACES_MAX:
                del self.traces[next(iter(self.traces))]

    def _hold(self, confirmed: DeliveriesConfirmed | PaintedReported) -> None:
        """Let receipts gather: nobody waits for them, and both consoles' are one record."""
        self._confirmations.append(confirmed)
        if len(self._confirmations) >= CONFIRMATIONS_HELD_MAX:
            self.hand_over()
        elif len(self._confirmations) == 1:
            asyncio.get_running_loop().call_later(CONFIRMATIONS_HELD_S, self.hand_over)

    def hand_over(self) -> None:
        """Give the engine the confirmations that have gathered."""
        confirmations, self._confirmations = self._confirmations, []
        if confirmations:
            self._on_alarm_lane(confirmations)

    def _supervision_batch(self, batch: list[Received]) -> None:
        self._supervision_queue += batch
        if len(self._supervision_queue) > SUPERVISION_QUEUE_MAX:
            self.supervision_lane.pause_reading()
        self._plan_slice()

    def _plan_slice(self) -> None:
        if not self._slice_planned:
            self._slice_planned = True
            asyncio.get_running_loop().call_soon(self._slice)

    def _slice(self) -> None:
        self._slice_planned = False
        waiting = self._supervision_queue
        inputs: list[Input] = []
        for _ in range(min(SLICE_MESSAGES_MAX, len(waiting))):
            message = waiting.popleft()
            received = supervision_input(message.topic, message.payload)
            if received is None:
                self.unreadable_supervision += 1
            else:
                inputs.append(received)
            if message.receipt is not None:
                self.supervision_lane.ack(message.receipt)
        if inputs:
            self._on_supervision(inputs)
        if waiting:
            self._plan_slice()
        else:
            self.supervision_lane.resume_reading()

    # -- out ----------------------------------------------------------------------------

    def perform(self, effects: Effects) -> None:
        """Publish what is durable, and only then acknowledge what caused it."""
        publish, traces = self.alarm_lane.publish, self.traces
        try:
            for console, alarm_id, payload in effects.views:
                trace = traces.get(device_id_of(alarm_id)) if traces else None
                publish(topics.alarm_view(console, alarm_id), payload, retain=True, trace=trace)
            for device_id, feedback in effects.feedback:
                publish(topics.feedback(device_id), encode(feedback), trace=traces.get(device_id))
        except (OutboxFullError, SessionClosedError):
            # Not lost: the device repeats its press and the gateway its view, until answered.
            self.unsent += 1
        self._durable.update(effects.acks)
        if self.alarm_lane.backlog > BACKLOG_HIGH:
            self._acks_held = True
        self.release_acks()

    @property
    def supervision_waiting(self) -> int:
        """Messages of the supervision lane that wait for their turn."""
        return len(self._supervision_queue)

    @property
    def unacknowledged(self) -> int:
        """Messages of the alarm lane that the broker has not been told to forget."""
        return len(self._unanswered)

    @property
    def congested(self) -> bool:
        """Whether so much waits for the broker that a repeat would stand behind its original."""
        return self.alarm_lane.backlog > CONGESTED_FROM

    def release_acks(self) -> None:
        """Acknowledge what is durable, in the order in which it came, as MQTT wants it.

        Nothing for as long as the broker has not taken enough of ours.
        """
        if self._acks_held and self.alarm_lane.backlog >= BACKLOG_HIGH // 2:
            return
        self._acks_held = False
        unanswered, durable = self._unanswered, self._durable
        while unanswered and unanswered[0] in durable:
            receipt = unanswered.popleft()
            durable.remove(receipt)
            self.alarm_lane.ack(receipt)

    def publish_status(self, status: GatewayStatus) -> None:
        """Say that the gateway lives, or that it stops on purpose."""
        # One at a time is asked after: the others replace each other while they wait.
        on_done = None if self._status_asked else self._status_answered
        try:
            self.alarm_lane.publish(
                topics.GATEWAY_STATUS, encode(status), retain=True, on_done=on_done
            )
        except (OutboxFullError, SessionClosedError):
            self.unsent += 1
        else:
            self._status_asked = True

    def _status_answered(self, taken: bool) -> None:
        self._status_asked = False
        self.lets_us = taken

    def publish_overview(self, console: ConsoleId, payload: bytes) -> bool:
        """Tell a console's supervisors how all stands, beside the alarm lane; return if sent."""
        if not self.supervision_lane.connected:
            return False
        try:
            self.supervision_lane.publish(topics.overview(console), payload, retain=True)
        except (OutboxFullError, SessionClosedError):
            return False
        return True

    def say_up(self) -> None:
        """Publish the status that consoles watch."""
        self.publish_status(GatewayStatus(status="up", at_ms=now_ms()))
