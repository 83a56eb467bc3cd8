"""Starting an event loop, with uvloop and on a platform that has none."""

import asyncio
import subprocess
import sys

import pytest

from alarm_protocol.runtime.loop import run_async

PROGRAM = """
import sys
if sys.argv[1] == "without":
    sys.modules["uvloop"] = None
from alarm_protocol.runtime.loop import run_async

async def main():
    import asyncio
    return type(asyncio.get_running_loop()).__module__

sys.stdout.write(run_async(main()))
"""


def loop_of(uvloop: str) -> str:
    """Return the module of the loop that a program of its own runs on."""
    command = [sys.executable, "-c", PROGRAM, uvloop]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_result_comes_back() -> None:
    """What the coroutine returns is returned."""

    async def main() -> int:
        await asyncio.sleep(0)
        return 7

    assert run_async(main()) == 7


def test_an_error_comes_through() -> None:
    """What the coroutine raises is raised."""

    async def main() -> None:
        await asyncio.sleep(0)
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        run_async(main())


@pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop for Windows")
def test_uvloop_is_used_where_it_exists() -> None:
    """The loop is uvloop's where the package is installed."""
    assert loop_of("with") == "uvloop"


def test_asyncio_serves_where_uvloop_is_missing() -> None:
    """Without uvloop the standard library's own loop is used."""
    assert loop_of("without").startswith("asyncio.")
