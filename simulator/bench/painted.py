"""A real browser on a console's page: when each alarm's row was painted."""

import contextlib
import shutil
from collections.abc import AsyncIterator
from typing import Any

import structlog

from alarm_protocol.runtime import clock
from simulator.bench.figures import StageFigures, stage_figures

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_WATCH = """
window.benchRows = [];
const seen = new Set();
const look = () => {
  for (const row of document.querySelectorAll('[data-alarm]')) {
    const id = row.dataset.alarm;
    if (seen.has(id)) continue;
    seen.add(id);
    // The page draws inside a frame: what is posted from there is heard when it was painted.
    const channel = new MessageChannel();
    channel.port1.onmessage = () =>
      window.benchRows.push([id, performance.timeOrigin + performance.now()]);
    channel.port2.postMessage(0);
  }
};
new MutationObserver(look).observe(document, { childList: true, subtree: true });
"""
DEVICE_DIGITS = 6

log = structlog.get_logger()


class Painted:
    """Rows that a browser painted."""

    def __init__(self, page: Any, offset_ns: int) -> None:
        self._page = page
        self._offset_ns = offset_ns
        self._rows: list[tuple[str, float]] = []

    async def read(self) -> None:
        """Fetch what the page has noted so far."""
        self._rows = await self._page.evaluate("window.benchRows")

    def stage(self, due_ns: list[int], from_number: int) -> StageFigures:
        """Summarise; each device pressed once, so its number is that of the press."""
        painted_ns = {
            int(alarm_id.partition(".")[0][-DEVICE_DIGITS:]): round(at_ms * 1e6) - self._offset_ns
            for alarm_id, at_ms in self._rows
        }
        latencies = [
            (painted_ns[number] - due_ns[number]) // 1_000
            for number in range(from_number, len(due_ns))
            if number in painted_ns
        ]
        lost = len(due_ns) - sum(number in painted_ns for number in range(len(due_ns)))
        never = len(due_ns) - from_number - len(latencies)
        return stage_figures(
            latencies, presses=len(due_ns) - lost, lost=lost, repeated=0, never=never
        )


def _wall_offset_ns() -> int:
    """Return by how much the wall clock is ahead of the monotonic one."""
    before = now = clock.now_ms()
    while now == before:  # it tells whole milliseconds: wait for the next to begin
        now = clock.now_ms()
    return now * 1_000_000 - clock.monotonic_ns()


def _playwright() -> Any:
    """Return how to start Playwright, or None: it comes with the tools of the tests only."""
    try:
        from playwright.async_api import async_playwright  # noqa: PLC0415 - may not be there
    except ImportError:
        return None
    return async_playwright


@contextlib.asynccontextmanager
async def watching(seen: tuple[str, str] | None) -> AsyncIterator[Painted | None]:
    """Open a console's page in headless Chromium; None where there is none, and the log says so."""
    if seen is None:
        yield None
        return
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    start = _playwright()
    if program is None or start is None:
        log.warning(
            "no Chromium here: painted rows are not measured, the WebSocket stands for them"
        )
        yield None
        return
    async with start() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            page = await browser.new_page(viewport={"width": 1_400, "height": 900})
            await page.add_init_script(_WATCH)
            url, cookie = seen
            name, _, value = cookie.partition("=")
            await page.context.add_cookies([{"name": name, "value": value, "url": url}])
            await page.goto(url)
            await page.wait_for_load_state("networkidle", timeout=10_000)
            # The page has the wall clock; the stand has the other.
            yield Painted(page, _wall_offset_ns())
        finally:
            await browser.close()
