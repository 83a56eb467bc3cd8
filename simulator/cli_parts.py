"""What the commands of `alarm-simulator` do, behind their options."""

import asyncio
import contextlib
import gc
import re
import signal
import ssl
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from alarm_protocol.errors import TlsError
from alarm_protocol.households import Household
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.loop import run_async
from alarm_protocol.runtime.tls import TlsFiles, context_for
from alarm_protocol.units import DEVICE_ID_PATTERN, DeviceId, DurationMs
from simulator.core.device import Device, DeviceSettings
from simulator.core.errors import RegistryError
from simulator.device_link import device_of
from simulator.fleet import Fleet, FleetSettings
from simulator.registry import load as load_registry
from simulator.steady_clock import SteadyClock

T = TypeVar("T")

KEY_BYTES_MIN = 16
_BUTTON_BEATS_MS = DurationMs(60_000)


async def run_fleet(settings: FleetSettings, stop: asyncio.Event) -> None:
    """Run a fleet in this process until `stop`, and say when it is connected."""

    async def ready() -> None:
        sys.stdout.write(f"ready fleet devices={devices}\n")
        sys.stdout.flush()

    devices = len(settings.households)
    running = Fleet(settings)
    gc.collect()
    gc.freeze()  # thousands of devices that stay: the collector need not walk through them
    await running.run(stop, ready)


def hand_device(device_id: DeviceId, registry: Path, key_hex: str | None) -> Device:
    """Take a device from the file or, with a key of its own, from nowhere."""
    now_ms = SteadyClock().now_ms()
    if key_hex is None:
        household = load_registry(registry).get(device_id)
        return device_of(household, heartbeat_every_ms=_BUTTON_BEATS_MS, now_ms=now_ms)
    if not re.match(DEVICE_ID_PATTERN, device_id):
        raise RegistryError(
            f"device id {device_id!r} is not one: letters, digits, _ and -, at most 64"
        )
    try:
        key = bytes.fromhex(key_hex)
    except ValueError:
        raise RegistryError("--key-hex is not hexadecimal; give 32 to 128 digits") from None
    if len(key) < KEY_BYTES_MIN:
        raise RegistryError("--key-hex is too short; give 32 to 128 digits")
    settings = DeviceSettings(device_id=device_id, key=key, heartbeat_every_ms=_BUTTON_BEATS_MS)
    return Device(settings, sequence=now_ms, heartbeat_at_ms=now_ms)


def device_tls(
    broker: BrokerUrl, ca: Path | None, folder: Path | None, households: Sequence[Household]
) -> Callable[[DeviceId], ssl.SSLContext | None]:
    """Return where each device of a fleet gets its TLS, from `folder`/ID.crt and ID.key.

    Raises:
        TlsError: A device has no files there, or the first one's cannot be used.
    """

    def files_of(device: DeviceId) -> TlsFiles:
        if folder is None:
            return TlsFiles(ca=ca)
        return TlsFiles(ca=ca, certificate=folder / f"{device}.crt", key=folder / f"{device}.key")

    for home in households if folder is not None else ():
        files = files_of(home.device_id)
        for path in (files.certificate, files.key):
            if path is not None and not path.is_file():
                raise TlsError(
                    f"--tls-certs {folder} has no {path.name}; make it with: "
                    "alarm-simulator certs --devices N"
                )
    if not broker.tls or folder is None:
        shared = context_for(broker, TlsFiles(ca=ca or folder))
        return lambda _device: shared
    if households:
        context_for(broker, files_of(households[0].device_id))
    return lambda device: context_for(broker, files_of(device))


def run_until_signal(start: Callable[[asyncio.Event], Coroutine[Any, Any, T]]) -> T:
    """Run on a fast event loop; SIGINT and SIGTERM set the event that asks for an end."""

    async def run() -> T:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, stop.set)
        return await start(stop)

    return run_async(run())
