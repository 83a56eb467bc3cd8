"""Real processes killed and hindered: a short run of every kind, and whether the account sees."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.chaos.faults import FAULTS

pytestmark = pytest.mark.broker

RUN = (sys.executable, "-m", "simulator", "chaos")
ENDED_S_MAX = 20.0


async def run(*options: str) -> tuple[int, str, str]:
    """Run chaos to its end; return exit code, output and errors."""
    process = await asyncio.create_subprocess_exec(
        *RUN, *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    return process.returncode or 0, output.decode(), errors.decode()


def started_by(parent: int) -> list[int]:
    """Return the processes that a process started and that live (Linux)."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text("ascii").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(entry.name))
    return found


def lives(pid: int) -> bool:
    """Tell whether a process is there."""
    return Path(f"/proc/{pid}").exists()


def mounts() -> str:
    """Return what is mounted."""
    return Path("/proc/mounts").read_text(encoding="utf-8")


@pytest.mark.timeout(300)
async def test_a_round_of_every_kind_loses_nothing(
    program: Callable[[str], Path], tmp_path: Path
) -> None:
    """One fault of each kind under load: nothing lost, doubled or doubted, and all comes back."""
    program("mosquitto")
    options = ("--rounds", str(len(FAULTS)), "--seed", "11", "--rate", "60", "--scale", "0.15")
    code, output, errors = await run(*options, "--json", "--folder", str(tmp_path / "chaos"))
    assert (code, errors.splitlines()[-1][:2]) == (0, "OK"), errors
    account = json.loads(output)
    assert account["presses"] > 500
    places = [account["received"], account["in_journal"], *account["on_console"].values()]
    assert [account["presses"]] * 4 == places
    assert (0, 0, 0, 0) == tuple(
        account[name] for name in ("lost", "duplicated", "doubtful", "foreign")
    )
    assert sorted(FAULTS) == sorted(one["fault"] for one in account["rounds"])
    assert account["chain"].startswith("journal ok: ")


@pytest.mark.timeout(180)
async def test_a_disk_of_limited_files_is_a_full_disk_too(
    program: Callable[[str], Path], tmp_path: Path
) -> None:
    """Without root, a limit on the size of files stands for the full disk, and nothing is lost."""
    program("mosquitto")
    options = ("--rounds", "2", "--faults", "disk_full,gateway_kill", "--rate", "100")
    code, _, errors = await run(*options, "--no-tmpfs", "--json", "--folder", str(tmp_path / "c"))
    assert code == 0, errors


async def test_what_it_started_dies_with_it(program: Callable[[str], Path], tmp_path: Path) -> None:
    """Killed by force, a run leaves no process behind, and no mount."""
    program("mosquitto")
    folder = tmp_path / "chaos"
    process = await asyncio.create_subprocess_exec(
        *RUN, "--rounds", "50", "--rate", "20", "--folder", str(folder),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(ENDED_S_MAX):
            while len(children := started_by(process.pid)) < 4:
                await asyncio.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with asyncio.timeout(ENDED_S_MAX):
        while any(lives(child) for child in children):
            await asyncio.sleep(0.02)
    assert str(folder) not in mounts()


def test_an_unknown_fault_is_one_line() -> None:
    """A kind of fault that there is not ends with exit code 2 and one line that names it."""
    done = subprocess.run(
        [*RUN, "--faults", "earthquake"], capture_output=True, text=True, check=False
    )
    assert 2 == done.returncode
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        "alarm-simulator: there is no fault 'earthquake'; there are gateway_kill"
    )
    assert os.linesep not in line
