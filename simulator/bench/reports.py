"""The result as text: a table for people, Markdown for a CI job, JUnit XML for its tests tab."""

from statistics import median
from xml.etree import ElementTree as ET

from simulator.bench.figures import RunFigures, Spread, StageFigures, merged
from simulator.bench.naming import all_runs, valid_runs
from simulator.bench.profiles import Case
from simulator.bench.results import BenchFile, CaseResult
from simulator.bench.verdict import Finding

COLUMNS = (
    "case", "valid runs", "p50 ms", "p99 ms", "p50 x relay", "p99 x relay", "p50 x hop",
    "p99 x hop", "feedback p99 ms", "subject us", "broker us", "late %", "driver us",
)  # fmt: skip
ACCOUNT_COLUMNS = (
    "case", "sent", "broker took", "received", "journalled", "police", "veilig_thuis", "painted",
    "lost", "duplicated",
)  # fmt: skip
PLACE_COLUMNS = ("case", "place", "presses", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms")


def run_line(case: Case, run: RunFigures) -> str:
    """Tell one run in a line."""
    worst = max(run.stages.values(), key=lambda stage: stage.p99_us)
    costs = " ".join(f"{name} {cost:.0f}" for name, cost in run.cpu_us.items())
    return (
        f"{case.name:>16} {case.rate_per_s:>6.0f}/s: p50 {worst.p50_us / 1_000:.2f} p99 "
        f"{worst.p99_us / 1_000:.2f} ms, lost {run.lost}, late {run.late_pct:.2f}%, "
        f"us/press: {costs}; others {run.others_pct or 0:.0f}%, fsync {run.fsync_p50_us:.0f} us"
        + ("" if run.valid else " INVALID")
    )


def _ms(value: Spread | None) -> str:
    if value is None:
        return ""
    low, high = value.low / 1_000, value.high / 1_000
    return f"{value.median / 1_000:.2f} ({low:.2f}-{high:.2f})"


def _plain(value: Spread | None, digits: int = 1) -> str:
    return "" if value is None else f"{value.median:.{digits}f}"


def rows(file: BenchFile) -> list[list[str]]:
    """Lay out every case."""
    return [_row(file.figures, case) for case in file.result.cases]


def _row(figures: dict[str, Spread], case: CaseResult) -> list[str]:
    def of(name: str) -> Spread | None:
        return figures.get(f"{case.name}.{name}")

    return [
        case.name,
        f"{len(valid_runs(case))} of {len(case.runs)}",
        _ms(of("console.p50_us")),
        _ms(of("console.p99_us")),
        _plain(of("console.p50_ratio")),
        _plain(of("console.p99_ratio")),
        _plain(of("console.p50_hop_ratio")),
        _plain(of("console.p99_hop_ratio")),
        _ms(of("feedback.p99_us")),
        _plain(of("cpu.gateway_us"), 0),
        _plain(of("cpu.broker_us"), 0),
        _plain(of("late_pct"), 2),
        _plain(of("cpu.driver_us"), 0),
    ]


def account_rows(file: BenchFile) -> list[list[str]]:
    """Account for every press of every run, also of those that count for nothing else."""
    return [_account(case) for case in file.result.cases]


def _account(case: CaseResult) -> list[str]:
    def at(stage: str) -> str:
        found = [run.stages[stage].presses for run in case.runs if stage in run.stages]
        return str(sum(found)) if found else ""

    journalled = [run.journalled for run in case.runs if run.journalled is not None]
    return [
        case.name,
        str(sum(run.sent for run in case.runs)),
        str(sum(run.acknowledged for run in case.runs)),
        at("feedback"),
        str(sum(journalled)) if journalled else "",
        at("police"),
        at("veilig_thuis"),
        at("painted"),
        str(sum(run.lost for run in case.runs)),
        str(sum(run.duplicated for run in case.runs)),
    ]


def place_rows(file: BenchFile) -> list[list[str]]:
    """Lay out how long presses took to each place, over all valid runs of a case.

    Twenty screens of a console are two rows: the first, and all others together.
    """
    found = []
    for case in file.result.cases:
        runs = valid_runs(case)
        places: dict[str, list[StageFigures]] = {}
        for run in runs:
            for name, stage in run.stages.items():
                console, more, _ = name.partition(" screen ")
                places.setdefault(f"{console}, other screens" if more else name, []).append(stage)
        for place, stages in places.items():
            whole = merged(stages)
            at = whole.get_value_at_percentile
            times = [at(50), at(90), at(99), at(99.9), whole.get_max_value()]
            found.append(
                [case.name, place, str(whole.get_total_count())]
                + [f"{time_us / 1_000:.2f}" for time_us in times]
            )
    return found


def ceiling_rows(file: BenchFile) -> list[list[str]]:
    """Lay out every search."""
    found = []
    for one in file.result.searches:
        figures = file.figures
        cpu = f"ceiling.{one.name}.cpu."
        runs = one.ceiling.runs
        worst = max((run.p99_worst_us() for run in runs), default=0.0)
        found.append(
            [
                one.name,
                f"{one.ceiling.rate_per_s:.0f}/s",
                f"{len(runs)} x {one.confirm_s:g} s",
                f"{worst / 1_000:.1f}",
                _plain(figures.get(f"{cpu}gateway_us"), 0),
                _plain(figures.get(f"{cpu}broker_us"), 0),
                one.ceiling.limited_by,
            ]
        )
    return found


CEILING_COLUMNS = ("ceiling", "rate", "held", "p99 ms", "subject us", "broker us", "limited by")


def _aligned(heads: tuple[str, ...], lines: list[list[str]]) -> str:
    if not lines:
        return ""
    table = [list(heads), *lines]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    return (
        "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        )
        + "\n\n"
    )


def text_table(file: BenchFile) -> str:
    """Lay the result out for a terminal."""
    return (
        "\n"
        + _aligned(COLUMNS, rows(file))
        + _aligned(ACCOUNT_COLUMNS, account_rows(file))
        + _aligned(CEILING_COLUMNS, ceiling_rows(file))
    )


def tally(findings: list[Finding]) -> str:
    """Count what became of the thresholds."""
    if not findings:
        return "no thresholds were asked for"
    counts = {
        word: sum(finding.outcome == word for finding in findings)
        for word in ("holds", "failed", "skipped")
    }
    words = f"{counts['holds']} of {len(findings)} thresholds hold, {counts['failed']} failed"
    return words + (f", {counts['skipped']} skipped" if counts["skipped"] else "")


def _markdown_table(heads: tuple[str, ...], lines: list[list[str]]) -> list[str]:
    return [
        f"| {' | '.join(heads)} |",
        f"|{' --- |' * len(heads)}",
        *(f"| {' | '.join(line)} |" for line in lines),
        "",
    ]


def about_line(file: BenchFile) -> str:
    """Tell where and when it was measured."""
    result, machine = file.result, file.result.machine
    runs = all_runs(result)
    pages = any("painted" in run.stages for run in runs)
    others = sorted(run.others_pct for run in runs if run.others_pct is not None)
    taken = f"{median(others):.0f}% (up to {others[-1]:.0f}%)" if others else "an unknown share"
    syncs = sorted(run.fsync_p50_us for run in runs)
    sync = f"{syncs[len(syncs) // 2]:.0f} us ({syncs[0]:.0f} to {syncs[-1]:.0f})" if syncs else "-"
    return (
        f"Profile {result.profile}, {result.at}, {result.seconds / 60:.1f} min on {machine.cores} "
        f"cores, {machine.memory_gib:g} GiB, {machine.system}, Python {machine.python}; broker "
        f"{machine.broker}; other programs took {taken} of the processors; making 16 KiB durable "
        f"took {sync}. "
        + (
            "Pages: headless Chromium in the case browser, WebSocket clients elsewhere."
            if pages
            else "No browser took part: WebSocket clients stand for the consoles' pages."
        )
    )


def markdown(file: BenchFile, findings: list[Finding]) -> str:
    """Write the summary of a CI job."""
    head = "passed" if not file.failures else "FAILED"
    lines = [
        f"## Alert path benchmark: {head}",
        "",
        f"{tally(findings)}. {about_line(file)}",
        "",
    ]
    lines += [f"- FAILED {line}" for line in file.failures] + ([""] if file.failures else [])
    lines += [
        (
            "Latency from the moment a press was due to the slower of both consoles: median of the "
            "valid runs (lowest-highest). Processor time is for one press."
        ),
        "",
    ]
    lines += _markdown_table(COLUMNS, rows(file))
    lines += ["Every press accounted for, over all runs of a case:", ""]
    lines += _markdown_table(ACCOUNT_COLUMNS, account_rows(file))
    if file.result.searches:
        lines += _markdown_table(CEILING_COLUMNS, ceiling_rows(file))
    return "\n".join(lines)


def junit(file: BenchFile, findings: list[Finding]) -> str:
    """Write the thresholds as tests, as CI systems read them."""
    name = f"bench {file.result.profile}"
    suite = ET.Element(
        "testsuite",
        name=name,
        tests=str(len(findings)),
        failures=str(len(file.failures)),
        skipped=str(sum(finding.outcome == "skipped" for finding in findings)),
        time=f"{file.result.seconds:.1f}",
    )
    for finding in findings:
        case = ET.SubElement(suite, "testcase", classname="bench", name=finding.says)
        if finding.failed:
            ET.SubElement(case, "failure", message=finding.line).text = finding.line
        elif finding.outcome == "skipped":
            ET.SubElement(case, "skipped", message=finding.line)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, encoding="unicode")
