"""What a program tells systemd: that it is ready, how it does, and that it still turns.

The protocol is a datagram to the socket named in NOTIFY_SOCKET (sd_notify(3)). Where nobody
asks, because the program was started by hand, nothing is sent.
"""

import os
import socket

import structlog

from alarm_protocol.runtime.clock import monotonic_s

log = structlog.get_logger()


class Service:
    """The line to whoever started this program as a service."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        self._every_s = _watchdog_s()
        self._due_s = 0.0

    @property
    def beat_every_s(self) -> float | None:
        """How often `beat` has to be called; None where nobody watches."""
        return self._every_s

    def ready(self, status: str) -> None:
        """Say that the start is over, with one line for `systemctl status`."""
        self._send(f"READY=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        """Say how it does, in one line."""
        self._send(f"STATUS={status}")

    def stopping(self) -> None:
        """Say that the end is meant."""
        self._send("STOPPING=1")

    def beat(self) -> None:
        """Say that the program still does its work; to be called whenever that is so."""
        if self._every_s is not None and monotonic_s() >= self._due_s:
            self._due_s = monotonic_s() + self._every_s
            self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        # An address that begins with @ is in no folder, but in the kernel's own list.
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.setblocking(False)
                line.sendto(text.encode(), address)
        except OSError as error:
            log.warning("systemd was not told", what=text.partition("\n")[0], error=str(error))


def _watchdog_s() -> float | None:
    """Return a third of the time after which systemd takes this program for dead."""
    pid, usec = os.environ.get("WATCHDOG_PID", ""), os.environ.get("WATCHDOG_USEC", "")
    if not usec.isdigit() or int(usec) == 0 or pid not in ("", str(os.getpid())):
        return None
    return int(usec) / 3_000_000
