"""The result as one HTML page: the verdict first, then pictures, then every number."""

from collections.abc import Iterable
from html import escape

from simulator.bench.charts import COLOURS, Bar, Curve, bar_chart, histogram_chart
from simulator.bench.figures import Spread, merged
from simulator.bench.naming import CONSOLE_STAGES, all_runs, valid_runs
from simulator.bench.reports import (
    ACCOUNT_COLUMNS,
    CEILING_COLUMNS,
    COLUMNS,
    PLACE_COLUMNS,
    about_line,
    account_rows,
    ceiling_rows,
    place_rows,
    rows,
    tally,
)
from simulator.bench.results import BenchFile, CaseResult
from simulator.bench.verdict import Finding

_STYLE = """
:root { color-scheme: light; font: 15px/1.5 system-ui, sans-serif; color: #1d242b; }
body { margin: 0 auto; max-width: 1100px; padding: 24px; background: #f6f7f9; }
h1 { font-size: 24px; margin: 0 0 4px; }
h2 { font-size: 18px; margin: 32px 0 8px; }
p { margin: 4px 0 12px; }
.quiet { color: #5d6772; font-size: 13px; }
.verdict { border-radius: 10px; padding: 16px 20px; color: #fff; margin: 16px 0; }
.good { background: #1f7a4a; }
.bad { background: #b3372b; }
.verdict strong { font-size: 22px; display: block; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(230px, 1fr)); gap: 12px; }
.tile, .card { background: #fff; border: 1px solid #dfe3e8; border-radius: 10px;
  padding: 14px 16px; }
.tile b { display: block; font-size: 26px; line-height: 1.25; }
.card { margin: 0 0 12px; }
.card h3 { margin: 0 0 4px; font-size: 15px; }
svg { width: 100%; height: auto; display: block; }
.axis { stroke: #5d6772; }
.grid { stroke: #e6e9ed; }
.tick, .label { font-size: 12px; fill: #3c464f; }
.label { font-size: 14px; }
.key span { display: inline-block; margin-right: 14px; font-size: 13px; white-space: nowrap; }
.key i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 5px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; width: 100%;
  background: #fff; }
th, td { padding: 5px 9px; border-bottom: 1px solid #e6e9ed; text-align: right;
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th { background: #eef1f4; }
ul.checks { list-style: none; }
ul.checks li { padding: 3px 0 3px 24px; position: relative; }
ul.checks li::before { position: absolute; left: 0; font-weight: 700; }
li.holds::before { content: "\\2713"; color: #1f7a4a; }
li.skipped::before { content: "-"; color: #5d6772; }
li.failed::before { content: "\\2717"; color: #b3372b; }
"""
_WORDS = {
    "hop": "one bare hop",
    "relay": "bare relay (no checks, no journal)",
    "gateway": "gateway",
    "system": "whole system, to the consoles' pages",
    "naive": "naive control",
}


def _milliseconds(value: Spread | None) -> str:
    if value is None:
        return "-"
    ms = value.median / 1_000
    return f"{ms:.1f} ms" if ms < 100 else f"{ms / 1_000:.2f} s"  # noqa: PLR2004 - two digits


def _tile(number: str, words: str) -> str:
    return f'<div class="tile"><b>{escape(number)}</b>{escape(words)}</div>'


def _tiles(file: BenchFile) -> str:
    figures = file.figures
    runs = all_runs(file.result, ("gateway", "system"))
    sent = sum(run.sent for run in runs)
    lost, twice = sum(run.lost for run in runs), sum(run.duplicated for run in runs)
    tiles = [
        _tile(
            _milliseconds(figures.get("system@200.console.p50_us")),
            "from the press to both control rooms' screens, typically, at 200 alarms a second",
        ),
        _tile(
            _milliseconds(figures.get("system@200.console.p99_us")),
            "for 99 of 100 presses at that rate",
        ),
        _tile(
            f"{lost} lost, {twice} double",
            f"of {sent:,} presses, each followed by its id",
        ),
    ]
    rate = figures.get("ceiling.system.rate_per_s")
    if rate is not None:
        words = "alarms a second sustained by the whole system, p99 under 0.1 s, none lost"
        tiles.append(_tile(f"{rate.median:,.0f}", words))
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _verdict(file: BenchFile, findings: list[Finding]) -> str:
    if not findings:
        return '<div class="verdict good"><strong>Measured</strong>no thresholds asked for</div>'
    if not file.failures:
        return f'<div class="verdict good"><strong>Passed</strong>{tally(findings)}</div>'
    words = f"{tally(findings)}; they are listed below"
    return f'<div class="verdict bad"><strong>Not passed</strong>{words}</div>'


def _key(subjects: Iterable[str]) -> str:
    spans = (
        f'<span><i style="background:{COLOURS[one]}"></i>{escape(_WORDS[one])}</span>'
        for one in subjects
    )
    return f'<p class="key">{"".join(spans)}</p>'


def _curve(case: CaseResult) -> Curve | None:
    stages = [
        run.stages[name]
        for run in valid_runs(case)
        for name in (*CONSOLE_STAGES, "hop")
        if name in run.stages
    ]
    if not stages:
        return None
    return Curve(_WORDS[case.subject], COLOURS[case.subject], merged(stages))


def _histograms(file: BenchFile) -> str:
    by_rate: dict[str, list[CaseResult]] = {}
    for case in file.result.cases:
        if "@" in case.name:
            by_rate.setdefault(case.name.partition("@")[2], []).append(case)
    parts = []
    for rate, cases in by_rate.items():
        curves = [curve for curve in map(_curve, cases) if curve is not None]
        title = f"{int(rate):,} alarms a second"
        chart = histogram_chart(title, curves)
        parts.append(f'<div class="card"><h3>{title}</h3>{chart}</div>')
    if not parts:
        return ""
    subjects = dict.fromkeys(
        case.subject for cases in by_rate.values() for case in cases if case.subject in _WORDS
    )
    return (
        "<h2>How long an alarm takes</h2><p>From the moment a press was due until a control room "
        "has it. Further left is faster; the scale is logarithmic. A solid line marks the median, "
        f"a dashed one 99 of 100.</p>{_key(subjects)}{''.join(parts)}"
    )


def _ceilings(file: BenchFile) -> str:
    searches = file.result.searches
    if not searches:
        return ""
    bars = [
        Bar(
            one.name,
            one.ceiling.rate_per_s,
            f"{one.ceiling.rate_per_s:,.0f}/s",
            COLOURS.get(one.name, COLOURS["gateway"]),
        )
        for one in searches
    ]
    return (
        "<h2>How much it takes</h2><p>The highest rate at which nothing is lost and 99 of 100 "
        "alarms arrive within 0.1 s.</p>"
        f'<div class="card">{bar_chart("ceilings", bars)}</div>'
        f"{_table(CEILING_COLUMNS, ceiling_rows(file))}"
    )


def _table(heads: Iterable[str], lines: list[list[str]]) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in line)}</tr>" for line in lines
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _checks(findings: list[Finding]) -> str:
    lines = "".join(
        f'<li class="{finding.outcome}">{escape(finding.line)}</li>' for finding in findings
    )
    return f'<h2>Thresholds</h2><ul class="checks card">{lines}</ul>' if findings else ""


def html_page(file: BenchFile, findings: list[Finding]) -> str:
    """Write the whole page; it needs nothing from anywhere else."""
    noise = (
        "Processor time is for one press. Latency counts from the moment that a press was due, "
        "also where the driver was late; runs in which it was late for more than 1% of presses "
        "are not counted. Everything ran on one machine: driver, broker, gateway and consoles "
        "share its cores and its disk."
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Alert path benchmark</title><style>{_STYLE}</style></head><body>"
        f'<h1>Alert path benchmark</h1><p class="quiet">{escape(about_line(file))}</p>'
        f"{_verdict(file, findings)}{_tiles(file)}{_histograms(file)}{_ceilings(file)}"
        f"{_checks(findings)}<h2>Every case</h2>{_table(COLUMNS, rows(file))}"
        "<h2>Every press accounted for</h2><p>Over all runs of a case; a control that is pressed "
        "beyond its limit may lose some.</p>"
        f"{_table(ACCOUNT_COLUMNS, account_rows(file))}"
        f"<h2>Every place</h2>{_table(PLACE_COLUMNS, place_rows(file))}"
        f'<p class="quiet">{noise}</p></body></html>'
    )
