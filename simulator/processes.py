"""A part of the chain as a process of its own: started, watched, killed, started again."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from alarm_protocol.runtime import clock
from alarm_protocol.runtime.private_files import make_private_folder, open_private
from simulator.core.errors import StackError

START_DEADLINE_S = 20.0
STOP_DEADLINE_S = 8.0
_POLL_S = 0.02
_TAIL_LINES = 12
_TAIL_BYTES_MAX = 16_384
LOG_BYTES_READ_MAX = 1_048_576
"""How much of a starting part's log is looked through for its ready line."""


class Part:
    """One program in its own process group, its output in one log file.

    It is ready when it prints a line that begins with `ready ` on its output or, where
    `port` is given, when that port accepts connections.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        port: int | None = None,
        start_deadline_s: float = START_DEADLINE_S,
    ) -> None:
        self.name = name
        self.log = log
        self.ready_line = ""
        self._command = list(command)
        self._port = port
        self._start_deadline_s = start_deadline_s
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and self.is_running() else None

    def is_running(self) -> bool:
        """Tell whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    def use_option(self, name: str, value: str) -> None:
        """Give an option of its command another value, for the next start."""
        self._command[self._command.index(name) + 1] = value

    def has_ended(self) -> bool:
        """Tell whether it was started and ended without being told to."""
        return self._process is not None and self._process.poll() is not None

    async def start(self) -> None:
        """Start it and wait until it is ready.

        Raises:
            StackError: It ended or was not ready in time; the text holds its last log lines.
        """
        if self.is_running():
            raise StackError(f"{self.name} runs already")
        make_private_folder(self.log.parent)
        offset = self.log.stat().st_size if self.log.exists() else 0
        self._launch()
        try:
            await self._until_ready(offset)
        except BaseException:
            self.kill()
            raise

    async def _until_ready(self, offset: int) -> None:
        ready = self._accepts if self._port is not None else self._says_ready
        deadline = clock.monotonic_s() + self._start_deadline_s
        while not await ready(offset):
            if not self.is_running():
                raise StackError(f"{self.name} ended while starting; {self.last_words()}")
            if clock.monotonic_s() > deadline:
                raise StackError(
                    f"{self.name} was not ready within {self._start_deadline_s:.0f} s; "
                    f"{self.last_words()}"
                )
            await asyncio.sleep(_POLL_S)

    async def stop(self) -> int | None:
        """End it in an orderly way, by force when it takes too long; return its exit code."""
        self._signal(signal.SIGTERM)
        deadline = clock.monotonic_s() + STOP_DEADLINE_S
        while self.is_running() and clock.monotonic_s() < deadline:  # noqa: ASYNC110 - a process
            await asyncio.sleep(_POLL_S)
        code = self._process.poll() if self._process is not None else None
        self.kill()
        return code

    def kill(self) -> None:
        """End it at once, as a crash would (`kill -9` to its process group)."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    async def restart(self) -> None:
        """Start it again after a stop or kill, stopping it first where it still runs."""
        await self.stop()
        await self.start()

    def last_words(self) -> str:
        """Return where its log is, and the end of it."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - _TAIL_BYTES_MAX))
                lines = file.read().decode(errors="replace").splitlines()[-_TAIL_LINES:]
        except OSError:
            lines = []
        return "\n".join([f"its log is {self.log}", *(f"  {line}" for line in lines)])

    def _launch(self) -> None:
        guard = [sys.executable, "-m", "simulator.guard", str(os.getpid())]
        with os.fdopen(open_private(self.log, os.O_WRONLY | os.O_APPEND), "ab") as log:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - a program of this project
                    [*guard, *self._command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C reaches us only: we end them in order
                )
            except OSError as error:
                raise StackError(f"{self.name} cannot be started: {error}") from None

    async def _accepts(self, _offset: int) -> bool:
        if self._port is None or not self.is_running():
            return False
        return await accepts("127.0.0.1", self._port)

    async def _says_ready(self, offset: int) -> bool:
        with self.log.open("rb") as file:
            file.seek(offset)
            text = file.read(LOG_BYTES_READ_MAX).decode(errors="replace")
        for line in text.splitlines(keepends=True):
            if line.startswith("ready ") and line.endswith("\n"):
                self.ready_line = line.strip()
                return True
        return False

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            # It ended between the two lines, or has not yet got a group of its own.
            self._process.send_signal(number)


async def accepts(host: str, port: int) -> bool:
    """Tell whether somebody listens there."""
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), timeout=1)
    except (OSError, TimeoutError):
        return False
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        return True
    return True


def free_port(preferred: int | None = None) -> int:
    """Return a port on the loopback that nobody listens on: the preferred one if it is free."""
    if preferred is not None and _is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
