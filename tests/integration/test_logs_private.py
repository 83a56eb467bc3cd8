"""A whole run's logs, searched for everybody and every address that it was about."""

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

DEADLINE_S = 100.0
PRIVATE = {
    "resident", "name", "street", "postcode", "description", "vehicle", "weapons", "route_notes",
    "location_agreement", "case_reference", "safety_plan", "device_key_hex", "latitude",
    "longitude",
}  # fmt: skip
"""Fields of a household that tell who somebody is, where, or how to pass for a device."""


def private_values(part: Any, field: str = "") -> Iterator[str]:
    """Yield every value of a household that belongs in no log."""
    if isinstance(part, dict):
        for name, value in part.items():
            yield from private_values(value, name)
    elif isinstance(part, list):
        for value in part:
            yield from private_values(value, field)
    elif field in PRIVATE and part is not None:
        yield str(part)


async def test_no_log_of_a_whole_run_names_anybody(tmp_path: Path) -> None:
    """Presses, actions, notes and endings of an unattended demo: no name, address or key."""
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "simulator",
            "demo",
            "--headless",
            "--seconds",
            "4",
            "--rate",
            "10",
        ),
        *("--rate", "10", "--devices", "3", "--embedded", "--data-dir", str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(DEADLINE_S):
        output, _ = await process.communicate()
    assert 0 == process.returncode, output.decode()

    homes = msgspec.json.decode((tmp_path / "households.json").read_bytes())["households"]
    # A house number alone is in every time stamp; street and postcode are searched for.
    wanted = {value for home in homes for value in private_values(home)}
    assert len(wanted) > 5 * len(homes)
    logs = {path.name: path.read_text() for path in (tmp_path / "logs").iterdir()}
    logs["the demo's own words"] = output.decode()
    steps = [line for line in logs["gateway.log"].splitlines() if '"alarm step"' in line]
    kinds = {msgspec.json.decode(line)["step"] for line in steps}
    assert {"pressed", "acted"} <= kinds
    assert all(msgspec.json.decode(line)["alarm_id"] for line in steps)
    # As a whole: the seconds of a time stamp may well end like a coordinate.
    found = {
        (name, value)
        for name, text in logs.items()
        for value in wanted
        if value in text and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text)
    }
    assert set() == found
