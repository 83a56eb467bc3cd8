"""One gateway per data folder, held by a lock that the system drops with the process."""

import os
from pathlib import Path

from alarm_gateway.core.errors import SettingsError
from alarm_protocol.runtime.private_files import open_private

try:
    import fcntl
except ImportError:  # pragma: no cover - no such lock on Windows; SQLite's own locks remain
    fcntl = None  # type: ignore[assignment]


class FolderLock:
    """An exclusive lock on a folder.

    Raises:
        SettingsError: Another process holds it, or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "lock"
        try:
            self._file = open_private(path, os.O_RDWR)
        except OSError as error:
            raise SettingsError(
                f"data folder {folder} cannot be written ({error.strerror}); give its rights to "
                "this user, or give another --data-dir"
            ) from error
        try:
            if fcntl is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise SettingsError(
                f"data folder {folder} is in use by another gateway; stop it, or give another "
                "--data-dir"
            ) from None

    def release(self) -> None:
        """Let the folder go."""
        os.close(self._file)
