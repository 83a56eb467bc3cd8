"""The commands `bench` and `load` of `alarm-simulator`."""

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from alarm_protocol.runtime import logs
from alarm_protocol.runtime.broker_url import parse_broker_url
from alarm_protocol.runtime.loop import run_async
from simulator.bench.command import BenchSettings, run_bench, run_load
from simulator.bench.errors import BenchError
from simulator.bench.verdict import DEFAULT_THRESHOLDS


def load(
    *,
    rate: Annotated[float, typer.Option(min=1, max=20_000, help="Presses a second.")] = 200.0,
    seconds: Annotated[
        float, typer.Option(min=1, max=600, help="How long to measure, after 2 s of warm-up.")
    ] = 10.0,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Use the embedded broker even with mosquitto here.")
    ] = False,
) -> None:
    """Load the gateway on a broker of its own; light subscribers stand for the consoles.

    Exits 0 only if every press reached both consoles and was answered.
    """
    logs.configure(logs.Level.WARNING)
    raise typer.Exit(_run(run_load(rate, seconds, embedded=embedded)))


def bench(
    *,
    profile: Annotated[str, typer.Option(metavar="smoke|ci|full", help="How much.")] = "smoke",
    broker: Annotated[
        str | None, typer.Option("--broker", metavar="URL", help="A broker that runs already.")
    ] = None,
    json: Annotated[Path | None, typer.Option(metavar="F", help="Every figure, as JSON.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="F", help="A page for people.")] = None,
    junit: Annotated[Path | None, typer.Option(metavar="F", help="JUnit XML.")] = None,
    summary: Annotated[Path | None, typer.Option(metavar="F.md", help="Markdown for CI.")] = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="F", help="Earlier --json file to compare with.")
    ] = None,
    thresholds: Annotated[
        Path | None, typer.Option(metavar="F", help="Thresholds (TOML) instead of its own.")
    ] = None,
    only: Annotated[str, typer.Option(metavar="NAME", help="Cases with this in their name.")] = "",
) -> None:
    """Measure the alert path beside its floor, and judge it; exit code 1 if a threshold fails.

    Starts broker, gateway and consoles anew for every run, and a broker only without --broker.
    """
    logs.configure(logs.Level.WARNING)
    url = None if broker is None else parse_broker_url(broker)
    settings = BenchSettings(
        profile=profile, broker=url, json=json, html=html, junit=junit, summary=summary,
        baseline=baseline, thresholds=thresholds or DEFAULT_THRESHOLDS, only=only,
    )  # fmt: skip
    raise typer.Exit(_run(run_bench(settings)))


def _run(main: Coroutine[Any, Any, int]) -> int:
    """Run to the end; SIGINT and SIGTERM stop all parts and clear up, and nothing is judged."""

    async def until_stopped() -> int:
        task = asyncio.ensure_future(main)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await task

    try:
        return run_async(until_stopped())
    except asyncio.CancelledError:
        raise BenchError("stopped before the end; nothing was judged") from None
