"""Reading a household file, with the place of what is wrong in it."""

import re

import msgspec

from alarm_protocol.errors import HouseholdFileError
from alarm_protocol.households import HouseholdFile

_BYTE = re.compile(r" \(byte (\d+)\)")
_QUOTED = re.compile(r"^(Invalid (?:enum )?value) .*?( - at `[^`]*`)?$", re.DOTALL)
"""What is quoted may be a key or a name, where a row was shifted."""
_HOME = re.compile(r"\$\.households\[(\d+)\]")


def decode_households(content: bytes) -> HouseholdFile:
    """Read the content of a household file; it holds one household at least.

    Raises:
        HouseholdFileError: It is something else; the text says what, and at which line or in
            which household.
    """
    try:
        file = msgspec.json.decode(content, type=HouseholdFile)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise HouseholdFileError(_described(content, error)) from error
    if not file.households:
        raise HouseholdFileError("it holds no household, so every press would be a stranger's")
    return file


def _described(content: bytes, error: Exception) -> str:
    """Say what is wrong and where; the library counts bytes, people count lines."""
    if not content.strip():
        return "it is empty"
    text = _QUOTED.sub(r"\1\2", str(error))
    byte = _BYTE.search(text)
    if byte is not None:
        return f"{_BYTE.sub('', text)}, at {_line_of(content, int(byte[1]))}"
    if "truncated" in text:
        return f"it ends in the middle, at {_line_of(content, len(content))}"
    home = _HOME.search(text)
    return text if home is None else f"{text}, which is household {int(home[1]) + 1}"


def _line_of(content: bytes, at: int) -> str:
    before = content[:at]
    column = at - (before.rfind(b"\n") + 1) + 1
    return f"line {before.count(bytes([10])) + 1}, column {column}"
