"""What is wanted at each place of a household, in words: never what stood there.

A library's own message quotes what it refuses, and in a table with a shifted row that is a key or
a name. So the words here are made from the types alone.
"""

import difflib
from collections.abc import Iterable
from typing import Any, get_args

from msgspec import inspect

from alarm_protocol.households import Address, Date, KeyHex
from alarm_protocol.units import DEVICE_ID_PATTERN

_NEAR = 0.75
"""How much a heading has to be like a known one for that to be named (0 to 1)."""


def _pattern(kind: Any) -> str:
    return next(str(one.pattern) for one in get_args(kind) if getattr(one, "pattern", None))


_PATTERNS = {
    DEVICE_ID_PATTERN: "1 to 64 letters, digits, - and _, beginning with a letter or digit",
    _pattern(KeyHex): "a key: 32 to 128 hexadecimal digits in pairs, in small letters",
    _pattern(Date): "a date such as 2027-01-31",
    _pattern(Address.__annotations__["postcode"]): "a postcode such as 1234 AB",
}


def wanted(kind: Any) -> str:
    """Say what a value of this type is.

    Args:
        kind: A type that a field of a household has.
    """
    return _said(inspect.type_info(kind))


def _said(info: inspect.Type) -> str:
    said = "another value"
    match info:
        case inspect.UnionType():
            said = " or ".join(_said(one) for one in info.types if inspect.NoneType() != one)
        case inspect.StrType():
            said = _text(info)
        case inspect.LiteralType():
            said = f"one of {', '.join(str(one) for one in info.values)}"
        case inspect.IntType() | inspect.FloatType():
            what = "whole number" if isinstance(info, inspect.IntType) else "number"
            said = f"a {what} from {info.ge} to {info.le}"
        case inspect.BoolType():
            said = "true or false"
        case inspect.VarTupleType():
            said = f"a list of at most {info.max_length}"
        case inspect.StructType():
            said = f"an object with {', '.join(field.name for field in info.fields)}"
    return said


def _text(info: inspect.StrType) -> str:
    if info.pattern is not None:
        return _PATTERNS.get(info.pattern, "text of another form")
    least = f"{info.min_length} to " if info.min_length else "at most "
    return f"text of {least}{info.max_length} characters"


def meant(heading: object, known: Iterable[str]) -> str:
    """Name the known heading that an unknown one is like; nothing of the unknown one itself."""
    near = difflib.get_close_matches(str(heading)[:60], list(known), 1, _NEAR)
    return f" (is {near[0]} meant?)" if near else ""
