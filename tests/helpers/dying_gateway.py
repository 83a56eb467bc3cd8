"""A gateway that dies at one exact place, as by `kill -9`, once a marker file exists.

Usage: python dying_gateway.py PLACE MARKER run --broker ... (the gateway's own options)

`before_fsync`: a press was received and decided, and its record is not on the disk yet.
`before_publish`: the record is on the disk, and nobody has been told.
`disk_full`: no file may grow any more, so that the next commit fails.
"""

import os
import resource
import signal
import sys
from pathlib import Path

from alarm_gateway.adapters.journal import Head, Journal
from alarm_gateway.app import main
from alarm_gateway.core.records import Record
from alarm_gateway.pump import Pump

place, marker = sys.argv[1], Path(sys.argv[2])
del sys.argv[1:3]
commit, durable = Journal._commit, Pump._durable


def die(groups: list[list[Record]]) -> None:
    """End at once, once the marker is there and there is something to lose."""
    if any(groups) and marker.exists():
        os.kill(os.getpid(), signal.SIGKILL)


def dying_commit(self: Journal, groups: list[list[Record]]) -> None:
    """Die instead of writing; or find the disk full."""
    if place == "before_fsync":
        die(groups)
    if place == "disk_full" and any(groups) and marker.exists():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, 4_096))
    commit(self, groups)


def dying_durable(self: Pump, groups: list[list[Record]], head: Head) -> None:
    """Die instead of publishing."""
    if place == "before_publish":
        die(groups)
    durable(self, groups, head)


# The places are inside the gateway; only the moment of death comes from here.
Journal._commit = dying_commit  # type: ignore[method-assign]
Pump._durable = dying_durable  # type: ignore[method-assign]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
main()
