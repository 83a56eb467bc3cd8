"""What one run found, and the figures of several by name."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.bench.figures import (
    LATENCY_US_MAX,
    Lateness,
    Spread,
    lateness,
    merged,
    spread,
    stage_figures,
)
from simulator.bench.naming import figures_of
from simulator.bench.orders import now_ns
from simulator.bench.sender import Sender
from simulator.bench.wire import publish_packet
from tests.helpers.bench import case, result, run, search, stage, taking

MS = 1_000_000


def test_percentiles_are_those_of_an_hdr_histogram() -> None:
    """A hundred presses of 1 to 100 ms have their p50 at 50 ms and their p99 at 99 ms."""
    found = stage(*(number * 1_000 for number in range(1, 101)))
    assert [50_000, 99_000, 100_000] == pytest.approx(
        [found.p50_us, found.p99_us, found.max_us], rel=0.002
    )


@given(st.lists(st.integers(min_value=-5, max_value=10**12), min_size=1))
def test_any_latency_can_be_recorded(latencies_us: list[int]) -> None:
    """A latency beyond the histogram, or one below a microsecond, is recorded at its end."""
    found = stage_figures(latencies_us, presses=len(latencies_us), lost=0, repeated=0)
    assert len(latencies_us) == merged([found]).get_total_count()


def test_what_never_came_took_longest() -> None:
    """Nobody gets a better median by losing presses."""
    found = stage_figures([1_000, 1_000], presses=2, lost=3, repeated=0, never=3)
    assert found.p50_us == pytest.approx(LATENCY_US_MAX, rel=0.01)
    nothing = stage_figures([], presses=0, lost=5, repeated=0, never=5)
    assert nothing.p99_us == pytest.approx(LATENCY_US_MAX, rel=0.01)


def test_histograms_of_several_runs_add_up() -> None:
    """Merging keeps every press of every run."""
    whole = merged([stage(1_000, 2_000), stage(3_000)])
    assert (3, 1_000) == (whole.get_total_count(), whole.get_min_value())


def test_lateness_counts_what_was_sent_more_than_a_millisecond_after_it_was_due() -> None:
    """Early and a little late are on time; the rest is a share of all presses."""
    due_ns = [100 * MS, 200 * MS, 300 * MS, 400 * MS]
    sent_ns = [99 * MS, 201 * MS, 301 * MS + 1_000, 450 * MS]
    assert Lateness(50.0, 50_000, 50_000) == lateness(sent_ns, due_ns)


def test_a_driver_that_began_too_late_makes_its_run_invalid() -> None:
    """The real driver, started a second behind its schedule, is seen to be late throughout."""
    ours, brokers = socket.socketpair()
    with ours, brokers:
        packets = [publish_packet("aware", b"x", number + 1) for number in range(100)]
        sender = Sender(ours, packets, 10_000)
        start_ns = now_ns() - 1_000 * MS
        sender.run(start_ns)
        due_ns = [sender.due_ns(start_ns, number) for number in range(100)]
    found = lateness(sender.sent_ns, due_ns)
    assert (100.0, False) == (found.late_pct, run(late_pct=found.late_pct).valid)


@pytest.mark.parametrize(("late_pct", "valid"), [(0.0, True), (1.0, True), (1.01, False)])
def test_a_run_is_valid_while_no_more_than_one_percent_was_late(
    late_pct: float, *, valid: bool
) -> None:
    """The border is where the benchmark says it is."""
    assert run(late_pct=late_pct).valid is valid


def test_every_place_and_the_journal_count_what_is_lost() -> None:
    """A press missing at both consoles and in the journal is counted three times."""
    stages = {"police": stage(1_000, lost=1), "veilig_thuis": stage(1_000, lost=1)}
    assert run(stages, journalled=1).lost == 3
    assert run(journalled=None).lost == 0


def test_a_spread_is_median_lowest_and_highest() -> None:
    """The median is not moved by one bad run."""
    assert Spread(2.0, 1.0, 90.0) == spread([90, 1, 2])


def test_ratios_are_to_relay_and_hop_at_the_same_rate() -> None:
    """The floor of another rate is no floor."""
    found = figures_of(
        result(
            [
                case("hop@200", run({"hop": stage(100)})),
                case("relay@200", taking(500)),
                case("relay@10", taking(250)),
                case("gateway@200", taking(1_000)),
            ]
        )
    )
    assert [2.0, 10.0, 1.0] == pytest.approx(
        [
            found["gateway@200.console.p50_ratio"].median,
            found["gateway@200.console.p99_hop_ratio"].median,
            # One write made durable takes 500 us here.
            found["gateway@200.console.p50_durable_ratio"].median,
        ],
        rel=0.01,
    )
    assert "gateway@10.console.p50_ratio" not in found


def test_the_slower_console_counts() -> None:
    """An alarm is there when both control rooms have it."""
    stages = {"police": stage(1_000), "veilig_thuis": stage(3_000)}
    found = figures_of(result([case("gateway@200", run(stages))]))
    assert found["gateway@200.console.p50_us"].median == pytest.approx(3_000, rel=0.01)


def test_invalid_runs_give_no_latency_but_their_losses_count() -> None:
    """What a late driver measured is no figure; what was lost under it is lost all the same."""
    bad = taking(90_000, late_pct=5.0, journalled=1)
    good = taking(1_000)
    mixed = figures_of(result([case("gateway@200", bad, good, good)]))
    assert mixed["gateway@200.console.p99_us"].high == pytest.approx(1_000, rel=0.01)
    assert (1.0, 1.0) == (mixed["all.invalid"].median, mixed["all.lost"].median)
    none = figures_of(result([case("gateway@200", bad)]))
    assert "gateway@200.console.p99_us" not in none
    assert none["gateway@200.late_pct"].median == 5.0


def test_what_the_control_loses_is_not_held_against_the_gateway() -> None:
    """The naive script may collapse beyond its limit; that is what it is there to show."""
    found = figures_of(result([case("naive@1000", taking(1_000, journalled=0))]))
    assert (2.0, 0.0) == (found["naive@1000.lost"].median, found["all.lost"].median)


def test_ceilings_are_compared_with_each_other() -> None:
    """Gateway with control, long journal with short, and gateway with broker."""
    found = figures_of(
        result(
            [],
            [
                search("gateway", 5_000, run()),
                search("naive", 1_000, run()),
                search("journal 10000", 4_000, run()),
                search("journal 1000000", 3_800, run()),
            ],
        )
    )
    assert [5.0, 0.95, 0.8] == [
        found["ceiling.gateway_of_naive"].median,
        found["ceiling.long_of_short_journal"].median,
        found["ceiling.gateway.cpu_of_broker"].median,
    ]
