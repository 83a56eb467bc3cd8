"""What systemd is told, over a real datagram socket of either kind."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from alarm_protocol.runtime.service import Service


@pytest.fixture(params=["in a folder", "abstract"])
def manager(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """Listen where systemd would, and say so in the environment."""
    abstract = request.param == "abstract"
    address = f"@aware-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("\0" + address[1:] if abstract else address)
        heard.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
        yield heard


def said(heard: socket.socket) -> list[str]:
    """Return every datagram that came."""
    found = []
    while True:
        try:
            found.append(heard.recv(4_096).decode())
        except BlockingIOError:
            return found


def test_each_word_is_one_datagram(manager: socket.socket) -> None:
    """Ready with its status, a new status, and the end."""
    service = Service()
    service.ready("recovered")
    service.status("connected")
    service.stopping()
    assert ["READY=1\nSTATUS=recovered", "STATUS=connected", "STOPPING=1"] == said(manager)


def test_the_watchdog_hears_a_third_of_its_time(manager: socket.socket) -> None:
    """Many beats in a moment are one word; how often is what systemd asked for."""
    service = Service()
    for _ in range(100):
        service.beat()
    assert (10.0, ["WATCHDOG=1"]) == (service.beat_every_s, said(manager))


def test_a_watchdog_that_is_meant_for_another_process_is_left_alone(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child inherits the variables, and does not answer for its parent."""
    monkeypatch.setenv("WATCHDOG_PID", "1")
    service = Service()
    service.beat()
    assert (None, []) == (service.beat_every_s, said(manager))


def test_started_by_hand_it_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variables nothing is sent, and nothing fails."""
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    service = Service()
    service.ready("x")
    service.beat()
    assert None is service.beat_every_s


def test_a_manager_that_is_gone_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alarm gateway does not end because nobody takes its word."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    Service().ready("x")
