#!/usr/bin/env python3
"""Write a valid journal of any size, with its household file, to measure a start with.

Run it as `python tools/make_journal.py --records 1000000 --out DIR`. The gateway then starts
on it: `alarm-gateway run --data-dir DIR --registry DIR/households.json --broker ...`.

One alarm is taken through its whole life by the real engine; that story is told again for
every device, over and over, with other names, numbers, times and signatures, and written
through the gateway's own journal.
"""

import argparse
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec.structs import replace

from alarm_gateway.adapters.journal import Journal
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.errors import GatewayError
from alarm_gateway.core.inputs import ActionReceived, DeliveriesConfirmed, Input, PressReceived
from alarm_gateway.core.policy import Policy
from alarm_gateway.core.records import Acted, Delivered, Pressed, Record
from alarm_protocol import topics
from alarm_protocol.codec import decode_press, encode_press
from alarm_protocol.households import Household
from alarm_protocol.messages import (
    Accept,
    Arrive,
    AssignUnit,
    Close,
    ConfirmDelivery,
    Delivery,
    HandOver,
    Location,
    Note,
    Press,
    SafetyAssessment,
    TrackAction,
)
from alarm_protocol.runtime.clock import monotonic_s, now_ms
from alarm_protocol.units import (
    CONSOLES,
    ActionId,
    AlarmId,
    ConsoleId,
    DeviceId,
    PressId,
    TimestampMs,
    alarm_id_of,
)
from simulator import households
from simulator.core.errors import SimulatorError

BATCH_RECORDS = 5_000
AHEAD_RECORDS_MAX = 50_000
STEP_MS = 4_000
DAY_MS = 86_400_000


class Life:
    """One alarm of one device, lived through by the real engine."""

    def __init__(self, home: Household) -> None:
        self.records: list[Record] = []
        self.open_length = 0
        """How many of the records come before anybody has accepted."""
        self.started_ms = TimestampMs(1_700_000_000_000)
        self._home = home
        self._alarm_id = alarm_id_of(home.device_id, 1)
        self._engine = Engine(Policy(), {home.device_id: home})
        self._now_ms = int(self.started_ms)
        self._actions = 0
        self._live()

    def _take(self, received: Input) -> None:
        self._now_ms += STEP_MS
        records = self._engine.receive([received], TimestampMs(self._now_ms))
        self._engine.persisted(records)
        self.records += records

    def _confirm(self) -> None:
        state = self._engine.state_of(self._home.device_id)
        version = state.alarm.view_version if state is not None and state.alarm is not None else 1
        for console in CONSOLES:
            pairs = (Delivery(self._alarm_id, version),)
            confirmation = ConfirmDelivery(
                action_id=ActionId("c"), at_ms=TimestampMs(self._now_ms), deliveries=pairs
            )
            self._take(DeliveriesConfirmed(console, confirmation, None))

    def _act(self, console: ConsoleId, kind: type[TrackAction], **fields: str) -> None:
        self._actions += 1
        action = kind(
            action_id=ActionId(f"action-{self._actions}"),
            alarm_id=self._alarm_id,
            seen_version=1,
            operator=f"sim-{console}",
            at_ms=TimestampMs(self._now_ms),
            **fields,  # type: ignore[arg-type] # each kind's own words
        )
        self._take(ActionReceived(console, action, None))

    def _live(self) -> None:
        for number in (1, 2):
            self._take(pressed(self._home, number, TimestampMs(self._now_ms)))
            self._confirm()
        self.open_length = len(self.records)
        self._act("police", Accept)
        self._act("veilig_thuis", Accept)
        self._confirm()
        self._act("police", AssignUnit, unit="HM 11.01")
        self._act("police", Note, text="synthetisch: buren gebeld")
        self._act("police", Arrive, unit="HM 11.01")
        self._confirm()
        self._act("veilig_thuis", SafetyAssessment, text="synthetisch: acute onveiligheid")
        self._act("veilig_thuis", HandOver, to="lokaal team Leiden")
        reason = "synthetisch: afgehandeld"
        self._act("police", Close, disposition="genuine", reason=reason)
        self._act("veilig_thuis", Close, disposition="genuine", reason=reason)
        self._confirm()


def pressed(home: Household, number: int, at_ms: TimestampMs) -> PressReceived:
    """Return the `number`-th press of a device, signed, as the gateway's decoder gives it."""
    place = home.police
    press = Press(
        press_id=PressId(f"{home.device_id}-{number}"),
        device_id=home.device_id,
        sequence=number,
        pressed_at_ms=at_ms,
        sent_at_ms=at_ms,
        trigger="press",
        attempt=1,
        battery_pct=88,
        location=Location(latitude=place.latitude, longitude=place.longitude, accuracy_m=12),
    )
    signed = decode_press(encode_press(press, bytes.fromhex(home.device_key_hex)))
    topic = topics.press(home.device_id)
    return PressReceived(home.device_id, topic, signed.press, signed.line, signed.signature, None)


class Teller:
    """Tells one life again for other devices."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._versions: dict[DeviceId, int] = {}
        self._alarms: dict[DeviceId, int] = {}
        self._presses: dict[DeviceId, int] = {}

    def tell(self, home: Household, at_ms: int, length: int) -> Iterator[Record]:
        """Yield the first `length` records of a life, as this device's next alarm."""
        device_id = home.device_id
        number = self._alarms[device_id] = self._alarms.get(device_id, 0) + 1
        alarm_id = alarm_id_of(device_id, number)
        for record in self._life.records[:length]:
            version = self._versions[device_id] = self._versions.get(device_id, 0) + 1
            moved_ms = TimestampMs(record.at_ms - self._life.started_ms + at_ms)
            event = record.event
            if isinstance(event, Pressed):
                count = self._presses[device_id] = self._presses.get(device_id, 0) + 1
                again = pressed(home, count, moved_ms)
                event = replace(event, line=again.line, signature=again.signature)
            elif isinstance(event, Acted):
                event = replace(event, action=_renamed(event.action, alarm_id, version))
            elif not isinstance(event, Delivered):
                raise SimulatorError(f"a life has no {record.kind}")
            yield Record(
                device_id=device_id,
                version=version,
                at_ms=moved_ms,
                alarm_id=alarm_id,
                event=event,
            )


def _renamed(action: TrackAction, alarm_id: AlarmId, version: int) -> TrackAction:
    return replace(
        action,
        alarm_id=alarm_id,
        action_id=ActionId(f"{alarm_id[-40:]}-{version}".replace(".", "-")),
    )


def records(homes: tuple[Household, ...], count: int, open_alarms: int) -> Iterator[Record]:
    """Yield about `count` records: whole lives, and at the end some alarms that stay open."""
    life = Life(homes[0])
    teller = Teller(life)
    whole = len(life.records)
    lives = max(0, count - open_alarms * life.open_length) // whole
    now = now_ms()
    start_ms = now - 90 * DAY_MS
    for number in range(lives):
        at_ms = start_ms + number * (89 * DAY_MS) // max(1, lives)
        yield from teller.tell(homes[number % len(homes)], at_ms, whole)
    for number in range(open_alarms):
        yield from teller.tell(homes[number], now - DAY_MS + number, life.open_length)


def write(out: Path, *, count: int, devices: int, open_alarms: int) -> int:
    """Write household file and journal into a folder; return how many records that made.

    Raises:
        SimulatorError: The folder holds a journal already, or there are too few devices.
        GatewayError: It could not be written.
    """
    if (out / "journal.sqlite3").exists():
        raise SimulatorError(f"{out} holds a journal already; give another --out")
    if open_alarms > devices:
        raise SimulatorError(f"{open_alarms} open alarms need as many devices, not {devices}")
    file = households.generate(devices, 1)
    households.write(file, out / "households.json")
    written = threading.Semaphore(AHEAD_RECORDS_MAX // BATCH_RECORDS)
    failures: list[GatewayError] = []

    def failed(error: GatewayError) -> None:
        failures.append(error)
        written.release(1_000_000)

    journal = Journal(
        out, on_durable=lambda groups, _: written.release(len(groups)), on_failure=failed
    )
    journal.start()
    total = 0
    batch: list[Record] = []
    for record in records(file.households, count, open_alarms):
        batch.append(record)
        if len(batch) == BATCH_RECORDS:
            written.acquire()
            journal.append(batch)
            total += len(batch)
            batch = []
    journal.append(batch)
    journal.close()
    if failures:
        raise failures[0]
    return total + len(batch)


def main() -> int:
    """Write a journal as the command line asks."""
    parser = argparse.ArgumentParser(description="Write a valid journal of any size.")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--open", type=int, default=0, help="alarms that stay open")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    began_s = monotonic_s()
    try:
        total = write(asked.out, count=asked.records, devices=asked.devices, open_alarms=asked.open)
    except (GatewayError, SimulatorError, msgspec.MsgspecError) as error:
        sys.stderr.write(f"make_journal: {error}\n")
        return 2
    sys.stdout.write(f"{asked.out}: {total} records in {monotonic_s() - began_s:.1f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
