"""The attacker of a scenario: publishes what they like, has heard some presses, has no key."""

from collections import deque
from random import Random

from alarm_protocol import topics
from alarm_protocol.codec import encode_press
from alarm_protocol.messages import Press
from alarm_protocol.runtime.mqtt_session import MqttSession
from alarm_protocol.units import DeviceId, PressId, TimestampMs
from simulator.core.device import Outgoing
from simulator.scenario.plan import Event

HEARD_MAX = 500
GARBAGE_BYTES_MAX = 200
_WRONG_KEY = b"x" * 32


class Attacker:
    """Sends one message for each event that says so."""

    def __init__(self, run_id: str) -> None:
        self.sent = 0
        self._run_id = run_id
        self._heard: deque[Outgoing] = deque(maxlen=HEARD_MAX)

    def hear(self, message: Outgoing) -> None:
        """Overhear a press."""
        if message.press is not None:
            self._heard.append(message)

    def attack(
        self, session: MqttSession, event: Event, victim: DeviceId, now_ms: TimestampMs
    ) -> None:
        """Send what an event says; a replay is nothing where nothing was overheard yet."""
        dice = Random(event.value)  # noqa: S311 - a schedule, no secret
        self.sent += 1
        match event.how:
            case "strangers":
                stranger = DeviceId(f"stranger-{dice.randrange(1, 100)}")
                session.publish(topics.press(stranger), self._made_up(stranger, now_ms, dice))
            case "forged":
                session.publish(topics.press(victim), self._made_up(victim, now_ms, dice))
            case "replays" if self._heard:
                message = self._heard[dice.randrange(len(self._heard))]
                session.publish(message.topic, message.payload)
            case "garbage":
                junk = dice.randbytes(dice.randint(0, GARBAGE_BYTES_MAX))
                session.publish(topics.press(victim), junk)

    def _made_up(self, device_id: DeviceId, now_ms: TimestampMs, dice: Random) -> bytes:
        press = Press(
            press_id=PressId(f"made-up-{self._run_id}-{self.sent}"),
            device_id=device_id,
            sequence=dice.randrange(2**40),
            pressed_at_ms=now_ms,
            trigger="press",
            attempt=1,
        )
        return encode_press(press, _WRONG_KEY)
