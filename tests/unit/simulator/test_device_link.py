"""A simulated device's connection, against servers that are no brokers."""

import asyncio

import pytest

from alarm_protocol.runtime.broker_url import BrokerUrl
from simulator import device_link, households
from simulator.device_link import BEAT_STEP_MS
from simulator.fleet import Fleet, FleetSettings

WAIT_S = 10


async def test_a_broker_that_never_answers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that stays without an answer to CONNECT is closed, and another is tried."""
    monkeypatch.setattr(device_link, "CONNECT_S_MAX", 0.2)
    came: asyncio.Queue[asyncio.StreamReader] = asyncio.Queue()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.put_nowait(reader)
        await reader.read()  # CONNECT, and nothing after it until the device leaves
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    stop = asyncio.Event()

    async def ready() -> None:
        """Never comes."""

    fleet = Fleet(
        FleetSettings(
            broker=BrokerUrl("127.0.0.1", port, tls=False),
            households=households.generate(1, seed=1).households,
        )
    )
    running = asyncio.create_task(fleet.run(stop, ready))
    try:
        for _ in range(2):
            await asyncio.wait_for(came.get(), WAIT_S)
    finally:
        stop.set()
        await asyncio.wait_for(running, WAIT_S)
        server.close()


async def test_slow_heartbeats_share_their_turns_and_presses_do_not_wait() -> None:
    """Heartbeats of a fleet fall on half seconds; a press that repeats does so on its own time."""
    (home,) = households.generate(1, seed=1).households
    wakes = {}
    for every_s in (60.0, 1.0):
        nowhere = BrokerUrl("127.0.0.1", 9, tls=False)
        fleet = Fleet(
            FleetSettings(broker=nowhere, households=[home], heartbeat_every_s=every_s, seed=3)
        )
        link = fleet.links[home.device_id]
        link.device.connected(fleet.shared.steady.now_ms())
        link._plan()
        wakes[every_s] = link._wake_ms
        assert 0 <= link._wake_ms - (link.device.next_wake_ms() or 0) < BEAT_STEP_MS
        assert fleet.press(home.device_id, "press") is not None
        assert link._wake_ms == link.device.next_wake_ms()
        fleet.schedule.stop()
    assert 0 == wakes[60.0] % BEAT_STEP_MS
