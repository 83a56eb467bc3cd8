"""Holding what was measured against a norm.

Limits and shares are those of `docs/domain.md`. None of them was checked against the text of
the standard; `background` says so in every answer.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from alarm_gateway.evidence.shares import percentile, reaches

Verdict = Literal["meets", "does not meet", "not measurable", "information"]
PERCENTILES = (500, 900, 950, 985, 990)


class Norm(Struct, frozen=True, kw_only=True):
    """One figure of one norm.

    Attributes:
        norm: The standard, law or practice.
        what: What is measured.
        who: Which control room or category, where that matters.
        limit: At most so much, in `unit`; None where the norm names no limit.
        required_permille: So many of 1,000 have to be within the limit; None: no share is
            required, the figure is for information.
        judged_by: Whether a share of all has to be within the limit, or the mean of all.
        source: Where the figure comes from.
        background: Whether the text of the standard was not checked.
    """

    norm: str
    what: str
    who: str = ""
    unit: Literal["ms", "alarms"] = "ms"
    limit: float | None = None
    required_permille: int | None = None
    judged_by: Literal["share", "mean"] = "share"
    source: str = "docs/domain.md, norms and figures"
    background: bool = True


class Figure(Struct, frozen=True, kw_only=True):
    """What was measured, and whether that meets the norm."""

    norm: Norm
    verdict: Verdict
    count: int = 0
    within: int | None = None
    percentiles: dict[str, float | None] = {}
    mean: float | None = None
    longest: float | None = None
    unfinished: int = 0
    """Counted as beyond the limit: still waiting, and longer than the limit already."""
    pending: int = 0
    """Not counted: still waiting, and within the limit so far."""
    note: str = ""


class Sample(Struct, frozen=True, gc=False):
    """Something that took so long, or that waits for so long already."""

    value: float | None
    waiting: float = 0


def measured(norm: Norm, samples: Iterable[Sample], note: str = "") -> Figure:
    """Hold samples against a norm."""
    limit = norm.limit
    finished: list[float] = []
    unfinished = pending = 0
    for sample in samples:
        if sample.value is not None:
            finished.append(sample.value)
        elif limit is not None and sample.waiting > limit:
            unfinished += 1
        else:
            pending += 1
    count = len(finished) + unfinished
    within = None if limit is None else sum(value <= limit for value in finished)
    if count == 0:
        return Figure(
            norm=norm, verdict="not measurable", pending=pending, note=note or "nothing to measure"
        )
    mean = None if unfinished else sum(finished) / count
    return Figure(
        norm=norm,
        verdict=_verdict(norm, count, within, mean),
        count=count,
        within=within,
        percentiles={
            f"p{permille / 10:g}": percentile(finished, permille, unfinished)
            for permille in PERCENTILES
        },
        mean=mean,
        longest=None if unfinished or not finished else max(finished),
        unfinished=unfinished,
        pending=pending,
        note=note,
    )


def _verdict(norm: Norm, count: int, within: int | None, mean: float | None) -> Verdict:
    if norm.limit is None or within is None:
        return "information"
    if norm.judged_by == "mean":
        good = mean is not None and mean <= norm.limit
    elif norm.required_permille is not None:
        good = reaches(within, count, norm.required_permille)
    else:
        return "information"
    return "meets" if good else "does not meet"
