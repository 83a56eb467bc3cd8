"""One run of one case: start everything anew, press, account for every press, stop it all."""

import asyncio
import contextlib
import os
import re
import sqlite3
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from alarm_protocol.runtime import clock
from alarm_protocol.units import CONSOLES, POLICE
from simulator.bench.errors import BenchError
from simulator.bench.figures import RunFigures, StageFigures, lateness, stage_figures
from simulator.bench.orders import (
    NoiseOrders,
    NoiseTold,
    ReceiverOrders,
    ReceiverTold,
    Screen,
    SenderOrders,
    SenderTold,
    press_pattern,
    read_times,
)
from simulator.bench.painted import Painted, watching
from simulator.bench.processor import Meter
from simulator.bench.profiles import Case
from simulator.bench.stand import Chain, Stand
from simulator.core.errors import SimulatorError
from simulator.processes import Part

ENDS_S_MAX = 180.0
FAULTS_MAX = 3
log = structlog.get_logger()
_START = re.compile(r"start_ns=(\d+)")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one run keeps its files."""

    folder: Path
    run_id: str


async def run_case(stand: Stand, case: Case, number: int) -> RunFigures:
    """Run a case; again where the driver was late, at most `case.attempts` times in all.

    A run that breaks off says nothing, and does not end the whole: it is begun again, and said.

    Raises:
        BenchError: A part of the chain or of the measuring stand failed.
    """
    tries = faults = 0
    while True:
        tries += 1
        try:
            found = await _run_once(stand, case, f"r{number}x{tries}")
        except SimulatorError as error:
            faults += 1
            if faults >= FAULTS_MAX:
                raise
            log.warning("a run broke off and is begun again", case=case.name, error=str(error))
            continue
        if found.valid or tries - faults >= case.attempts:
            return msgspec.structs.replace(found, attempts=tries)


async def _run_once(stand: Stand, case: Case, run_id: str) -> RunFigures:
    async with stand.chain(case, run_id) as chain:
        place = Place(chain.folder, run_id)
        count = case.presses
        receiver = _tool(place, "receiver", _receiver_orders(stand, case, place, count, chain))
        sender = _tool(
            place,
            "sender",
            SenderOrders(
                broker=str(stand.broker_url),
                keys=str(stand.ground.keys),
                pool=case.pool,
                count=count,
                rate_per_s=case.rate_per_s,
                run_id=run_id,
                out=str(place.folder / "sender.out"),
            ),
            start_s_max=60,
        )
        async with _started(receiver), _noise(stand, case, place) as noise:
            seen = chain.page_of(POLICE) if case.painted else None
            async with watching(seen) as painted:
                async with _started(sender):
                    tools = [receiver, sender] + ([noise] if noise is not None else [])
                    costs = await _measured(case, chain.pids, tools, place)
                    await _ended(sender)
                (place.folder / "receiver.stop").touch()
                await _ended(receiver)
                if painted is not None:
                    await painted.read()
            if noise is not None:
                await noise.stop()
        if chain.data_dir is not None:
            await chain.stop_subject()
        return _figures(case, place, chain, costs, painted)


def _tool(place: Place, name: str, orders: msgspec.Struct, start_s_max: float = 30) -> Part:
    file = place.folder / f"{name}.json"
    file.write_bytes(msgspec.json.encode(orders))
    command = [sys.executable, "-m", f"simulator.bench.{name}", str(file)]
    return Part(
        name, command, log=place.folder / "logs" / f"{name}.log", start_deadline_s=start_s_max
    )


def _receiver_orders(
    stand: Stand, case: Case, place: Place, count: int, chain: Chain
) -> ReceiverOrders:
    screens = [
        Screen(
            stage=console if number == 0 else f"{console} screen {number + 1}",
            port=chain.ports[console],
            cookie=chain.cookies[console],
            slow=case.slow_screen and number == case.screens - 1,
        )
        for console in (CONSOLES if case.subject == "system" else ())
        for number in range(case.screens)
    ]
    return ReceiverOrders(
        broker=str(stand.broker_url),
        run_id=place.run_id,
        count=count,
        out=str(place.folder / "receiver.out"),
        hop=case.subject == "hop",
        feedback=case.subject in ("gateway", "naive", "system"),
        consoles=case.subject in ("relay", "gateway", "naive"),
        screens=tuple(screens),
        quick_ack=stand.broker_kind == "embedded",
    )


@contextlib.asynccontextmanager
async def _started(part: Part) -> AsyncIterator[None]:
    await part.start()
    try:
        yield
    finally:
        part.kill()


@contextlib.asynccontextmanager
async def _noise(stand: Stand, case: Case, place: Place) -> AsyncIterator[Part | None]:
    if case.noise is None:
        yield None
        return
    orders = NoiseOrders(
        kind=case.noise,
        broker=str(stand.broker_url),
        keys=str(stand.ground.keys),
        devices=case.noise_devices,
        rate_per_s=case.noise_per_s,
        out=str(place.folder / "noise.out"),
    )
    noise = _tool(place, "noise", orders, start_s_max=120)
    async with _started(noise):
        yield noise


async def _until(at_ns: int) -> None:
    left_ns = at_ns - clock.monotonic_ns()
    if left_ns > 0:
        await asyncio.sleep(left_ns / 1e9)


async def _measured(case: Case, pids: dict[str, int], tools: list[Part], place: Place) -> Meter:
    """Wait while the presses run; return what each part spent on them, without the warm-up."""
    sender = tools[1]
    found = _START.search(sender.ready_line)
    if found is None:
        raise BenchError(f"the sender does not say when it starts: {sender.ready_line!r}")
    start_ns = int(found[1])
    await _until(start_ns + round(case.warm_up_s * 1e9))
    (place.folder / "noise.go").touch()
    meter = Meter(pids, [tool.pid for tool in tools if tool.pid is not None])
    await _until(start_ns + round((case.warm_up_s + case.seconds) * 1e9))
    meter.stop()
    return meter


async def _ended(part: Part) -> None:
    """Wait until a tool has done its work.

    Raises:
        BenchError: It failed, or takes too long.
    """
    until_s = clock.monotonic_s() + ENDS_S_MAX
    while part.is_running():
        if clock.monotonic_s() > until_s:
            raise BenchError(f"the {part.name} does not end; {part.last_words()}")
        await asyncio.sleep(0.02)
    if await part.stop() != 0:
        raise BenchError(f"the {part.name} failed; {part.last_words()}")


def _told(path: Path, kind: type[_T]) -> _T:
    return msgspec.json.decode(path.read_bytes(), type=kind)


def _figures(
    case: Case, place: Place, chain: Chain, costs: Meter, painted: Painted | None
) -> RunFigures:
    count = case.presses
    out = place.folder / "sender.out"
    sent = _told(out, SenderTold)
    seen = _told(place.folder / "receiver.out", ReceiverTold)
    sent_ns = read_times(out.with_suffix(".sent"))
    due_ns = [sent.start_ns + round(number * 1e9 / case.rate_per_s) for number in range(count)]
    from_number = round(case.rate_per_s * case.warm_up_s)
    kept = lateness(sent_ns[from_number:], due_ns[from_number:])
    stages = {}
    for name in seen.stages:
        first = read_times(place.folder / f"receiver.{name}.first")
        times = read_times(place.folder / f"receiver.{name}.times")
        stages[name] = _stage(first, times, due_ns, from_number)
    if painted is not None:
        stages["painted"] = painted.stage(due_ns, from_number)
    journalled, twice = (
        (None, 0) if chain.data_dir is None else presses_in(chain.data_dir, place.run_id)
    )
    answered = stages.get("feedback")
    alarms_over = sum(max(0, alarms - min(count, case.pool)) for alarms in seen.alarms.values())
    noise = place.folder / "noise.out"
    heard = _told(noise, NoiseTold) if noise.exists() else None
    return RunFigures(
        sent=count,
        acknowledged=sent.acknowledged,
        journalled=journalled,
        duplicated=twice + alarms_over + (0 if answered is None else answered.repeated),
        late_pct=kept.late_pct,
        lateness_p99_us=kept.p99_us,
        lateness_max_us=kept.max_us,
        stages=stages,
        cpu_us={
            **{
                name: used_s / (case.rate_per_s * case.seconds) * 1e6
                for name, used_s in costs.used_s.items()
            },
            "driver": sent.cpu_s / count * 1e6,
            "receiver": seen.cpu_s / count * 1e6,
        },
        others_pct=_others_pct(case, costs),
        fsync_p50_us=chain.fsync_us[0],
        fsync_p95_us=chain.fsync_us[1],
        noise_per_s=0.0 if heard is None else heard.done / max(0.1, heard.seconds),
    )


def _others_pct(case: Case, costs: Meter) -> float | None:
    """Return what programs of others took of the whole machine, where that can be told."""
    if "broker" not in costs.parts or case.painted:
        return None  # a broker that is not ours and the browser would count as others
    return 100 * costs.others_s / (case.seconds * (os.cpu_count() or 1))


def _stage(
    first: Sequence[int], times: Sequence[int], due_ns: list[int], from_number: int
) -> StageFigures:
    latencies = [
        (first[number] - due_ns[number]) // 1_000
        for number in range(from_number, len(due_ns))
        if first[number]
    ]
    return stage_figures(
        latencies,
        presses=sum(map(bool, times)),
        lost=sum(not one for one in times),
        never=len(due_ns) - from_number - len(latencies),
        repeated=sum(one - 1 for one in times if one > 1),
    )


def presses_in(data_dir: Path, run_id: str) -> tuple[int, int]:
    """Count a run's presses in a journal: different ones, and those that are there twice.

    Raises:
        BenchError: There is no journal, or it cannot be read.
    """
    naive, path = data_dir / "naive.sqlite3", data_dir / "journal.sqlite3"
    query = "SELECT body FROM journal WHERE kind = 'pressed'"
    if naive.exists():
        path, query = naive, "SELECT body FROM presses"
    find = press_pattern(run_id).search
    found: list[bytes] = []
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        ) as connection:
            for (body,) in connection.execute(query):
                text = body.encode() if isinstance(body, str) else body.replace(b"\\", b"")
                match = find(text)
                if match is not None:
                    found.append(match[1])
    except sqlite3.Error as error:
        raise BenchError(f"the journal {path} cannot be read: {error}") from error
    return len(set(found)), len(found) - len(set(found))
