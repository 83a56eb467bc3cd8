"""The whole chain as separate processes: broker, gateway, both consoles, and a small fleet.

The demo, the tests and the benchmark all start it through here.
"""

import contextlib
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.units import CONSOLES, ConsoleId
from simulator.brokers import BrokerKind, LocalBroker
from simulator.core.errors import StackError
from simulator.processes import Part, accepts, free_port
from simulator.signin import Login, make_accounts

_URL = re.compile(r"\burl=(\S+)")
PORT_TAKEN = "is taken by another program"
"""What a console says of a port that it cannot have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSettings:
    """What to start, and where its data, logs and household file are.

    Attributes:
        data_dir: Gets the journal (`gateway/`), the logs (`logs/`) and the broker's settings.
        registry: The household file.
        broker: A broker that runs already; None starts one of our own.
        broker_kind: Which one of our own.
        fleet: Devices of the fleet, from number `fleet_first` of the file; 0 = no fleet.
        console_ports: Wished ports; a taken one is replaced by a free one.
        policy: The gateway's policy file; None leaves the defaults.
        with_consoles: False leaves them out, for tests of the gateway alone.
        certs: A folder of `alarm-simulator certs`: for a given broker with `mqtts://`, and
            one of our own speaks TLS then.
        registry_key: File with the key of the gateway's own registry; without it the household
            file is all it knows, and nothing changes while it runs.
        operators: Whom to give an account at each console, beside the simulated team's.
        supervisors: Whom to give an account with that role.
    """

    data_dir: Path
    registry: Path
    broker: BrokerUrl | None = None
    broker_kind: BrokerKind = "auto"
    broker_port: int | None = None
    fleet: int = 0
    fleet_first: int = 1
    fleet_press_every_s: float = 0.0
    console_ports: tuple[int, int] | None = None
    with_consoles: bool = True
    operators: tuple[str, ...] = ()
    supervisors: tuple[str, ...] = ()
    policy: Path | None = None
    certs: Path | None = None
    registry_key: Path | None = None


class Stack:
    """A chain: `start` it, `kill`, `stop` or `restart` single parts, and `stop` it.

    Attributes:
        broker: Our own broker, or None where a running one was given.
        gateway: The gateway.
        consoles: The consoles by name.
        fleet: The fleet, or None where there is none.
        broker_url: Where everything connects.
        console_urls: Each console's page.
        logins: Per console the team's login, `operators`, `supervisors`. New at each start.
    """

    def __init__(self, settings: StackSettings) -> None:
        self.settings = settings
        data_dir = settings.data_dir
        self.local_broker = (
            LocalBroker(
                settings.broker_kind, data_dir, port=settings.broker_port, certs=settings.certs
            )
            if settings.broker is None
            else None
        )
        self.broker = self.local_broker.part if self.local_broker is not None else None
        self.broker_url = self._broker_url()
        self.gateway = self._gateway()
        ports = self._ports() if settings.with_consoles else {}
        self.console_urls: dict[ConsoleId, str] = {
            console: f"http://127.0.0.1:{port}" for console, port in ports.items()
        }
        self.logins: dict[ConsoleId, tuple[Login, ...]] = {}
        self.consoles = {console: self._console(console, port) for console, port in ports.items()}
        self.fleet = self._fleet() if settings.fleet else None

    @property
    def parts(self) -> list[Part]:
        """All parts, in the order they are started; they are stopped in the opposite one."""
        chosen = [self.broker, self.gateway, *self.consoles.values(), self.fleet]
        return [part for part in chosen if part is not None]

    async def start(self, on_ready: Callable[[Part], None] | None = None) -> None:
        """Start every part, each after the one before is ready.

        Raises:
            StackError: A part could not be started; everything is stopped again.
        """
        try:
            if self.settings.broker is not None:
                await self._check_given_broker(self.settings.broker)
            for console in self.consoles:
                names = (f"sim-{console}", *self.settings.operators)
                self.logins[console] = await make_accounts(
                    self._accounts(console), console, names, self.settings.supervisors
                )
            for part in self.parts:
                await self._start_part(part)
                self._note_url(part)
                if on_ready is not None:
                    on_ready(part)
        except BaseException:
            await self.stop()
            raise

    async def _start_part(self, part: Part) -> None:
        """Start a part; a console whose port was taken a moment ago gets another one."""
        try:
            await part.start()
        except StackError:
            if part not in self.consoles.values() or PORT_TAKEN not in part.last_words():
                raise
            part.use_option("--port", "0")
            await part.start()

    async def stop(self) -> dict[str, int | None]:
        """Stop every part, the last started first; return the exit codes by name."""
        codes: dict[str, int | None] = {}
        try:
            for part in reversed(self.parts):
                codes[part.name] = await part.stop()
        finally:
            for part in self.parts:
                part.kill()
        return codes

    def dead(self) -> Part | None:
        """Return a part that was started and ended by itself, if there is one."""
        return next((part for part in self.parts if part.has_ended()), None)

    def _broker_url(self) -> BrokerUrl:
        if self.settings.broker is not None:
            return self.settings.broker
        if self.local_broker is None:
            raise StackError("there is neither a broker given nor one of our own")
        return self.local_broker.url

    @property
    def _broker_address(self) -> str:
        """The broker's address with user and password, as the programs need it."""
        given = self.settings.broker
        if given is None or given.username is None:
            return str(self.broker_url)
        scheme, _, place = str(given).partition("://")
        user, password = quote(given.username, safe=""), quote(given.password or "", safe="")
        return f"{scheme}://{user}:{password}@{place}"

    async def _check_given_broker(self, broker: BrokerUrl) -> None:
        if not await accepts(broker.host, broker.port):
            raise StackError(
                f"no broker answers at {broker}; start it, or leave --broker out to use one "
                "of our own"
            )

    def _ports(self) -> dict[ConsoleId, int]:
        wished = self.settings.console_ports or (None, None)
        return {console: free_port(port) for console, port in zip(CONSOLES, wished, strict=True)}

    def _gateway(self) -> Part:
        options: dict[str, object] = {
            "--broker": self._broker_address,
            "--data-dir": self.settings.data_dir / "gateway",
            "--registry": self.settings.registry,
            **self._identity("gateway"),
        }
        if self.settings.policy is not None:
            options["--policy"] = self.settings.policy
        if self.settings.registry_key is not None:
            options["--registry-key-file"] = self.settings.registry_key
        if self.settings.certs is not None:
            lane = self.settings.certs / "gateway-supervision"
            options["--tls-supervision-cert"] = lane.with_suffix(".crt")
            options["--tls-supervision-key"] = lane.with_suffix(".key")
        return self._part("gateway", "alarm_gateway", "run", options)

    def _identity(self, name: str) -> dict[str, Path]:
        """Return the options of a part with a certificate of that name, where there are any."""
        certs = self.settings.certs
        if certs is None:
            return {}
        return {
            "--tls-ca": certs / "ca.crt",
            "--tls-cert": certs / f"{name}.crt",
            "--tls-key": certs / f"{name}.key",
        }

    def _console(self, console: ConsoleId, port: int) -> Part:
        options: dict[str, object] = {
            "--console": console,
            "--broker": self._broker_address,
            "--port": port,
            "--accounts": self._accounts(console),
            **self._identity(console),
        }
        if self.settings.policy is not None:
            options["--policy"] = self.settings.policy
        return self._part(f"console-{console}", "dispatch", "run", options)

    def _accounts(self, console: ConsoleId) -> Path:
        return self.settings.data_dir / "accounts" / f"{console}.json"

    def _fleet(self) -> Part:
        settings = self.settings
        options = {
            "--broker": self._broker_address,
            "--registry": settings.registry,
            "--count": settings.fleet,
            "--first": settings.fleet_first,
            "--press-every": settings.fleet_press_every_s,
        }
        if settings.certs is not None:
            options["--tls-ca"] = settings.certs / "ca.crt"
            options["--tls-certs"] = settings.certs / "devices"
        return self._part("fleet", "simulator", "fleet", options)

    def _part(self, name: str, module: str, command: str, options: Mapping[str, object]) -> Part:
        words = [str(word) for option in options.items() for word in option]
        log = self.settings.data_dir / "logs" / f"{name}.log"
        return Part(name, [sys.executable, "-m", module, command, *words], log=log)

    def _note_url(self, part: Part) -> None:
        """Believe a console's own word on where its page is."""
        found = _URL.search(part.ready_line)
        for console, known in self.consoles.items():
            if known is part and found is not None:
                self.console_urls[console] = found.group(1).rstrip("/")


@contextlib.asynccontextmanager
async def running(settings: StackSettings) -> AsyncIterator[Stack]:
    """Hold a chain for the length of a `with` block; nothing of it is left afterwards."""
    stack = Stack(settings)
    await stack.start()
    try:
        yield stack
    finally:
        await stack.stop()
