"""Two demos on one machine."""

import asyncio
import sys
from pathlib import Path


async def test_two_demos_that_start_at_once_share_nothing(tmp_path: Path) -> None:
    """Each has its own broker and ports, loses nothing, and leaves with 0."""

    async def demo(name: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "simulator", "demo", "--headless", "--seconds", "2",
            "--devices", "2", "--data-dir", str(tmp_path / name),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    for code, output in await asyncio.gather(demo("one"), demo("the other")):
        assert 0 == code, output
        assert "0 lost, 0 duplicated" in output
