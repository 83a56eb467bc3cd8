"""Thresholds from a file, the verdict on every one of them, and what is worse than a baseline."""

import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from simulator.bench.errors import BenchError
from simulator.bench.figures import Spread

DEFAULT_THRESHOLDS = Path(__file__).with_name("thresholds.toml")
OURS = ("gateway@", "system@", "quiet", "heartbeats", "reconnects", "unreadable")
"""Cases that a baseline is compared for, beside ceilings and screens: not floor and control."""


class Threshold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a figure's median must be, in which profiles."""

    says: str
    figure: str
    profiles: tuple[str, ...]
    at_most: float | None = None
    at_least: float | None = None
    or_figure: str | None = None
    """Holds anyway where this figure is at most `or_at_most`."""
    or_at_most: float = 0.0


class ThresholdFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All thresholds, and how much worse than a baseline is no news."""

    noise_margin_pct: float = 25.0
    """Of medians, costs and ceilings: runs on a shared machine differ by as much."""
    noise_margin_p99_pct: float = 60.0
    """Of 99th percentiles, which rest on a hundredth of the presses."""
    threshold: tuple[Threshold, ...] = ()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One threshold, or one comparison, and what became of it."""

    says: str
    line: str
    outcome: Literal["holds", "failed", "skipped"]
    figure: str = ""

    @property
    def failed(self) -> bool:
        """Whether it makes the whole run fail."""
        return self.outcome == "failed"


def read_thresholds(path: Path) -> ThresholdFile:
    """Read a file of thresholds.

    Raises:
        BenchError: It is missing or wrong.
    """
    try:
        file = msgspec.convert(tomllib.loads(path.read_text("utf-8")), ThresholdFile)
    except OSError as error:
        raise BenchError(f"thresholds {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeError, msgspec.ValidationError) as error:
        raise BenchError(f"thresholds {path}: {error}") from None
    for one in file.threshold:
        if (one.at_most is None) == (one.at_least is None):
            raise BenchError(
                f"thresholds {path}: {one.says!r} needs either at_most or at_least, and one of them"
            )
    return file


def judge(figures: dict[str, Spread], file: ThresholdFile, profile: str) -> list[Finding]:
    """Hold the figures against every threshold of this profile."""
    return [_judged(figures, one) for one in file.threshold if profile in one.profiles]


def _judged(figures: dict[str, Spread], one: Threshold) -> Finding:
    found = figures.get(one.figure)
    if found is None:
        line = f"{one.says}: there is no {one.figure}; it was not measured, or in invalid runs only"
        return Finding(says=one.says, line=line, outcome="failed", figure=one.figure)
    if one.at_most is not None:
        holds, bound = found.median <= one.at_most, f"at most {_number(one.at_most)}"
    else:
        least = one.at_least or 0.0
        holds, bound = found.median >= least, f"at least {_number(least)}"
    if one.or_figure is not None:
        other = figures.get(one.or_figure)
        holds = holds or (other is not None and other.median <= one.or_at_most)
        bound += f" (or {one.or_figure} at most {_number(one.or_at_most)})"
    line = (
        f"{one.says}: {one.figure} is {_number(found.median)} "
        f"({_number(found.low)} to {_number(found.high)}), must be {bound}"
    )
    return Finding(
        says=one.says, line=line, outcome="holds" if holds else "failed", figure=one.figure
    )


def without_broker(finding: Finding) -> Finding:
    """Skip what asks for the processor time of a broker that somebody else runs."""
    if "broker" not in finding.figure:
        return finding
    line = f"{finding.says}: a given broker's processor time is not ours to read"
    return msgspec.structs.replace(finding, line=line, outcome="skipped")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - for people


def _is_compared(name: str, figures: dict[str, Spread]) -> bool:
    """Latencies as ratios where there are any: a slower machine slows the floor as well."""
    case = name.partition(".")[0]
    if "naive" in name or ".fsync." in name:
        return False
    if case == "ceiling":
        return name.endswith(("rate_per_s", "cpu.gateway_us"))
    if not case.startswith(OURS) and "screen" not in case:
        return False
    if name.endswith(("p50_us", "p99_us")):
        return f"{name.removesuffix('_us')}_ratio" not in figures
    return name.endswith(("p50_ratio", "p99_ratio", "cpu.gateway_us"))


def compare(
    figures: dict[str, Spread], before: dict[str, Spread], file: ThresholdFile
) -> list[Finding]:
    """Tell which latencies, costs and ceilings are worse than in a baseline.

    Worse by more than the margin, and by more than both spreads together: less is noise.
    """
    found = []
    for name in sorted(before):
        if not _is_compared(name, before) or not before[name].median:
            continue
        now, then = figures.get(name), before[name]
        says = f"{name} against the baseline"
        if now is None:
            line = f"{says}: not measured this time, or in invalid runs only"
            found.append(Finding(says=says, line=line, outcome="skipped", figure=name))
            continue
        down = name.endswith("rate_per_s")
        margin_pct = file.noise_margin_p99_pct if "p99" in name else file.noise_margin_pct
        worse = then.median - now.median if down else now.median - then.median
        limit = max(then.median * margin_pct / 100, now.half_width + then.half_width)
        bound = then.median - limit if down else then.median + limit
        line = (
            f"{says}: was {_number(then.median)}, is {_number(now.median)}, may be at "
            f"{'least' if down else 'most'} {_number(bound)} "
            f"(the larger of {margin_pct:g}% and both spreads)"
        )
        outcome: Literal["holds", "failed"] = "holds" if worse <= limit else "failed"
        found.append(Finding(says=says, line=line, outcome=outcome, figure=name))
    return found


class _Earlier(msgspec.Struct):
    figures: dict[str, Spread]


def read_baseline(path: Path) -> dict[str, Spread]:
    """Read the figures of an earlier `--json` file.

    Raises:
        BenchError: It is missing or no such file.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Earlier).figures
    except OSError as error:
        raise BenchError(f"baseline {path} cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise BenchError(f"baseline {path} is no result of this benchmark: {error}") from None
