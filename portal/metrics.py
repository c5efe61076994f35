"""What ``/metrics`` tells Prometheus: counted in this process, or asked of the database when it is read.

Each application has a registry of its own, and each process answers for itself. Labels are words of the
program (an endpoint's name, a status), never anybody's data, id or address.
"""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
    start_http_server,
)
from prometheus_client.registry import Collector

_KEY = "portal.metrics"
REQUEST_SECONDS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0)
ISSUANCE_SECONDS = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0)
_CLASSES = {"1": "1xx", "2": "2xx", "3": "3xx", "4": "4xx", "5": "5xx"}


class Metrics:
    """The counters of one application; may be used from any thread."""

    def __init__(self) -> None:
        self.registry = mine = CollectorRegistry()
        ProcessCollector(registry=mine)
        self._requests = Histogram(
            "portal_request_seconds",
            "Time to answer a request.",
            ("endpoint", "status"),
            buckets=REQUEST_SECONDS,
            registry=mine,
        )
        self._issuance = Histogram(
            "portal_issuance_seconds",
            "From the student's order until its codes are ready.",
            buckets=ISSUANCE_SECONDS,
            registry=mine,
        )
        self._polls = Counter("portal_polls", "Polls of the order page.", ("outcome",), registry=mine)
        self._errors = Counter("portal_errors", "Answers with such a status.", ("status",), registry=mine)
        self._limited = Counter("portal_rate_limited", "Answers 429.", ("endpoint",), registry=mine)
        self._wallet_errors = Counter(
            "portal_wallet_errors", "Refusals in the protocols of wallets.", ("error",), registry=mine
        )
        self._timers: dict[tuple[str, str], Histogram] = {}
        self._outcomes = {name: self._polls.labels(name) for name in ("unchanged", "news", "refused")}
        for status in ("500", "503"):
            self._errors.labels(status)  # a rate needs a zero to begin with

    def request(self, endpoint: str, status: str, seconds: float) -> None:
        """One request was answered; `status` is that of WSGI, which begins with its number."""
        kind = endpoint, status[:1]
        timer = self._timers.get(kind)
        if timer is None:  # finding a label's child costs more than using it
            timer = self._timers[kind] = self._requests.labels(endpoint, _CLASSES.get(status[:1], "-"))
        timer.observe(seconds)
        if kind[1] == "5":
            self._errors.labels(status[:3]).inc()
        elif status.startswith("429"):
            self._limited.labels(endpoint).inc()

    def poll(self, status: str) -> None:
        """One poll of the order page was answered."""
        outcome = {"204": "unchanged", "200": "news"}.get(status[:3], "refused")
        self._outcomes[outcome].inc()

    def issued(self, seconds: float) -> None:
        """An order became ready, so long after it was placed."""
        self._issuance.observe(max(0.0, seconds))

    def wallet_error(self, error: str) -> None:
        """A wallet was refused, in a word of the standards."""
        self._wallet_errors.labels(error).inc()


def init_app(app: Flask) -> None:
    app.extensions[_KEY] = Metrics()


def of(app: Flask) -> Metrics:
    return cast(Metrics, app.extensions[_KEY])


def metrics() -> Metrics:
    """Those of the current application."""
    return of(current_app)


def add(app: Flask, collector: Collector) -> None:
    """Have `collector` asked whenever the numbers are read. It must not raise."""
    of(app).registry.register(collector)


def text(app: Flask) -> bytes:
    """All numbers, in Prometheus' text format (``prometheus_client.CONTENT_TYPE_LATEST``)."""
    return generate_latest(of(app).registry)


def serve_metrics(app: Flask, port: int) -> None:
    """Answer Prometheus on this port of this machine, from a thread that ends with the process.

    For processes that serve no pages. Raises `OSError` where the port is taken.
    """
    start_http_server(port, addr="127.0.0.1", registry=of(app).registry)
