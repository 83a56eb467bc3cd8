"""Real outages played again, short: each has to pass as written."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.outages.run import OUTAGES

pytestmark = pytest.mark.broker

RUN = (sys.executable, "-m", "simulator", "outage")


async def play(*words: str) -> tuple[int, str, str]:
    """Play outages; return exit code, output and errors."""
    process = await asyncio.create_subprocess_exec(
        *RUN, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    return process.returncode or 0, output.decode(), errors.decode()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", OUTAGES)
async def test_an_outage_ends_as_expected(program: Callable[[str], Path], name: str) -> None:
    """The outage is played again in short, and everything that was expected is found."""
    program("mosquitto")
    code, output, errors = await play(name, "--short", "--json")
    assert code == 0, errors
    (verdict,) = json.loads(output)
    assert name == verdict["name"]
    assert [] == [check for check in verdict["checks"] if not check["holds"]]
    assert len(verdict["checks"]) >= 5
    assert f"PASS {name}" in errors.splitlines()


async def test_an_unknown_outage_is_one_line() -> None:
    """An outage that there is not ends with exit code 2 and one line that names those there are."""
    code, _, errors = await play("flood")
    assert 2 == code
    says = "there is no outage 'flood'; there are all, poison-router, national-outage, "
    says += "migration, sos-in-traffic"
    assert [f"alarm-simulator: {says}"] == errors.splitlines()
