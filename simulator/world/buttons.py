"""Devices in their homes: the real core, on a connection and a clock of its own."""

from alarm_protocol.codec import decode_feedback
from alarm_protocol.errors import WireError
from alarm_protocol.messages import Trigger
from alarm_protocol.units import DeviceId, DurationMs, PressId, TimestampMs
from simulator.core.device import Device, DeviceSettings, Outgoing, PressRefused
from simulator.world.broker import Message
from simulator.world.client import Client, ClientSettings, Net, Received
from simulator.world.homes import key_of, location_of
from simulator.world.loop import START_MS
from simulator.world.plan import DevicePlan
from simulator.world.witness import Witness

PPM = 1_000_000


class Button:
    """One device over all its lives.

    Its schedule and its timestamps run on its own clock, which drifts; like the fleet's steady
    clock it never jumps while the device lives, and may be wrong by any amount after a restart.
    """

    def __init__(
        self, net: Net, plan: DevicePlan, witness: Witness, heartbeat_every_ms: int
    ) -> None:
        self.plan = plan
        self.device_id = DeviceId(plan.device_id)
        self.client_id = f"device-{plan.device_id}"
        self.presses = 0
        self.refused = 0
        self._net = net
        self._loop = net.loop
        self._witness = witness
        self._heartbeat_every_ms = heartbeat_every_ms
        self._offset_ms = plan.clock_offset_ms
        self._woken_for_ms = -1
        self._begin()

    def _begin(self) -> None:
        now_ms = self._now_ms()
        settings = DeviceSettings(
            device_id=self.device_id,
            key=key_of(self.plan) if self.plan.signed else None,
            heartbeat_every_ms=DurationMs(self._heartbeat_every_ms),
            location=location_of(self.plan),
        )
        phase_ms = self.plan.number * 7_919 % self._heartbeat_every_ms
        self.device = Device(
            settings, sequence=now_ms, heartbeat_at_ms=TimestampMs(now_ms + phase_ms)
        )
        down = self.device.link("down")
        self._client = Client(
            self._net,
            ClientSettings(
                client_id=self.client_id,
                filters=((self.device.feedback_topic, 1),),
                will=Message(down.topic, down.payload, down.qos, retain=True),
                receive_max=20,
            ),
            on_message=self._take,
            on_state=self._state,
        )

    def start(self) -> None:
        """Connect."""
        self._client.start()

    def restart(self, offset_ms: int) -> None:
        """Lose power, all that is unanswered, and the right time."""
        self._witness.rebooted(self.device_id, tuple(self.device.pending))
        self._client.die()
        self._offset_ms = offset_ms
        self._begin()
        self._client.start()

    def press(self, trigger: Trigger) -> None:
        """Press the button."""
        self.presses += 1
        press_id = PressId(f"{self.device_id}-p{self.presses}")
        outgoing = self.device.press(press_id, trigger, self._now_ms())
        if isinstance(outgoing, PressRefused):
            self.refused += 1
            return
        self._witness.pressed(self.device_id, press_id, trigger)
        self._send(outgoing)

    def _now_ms(self) -> TimestampMs:
        passed_ms = self._loop.now_ms - START_MS
        drift_ms = passed_ms * self.plan.drift_ppm // PPM
        return TimestampMs(max(0, self._loop.now_ms + self._offset_ms + drift_ms))

    def _take(self, message: Received) -> None:
        try:
            feedback = decode_feedback(message.payload)
        except WireError as error:
            self._witness.note(self.device_id, f"unreadable feedback: {error}")
            return
        outcome = self.device.feedback(feedback)
        if outcome != "unknown_press":
            self._witness.believed(self.device_id, feedback)

    def _state(self, connected: bool) -> None:
        if connected:
            self._send(self.device.connected(self._now_ms()))
        else:
            self.device.disconnected()

    def _wake(self, due_ms: int) -> None:
        if due_ms == self._woken_for_ms:
            self._woken_for_ms = -1
            self._send(self.device.poll(self._now_ms()))

    def _send(self, messages: list[Outgoing]) -> None:
        for message in messages:
            self._client.publish(
                message.topic, message.payload, qos=message.qos, retain=message.retain
            )
        wake_ms = self.device.next_wake_ms()
        if wake_ms is None:
            return
        wait_ms = max(1, wake_ms - self._now_ms())
        due_ms = self._loop.now_ms + wait_ms + wait_ms * abs(self.plan.drift_ppm) // PPM
        if not self._loop.now_ms < self._woken_for_ms <= due_ms:
            self._woken_for_ms = due_ms
            self._loop.at(due_ms, self._wake, due_ms)
