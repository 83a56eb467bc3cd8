"""The command: one ready line, one line per mistake, and a clean end."""

import json
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from dispatch.accounts import write_accounts
from tests.helpers.accounts import make_desk

BROKER = "mqtt://127.0.0.1:9"
"""The discard port: nothing listens there, and the console waits for it."""


@pytest.fixture
def accounts(tmp_path: Path) -> str:
    """Make a file with one account at the police's console."""
    path = tmp_path / "police.json"
    write_accounts(path, make_desk()[1].file)
    return str(path)


def start(*options: str) -> subprocess.Popen[str]:
    """Start the real command."""
    return subprocess.Popen(
        [sys.executable, "-m", "dispatch", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_to_its_end(*options: str) -> tuple[int, str, str]:
    """Start it, and return exit code, output and errors once it ended."""
    with start(*options) as process:
        output, errors = process.communicate(timeout=20)
        return process.returncode, output, errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_without_a_broker_and_ends_on_a_signal(
    accounts: str, number: signal.Signals
) -> None:
    """One ready line with the port that was chosen, a page behind it, and exit code 0."""
    options = ("--console", "police", "--broker", BROKER, "--port", "0", "--accounts", accounts)
    with start("run", *options) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            assert ready.startswith("ready dispatch-console console=police url=http://127.0.0.1:")
            connection = HTTPConnection(ready.rstrip().rpartition("//")[2], timeout=5)
            connection.request("GET", "/healthz")
            assert json.load(connection.getresponse())["broker"] == "connecting"
            connection.close()
            process.send_signal(number)
            output, errors = process.communicate(timeout=10)
            assert (process.returncode, output) == (0, "")
            assert "Traceback" not in errors
        finally:
            process.kill()


def test_a_taken_port_is_one_line_and_exit_code_2(accounts: str) -> None:
    """It names the port and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        options = ("--console", "police", "--broker", BROKER, "--port", port)
        code, output, errors = run_to_its_end(
            "run", *options, "--log-level", "error", "--accounts", accounts
        )
    assert (code, output) == (2, "")
    assert errors == (
        f"dispatch-console: port {port} on 127.0.0.1 is taken by another program;"
        " choose another with --port, or 0 for any free one\n"
    )


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--console", "fire", "--broker", BROKER, "--port", "0"), "--console 'fire' is unknown"),
        (("--console", "police", "--broker", "nowhere", "--port", "0"), "--broker: broker address"),
        (
            ("--console", "police", "--broker", BROKER, "--port", "0", "--host", "192.0.2.1"),
            "cannot listen on 192.0.2.1 port 0",
        ),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_2(
    accounts: str, options: tuple[str, ...], line: str
) -> None:
    """Nothing is started, and nothing but that line is said."""
    code, output, errors = run_to_its_end("run", *options, "--accounts", accounts)
    assert (code, output) == (2, "")
    last = errors.splitlines()[-1]
    assert last.startswith(f"dispatch-console: {line}")
    assert "Traceback" not in errors


def test_without_accounts_there_is_no_console(tmp_path: Path, accounts: str) -> None:
    """A missing file, a damaged one, and the other organisation's are each one clear line."""
    missing, damaged = tmp_path / "missing.json", tmp_path / "damaged.json"
    damaged.write_text("{}", encoding="utf-8")
    lines = {
        ("police", str(missing)): f"--accounts {missing} does not exist; make it with: dispatch-",
        ("police", str(damaged)): f"--accounts {damaged} is no file of accounts: ",
        (
            "veilig_thuis",
            accounts,
        ): f"--accounts {accounts} is of the console police, not of veilig",
    }
    for (console, path), line in lines.items():
        options = ("--console", console, "--broker", BROKER, "--port", "0", "--accounts", path)
        code, output, errors = run_to_its_end("run", *options)
        assert (2, "") == (code, output)
        assert errors.splitlines()[-1].startswith(f"dispatch-console: {line}")


def test_help_names_every_option() -> None:
    """`--help` is complete."""
    code, output, _ = run_to_its_end("run", "--help")
    assert code == 0
    for option in ("--console", "--broker", "--port", "--host", "--tls-ca", "--accounts"):
        assert option in output
