"""One simulated device on its own MQTT connection: the core, driven by socket and clock."""

import asyncio
from collections.abc import Callable

import structlog

from alarm_protocol.codec import decode_feedback
from alarm_protocol.errors import SessionClosedError, WireError
from alarm_protocol.households import Household
from alarm_protocol.messages import Feedback, Location, Trigger
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.mqtt_session import (
    MqttSession,
    OutboxFullError,
    Received,
    SessionSettings,
    SessionState,
    Will,
)
from alarm_protocol.units import DurationMs, PressId, TimestampMs
from simulator import ids
from simulator.core.device import Device, DeviceSettings, FeedbackOutcome, Outgoing, PressRefused
from simulator.steady_clock import SteadyClock

KEEP_ALIVE_S = 60
OUTBOX_MAX = 100
RECEIVE_MAX = 20
_ACCURACY_M = 12.0

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


class DeviceLink:
    """A device that keeps itself connected, beats, repeats, and listens for feedback.

    Args:
        device: The core to drive.
        broker: Where to connect.
        steady: The time for its schedule.
        on_feedback: Hears every feedback message and what it meant.
        on_sent: Hears of every press handed to the session, repeats too.
    """

    def __init__(
        self,
        device: Device,
        broker: BrokerUrl,
        steady: SteadyClock,
        *,
        on_feedback: OnFeedback | None = None,
        on_sent: OnSent | None = None,
    ) -> None:
        self.device = device
        self.online = asyncio.Event()
        """Set while connected and subscribed."""
        self._steady = steady
        self._on_feedback = on_feedback
        self._on_sent = on_sent
        self._timer: asyncio.TimerHandle | None = None
        down = device.link("down")
        self._session = MqttSession(
            SessionSettings(
                broker=broker,
                client_id=f"device-{device.device_id}",
                subscriptions=((device.feedback_topic, 1),),
                will=Will(down.topic, down.payload, qos=down.qos, retain=down.retain),
                keep_alive_s=KEEP_ALIVE_S,
                receive_max=RECEIVE_MAX,
                outbox_max=OUTBOX_MAX,
            ),
            on_batch=self._take,
            on_state=self._state,
        )

    async def run(self) -> None:
        """Stay connected until `close`."""
        await self._session.run()

    async def close(self) -> None:
        """Say `link down` on purpose and end `run`."""
        self._cancel_timer()
        if self._session.connected:
            self._publish([self.device.link("down")])
        self.device.disconnected()
        await self._session.close()

    def press(self, trigger: Trigger) -> PressId | PressRefused:
        """Press the button; the press goes out now, or as soon as there is a connection."""
        now_ms = self._steady.now_ms()
        press_id = ids.press_id(now_ms)
        outgoing = self.device.press(press_id, trigger, now_ms)
        if isinstance(outgoing, PressRefused):
            return outgoing
        self._publish(outgoing)
        self._schedule()
        return press_id

    def _state(self, state: SessionState) -> None:
        if state.connected:
            self.online.set()
            self._publish(self.device.connected(self._steady.now_ms()))
        else:
            self.online.clear()
            self.device.disconnected()
        self._schedule()

    def _take(self, batch: list[Received]) -> None:
        for received in batch:
            try:
                message = decode_feedback(received.payload)
            except WireError as error:
                log.warning("feedback unreadable", topic=received.topic, error=str(error))
            else:
                outcome = self.device.feedback(message)
                if self._on_feedback is not None:
                    self._on_feedback(self.device, message, outcome)
            if received.receipt is not None:
                self._session.ack(received.receipt)
        self._schedule()

    def _schedule(self) -> None:
        """Set the timer to the core's next wake, in place of the last one."""
        self._cancel_timer()
        wake_ms = self.device.next_wake_ms()
        if wake_ms is not None:
            delay_s = max(0, wake_ms - self._steady.now_ms()) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._wake)

    def _wake(self) -> None:
        self._publish(self.device.poll(self._steady.now_ms()))
        self._schedule()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _publish(self, messages: list[Outgoing]) -> None:
        for message in messages:
            try:
                self._session.publish(
                    message.topic, message.payload, qos=message.qos, retain=message.retain
                )
            except (OutboxFullError, SessionClosedError) as error:
                # Nothing is lost: the core repeats an unanswered press on its own schedule.
                log.warning("message held back", topic=message.topic, error=str(error))
                continue
            if message.press is not None and self._on_sent is not None:
                self._on_sent(message)
