"""The containers' own command lines, as plain processes from the wheel: the whole installation.

There is no container engine where tests run. What a container would do is done here with the
words of docker-compose.yml; only its paths, names and ports are moved to this machine.
"""

import asyncio
import os
import re
import secrets
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from typer.main import get_command

from alarm_gateway.app import app as gateway_app
from dispatch.app import cli as console_app
from simulator.certs.authority import Authority
from simulator.certs.command import make_all
from simulator.cli import app as simulator_app
from simulator.processes import Part
from simulator.signin import Login, sign_in
from tests.helpers.figures import scrape
from tests.helpers.secure_broker import SecureBroker
from tests.helpers.wheel import Installed
from tests.integration.conftest import free_port

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(
    (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
)["services"]
SECRETS: dict[str, dict[str, str]] = yaml.safe_load(
    (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
)["secrets"]
PROGRAMS = {
    "alarm-gateway": gateway_app,
    "dispatch-console": console_app,
    "alarm-simulator": simulator_app,
}
OURS = [name for name, service in SERVICES.items() if service.get("command", "-")[0] in PROGRAMS]
DEVICES = 20
DEADLINE_S = 40.0
PASSWORD = re.compile(r"(?m)^account .* password (\S+)$")


class Installation:
    """The services of the compose file, on this machine."""

    def __init__(self, folder: Path, installed: Installed, broker: SecureBroker) -> None:
        self.ports = {
            (name, port): free_port()
            for name in (*OURS, "front")
            for port in (8101, 8443, 8444, 9101, 9102)
        }
        self._folder = folder
        self._installed = installed
        self._broker = broker
        (folder / "secrets").mkdir()
        (folder / "secrets" / "certs").symlink_to(broker.certs)
        for name in OURS:
            (folder / "volumes" / name).mkdir(mode=0o700, parents=True)
        Authority.read(broker.certs).issue(
            folder / "secrets" / "front" / "front", "server", hosts=("localhost",), days=1
        )

    def moved(self, name: str, text: str) -> str:
        """Move what stands in the file to this machine."""
        for secret, entry in SECRETS.items():
            place = self._folder / entry["file"]
            text = re.sub(rf"/run/secrets/{secret}\b", str(place), text)
        for old, new in {
            "mosquitto:8883": f"localhost:{self._broker.port}",
            "/var/lib/aware": str(self._folder / "volumes" / name),
            "/etc/aware/policy.toml": str(ROOT / "deploy" / "policy.toml"),
            "/etc/aware/devices": str(self._broker.certs / "devices"),
            "0.0.0.0": "127.0.0.1",
        }.items():
            text = text.replace(old, new)
        return re.sub(
            r"(?<=[=:])(8101|9101|9102)\b", lambda one: str(self.ports[name, int(one[0])]), text
        )

    def part(self, name: str) -> Part:
        """Return a service as a process, not started yet."""
        program, *words = SERVICES[name]["command"]
        command = [str(self._installed.program(program)), *(self.moved(name, one) for one in words)]
        return Part(name, command, log=self._folder / f"{name}.log")

    def run(self, name: str, *command: str) -> str:
        """Run one command as `docker compose run` would, and return what it said."""
        program, *words = (self.moved(name, one) for one in command)
        path = f"{self._installed.folder / 'bin'}:{os.defpath}"
        found = shutil.which(program, path=path)
        assert found is not None, program
        done = subprocess.run(
            [found, *words], capture_output=True, text=True, check=False, env={"PATH": path}
        )
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout

    async def healthy(self, name: str) -> None:
        """Ask as the container's own health check does, until it is well."""
        kind, *command = SERVICES[name]["healthcheck"]["test"]
        assert "CMD" == kind
        async with asyncio.timeout(DEADLINE_S):
            while True:
                try:
                    await asyncio.to_thread(self.run, name, *command)
                except AssertionError:
                    await asyncio.sleep(0.1)
                else:
                    return

    def front(self, program: Path) -> Part:
        """Return the proxy, with its configuration moved to this machine."""
        text = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text(encoding="utf-8")
        for console in ("console-police", "console-veilig-thuis"):
            there = f"http://127.0.0.1:{self.ports[console, 8101]}"
            assert f"http://{console}:8101" in text
            text = text.replace(f"http://{console}:8101", there)
        for port in (8443, 8444):
            text = text.replace(f"listen {port} ", f"listen 127.0.0.1:{self.ports['front', port]} ")
        # First the container's own folder: ours may have the same name in it.
        text = text.replace(" /tmp/", f" {self._folder}/nginx-")
        text = self.moved("front", text)
        path = self._folder / "nginx.conf"
        path.write_text(text, encoding="utf-8")
        command = [str(program), "-c", str(path), *SERVICES["front"]["command"][3:]]
        port = self.ports["front", 8443]
        return Part("front", command, log=self._folder / "front.log", port=port)


@pytest.fixture
async def installation(
    tmp_path: Path, installed: Installed, program: Callable[[str], Path]
) -> AsyncIterator[Installation]:
    """The production broker, certificates, households, and empty volumes."""
    (tmp_path / "broker").mkdir()
    broker = SecureBroker(program("mosquitto"), tmp_path / "broker")
    make_all(broker.certs, DEVICES, ("localhost",), 1)
    broker.start()
    one = Installation(tmp_path, installed, broker)
    homes = str(tmp_path / "secrets" / "households.json")
    (tmp_path / "secrets" / "registry.key").write_text(secrets.token_hex(32))
    one.run("fleet", "alarm-simulator", "households", f"--count={DEVICES}", f"--out={homes}")
    yield one
    broker.stop()


@pytest.mark.parametrize("name", OURS)
def test_every_option_of_a_container_is_one_of_its_program(name: str) -> None:
    """An option that was renamed would be noticed at the next restart of all containers."""
    program, command, *words = SERVICES[name]["command"]
    chosen = get_command(PROGRAMS[program]).commands[command]  # type: ignore[attr-defined]
    known = {option for one in chosen.params for option in one.opts}
    assert set() == {word.partition("=")[0] for word in words} - known


async def test_the_containers_commands_run_the_whole_chain(
    installation: Installation, program: Callable[[str], Path]
) -> None:
    """Each is well by its own check, all devices are heard, and the proxy lets an operator in."""
    accounts = "--accounts=/var/lib/aware/accounts.json"
    users = ("dispatch-console", "users", "add", "ans", accounts)
    password = ""
    parts = {name: installation.part(name) for name in OURS}
    try:
        for name in OURS:
            if name.startswith("console"):
                console = name.removeprefix("console-").replace("-", "_")
                said = installation.run(name, *users, "--console", console)
                password = PASSWORD.findall(said)[0]
            await parts[name].start()
            if "healthcheck" in SERVICES[name]:
                await installation.healthy(name)
        at = f"http://127.0.0.1:{installation.ports['gateway', 9101]}"
        async with asyncio.timeout(DEADLINE_S):
            while (await scrape(at))["aware_gateway_devices_heard",] < DEVICES:
                await asyncio.sleep(0.1)
        found = await scrape(at)
        assert 1 == found["aware_gateway_console_attached", "police"]
        assert 1 == found["aware_gateway_console_attached", "veilig_thuis"]

        parts["front"] = installation.front(program("nginx"))
        await parts["front"].start()
        url = f"https://localhost:{installation.ports['front', 8444]}"
        trust = ssl.create_default_context(cafile=installation.moved("front", "/run/secrets/ca"))
        async with aiohttp.ClientSession(
            url, headers={"Origin": url}, connector=aiohttp.TCPConnector(ssl=trust)
        ) as browser:
            await sign_in(browser, Login(name="ans", password=password))
            async with browser.ws_connect("/ws") as page:
                assert "snapshot" == (await page.receive_json())["type"]
            async with browser.get("/metrics") as answer:
                assert 404 == answer.status
    finally:
        codes = {name: await part.stop() for name, part in reversed(parts.items())}
    codes.pop("front", None)
    assert {0} == set(codes.values()), codes
