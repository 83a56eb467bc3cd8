"""A gateway as a process of its own, which can be made to die at an exact place."""

import asyncio
import sys
from pathlib import Path
from typing import Protocol

import msgspec

from alarm_gateway.adapters.chain import verify_chain
from alarm_gateway.adapters.journal import read_rows
from alarm_protocol.codec import encode_press
from alarm_protocol.households import HouseholdFile
from alarm_protocol.messages import Press
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import DeviceId, PressId
from simulator.processes import Part
from tests.helpers.gateway import DEVICE, OTHER_DEVICE, household, key_of
from tests.helpers.wire import Witness

DYING = Path(__file__).parent / "dying_gateway.py"


class Broker(Protocol):
    """What these tests need of the broker's fixture."""

    port: int
    url: str

    def start(self) -> None:
        """Start it on the same port."""

    def kill(self) -> None:
        """End it at once."""


def press(number: int, device_id: DeviceId = DEVICE, attempt: int = 1) -> bytes:
    """Return a signed press."""
    message = Press(
        press_id=PressId(f"press-{number}"),
        device_id=device_id,
        sequence=number,
        pressed_at_ms=now_ms(),
        trigger="press",
        attempt=attempt,
    )
    return encode_press(message, key_of(device_id))


class Gateway:
    """A gateway process on a folder of its own; it can be made to die at a place."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.data_dir = folder / "data"
        self.marker = folder / "die-now"
        self._folder = folder
        registry = folder / "households.json"
        homes = tuple(household(device_id) for device_id in (DEVICE, OTHER_DEVICE))
        file = HouseholdFile(format="aware-households", version=1, synthetic=True, households=homes)
        registry.write_bytes(msgspec.json.encode(file))
        self._options = [
            "run", "--broker", broker.url, "--data-dir", str(self.data_dir),
            "--registry", str(registry),
        ]  # fmt: skip
        self.part = self._part("-m", "alarm_gateway")

    def _part(self, *program: str) -> Part:
        return Part(
            "gateway",
            [sys.executable, *program, *self._options],
            log=self._folder / "gateway.log",
        )

    def command(self, *options: str) -> list[str]:
        """Return the command line of a gateway with further options."""
        return [sys.executable, "-m", "alarm_gateway", *self._options, *options]

    def with_options(self, *options: str) -> Part:
        """Return a gateway with further options, not started yet."""
        return Part("gateway", self.command(*options), log=self._folder / "gateway.log")

    async def start(self, *, dying: str | None = None) -> None:
        """Start it; `dying` names the place where it dies once the marker exists."""
        self.part = (
            self._part("-m", "alarm_gateway")
            if dying is None
            else self._part(str(DYING), dying, str(self.marker))
        )
        await self.part.start()

    def kinds(self) -> list[str]:
        """Return what is in the journal, deliveries and escalations left out."""
        report = verify_chain(read_rows(self.data_dir))
        assert None is report.fault
        kept = ("pressed", "acted", "refused", "quarantined")
        return [row.kind for row in read_rows(self.data_dir) if row.kind in kept]


async def answered(someone: Witness, number: int, device_id: DeviceId = DEVICE) -> None:
    """Wait until a press has its `received`."""

    def has_feedback() -> bool:
        wanted = (f"press-{number}", "received")
        return wanted in [(one.press_id, one.status) for one in someone.feedback(device_id)]

    await someone.until(has_feedback, f"the answer to press-{number}")


async def died(part: Part) -> None:
    """Wait until the gateway is dead."""
    async with asyncio.timeout(20):
        while not part.has_ended():
            await asyncio.sleep(0.01)
