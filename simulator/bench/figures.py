"""What one run found, and what several runs of one case say together."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Literal, NamedTuple

import msgspec
from hdrh.histogram import HdrHistogram

LATENCY_US_MAX = 600_000_000
DIGITS = 3
Subject = Literal["hop", "relay", "gateway", "naive", "system"]
"""What is measured: the bare hop and the bare relay are the floor, `naive` is the control,
`gateway` has light subscribers for its consoles, `system` has the real consoles."""


class StageFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How presses came to one place. Latencies count from the moment a press was due."""

    presses: int
    lost: int
    repeated: int
    """Times that a press came here again; every receiver is idempotent."""
    p50_us: float
    p90_us: float
    p99_us: float
    p999_us: float
    max_us: float
    histogram: str
    """HdrHistogram in its own encoding."""


class RunFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one case."""

    sent: int
    acknowledged: int
    journalled: int | None
    """None where the subject has no journal."""
    duplicated: int
    """Presses in the journal more than once, and alarms or answers beyond one for each."""
    late_pct: float
    lateness_p99_us: float
    lateness_max_us: float
    stages: dict[str, StageFigures]
    cpu_us: dict[str, float]
    """Processor time for one press, by part, from the operating system."""
    others_pct: float | None
    """Share of the machine's processors that other programs, the kernel's own work and other
    machines of the same host took; None where it cannot be told."""
    fsync_p50_us: float
    """What a write and fdatasync took on this disk, just before the run."""
    fsync_p95_us: float
    noise_per_s: float = 0.0
    attempts: int = 1

    @property
    def valid(self) -> bool:
        """Whether the driver was on time for all but 1% of the presses."""
        return self.late_pct <= LATE_PCT_MAX

    @property
    def lost(self) -> int:
        """Presses missing somewhere, each counted at every place where it is missing."""
        missing = sum(stage.lost for stage in self.stages.values())
        return missing + (0 if self.journalled is None else max(0, self.sent - self.journalled))

    def p99_worst_us(self) -> float:
        """Return the worst 99th percentile of all places."""
        return max((stage.p99_us for stage in self.stages.values()), default=0.0)


LATE_US = 1_000
"""A press sent this much after it was due is late: the driver was the bottleneck."""
LATE_PCT_MAX = 1.0


class Spread(msgspec.Struct, frozen=True):
    """The median of several runs, and the lowest and highest of them."""

    median: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Return how far the runs lie apart, to either side."""
        return (self.high - self.low) / 2


def spread(values: Iterable[float]) -> Spread:
    """Summarise the same figure of several runs."""
    found = sorted(values)
    return Spread(float(median(found)), float(found[0]), float(found[-1]))


def stage_figures(
    latencies_us: Sequence[int], *, presses: int, lost: int, repeated: int, never: int = 0
) -> StageFigures:
    """Summarise the latencies at one place.

    Of the presses that are measured `never` did not come: they took the longest time there is.
    """
    histogram = HdrHistogram(1, LATENCY_US_MAX, DIGITS)
    if never:
        histogram.record_value(LATENCY_US_MAX, never)
    for latency_us in latencies_us:
        histogram.record_value(min(max(1, latency_us), LATENCY_US_MAX))
    at = histogram.get_value_at_percentile
    return StageFigures(
        presses=presses,
        lost=lost,
        repeated=repeated,
        p50_us=at(50),
        p90_us=at(90),
        p99_us=at(99),
        p999_us=at(99.9),
        max_us=histogram.get_max_value(),
        histogram=histogram.encode().decode(),
    )


class Lateness(NamedTuple):
    """How the driver kept to its schedule, of the presses that are measured."""

    late_pct: float
    p99_us: float
    max_us: float


def lateness(sent_ns: Sequence[int], due_ns: Sequence[int]) -> Lateness:
    """Compare when presses were sent with when they were due."""
    late_us = sorted(max(0, sent - due) // 1_000 for sent, due in zip(sent_ns, due_ns, strict=True))
    return Lateness(
        late_pct=100 * sum(late > LATE_US for late in late_us) / len(late_us),
        p99_us=late_us[int(len(late_us) * 0.99)],
        max_us=late_us[-1],
    )


def merged(stages: Iterable[StageFigures]) -> HdrHistogram:
    """Put the histograms of several runs, or places, together."""
    whole = HdrHistogram(1, LATENCY_US_MAX, DIGITS)
    for stage in stages:
        whole.decode_and_add(stage.histogram)
    return whole
