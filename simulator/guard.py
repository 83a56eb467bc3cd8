"""Run a program that dies with the process that started it: `python -m simulator.guard`.

On Linux the kernel kills the program when its parent ends in whatever way (`PR_SET_PDEATHSIG`
survives `exec`). Elsewhere only an orderly end of the parent takes the program along. This is
a program of its own, because code between `fork` and `exec` is not safe in a process with
threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_USAGE = 2


def main() -> None:
    """Become the program on the command line: `guard PARENT_PID PROGRAM [ARGUMENT ...]`."""
    if len(sys.argv) < 3:  # noqa: PLR2004 - the pid and a program
        sys.stderr.write("usage: python -m simulator.guard PARENT_PID PROGRAM [ARGUMENT ...]\n")
        raise SystemExit(_USAGE)
    parent, program, *arguments = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):
            return  # the parent ended before the kernel was asked to watch it
    os.execvp(program, [program, *arguments])  # noqa: S606 - no shell is wanted here


if __name__ == "__main__":
    main()
