"""Scenarios on real processes: Mosquitto, gateway, consoles, simulated people, in a hurry."""

import asyncio
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import Mosquitto

DEADLINE_S = 100.0
SHORT = """
title = "Short"
shows = "Everything that can be in a file, in a few seconds."
lasts = "10 min"
speed = 150
[fleet]
home_buttons = 12
mobile_buttons = 8
wrong_clocks = 2
[people]
genuine = 2
mispress = 1
test = 1
[[presses]]
arrive = "at random"
per_hour = 120
[[presses]]
arrive = "as listed"
list = [{ at = "1 min", button = 3 }, { at = "2 min", button = 3, how = "hold" }]
[[trouble]]
what = "reconnect storm"
at = "2 min"
for = "30 s"
buttons = "all"
[[trouble]]
what = "moved"
at = "4 min"
for = "2 min"
buttons = 5
[[trouble]]
what = "tampered"
at = "1 min"
button = 4
[[attack]]
how = "forged"
at = "1 min"
for = "2 min"
per_minute = 5
[[attack]]
how = "replays"
at = "3 min"
for = "5 min"
per_minute = 5
[operators]
police_travel = "1 min"
police_finish = "1 min"
veilig_thuis_assess = "1 min"
veilig_thuis_hand_over = "1 min"
veilig_thuis_finish = "1 min"
[expect]
says = "All of it is there."
presses_at_least = 8
joined_at_least = 1
faults = ["tamper", "clock_drift"]
doubts = ["bad_signature"]
"""


async def play(*words: str) -> tuple[int, list[str]]:
    """Run the command to its end; return its exit code and the lines it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "run", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output.decode().splitlines()


@pytest.mark.broker
@pytest.mark.parametrize(
    ("name", "speed"), [("offender-at-the-door", "300"), ("national-outage", "1200")]
)
async def test_a_shipped_scenario_passes(
    name: str, speed: str, program: Callable[[str], Path]
) -> None:
    """Played faster still it comes to what its file expects, and leaves nothing behind."""
    program("mosquitto")
    code, said = await play(name, "--speed", speed)
    assert 0 == code, said
    assert said[-1].startswith("PASS ")
    assert not [line for line in said if line.startswith("  NOT ")]
    assert any(re.match(r"\d\d:\d\d:\d\d of ", line) for line in said)
    assert not [line for line in said if "are in" in line]


@pytest.mark.broker
async def test_a_scenario_of_ones_own_on_a_given_broker(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    """A file with every kind of trouble passes, and the broker that was given runs on."""
    file = tmp_path / "short.toml"
    file.write_text(SHORT, encoding="utf-8")
    code, said = await play(str(file), "--broker", mosquitto.url, "--seed", "3")
    assert 0 == code, said
    assert "PASS Short" == said[-1]
    mosquitto.stop()


async def test_what_was_expected_and_did_not_come_fails(tmp_path: Path) -> None:
    """Exit code 1, a line that names it, and the folder with everything is kept and named."""
    file = tmp_path / "wrong.toml"
    changed = re.sub(r"(?s)\[\[trouble.*\[operators\]", "[operators]", SHORT)
    file.write_text(changed.replace("joined_at_least = 1\n", ""), encoding="utf-8")
    code, said = await play(str(file), "--speed", "600")
    assert 1 == code
    assert "  NOT fault tamper is shown: never" in said
    assert "  ok  double: 0" in said
    folder = Path(said[-1].rpartition(" in ")[2])
    assert (folder / "gateway" / "journal.sqlite3").is_file()
    assert folder.name.startswith("aware-scenario-")
    shutil.rmtree(folder)
