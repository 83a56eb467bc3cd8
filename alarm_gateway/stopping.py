"""The end of a command that could not do what it was asked for."""

import sys
from typing import NoReturn

import typer

from alarm_gateway.core.errors import GatewayError, NewerRowError, SettingsError


def stop(error: GatewayError) -> NoReturn:
    """End with one line for a person: 2 for what was asked wrongly, 1 for what went wrong.

    A file with several mistakes has a line for each.
    """
    for line in str(error).splitlines():
        sys.stderr.write(f"alarm-gateway: {line}\n")
    raise typer.Exit(2 if isinstance(error, SettingsError | NewerRowError) else 1)
