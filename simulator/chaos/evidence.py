"""The journal, read without the gateway's code: what is in it, by press.

The simulator never imports the gateway, so that a mistake there cannot hide here. Whether the
hash chain holds is the gateway's own command to say: `alarm-gateway verify-journal`.
"""

import asyncio
import os
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from simulator.chaos.errors import ChaosError

FILE_NAME = "journal.sqlite3"
VERIFY_S_MAX = 300.0


class _Body(msgspec.Struct):
    line: str
    doubts: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    priority: int = 0


class _Line(msgspec.Struct):
    press_id: str
    sequence: int


_body = msgspec.json.Decoder(_Body)
_line = msgspec.json.Decoder(_Line)


class Entry(msgspec.Struct, frozen=True):
    """A press as the journal has it."""

    device_id: str
    sequence: int
    alarm_id: str
    doubts: tuple[str, ...]
    remarks: tuple[str, ...]
    priority: int


@dataclass(slots=True)
class Evidence:
    """What a journal holds.

    Attributes:
        repeated: Presses that are in it more than once.
        out_of_order: Presses that came after a later one of the same device.
    """

    records: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    presses: dict[str, Entry] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    out_of_order: int = 0
    per_alarm: Counter[str] = field(default_factory=Counter)


def read_journal(data_dir: Path) -> Evidence:
    """Read every row.

    Raises:
        ChaosError: There is no journal there, or it cannot be read.
    """
    path = data_dir / FILE_NAME
    found = Evidence()
    newest: dict[str, int] = {}
    query = "SELECT device_id, kind, alarm_id, body FROM journal ORDER BY seq"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            for device_id, kind, alarm_id, body in connection.execute(query):
                found.records += 1
                found.kinds[kind] += 1
                if kind == "pressed":
                    _take(found, newest, (device_id, alarm_id), body)
    except (sqlite3.Error, msgspec.MsgspecError) as error:
        raise ChaosError(f"the journal {path} cannot be read: {error}") from error
    return found


def _take(found: Evidence, newest: dict[str, int], place: tuple[str, str], raw: bytes) -> None:
    device_id, alarm_id = place
    body = _body.decode(raw)
    line = _line.decode(body.line)
    found.per_alarm[alarm_id] += 1
    if line.press_id in found.presses:
        found.repeated.append(line.press_id)
    found.out_of_order += line.sequence < newest.get(device_id, -1)
    newest[device_id] = max(line.sequence, newest.get(device_id, -1))
    found.presses[line.press_id] = Entry(
        device_id, line.sequence, alarm_id, body.doubts, body.remarks, body.priority
    )


async def verify_chain(data_dir: Path) -> str:
    """Let the gateway's own command check the hash chain; return what it says.

    Raises:
        ChaosError: The chain is broken; the text is the command's own.
    """
    guard = (sys.executable, "-m", "simulator.guard", str(os.getpid()))
    command = (sys.executable, "-m", "alarm_gateway", "verify-journal", "--data-dir", str(data_dir))
    process = await asyncio.create_subprocess_exec(
        *guard, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), VERIFY_S_MAX)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise ChaosError(f"verifying {data_dir} took more than {VERIFY_S_MAX:g} s") from None
    text = output.decode(errors="replace").strip()
    if process.returncode != 0:
        raise ChaosError(text or f"verify-journal ended with {process.returncode}")
    return text.partition("\n")[0]
