"""Until when certificates hold, as gateway and console show it to whoever watches the days."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from alarm_protocol.units import POLICE
from simulator import households
from simulator.processes import Part
from simulator.signin import make_accounts
from tests.conftest import ProgramFinder
from tests.helpers.figures import scrape
from tests.helpers.gateway_process import Broker, Gateway
from tests.helpers.secure_broker import SecureBroker
from tests.integration.conftest import free_port
from tests.integration.test_broker_access_stacks import identity

pytestmark = pytest.mark.broker


@pytest.fixture
def broker(program: ProgramFinder, tmp_path: Path) -> Iterator[SecureBroker]:
    """Give a running production broker; each certificate ends on a day of its own."""
    one = SecureBroker(program("mosquitto"), tmp_path)
    for days, name in enumerate(("gateway", "gateway-supervision", POLICE), 3):
        one.authority.issue(one.path(name), "client", days=days)
    one.start()
    yield one
    one.stop()


def end_s(broker: SecureBroker, name: str) -> float:
    """Return when a certificate ends, by its file."""
    pem = (broker.certs / f"{name}.crt").read_bytes()
    return x509.load_pem_x509_certificate(pem).not_valid_after_utc.timestamp()


async def shown(program: str, words: list[str], folder: Path) -> dict[str, float]:
    """Run a program until it is ready, and return the ends that it shows, by certificate."""
    port = free_port()
    command = [sys.executable, "-m", *words, "--metrics-port", str(port)]
    part = Part(program, command, log=folder / f"{program}.log")
    await part.start()
    try:
        found = await scrape(f"http://127.0.0.1:{port}")
    finally:
        await part.stop()
    name = f"aware_{program}_certificate_expiry_timestamp_seconds"
    return {key[1]: value for key, value in found.items() if key[0] == name}


async def test_a_gateway_shows_all_four(broker: SecureBroker, tmp_path: Path) -> None:
    """Both of its own, its CA's, and what the broker showed it, which locks everybody out."""
    registry = tmp_path / "households.json"
    households.write(households.generate(1, 1), registry)
    lane = broker.path("gateway-supervision")
    words = [
        *("alarm_gateway", "run", "--broker", broker.url, "--registry", str(registry)),
        *("--data-dir", str(tmp_path / "data"), *identity(broker, "gateway")),
        *("--tls-supervision-cert", f"{lane}.crt", "--tls-supervision-key", f"{lane}.key"),
    ]
    assert {
        "alarms": end_s(broker, "gateway"),
        "supervision": end_s(broker, "gateway-supervision"),
        "ca": end_s(broker, "ca"),
        "broker": end_s(broker, "server"),
    } == await shown("gateway", words, tmp_path)


async def test_a_console_shows_its_own(broker: SecureBroker, tmp_path: Path) -> None:
    """And that of the CA that it trusts."""
    accounts = tmp_path / "accounts.json"
    await make_accounts(accounts, POLICE, ["somebody"])
    words = [
        *("dispatch", "run", "--console", POLICE, "--broker", broker.url, "--port", "0"),
        *("--accounts", str(accounts), *identity(broker, POLICE)),
    ]
    expected = {"own": end_s(broker, POLICE), "ca": end_s(broker, "ca")}
    assert expected == await shown("console", words, tmp_path)


async def test_in_the_clear_there_is_none(mosquitto: Broker, gateway: Gateway) -> None:
    """Nothing runs out where nothing is signed: no figure, and so no alert."""
    port = free_port()
    gateway.part = gateway.with_options("--metrics-port", str(port))
    await gateway.part.start()
    found = await scrape(f"http://127.0.0.1:{port}")
    assert [] == [key for key in found if "certificate" in key[0]]
    assert 0 == await gateway.part.stop()
