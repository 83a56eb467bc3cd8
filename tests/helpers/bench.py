"""Results of the benchmark made by hand, for the tests of its figures, verdict and reports."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.bench.figures import RunFigures, StageFigures, stage_figures
from simulator.bench.naming import figures_of
from simulator.bench.results import (
    BenchFile,
    BenchResult,
    CaseResult,
    Machine,
    SearchResult,
)
from simulator.bench.search import Ceiling

CONSOLES = ("police", "veilig_thuis")


def stage(*latencies_us: int, lost: int = 0, repeated: int = 0) -> StageFigures:
    """Summarise latencies at one place."""
    presses = len(latencies_us)
    return stage_figures(latencies_us, presses=presses, lost=lost, repeated=repeated)


def run(stages: Mapping[str, StageFigures] | None = None, **changes: Any) -> RunFigures:
    """Make a run in which all went well; `changes` say what did not."""
    one = stage(1_000, 1_000)
    values: dict[str, Any] = {
        "sent": 2, "acknowledged": 2, "journalled": 2, "duplicated": 0, "late_pct": 0.0,
        "lateness_p99_us": 10.0, "lateness_max_us": 20.0, "others_pct": 3.0,
        "cpu_us": {"broker": 100.0, "gateway": 80.0}, "fsync_p50_us": 500.0, "fsync_p95_us": 900.0,
        "stages": dict(stages) if stages is not None else dict.fromkeys(CONSOLES, one),
    }  # fmt: skip
    return RunFigures(**(values | changes))


def taking(latency_us: int, **changes: Any) -> RunFigures:
    """Make a run in which every press took so long to both consoles."""
    return run({name: stage(latency_us) for name in CONSOLES}, **changes)


def case(name: str, *runs: RunFigures) -> CaseResult:
    """Make a case; `gateway@200` is one of the gateway at 200/s."""
    subject, _, rate = name.partition("@")
    subject = subject if rate else "gateway"
    rate_per_s = float(rate or 100)
    return CaseResult(
        name=name, subject=subject, rate_per_s=rate_per_s, seconds=1.0, runs=list(runs)
    )


def search(name: str, rate_per_s: float, *runs: RunFigures) -> SearchResult:
    """Make a search that found a rate."""
    subject = name if name in ("gateway", "system", "naive") else "gateway"
    ceiling = Ceiling(rate_per_s=rate_per_s, runs=list(runs), probes=[])
    return SearchResult(name=name, subject=subject, confirm_s=20.0, ceiling=ceiling)


def result(cases: Sequence[CaseResult], searches: Sequence[SearchResult] = ()) -> BenchResult:
    """Put cases and searches together."""
    machine = Machine(
        system="Linux x86_64", cores=2, memory_gib=8.0, python="3.11", broker="mosquitto"
    )
    return BenchResult(
        profile="full", about="by hand", at="2026-01-01T00:00:00+00:00", seconds=60.0,
        machine=machine, cases=list(cases), searches=list(searches),
    )  # fmt: skip


def file(whole: BenchResult, *failures: str) -> BenchFile:
    """Make what the reports are written from."""
    figures = figures_of(whole)
    return BenchFile(format="aware-bench-1", figures=figures, failures=list(failures), result=whole)
