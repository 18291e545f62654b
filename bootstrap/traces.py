"""What happened when, as OpenTelemetry tells it: a span for each batch of commands, each request, each job.

Theory of operation. Spans are made after the fact, from moments that are measured anyway, so that a program without
traces does nothing for them. Which exporter, where to and how much: by the variables that OpenTelemetry defines
(OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER …). Cases stand there by their ids; no data does.
"""

import os
from collections.abc import Sequence
from typing import Any

from engine.runtime.batch import Item
from engine.runtime.errors import StoreError

WANTED = "OTEL_EXPORTER_OTLP_ENDPOINT"
CASES = 16
"""Cases that a batch's span names, at most."""


class Traces:
    """Makes spans. `provider`: OpenTelemetry's tracer provider."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("caseway")

    def batch(self, tasks: Sequence[Any], results: Sequence[Any], began: int, ended: int) -> None:
        """See `engine.runtime.runner.Observer`."""
        requests = [task.request for task in tasks if type(task) is Item]
        if not requests:
            return
        names = sorted({type(request.command).__name__ for request in requests})
        self._span(
            names[0] if len(names) == 1 else "batch", began, ended,
            {
                "caseway.commands": len(requests), "caseway.kinds": names,
                "caseway.cases": list(dict.fromkeys(request.case for request in requests))[:CASES],
            },
        )  # fmt: skip

    def request(self, method: str, route: str, status: int, began: int, ended: int) -> None:
        """See `web.measured.Watch`."""
        self._span(
            f"{method} {route}", began, ended,
            {"http.request.method": method, "http.route": route, "http.response.status_code": status},
        )  # fmt: skip

    def close(self) -> None:
        """Sends what has not been sent yet."""
        self._provider.shutdown()

    def _span(self, name: str, began: int, ended: int, attributes: dict[str, Any]) -> None:
        self._tracer.start_span(name, attributes=attributes, start_time=began).end(ended)


def from_environment() -> Traces | None:
    """Traces, where the environment says where they go. Raises StoreError when OpenTelemetry's SDK is not installed."""
    if not os.environ.get(WANTED):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise StoreError(
            f"{WANTED} asks for traces, and OpenTelemetry is not here.", "Install caseway[traces], or unset it."
        ) from None
    os.environ.setdefault("OTEL_SERVICE_NAME", "caseway")
    provider = TracerProvider(resource=Resource.create())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Traces(provider)
