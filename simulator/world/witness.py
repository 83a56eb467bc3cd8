"""What a world shows to whoever watches it: facts only, the moment they happen."""

from typing import Protocol

from alarm_gateway.adapters.chain import Row
from alarm_protocol.messages import AlarmView, Feedback, Trigger
from alarm_protocol.units import ConsoleId, DeviceId, PressId
from simulator.world.client import Received


class Witness(Protocol):
    """Sees everything and changes nothing. A rule that is broken is raised from here."""

    def note(self, who: str, text: str) -> None:
        """Hear of something worth telling in a story; `who` is a device, console or part."""

    def durable(self, rows: list[Row]) -> None:
        """See rows the moment they are on the disk."""

    def gateway_up(self, life: int) -> None:
        """See the gateway begin a life; it has recovered."""

    def gateway_down(self, why: str) -> None:
        """See the gateway die."""

    def hindered(self, until_ms: int) -> None:
        """Learn that the gateway or its disk cannot be quick before this moment."""

    def tick(self) -> None:
        """See the gateway's clock tick, after all that was due."""

    def arrived(self, message: Received) -> None:
        """See a message reach the living gateway on its alarm lane."""

    def published(self, topic: str, payload: bytes) -> None:
        """See the gateway hand a view or feedback to its session."""

    def acked(self, message: Received) -> None:
        """See the gateway acknowledge a message."""

    def pressed(self, device_id: DeviceId, press_id: PressId, trigger: Trigger) -> None:
        """See a finger press a button."""

    def rebooted(self, device_id: DeviceId, forgotten: tuple[str, ...]) -> None:
        """See a device restart and forget its unanswered presses."""

    def believed(self, device_id: DeviceId, feedback: Feedback) -> None:
        """See a device take feedback."""

    def shown(self, console: ConsoleId, life: int, view: AlarmView) -> None:
        """See what a board holds of an alarm after a view came in."""
