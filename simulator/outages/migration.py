"""COMETA's change of supplier: data from before the move was unavailable, cases were dismissed.

Here the journal moves to a new folder, as it would to a new machine: stop, copy, verify, start.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from alarm_protocol.units import CONSOLES
from simulator.chaos.evidence import read_journal, verify_chain
from simulator.outages.scene import Scene
from simulator.outages.verdict import Checks, Verdict

EXPECTATION = (
    "After stop, copy, verify and start on the new place, every open alarm is on both consoles "
    "as before and takes further presses; history and hash chain are the same, and evidence on "
    "an alarm from before the move can still be exported and read."
)
SOURCE = "COMETA, Spain, change of supplier"
COMMAND_S_MAX = 60.0
_ENTRY = re.compile(r"(?m)^\W (\d+) +\W (\S+ \S+) +\W (\S.*?) +\W (\S+) ")
"""A line of `alarm-gateway show` that begins an entry, whatever the widths of its columns."""


async def migration(folder: Path, *, devices: int, seed: int) -> Verdict:
    """Play it again; return what was found."""
    scene = Scene(folder, pressers=devices, seed=seed)
    rig, checks = scene.rig, Checks()
    old, new = rig.data_dir, rig.data_root / "new-machine"
    async with rig.running():
        first = await scene.press_each(scene.devices, 50.0)
        checks.add("all is well before", await scene.settle(), f"{len(first)} open alarms")
        checks.equal("the old gateway stops in order", 0, await rig.gateway.stop())
        before = await verify_chain(old)
        alarm_id = str(first[0].alarm_id)
        history = await _said("show", alarm_id, "--data-dir", str(old))
        await asyncio.to_thread(shutil.copytree, old, new)
        checks.equal("the copied chain is the same", before, await verify_chain(new))
        shown = {console: dict(views) for console, views in rig.ledger.views.items()}
        rig.gateway.use_option("--data-dir", str(new))
        await rig.gateway.start()
        again = await scene.press_each(scene.devices, 50.0)
        settled = await scene.settle()
        checks.add("every device is answered on the new machine", settled, len(again))
        joined = sum(one.alarm_id == two.alarm_id for one, two in zip(first, again, strict=True))
        checks.equal("open alarms went on, none began anew", len(first), joined)
        for console in CONSOLES:
            now = rig.ledger.views[console]
            newer = sum(now[alarm][0] > version for alarm, (version, *_) in shown[console].items())
            checks.equal(f"newer versions of all on {console}", len(first), newer)
        told = await _said("show", alarm_id, "--data-dir", str(new))
        checks.add("history from before is read", _within(history, told), f"{alarm_id}")
        out = folder / "evidence.zip"
        options = ("--data-dir", str(new), "--registry", str(scene.registry))
        await _said("export", alarm_id, *options, "--console", "police", "--out", str(out))
        proof = await asyncio.to_thread(_proof, out)
        checks.add("evidence from before proves itself", proof.startswith("ok: "), proof)
    checks.equal("the old folder is as it was", before, await verify_chain(old))
    after = await verify_chain(new)
    checks.add("the chain goes on", after.startswith("journal ok"), after.partition(",")[0])
    found, was = read_journal(new), read_journal(old)
    kept = sum(one.press_id in was.presses and one.press_id in found.presses for one in first)
    checks.equal("presses from before", len(first), kept)
    checks.equal(
        "presses from after", len(again), sum(one.press_id in found.presses for one in again)
    )
    checks.equal("none twice", 0, len(found.repeated) + len(rig.ledger.doubled))
    return Verdict(
        name="migration", source=SOURCE, expectation=EXPECTATION, checks=tuple(checks.found)
    )


async def _said(*words: str) -> str:
    """Run a command of the gateway; return what it said, or nothing where it failed."""
    guard = (sys.executable, "-m", "simulator.guard", str(os.getpid()))
    process = await asyncio.create_subprocess_exec(
        *guard,
        *(sys.executable, "-m", "alarm_gateway", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(COMMAND_S_MAX):
        output, _ = await process.communicate()
    return output.decode(errors="replace") if process.returncode == 0 else ""


def _proof(evidence: Path) -> str:
    """Unpack an evidence file and run the check that lies in it; return its first line."""
    if not evidence.exists():
        return "there is no evidence file"
    folder = evidence.with_suffix("")
    shutil.unpack_archive(evidence, folder)
    command = [sys.executable, "-I", "verify.py"]
    done = subprocess.run(  # noqa: S603 - the check that the gateway just wrote
        command, cwd=folder, capture_output=True, text=True, timeout=COMMAND_S_MAX, check=False
    )
    return (done.stdout or done.stderr).partition("\n")[0]


def _within(before: str, after: str) -> bool:
    """Tell whether every entry of a history is there still: number, time, what and who."""
    entries, now = (_ENTRY.findall(text) for text in (before, after))
    return bool(entries) and {*entries} <= {*now}
