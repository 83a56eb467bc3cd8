"""`./dev fuzz`: damaged inputs in great numbers, by chance and led by atheris."""

import argparse
import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from random import Random

from alarm_protocol.runtime.clock import monotonic_s
from tests.fuzz.corpus import folder_of, keep, pool_of
from tests.fuzz.mutate import mutated
from tests.fuzz.targets import SHARES, TARGETS

RUNS = 1_000_000
GUIDED_SHARE = 0.5
"""How much of the inputs atheris makes, where it is installed; the rest is chance."""
LOOK_EVERY = 256
KEPT_BYTES_MAX = 2_048
NEW_KEPT_MAX = 12
"""Inputs of atheris that are kept for each target with `--keep`, the smallest first."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Send what libraries print on standard error elsewhere: the codec tells of every panic."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def by_chance(target: str, runs: int, seconds: float | None, seed: int) -> tuple[int, str | None]:
    """Feed mutations of the pool; return how many, and where a finding was kept."""
    pool, run = pool_of(target), TARGETS[target]
    dice = Random(f"{seed}/{target}")  # noqa: S311 - damage by chance, no secret
    until_s = None if seconds is None else monotonic_s() + seconds
    for count in range(runs):
        if until_s is not None and count % LOOK_EVERY == 0 and monotonic_s() > until_s:
            return count, None
        data = mutated(dice, pool)
        try:
            run(data)
        except BaseException:  # noqa: BLE001 - anything at all is a finding
            words = traceback.format_exc()
            return count + 1, f"{keep(target, data)}\n{words}"
    return runs, None


def guided(
    target: str, runs: int, seconds: float | None, seed: int, *, keep_new: bool
) -> tuple[int, str | None]:
    """Let atheris lead; return how many inputs that were, and its words on a finding."""
    with tempfile.TemporaryDirectory(prefix="aware-fuzz-") as name:
        folder = Path(name)
        found = folder / "found"
        given = folder / "given"
        for made in (found, given):
            made.mkdir()
        for number, data in enumerate(pool_of(target)):
            (given / f"{number}.bin").write_bytes(data)
        options = [f"-runs={runs}", f"-seed={seed + 1}", "-max_len=6000", "-timeout=60"]
        if seconds is not None:
            options.append(f"-max_total_time={max(1, round(seconds))}")
        command = [sys.executable, "-m", "tests.fuzz.guided", target, *options]
        done = subprocess.run(
            [*command, f"-artifact_prefix={folder}/", str(found), str(given)],
            capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
        match = re.search(r"Done (\d+) runs", done.stderr)
        crashes = list(folder.glob("crash-*"))
        if crashes or match is None:
            words = "\n".join(done.stderr.splitlines()[-40:])
            kept = keep(target, crashes[0].read_bytes()) if crashes else "no input"
            return 0, f"{kept}\n{words}"
        if keep_new:
            _keep_some(target, found)
        return int(match[1]), None


def _keep_some(target: str, found: Path) -> None:
    """Keep the smallest of the inputs that found new ways."""
    folder_of(target).mkdir(parents=True, exist_ok=True)
    new = sorted((path.stat().st_size, path) for path in found.iterdir())
    for size, path in new[:: max(1, len(new) // NEW_KEPT_MAX)][:NEW_KEPT_MAX]:
        if size <= KEPT_BYTES_MAX:
            shutil.copy(path, folder_of(target) / f"{path.name[:16]}.bin")


def main() -> int:
    """Fuzz every target as long as asked; return 1 where something was found."""
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, help=f"inputs in all; {RUNS:,} if no time is given")
    parser.add_argument("--seconds", type=float, help="about how long in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=TARGETS, action="append", help="only this one")
    parser.add_argument("--keep", action="store_true", help="keep some inputs that found new ways")
    asked = parser.parse_args()
    chosen = asked.target or list(TARGETS)
    led = importlib.util.find_spec("atheris") is not None
    whole = sum(SHARES[name] for name in chosen)
    total, problems = 0, 0
    for name in chosen:
        share = SHARES[name] / whole
        runs = (
            2**31 if asked.runs is None and asked.seconds else round((asked.runs or RUNS) * share)
        )
        seconds = None if asked.seconds is None else asked.seconds / len(chosen)
        began_s = monotonic_s()
        led_count, finding = 0, None
        if led:
            half = None if seconds is None else seconds * GUIDED_SHARE
            led_runs = max(1, round(runs * GUIDED_SHARE))
            led_count, finding = guided(name, led_runs, half, asked.seed, keep_new=asked.keep)
            runs -= led_count
            seconds = None if seconds is None else seconds * (1 - GUIDED_SHARE)
        count = 0
        if finding is None:
            with quiet():
                count, finding = by_chance(name, max(1, runs), seconds, asked.seed)
        total += count + led_count
        took_s = monotonic_s() - began_s
        word = "ok" if finding is None else "FINDING"
        counts = f"{led_count:>9,} led by atheris {count:>9,} by chance"
        sys.stdout.write(f"{name:<8} {counts} {took_s:>7.1f} s  {word}\n")
        sys.stdout.flush()
        if finding is not None:
            problems += 1
            sys.stdout.write(f"{finding}\n")
    sys.stdout.write(f"{total:,} inputs, {problems} findings; seed {asked.seed}\n")
    return int(problems > 0)


if __name__ == "__main__":
    sys.exit(main())
