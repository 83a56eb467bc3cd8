"""The production broker grants whoever has a certificate; each part says when it may not speak."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from alarm_protocol.units import POLICE
from simulator import households
from simulator.processes import Part
from simulator.signin import make_accounts
from tests.conftest import ProgramFinder
from tests.helpers.figures import scrape
from tests.helpers.secure_broker import SecureBroker
from tests.integration.conftest import free_port
from tests.integration.test_broker_access_stacks import identity
from tests.integration.test_gateway_metrics import ask
from tests.integration.test_stack_button import hand

pytestmark = pytest.mark.broker

DEADLINE_S = 20.0
LANES = ("gateway", "gateway-supervision")
CHECKS = {"recovered": True, "journal_writable": True, "broker_connected": True}


@pytest.fixture
def broker(program: ProgramFinder, tmp_path: Path) -> Iterator[SecureBroker]:
    """Give a running production broker."""
    one = SecureBroker(program("mosquitto"), tmp_path)
    one.start()
    yield one
    one.stop()


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A file of three households."""
    path = tmp_path / "households.json"
    households.write(households.generate(3, 1), path)
    return path


def lines_of(log: Path) -> list[dict[str, Any]]:
    """Return what a part logged so far, whole lines only."""
    whole, _, _ = log.read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]


async def becomes(port: int, holds: Callable[[int, Any], bool]) -> tuple[int, Any]:
    """Ask `/readyz` until the answer is as it should become."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            status, body = await ask(port, "/readyz")
            if holds(status, body["checks"]):
                return status, body["checks"]
            await asyncio.sleep(0.05)


@asynccontextmanager
async def running(name: str, words: list[str], log: Path) -> AsyncIterator[int]:
    """Run a part with a port for its health, which is given."""
    port = free_port()
    command = [sys.executable, "-m", *words, "--metrics-port", str(port)]
    part = Part(name, command, log=log)
    await part.start()
    try:
        yield port
    finally:
        await part.stop()


def gateway(broker: SecureBroker, registry: Path, lanes: tuple[str, str]) -> list[str]:
    """Return how a gateway is run whose lanes have the certificates of these names."""
    supervision = broker.path(lanes[1])
    return [
        *("alarm_gateway", "run", "--broker", broker.url, "--registry", str(registry)),
        *("--data-dir", str(registry.parent / "data"), *identity(broker, lanes[0])),
        *("--tls-supervision-cert", f"{supervision}.crt"),
        *("--tls-supervision-key", f"{supervision}.key"),
    ]


@pytest.mark.parametrize("lanes", [LANES[::-1], ("aware-000001", "aware-000002")])
async def test_a_gateway_that_may_not_speak_is_not_ready_and_says_why(
    broker: SecureBroker, registry: Path, lanes: tuple[str, str]
) -> None:
    """With its lanes swapped, or a device's certificates, it is 503 and names topic and name."""
    log = registry.parent / "gateway.log"
    async with running("gateway", gateway(broker, registry, lanes), log) as port:
        found = await becomes(port, lambda status, _: status == 503)
        assert (503, CHECKS | {"broker_lets_us": False}) == found
        async with asyncio.timeout(DEADLINE_S):
            while len(errors := [one for one in lines_of(log) if one["level"] == "error"]) < 2:
                await asyncio.sleep(0.05)
    told = {one["session"]: one for one in errors}
    assert {"alarms": lanes[0], "supervision": lanes[1]} == {
        session: one["certificate"] for session, one in told.items()
    }
    assert ("aware/v1/gateway/status", "not authorized") == (
        told["alarms"]["topic"],
        told["alarms"]["reason"],
    )
    assert "--tls-cert" in told["alarms"]["detail"]
    assert "--tls-supervision-cert" in told["supervision"]["detail"]


async def test_a_refusal_is_said_once_a_connection(broker: SecureBroker, registry: Path) -> None:
    """Its status is refused every other second, and said again only on the next connection."""
    log = registry.parent / "gateway.log"

    def told() -> int:
        return sum(one["level"] == "error" and one["session"] == "alarms" for one in lines_of(log))

    async with running("gateway", gateway(broker, registry, LANES[::-1]), log) as port:
        await becomes(port, lambda status, _: status == 503)
        async with asyncio.timeout(DEADLINE_S):
            while await refused(port) < 4:
                await asyncio.sleep(0.1)
        assert 1 == told()
        broker.stop()
        broker.start()
        async with asyncio.timeout(DEADLINE_S):
            while told() < 2:
                await asyncio.sleep(0.05)
    away = [one for one in lines_of(log) if one["event"] == "disconnected, will try again"]
    assert {"warning"} == {one["level"] for one in away}
    ended = [one for one in lines_of(log) if one["event"] == "disconnected"]
    assert {"info"} == {one["level"] for one in ended}


async def test_a_gateway_with_its_own_certificates_is_ready(
    broker: SecureBroker, registry: Path
) -> None:
    """The check holds, and nothing is logged as an error."""
    log = registry.parent / "gateway.log"
    async with running("gateway", gateway(broker, registry, LANES), log) as port:
        found = await becomes(port, lambda status, _: status == 200)
        assert (200, CHECKS | {"broker_lets_us": True}) == found
    assert [] == [one for one in lines_of(log) if one["level"] == "error"]


async def refused(port: int) -> float:
    """Return how many publishes of a gateway were refused."""
    found = await scrape(f"http://127.0.0.1:{port}")
    return found["aware_gateway_refused_publishes_total",]


async def console(broker: SecureBroker, folder: Path, name: str) -> list[str]:
    """Return how a console of the police is run with the certificate of this name."""
    accounts = folder / "accounts.json"
    await make_accounts(accounts, POLICE, ["somebody"])
    return [
        *("dispatch", "run", "--console", POLICE, "--broker", broker.url, "--port", "0"),
        *("--accounts", str(accounts), *identity(broker, name)),
    ]


async def test_a_console_that_may_not_speak_says_so_and_is_not_ready(
    broker: SecureBroker, tmp_path: Path
) -> None:
    """With a device's certificate its presence is refused: one error, and 503 with the check."""
    log = tmp_path / "console.log"
    words = await console(broker, tmp_path, "aware-000001")
    async with running("console", words, log) as port:
        found = await becomes(port, lambda _, checks: not checks["broker_lets_us"])
        checks = {"broker_connected": True, "broker_lets_us": False, "gateway_up": False}
        assert (503, checks) == found
    (error,) = [one for one in lines_of(log) if one["level"] == "error"]
    assert ("aware/v1/consoles/police/presence", "not authorized", "aware-000001") == (
        error["topic"],
        error["reason"],
        error["certificate"],
    )
    assert "--tls-cert" in error["detail"]
    assert "police" in error["detail"]


async def test_a_console_with_its_own_certificate_is_let(
    broker: SecureBroker, registry: Path, tmp_path: Path
) -> None:
    """With the gateway there it is ready, and nothing is logged as an error."""
    log = tmp_path / "console.log"
    words = await console(broker, tmp_path, POLICE)
    lanes = gateway(broker, registry, LANES)
    async with (
        running("gateway", lanes, tmp_path / "gateway.log"),
        running("console", words, log) as port,
    ):
        found = await becomes(port, lambda status, _: status == 200)
    checks = {"broker_connected": True, "broker_lets_us": True, "gateway_up": True}
    assert (200, checks) == found
    assert [] == [one for one in lines_of(log) if one["level"] == "error"]


async def test_two_consoles_with_one_certificate_say_that_another_came(
    broker: SecureBroker, tmp_path: Path
) -> None:
    """They push each other out ever more slowly, and both name the likely cause."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    logs = [folder / "console.log" for folder in folders]
    first = await console(broker, folders[0], POLICE)
    second = await console(broker, folders[1], POLICE)
    async with (
        running("console", first, logs[0]),
        running("console", second, logs[1]),
        asyncio.timeout(DEADLINE_S),
    ):
        while not all(any(one["level"] == "error" for one in lines_of(log)) for log in logs):
            await asyncio.sleep(0.05)
    for log in logs:
        (error,) = [one for one in lines_of(log) if one["level"] == "error"]
        assert "another client came with the same name" in error["detail"]
        assert POLICE == error["certificate"]
        lost = {one["error"] for one in lines_of(log) if one["event"] == "broker lost"}
        assert {
            "the connection was lost; did another client come with the same certificate?"
        } == lost


async def test_a_button_with_another_devices_certificate_says_so(
    broker: SecureBroker, registry: Path
) -> None:
    """It may come in and listen, and its press is refused: that is said, once, with the reason."""
    own = ["--device", "aware-000001", "--registry", str(registry)]
    asked = "is it the certificate of another device? [not authorized]"
    async with hand(broker.url, *own, *identity(broker, "aware-000002"), "--wait", "3") as one:
        await one.hears(f"refuses this button's word of its link: {asked}")
        await one.type("\n")
        await one.hears(f"refuses this button's press: {asked}")
        assert 1 == await one.ends()
    assert "NOT answered: 1 of 1 presses" in one.said[-1]
    assert 1 == sum("this button's press" in line for line in one.said)
