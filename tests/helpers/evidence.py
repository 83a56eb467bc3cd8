"""Builders for tests of evidence, retention and norms: whole histories, on a real disk."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from alarm_gateway.adapters.chain import GENESIS, SALT_BYTES, Row, chained
from alarm_gateway.adapters.journal import Journal
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.inputs import PaintedReported
from alarm_gateway.core.policy import Policy
from alarm_gateway.core.records import Record
from alarm_protocol.households import HouseholdFile
from alarm_protocol.messages import (
    Accept,
    Arrive,
    AssignUnit,
    Close,
    Conditions,
    HandOver,
    Location,
    Note,
    Painted,
    Refer,
    Reopen,
    SafetyAssessment,
    Sighting,
    TrackAction,
)
from alarm_protocol.units import CONSOLES, ActionId, AlarmId, ConsoleId, DeviceId, TimestampMs
from tests.helpers.gateway import (
    DEVICE,
    NOW_MS,
    OTHER_DEVICE,
    REGISTRY,
    Gateway,
    acted,
    confirmed,
    household,
    press,
)

YEAR_MS = 366 * 86_400_000
LATITUDE, LONGITUDE = 52.160127, 4.497031
PLACE = Location(latitude=LATITUDE, longitude=LONGITUDE, accuracy_m=12)


class Story:
    """A gateway to which things happen, one after the other; every action has its own id."""

    def __init__(self, at_ms: int = NOW_MS) -> None:
        self.gateway = Gateway()
        self.at_ms = at_ms
        self._count = 0
        self.presses = 0

    @property
    def records(self) -> list[Record]:
        """Everything that was written."""
        return self.gateway.journal

    def press(self, device_id: DeviceId = DEVICE, after_ms: int = 0, **options: Any) -> AlarmId:
        """Press a device; return its alarm."""
        self.at_ms += after_ms
        self.presses += 1
        options.setdefault("pressed_at_ms", self.at_ms)
        options.setdefault("location", PLACE)
        self.gateway.take(press(self.presses, device_id=device_id, **options), now_ms=self.at_ms)
        alarm_id = self.gateway.journal[-1].alarm_id
        return alarm_id or AlarmId("")

    def act(
        self,
        console: ConsoleId,
        kind: type[TrackAction],
        alarm_id: AlarmId,
        after_ms: int = 0,
        **fields: Any,
    ) -> None:
        """Let an operator act."""
        self.at_ms += after_ms
        self._count += 1
        fields.setdefault("operator", "Ans" if console == "police" else "Bea")
        action = kind(
            action_id=ActionId(f"action-{self._count}"),
            alarm_id=alarm_id,
            seen_version=1,
            at_ms=TimestampMs(self.at_ms),
            **fields,
        )
        self.gateway.take(acted(console, action), now_ms=self.at_ms)

    def confirm(self, alarm_id: AlarmId, after_ms: int = 0) -> None:
        """Let both consoles confirm the newest view."""
        self.at_ms += after_ms
        state = self.gateway.engine.state_of(DeviceId(alarm_id.rpartition(".")[0]))
        if state is not None and state.alarm is not None:
            for console in CONSOLES:
                version = state.alarm.view_version
                self.gateway.take(confirmed(console, alarm_id, version), now_ms=self.at_ms)

    def paint(self, console: ConsoleId, alarm_id: AlarmId, after_ms: int, operator: str) -> None:
        """Let a console say that the alarm is on a screen."""
        self.at_ms += after_ms
        seen = Sighting(alarm_id=alarm_id, version=1, at_ms=TimestampMs(self.at_ms))
        report = Painted(
            action_id=ActionId("painted"), at_ms=TimestampMs(self.at_ms), operator=operator,
            sightings=(seen,),
        )  # fmt: skip
        self.gateway.take(PaintedReported(console, report), now_ms=self.at_ms)

    def close(self, alarm_id: AlarmId, *, confirm: bool = True, **fields: Any) -> None:
        """Take an alarm to its end at both agencies, and let the consoles confirm that."""
        fields.setdefault("disposition", "genuine")
        fields.setdefault("reason", "afgehandeld")
        for console in CONSOLES:
            self.act(console, Accept, alarm_id, 1_000)
            self.act(console, Close, alarm_id, 1_000, **fields)
        if confirm:
            self.confirm(alarm_id, 100)

    def whole(self, device_id: DeviceId = DEVICE) -> AlarmId:
        """Let one alarm go through all its stages, with words of each agency in it."""
        alarm_id = self.press(device_id)
        self.confirm(alarm_id, 200)
        self.act("police", Accept, alarm_id, 5_000, operator="POLICE-Operator")
        self.act("veilig_thuis", Accept, alarm_id, 6_000, operator="THUIS-Operator")
        self.act("police", Accept, alarm_id, 10, operator="POLICE-Second")
        self.act("veilig_thuis", Accept, alarm_id, 10, operator="THUIS-Second")
        self.act("police", AssignUnit, alarm_id, 10_000, unit="POLICE-Unit")
        self.act("police", Note, alarm_id, 1_000, text="POLICE-Note <b>dik</b>")
        self.act("veilig_thuis", Note, alarm_id, 1_000, text="THUIS-Note <b>dik</b>")
        self.press(device_id, 2_000)
        self.act("police", Arrive, alarm_id, 300_000, unit="POLICE-Unit")
        self.act("veilig_thuis", SafetyAssessment, alarm_id, 1_000, text="THUIS-Assessment")
        self.act("veilig_thuis", Conditions, alarm_id, 1_000, text="THUIS-Agreement")
        self.act("veilig_thuis", Refer, alarm_id, 1_000, party="wijkagent", text="THUIS-Referral")
        self.act("veilig_thuis", HandOver, alarm_id, 1_000, to="THUIS-Team", text="THUIS-Handover")
        self.act("police", Close, alarm_id, 1_000, disposition="genuine", reason="POLICE-Reason")
        self.act("police", Reopen, alarm_id, 1_000, reason="POLICE-Reopened")
        self.act("police", Close, alarm_id, 1_000, disposition="genuine", reason="POLICE-Reason")
        self.act(
            "veilig_thuis", Close, alarm_id, 1_000, disposition="genuine", reason="THUIS-Reason"
        )
        self.confirm(alarm_id, 100)
        return alarm_id


def rows_of(records: Iterable[Record]) -> list[Row]:
    """Chain records, as the journal does; the salts are fixed."""
    rows: list[Row] = []
    previous = GENESIS
    for seq, record in enumerate(records, 1):
        rows.append(chained(previous, seq, record, bytes([seq % 251] * SALT_BYTES)))
        previous = rows[-1].hash
    return rows


def written(data_dir: Path, records: list[Record]) -> Path:
    """Append records to the journal of a folder, as a gateway would."""
    journal = Journal(data_dir, on_durable=lambda *_: None, on_failure=lambda _: None)
    journal.start()
    journal.append(records)
    journal.close()
    return data_dir


def recovered(records: Iterable[Record]) -> Engine:
    """Return an engine that folded these records."""
    engine = Engine(Policy(), REGISTRY)
    engine.recover(records)
    return engine


def registry_file(folder: Path) -> Path:
    """Write the registry of the two test devices."""
    path = folder / "households.json"
    homes = tuple(household(device_id) for device_id in (DEVICE, OTHER_DEVICE))
    file = HouseholdFile(format="aware-households", version=1, synthetic=True, households=homes)
    path.write_bytes(msgspec.json.encode(file))
    return path
