"""Charts as inline SVG: latency histograms on a logarithmic axis, and bars."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from hdrh.histogram import HdrHistogram

WIDTH, HEIGHT = 640, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 12, 12, 14, 34
_BINS_PER_DECADE = 12
_FROM_US, _TO_US = 50.0, 1_000_000.0
_BAR = 30
_TICKS = (
    (100, "0.1 ms"), (1_000, "1 ms"), (10_000, "10 ms"), (100_000, "0.1 s"), (1_000_000, "1 s"),
)  # fmt: skip
COLOURS = {
    "hop": "#9aa3ad",
    "relay": "#5d6772",
    "gateway": "#0b6e99",
    "system": "#2a8c55",
    "naive": "#c4622d",
}


class Curve(NamedTuple):
    """One histogram of a chart."""

    label: str
    colour: str
    histogram: HdrHistogram


class Bar(NamedTuple):
    """One bar of a chart."""

    label: str
    value: float
    text: str
    colour: str


def _x(latency_us: float) -> float:
    share = (math.log10(latency_us) - math.log10(_FROM_US)) / (
        math.log10(_TO_US) - math.log10(_FROM_US)
    )
    return _LEFT + min(1.0, max(0.0, share)) * (WIDTH - _LEFT - _RIGHT)


def _shares(histogram: HdrHistogram) -> list[float]:
    """Return the share of presses in each bin of the axis."""
    decades = math.log10(_TO_US) - math.log10(_FROM_US)
    bins = [0.0] * (round(decades * _BINS_PER_DECADE) + 1)
    total = histogram.get_total_count() or 1
    for item in histogram.get_recorded_iterator():
        value = max(_FROM_US, min(_TO_US, item.value_iterated_to))
        place = int((math.log10(value) - math.log10(_FROM_US)) * _BINS_PER_DECADE)
        bins[min(place, len(bins) - 1)] += item.count_at_value_iterated_to / total
    return bins


def histogram_chart(title: str, curves: Sequence[Curve]) -> str:
    """Draw where the latencies lie: the further left, the faster; marks show p50 and p99."""
    floor = HEIGHT - _BOTTOM
    shares = [_shares(curve.histogram) for curve in curves]
    highest = max((max(one) for one in shares), default=1.0) or 1.0
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">',
        f'<line x1="{_LEFT}" y1="{floor}" x2="{WIDTH - _RIGHT}" y2="{floor}" class="axis"/>',
    ]
    for at_us, text in _TICKS:
        x = _x(at_us)
        anchor = "end" if at_us == _TO_US else "middle"
        parts.append(f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{floor}" class="grid"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{floor + 16}" text-anchor="{anchor}" class="tick">{text}</text>'
        )
    for curve, share in zip(curves, shares, strict=True):
        points = [f"{_LEFT},{floor}"]
        for place, part in enumerate(share):
            y = floor - part / highest * (floor - _TOP)
            left = _x(_FROM_US * 10 ** (place / _BINS_PER_DECADE))
            right = _x(_FROM_US * 10 ** ((place + 1) / _BINS_PER_DECADE))
            points += [f"{left:.1f},{y:.1f}", f"{right:.1f},{y:.1f}"]
        points.append(f"{WIDTH - _RIGHT},{floor}")
        parts.append(
            f'<polygon points="{" ".join(points)}" fill="{curve.colour}" fill-opacity="0.22" '
            f'stroke="{curve.colour}" stroke-width="1.5"><title>{escape(curve.label)}</title>'
            "</polygon>"
        )
        for percentile, dash in ((50, ""), (99, ' stroke-dasharray="3 3"')):
            x = _x(max(1, curve.histogram.get_value_at_percentile(percentile)))
            parts.append(
                f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{floor}" '
                f'stroke="{curve.colour}" stroke-width="1.5"{dash}/>'
            )
    parts.append("</svg>")
    return "".join(parts)


def bar_chart(title: str, bars: Sequence[Bar]) -> str:
    """Draw horizontal bars."""
    height = _BAR * len(bars) + 4
    most = max((bar.value for bar in bars), default=1.0) or 1.0
    label_width, text_width = 150, 130
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">']
    for number, bar in enumerate(bars):
        y = number * _BAR + 4
        width = max(2.0, bar.value / most * (WIDTH - label_width - text_width))
        parts.append(
            f'<text x="0" y="{y + 16}" class="label">{escape(bar.label)}</text>'
            f'<rect x="{label_width}" y="{y}" width="{width:.1f}" height="{_BAR - 8}" rx="3" '
            f'fill="{bar.colour}"/>'
            f'<text x="{label_width + width + 8:.1f}" y="{y + 16}" class="label">'
            f"{escape(bar.text)}</text>"
        )
    parts.append("</svg>")
    return "".join(parts)
