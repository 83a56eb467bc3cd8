"""Folders and files that are their owner's alone, whatever the umask says.

Households, journals and logs tell where somebody lives who hides from somebody. What is there
already keeps its rights: whoever set them knew why.
"""

import os
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def make_private_folder(path: Path) -> None:
    """Make a folder, and those above it where they are missing.

    Raises:
        OSError: It cannot be made, or what is there is no folder.
    """
    if path.is_dir():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=FOLDER_MODE, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Make an empty file, unless it is there.

    Raises:
        OSError: It cannot be made.
    """
    os.close(open_private(path, os.O_RDWR))


def open_private(path: str | Path, flags: int) -> int:
    """Open a file, made if missing, with the flags of `os.open`; return its number.

    Raises:
        OSError: It cannot be opened.
    """
    return os.open(path, flags | os.O_CREAT, FILE_MODE)
