"""What was injected on purpose, as a Prometheus family; see `Metrics.also`."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, Metric

from openvenue.faults.plan import FaultPlan


def fault_families(plan: FaultPlan) -> Callable[[], Iterator[Metric]]:
    """A function that reads how often the faults of `plan` struck."""

    def families() -> Iterator[Metric]:
        struck = CounterMetricFamily(
            "openvenue_faults_injected", "Faults on purpose that struck", labels=("api", "kind")
        )
        for (api, kind), count in list(plan.struck.items()):
            struck.add_metric((api, kind), count)
        yield struck

    return families
