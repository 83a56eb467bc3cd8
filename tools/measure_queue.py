#!/usr/bin/env python3
"""Measure the queue in Chromium: the first rows painted, and one change painted.

Run it as `PYTHONPATH=. python tools/measure_queue.py [ALARMS]` on an idle machine; the figures of
`docs/performance.md` are from it. Times are the browser's own, to the end of the frame that
shows the rows: from the start of the navigation, and from the message on the WebSocket.
"""

import asyncio
import shutil
import sys

from aiohttp import web
from msgspec import structs
from playwright.async_api import Browser, Page, async_playwright

from alarm_protocol.messages import AlarmView
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import TimestampMs
from dispatch.feed import Feed
from dispatch.settings import Settings
from dispatch.web.server import make_app
from tests.helpers.accounts import OPERATOR, MemoryBook, make_desk
from tests.integration.conftest import free_port
from tests.unit.dispatch.views import make_view

ALARMS = 2_000
LOADS = 9
CHANGES = 200
CHANGE_EVERY_S = 0.05
WATCH = """
window.measured = { first: 0, changes: [] };
const afterFrame = (then) => requestAnimationFrame(() => setTimeout(then));
new MutationObserver((_, observer) => {
  if (!document.querySelector("tr[data-alarm]")) return;
  observer.disconnect();
  afterFrame(() => { measured.first = performance.now(); });
}).observe(document, { subtree: true, childList: true });
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => {
      if (!data.startsWith('{"type":"changes"')) return;
      const from = performance.now();
      afterFrame(() => measured.changes.push(performance.now() - from));
    });
  }
};
"""


class Console:
    """A console whose board is full and whose broker is nowhere."""

    def __init__(self, alarms: int) -> None:
        self.port = free_port()
        address = BrokerUrl("127.0.0.1", 9, tls=False)
        self.feed = Feed(
            Settings(console="police", broker=address, host="127.0.0.1", port=self.port)
        )
        self.desk, book = make_desk()
        self._book: MemoryBook = book
        at_ms = TimestampMs(now_ms() - 600_000)
        self.views = [
            make_view(f"aware-{number:06d}.1", priority=1 + number % 4, raised_at_ms=at_ms + number)
            for number in range(alarms)
        ]
        for view in self.views:
            self.feed.board.take(view, at_ms)

    def change(self, view: AlarmView) -> None:
        """Show a newer version of an alarm."""
        self.feed.board.take(view, now_ms())
        self.feed._tell(view.alarm_id)  # noqa: SLF001 - stands for a message of the broker

    async def open(self, browser: Browser) -> tuple[Page, float]:
        """Open the page as a new browser would; return when its first rows were painted (ms)."""
        page = await browser.new_page(viewport={"width": 1280, "height": 720})
        account = self._book.find(OPERATOR)
        token = "" if account is None else self.desk.begin(account)
        url = f"http://127.0.0.1:{self.port}/"
        cookie = {"name": self.desk.cookie, "value": token, "url": url, "sameSite": "Strict"}
        await page.context.add_cookies([cookie])  # type: ignore[list-item] # a TypedDict there
        await page.add_init_script(WATCH)
        await page.goto(url)
        while not (first_ms := await page.evaluate("measured.first")):  # noqa: ASYNC110 - a browser's
            await asyncio.sleep(0.05)
        return page, first_ms


def told(what: str, times_ms: list[float]) -> str:
    """Say how long something took."""
    times_ms.sort()
    half, most = times_ms[len(times_ms) // 2], times_ms[int(len(times_ms) * 0.95)]
    figures = f"p50 {half:.0f} ms, p95 {most:.0f} ms, most {times_ms[-1]:.0f} ms"
    return f"{what}: n {len(times_ms)}, {figures}\n"


async def measure(console: Console, browser: Browser) -> None:
    """Load the page some times, then change alarms that are on the screen."""
    first_ms = []
    for _ in range(LOADS):
        page, one_ms = await console.open(browser)
        first_ms.append(one_ms)
        await page.close()
    sys.stdout.write(told("first rows painted", first_ms))
    page, _ = await console.open(browser)
    count = page.locator(".open .count")
    while await count.inner_text() != str(len(console.views)):  # noqa: ASYNC110 - a browser's
        await asyncio.sleep(0.1)
    await asyncio.sleep(2)
    await page.evaluate("measured.changes.length = 0")
    for number in range(CHANGES):
        view = console.views[number * 4 % 160]  # of priority 1, among the first 50
        console.change(structs.replace(view, version=number + 2, press_count=number + 2))
        await asyncio.sleep(CHANGE_EVERY_S)
    sys.stdout.write(told("one change painted", await page.evaluate("measured.changes")))


async def main(alarms: int) -> None:
    """Serve a full board and look at it."""
    console = Console(alarms)
    runner = web.AppRunner(make_app(console.feed, console.desk))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", console.port).start()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        await measure(console, browser)
        await browser.close()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else ALARMS))
