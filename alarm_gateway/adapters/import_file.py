"""Files of devices to import: JSON or CSV, judged row by row, and taken whole or not at all."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from alarm_gateway.adapters.registry import fault_of
from alarm_gateway.core.errors import SettingsError
from alarm_protocol.households import Household, PoliceHousehold, VeiligThuisHousehold

MISTAKES_SHOWN_MAX = 100
_PARTS = ("police", "veilig_thuis", "address", "offender")
_LISTS: dict[str, tuple[str, ...]] = {
    "police.orders": ("kind", "valid_until"),
    "veilig_thuis.orders": ("kind", "valid_until"),
    "veilig_thuis.members": ("name", "role", "birth_year"),
}
"""Columns that hold several things, each with these parts: `a|b; c|d`."""
_SECRET = ("device_key_hex", "previous_key_hex")


class Mistake(NamedTuple):
    """What is wrong, and where: never what was written there."""

    row: str
    field: str
    wrong: str

    def __str__(self) -> str:
        return (
            f"{self.row}: {self.field}: {self.wrong}" if self.field else f"{self.row}: {self.wrong}"
        )


class ImportRefusedError(SettingsError):
    """Nothing was imported; `lines` lists every mistake."""

    def __init__(self, path: Path, mistakes: list[Mistake], rows: int) -> None:
        shown = [f"{path}: {one}" for one in mistakes[:MISTAKES_SHOWN_MAX]]
        faulty = len({one.row for one in mistakes})
        self.lines = (
            *shown,
            f"{path}: {len(mistakes)} mistakes in {faulty} of {rows} rows; nothing was imported",
        )
        super().__init__("\n".join(self.lines))


def read_import(path: Path) -> list[Household]:
    """Read the devices in a JSON or CSV file; the name's end tells which.

    Raises:
        ImportRefusedError: Rows are wrong; all that is wrong is listed.
        SettingsError: It is no such file at all.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeError:
        raise SettingsError(f"{path} is not in UTF-8; save it as such") from None
    rows = list(_csv_rows(path, text) if path.suffix.lower() == ".csv" else _json_rows(path, text))
    if not rows:
        raise SettingsError(f"{path} holds no device")
    mistakes: list[Mistake] = []
    households: dict[str, Household] = {}
    for name, value, lax in rows:
        found = list(_mistakes(Household, value, "", lax=lax))
        mistakes += [Mistake(name, *one) for one in found]
        if found:
            continue
        household = msgspec.convert(value, Household, strict=not lax)
        wrong = fault_of(household)
        if household.device_id in households:
            wrong = f"device {household.device_id} is in the file twice"
        if wrong is not None:
            mistakes.append(Mistake(name, "", wrong))
        households[household.device_id] = household
    if mistakes:
        raise ImportRefusedError(path, mistakes, len(rows))
    return list(households.values())


def columns() -> list[str]:
    """Return the names of the columns of a CSV file, those that are needed first."""
    found = list(_columns(Household, ""))
    return [name for name, needed in found if needed] + [n for n, needed in found if not needed]


def _columns(kind: type[Struct], prefix: str) -> Iterator[tuple[str, bool]]:
    for field in msgspec.structs.fields(kind):
        name = f"{prefix}{field.name}"
        if field.name in _PARTS:
            yield from _columns(field.type, f"{name}.")
        else:
            yield name, field.required


def _json_rows(path: Path, text: str) -> Iterator[tuple[str, object, bool]]:
    try:
        file = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise SettingsError(f"{path} is no JSON; a CSV file has a name that ends in .csv") from None
    homes = file.get("households") if isinstance(file, dict) else None
    if not isinstance(homes, list) or file.get("format") != "aware-households":
        raise SettingsError(
            f'{path} is no household file: it begins with {{"format": "aware-households", '
            '"version": 1, "synthetic": true, "households": ['
        )
    for number, home in enumerate(homes, 1):
        yield f"household {number}", home, False


def _csv_rows(path: Path, text: str) -> Iterator[tuple[str, object, bool]]:
    first = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ","
    )
    try:
        header = [name.strip() for name in reader.fieldnames or ()]
        strange = [name for name in header if name not in columns()]
        if strange or len(set(header)) != len(header):
            raise SettingsError(
                f"{path}: the first line names columns that are unknown or there twice: "
                f"{', '.join(strange or header)[:200]}; known are {', '.join(columns())}"
            )
        reader.fieldnames = header
        for row in reader:
            yield f"line {reader.line_num}", _nested(row), True
    except csv.Error as error:
        raise SettingsError(f"{path} is no CSV at line {reader.line_num} ({error})") from error


def _nested(row: Mapping[str | None, Any]) -> dict[str, Any]:
    """Make the parts of a household out of the cells of a line; an empty one says nothing."""
    home: dict[str, Any] = {
        "police": {"agency": "police"},
        "veilig_thuis": {"agency": "veilig_thuis"},
    }
    if None in row:
        home["more cells than columns"] = None
    for name, cell in row.items():
        if name is None or cell is None or not cell.strip():
            continue
        *parts, last = name.split(".")
        place = home
        for part in parts:
            place = place.setdefault(part, {})
        place[last] = _cell(name, cell.strip())
    return home


def _cell(name: str, cell: str) -> object:
    if name in _LISTS:
        things = [thing.split("|") for thing in cell.split(";") if thing.strip()]
        return [
            {
                key: part.strip()
                for key, part in zip(_LISTS[name], thing, strict=False)
                if part.strip()
            }
            for thing in things
        ]
    if name == "veilig_thuis.signals":
        return [part.strip() for part in cell.split(";") if part.strip()]
    return cell


def _mistakes(
    kind: type[Struct], value: object, prefix: str, *, lax: bool
) -> Iterator[tuple[str, str]]:
    """Find everything that is wrong in a value, part by part: a decoder stops at the first."""
    if not isinstance(value, dict):
        yield prefix.rstrip("."), "it has to be an object"
        return
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    tag = "agency" if kind in (PoliceHousehold, VeiligThuisHousehold) else ""
    for name in value:
        if name not in fields and name != tag:
            yield f"{prefix}{str(name)[:60]}", "there is no such field"
    for name, field in fields.items():
        place = f"{prefix}{name}"
        if name not in value:
            if field.required and name not in _PARTS:
                yield place, "it is missing"
                continue
            if not field.required:
                continue
        if name in _PARTS:
            yield from _mistakes(field.type, value.get(name, {}), f"{place}.", lax=lax)
            continue
        try:
            msgspec.convert(value[name], field.type, strict=not lax)
        except msgspec.ValidationError as error:
            yield place, _wrong(name, str(error))


def _wrong(name: str, text: str) -> str:
    if name in _SECRET:
        return "a key is 32 to 128 hexadecimal digits, in small letters"
    return text.replace(" - at `$", ", at `").rstrip()
