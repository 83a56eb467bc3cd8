"""The policy, read from a TOML file."""

from pathlib import Path

import msgspec

from alarm_gateway.adapters.dutch_calendar import dutch_calendar
from alarm_gateway.adapters.policy_mistakes import mistake_in
from alarm_gateway.core.errors import SettingsError
from alarm_gateway.core.policy import Policy, parse_policy
from alarm_protocol.units import TimestampMs

CALENDAR_YEARS = 10
"""How far ahead holidays are known: longer than any gateway runs without a start."""


def running_policy(path: Path | None, now_ms: TimestampMs) -> Policy:
    """Read a policy for a gateway that starts now, with the Dutch calendar.

    Raises:
        SettingsError: The file is missing or wrong; the message names the rule.
    """
    calendar = dutch_calendar(now_ms, years=CALENDAR_YEARS)
    return msgspec.structs.replace(read_policy(path), calendar=calendar)


def read_policy(path: Path | None) -> Policy:
    """Read a policy; without a file the defaults hold.

    Raises:
        SettingsError: The file is missing or wrong; the message names the rule.
    """
    if path is None:
        return Policy()
    try:
        text = path.read_text("utf-8")
    except UnicodeError as error:
        raise SettingsError(
            f"policy {path} is not a policy: it is no text in UTF-8 ({error})"
        ) from error
    except OSError as error:
        raise SettingsError(
            f"policy {path} cannot be read ({error.strerror}); leave --policy out for the defaults"
        ) from error
    try:
        return parse_policy(text)
    except (msgspec.MsgspecError, ValueError) as error:
        raise SettingsError(f"policy {path} is not a policy: {mistake_in(text, error)}") from error
