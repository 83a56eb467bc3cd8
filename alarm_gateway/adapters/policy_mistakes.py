"""What is wrong in a policy file, in the words of the file: the rule, its value, what it may be."""

import difflib
import tomllib
from typing import Any, Final

import msgspec
from msgspec.inspect import (
    Field,
    IntType,
    LiteralType,
    Metadata,
    StructType,
    Type,
    VarTupleType,
    type_info,
)

from alarm_gateway.core.policy import PolicyFile
from alarm_protocol.guidance import LINE_CHARS_MAX

_WHOLE_FILE: Final = "the file"


def mistake_in(text: str, error: Exception) -> str:
    """Describe the first mistake in a policy file that could not be read.

    Args:
        text: The content of the file.
        error: What reading it failed with; its own words, where there are none better.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as broken:
        return f"it is no TOML: {broken}"
    found = _in_table(content, type_info(PolicyFile), "")
    # What is left concerns two rules at a time, and those checks speak for themselves.
    return found or str(error).partition(" - at `")[0]


def _in_table(table: dict[str, Any], wanted: Type, path: str) -> str | None:
    fields = {field.name: field for field in _fields(wanted)}
    for name, value in table.items():
        field = fields.get(name)
        if field is None:
            return _unknown(name, value, list(fields), path)
        found = _in_value(value, _bare(field.type), f"{path}.{name}" if path else name)
        if found is not None:
            return found
    missing = [name for name, field in fields.items() if field.required and name not in table]
    return f"[{path}] lacks {missing[0]}; it is given whole" if missing else None


def _in_value(value: Any, wanted: Type, path: str) -> str | None:
    match wanted:
        case StructType():
            if not isinstance(value, dict):
                return f"{path} = {value!r} is a section, to be written as [{path}]"
            return _in_table(value, wanted, path)
        case VarTupleType():
            if not isinstance(value, list) or not value or not all(map(_is_line, value)):
                section, _, name = path.rpartition(".")
                return f"[{section}] {name} has to be a list of lines of 1 to 200 characters"
        case IntType():
            low, high = wanted.ge or 0, wanted.le or 0
            if type(value) is not int or not low <= value <= high:
                return f"{_rule(path, value)}; give a whole number from {low} to {high}"
        case LiteralType():
            if value not in wanted.values:
                known = ", ".join(str(one) for one in wanted.values)
                return f"{_rule(path, value)}; give one of {known}"
    return None


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LINE_CHARS_MAX


def _fields(wanted: Type) -> tuple[Field, ...]:
    return wanted.fields if isinstance(wanted, StructType) else ()


def _bare(wanted: Type) -> Type:
    return _bare(wanted.type) if isinstance(wanted, Metadata) else wanted


def _rule(path: str, value: Any) -> str:
    section, _, name = path.rpartition(".")
    shown = msgspec.json.encode(value, enc_hook=str).decode()
    return f"[{section}] {name} = {shown[:80]} cannot be"


def _unknown(name: str, value: Any, known: list[str], path: str) -> str:
    """Name what is not known, the nearest to it that is, and all there are."""
    where = f"[{path}]" if path else _WHOLE_FILE
    what = f"section [{f'{path}.{name}' if path else name}]" if isinstance(value, dict) else name
    near = difflib.get_close_matches(name, known, n=1)
    guess = f"; did you mean {near[0]}?" if near else ";"
    return f"{where} knows no {what}{guess} there are {', '.join(known)}"
