"""`flask issuance work`: a worker that prepares and extends cards."""

from __future__ import annotations

import logging

import click
from flask import current_app
from flask.cli import AppGroup

from portal import metrics
from portal.orders import jobs

group = AppGroup("issuance", help="Workers that prepare and extend cards.")


@group.command("work")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 32),
    default=4,
    show_default=True,
    help="How many jobs at once, each in a thread.",
)
@click.option(
    "--metrics-port", type=click.IntRange(1, 65535), help="Serve /metrics there, to this machine alone."
)
def work(concurrency: int, metrics_port: int | None) -> None:
    """Prepare and extend cards until SIGTERM or Ctrl+C; what is at hand is finished then.

    Any number of workers may run, on any number of machines; one of them sweeps.
    """
    if not jobs.wanted():
        raise click.ClickException("PORTAL_ISSUANCE must be procrastinate: now the web process works itself.")
    from portal.orders import worker

    logging.captureWarnings(True)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    if metrics_port is not None:
        metrics.serve_metrics(app, metrics_port)
    worker.run(app, concurrency)
