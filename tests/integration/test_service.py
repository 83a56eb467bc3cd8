"""The programs as services: what systemd hears of them, and units that it takes."""

import asyncio
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from alarm_gateway.app import app as gateway_app
from dispatch.app import cli as console_app
from tests.helpers.gateway_process import Broker, Gateway

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
DEADLINE_S = 20.0
EXPOSURE_MAX = 20
"""Of 100, as `systemd-analyze security` counts what a service may do."""


class Manager:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, heard: socket.socket) -> None:
        self._heard = heard
        self.said: list[str] = []

    def listen(self) -> list[str]:
        """Return every word so far."""
        while True:
            try:
                self.said += self._heard.recv(4_096).decode().splitlines()
            except BlockingIOError:
                return self.said

    async def hears(self, word: str, times: int = 1) -> None:
        """Wait until a word came so often."""
        async with asyncio.timeout(DEADLINE_S):
            while self.listen().count(word) < times:
                await asyncio.sleep(0.02)


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """Listen where systemd would; it wants a sign of life every 0.9 s."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "900000")
        yield Manager(heard)


async def test_a_gateway_is_ready_without_a_broker_and_says_when_it_takes_presses(
    mosquitto: Broker, gateway: Gateway, manager: Manager
) -> None:
    """Recovered is ready; the status follows the broker; each beat is heard; the end is meant."""
    mosquitto.kill()
    starting = asyncio.create_task(gateway.start())
    await manager.hears("READY=1")
    await manager.hears("WATCHDOG=1", 2)
    assert "STATUS=takes presses" not in manager.listen()
    mosquitto.start()
    await manager.hears("STATUS=takes presses")
    await starting
    assert 0 == await gateway.part.stop()
    await manager.hears("STOPPING=1")
    assert "READY=1" == manager.said[0]


async def test_a_gateway_that_hangs_is_silent(
    mosquitto: Broker, gateway: Gateway, manager: Manager
) -> None:
    """Stopped in its tracks it sends no sign of life, which is what systemd waits for."""
    await gateway.start()
    await manager.hears("WATCHDOG=1")
    gateway.part._signal(signal.SIGSTOP)
    manager.listen()
    count = manager.said.count("WATCHDOG=1")
    manager._heard.settimeout(1.5)
    with pytest.raises(TimeoutError):
        manager._heard.recv(4_096)
    assert count == manager.said.count("WATCHDOG=1")
    gateway.part._signal(signal.SIGCONT)
    manager._heard.setblocking(False)
    await manager.hears("WATCHDOG=1", count + 1)


@pytest.mark.parametrize(
    ("unit", "command"), [("aware-gateway", gateway_app), ("aware-console@", console_app)]
)
def test_every_option_of_a_unit_is_one_of_the_program(unit: str, command: object) -> None:
    """A unit with an option that was renamed would start nothing, at the next boot."""
    text = (UNITS / f"{unit}.service").read_text(encoding="utf-8")
    asked = set(re.findall(r"(?<=\s)(--[a-z-]+)", text.partition("ExecStart=")[2]))
    run = get_command(command).commands["run"]  # type: ignore[arg-type, attr-defined]
    known = {name for one in run.params for name in one.opts}
    assert len(asked) > 6
    assert set() == asked - known


def test_systemd_takes_the_units_and_finds_them_tight(
    tmp_path: Path, program: Callable[[str], Path]
) -> None:
    """Its own tool finds no mistake, and hardly anything that a service may do besides."""
    analyze = program("systemd-analyze")
    placed = []
    for unit in sorted(UNITS.glob("*.service")):
        text = unit.read_text(encoding="utf-8")
        # The programs are not installed where the units expect them, and that is no mistake.
        placed.append(tmp_path / unit.name)
        placed[-1].write_text(re.sub(r"/opt/aware/bin/\S+", "/bin/true", text), encoding="utf-8")
    done = subprocess.run([analyze, "verify", *placed], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    for path in placed:
        words = ["security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager"]
        done = subprocess.run(
            [analyze, *words, str(path).replace("@.", "@police.")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert 0 == done.returncode, done.stdout
