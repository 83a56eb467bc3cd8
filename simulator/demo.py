"""`alarm-simulator demo`: the whole chain on this machine, for the hand or unattended."""

import asyncio
import contextlib
import getpass
import os
import secrets
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.private_files import make_private_folder, open_private
from alarm_protocol.units import POLICE, VEILIG_THUIS, ConsoleId
from simulator import households, registry
from simulator.brokers import BrokerKind, check_tls
from simulator.certs.command import make_all
from simulator.cli_parts import device_tls
from simulator.core.errors import RegistryError, SimulatorError, StackError
from simulator.headless import HeadlessRun, HeadlessSettings, Outcome, summary
from simulator.processes import Part
from simulator.stack import Stack, StackSettings

HOUSEHOLDS_MIN = 1_000
HAND_DEVICES = 1
"""Device 1 is nobody's: it is left for the button in your hand."""
BROKER_PORT = 1883
TLS_PORT = 8883
CERTIFICATE_DAYS = 365
CONSOLE_PORTS = (8101, 8102)
HAND = "demo"
"""Whom the demo gives an account at both consoles, with a new password at each start."""
PRESSERS_PER_RATE = 15
PRESSERS_MIN = 20
PRESSERS_MAX = 3_000
_WATCH_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSettings:
    """What the command line asked for. `headless_s` None waits for Ctrl-C."""

    data_dir: Path
    broker: BrokerUrl | None = None
    broker_kind: BrokerKind = "auto"
    headless_s: float | None = None
    devices: int = 20
    rate_per_s: float = 0.0
    seed: int = 1
    tls: bool = False
    """Run the broker as in real use: with certificates, and rights by the names in them."""

    @property
    def pressers(self) -> int:
        """Devices that press in an unattended run: enough for all alarms open at a time."""
        if self.headless_s is None:
            return 0
        wanted = round(self.rate_per_s * PRESSERS_PER_RATE)
        return max(PRESSERS_MIN, min(PRESSERS_MAX, wanted))

    @property
    def homes(self) -> int:
        """Households, and so devices, that it needs in all."""
        return HAND_DEVICES + self.devices + self.pressers

    @property
    def certs(self) -> Path | None:
        """Where its certificates are, where there are any."""
        return self.data_dir / "certs" if self.tls else None


async def run_demo(
    settings: DemoSettings, stop: asyncio.Event, console: Console | None = None
) -> int:
    """Run the demo until `stop` or, unattended, to its end; return the exit code.

    Raises:
        SimulatorError: Something could not be started; the text says what to do.
    """
    out = console or Console()
    _check(settings)
    with _only_one(settings.data_dir), _well_known_ports() as mine:
        homes = _households(settings, out)
        if settings.certs is not None:
            hosts = ("localhost", "127.0.0.1")
            made = make_all(settings.certs, settings.homes, hosts, CERTIFICATE_DAYS)
            _line(out, f"made     certificates in {made}")
        stack = Stack(_stack_settings(settings, homes, well_known_ports=mine))
        try:
            if not await _start(stack, stop, out):
                return 0
            if settings.headless_s is None:
                _explain(settings, stack, homes, out)
                return await _until_stopped(stack, stop, out)
            return await _unattended(settings, stack, homes, stop, out)
        finally:
            await stack.stop()
            _line(out, "stopped; nothing is left running")


def _check(settings: DemoSettings) -> None:
    """Refuse what cannot be, before anything is written."""
    if settings.headless_s is not None and settings.rate_per_s <= 0:
        raise SimulatorError("--rate must be above 0 with --headless: nothing would be pressed")
    if settings.tls and settings.broker is not None:
        raise SimulatorError("--tls starts a broker of its own; leave --broker out, or --tls")
    if settings.tls:
        check_tls(settings.broker_kind)


def _stack_settings(
    settings: DemoSettings, homes: registry.Registry, *, well_known_ports: bool
) -> StackSettings:
    per_device_s = settings.devices / settings.rate_per_s if settings.rate_per_s > 0 else 0.0
    return StackSettings(
        data_dir=settings.data_dir,
        registry=homes.path,
        broker=settings.broker,
        broker_kind=settings.broker_kind,
        broker_port=(TLS_PORT if settings.tls else BROKER_PORT) if well_known_ports else None,
        fleet=settings.devices,
        fleet_first=HAND_DEVICES + 1,
        fleet_press_every_s=per_device_s if settings.headless_s is None else 0.0,
        console_ports=CONSOLE_PORTS if well_known_ports else None,
        supervisors=(HAND,) if settings.headless_s is None else (),
        registry_key=_registry_key(settings.data_dir),
        certs=settings.certs,
    )


def _registry_key(data_dir: Path) -> Path:
    """Return the demo's key of the gateway's registry, made where it is missing.

    Here it lies beside what it opens; in real use it is somewhere else.
    """
    path = data_dir / "registry.key"
    if not path.exists():
        with os.fdopen(open_private(path, os.O_WRONLY), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    return path


def _households(settings: DemoSettings, out: Console) -> registry.Registry:
    """Use the household file of the data folder; make it where it is missing or too short."""
    path = settings.data_dir / "households.json"
    needed = settings.homes
    seed = settings.seed
    if path.exists():
        homes = registry.load(path)
        if len(homes.households) >= needed:
            return homes
        if homes.seed is None:
            raise RegistryError(f"{path} holds fewer than {needed} households; delete it")
        seed = homes.seed
    count = max(HOUSEHOLDS_MIN, needed)
    households.write(households.generate(count, seed), path)
    _line(out, f"made     {count} synthetic households (seed {seed}) in {path}")
    return registry.load(path)


async def _start(stack: Stack, stop: asyncio.Event, out: Console) -> bool:
    """Start all parts, a line each; tell whether it got to its end before `stop`."""
    starting = asyncio.create_task(stack.start(lambda part: _announce(stack, part, out)))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
        return False
    await starting
    return True


def _announce(stack: Stack, part: Part, out: Console) -> None:
    if stack.broker is None and part is stack.gateway:
        _line(out, f"ready    {'broker':<22} {stack.broker_url} (was there already)")
    where = ""
    if part is stack.broker and stack.local_broker is not None:
        where = f"{stack.local_broker.kind}, {stack.broker_url} (this machine only)"
        if stack.settings.certs is not None:
            where += ", nobody without a certificate"
        if stack.local_broker.url_v4 != stack.local_broker.url:
            where += f", MQTT 3.1.1 at {stack.local_broker.url_v4}"
    elif part is stack.gateway:
        where = f"journal in {stack.settings.data_dir / 'gateway'}"
    elif part is stack.fleet:
        where = f"{stack.settings.fleet} devices"
    for name, known in stack.consoles.items():
        if known is part:
            where = stack.console_urls[name]
    _line(out, f"ready    {part.name:<22} {where}")


def _explain(settings: DemoSettings, stack: Stack, homes: registry.Registry, out: Console) -> None:
    hand = homes.households[0]
    broker = stack.broker_url
    press = shlex.join(
        [
            *(*_own_command(), "button", "--device", hand.device_id),
            *("--broker", str(broker), "--registry", str(homes.path)),
            *_own_files(settings, hand.device_id, "--tls-ca", "--tls-cert", "--tls-key"),
        ]
    )
    files = _own_files(settings, hand.device_id, "--cafile", "--cert", "--key")
    with_files = f"{shlex.join(files)} " if files else ""
    message = (
        f'{{"press_id":"hand-\'$(date +%s)\'","device_id":"{hand.device_id}",'
        '"sequence":1,"pressed_at_ms":\'$(date +%s)\'000,"trigger":"press","attempt":1}'
    )
    publish = (
        f"mosquitto_pub -V 5 -h {broker.host} -p {broker.port} {with_files}-q 1 "
        f"-t aware/v1/devices/{hand.device_id}/press -m '{message}'"
    )
    _line(out, "")
    _line(out, f"police console        {_page(stack, POLICE)}")
    _line(out, f"Veilig Thuis console  {_page(stack, VEILIG_THUIS)}")
    _line(out, f"press a button        {press}")
    _line(out, f"or, unsigned          {publish}")
    _line(out, f"data and logs         {settings.data_dir}")
    _line(out, "everyone in it is synthetic; Ctrl-C stops everything")


def _own_files(settings: DemoSettings, device_id: str, ca: str, cert: str, key: str) -> list[str]:
    """Return the options of a program with a device's certificate, where there are any."""
    if settings.certs is None:
        return []
    own = settings.certs / "devices" / device_id
    return [ca, str(settings.certs / "ca.crt"), cert, f"{own}.crt", key, f"{own}.key"]


def _page(stack: Stack, console: ConsoleId) -> str:
    """Say where a page is, and who may sign in there until this demo ends."""
    hand = stack.logins[console][-1]
    return f"{stack.console_urls[console]}   name {hand.name}   password {hand.password}"


async def _until_stopped(stack: Stack, stop: asyncio.Event, out: Console) -> int:
    while not stop.is_set():
        dead = stack.dead()
        if dead is not None:
            _line(out, f"{dead.name} ended by itself; {dead.last_words()}")
            return 1
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _WATCH_S)
    return 0


async def _unattended(
    settings: DemoSettings,
    stack: Stack,
    homes: registry.Registry,
    stop: asyncio.Event,
    out: Console,
) -> int:
    seconds = settings.headless_s or 0.0
    pressing = homes.take(HAND_DEVICES + settings.devices + 1, settings.pressers)
    certs = settings.certs
    run = HeadlessRun(
        HeadlessSettings(
            broker=stack.broker_url,
            console_urls=stack.console_urls,
            logins={console: logins[0] for console, logins in stack.logins.items()},
            households=pressing,
            tls_of=None
            if certs is None
            else device_tls(stack.broker_url, certs / "ca.crt", certs / "devices", pressing),
            seconds=seconds,
            rate_per_s=settings.rate_per_s,
            seed=settings.seed,
        )
    )
    _line(out, f"pressing {settings.rate_per_s:g} times a second for {seconds:g} s ...")
    outcome = await run.run(stop)
    dead = stack.dead()
    if dead is not None:
        _line(out, f"{dead.name} ended by itself; {dead.last_words()}")
    if outcome.leftovers:
        _line(
            out, f"{outcome.leftovers} alarms were open in here before; closed first, not counted"
        )
    out.print(summary(outcome))
    _line(out, _verdict(outcome))
    return 0 if outcome.clean and dead is None else 1


def _verdict(outcome: Outcome) -> str:
    account = outcome.account
    besides = (
        f"{outcome.actions} operator actions done, {outcome.actions_refused} refused, "
        f"{outcome.actions_failed} failed; {outcome.repeats} presses sent again; "
        f"{outcome.open_alarms} alarms left open"
    )
    word = "OK" if outcome.clean else "INTERRUPTED" if outcome.interrupted else "NOT OK"
    return f"{word}: {account.lost} lost, {account.duplicated} duplicated ({besides})"


def _own_command() -> list[str]:
    """Return how this program is started again, without the script for developers."""
    script = Path(sys.executable).with_name("alarm-simulator")
    if not script.exists():
        return [sys.executable, "-m", "simulator"]
    return [str(script)]


@contextlib.contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data folder: two demos in one would write the same files."""
    lock = data_dir / "demo.lock"
    try:
        make_private_folder(data_dir)
        file = os.fdopen(open_private(lock, os.O_WRONLY), "w")
    except OSError as error:
        raise StackError(
            f"data folder {data_dir} cannot be used: {error.strerror}; choose another --data-dir"
        ) from None
    with file:
        if not _lock(file.fileno()):
            raise StackError(
                f"another demo runs in {data_dir}; stop it, or choose another --data-dir"
            )
        yield


@contextlib.contextmanager
def _well_known_ports() -> Iterator[bool]:
    """Tell whether the usual ports are this demo's: two that start at once must not share."""
    try:
        ports = Path(tempfile.gettempdir()) / f"aware-demo-ports-{getpass.getuser()}"
        file = os.fdopen(open_private(ports, os.O_WRONLY), "w")
    except OSError:
        yield False
        return
    with file:
        yield _lock(file.fileno())


def _lock(handle: int) -> bool:
    """Lock a file until it is closed; tell whether nobody else holds it."""
    if sys.platform == "win32":
        return True
    import fcntl  # noqa: PLC0415 - not there on Windows

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _line(out: Console, text: str) -> None:
    """Print one line as it is: commands must stay whole to be copied."""
    out.print(text, soft_wrap=True, markup=False, highlight=False)
