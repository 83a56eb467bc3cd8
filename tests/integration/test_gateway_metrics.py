"""A gateway that shows itself over HTTP: metrics, alive, ready, and off unless asked for."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp

from alarm_protocol import topics
from alarm_protocol.codec import encode
from alarm_protocol.messages import Painted, Sighting
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import CONSOLES, ActionId, AlarmId, ConsoleId
from tests.helpers.figures import Samples, scrape
from tests.helpers.gateway import DEVICE
from tests.helpers.gateway_process import Broker, Gateway, answered, press
from tests.helpers.wire import witness
from tests.integration.conftest import free_port

DEADLINE_S = 20.0
ALARM = AlarmId("aware-000001.1")


async def ask(port: int, path: str) -> tuple[int, Any]:
    """Return the status and the JSON of an answer."""
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, await answer.json()


async def until(port: int, holds: Callable[[Samples], bool]) -> Samples:
    """Scrape until something holds."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            found = await scrape(f"http://127.0.0.1:{port}")
            if holds(found):
                return found
            await asyncio.sleep(0.05)


def seen_at(console: ConsoleId) -> bytes:
    """Return what a console tells of an alarm that is on a screen now."""
    sighting = Sighting(alarm_id=ALARM, version=1, at_ms=now_ms())
    action_id = ActionId(f"painted-{console}")
    report = Painted(action_id=action_id, at_ms=now_ms(), operator="Ans", sightings=(sighting,))
    return encode(report)


async def test_a_press_is_seen_in_every_figure(mosquitto: Broker, gateway: Gateway) -> None:
    """Counted once with its stages, up to a screen; open at both; the journal has grown."""
    port = free_port()
    gateway.part = gateway.with_options("--metrics-port", str(port))
    await gateway.part.start()
    async with witness(mosquitto.port) as someone:
        pressed = press(1)
        await someone.publish(topics.press(DEVICE), pressed)
        await answered(someone, 1)
        await someone.publish(topics.press(DEVICE), pressed)
        await until(
            port, lambda now: bool(now.get(("aware_gateway_presses_total", "none", "repeated")))
        )
        for console in (*CONSOLES, *CONSOLES):
            await someone.publish(topics.actions(console), seen_at(console))
        painted = ("aware_gateway_stage_seconds_count", "painted")
        found = await until(port, lambda now: now[painted] >= len(CONSOLES))
    assert len(CONSOLES) == found[painted]
    name = "aware_gateway_presses_total"
    assert (1, 1) == (found[name, "none", "opened"], found[name, "none", "repeated"])
    for stage in ("received", "decided", "durable", "published"):
        assert 1 == found["aware_gateway_stage_seconds_count", stage], stage
    for console in CONSOLES:
        assert 1 == found["aware_gateway_alarms", console, "1", "open", "false"]
        assert found["aware_gateway_oldest_unaccepted_alarm_seconds", console] >= 0
    assert 1 == found["aware_gateway_ready",]
    assert 1 == found["aware_gateway_session_connects_total", "alarms"]
    assert found["aware_gateway_journal_records_total",] >= 1
    assert found["aware_gateway_journal_commit_seconds_count",] >= 1
    assert found["aware_gateway_journal_size_bytes",] > 0
    assert found["aware_gateway_journal_free_bytes",] > 0
    assert found["process_cpu_seconds_total",] > 0
    assert 0 == await gateway.part.stop()


async def test_ready_follows_the_broker_and_alive_does_not(
    mosquitto: Broker, gateway: Gateway
) -> None:
    """Without a broker it lives and is not ready, and says what is missing; later it is again."""
    port = free_port()
    gateway.part = gateway.with_options("--metrics-port", str(port))
    await gateway.part.start()
    assert (200, {"status": "ok"}) == await ask(port, "/healthz")
    assert 200 == (await ask(port, "/readyz"))[0]
    mosquitto.kill()
    async with asyncio.timeout(DEADLINE_S):
        while (await ask(port, "/readyz"))[0] == 200:
            await asyncio.sleep(0.05)
    status, body = await ask(port, "/readyz")
    checks = {"recovered": True, "journal_writable": True, "broker_connected": False}
    checks["broker_lets_us"] = True
    assert (503, "not ready", checks) == (status, body["status"], body["checks"])
    assert 200 == (await ask(port, "/healthz"))[0]
    mosquitto.start()
    found = await until(port, lambda now: now["aware_gateway_ready",] == 1)
    assert found["aware_gateway_session_connects_total", "alarms"] >= 2


async def test_nothing_listens_unless_asked_and_a_taken_port_is_one_line(
    mosquitto: Broker, gateway: Gateway
) -> None:
    """Metrics are off by default; a port in use ends the start with code 2 and what to do."""
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    async with taken:
        process = await asyncio.create_subprocess_exec(
            *gateway.command("--metrics-port", str(port)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(DEADLINE_S):
            said, complained = await process.communicate()
    assert (2, b"") == (process.returncode, said)
    (line,) = [line for line in complained.decode().splitlines() if "alarm-gateway:" in line]
    assert "--metrics-port" in line
