"""Somebody who can publish what they like, hears what others publish, and has no key."""

from alarm_protocol import topics
from alarm_protocol.codec import decode_press, encode_press
from alarm_protocol.errors import WireError
from alarm_protocol.messages import Press
from alarm_protocol.units import POLICE, DeviceId, PressId, TimestampMs
from simulator.world.client import Client, ClientSettings, Net
from simulator.world.loop import dice_of

ATTACKS = (
    "unsigned", "forged", "replay", "foreign", "double", "stranger", "garbage", "action",
    "flood",
)  # fmt: skip
STRANGER = DeviceId("stranger-1")
"""A device that is in no file."""
_GARBAGE_BYTES_MAX = 300
FLOOD_MAX = 120


class Attacker:
    """One attacker, connected like everybody else."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self._dice = dice_of(net.seed, "attacker")
        self._count = 0
        self._client = Client(
            net,
            ClientSettings(client_id="attacker", filters=()),
            on_message=lambda _message: None,
            on_state=lambda _connected: None,
        )
        self._ways = {
            "unsigned": lambda victim: self._made_up(victim, key=None),
            "forged": lambda victim: self._made_up(victim, key=b"x" * 32),
            "stranger": lambda _victim: self._made_up(STRANGER, key=b"x" * 32),
            "replay": lambda _victim: self._heard("/press"),
            "action": lambda _victim: self._heard("/actions"),
            "foreign": self._foreign,
            "double": self._double,
            "garbage": self._garbage,
        }

    def start(self) -> None:
        """Connect."""
        self._client.start()

    def attack(self, victim: DeviceId, how: str) -> None:
        """Send one message, or a flood of them; nothing where nothing was overheard yet."""
        ways = ("garbage", "stranger", "unsigned") if how == "flood" else (how,)
        for _ in range(self._dice.randint(40, FLOOD_MAX) if how == "flood" else 1):
            message = self._ways[self._dice.choice(ways)](victim)
            if message is not None:
                self._client.publish(*message)

    def _made_up(self, victim: DeviceId, key: bytes | None) -> tuple[str, bytes]:
        self._count += 1
        now_ms = TimestampMs(self._net.loop.now_ms)
        press = Press(
            press_id=PressId(f"made-up-{self._count}"),
            device_id=victim,
            sequence=self._dice.randint(0, 2**50),
            pressed_at_ms=now_ms,
            trigger=self._dice.choice(("press", "test", "cancel")),
            attempt=1,
        )
        return topics.press(victim), encode_press(press, key)

    def _heard(self, ending: str) -> tuple[str, bytes] | None:
        heard = [message for message in self._net.broker.heard if message[0].endswith(ending)]
        return self._dice.choice(heard) if heard else None

    def _foreign(self, victim: DeviceId) -> tuple[str, bytes] | None:
        heard = self._heard("/press")
        return None if heard is None else (topics.press(victim), heard[1])

    def _double(self, _victim: DeviceId) -> tuple[str, bytes] | None:
        """Send a press that was overheard again, without its signature."""
        heard = self._heard("/press")
        if heard is None:
            return None
        try:
            line = decode_press(heard[1]).line
        except WireError:
            return None
        return heard[0], line.encode()

    def _garbage(self, victim: DeviceId) -> tuple[str, bytes]:
        junk = self._dice.randbytes(self._dice.randint(0, _GARBAGE_BYTES_MAX))
        return self._dice.choice((topics.press(victim), topics.actions(POLICE))), junk
