"""The clock: the unit, the direction, and that nobody else reads the time."""

import ast
import time
from pathlib import Path

from alarm_protocol.runtime import clock

ROOT = Path(__file__).parents[3]
CLOCK = ROOT / "alarm_protocol" / "runtime" / "clock.py"
READERS = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"}


def test_now_is_in_milliseconds_since_the_epoch() -> None:
    """The wall clock is read in whole milliseconds."""
    before = time.time_ns()
    now_ms = clock.now_ms()
    after = time.time_ns()
    assert isinstance(now_ms, int)
    assert before // 1_000_000 <= now_ms <= after // 1_000_000


def test_monotonic_is_in_seconds_and_never_goes_back() -> None:
    """Differences of the monotonic clock are seconds."""
    before = time.monotonic()
    read = [clock.monotonic_s() for _ in range(100)]
    assert read == sorted(read)
    assert before <= read[0] <= read[-1] <= time.monotonic()


def test_only_the_clock_reads_the_time() -> None:
    """No other module of the four packages calls the time or datetime module for now."""
    found = []
    for package in ("alarm_protocol", "alarm_gateway", "dispatch", "simulator"):
        for path in (ROOT / package).rglob("*.py"):
            if path == CLOCK:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module == "time":
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno} from time import")
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                    continue
                owner, name = ast.unparse(node.func.value), node.func.attr
                reads_time = owner == "time" and name in READERS
                reads_date = owner.endswith(("datetime", "date")) and name in {
                    "now",
                    "today",
                    "utcnow",
                }
                if reads_time or reads_date:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno} {owner}.{name}")
    assert not found
