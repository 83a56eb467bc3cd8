"""The household file: what it holds, what it refuses, and that the two views stay apart."""

import json
from typing import Any

import msgspec
import pytest

from alarm_protocol.households import (
    SECTION_BYTES_MAX,
    SIGNS,
    Household,
    HouseholdFile,
    PoliceHousehold,
    VeiligThuisHousehold,
)

POLICE: dict[str, Any] = {
    "agency": "police",
    "resident": "A. Voorbeeld (synthetisch)",
    "municipality": "Leiden",
    "address": {
        "street": "Voorbeeldstraat",
        "number": "12a",
        "postcode": "2312 AB",
        "place": "Leiden",
    },
    "latitude": 52.1601,
    "longitude": 4.497,
    "offender": {"name": "B. Verzonnen (synthetisch)", "description": "Man, 1,85 m"},
    "weapons": "Geen bekend",
    "route_notes": "Ingang achter",
    "orders": [{"kind": "straatverbod", "valid_until": "2027-03-01"}],
}
VEILIG_THUIS: dict[str, Any] = {
    "agency": "veilig_thuis",
    "case_reference": "VT-2026-00042",
    "resident": "A. Voorbeeld (synthetisch)",
    "municipality": "Leiden",
    "members": [{"name": "C. Voorbeeld (synthetisch)", "role": "kind", "birth_year": 2017}],
    "children": 1,
    "relation_to_stalker": "ex-partner",
    "signals": ["following"],
}
HOUSEHOLD: dict[str, Any] = {
    "device_id": "aware-000123",
    "device_key_hex": bytes(range(32)).hex(),
    "police": POLICE,
    "veilig_thuis": VEILIG_THUIS,
}
FILE: dict[str, Any] = {
    "format": "aware-households",
    "version": 1,
    "synthetic": True,
    "households": [HOUSEHOLD],
}


def read(changes: dict[str, Any], base: dict[str, Any], kind: type) -> Any:
    """Decode a file, household or section with some fields changed."""
    return msgspec.json.decode(json.dumps({**base, **changes}), type=kind)


def test_a_file_is_read_and_written_alike() -> None:
    """What is read from a file and written again is the same file."""
    file = read({}, FILE, HouseholdFile)
    assert file == msgspec.json.decode(msgspec.json.encode(file), type=HouseholdFile)
    (household,) = file.households
    assert isinstance(household, Household)
    assert household.in_service
    assert household.police.address.postcode == "2312 AB"
    assert bytes(range(32)) == bytes.fromhex(household.device_key_hex)


def test_people_are_synthetic_unless_said_otherwise() -> None:
    """A section without the mark counts as synthetic; real people must be declared."""
    assert read({}, POLICE, PoliceHousehold).synthetic
    assert read({}, VEILIG_THUIS, VeiligThuisHousehold).synthetic


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "households"},
        {"version": 2},
        {"synthetic": "yes"},
        {"households": {}},
        {"households": [{**HOUSEHOLD, "device_id": "a.b"}]},
        {"households": [{**HOUSEHOLD, "device_key_hex": "00"}]},
        {"households": [{**HOUSEHOLD, "device_key_hex": "0" * 31}]},
        {"households": [{**HOUSEHOLD, "device_key_hex": "G" * 64}]},
        {"households": [{**HOUSEHOLD, "police": VEILIG_THUIS}]},
        {"households": [{**HOUSEHOLD, "veilig_thuis": None}]},
    ],
)
def test_broken_files_are_refused(changes: dict[str, Any]) -> None:
    """A wrong format, version, key, id or section makes the file invalid."""
    with pytest.raises(msgspec.ValidationError):
        read(changes, FILE, HouseholdFile)


@pytest.mark.parametrize(
    "changes",
    [
        {"resident": ""},
        {"latitude": 91},
        {"address": {**POLICE["address"], "postcode": "0312 AB"}},
        {"address": {**POLICE["address"], "postcode": "2312 ab"}},
        {"orders": POLICE["orders"] * 5},
        {"orders": [{"kind": "huisverbod", "valid_until": "2027-03-01"}]},
        {"orders": [{"kind": "straatverbod", "valid_until": "1-3-2027"}]},
        {"route_notes": "x" * 301},
    ],
)
def test_broken_police_sections_are_refused(changes: dict[str, Any]) -> None:
    """What a unit would read on its way is checked when the file is read."""
    with pytest.raises(msgspec.ValidationError):
        read(changes, POLICE, PoliceHousehold)


def test_neither_section_has_what_only_the_other_agency_may_see() -> None:
    """Address, offender and weapons are the police's; case, members and plan the other's."""
    shared = {"resident", "municipality", "orders", "synthetic"}
    police, other = (
        set(PoliceHousehold.__struct_fields__),
        set(VeiligThuisHousehold.__struct_fields__),
    )
    assert shared == police & other
    assert {"address", "offender", "weapons", "route_notes", "location_agreement"} <= police
    assert {"case_reference", "members", "relation_to_stalker", "safety_plan"} <= other


def test_the_ten_signs() -> None:
    """A dossier names its signals from ten different signs of stalking."""
    assert len(set(SIGNS)) == len(SIGNS) == 10


def test_a_usual_section_fits_its_room() -> None:
    """An ordinary household is far below the room that a view has for it."""
    for changes, kind in ((POLICE, PoliceHousehold), (VEILIG_THUIS, VeiligThuisHousehold)):
        section = read({}, changes, kind)
        assert len(msgspec.json.encode(section)) < SECTION_BYTES_MAX / 2
