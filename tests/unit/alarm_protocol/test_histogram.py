"""Histograms: every value in one bucket, and shown as Prometheus wants them."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from alarm_protocol.runtime.exposition import Exposition, counter, gauge, histogram, single
from alarm_protocol.runtime.histogram import SECONDS, Histogram


@given(st.lists(st.floats(min_value=0, max_value=100), max_size=50))
def test_every_value_is_in_every_bucket_that_reaches_it(values: list[float]) -> None:
    """Buckets are cumulative, the last holds all, and the total is the sum."""
    one = Histogram()
    for value in values:
        one.observe(value)
    shown = dict(one.buckets())
    assert [float(name) for name in shown] == [*SECONDS, float("inf")]
    for bound in SECONDS:
        assert sum(value <= bound for value in values) == shown[repr(bound)]
    assert (len(values), len(values)) == (one.count, shown["+Inf"])
    assert abs(sum(values) - one.total) < 1e-6


def test_several_equal_values_are_counted_at_once() -> None:
    """A batch of presses with one time is one call."""
    one = Histogram((1, 2))
    one.observe(2, 5)
    assert [("1.0", 0), ("2.0", 5), ("+Inf", 5)] == one.buckets()
    assert 10 == one.total


class _Source:
    """Something to show."""

    def families(self) -> list[Metric]:
        """Return one family of each kind."""
        one = Histogram((0.5,))
        one.observe(0.4)
        return [
            counter("x_things", "Things.", {("a",): 2}, ("kind",)),
            gauge("x_room", "Room.", single(3)),
            histogram("x_seconds", "Time.", {(): one}),
        ]


def test_a_scrape_is_what_prometheus_reads() -> None:
    """Names, types and values come back out of the text, with those of the process."""
    body, content_type = Exposition(_Source()).answer("text/plain")
    assert content_type.startswith("text/plain")
    found = {family.name: family for family in text_string_to_metric_families(body.decode())}
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for name in ("x_things", "x_room", "x_seconds")
        for sample in found[name].samples
    }
    assert 2 == samples["x_things_total", "a"]
    assert 3 == samples["x_room",]
    assert (1, 1) == (samples["x_seconds_bucket", "0.5"], samples["x_seconds_count",])
    assert "process_cpu_seconds" in found
