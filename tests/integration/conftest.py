"""A real Mosquitto for the tests that need a broker."""

import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.helpers.gateway_process import Gateway
from tests.helpers.wheel import Installed, install_wheel

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.integration.console_browser import Server

START_DEADLINE_S = 10.0
CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_inflight_messages 0
max_queued_messages 100000
set_tcp_nodelay true
log_dest stderr
"""


class Mosquitto:
    """A broker on a port of its own, which it keeps over stops and starts."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self.log = folder / "mosquitto.log"
        self._config = folder / "mosquitto.conf"
        self._config.write_text(CONFIG.format(port=self.port))
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [self._program, "-c", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._process = process
        deadline = time.monotonic() + START_DEADLINE_S
        while not _accepts(self.port):
            if process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"mosquitto did not start: {self.log.read_text()}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End it in an orderly way."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def free_port() -> int:
    """Ask the system for a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return True
    except OSError:
        return False


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the wheel of this tree into an environment of its own."""
    return install_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def mosquitto(program: Callable[[str], Path], tmp_path: Path) -> Iterator[Mosquitto]:
    """Give this test a running Mosquitto of its own: `url`, `port`, `stop`, `start`, `kill`."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = Mosquitto(program("mosquitto"), folder)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
async def gateway(tmp_path: Path, mosquitto: Mosquitto) -> AsyncIterator[Gateway]:
    """Give this test a gateway on a folder of its own, not started yet."""
    one = Gateway(tmp_path, mosquitto)
    yield one
    one.part.kill()


@pytest.fixture
async def page(program: Callable[[str], Path]) -> AsyncIterator["Page"]:
    """Open a page in a real browser; any error in it fails the test."""
    from tests.integration import console_browser  # noqa: PLC0415 - it imports this file

    async with console_browser.browser_page(program) as one:
        yield one


@pytest.fixture
async def server(mosquitto: Mosquitto, page: "Page") -> AsyncIterator["Server"]:
    """Serve a police console, on which the page is signed in as an operator."""
    from tests.integration import console_browser  # noqa: PLC0415 - it imports this file

    one = console_browser.Server(mosquitto.url)
    await one.start()
    await one.admit(page)
    yield one
    await one.stop()
