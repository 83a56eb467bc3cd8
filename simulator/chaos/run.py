"""`alarm-simulator chaos`: rounds of faults on a chain under load, and the account at the end."""

import asyncio
import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec
from rich.console import Console

from alarm_protocol.runtime import clock
from simulator import households
from simulator.chaos.errors import ChaosError
from simulator.chaos.evidence import Evidence, read_journal, verify_chain
from simulator.chaos.faults import FAULTS, Scale, order_of
from simulator.chaos.ledger import Watch
from simulator.chaos.report import (
    LOST_TOLD_MAX,
    US_PER_MS,
    Account,
    Round,
    duplicates,
    ledger_table,
    losses,
    overcounted,
    recovery_table,
    round_of,
)
from simulator.chaos.rig import Rig, RigSettings, now_us
from simulator.core.errors import SimulatorError

RATE_PER_S = 300.0
DEVICES_PER_RATE = 4
"""Devices for each press a second: one presses every four seconds."""
CALM_S = (0.4, 1.2)
"""How long all is well between two rounds."""
RECOVER_S_MAX = 60.0
SETTLE_S_MAX = 90.0
WIDTH_MIN = 110
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class ChaosSettings:
    """What the command line asked for. `scale` below 1 makes the pauses of faults shorter."""

    rounds: int
    seed: int
    rate_per_s: float = RATE_PER_S
    scale: float = 1.0
    tmpfs: bool | None = None
    faults: tuple[str, ...] = ()
    folder: Path | None = None
    as_json: bool = False


async def run_chaos(
    settings: ChaosSettings, stop: asyncio.Event, console: Console | None = None
) -> int:
    """Run it and print the account; return 0 only where nothing was lost or duplicated.

    Raises:
        ChaosError: The tool itself could not go on; the text says where its folder is.
    """
    out = console or Console(soft_wrap=True, stderr=settings.as_json)
    out.width = max(out.width, WIDTH_MIN)
    folder = settings.folder or Path(tempfile.mkdtemp(prefix="aware-chaos-"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ChaosError(
            f"--folder {folder} cannot be used ({error.strerror}); give one that can be made"
        ) from None
    run = _Run(settings, folder, out)
    try:
        account = await run.run(stop)
    except SimulatorError as error:
        raise ChaosError(f"{error}; seed {settings.seed}, everything is in {folder}") from error
    (folder / "ledger.json").write_bytes(msgspec.json.format(msgspec.json.encode(account)))
    if settings.as_json:
        Console(soft_wrap=True).print_json(msgspec.json.encode(account).decode())
    out.print(recovery_table(account.rounds))
    out.print(ledger_table(account))
    if account.clean:
        out.print(f"OK: {len(account.rounds)} rounds, nothing lost, nothing duplicated")
        if settings.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
        return 0
    for lost in account.missing[:LOST_TOLD_MAX]:
        out.print(
            f"lost {lost.press_id} of {lost.device_id}, round {lost.round_number}: no "
            f"{', '.join(lost.missing)}",
            highlight=False,
        )
    why = f": {account.problem}" if account.problem else ""
    out.print(f"NOT OK{why}; seed {settings.seed}, journal, logs and ledger.json are in {folder}")
    return 1


class _Run:
    """One run on one folder."""

    def __init__(self, settings: ChaosSettings, folder: Path, out: Console) -> None:
        self._settings = settings
        self._folder = folder
        self._out = out
        self._dice = Random(settings.seed)  # noqa: S311 - a schedule, no secret
        self._scale = Scale(self._dice, settings.scale)
        self._rounds: list[Round] = []
        self._problem: str | None = None

    async def run(self, stop: asyncio.Event) -> Account:
        """Run every round, and account for it."""
        started_s = clock.monotonic_s()
        rig = self._rig()
        memory = (0.0, 0.0)
        try:
            async with rig.running():
                rig.pressing.set()
                try:
                    await self._go_round(rig, stop)
                finally:
                    rig.pressing.clear()
                if not await rig.settle(SETTLE_S_MAX) and self._problem is None:
                    self._problem = f"not everything arrived within {SETTLE_S_MAX:g} s"
                memory = rig.memory_mib()
            evidence = await asyncio.to_thread(read_journal, rig.data_dir)
            chain = await self._verify(rig)
        finally:
            self._keep(rig)
        return self._account(rig, evidence, chain, memory, clock.monotonic_s() - started_s)

    def _rig(self) -> Rig:
        settings = self._settings
        count = max(20, round(settings.rate_per_s * DEVICES_PER_RATE))
        file = households.generate(count, settings.seed)
        registry = self._folder / "households.json"
        households.write(file, registry)
        return Rig(
            RigSettings(
                folder=self._folder,
                registry=registry,
                households=file.households,
                rate_per_s=settings.rate_per_s,
                finish_per_s=settings.rate_per_s / 100,
                seed=settings.seed,
                tmpfs=settings.tmpfs,
            )
        )

    async def _go_round(self, rig: Rig, stop: asyncio.Event) -> None:
        order = order_of(self._settings.rounds, self._dice)
        if self._settings.faults:
            chosen = self._settings.faults
            order = [chosen[number % len(chosen)] for number in range(self._settings.rounds)]
        for number, fault in enumerate(order, 1):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._dice.uniform(*CALM_S))
            if stop.is_set():
                self._problem = "interrupted"
                return
            if not await self._one(rig, number, fault):
                return

    async def _one(self, rig: Rig, number: int, fault: str) -> bool:
        """Run one round; tell whether the run can go on."""
        rig.ledger.round_number = number
        began_us = now_us()
        try:
            zero_us = await FAULTS[fault](rig, self._scale)
        except (SimulatorError, OSError) as error:
            self._problem = f"round {number}, {fault}: {error}"
            return False
        watch = rig.ledger.watch or Watch(zero_us)
        until_s = clock.monotonic_s() + RECOVER_S_MAX
        while not watch.over and clock.monotonic_s() < until_s:  # noqa: ASYNC110 - watched by time
            await asyncio.sleep(_POLL_S)
        rig.ledger.watch = None
        done = round_of(number, fault, zero_us - began_us, watch, rig.memory_mib()[0])
        self._rounds.append(done)
        self._tell(done)
        if not done.recovered:
            self._problem = f"round {number}, {fault}: not recovered in {RECOVER_S_MAX:g} s"
        dead = next((part for part in rig.parts.values() if part.has_ended()), None)
        if dead is not None:
            self._problem = f"round {number}, {fault}: {dead.name} ended; {dead.last_words()}"
        return self._problem is None

    def _tell(self, done: Round) -> None:
        self._out.print(
            f"round {done.number:>3}  {done.fault:<18} {done.fault_ms:>6} ms  first answer "
            f"{done.first_answered_ms} ms, all {done.all_answered_ms} ms; on both consoles "
            f"{done.first_shown_ms} ms, all {done.all_shown_ms} ms",
            highlight=False,
        )

    async def _verify(self, rig: Rig) -> str:
        try:
            return await verify_chain(rig.data_dir)
        except ChaosError as error:
            self._problem = self._problem or str(error)
            return str(error)

    def _keep(self, rig: Rig) -> None:
        """Copy the journal out of a tmpfs, which ends with this process."""
        if self._problem is not None and rig.data_dir.exists():
            shutil.copytree(rig.data_dir, self._folder / "kept-journal", dirs_exist_ok=True)

    def _account(
        self,
        rig: Rig,
        evidence: Evidence,
        chain: str,
        memory: tuple[float, float],
        seconds: float,
    ) -> Account:
        ledger = rig.ledger
        missing = losses(ledger, evidence)
        on_console: dict[str, int] = {
            console: sum(console in press.shown_in for press in ledger.presses.values())
            for console in ledger.unseen
        }
        promised = [
            one for one in missing if "journal" in one.missing and "answer" not in one.missing
        ]
        counts = rig.fleet.counts
        return Account(
            seed=self._settings.seed,
            seconds=round(seconds, 1),
            rate_per_s=self._settings.rate_per_s,
            disk=rig.disk.kind,
            presses=len(ledger.presses),
            skipped=rig.skipped,
            received=len(ledger.presses) - len(ledger.unanswered),
            in_journal=sum(press_id in evidence.presses for press_id in ledger.presses),
            on_console=on_console,
            lost=len(missing),
            promised_and_lost=len(promised),
            duplicated=duplicates(ledger, evidence) + overcounted(ledger, evidence),
            doubtful=sum(bool(entry.doubts) for entry in evidence.presses.values()),
            foreign=sum(press_id not in ledger.presses for press_id in evidence.presses),
            overcounted=overcounted(ledger, evidence),
            out_of_order=evidence.out_of_order,
            older_views=ledger.older_views,
            longest_ms={name: us // US_PER_MS for name, us in ledger.longest_us.items()},
            repeats=counts.sendings - counts.presses,
            alarms=len(evidence.per_alarm),
            alarms_finished=rig.pool.finished,
            alarms_left_open=rig.pool.left_open,
            journal_records=evidence.records,
            journal_kinds=dict(evidence.kinds.most_common()),
            gateway_mib=round(memory[0], 1),
            gateway_mib_max=round(max(memory[1], *(one.gateway_mib for one in self._rounds)), 1)
            if self._rounds
            else round(memory[1], 1),
            chain=chain,
            rounds=tuple(self._rounds),
            missing=tuple(missing[:LOST_TOLD_MAX]),
            problem=self._problem,
        )
