"""The guidance cards, out of the policy file that the gateway reads too."""

from pathlib import Path

import msgspec
from msgspec import Struct

from alarm_protocol.guidance import Guidance
from dispatch.core.errors import SettingsError


class _File(Struct, frozen=True, kw_only=True):
    """What a console reads of a policy; the gateway judges the rest."""

    guidance: Guidance = Guidance()


def read_guidance(path: Path | None) -> Guidance:
    """Read the cards; without a file the example holds.

    Raises:
        SettingsError: The file is missing or wrong; the message names the place in it.
    """
    if path is None:
        return Guidance()
    try:
        return msgspec.toml.decode(path.read_bytes(), type=_File).guidance
    except OSError as error:
        raise SettingsError(
            f"policy {path} cannot be read ({error.strerror}); leave --policy out for the example"
        ) from error
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise SettingsError(
            f"policy {path} has no guidance that can be read: {error}; see docs/policy.md"
        ) from error
