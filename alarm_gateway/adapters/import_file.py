"""Files of devices to import: JSON or CSV, judged row by row, and taken whole or not at all."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from alarm_gateway.adapters.import_words import meant, wanted
from alarm_gateway.adapters.registry import Others, faults_of
from alarm_gateway.core.errors import SettingsError
from alarm_protocol.households import Household, Member, Order

MISTAKES_SHOWN_MAX = 100
NAMED_MAX = 10
"""Unknown columns that are named by their number; the others are counted."""
_PARTS = ("police", "veilig_thuis", "address", "offender")
_LISTS: dict[str, type[Struct]] = {
    "police.orders": Order,
    "veilig_thuis.orders": Order,
    "veilig_thuis.members": Member,
}
"""Columns that hold several things, each with the fields of this: `a|b; c|d`."""
_TOO_MANY = "more cells than columns"


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
    households: list[Household] = []
    what, lax = ("line", True) if path.suffix.lower() == ".csv" else ("household", False)
    others = Others(what)
    for place, value in rows:
        found = list(_mistakes(Household, value, "", lax=lax))
        if isinstance(value, dict):
            found += others.faults(place, value.get("device_id"), value.get("device_key_hex"))
        if not found:
            households.append(msgspec.convert(value, Household, strict=not lax))
            found += faults_of(households[-1])
        mistakes += [Mistake(f"{what} {place}", *one) for one in found]
    if mistakes:
        raise ImportRefusedError(path, mistakes, len(rows))
    return households


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


def _json_rows(path: Path, text: str) -> Iterator[tuple[int, object]]:
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
    yield from enumerate(homes, 1)


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, object]]:
    first = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ","
    )
    try:
        header = [name.strip() for name in reader.fieldnames or ()]
        wrong = _wrong_in(header)
        if wrong:
            raise SettingsError(
                f"{path}: line 1 has to name the columns: {wrong}; known are {', '.join(columns())}"
            )
        reader.fieldnames = header
        for row in reader:
            yield reader.line_num, _nested(row)
    except csv.Error as error:
        raise SettingsError(f"{path} is no CSV at line {reader.line_num} ({error})") from error


def _wrong_in(header: list[str]) -> str:
    """Say which columns of the first line are unknown or there twice; "" where none is.

    Where the heading was cut off, the first line is somebody's home: unknown ones are counted
    and never quoted.
    """
    known = columns()
    strange = [
        f"{number}{meant(name, known)}"
        for number, name in enumerate(header, 1)
        if name not in known
    ]
    twice = [name for name in known if header.count(name) > 1]
    said = []
    if len(strange) == len(header):
        said.append("no column of it is known; is the line of names missing?")
    elif strange:
        more = f" and {len(strange) - NAMED_MAX} more" if strange[NAMED_MAX:] else ""
        said.append(f"unknown is column {', '.join(strange[:NAMED_MAX])}{more}")
    if twice:
        said.append(f"there twice is {', '.join(twice)}")
    return "; ".join(said)


def _nested(row: Mapping[str | None, Any]) -> dict[str, Any]:
    """Make the parts of a household out of the cells of a line; an empty one says nothing."""
    home: dict[str, Any] = {
        "police": {"agency": "police"},
        "veilig_thuis": {"agency": "veilig_thuis"},
    }
    if None in row:
        home[_TOO_MANY] = None
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
                for key, part in zip(_LISTS[name].__struct_fields__, thing, strict=False)
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
        yield prefix.rstrip("."), f"it has to be {wanted(kind)}"
        return
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    yield from _strange(kind, value, prefix)
    for name, field in fields.items():
        place = f"{prefix}{name}"
        if name not in value:
            if field.required and name not in _PARTS:
                yield place, f"it is missing; it has to be {wanted(field.type)}"
                continue
            if not field.required:
                continue
        if name in _PARTS:
            yield from _mistakes(field.type, value.get(name, {}), f"{place}.", lax=lax)
            continue
        yield from _mistakes_in(field.type, value[name], place, lax=lax)


def _strange(kind: type[Struct], value: dict[Any, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Find fields that nobody knows, and a section of the other agency."""
    fields = kind.__struct_fields__
    tag, agency = kind.__struct_config__.tag_field, kind.__struct_config__.tag
    if tag is not None and value.get(tag, agency) != agency:
        yield f"{prefix}{tag}", f"it has to be {agency}"
    for number, name in enumerate(value, 1):
        if name == _TOO_MANY:
            yield "", "it has more cells than line 1 has columns"
        elif name not in fields and name != tag:
            yield prefix.rstrip("."), f"its field {number} is unknown{meant(name, fields)}"


def _mistakes_in(kind: Any, value: object, place: str, *, lax: bool) -> Iterator[tuple[str, str]]:
    """Find what is wrong in one field: of a list the thing and its part, else the field."""
    part = _LISTS.get(place)
    if part is not None and isinstance(value, list):
        found = [
            one
            for number, thing in enumerate(value, 1)
            for one in _mistakes(part, thing, f"{place}.{number}.", lax=lax)
        ]
        if found:
            yield from found
            return
    try:
        msgspec.convert(value, kind, strict=not lax)
    except msgspec.ValidationError:
        yield place, f"it has to be {wanted(kind)}"
