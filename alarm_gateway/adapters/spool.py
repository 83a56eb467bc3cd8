"""Commands for a gateway, laid into its data folder as files.

A command works whether the gateway runs or not: it is taken at the next beat or the next
start, and its file goes once the command is in the journal.
"""

import contextlib
import os
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from alarm_gateway.adapters.journal import FILE_NAME as JOURNAL_NAME
from alarm_gateway.core.errors import SettingsError
from alarm_gateway.core.inputs import MaintenanceReceived
from alarm_protocol.runtime.private_files import make_private_folder, open_private
from alarm_protocol.units import ActionId, NoteText, ShortText, WireDeviceId, WireTimestampMs

FOLDER = "commands"
COMMANDS_MAX = 100
"""Files taken in one turn."""
COMMAND_BYTES_MAX = 4_096

CommandId = Annotated[ActionId, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]


_MEANT = {
    "device_id": ("this is no device id", "letters, digits, _ and -, at most 64"),
    "by": ("--by cannot be used", "give one line of 1 to 80 characters"),
    "reason": ("--reason cannot be used", "give 1 to 500 characters, without control characters"),
}
"""For each part that a person types: what to say of a wrong one."""


class MaintenanceCommand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody works on a device until then; a time in the past ends it."""

    device_id: WireDeviceId
    until_ms: WireTimestampMs
    by: ShortText
    reason: NoteText


def maintenance_command(device_id: str, until_ms: int, by: str, reason: str) -> MaintenanceCommand:
    """Check what a person typed.

    Raises:
        SettingsError: A part has a wrong form; the message says which.
    """
    fields = {"device_id": device_id, "until_ms": until_ms, "by": by, "reason": reason}
    try:
        return msgspec.convert(fields, MaintenanceCommand)
    except msgspec.ValidationError as error:
        name = str(error).rpartition("$.")[2].rstrip("`")
        wrong, allowed = _MEANT.get(name, (f"{name} cannot be used", str(error)))
        raise SettingsError(f"{wrong}; {allowed}") from error


def lay(data_dir: Path, command_id: str, command: MaintenanceCommand) -> Path:
    """Put a command where the gateway finds it; return its file.

    Args:
        data_dir: A folder with a journal: in any other one no gateway would ever look.
        command_id: The file's name, without a suffix.
        command: What to do.

    Raises:
        SettingsError: The folder cannot be written.
    """
    if not (data_dir / JOURNAL_NAME).is_file():
        raise SettingsError(
            f"there is no journal in {data_dir}; is --data-dir the gateway's data folder?"
        )
    folder = data_dir / FOLDER
    path = folder / f"{command_id}.json"
    part = path.with_suffix(".part")
    try:
        make_private_folder(folder)
        with os.fdopen(open_private(part, os.O_WRONLY | os.O_TRUNC), "wb") as file:
            file.write(msgspec.json.encode(command))
        part.replace(path)  # whole or not at all
    except OSError as error:
        raise SettingsError(
            f"the command cannot be laid into {folder} ({error.strerror}); "
            "is --data-dir the gateway's data folder?"
        ) from error
    return path


class Spool:
    """The gateway's side of the folder."""

    def __init__(self, data_dir: Path) -> None:
        self.unreadable: list[str] = []
        """Names of files that were no command, put aside as `*.bad`."""
        self._folder = data_dir / FOLDER
        self._taken: list[Path] = []

    def take(self) -> list[MaintenanceReceived]:
        """Read the commands that are there and not taken yet, the oldest name first."""
        commands: list[MaintenanceReceived] = []
        if self._taken or not self._folder.is_dir():
            return commands
        for path in sorted(self._folder.glob("*.json"))[:COMMANDS_MAX]:
            command = self._read(path)
            if command is not None:
                self._taken.append(path)
                commands.append(
                    MaintenanceReceived(
                        command.device_id, command.until_ms, command.by, command.reason
                    )
                )
        return commands

    def _read(self, path: Path) -> MaintenanceCommand | None:
        try:
            content = path.read_bytes()[: COMMAND_BYTES_MAX + 1]
            return msgspec.json.decode(content, type=MaintenanceCommand)
        except (OSError, msgspec.MsgspecError, ValueError):
            self.unreadable.append(path.name)
            with contextlib.suppress(OSError):
                path.rename(path.with_suffix(".bad"))
            return None

    def done(self) -> None:
        """Remove the commands that were taken: they are in the journal now."""
        for path in self._taken:
            with contextlib.suppress(OSError):
                path.unlink()
        self._taken.clear()
