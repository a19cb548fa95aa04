"""Counters and histograms of this process, for Prometheus to fetch."""

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

    def count(self, name: str, value: int = 1, **labels: str) -> None:
        """Add to a counter."""
        names = tuple(sorted(labels))
        counter = self._counters.get((name, *names))
        if counter is None:
            title = name.replace("_", " ")
            counter = Counter(_PREFIX + name, title, names, registry=self.registry)
            self._counters[(name, *names)] = counter
        (counter.labels(**labels) if labels else counter).inc(value)

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Record a duration in seconds."""
        names = tuple(sorted(labels))
        histogram = self._histograms.get((name, *names))
        if histogram is None:
            title = name.replace("_", " ")
            histogram = Histogram(
                f"{_PREFIX}{name}_seconds", title, names, registry=self.registry, buckets=_BUCKETS
            )
            self._histograms[(name, *names)] = histogram
        (histogram.labels(**labels) if labels else histogram).observe(seconds)
