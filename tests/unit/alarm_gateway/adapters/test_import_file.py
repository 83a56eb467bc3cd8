"""Files of devices: every mistake with its place, never with a key, and all rows or none."""

import csv
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alarm_gateway.adapters.import_file import ImportRefusedError, columns, read_import
from alarm_gateway.adapters.registry import NAMES_TAKEN, read_registry
from alarm_gateway.core.errors import SettingsError
from alarm_gateway.core.records import FLOOD
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
OTHER_ROW = ROW | {"device_id": OTHER_DEVICE, "device_key_hex": key_of(OTHER_DEVICE).hex()}
SECRETS = [cell for cell in ROW.values() if re.search(r"[A-Z]|[0-9a-f]{32}|aware", cell)]


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
    said = refused(table(tmp_path, ROW, bad | {"device_key_hex": "1f" * 32}, OTHER_ROW))
    assert 5 == len(said)
    for line, place in zip(
        said,
        ("device_id", "police.latitude", "police.orders.1.valid_until", "veilig_thuis.children"),
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
    assert "household 1: its field 9 is unknown" == said[0]
    assert said[1].startswith("household 1: police.weapons: it is missing; it has to be text of")
    assert "household 2: category: it has to be one of DP3, DP4, SP3, SP4, SP5, SP6" == said[2]
    assert said[3].startswith("household 3: it has to be an object with device_id")


def test_a_key_is_in_no_message(tmp_path: Path) -> None:
    """Neither a wrong one nor a good one beside a mistake."""
    bad = ROW | {"device_key_hex": "SECRET" * 8, "police.latitude": "x"}
    text = "\n".join(refused(table(tmp_path, bad, ROW)))
    assert "a key: 32 to 128 hexadecimal digits" in text
    assert "SECRET" not in text
    assert key_of(DEVICE).hex() not in text


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ((ROW, ROW), "line 3: device_id: the same device as in line 2"),
        ((ROW | {"police.latitude": "x"}, ROW), "line 3: device_id: the same device as in line 2"),
        (
            (ROW, ROW | {"device_id": OTHER_DEVICE}),
            "line 3: device_key_hex: each device has a key of its own, and this one is in line 2",
        ),
        ((ROW | {"device_key_hex": "0" * 64},), "line 2: device_key_hex: a key of one byte again"),
        ((ROW | {"previous_key_hex": "ab" * 16},), "previous_key_hex: a key of one byte again"),
        ((ROW | {"device_key_hex": "1f2" * 11},), "hexadecimal digits in pairs"),
        (
            (
                ROW
                | {
                    "police.weapons": "é" * 300,
                    "police.route_notes": "é" * 300,
                    "police.location_agreement": "é" * 300,
                },
            ),
            "line 2: police: the section takes",
        ),
    ],
)
def test_what_cannot_be_registered_is_a_mistake(
    tmp_path: Path, rows: tuple[dict[str, str], ...], says: str
) -> None:
    """A device or a key twice, a key that is none, and what would not fit a view."""
    full = [dict.fromkeys(columns(), "") | row for row in rows]
    assert says in "\n".join(refused(table(tmp_path, *full)))


def test_a_strange_column_is_named(tmp_path: Path) -> None:
    """A misspelt heading would silently leave something out."""
    with pytest.raises(SettingsError, match=r"is column 26 \(is veilig_thuis\.children meant\?\)"):
        read_import(table(tmp_path, ROW | {"veilig_thuis.childern": "x"}))


def test_a_missing_line_of_names_is_said(tmp_path: Path) -> None:
    """The first home stands in its place then, and is nobody's to read."""
    path = table(tmp_path, ROW, OTHER_ROW)
    path.write_text("".join(path.read_text("utf-8-sig").splitlines(keepends=True)[1:]))
    with pytest.raises(SettingsError, match="is the line of names missing"):
        read_import(path)


def test_a_column_that_is_there_twice_is_named(tmp_path: Path) -> None:
    """Which of the two counts nobody would know."""
    path = table(tmp_path, ROW)
    path.write_text(path.read_text().replace("police.weapons", "police.resident", 1))
    with pytest.raises(SettingsError, match=r"columns: there twice is police\.resident; known"):
        read_import(path)


@pytest.mark.parametrize("name", sorted(NAMES_TAKEN))
def test_a_parts_own_name_is_no_devices(tmp_path: Path, name: str) -> None:
    """The broker would refuse every press of it."""
    said = refused(table(tmp_path, ROW | {"device_id": name}))
    assert said[0].startswith("line 2: device_id: a part's own name")


def test_the_names_that_are_taken_are_those_of_the_access_list() -> None:
    """Whoever the broker knows as a part is no device, and nobody else is kept out."""
    rules = (Path(__file__).parents[4] / "mosquitto" / "acl.conf").read_text(encoding="utf-8")
    users = {line.split()[1] for line in rules.splitlines() if line.startswith("user ")}
    assert NAMES_TAKEN == users | {FLOOD}


def said_of(path: Path, read: Callable[[Path], object]) -> str:
    """Return what is said of a file, "" where nothing is wrong with it."""
    try:
        read(path)
    except SettingsError as error:
        return str(error)
    return ""


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_is_mixed_up_no_value_is_in_a_message(data: st.DataObject) -> None:
    """Shifted rows, a heading that was cut off, values as names: nothing of them is repeated."""
    cells = [*ROW.values(), *ROW]
    lines = st.permutations(cells).map(lambda mixed: mixed[: len(ROW)])
    heading = st.one_of(st.just(list(ROW)), st.permutations(list(ROW)), lines)
    rows = [data.draw(heading), *data.draw(st.lists(lines, min_size=1, max_size=3))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "devices.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        said = said_of(path, read_import)
        mixed = [dict(zip(rows[0], row, strict=False)) for row in rows[1:]]
        whole = plain(household())
        place = data.draw(st.sampled_from((whole, whole["police"], whole["police"]["orders"][0])))
        place[data.draw(st.sampled_from((*place, *cells)))] = data.draw(st.sampled_from(cells))
        path = homes(Path(folder), whole, *mixed)
        said += said_of(path, read_import) + said_of(path, read_registry)
    assert [] == [secret for secret in SECRETS if secret in said]


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
