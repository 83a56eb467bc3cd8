"""The chain under measurement: broker, subject and consoles, each run on a fresh one."""

import contextlib
import os
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from alarm_protocol import topics
from alarm_protocol.runtime import clock
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.units import CONSOLES, alarm_id_of
from simulator.bench.errors import BenchError
from simulator.bench.figures import Subject
from simulator.bench.ground import Ground, device_id
from simulator.bench.journals import write_past
from simulator.bench.orders import RelayOrders
from simulator.bench.profiles import Case
from simulator.bench.wire import PACKET_ID_MAX, PacketCutter, connected_socket, publish_packet
from simulator.brokers import BrokerKind, LocalBroker
from simulator.processes import Part, accepts
from simulator.signin import Login, cookie_of, make_accounts

SIGN_IN_S_MAX = 15.0
GATEWAY_START_S_MAX = 180.0
"""With a million records and no snapshot a start takes a while."""
_CLEAR_TOGETHER = 100
_SYNCS, _SYNC_BYTES = 40, 16_384


@dataclass(slots=True)
class Chain:
    """What runs for one run.

    Attributes:
        ports: Each real console's port.
        cookies: Of somebody who is signed in at each.
        pids: Processes whose processor time is told, by name.
        data_dir: Where the subject keeps its journal, if it has one.
    """

    folder: Path
    ports: dict[str, int]
    cookies: dict[str, str]
    pids: dict[str, int]
    data_dir: Path | None
    subject: Part | None
    fsync_us: tuple[float, float]

    def page_of(self, console: str) -> tuple[str, str] | None:
        """Return the address of a console's page and the cookie for it, where there is one."""
        if console not in self.ports:
            return None
        return f"http://127.0.0.1:{self.ports[console]}", self.cookies[console]

    async def stop_subject(self) -> None:
        """End the subject in an orderly way, so that its journal is complete."""
        if self.subject is not None:
            await self.subject.stop()


def fsync_us(folder: Path) -> tuple[float, float]:
    """Return what it takes to make 16 KiB durable here: median and 95th percentile, in us."""
    block, times = b"0" * _SYNC_BYTES, []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(_SYNCS):
            begin_ns = clock.monotonic_ns()
            file.write(block)
            os.fdatasync(file.fileno())
            times.append((clock.monotonic_ns() - begin_ns) / 1_000)
    times.sort()
    return times[_SYNCS // 2], times[_SYNCS * 95 // 100]


def _copy_durably(source: Path, target: Path) -> None:
    """Copy a folder, and wait for the disk now: not while the run is measured."""
    shutil.copytree(source, target)
    for file in target.iterdir():
        with file.open("rb") as written:
            os.fsync(written.fileno())


def _port_of(console: Part) -> int:
    """Return where a console that chose its own port serves its page.

    Raises:
        BenchError: It does not say.
    """
    port = urlsplit(console.ready_line.rpartition("url=")[2]).port
    if port is None:
        raise BenchError(f"{console.name} does not say where it is: {console.ready_line!r}")
    return port


def _accounts(folder: Path, console: str) -> Path:
    return folder / "accounts" / f"{console}.json"


async def _login(folder: Path, console: str) -> Login:
    (login,) = await make_accounts(_accounts(folder, console), console, ("bench",))
    return login


class Stand:
    """Starts chains one after the other, in a folder.

    Args:
        folder: For data and logs.
        broker: A broker that runs already; without it each run has a fresh one of our own.
        kind: Which broker of our own.

    Attributes:
        broker_url: Where the chain of the moment connects.
        broker_kind: `mosquitto`, `embedded` or `given`.
    """

    def __init__(
        self, folder: Path, *, broker: BrokerUrl | None = None, kind: BrokerKind = "auto"
    ) -> None:
        self.ground = Ground(folder)
        self.folder = folder
        self._given = broker
        self._wanted = kind
        self._journals: dict[int, Path] = {}
        local = LocalBroker(kind, folder) if broker is None else None
        self.broker_kind = "given" if local is None else local.kind
        self.broker_url = local.url if local is not None else broker or BrokerUrl("", 0, tls=False)

    @contextlib.asynccontextmanager
    async def chain(self, case: Case, run_id: str) -> AsyncIterator[Chain]:
        """Hold a fresh chain for one run; afterwards nothing of it is left.

        Raises:
            BenchError: A given broker does not answer.
        """
        folder = self.folder / run_id
        folder.mkdir()
        registry = self.ground.registry(max(case.pool, case.noise_devices))
        data_dir = folder / "data"
        if case.journal_records:
            await self._copy_past(case.journal_records, registry, data_dir)
        took = fsync_us(folder)
        parts: dict[str, Part] = {}
        if self._given is None:
            local = LocalBroker(self._wanted, folder)
            self.broker_url = local.url
            parts["broker"] = local.part
        elif not await accepts(self._given.host, self._given.port):
            raise BenchError(f"no broker answers at {self._given}; start it, or leave --broker out")
        subject = self._subject(case.subject, self.broker_url, folder, registry, data_dir)
        if subject is not None:
            parts["gateway"] = subject
        names = CONSOLES if case.subject == "system" else ()
        consoles = {name: self._console(name, folder) for name in names}
        parts |= {part.name: part for part in consoles.values()}
        try:
            logins = {name: await _login(folder, name) for name in names}
            for part in parts.values():
                await part.start()
            ports: dict[str, int] = {name: _port_of(part) for name, part in consoles.items()}
            cookies: dict[str, str] = {
                name: await cookie_of(
                    f"http://127.0.0.1:{ports[name]}", logins[name], timeout_s=SIGN_IN_S_MAX
                )
                for name in names
            }
            pids = {name: part.pid for name, part in parts.items() if part.pid is not None}
            has_journal = case.subject in ("gateway", "naive", "system")
            yield Chain(
                folder,
                ports,
                cookies,
                pids,
                data_dir if has_journal else None,
                subject,
                took,
            )
        finally:
            for part in reversed(parts.values()):
                part.kill()
            if self._given is not None:
                self._clear(case.pool, run_id)
            shutil.rmtree(folder, ignore_errors=True)

    async def _copy_past(self, records: int, registry: Path, data_dir: Path) -> None:
        """Give a run its own copy of a journal with a past: no run adds to another's.

        The past is written once, and a gateway was started on it once, as in the field, where a
        gateway finds the snapshot of its earlier starts.
        """
        past = self._journals.get(records)
        if past is None:
            past = self.folder / f"journal-{records}"
            write_past(past, records, clock.now_ms())
            folder = self.folder / f"journal-{records}-parts"
            local = LocalBroker("auto", folder)
            gateway = self._subject("gateway", local.url, folder, registry, past)
            try:
                await local.part.start()
                if gateway is not None:
                    await gateway.start()
                    await gateway.stop()
            finally:
                local.part.kill()
            self._journals[records] = past
        _copy_durably(past, data_dir)

    def _subject(
        self, subject: Subject, url: BrokerUrl, folder: Path, registry: Path, data_dir: Path
    ) -> Part | None:
        log, broker = folder / "logs" / "gateway.log", str(url)
        command = [sys.executable, "-m"]
        match subject:
            case "hop":
                return None
            case "relay":
                orders = folder / "relay.json"
                orders.write_bytes(msgspec.json.encode(RelayOrders(broker=broker)))
                command += ["simulator.bench.relay", str(orders)]
            case "naive":
                command += ["simulator.naive", broker, str(registry), str(data_dir)]
            case _:
                command += ["alarm_gateway", "run", "--log-level", "warning"]
                command += ["--broker", broker, "--data-dir", str(data_dir)]
                command += ["--registry", str(registry)]
        return Part("gateway", command, log=log, start_deadline_s=GATEWAY_START_S_MAX)

    def _console(self, name: str, folder: Path) -> Part:
        command = [sys.executable, "-m", "dispatch", "run", "--console", name]
        command += ["--broker", str(self.broker_url), "--port", "0"]
        command += ["--accounts", str(_accounts(folder, name))]
        return Part(f"console {name}", command, log=folder / "logs" / f"console-{name}.log")

    def _clear(self, pool: int, run_id: str) -> None:
        """Take all that we left retained off a broker that is not ours.

        It waits for every acknowledgement: a socket that is closed with unread bytes is reset, and
        the broker throws away what it had not read of it.
        """
        found = [topics.GATEWAY_STATUS, *(topics.presence(console) for console in CONSOLES)]
        for number in range(pool):
            device = device_id(number)
            found.append(topics.link(device))
            found += [topics.alarm_view(console, alarm_id_of(device, 1)) for console in CONSOLES]
        cutter = PacketCutter(lambda _topic, _payload: None)
        try:
            with connected_socket(self.broker_url, f"{run_id}-clear") as link:
                for number, topic in enumerate(found, 1):
                    packet_id = number % PACKET_ID_MAX + 1
                    link.sendall(publish_packet(topic, b"", packet_id, retain=True))
                    if number % _CLEAR_TOGETHER == 0:
                        cutter.wait(link, number)
                cutter.wait(link, len(found))
        except OSError as error:
            raise BenchError(
                f"could not clear what we left on {self.broker_url}: {error}"
            ) from None
