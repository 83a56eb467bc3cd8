"""The gateway's disk, which can be made full: a small tmpfs where we are root, else a limit.

The tmpfs lives in a mount namespace of this process. So nobody else sees it, and the kernel
removes it with the last process of the run, however that ends.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from simulator.chaos.errors import ChaosError

ROOM_BYTES = 6 * 1024**3
"""Room of the tmpfs; memory is used only for what is written."""
LIMIT_BYTES_MIN = 8 * 1024 * 1024
"""What the gateway reserved for its log of writes; a limit below it would stop it at once."""
SLACK_BYTES = 256 * 1024
FILL_TRIES = 10
_CLONE_NEWNS = 0x00020000


class Disk(Protocol):
    """A folder whose disk can be full."""

    kind: str

    def fill(self, pid: int | None) -> None:
        """Leave no room, for the gateway with this process id."""

    def make_room(self) -> None:
        """Make room again."""


class LimitDisk:
    """A disk that is full for one process: it may not let any file grow (`RLIMIT_FSIZE`)."""

    kind = "a limit on the size of its files"

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)

    def fill(self, pid: int | None) -> None:
        """Set the limit on a running process; the next one starts without it."""
        if sys.platform != "linux" or pid is None:
            raise ChaosError("a full disk needs Linux: prlimit, or root for a tmpfs")
        import resource  # noqa: PLC0415 - not there on Windows

        limit = (LIMIT_BYTES_MIN, resource.RLIM_INFINITY)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)

    def make_room(self) -> None:
        """Do nothing: the limit went with its process."""


class TmpfsDisk:
    """A tmpfs of our own on a folder."""

    kind = "a tmpfs without room"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._mount(f"size={ROOM_BYTES}")

    def fill(self, pid: int | None) -> None:  # noqa: ARG002 - whoever writes there
        """Shrink it to what is in it, and a little: the gateway writes on meanwhile."""
        for slack in range(FILL_TRIES):
            found = os.statvfs(self._folder)
            used = (found.f_blocks - found.f_bfree) * found.f_frsize
            try:
                self._mount(f"remount,size={used + slack * SLACK_BYTES}")
            except ChaosError:
                if slack + 1 == FILL_TRIES:
                    raise
            else:
                return

    def make_room(self) -> None:
        """Give it back its size."""
        self._mount(f"remount,size={ROOM_BYTES}")

    def _mount(self, options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "aware-chaos", str(self._folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - mount, with our own folder
        if done.returncode != 0:
            raise ChaosError(f"{' '.join(command)}: {done.stderr.strip()}")


def open_disk(folder: Path, *, tmpfs: bool | None = None) -> Disk:
    """Return a disk for a folder: a tmpfs where that is possible, unless told which.

    Raises:
        ChaosError: A tmpfs was asked for and is not possible.
    """
    if tmpfs is False or (tmpfs is None and not _may_mount()):
        return LimitDisk(folder)
    _own_namespace()
    return TmpfsDisk(folder)


def _may_mount() -> bool:
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    try:
        _own_namespace()
    except ChaosError:
        return False
    return True


def _own_namespace() -> None:
    """Leave the mounts of the system: what we mount from now on is ours alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        raise ChaosError(f"no mount namespace of our own: {os.strerror(ctypes.get_errno())}")
    command = ["mount", "--make-rprivate", "/"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    if done.returncode != 0:
        raise ChaosError(f"{' '.join(command)}: {done.stderr.strip()}")
