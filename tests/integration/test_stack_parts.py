"""Parts of a chain as processes: ready, failing, killed, restarted, never left behind."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulator.core.errors import StackError
from simulator.processes import Part

READY = """
import signal, sys
print('starting', flush=True)
print('ready x url=http://h:1', flush=True)
"""
WAIT = "\nsignal.pause()"
DEADLINE_S = 10.0
PartMaker = Callable[..., Part]


@pytest.fixture
def part(tmp_path: Path) -> Iterator[PartMaker]:
    """Make parts that run a few lines of Python; whatever happens they end with the test."""
    made: list[Part] = []

    def make(code: str, start_deadline_s: float = DEADLINE_S) -> Part:
        command = [sys.executable, "-c", code]
        log = tmp_path / "logs" / "part.log"
        made.append(Part("part", command, log=log, start_deadline_s=start_deadline_s))
        return made[-1]

    yield make
    for one in made:
        one.kill()


def lives(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until(is_so: Callable[[], bool]) -> bool:
    """Wait for a condition, up to the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.01)
    return is_so()


async def test_a_start_waits_for_the_ready_line(part: PartMaker) -> None:
    """After `start` the part has said that it is ready, and runs in a process group of its own."""
    started = part(READY + WAIT)
    await started.start()
    assert started.ready_line == "ready x url=http://h:1"
    assert started.pid is not None
    assert os.getpgid(started.pid) == started.pid
    assert await started.stop() == -signal.SIGTERM
    assert not started.is_running()


async def test_a_part_that_ends_while_starting_shows_its_last_words(part: PartMaker) -> None:
    """The error names the part, its log, and the lines that say why."""
    failing = part("import sys; sys.exit('port 1 is taken; choose another')")
    with pytest.raises(StackError, match=r"part ended while starting; .*part\.log") as caught:
        await failing.start()
    assert "  port 1 is taken; choose another" in str(caught.value).splitlines()


async def test_a_part_that_is_never_ready_is_given_up(part: PartMaker) -> None:
    """The deadline ends the start, and the process with it."""
    code = "import time; print('not yet', flush=True); time.sleep(60)"
    slow = part(code, 0.5)
    with pytest.raises(StackError, match="not ready within"):
        await slow.start()
    assert not slow.is_running()


async def test_a_ready_line_of_an_earlier_run_does_not_count(
    tmp_path: Path, part: PartMaker
) -> None:
    """A part that is started again has to say anew that it is ready."""
    flag = tmp_path / "flag"
    guard = f"import pathlib, sys\nif pathlib.Path({str(flag)!r}).exists(): sys.exit('no')\n"
    code = guard + READY + WAIT
    twice = part(code)
    await twice.start()
    twice.kill()
    flag.touch()
    with pytest.raises(StackError, match="ended while starting"):
        await twice.start()


async def test_kill_and_restart(part: PartMaker) -> None:
    """A killed part is gone at once, and comes back as another process."""
    restarted = part(READY + WAIT)
    await restarted.start()
    first = restarted.pid
    assert first is not None
    restarted.kill()
    assert not lives(first)
    await restarted.restart()
    assert restarted.pid not in (None, first)
    restarted.kill()


async def test_an_end_by_itself_is_noticed(part: PartMaker) -> None:
    """A part that ends without being told to says so; one that was stopped does not."""
    ending = part(READY)
    await ending.start()
    await asyncio.to_thread(wait_until, ending.has_ended)
    assert ending.has_ended()
    await ending.stop()
    assert not ending.has_ended()


async def test_a_part_that_ignores_its_end_is_ended_by_force(
    part: PartMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that does not listen to SIGTERM, and its own children, are killed."""
    monkeypatch.setattr("simulator.processes.STOP_DEADLINE_S", 0.3)
    code = (
        "import signal,subprocess,sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print('ready', child.pid, flush=True)" + WAIT
    )
    deaf = part(code)
    await deaf.start()
    child = int(deaf.ready_line.split()[1])
    await deaf.stop()
    assert not deaf.is_running()
    assert wait_until(lambda: not lives(child))


def test_parts_die_with_their_parent(tmp_path: Path) -> None:
    """When the process that started a part is killed, the kernel kills the part."""
    pid_file = tmp_path / "pid"
    code = f"""
import asyncio, pathlib, signal, sys
from simulator.processes import Part
async def main():
    command = [sys.executable, "-c", {READY + WAIT!r}]
    part = Part("part", command, log=pathlib.Path({str(tmp_path / "log")!r}))
    await part.start()
    pathlib.Path({str(pid_file)!r}).write_text(str(part.pid))
    signal.pause()
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        assert wait_until(lambda: pid_file.exists() and bool(pid_file.read_text()))
        child = int(pid_file.read_text())
        assert lives(child)
        parent.kill()
    try:
        assert wait_until(lambda: not lives(child))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
