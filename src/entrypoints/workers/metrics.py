"""Dramatiq's own figures, shown in the registry of the process."""

import os

import prometheus_client
from dramatiq.middleware.prometheus import Prometheus

_VARIABLES = ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir")
_METRICS = (
    "total_messages",
    "total_errored_messages",
    "total_rejected_messages",
    "inprogress_messages",
    "message_durations",
)


class WorkerPrometheus(Prometheus):
    """Counts bells like Dramatiq's middleware, without a server and a folder of its own.

    Dramatiq keeps its metrics in a registry nobody else sees and points the whole process, and
    every process it starts, to its folder; both are undone here.
    """

    def after_process_boot(self, broker: object) -> None:
        """Create the metrics and show them in the default registry."""
        before = {name: os.environ.get(name) for name in _VARIABLES}
        super().after_process_boot(broker)  # type: ignore[no-untyped-call]
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        for name in _METRICS:
            prometheus_client.REGISTRY.register(getattr(self, name))

    def after_worker_shutdown(self, broker: object, worker: object) -> None:
        """Leave the folder alone: nothing was written there."""
