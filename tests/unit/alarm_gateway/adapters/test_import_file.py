"""Files of devices: every mistake with its place, never with a key, and all rows or none."""

import csv
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from alarm_gateway.adapters.import_file import ImportRefusedError, columns, read_import
from alarm_gateway.core.errors import SettingsError
from tests.helpers.gateway import DEVICE, OTHER_DEVICE, household, key_of

ROW = {
    "device_id": DEVICE,
    "device_key_hex": key_of(DEVICE).hex(),
    "in_service": "true",
    "police.resident": "Synthetische Bewoner",
    "police.municipality": "Leiden",
    "police.address.street": "POLICE-Straat",
    "police.address.number": "1",
    "police.address.postcode": "2311 AA",
    "police.address.place": "Leiden",
    "police.latitude": "52.16",
    "police.longitude": "4.49",
    "police.offender.name": "POLICE-Offender",
    "police.offender.description": "POLICE-Description",
    "police.weapons": "POLICE-Weapons",
    "police.route_notes": "POLICE-Route",
    "police.orders": "contactverbod|2027-01-01",
    "veilig_thuis.case_reference": "THUIS-Case",
    "veilig_thuis.resident": "Synthetische Bewoner",
    "veilig_thuis.municipality": "Leiden",
    "veilig_thuis.members": "THUIS-Member|kind",
    "veilig_thuis.children": "1",
    "veilig_thuis.relation_to_stalker": "THUIS-Relation",
    "veilig_thuis.signals": "threats; gossip",
    "veilig_thuis.safety_plan": "THUIS-Plan",
    "veilig_thuis.orders": "contactverbod|2027-01-01",
}


def table(folder: Path, *rows: dict[str, str], delimiter: str = ",") -> Path:
    """Write a CSV file."""
    path = folder / "devices.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def homes(folder: Path, *values: Any) -> Path:
    """Write a JSON file."""
    path = folder / "devices.json"
    file = {"format": "aware-households", "version": 1, "synthetic": True, "households": values}
    path.write_text(json.dumps(file))
    return path


def plain(home: Any) -> dict[str, Any]:
    """Return a household as JSON has it."""
    value: dict[str, Any] = msgspec.to_builtins(home)
    return value


def refused(path: Path) -> tuple[str, ...]:
    """Return what an import says, without the file's name."""
    with pytest.raises(ImportRefusedError) as caught:
        read_import(path)
    return tuple(line.removeprefix(f"{path}: ") for line in caught.value.lines)


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_table_says_the_same_as_an_object(tmp_path: Path, delimiter: str) -> None:
    """Both forms carry everything; a spreadsheet's semicolons are understood."""
    thuis = replace(household().veilig_thuis, signals=("threats", "gossip"))
    expected = [replace(household(), veilig_thuis=thuis)]
    assert expected == read_import(table(tmp_path, ROW, delimiter=delimiter))
    assert expected == read_import(homes(tmp_path, plain(expected[0])))


def test_every_mistake_of_every_row_is_listed(tmp_path: Path) -> None:
    """With its line and its column; then how many there are, and that nothing was imported."""
    bad = ROW | {
        "device_id": "not an id",
        "police.latitude": "north",
        "veilig_thuis.children": "",
        "police.orders": "contactverbod|soon",
    }
    said = refused(table(tmp_path, ROW, bad, ROW | {"device_id": OTHER_DEVICE}))
    assert 5 == len(said)
    for line, place in zip(
        said,
        ("device_id", "police.latitude", "police.orders", "veilig_thuis.children"),
        strict=False,
    ):
        assert line.startswith(f"line 3: {place}: ")
    assert "4 mistakes in 1 of 3 rows; nothing was imported" == said[-1]


def test_an_objects_mistakes_are_listed_too(tmp_path: Path) -> None:
    """Missing, unknown and wrong fields, in each household."""
    first, second = plain(household()), plain(household(OTHER_DEVICE))
    del first["police"]["weapons"]
    first["colour"] = "red"
    second["category"] = "DP9"
    said = refused(homes(tmp_path, first, second, 7))
    assert "household 1: colour: there is no such field" == said[0]
    assert "household 1: police.weapons: it is missing" == said[1]
    assert said[2].startswith("household 2: category: ")
    assert "household 3: it has to be an object" == said[3]


def test_a_key_is_in_no_message(tmp_path: Path) -> None:
    """Neither a wrong one nor a good one beside a mistake."""
    bad = ROW | {"device_key_hex": "SECRET" * 8, "police.latitude": "x"}
    text = "\n".join(refused(table(tmp_path, bad, ROW)))
    assert "a key is 32 to 128 hexadecimal digits" in text
    assert "SECRET" not in text
    assert key_of(DEVICE).hex() not in text


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ((ROW, ROW), "line 3: device aware-000001 is in the file twice"),
        ((ROW | {"device_id": "gateway-flood"},), "gateway-flood is the gateway's own"),
        (
            (
                ROW
                | {
                    "police.weapons": "é" * 300,
                    "police.route_notes": "é" * 300,
                    "police.location_agreement": "é" * 300,
                },
            ),
            "the section for police takes",
        ),
    ],
)
def test_what_cannot_be_registered_is_a_mistake(
    tmp_path: Path, rows: tuple[dict[str, str], ...], says: str
) -> None:
    """A device twice, the gateway's own name, and what would not fit a view."""
    full = [dict.fromkeys(columns(), "") | row for row in rows]
    assert says in "\n".join(refused(table(tmp_path, *full)))


def test_a_strange_column_is_named(tmp_path: Path) -> None:
    """A misspelt heading would silently leave something out."""
    with pytest.raises(SettingsError, match=r"unknown .*: police\.adress; known are device_id"):
        read_import(table(tmp_path, ROW | {"police.adress": "x"}))


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("gone.json", None, "cannot be read"),
        ("x.json", "{", "no JSON"),
        ("x.json", "[]", "no household file"),
        ("x.json", '{"format": "aware-households", "households": []}', "holds no device"),
        ("x.csv", "device_id\n", "holds no device"),
        ("x.csv", "\xff", "not in UTF-8"),
    ],
)
def test_what_is_no_such_file_says_so(
    tmp_path: Path, name: str, text: str | None, says: str
) -> None:
    """One line, with the file's name."""
    if text is not None:
        (tmp_path / name).write_text(text, "latin-1")
    with pytest.raises(SettingsError, match=says):
        read_import(tmp_path / name)


def test_the_document_names_every_column() -> None:
    """docs/devices.md has the columns as they are, in their order."""
    text = (Path(__file__).parents[4] / "docs" / "devices.md").read_text(encoding="utf-8")
    assert "\n".join(("```", *columns(), "```")) in text
