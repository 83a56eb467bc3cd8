#!/usr/bin/env python3
"""What a simulated fleet costs: memory and processor time of each device, and connects a second.

    PYTHONPATH=. python tools/measure_fleet.py --count 15000

Starts Mosquitto and one process of `alarm-simulator fleet`, on this machine. Memory is what the
process has beyond a fleet of one device; processor time is counted while all are connected and send
nothing but heartbeats.
"""

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from simulator.bench.processor import cpu_s
from simulator.brokers import LocalBroker

SETTLE_S = 5.0
PROGRAM = (sys.executable, "-m", "simulator")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def resident_kib(pid: int) -> int:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0])


@contextlib.contextmanager
def fleet(broker: str, homes: Path, count: int, every_s: float) -> Iterator[tuple[int, float]]:
    """Run a fleet; give its process and how long it took to connect, its start included."""
    options = ("--broker", broker, "--registry", str(homes), "--count", str(count))
    more = ("--heartbeat-every", str(every_s), "--log-level", "warning")
    began_s = time.monotonic()
    process = subprocess.Popen([*PROGRAM, "fleet", *options, *more], stdout=subprocess.PIPE)  # noqa: S603 - our own program
    try:
        line = process.stdout.readline().decode() if process.stdout is not None else ""
        if not line.startswith("ready"):
            sys.exit(f"measure_fleet: the fleet did not get ready: {line!r}")
        yield process.pid, time.monotonic() - began_s
    finally:
        process.terminate()
        process.wait(60)


def measure(broker: str, homes: Path, count: int, seconds: float) -> None:
    """Print the table."""
    with fleet(broker, homes, 1, 60.0) as (pid, start_s):
        time.sleep(SETTLE_S)
        base_kib = resident_kib(pid)
    say(f"one device: {base_kib / 1024:.1f} MiB, ready after {start_s:.2f} s\n")
    say("| heartbeats/s | ready after s | connects/s | MiB | KiB a device | us a heartbeat |")
    say("| --- | --- | --- | --- | --- | --- |")
    for every_s in (60.0, 10.0):
        with fleet(broker, homes, count, every_s) as (pid, ready_s):
            time.sleep(SETTLE_S)
            before_s = cpu_s(pid)
            time.sleep(seconds)
            used_s = cpu_s(pid) - before_s
            now_kib = resident_kib(pid)
        beats = count * seconds / every_s
        say(
            f"| {count / every_s:.0f} | {ready_s:.1f} | {count / (ready_s - start_s):.0f} "
            f"| {now_kib / 1024:.0f} | {(now_kib - base_kib) / count:.1f} "
            f"| {used_s * 1e6 / beats:.1f} |"
        )


async def main() -> None:
    """Read the options, start the broker, and measure."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--count", type=int, default=15_000, help="Devices.")
    options.add_argument("--seconds", type=float, default=60.0, help="How long to count beats.")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        homes = Path(folder) / "households.json"
        command = [*PROGRAM, "households", "--count", str(chosen.count), "--out", str(homes)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: ASYNC221, S603 - nothing else runs yet
        broker = LocalBroker("mosquitto", Path(folder))
        await broker.part.start()
        try:
            await asyncio.to_thread(measure, str(broker.url), homes, chosen.count, chosen.seconds)
        finally:
            await broker.part.stop()


if __name__ == "__main__":
    asyncio.run(main())
