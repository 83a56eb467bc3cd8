"""The three MQTT stacks on the production broker: they work, and say what is wrong when not."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from alarm_protocol.messages import AlarmView
from alarm_protocol.runtime.broker_url import parse_broker_url
from alarm_protocol.units import CONSOLES, POLICE, ConsoleId
from simulator import households
from simulator.certs.authority import Authority
from simulator.core.operator import Pace
from simulator.operators import Team, TeamSettings
from simulator.signin import make_accounts
from simulator.stack import StackSettings, running
from tests.conftest import ProgramFinder
from tests.helpers.secure_broker import SecureBroker
from tests.integration.conftest import Mosquitto
from tests.integration.test_stack_button import hand

pytestmark = pytest.mark.broker

DEVICE = "aware-000001"
DEADLINE_S = 30.0


@pytest.fixture
def broker(program: ProgramFinder, tmp_path: Path) -> SecureBroker:
    """Give this test a production broker of its own, not started yet."""
    return SecureBroker(program("mosquitto"), tmp_path)


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A file of three households."""
    path = tmp_path / "households.json"
    households.write(households.generate(3, 1), path)
    return path


def identity(broker: SecureBroker, name: str) -> list[str]:
    """Return the options of a part with the certificate of a name."""
    path = broker.path(name)
    pair = ["--tls-cert", f"{path}.crt", "--tls-key", f"{path}.key"]
    return ["--tls-ca", str(broker.certs / "ca.crt"), *pair]


async def test_the_whole_chain_over_tls(
    broker: SecureBroker, registry: Path, tmp_path: Path
) -> None:
    """A press comes to both consoles, and the button hears that it was accepted; all encrypted."""
    seen: set[ConsoleId] = set()

    def see(console: ConsoleId, view: AlarmView) -> None:
        if view.device_id == DEVICE:
            seen.add(console)

    broker.start()
    settings = StackSettings(
        data_dir=tmp_path / "data",
        registry=registry,
        broker=parse_broker_url(broker.url),
        certs=broker.certs,
        fleet=2,
        fleet_first=2,
    )
    try:
        async with running(settings) as stack, asyncio.TaskGroup() as group:
            teams = [
                group.create_task(
                    Team(
                        TeamSettings(
                            console=console,
                            url=stack.console_urls[console],
                            login=stack.logins[console][0],
                            pace=Pace(median_s=0.05, shortest_s=0.01, longest_s=0.3),
                        ),
                        on_view=see,
                    ).run()
                )
                for console in CONSOLES
            ]
            button = ["--device", DEVICE, "--registry", str(registry), *identity(broker, DEVICE)]
            async with hand(broker.url, *button) as one:
                await one.hears("connected to mqtts://")
                await one.type("\n")
                await one.hears("received: ")
                await one.hears("accepted: ")
                assert 0 == await one.ends()
            async with asyncio.timeout(DEADLINE_S):
                while set(CONSOLES) != seen:
                    await asyncio.sleep(0.02)
            for team in teams:
                team.cancel()
    finally:
        broker.stop()


@asynccontextmanager
async def program_of(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run one of our programs until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def says(words: list[str], pattern: str) -> None:
    """Run a program until it says a line with the pattern."""
    said: list[str] = [""]
    async with program_of(*words) as process, asyncio.timeout(DEADLINE_S):
        assert process.stdout is not None
        while not re.search(pattern, said[-1]):
            line = (await process.stdout.readline()).decode()
            assert line, f"ended without {pattern!r}: {said}"
            said.append(line)


class Case:
    """One of the stacks on a broker that it cannot come in to."""

    def __init__(self, name: str, broker: SecureBroker, folder: Path) -> None:
        self._name = name
        self._folder = folder
        self._broker = broker

    async def begin(self) -> None:
        """Make the files that it needs beside its certificate."""
        households.write(households.generate(3, 1), self._folder / "households.json")
        if self._name == POLICE:
            await make_accounts(self._folder / "accounts.json", POLICE, ["somebody"])

    def command(self, url: str, tls: list[str]) -> list[str]:
        """Return its command line."""
        registry = ["--broker", url, "--registry", str(self._folder / "households.json"), *tls]
        if self._name == "gateway":
            return ["alarm_gateway", "run", "--data-dir", str(self._folder / "data"), *registry]
        if self._name == DEVICE:
            return ["simulator", "button", "--device", DEVICE, *registry]
        accounts = ["--accounts", str(self._folder / "accounts.json"), "--port", "0"]
        return ["dispatch", "run", "--console", POLICE, "--broker", url, *accounts, *tls]

    async def says(self, url: str, tls: list[str], pattern: str) -> None:
        """Run it until it says what is wrong."""
        await says(self.command(url, tls), pattern)

    def with_certificate(self, path: Path) -> list[str]:
        """Return the options for a certificate."""
        pair = ["--tls-cert", f"{path}.crt", "--tls-key", f"{path}.key"]
        return ["--tls-ca", str(self._broker.certs / "ca.crt"), *pair]


@pytest.fixture(params=["gateway", POLICE, DEVICE])
async def case(
    request: pytest.FixtureRequest, broker: SecureBroker, tmp_path: Path
) -> AsyncIterator[tuple[Case, str]]:
    """Give each stack in turn, on a broker that runs."""
    one = Case(str(request.param), broker, tmp_path)
    await one.begin()
    broker.start()
    yield one, str(request.param)
    broker.stop()


MAYBE = r"may have refused our certificate"
"""What is left to say where the broker's reason was lost with the connection."""


async def test_a_revoked_certificate_is_said(case: tuple[Case, str], broker: SecureBroker) -> None:
    """Each stack tells that its certificate was refused; as revoked, where that word came."""
    one, name = case
    broker.revoke(name)
    revoked = one.with_certificate(broker.path(name))
    await one.says(broker.url, revoked, rf"our certificate is revoked|{MAYBE}")


async def test_a_strangers_certificate_is_said(
    case: tuple[Case, str], broker: SecureBroker, tmp_path: Path
) -> None:
    """Each stack tells that the broker does not take a certificate of another authority."""
    one, name = case
    path = tmp_path / "other" / name
    Authority.make(tmp_path / "other").issue(path, "client", days=1)
    stranger = one.with_certificate(path)
    await one.says(broker.url, stranger, rf"not know the CA of our certificate|{MAYBE}")


async def test_a_missing_certificate_is_said(case: tuple[Case, str], broker: SecureBroker) -> None:
    """Each stack tells that the broker wants one."""
    one, _ = case
    ca = ["--tls-ca", str(broker.certs / "ca.crt")]
    await one.says(broker.url, ca, rf"wants a certificate of us|{MAYBE}")


async def test_a_broker_of_an_unknown_authority_is_said(
    case: tuple[Case, str], broker: SecureBroker
) -> None:
    """Each stack tells that it does not trust the broker, and how to make it."""
    one, _ = case
    await one.says(broker.url, [], r"from a CA that we do not trust; give its CA with --tls-ca")


async def test_an_expired_certificate_is_said_at_once(
    case: tuple[Case, str], broker: SecureBroker, tmp_path: Path
) -> None:
    """Each stack refuses to start with one, and names its file and day."""
    one, name = case
    path = tmp_path / "expired" / name
    broker.authority.issue(path, "client", days=9, ended_days_ago=1)
    pattern = rf"--tls-cert \S+{name}.crt .* has expired on 20\d\d-\d\d-\d\d"
    await one.says(broker.url, one.with_certificate(path), pattern)


async def test_tls_forgotten_is_said(case: tuple[Case, str], broker: SecureBroker) -> None:
    """Each stack that speaks in the clear to a port for TLS asks whether `mqtts://` was meant."""
    one, _ = case
    plain = f"mqtt://localhost:{broker.port}"
    await one.says(plain, [], r"does it want mqtts://\?")


@pytest.mark.parametrize("name", ["gateway", POLICE, DEVICE])
async def test_a_wrong_host_name_is_said(name: str, program: ProgramFinder, tmp_path: Path) -> None:
    """Each stack tells that the broker's certificate is for another name, and speaks no MQTT."""
    broker = SecureBroker(program("mosquitto"), tmp_path, host="broker.example")
    one = Case(name, broker, tmp_path)
    await one.begin()
    broker.start()
    try:
        own = one.with_certificate(broker.path(name))
        await one.says(broker.url, own, r"broker's certificate is for another name")
    finally:
        broker.stop()


@pytest.mark.parametrize("name", ["gateway", POLICE, DEVICE])
async def test_tls_where_there_is_none_is_said(
    name: str, broker: SecureBroker, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """Each stack tells that the port speaks no TLS."""
    one = Case(name, broker, tmp_path)
    await one.begin()
    own = one.with_certificate(broker.path(name))
    await one.says(
        f"mqtts://localhost:{mosquitto.port}", own, r"no TLS is spoken|or speak no TLS there"
    )


async def test_a_fleet_says_why_a_device_stays_away(broker: SecureBroker, registry: Path) -> None:
    """The fleet goes on with the others and tells what the broker has against that one."""
    broker.start()
    try:
        broker.revoke(DEVICE)
        tls = [
            "--tls-ca",
            str(broker.certs / "ca.crt"),
            "--tls-certs",
            str(broker.certs / "devices"),
        ]
        fleet = ["simulator", "fleet", "--broker", broker.url, "--registry", str(registry), *tls]
        pattern = rf'"online": 2, "retrying": 1, "why": ".*(?:our certificate is revoked|{MAYBE})'
        await says(fleet, pattern)
    finally:
        broker.stop()


async def test_a_fleet_misses_no_certificate_silently(broker: SecureBroker, registry: Path) -> None:
    """A device without files is named before any of them connects."""
    (broker.certs / "devices" / f"{DEVICE}.key").unlink()
    tls = ["--tls-ca", str(broker.certs / "ca.crt"), "--tls-certs", str(broker.certs / "devices")]
    fleet = ["simulator", "fleet", "--broker", broker.url, "--registry", str(registry), *tls]
    await says(fleet, rf"--tls-certs \S+ has no {DEVICE}.key; make it with: alarm-simulator certs")


async def test_one_certificate_for_both_lanes_is_said(
    broker: SecureBroker, registry: Path, tmp_path: Path
) -> None:
    """A gateway whose lanes throw each other out names the likely cause."""
    one = Case("gateway", broker, tmp_path)
    broker.start()
    try:
        same = one.with_certificate(broker.path("gateway"))
        await one.says(broker.url, same, r"did another client come with the same certificate\?")
    finally:
        broker.stop()
