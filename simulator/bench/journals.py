"""A journal with a past: as many records as asked for, written through the gateway's own code.

The one place of the simulator, beside `simulator.world`, that uses code of the gateway: a
second writer of the journal's format would only prove that the two agree.
"""

import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from alarm_gateway.adapters.journal import Head, Journal
from alarm_gateway.core.errors import JournalError
from alarm_gateway.core.records import Delivered, Event, Expired, Pressed, Record
from alarm_protocol.codec import encode_press
from alarm_protocol.messages import Press
from alarm_protocol.units import CONSOLES, PressId, TimestampMs, alarm_id_of
from simulator.bench.errors import BenchError
from simulator.bench.ground import device_id, key_hex

BATCH = 2_000
GAP_MS = 60_000
DEVICES = 5_000
"""Devices that have a past; each took part in the yearly tests of every button."""


def past_records(count: int, before_ms: TimestampMs, devices: int = DEVICES) -> Iterator[Record]:
    """Yield records of tests that went as they should: pressed, shown to both, expired, closed."""
    return islice(_tests(count, before_ms, devices), count // 6 * 6)


def _tests(count: int, before_ms: TimestampMs, devices: int) -> Iterator[Record]:
    for number in range(count // 6 + 1):
        device, alarm = device_id(number % devices), number // devices
        at_ms = TimestampMs(before_ms - (count // 6 + 1 - number) * GAP_MS)
        press = Press(
            press_id=PressId(f"past-{number}"),
            device_id=device,
            sequence=at_ms,
            pressed_at_ms=at_ms,
            trigger="test",
            attempt=1,
        )
        payload = encode_press(press, bytes.fromhex(key_hex(number % devices)))
        line, _, signature = payload.decode().partition("\n")
        opened = Pressed(
            line=line, signature=signature, doubts=(), remarks=(), priority=1,
            reasons=("test",), test=True, opened=True,
        )  # fmt: skip
        shown = [Delivered(console=console, view_version=1) for console in CONSOLES]
        gone = [Delivered(console=console, view_version=2) for console in CONSOLES]
        events: tuple[Event, ...] = (opened, *shown, Expired(), *gone)
        for step, event in enumerate(events):
            yield Record(
                device_id=device,
                version=alarm * 6 + step + 1,
                at_ms=at_ms,
                alarm_id=alarm_id_of(device, alarm + 1),
                event=event,
            )


def write_past(data_dir: Path, count: int, before_ms: TimestampMs) -> int:
    """Write a journal with about `count` records; return how many there are.

    Raises:
        BenchError: The journal could not be written.
    """
    done = threading.Event()
    faults: list[JournalError] = []
    written = wanted = 0

    def durable(groups: list[list[Record]], _head: Head) -> None:
        nonlocal written
        written += sum(map(len, groups))
        done.set()

    def failed(error: JournalError) -> None:
        faults.append(error)
        done.set()

    journal = Journal(data_dir, on_durable=durable, on_failure=failed)
    journal.start()
    records = past_records(count, before_ms)
    try:
        while batch := list(islice(records, BATCH)):
            done.clear()
            wanted += len(batch)
            journal.append(batch)
            while written < wanted and not faults:
                done.wait(1)
                done.clear()
            if faults:
                raise BenchError(f"the journal with a past cannot be written: {faults[0]}")
    finally:
        journal.close()
    return written
