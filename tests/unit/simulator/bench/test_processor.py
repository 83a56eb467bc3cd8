"""Processor time of real processes."""

import os
import subprocess
import sys
from itertools import pairwise

import pytest

from simulator.bench.errors import BenchError
from simulator.bench.processor import Meter, busy_s, cpu_s

WORK = "for number in range(3_000_000): pass\nprint(flush=True)\ninput()"


def test_what_a_process_used_is_told_and_belongs_to_nobody_else() -> None:
    """A part that works is measured, also beside a tool that ends meanwhile."""
    with (
        subprocess.Popen(
            [sys.executable, "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as worker,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as tool,
    ):
        meter = Meter({"worker": worker.pid}, [tool.pid])
        tool.communicate(b"\n")
        assert worker.stdout is not None
        worker.stdout.readline()
        meter.stop()
        worker.communicate(b"\n")
    assert meter.used_s["worker"] > 0.01
    assert meter.others_s >= 0


def test_the_clock_of_a_process_is_finer_than_a_tick() -> None:
    """Two readings of our own differ by less than the hundredth of a second that /proc tells."""
    readings = [cpu_s(os.getpid()) for _ in range(1_000)]
    assert any(0 < later - earlier < 0.01 for earlier, later in pairwise(readings))


def test_the_whole_machine_is_busier_than_one_process() -> None:
    """All programs together have used at least what this one has."""
    assert busy_s() > cpu_s(os.getpid()) - 1


def test_a_process_that_is_gone_is_named() -> None:
    """The line says which process has no time to read."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with pytest.raises(BenchError, match=f"process {gone.pid} cannot be read"):
        cpu_s(gone.pid)
