"""The norms report as a table for people, and as data for programs."""

from typing import Any

import msgspec
from rich.table import Table

from alarm_gateway.evidence.facts import Facts
from alarm_gateway.evidence.figures import figures_of
from alarm_gateway.evidence.norms import Figure
from alarm_gateway.evidence.times import iso_time, span

_STYLES = {"meets": "green", "does not meet": "bold red"}
_SHOWN = ("p50", "p90", "p99")
"""Percentiles in the table; the JSON has more of them."""
BACKGROUND = (
    "* background: the figure is that of docs/domain.md; it was not checked against the text of "
    "the standard, and nothing here claims conformance"
)


def norms_report(facts: Facts, from_ms: int, to_ms: int, now_ms: int) -> dict[str, Any]:
    """Return the whole report as plain values, for JSON."""
    period = facts.within(from_ms, to_ms)
    alarms = period.alarms.values()
    return {
        "format": "aware-norms",
        "version": 1,
        "from": iso_time(from_ms),
        "to": iso_time(to_ms),
        "from_ms": from_ms,
        "to_ms": to_ms,
        "alarms": sum(one.pressed and not one.test for one in alarms),
        "alarms_without_press": sum(not one.pressed for one in alarms),
        "test_alarms": sum(one.test for one in alarms),
        "presses": len(period.presses),
        "test_presses": len(period.test_presses),
        "purged_rows": facts.purged_rows,
        "background": BACKGROUND,
        "figures": [
            {**msgspec.to_builtins(one), "share": _share(one)}
            for one in figures_of(facts, from_ms, to_ms, now_ms)
        ],
    }


def _share(figure: Figure) -> float | None:
    if figure.within is None or not figure.count:
        return None
    return figure.within / figure.count


def norms_table(report: dict[str, Any]) -> Table:
    """Draw the report."""
    counts = (
        f"{report['alarms']} alarms, {report['presses']} presses; left out: "
        f"{report['test_alarms']} test alarms with {report['test_presses']} test presses"
    )
    if report["alarms_without_press"]:
        counts += f"; {report['alarms_without_press']} alarms of faults or floods"
    if report["purged_rows"]:
        counts += f"; {report['purged_rows']} purged rows"
    table = Table(
        title=f"norms, {report['from']} to {report['to']}\n{counts}",
        title_justify="left",
        caption=BACKGROUND,
        caption_justify="left",
    )
    for name in ("norm", "measured", "where"):
        table.add_column(name, overflow="fold")
    for name in ("count", "within", "required", *_SHOWN, "longest"):
        table.add_column(name, justify="right", overflow="fold")
    table.add_column("verdict", overflow="fold")
    for figure in report["figures"]:
        table.add_row(*_cells(figure))
    return table


def _cells(figure: dict[str, Any]) -> list[str]:
    norm = figure["norm"]
    unit = norm["unit"]
    limit, required = norm["limit"], norm["required_permille"]
    name = norm["norm"] + ("*" if norm["background"] else "")
    share = figure["share"]
    wanted = "" if limit is None else f"≤ {_value(limit, unit)}"
    if norm["judged_by"] == "mean":
        wanted = f"mean {wanted}"
    elif required is not None:
        wanted = f"{required / 10:g}% {wanted}"
    percentiles = figure["percentiles"]
    verdict = figure["verdict"]
    style = _STYLES.get(verdict)
    shown = f"[{style}]{verdict}[/]" if style else verdict
    details = [figure["note"]] if verdict == "not measurable" else []
    if norm["judged_by"] == "mean" and figure["mean"] is not None:
        details.append(f"mean {figure['mean']:.3g}")
    if figure["unfinished"]:
        details.append(f"{figure['unfinished']} still waiting, too long already")
    if figure["pending"]:
        details.append(f"{figure['pending']} still waiting, not counted")
    return [
        name,
        norm["what"],
        norm["who"],
        str(figure["count"]),
        "" if share is None else f"{100 * share:.1f}%",
        wanted,
        *(_value(percentiles.get(one), unit) if figure["count"] else "" for one in _SHOWN),
        _value(figure["longest"], unit) if figure["count"] else "",
        "\n".join([shown, *details]),
    ]


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return "waiting"
    return span(value) if unit == "ms" else f"{value:.3g}"
