"""`alarm-simulator bench`: runs a profile, judges it, and writes it down in every form."""

import os
import platform
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from alarm_protocol.runtime import clock
from alarm_protocol.runtime.broker_url import BrokerUrl
from simulator.bench.errors import BenchError
from simulator.bench.figures import RunFigures
from simulator.bench.naming import figures_of
from simulator.bench.page import html_page
from simulator.bench.profiles import Case, Profile, profile_named
from simulator.bench.reports import junit, markdown, run_line, tally, text_table
from simulator.bench.results import BenchFile, BenchResult, CaseResult, Machine, SearchResult
from simulator.bench.run import run_case
from simulator.bench.search import find_ceiling
from simulator.bench.stand import Stand
from simulator.bench.verdict import (
    DEFAULT_THRESHOLDS,
    Finding,
    compare,
    judge,
    read_baseline,
    read_thresholds,
    without_broker,
)
from simulator.brokers import BrokerKind

FORMAT = "aware-bench-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchSettings:
    """What to run, against which broker, and which files to write."""

    profile: str = "smoke"
    broker: BrokerUrl | None = None
    broker_kind: BrokerKind = "auto"
    thresholds: Path = DEFAULT_THRESHOLDS
    baseline: Path | None = None
    json: Path | None = None
    html: Path | None = None
    junit: Path | None = None
    summary: Path | None = None
    only: str = ""
    """Only cases and searches whose name holds this."""


async def run_bench(settings: BenchSettings) -> int:
    """Run, judge and report; return 1 where a threshold failed, with one line for each.

    Raises:
        BenchError: The benchmark could not be run.
    """
    if sys.platform != "linux":
        raise BenchError("the benchmark reads processor times as Linux tells them; run it there")
    profile = _chosen(profile_named(settings.profile), settings.only)
    rules = read_thresholds(settings.thresholds)
    before = None if settings.baseline is None else read_baseline(settings.baseline)
    for path in (settings.json, settings.html, settings.junit, settings.summary):
        if path is not None and not path.absolute().parent.is_dir():
            raise BenchError(f"{path} cannot be written: its folder does not exist; make it first")
    begin_s = clock.monotonic_s()
    with tempfile.TemporaryDirectory(prefix="aware-bench-") as folder:
        stand = Stand(Path(folder), broker=settings.broker, kind=settings.broker_kind)
        _say(f"bench {profile.name} on {stand.broker_kind} ({profile.about})")
        result = await _run_all(profile, stand, begin_s)
    figures = figures_of(result)
    findings = judge(figures, rules, profile.name) if not settings.only else []
    if stand.broker_kind == "given":
        findings = [without_broker(finding) for finding in findings]
    if before is not None:
        findings += compare(figures, before, rules)
    failures = [finding.line for finding in findings if finding.failed]
    file = BenchFile(format=FORMAT, figures=figures, failures=failures, result=result)
    sys.stdout.write(text_table(file))
    for line in failures:
        sys.stdout.write(f"FAILED {line}\n")
    sys.stdout.write(f"{tally(findings)}\n")
    _write(settings, file, findings)
    return int(bool(failures))


async def run_load(rate_per_s: float, seconds: float, *, embedded: bool) -> int:
    """Load the gateway once at one rate; return 1 where a press was lost or doubled."""
    case = Case(
        name="load", subject="gateway", rate_per_s=rate_per_s, seconds=seconds, warm_up_s=2.0,
        attempts=1,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="aware-load-") as folder:
        stand = Stand(Path(folder), kind="embedded" if embedded else "auto")
        figures = await run_case(stand, case, 1)
    for name, stage in figures.stages.items():
        sys.stdout.write(
            f"to {name:<13} {stage.presses:>8} presses, lost {stage.lost}, p50 "
            f"{stage.p50_us / 1_000:.2f} ms, p99 {stage.p99_us / 1_000:.2f} ms, "
            f"max {stage.max_us / 1_000:.2f} ms\n"
        )
    sys.stdout.write(f"{run_line(case, figures)}\n")
    return int(figures.lost > 0 or figures.duplicated > 0)


def _chosen(profile: Profile, only: str) -> Profile:
    cases = tuple(one for one in profile.cases if only in one.name)
    searches = tuple(one for one in profile.searches if only in one.case.name)
    if not cases and not searches:
        names = [one.name for one in profile.cases] + [one.case.name for one in profile.searches]
        raise BenchError(f"no case of {profile.name} has {only!r} in its name: {', '.join(names)}")
    return replace(profile, cases=cases, searches=searches)


async def _run_all(profile: Profile, stand: Stand, begin_s: float) -> BenchResult:
    """Run every case, the repeats interleaved: a bad minute of the machine hits all alike."""
    runs: dict[str, list[RunFigures]] = {case.name: [] for case in profile.cases}
    number = 0

    async def run(case: Case) -> RunFigures:
        nonlocal number
        number += 1
        figures = await run_case(stand, case, number)
        _say(run_line(case, figures))
        return figures

    for repeat in range(max((case.repeats for case in profile.cases), default=0)):
        for case in profile.cases:
            if repeat < case.repeats:
                runs[case.name].append(await run(case))
    searches = []
    for search in profile.searches:
        ceiling = await find_ceiling(search, run)
        searches.append(
            SearchResult(
                name=search.name,
                subject=search.case.subject,
                confirm_s=search.confirm_s,
                ceiling=ceiling,
            )
        )
    cases = [
        CaseResult(
            name=case.name,
            subject=case.subject,
            rate_per_s=case.rate_per_s,
            seconds=case.seconds,
            runs=runs[case.name],
        )
        for case in profile.cases
    ]
    return BenchResult(
        profile=profile.name,
        about=profile.about,
        at=datetime.fromtimestamp(clock.now_ms() / 1_000, UTC).isoformat(timespec="seconds"),
        seconds=clock.monotonic_s() - begin_s,
        machine=_machine(stand),
        cases=cases,
        searches=searches,
    )


def _machine(stand: Stand) -> Machine:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        cores=os.cpu_count() or 1,
        memory_gib=round(memory, 1),
        python=platform.python_version(),
        broker=stand.broker_kind,
    )


def _write(settings: BenchSettings, file: BenchFile, findings: list[Finding]) -> None:
    forms = [
        (settings.json, msgspec.json.format(msgspec.json.encode(file)).decode()),
        (settings.html, html_page(file, findings)),
        (settings.junit, junit(file, findings)),
        (settings.summary, markdown(file, findings)),
    ]
    for path, text in forms:
        if path is not None:
            try:
                path.write_text(text, encoding="utf-8")
            except OSError as error:
                raise BenchError(f"{path} cannot be written: {error.strerror}") from None


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
