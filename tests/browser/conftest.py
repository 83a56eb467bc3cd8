"""A real Chromium, and a whole chain of real processes for it to look at."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from simulator import households
from simulator.stack import Stack, StackSettings, running

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


OPERATORS = ("Ans de Wit", "Bob Bos", "Veerle Smit")
"""Who has an account at both consoles."""
SUPERVISORS = ("Sef de Groot",)


@pytest.fixture
async def chromium(program: Callable[[str], Path]) -> AsyncIterator[Browser]:
    """Give this test a browser with a fresh profile."""
    executable = program("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=CHROMIUM_ARGUMENTS
        )
        yield browser
        await browser.close()


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Stack]:
    """Give this test broker, gateway and both consoles as processes."""
    registry = tmp_path / "households.json"
    households.write(households.generate(5, seed=1), registry)
    async with running(
        StackSettings(
            data_dir=tmp_path, registry=registry, operators=OPERATORS, supervisors=SUPERVISORS
        )
    ) as stack:
        yield stack
