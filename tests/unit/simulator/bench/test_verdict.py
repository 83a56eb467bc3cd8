"""Thresholds, baselines, and lines that say what failed."""

from pathlib import Path

import msgspec
import pytest

from simulator.bench.errors import BenchError
from simulator.bench.figures import Spread
from simulator.bench.profiles import profile_named
from simulator.bench.verdict import (
    DEFAULT_THRESHOLDS,
    Threshold,
    ThresholdFile,
    compare,
    judge,
    read_baseline,
    read_thresholds,
    without_broker,
)
from tests.helpers.bench import case, file, result, taking

FILE = ThresholdFile()


def outcome(one: Threshold, **figures: float) -> str:
    """Judge one threshold."""
    known = {name: Spread(value, value, value) for name, value in figures.items()}
    (finding,) = judge(known, ThresholdFile(threshold=(one,)), "full")
    return finding.outcome


def limit(**changes: float | str) -> Threshold:
    """Make a threshold of the figure `f`."""
    values: dict[str, object] = {"says": "it is so", "figure": "f", "profiles": ("full",)}
    return msgspec.convert(values | changes, Threshold)


@pytest.mark.parametrize(
    ("one", "value", "expected"),
    [
        (limit(at_most=2.0), 2.0, "holds"),
        (limit(at_most=2.0), 2.1, "failed"),
        (limit(at_least=5.0), 5.0, "holds"),
        (limit(at_least=5.0), 4.9, "failed"),
        (limit(at_most=0.0), 0.0, "holds"),
    ],
)
def test_a_threshold_holds_up_to_its_bound(one: Threshold, value: float, expected: str) -> None:
    """Bounds belong to what is allowed."""
    assert expected == outcome(one, f=value)


def test_a_second_figure_may_save_a_threshold() -> None:
    """At most twice the quiet p99, or 10 ms where that is larger."""
    one = limit(at_most=2.0, or_figure="g", or_at_most=10_000)
    assert ["holds", "failed", "failed"] == [
        outcome(one, f=3, g=9_000),
        outcome(one, f=3, g=11_000),
        outcome(one, f=3),
    ]


def test_what_was_not_measured_fails() -> None:
    """A verdict rests on figures: a case without a valid run is no pass."""
    assert outcome(limit(at_most=2.0)) == "failed"


def test_a_threshold_of_another_profile_is_not_asked() -> None:
    """Profiles have thresholds of their own."""
    assert judge({}, ThresholdFile(threshold=(limit(at_most=1.0),)), "smoke") == []


def test_a_failure_is_one_line_with_figure_and_bound() -> None:
    """The line says what is wrong, how much it is, and what it must be."""
    one = limit(at_most=2.0)
    (finding,) = judge({"f": Spread(3.0, 2.5, 4.0)}, ThresholdFile(threshold=(one,)), "full")
    assert finding.line == "it is so: f is 3 (2.5 to 4), must be at most 2"


def test_a_given_brokers_costs_are_skipped() -> None:
    """Its process is not ours: what asks for its processor time cannot be judged."""
    one = limit(at_most=1.0, figure="ceiling.gateway.cpu_of_broker")
    (finding,) = judge({}, ThresholdFile(threshold=(one,)), "full")
    assert ("failed", "skipped") == (finding.outcome, without_broker(finding).outcome)


def test_the_shipped_thresholds_name_figures_that_their_profiles_measure() -> None:
    """Each speaks of a case, or a ceiling, that is run in each of its profiles."""
    thresholds = read_thresholds(DEFAULT_THRESHOLDS).threshold
    missing = []
    for one in thresholds:
        for name in one.profiles:
            profile = profile_named(name)
            cases = {case.name for case in profile.cases} | {"all"}
            ceilings = {f"ceiling.{search.name}" for search in profile.searches}
            for figure in filter(None, (one.figure, one.or_figure)):
                known = figure.partition(".")[0] in cases or figure.startswith(
                    (*ceilings, "ceiling.gateway_of_naive", "ceiling.long_of_short")
                )
                missing += [] if known else [f"{name}: {figure}"]
    assert not missing
    assert {"smoke", "ci", "full"} == {name for one in thresholds for name in one.profiles}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[threshold]]\nsays = 1", "threshold"),
        ("noise = 3", "noise"),
        ("a = ", "Invalid value"),
        ('[[threshold]]\nsays = "x"\nfigure = "f"\nprofiles = ["ci"]', "at_most"),
        (
            '[[threshold]]\nsays = "x"\nfigure = "f"\nprofiles = ["ci"]\nat_most = 1\nat_least = 1',
            "at_most",
        ),
    ],
)
def test_a_wrong_file_of_thresholds_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    """The line names the file, and what is wrong in it."""
    path = tmp_path / "thresholds.toml"
    path.write_text(text)
    with pytest.raises(BenchError, match=words) as caught:
        read_thresholds(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_of_thresholds_is_named(tmp_path: Path) -> None:
    """It says which file cannot be read."""
    with pytest.raises(BenchError, match=r"none\.toml cannot be read"):
        read_thresholds(tmp_path / "none.toml")


def against(now: float, then: float, name: str = "gateway@200.cpu.gateway_us") -> str:
    """Compare one figure, with no spread, to a baseline."""
    (finding,) = compare({name: Spread(now, now, now)}, {name: Spread(then, then, then)}, FILE)
    return finding.outcome


def test_a_baseline_allows_for_noise() -> None:
    """A quarter more is noise, a third more is a regression, and less never is."""
    assert ["holds", "failed", "holds"] == [against(125, 100), against(134, 100), against(5, 100)]


def test_a_ceiling_may_not_fall() -> None:
    """Of rates more is better."""
    name = "ceiling.system.rate_per_s"
    assert ["failed", "holds"] == [against(700, 1_000, name), against(2_000, 1_000, name)]


def test_a_99th_percentile_has_more_room() -> None:
    """It rests on a hundredth of the presses."""
    name = "system@200.console.p99_ratio"
    assert ["holds", "failed"] == [against(15, 10, name), against(17, 10, name)]


def test_runs_that_lie_apart_are_no_regression() -> None:
    """What both spreads cover is noise, whatever the margin says."""
    name = "gateway@200.cpu.gateway_us"
    now, then = Spread(200, 100, 300), Spread(100, 50, 150)
    (finding,) = compare({name: now}, {name: then}, FILE)
    assert finding.outcome == "holds"


def test_floor_and_control_are_not_compared() -> None:
    """A slower relay, or a slower naive script, is no regression of the gateway."""
    names = ("relay@200.console.p50_us", "naive@200.console.p50_ratio", "hop@10.cpu.driver_us")
    figures = {name: Spread(1, 1, 1) for name in names}
    assert compare(figures, figures, FILE) == []


def test_latencies_are_compared_as_ratios_where_there_is_a_floor() -> None:
    """A machine that is slower today slows the floor as well."""
    names = ("gateway@200.console.p50_us", "gateway@200.console.p50_ratio", "quiet.console.p50_us")
    figures = {name: Spread(1, 1, 1) for name in names}
    compared = [finding.figure for finding in compare(figures, figures, FILE)]
    assert ["gateway@200.console.p50_ratio", "quiet.console.p50_us"] == compared


def test_what_is_missing_this_time_is_skipped() -> None:
    """A figure that only the baseline has is said to be missing."""
    (finding,) = compare({}, {"quiet.console.p50_us": Spread(1, 1, 1)}, FILE)
    assert finding.outcome == "skipped"


def test_a_baseline_is_read_from_an_earlier_result(tmp_path: Path) -> None:
    """What `--json` writes can be compared with."""
    written = file(result([case("gateway@200", taking(1_000))]))
    path = tmp_path / "before.json"
    path.write_bytes(msgspec.json.encode(written))
    assert written.figures == read_baseline(path)


def test_something_else_is_no_baseline(tmp_path: Path) -> None:
    """The line names the file."""
    path = tmp_path / "before.json"
    path.write_text("{}")
    with pytest.raises(BenchError, match=r"before\.json is no result of this benchmark"):
        read_baseline(path)
    with pytest.raises(BenchError, match=r"none\.json cannot be read"):
        read_baseline(tmp_path / "none.json")
