"""Figures by name: what thresholds and baselines speak of."""

from collections.abc import Sequence

from simulator.bench.figures import RunFigures, Spread, spread
from simulator.bench.results import BenchResult, CaseResult

CONSOLE_STAGES = ("police", "veilig_thuis")
_PERCENTILES = (("p50", "p50_us"), ("p99", "p99_us"))
_OURS = ("gateway", "system")
"""Subjects that may lose nothing; the control and the floor are there to be looked at."""


def valid_runs(case: CaseResult) -> list[RunFigures]:
    """Return the runs that count: those in which the driver was on time."""
    return [run for run in case.runs if run.valid]


def figures_of(result: BenchResult) -> dict[str, Spread]:
    """Return every figure by name, such as `gateway@200.console.p99_ratio`.

    A ratio is to the bare relay at the same rate in the same run of the benchmark.
    """
    cases = {case.name: _case_figures(case) for case in result.cases}
    found = {f"{name}.{key}": value for name, case in cases.items() for key, value in case.items()}
    for name in cases:
        found |= _ratios(name, cases)
    quiet = cases.get("quiet", {}).get("console.p99_us")
    for name in ("heartbeats", "reconnects", "unreadable"):
        own = cases.get(name, {}).get("console.p99_us")
        if quiet and own and quiet.median:
            found[f"{name}.console.p99_of_quiet"] = _over(own, quiet.median)
    return found | _ceilings(result) | _totals(result)


def _case_figures(case: CaseResult) -> dict[str, Spread]:
    found = {
        "lost": spread(run.lost for run in case.runs),
        "duplicated": spread(run.duplicated for run in case.runs),
        "late_pct": spread(run.late_pct for run in case.runs),
    }
    runs = valid_runs(case)
    if not runs:
        return found
    for label, attribute in _PERCENTILES:
        values = [_console_us(run, attribute) for run in runs]
        known = [value for value in values if value is not None]
        if known:
            found[f"console.{label}_us"] = spread(known)
        for stage in ("feedback", "painted"):
            known = [getattr(run.stages[stage], attribute) for run in runs if stage in run.stages]
            if known:
                found[f"{stage}.{label}_us"] = spread(known)
    for part in runs[0].cpu_us:
        found[f"cpu.{part}_us"] = spread(run.cpu_us[part] for run in runs)
    found["fsync.p50_us"] = spread(run.fsync_p50_us for run in runs)
    return found


def _console_us(run: RunFigures, attribute: str) -> float | None:
    """Return the worse of both consoles; for the bare hop, the hop's own."""
    names = [name for name in (*CONSOLE_STAGES, "hop") if name in run.stages]
    values = [float(getattr(run.stages[name], attribute)) for name in names]
    return max(values) if values else None


def _ratios(name: str, cases: dict[str, dict[str, Spread]]) -> dict[str, Spread]:
    """Set a case against what ran at the same rate."""
    found: dict[str, Spread] = {}
    subject, _, rate = name.partition("@")
    case, relay = cases[name], cases.get(f"relay@{rate}", {})
    for floor, suffix in (("relay", "ratio"), ("hop", "hop_ratio")):
        for key, _ in _PERCENTILES:
            own = case.get(f"console.{key}_us")
            under = cases.get(f"{floor}@{rate}", {}).get(f"console.{key}_us")
            if own and under and under.median and subject != floor:
                found[f"{name}.console.{key}_{suffix}"] = _over(own, under.median)
    own, under, sync = (
        case.get("console.p50_us"), relay.get("console.p50_us"), case.get("fsync.p50_us")
    )  # fmt: skip
    if own and under and sync and subject in _OURS:
        found[f"{name}.console.p50_durable_ratio"] = _over(own, under.median + sync.median)
    naive, own = cases.get(f"naive@{rate}", {}).get("console.p99_us"), case.get("console.p99_us")
    if subject == "gateway" and naive and own and naive.median:
        found[f"{name}.console.p99_of_naive"] = _over(own, naive.median)
    return found


def _over(value: Spread, base: float) -> Spread:
    return Spread(value.median / base, value.low / base, value.high / base)


def _ceilings(result: BenchResult) -> dict[str, Spread]:
    found: dict[str, Spread] = {}
    rates = {one.name: one.ceiling.rate_per_s for one in result.searches}
    for one in result.searches:
        name, runs = f"ceiling.{one.name}", one.ceiling.runs
        found[f"{name}.rate_per_s"] = spread([one.ceiling.rate_per_s])
        for part in runs[0].cpu_us if runs else ():
            found[f"{name}.cpu.{part}_us"] = spread(run.cpu_us[part] for run in runs)
        own, broker = found.get(f"{name}.cpu.gateway_us"), found.get(f"{name}.cpu.broker_us")
        if own and broker and broker.median:
            found[f"{name}.cpu_of_broker"] = _over(own, broker.median)
    if rates.get("naive") and "gateway" in rates:
        found["ceiling.gateway_of_naive"] = spread([rates["gateway"] / rates["naive"]])
    short, long = rates.get("journal 10000"), rates.get("journal 1000000")
    if short and long is not None:
        found["ceiling.long_of_short_journal"] = spread([long / short])
    return found


def all_runs(result: BenchResult, subjects: Sequence[str] = ()) -> list[RunFigures]:
    """Return the runs of all cases and ceilings, of these subjects or of all."""
    runs = [
        run
        for case in result.cases
        for run in case.runs
        if not subjects or case.subject in subjects
    ]
    return runs + [
        run
        for one in result.searches
        for run in one.ceiling.runs
        if not subjects or one.subject in subjects
    ]


def _totals(result: BenchResult) -> dict[str, Spread]:
    ours = all_runs(result, _OURS)
    others = [run.others_pct for run in all_runs(result) if run.others_pct is not None]
    return ({"all.others_pct": spread(others)} if others else {}) | {
        "all.lost": spread([sum(run.lost for run in ours)]),
        "all.duplicated": spread([sum(run.duplicated for run in ours)]),
        "all.invalid": spread([sum(not run.valid for case in result.cases for run in case.runs)]),
    }
