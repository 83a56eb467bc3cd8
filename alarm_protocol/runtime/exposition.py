"""What both programs show to Prometheus: the families, and the answer to a scrape."""

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from alarm_protocol.runtime.histogram import Histogram
from alarm_protocol.runtime.version import installed_version

Labels = TypeVar("Labels", bound=tuple[str, ...])
"""The values of a family's labels; what is shown goes by these."""


class Source(Protocol):
    """Whoever has something to show."""

    def families(self) -> Iterable[Metric]:
        """Return all that it has, as it is now."""


def counter(
    name: str, text: str, values: Mapping[Labels, float], labels: tuple[str, ...] = ()
) -> Metric:
    """Make a family of counters; `_total` is added to the name."""
    family = CounterMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def gauge(
    name: str, text: str, values: Mapping[Labels, float], labels: tuple[str, ...] = ()
) -> Metric:
    """Make a family of gauges."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def single(value: float) -> dict[tuple[()], float]:
    """Return the values of a family that has no labels."""
    return {(): value}


def histogram(
    name: str,
    text: str,
    values: Mapping[Labels, Histogram],
    labels: tuple[str, ...] = (),
) -> Metric:
    """Make a family of histograms."""
    family = HistogramMetricFamily(name, text, labels=labels)
    for key, one in values.items():
        family.add_metric(key, buckets=one.buckets(), sum_value=one.total)
    return family


def build_info(name: str) -> Metric:
    """Say which version runs."""
    running = {"version": installed_version()}
    return InfoMetricFamily(name, "The program that runs.", value=running)


def certificate_ends(name: str, ends_s: Mapping[tuple[str], float]) -> Metric:
    """Say when each certificate ends that a program was started with, or met."""
    text = "When a certificate ends, as it was read at the start, or shown by the broker."
    return gauge(f"{name}_certificate_expiry_timestamp_seconds", text, ends_s, ("certificate",))


class Exposition(Collector):
    """One program's answer to a scrape: its own families, and those of its process.

    Args:
        source: What the program itself has to show.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: names are fixed in one place, and checking them would collect."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Return the program's own families."""
        return self._source.families()

    def answer(self, accept: str) -> tuple[bytes, str]:
        """Return the body and its content type, in the form that the scraper asks for."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type
