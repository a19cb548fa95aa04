"""Counters and histograms of this process, for Prometheus to fetch."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

_PREFIX = "kazna_"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class PrometheusMetrics:
    """The metrics port on prometheus_client; a name is declared by its first use."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        # Each series would come with the moment it was first counted, which nobody asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry or CollectorRegistry()
        self._counters: dict[tuple[str, ...], Counter] = {}
        self._histograms: dict[tuple[str, ...], Histogram] = {}
        # A series is looked up by name and values as they are given, which is all most calls need.
        self._counted: dict[tuple[str, tuple[tuple[str, str], ...]], Counter] = {}
        self._observed: dict[tuple[str, tuple[tuple[str, str], ...]], Histogram] = {}

    def count(self, name: str, value: int = 1, **labels: str) -> None:
        """Add to a counter."""
        key = (name, tuple(labels.items()))
        series = self._counted.get(key)
        if series is None:
            series = self._counted[key] = self._series_of_counter(name, labels)
        series.inc(value)

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Record a duration in seconds."""
        key = (name, tuple(labels.items()))
        series = self._observed.get(key)
        if series is None:
            series = self._observed[key] = self._series_of_histogram(name, labels)
        series.observe(seconds)

    def _series_of_counter(self, name: str, labels: Mapping[str, str]) -> Counter:
        names = tuple(sorted(labels))
        counter = self._counters.get((name, *names))
        if counter is None:
            title = name.replace("_", " ")
            counter = Counter(_PREFIX + name, title, names, registry=self.registry)
            self._counters[(name, *names)] = counter
        return counter.labels(**labels) if labels else counter

    def _series_of_histogram(self, name: str, labels: Mapping[str, str]) -> Histogram:
        names = tuple(sorted(labels))
        histogram = self._histograms.get((name, *names))
        if histogram is None:
            title = name.replace("_", " ")
            histogram = Histogram(
                f"{_PREFIX}{name}_seconds", title, names, registry=self.registry, buckets=_BUCKETS
            )
            self._histograms[(name, *names)] = histogram
        return histogram.labels(**labels) if labels else histogram
