"""Plausible alarm views for the tests of the consoles; nobody in them exists."""

from typing import Any

from alarm_protocol.households import (
    Address,
    Member,
    Offender,
    PoliceHousehold,
    VeiligThuisHousehold,
)
from alarm_protocol.messages import (
    AlarmView,
    Deadlines,
    Location,
    OtherTrack,
    OwnTrack,
    TimelineEntry,
    ViewPress,
)
from alarm_protocol.units import AlarmId, DeviceId, PressId, TimestampMs, device_id_of

RAISED_MS = TimestampMs(1_795_503_119_000)

POLICE_HOUSEHOLD = PoliceHousehold(
    resident="Synthetische Bewoner",
    municipality="Leiden",
    address=Address(street="Haarlemmerstraat", number="112", postcode="2312 AB", place="Leiden"),
    latitude=52.16,
    longitude=4.49,
    offender=Offender(name="Synthetische Pleger", description="rode jas"),
    weapons="onbekend",
    route_notes="via de achterzijde",
)
VEILIG_THUIS_HOUSEHOLD = VeiligThuisHousehold(
    case_reference="VT-2026-0017",
    resident="Synthetische Bewoner",
    municipality="Leiden",
    members=(Member(name="Synthetisch Kind", role="kind", birth_year=2017),),
    children=1,
    relation_to_stalker="ex-partner",
)
LOCATION = Location(latitude=52.16, longitude=4.49, accuracy_m=12.0)


def make_press(**changes: Any) -> ViewPress:
    """Make the press of an alarm."""
    values: dict[str, Any] = {
        "press_id": PressId("press-1"),
        "sequence": 17,
        "trigger": "press",
        "pressed_at_ms": RAISED_MS,
        "received_at_ms": RAISED_MS,
        **changes,
    }
    return ViewPress(**values)


def make_view(alarm_id: str = "aware-000123.1", version: int = 1, **changes: Any) -> AlarmView:
    """Make a view for the police, of an open alarm of priority 1 where nothing else is said."""
    values: dict[str, Any] = {
        "alarm_id": AlarmId(alarm_id),
        "version": version,
        "console": "police",
        "device_id": DeviceId(device_id_of(AlarmId(alarm_id))),
        "priority": 1,
        "test": False,
        "status": "open",
        "reasons": ("verified_press",),
        "doubts": (),
        "remarks": (),
        "raised_at_ms": RAISED_MS,
        "journaled_at_ms": RAISED_MS,
        "deadlines": Deadlines(),
        "press_count": 1,
        "presses": (make_press(),),
        "household": POLICE_HOUSEHOLD,
        "own_track": OwnTrack(),
        "other_track": OtherTrack(status="open"),
        "timeline": (TimelineEntry(at_ms=RAISED_MS, kind="raised", text="press"),),
        **changes,
    }
    if values["console"] == "veilig_thuis" and "household" not in changes:
        values["household"] = VEILIG_THUIS_HOUSEHOLD
    return AlarmView(**values)
