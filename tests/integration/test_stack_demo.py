"""The whole chain in its own processes: unattended on both brokers, and what it leaves behind."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.units import CONSOLES
from simulator import households, registry
from simulator.brokers import BrokerKind
from simulator.core.errors import StackError
from simulator.core.operator import Pace
from simulator.headless import HeadlessRun, HeadlessSettings
from simulator.stack import Stack, StackSettings, running
from tests.integration.conftest import Mosquitto, free_port

DEADLINE_S = 60.0
MARK = "AWARE_TEST_FOLDER"
"""A variable that all children of a demo inherit, so that none can hide from the test."""
QUICK = Pace(median_s=0.05, shortest_s=0.01, longest_s=0.3)
BROKERS = [pytest.param("mosquitto", marks=pytest.mark.broker), "embedded"]


def processes_of(folder: Path) -> dict[int, str]:
    """Return all processes that were started from a demo in a folder: id and command line."""
    found = {}
    mark = f"{MARK}={folder}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(entry.name)] = command
            except OSError:
                continue  # it ended in this moment, or belongs to somebody else
    return found


def part_files(folder: Path) -> list[Path]:
    """Return files that were begun and not finished."""
    return list(folder.rglob("*.part"))


def wait_until(is_so: Callable[[], bool]) -> bool:
    """Wait for a condition, up to the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_so()


@asynccontextmanager
async def running_demo(folder: Path, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Hold a demo in a folder; when the block fails it is killed, and its children with it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "demo", "--data-dir", str(folder), *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, MARK: str(folder)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def demo(folder: Path, *options: str) -> tuple[int, str]:
    """Run a demo to its end; return its exit code and all that it said."""
    async with running_demo(folder, *options) as process, asyncio.timeout(DEADLINE_S):
        output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def says(process: asyncio.subprocess.Process, words: str) -> list[str]:
    """Wait until a demo says a line with these words; return all lines up to it."""
    assert process.stdout is not None
    said: list[str] = []
    async with asyncio.timeout(DEADLINE_S):
        while not said or words not in said[-1]:
            line = await process.stdout.readline()
            assert line, said
            said.append(line.decode())
    return said


@pytest.fixture
def homes(tmp_path: Path) -> registry.Registry:
    """A file of sixty households."""
    path = tmp_path / "households.json"
    households.write(households.generate(60, 1), path)
    return registry.load(path)


def pressing_on(stack: Stack, homes: registry.Registry) -> HeadlessRun:
    """Make a run of three seconds against a running chain, with quick operators."""
    settings = HeadlessSettings(
        broker=stack.broker_url,
        console_urls=stack.console_urls,
        logins={console: logins[0] for console, logins in stack.logins.items()},
        households=homes.households,
        seconds=3,
        rate_per_s=20,
        pace=QUICK,
    )
    return HeadlessRun(settings)


@pytest.mark.parametrize("kind", BROKERS)
async def test_unattended_nothing_is_lost(
    tmp_path: Path, program: Callable[[str], Path], kind: BrokerKind
) -> None:
    """On either broker the demo presses, is accepted, tells of it, exits 0 and leaves nothing."""
    if kind == "mosquitto":
        program("mosquitto")
    options = ["--embedded"] if kind == "embedded" else []
    code, said = await demo(tmp_path, "--headless", "--seconds", "2", "--rate", "10", *options)
    assert code == 0, said
    assert f"broker                 {kind}" in said
    assert "OK: 0 lost, 0 duplicated" in said
    assert "told accepted" in said
    assert processes_of(tmp_path) == {}
    assert part_files(tmp_path) == []


@pytest.mark.broker
async def test_with_certificates_nothing_is_lost(
    tmp_path: Path, program: Callable[[str], Path]
) -> None:
    """On the broker as in real use each part comes in under its own name, and all is as clean."""
    program("mosquitto")
    options = ("--headless", "--seconds", "2", "--rate", "10", "--devices", "2")
    code, said = await demo(tmp_path, "--tls", *options)
    assert code == 0, said
    assert re.search(r"broker +mosquitto, mqtts://127\.0\.0\.1:\d+ .*without a certificate", said)
    assert "OK: 0 lost, 0 duplicated" in said
    log = (tmp_path / "logs" / "broker.log").read_text()
    names = set(re.findall(r"New client connected .* as (\S+) .*u'\1'", log))
    assert {"gateway", "gateway-supervision", *CONSOLES, "aware-000002", "aware-000003"} <= names
    assert 152 == len([name for name in names if name.startswith("aware-")])
    assert processes_of(tmp_path) == {}


@pytest.mark.broker
async def test_with_certificates_a_button_is_pressed_as_the_demo_says(
    tmp_path: Path, program: Callable[[str], Path]
) -> None:
    """Both lines that a person may copy bring a press in, with the device's own certificate."""
    program("mosquitto")
    program("mosquitto_pub")
    async with running_demo(tmp_path, "--tls", "--devices", "1") as process:
        said = await says(process, "Ctrl-C stops everything")
        for begin, answer in (("press a button", "received: "), ("or, unsigned", "")):
            (line,) = [line for line in said if line.startswith(begin)]
            hand = await asyncio.create_subprocess_shell(
                line.removeprefix(begin).strip(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            async with asyncio.timeout(DEADLINE_S):
                output, _ = await hand.communicate(b"\n")
            assert (0, True) == (hand.returncode, answer in output.decode()), output.decode()
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(DEADLINE_S):
            assert 0 == await process.wait()


async def test_two_runs_in_one_folder(tmp_path: Path) -> None:
    """A second run on the journal of the first is as clean, with the same households."""
    options = ("--headless", "--seconds", "1", "--rate", "10", "--embedded", "--devices", "2")
    code, said = await demo(tmp_path, *options)
    assert code == 0, said
    before = (tmp_path / "households.json").read_bytes()
    code, said = await demo(tmp_path, *options)
    assert code == 0, said
    assert (tmp_path / "households.json").read_bytes() == before


async def test_a_folder_with_other_code_in_it_changes_nothing(tmp_path: Path) -> None:
    """From a folder with a package of the same name, as in another clone, it runs its own code."""
    for name in ("alarm_gateway", "dispatch", "simulator"):
        package = tmp_path / "other" / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise SystemExit('the code of another folder')")
    process = await asyncio.create_subprocess_exec(
        *(Path(sys.executable).with_name("alarm-simulator"), "demo", "--headless", "--embedded"),
        *("--seconds", "1", "--rate", "5", "--devices", "1", "--data-dir", tmp_path / "demo"),
        cwd=tmp_path / "other",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(DEADLINE_S):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


async def test_alarms_of_an_earlier_run_are_closed_first(
    tmp_path: Path, homes: registry.Registry
) -> None:
    """Leftovers are named, and neither they nor what operators do for them are counted."""
    settings = StackSettings(
        data_dir=tmp_path, registry=homes.path, broker_kind="embedded", with_consoles=False
    )
    async with running(settings) as stack:
        press = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "simulator", "button", "--device", "aware-000030"),
            *("--broker", str(stack.broker_url), "--registry", str(homes.path)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        await press.communicate(b"\n")
        assert press.returncode == 0
    options = ("--headless", "--seconds", "1", "--rate", "10", "--embedded", "--devices", "2")
    code, said = await demo(tmp_path, *options)
    assert code == 0, said
    assert "1 alarms were open in here before; closed first, not counted" in said
    alarms = {row.split()[2] for row in said.splitlines() if row.strip().startswith("on ")}
    (actions,) = re.findall(r"\((\d+) operator actions done", said)
    # Four steps on either console; the answer to the very last one may come after the count.
    assert {str(round(int(actions) / 8))} == alarms


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_however_it_ends_nothing_runs_on(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end the demo with exit code 0; even when killed it leaves no process."""
    async with running_demo(tmp_path, "--embedded", "--devices", "2") as process:
        said = await says(process, "Ctrl-C stops everything")
        parts = processes_of(tmp_path)
        assert len(parts) >= 6, parts  # the demo, broker, gateway, two consoles, fleet
        process.send_signal(number)
        async with asyncio.timeout(DEADLINE_S):
            code = await process.wait()
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    assert await asyncio.to_thread(wait_until, lambda: processes_of(tmp_path) == {})
    how_to_press = next(line for line in said if line.startswith("press a button"))
    assert "button --device aware-000001 --broker mqtt://127.0.0.1:" in how_to_press


async def test_a_stop_in_the_middle_of_starting(tmp_path: Path) -> None:
    """Ctrl-C before everything is up ends what was started so far, and nothing more starts."""
    async with running_demo(tmp_path, "--embedded", "--devices", "2") as process:
        await says(process, "ready    broker")
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(DEADLINE_S):
            output, _ = await process.communicate()
    assert process.returncode == 0
    assert output.decode().splitlines()[-1] == "stopped; nothing is left running"
    assert processes_of(tmp_path) == {}


async def test_a_part_that_dies_ends_the_demo(tmp_path: Path) -> None:
    """When a part ends by itself the demo names it, shows its log, and exits with 1."""
    async with running_demo(tmp_path, "--embedded", "--devices", "2") as process:
        await says(process, "Ctrl-C stops everything")
        parts = processes_of(tmp_path)
        (gateway,) = (pid for pid, command in parts.items() if "-m alarm_gateway" in command)
        os.kill(gateway, signal.SIGKILL)
        async with asyncio.timeout(DEADLINE_S):
            output, _ = await process.communicate()
    assert process.returncode == 1
    log = tmp_path / "logs" / "gateway.log"
    assert f"gateway ended by itself; its log is {log}" in output.decode()
    assert processes_of(tmp_path) == {}


async def test_a_second_demo_in_the_folder_is_refused(tmp_path: Path) -> None:
    """Two demos in one folder would write the same files: the second says so and ends."""
    async with running_demo(tmp_path, "--embedded", "--devices", "2") as process:
        await says(process, "ready")
        code, said = await demo(tmp_path, "--embedded")
    assert code == 2
    assert f"another demo runs in {tmp_path}" in said


@pytest.mark.broker
async def test_a_given_broker_is_used(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """With --broker none is started, and the given one is left running."""
    options = ("--broker", mosquitto.url, "--headless", "--seconds", "1", "--rate", "10")
    code, said = await demo(tmp_path / "demo", *options)
    assert code == 0, said
    assert f"{mosquitto.url} (was there already)" in said
    assert not (tmp_path / "demo" / "mosquitto.conf").exists()
    mosquitto.stop()


async def test_a_given_broker_that_is_away_is_one_line(
    tmp_path: Path, homes: registry.Registry
) -> None:
    """A broker that does not answer is named, and nothing stays running."""
    away = BrokerUrl("127.0.0.1", free_port(), tls=False)
    stack = Stack(StackSettings(data_dir=tmp_path, registry=homes.path, broker=away))
    with pytest.raises(StackError, match=f"no broker answers at {away}; start it"):
        await stack.start()
    assert not any(part.is_running() for part in stack.parts)


async def test_a_part_that_fails_takes_the_start_along(
    tmp_path: Path, homes: registry.Registry
) -> None:
    """When the gateway cannot start its own words are shown, and the broker is stopped again."""
    (tmp_path / "gateway").write_text("a file where the journal's folder should be")
    stack = Stack(
        StackSettings(data_dir=tmp_path, registry=homes.path, broker_kind="embedded", fleet=0)
    )
    with pytest.raises(StackError, match="gateway ended while starting; its log is"):
        await stack.start()
    assert not any(part.is_running() for part in stack.parts)


@pytest.mark.parametrize("kind", BROKERS)
@pytest.mark.parametrize("victim", ["gateway", "broker", "console-police"])
async def test_a_killed_part_loses_nothing(
    tmp_path: Path,
    homes: registry.Registry,
    program: Callable[[str], Path],
    kind: BrokerKind,
    victim: str,
) -> None:
    """A part that is killed and started again in the middle of presses costs time, no press."""
    if kind == "mosquitto":
        program("mosquitto")
    settings = StackSettings(data_dir=tmp_path, registry=homes.path, broker_kind=kind)
    async with running(settings) as stack:
        part = next(part for part in stack.parts if part.name == victim)
        run = pressing_on(stack, homes)
        pressing = asyncio.create_task(run.run(asyncio.Event()))
        in_the_middle = asyncio.to_thread(wait_until, lambda: run.account().presses >= 15)
        assert await in_the_middle
        part.kill()
        await part.restart()
        outcome = await pressing
    assert outcome.account.presses > 20
    assert (outcome.account.lost, outcome.account.duplicated) == (0, 0), outcome
