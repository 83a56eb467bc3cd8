"""Backups under way: made while a gateway writes, restored, and gone on from."""

import asyncio
import shutil
import sys
from pathlib import Path

from alarm_gateway.adapters.journal import read_rows
from alarm_gateway.adapters.retention import verify_journal
from alarm_protocol import topics
from tests.helpers.gateway import DEVICE
from tests.helpers.gateway_process import Broker, Gateway, answered, press
from tests.helpers.wire import Witness, witness

BACKUPS = 4


async def command(*words: str) -> tuple[int, str]:
    """Run a command of the gateway's program; return its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "alarm_gateway", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def press_on(someone: Witness, pressed: list[int]) -> None:
    """Press again and again, each press once the one before is answered."""
    while True:
        number = len(pressed) + 1
        await someone.publish(topics.press(DEVICE), press(number))
        await answered(someone, number)
        pressed.append(number)


async def test_backups_while_it_writes_and_a_restore(
    tmp_path: Path, mosquitto: Broker, gateway: Gateway
) -> None:
    """Every copy holds what was answered before it and verifies; a restored one goes on."""
    await gateway.start()
    async with witness(mosquitto.port) as someone:
        pressed: list[int] = []
        pressing = asyncio.create_task(press_on(someone, pressed))
        heads = []
        for number in range(BACKUPS):
            before = len(pressed)
            out = tmp_path / f"backup-{number}"
            code, said = await command(
                "backup", "--data-dir", str(gateway.data_dir), "--out", str(out)
            )
            assert 0 == code, said
            assert before <= [row.kind for row in read_rows(out)].count("pressed")
            assert None is verify_journal(out).fault
            heads.append(said.splitlines()[1].removeprefix("head "))
        pressing.cancel()
        await asyncio.gather(pressing, return_exceptions=True)
        assert 0 == await gateway.part.stop()
        # Every copy is a beginning of the journal: it holds each head.
        for head in heads:
            words = ("verify-journal", "--data-dir", str(gateway.data_dir), "--expect", head)
            code, said = await command(*words)
            assert 0 == code, said

        gateway.data_dir.rename(tmp_path / "lost")
        shutil.copytree(tmp_path / f"backup-{BACKUPS - 1}", gateway.data_dir)
        await gateway.start()
        number = len(pressed) + 100
        await someone.publish(topics.press(DEVICE), press(number))
        await answered(someone, number)
        assert 0 == await gateway.part.stop()
    code, said = await command("verify-journal", "--data-dir", str(gateway.data_dir))
    assert (0, True) == (code, said.startswith("journal ok: ")), said
