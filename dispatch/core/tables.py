"""What becomes a table for a spreadsheet: its languages, and cells that are only data."""

from typing import Literal

Language = Literal["nl", "en"]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would run."""


def harmless(value: object) -> str:
    """Return a cell that a spreadsheet takes as text, or the number it is."""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
