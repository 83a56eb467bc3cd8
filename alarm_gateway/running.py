"""Running a gateway in this process: its event loop, its signals, and who may look at it."""

import asyncio
import signal
import sys
from functools import partial

import structlog

from alarm_gateway.adapters.device_feed import Feed
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.errors import SettingsError
from alarm_gateway.meter import Meter
from alarm_gateway.pump import Pump
from alarm_gateway.settings import Settings


async def run_gateway(
    settings: Settings, engine: Engine, metrics: tuple[str, int] | None, feed: Feed | None = None
) -> None:
    """Run until SIGINT or SIGTERM.

    Args:
        settings: What it is told.
        engine: The rules.
        metrics: Where it answers who asks how it does; None: nowhere.
        feed: What somebody changes in the registry meanwhile, where it can be changed.

    Raises:
        SettingsError: The data folder, or the address of the metrics, cannot be used.
        JournalError: The journal could not be read or written.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ready = partial(_say_ready, settings)
    if metrics is None:
        await Pump(settings, engine, ready, feed=feed).run(stop)
        return
    # Only here: whoever asks for no metrics does not wait for a web server to be loaded.
    from alarm_gateway.monitor import Monitor  # noqa: PLC0415
    from alarm_protocol.runtime.figures_server import serving  # noqa: PLC0415

    meter = Meter()
    pump = Pump(settings, engine, ready, meter, feed)
    monitor = Monitor(pump, engine, meter, settings.certificates)
    async with serving(monitor.routes(), *metrics, SettingsError) as port:
        structlog.get_logger().info("metrics", host=metrics[0], port=port)
        await pump.run(stop)


def _say_ready(settings: Settings) -> None:
    sys.stdout.write(f"ready alarm-gateway broker={settings.broker} data={settings.data_dir}\n")
    sys.stdout.flush()
