"""`alarm-simulator outage`: play real outages again, and say of each whether it passed."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from rich.console import Console

from simulator.chaos.errors import ChaosError
from simulator.core.errors import SimulatorError
from simulator.outages.migration import migration
from simulator.outages.national_outage import national_outage
from simulator.outages.poison_router import poison_router
from simulator.outages.sos_in_traffic import sos_in_traffic
from simulator.outages.verdict import Verdict

LONG_S = 10.0
SHORT_S = 3.0
DEVICES_LONG = 300
DEVICES_SHORT = 40

Play = Callable[[Path, int, bool], Awaitable[Verdict]]

OUTAGES: dict[str, Play] = {
    "poison-router": lambda folder, seed, short: poison_router(
        folder, seconds=SHORT_S if short else LONG_S, seed=seed
    ),
    "national-outage": lambda folder, seed, short: national_outage(
        folder,
        devices=DEVICES_SHORT if short else DEVICES_LONG,
        seconds=SHORT_S if short else LONG_S,
        seed=seed,
    ),
    "migration": lambda folder, seed, short: migration(
        folder, devices=DEVICES_SHORT if short else DEVICES_LONG, seed=seed
    ),
    "sos-in-traffic": lambda folder, seed, short: sos_in_traffic(
        folder, seconds=SHORT_S if short else LONG_S, seed=seed
    ),
}
"""Every outage by its name."""


def parse_names(text: str) -> tuple[str, ...]:
    """Read the name of an outage; `all` stands for every one.

    Raises:
        ChaosError: There is no such outage.
    """
    if text == "all":
        return tuple(OUTAGES)
    if text not in OUTAGES:
        raise ChaosError(f"there is no outage {text!r}; there are all, {', '.join(OUTAGES)}")
    return (text,)


async def run_outages(
    names: tuple[str, ...], *, seed: int, short: bool, as_json: bool, stop: asyncio.Event
) -> int:
    """Play them one after the other; return 0 only where all passed.

    Raises:
        ChaosError: The chain could not be run; the text says where its folder is.
    """
    out = Console(soft_wrap=True, stderr=as_json)
    verdicts: list[Verdict] = []
    for name in names:
        folder = Path(tempfile.mkdtemp(prefix=f"aware-{name}-"))
        playing = asyncio.ensure_future(OUTAGES[name](folder, seed, short))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not playing.done():
            playing.cancel()
            await asyncio.wait({playing})
            return 1
        try:
            verdict = await playing
        except (SimulatorError, TimeoutError, OSError) as error:
            raise ChaosError(f"{name}: {error}; everything is in {folder}") from error
        verdicts.append(verdict)
        _tell(out, verdict, folder)
    if as_json:
        Console(soft_wrap=True).print_json(msgspec.json.encode(verdicts).decode())
    return int(not all(verdict.passed for verdict in verdicts))


def _tell(out: Console, verdict: Verdict, folder: Path) -> None:
    """Print an outage, its expectation, and what was found."""
    lines = [f"{verdict.name} ({verdict.source})", f"  expected: {verdict.expectation}"]
    lines += [
        f"  {'ok' if check.holds else 'NOT':<3} {check.what}: {check.found}"
        for check in verdict.checks
    ]
    if verdict.passed:
        shutil.rmtree(folder, ignore_errors=True)
        lines.append(f"PASS {verdict.name}")
    else:
        lines.append(f"FAIL {verdict.name}; journal and logs are in {folder}")
    for line in lines:
        out.print(line, markup=False, highlight=False)
