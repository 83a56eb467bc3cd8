"""What the outages share: a chain on a folder, and a sender of other people's messages."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from alarm_protocol.runtime import clock
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.mqtt_session import MqttSession, SessionSettings
from alarm_protocol.units import DeviceId
from simulator import households
from simulator.chaos.errors import ChaosError
from simulator.chaos.ledger import Pressed
from simulator.chaos.rig import Rig, RigSettings

CONNECT_S_MAX = 20.0
SETTLE_S_MAX = 60.0
_POLL_S = 0.01


class Scene:
    """A chain with some pressing devices, and further households that are only in the file."""

    def __init__(self, folder: Path, *, pressers: int, others: int = 0, seed: int = 1) -> None:
        file = households.generate(pressers + others, seed)
        registry = folder / "households.json"
        households.write(file, registry)
        self.folder = folder
        self.registry = registry
        self.pressers = file.households[:pressers]
        self.others = file.households[pressers:]
        self.rig = Rig(
            RigSettings(
                folder=folder,
                registry=registry,
                households=self.pressers,
                rate_per_s=1.0,
                finish_per_s=0.0,
                seed=seed,
            )
        )

    @property
    def devices(self) -> list[DeviceId]:
        """The devices that press."""
        return [household.device_id for household in self.pressers]

    async def press_each(self, devices: Sequence[DeviceId], per_s: float) -> list[Pressed]:
        """Press these devices one after the other, at a steady rate; wait for nothing."""
        start_s = clock.monotonic_s()
        made: list[Pressed] = []
        for number, device_id in enumerate(devices):
            await asyncio.sleep(max(0.0, start_s + number / per_s - clock.monotonic_s()))
            press_id = self.rig.press(device_id)
            if press_id is None:
                raise ChaosError(f"{device_id} takes no further press")
            made.append(self.rig.ledger.presses[press_id])
        return made

    async def settle(self) -> bool:
        """Wait until every press is answered and on both consoles."""
        return await self.rig.settle(SETTLE_S_MAX)


@contextlib.asynccontextmanager
async def sender(broker: BrokerUrl, client_id: str) -> AsyncIterator[MqttSession]:
    """Hold a session that publishes whatever it is told, on anybody's topic."""
    settings = SessionSettings(
        broker=broker,
        client_id=client_id,
        clean_start=True,
        session_expiry_s=0,
        outbox_max=200_000,
    )
    session = MqttSession(settings, on_batch=lambda _: None)
    task = asyncio.create_task(session.run(), name=client_id)
    try:
        until_s = clock.monotonic_s() + CONNECT_S_MAX
        while not session.connected:
            if clock.monotonic_s() > until_s:
                raise ChaosError(f"no broker answers at {broker}")
            await asyncio.sleep(_POLL_S)
        yield session
    finally:
        await session.close(drain_s=2.0)
        await asyncio.wait({task})
