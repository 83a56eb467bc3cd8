#!/usr/bin/env python3
"""Measure a console's page in Chromium: first rows, changes, scrolling, memory, and 50 pages.

Run it as `PYTHONPATH=. python tools/measure_console.py` on an idle machine; it prints Markdown, and
the figures of `docs/performance.md` are from it. A real Mosquitto, a console as a process of its
own, a scripted gateway that publishes, and a page that somebody is signed in on, with an alarm
open. A change is timed from its publishing to the end of the frame in which its row shows it.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import structs
from playwright.async_api import Browser, Page, Response, async_playwright

from alarm_protocol.messages import AlarmView
from alarm_protocol.runtime.clock import monotonic_s, now_ms
from alarm_protocol.units import CONSOLES, AlarmId, ConsoleId, TimestampMs
from simulator.processes import Part
from simulator.signin import cookie_of, make_accounts
from tests.helpers.page_scripts import AT_END, IN_SIGHT, WATCH
from tests.helpers.readers import Readers
from tests.integration.conftest import Mosquitto
from tests.integration.console_wire import Gateway, gateway_on
from tests.unit.dispatch.views import make_view

ALARMS = 2_000
PAGES = 50
SLOW_FRAME_MS = 25
WARM_UP_S = 10
SAMPLES = 5
NAME = "Ans de Wit"
WHEEL_PX = 240
WHEEL_EVERY_S = 0.04
PATHS = {"queue": "", "history": "history", "supervision": "supervision"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long each part takes."""

    alarms: int
    loads: int
    turns: int
    change_s: float
    minutes: float
    pages_s: float


@dataclass(slots=True)
class Stage:
    """A console with a full board, and whoever publishes to it."""

    gateway: Gateway
    console: Part
    url: str
    cookie: str
    views: dict[AlarmId, AlarmView]
    published: dict[tuple[AlarmId, int], int] = field(default_factory=dict)

    async def change(self, alarm_id: AlarmId) -> None:
        """Publish a newer version of an alarm."""
        before = self.views[alarm_id]
        view = structs.replace(
            before,
            version=before.version + 1,
            press_count=before.press_count + 1,
            journaled_at_ms=now_ms(),
        )
        self.views[alarm_id] = view
        self.published[alarm_id, view.version] = now_ms()
        await self.gateway.view(view)

    async def changes(self, which: Sequence[AlarmId], per_s: int, seconds: float) -> None:
        """Change alarms in turn, at a rate that a slow moment does not lower."""
        began_s = monotonic_s()
        for number in range(round(per_s * seconds)):
            await asyncio.sleep(max(0, began_s + number / per_s - monotonic_s()))
            await self.change(which[number % len(which)])

    async def blank(self, browser: Browser) -> Page:
        """Make a page of a new browser, on which somebody is signed in."""
        page = await browser.new_page(viewport={"width": 1280, "height": 720})
        name, _, value = self.cookie.partition("=")
        await page.context.add_cookies([{"name": name, "value": value, "url": self.url}])
        await page.add_init_script(WATCH)
        return page

    async def open(self, browser: Browser) -> Page:
        """Open the console's first page."""
        page = await self.blank(browser)
        await page.goto(self.url)
        return page

    async def ready(self, browser: Browser) -> tuple[Page, list[AlarmId]]:
        """Open a page with all alarms and one in detail; return what is in sight on it."""
        page = await self.open(browser)
        count = "document.querySelector('.open .count')?.textContent"
        await until(page, f"{count} === '{len(self.views)}'")
        await page.locator("section.open tr[data-alarm] .c-where").first.click()
        await page.locator("[data-detail]").wait_for()
        await page.mouse.move(5, 5)
        await asyncio.sleep(2)
        await page.evaluate("measured.take()")
        self.published.clear()
        return page, await page.evaluate(IN_SIGHT)

    async def delays(self, page: Page) -> tuple[list[int], int]:
        """Return from publishing to painted of each change (ms), and how many never were."""
        await asyncio.sleep(0.5)
        rows = await page.evaluate("measured.take()")
        shown: dict[str, list[tuple[int, int]]] = {}
        for alarm_id, version, at_ms in rows:
            shown.setdefault(alarm_id, []).append((version, at_ms))
        delays, never = [], 0
        for (alarm_id, version), at_ms in self.published.items():
            # A version that was overtaken shows with the one that overtook it.
            painted = [ms for one, ms in shown.get(alarm_id, ()) if one >= version]
            if painted:
                delays.append(min(painted) - at_ms)
            else:
                never += 1
        self.published.clear()
        return delays, never


async def until(page: Page, condition: str) -> None:
    """Wait until a condition holds on a page."""
    while not await page.evaluate(condition):  # noqa: ASYNC110 - a browser's
        await asyncio.sleep(0.05)


def say(*cells: object) -> None:
    """Print a row of a table."""
    print("|", " | ".join(map(str, cells)), "|", flush=True)  # noqa: T201 - what it is asked for


def table(title: str, *columns: str) -> None:
    """Begin a table."""
    sys.stdout.write(f"\n{title}\n\n")
    say(*columns)
    say(*("---" for _ in columns))


def times(found: Sequence[float]) -> tuple[str, str, str]:
    """Return the median, the 95th percentile and the longest."""
    if not found:
        return ("-", "-", "-")
    ordered = sorted(found)
    at = (len(ordered) // 2, int(len(ordered) * 0.95), -1)
    half, most, longest = (f"{ordered[one]:.0f} ms" for one in at)
    return half, most, longest


async def first_paint(stage: Stage, browser: Browser, plan: Plan) -> None:
    """Load the page some times, each in a browser that knows nothing of it."""
    found = []
    for _ in range(plan.loads):
        page = await stage.open(browser)
        await until(page, "measured.first > 0")
        found.append(await page.evaluate("measured.first"))
        await page.close()
    say(f"first rows painted, from the start of the navigation ({plan.loads} loads)", *times(found))


async def one_change(stage: Stage, browser: Browser, plan: Plan) -> None:
    """Change alarms that are in sight, 20 a second."""
    page, in_sight = await stage.ready(browser)
    await stage.changes(in_sight, 20, plan.change_s)
    delays, never = await stage.delays(page)
    say(f"one change painted, from its publishing ({len(delays)}, {never} never)", *times(delays))
    await page.close()


async def scrolling(stage: Stage, browser: Browser, plan: Plan) -> None:
    """Turn the wheel from page to page of the queue, in peace and with 20 changes a second."""
    page, in_sight = await stage.ready(browser)
    for name in ("nothing changes", "20 changes/s"):
        task = asyncio.create_task(stage.changes(in_sight, 20, 3_600))
        if name == "nothing changes":
            task.cancel()
        await page.evaluate("measured.record()")
        for _ in range(plan.turns):
            await page.mouse.move(400, 300)
            while not await page.evaluate(AT_END):
                await page.mouse.wheel(0, WHEEL_PX)
                await asyncio.sleep(WHEEL_EVERY_S)
            await page.locator("section.open [data-turn=next]").click()
        frames = await page.evaluate("(measured.recording = false, measured.frames)")
        drawn = await page.locator("tr[data-alarm]").count()
        task.cancel()
        gaps = [later - before for before, later in pairwise(frames)]
        slow = sum(gap > SLOW_FRAME_MS for gap in gaps)
        say(name, f"{slow} of {len(gaps)}", f"{max(gaps):.0f} ms", drawn)
    await page.close()


def rss_mb(part: Part) -> float:
    """Return the memory of a part and its children, in MB."""
    pids, total = [str(part.pid)], 0
    while pids:
        pid = pids.pop()
        pids += Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        total += pages * os.sysconf("SC_PAGE_SIZE")
    return total / 1e6


async def memory(stage: Stage, browser: Browser, plan: Plan) -> None:
    """Change 20 alarms a second, every other one in sight, and look at what the page holds."""
    page, in_sight = await stage.ready(browser)
    cdp = await page.context.new_cdp_session(page)
    await cdp.send("Performance.enable")
    everywhere = list(stage.views)
    which = [
        in_sight[at // 2 % len(in_sight)] if at % 2 else everywhere[at * 7 % len(everywhere)]
        for at in range(2 * len(everywhere))
    ]
    seconds = plan.minutes * 60
    parts = [WARM_UP_S, *(seconds / SAMPLES,) * SAMPLES]
    for number, part_s in enumerate(parts):
        began_s = monotonic_s()
        while (left_s := began_s + part_s - monotonic_s()) > 0:
            await stage.changes(which, 20, min(10, left_s))
            await page.evaluate("measured.take()")
            stage.published.clear()
        await cdp.send("HeapProfiler.collectGarbage")
        await cdp.send("HeapProfiler.collectGarbage")
        got: dict[str, Any] = await cdp.send("Performance.getMetrics")
        now = {one["name"]: one["value"] for one in got["metrics"]}
        heap, nodes, listeners = (
            now[name] for name in ("JSHeapUsedSize", "Nodes", "JSEventListeners")
        )
        minutes = number * plan.minutes / SAMPLES
        server = f"{rss_mb(stage.console):.0f} MB"
        say(f"{minutes:.1f}", f"{heap / 1e6:.2f} MB", int(nodes), int(listeners), server)
    await page.close()


def cut_off(stage: Stage) -> int:
    """Return how many pages the console had enough of, since they take nothing."""
    return stage.console.log.read_text().count("page takes nothing")


async def many_pages(stage: Stage, browser: Browser, plan: Plan) -> None:
    """Let 49 readers stand beside one real page; then let one of them read nothing."""
    page, in_sight = await stage.ready(browser)
    readers = Readers(int(stage.url.rpartition(":")[2]), stage.cookie)
    for name, stalled in (("all read", 0), ("one stalled", 1), ("all read again", 0)):
        async with readers.open(reading=PAGES - 1 - stalled, stalled=stalled):
            await stage.changes(in_sight, 50, 3)  # until all have their snapshot
            await stage.delays(page)
            readers.messages = 0
            before = cut_off(stage)
            await stage.changes(in_sight, 50, plan.pages_s)
            delays, never = await stage.delays(page)
            cut = cut_off(stage) - before
            told = readers.messages / (PAGES - 1 - stalled) / plan.pages_s
        say(name, *times(delays), len(delays), never, f"{told:.0f}", cut)
    await page.close()


async def loaded_by(page: Page, url: str) -> list[Response]:
    """Load a page; return what the server answered, without the alarms themselves."""
    found: list[Response] = []

    def note(answer: Response) -> None:
        if "/api/" not in answer.url:
            found.append(answer)

    page.on("response", note)
    await page.goto(url, wait_until="networkidle")
    return found


async def sizes(stage: Stage, browser: Browser, console: ConsoleId, plan: Plan) -> None:
    """Say how many bytes each page loads, uncompressed."""
    for language in ("nl", "en"):
        for name, path in PATHS.items():
            if path and not plan.minutes:
                continue
            page = await stage.blank(browser)
            await page.add_init_script(f"localStorage.setItem('dispatch.language', '{language}')")
            answers = await loaded_by(page, f"{stage.url}/{path}")
            total = sum([len(await one.body()) for one in answers])
            say(f"{console}, {name}, {language}", len(answers), f"{total / 1_000:.1f} kB")
            await page.close()


@asynccontextmanager
async def staged(
    broker: Mosquitto, folder: Path, console: ConsoleId, *, supervisor: bool = False
) -> AsyncIterator[Stage]:
    """Run a console as a process of its own, with an operator or a supervisor signed in."""
    accounts = folder / f"{console}.json"
    logins = await make_accounts(accounts, console, (NAME,), ("Sef de Groot",))
    part = Part(
        "console",
        [
            *(sys.executable, "-m", "dispatch", "run", "--console", console, "--port", "0"),
            *("--broker", broker.url, "--accounts", str(accounts)),
        ],
        log=folder / f"{console}.log",
    )
    async with gateway_on(broker.url) as gateway:
        await part.start()
        url = part.ready_line.rpartition("url=")[2].strip().rstrip("/")
        alive = asyncio.create_task(gateway.live())
        try:
            cookie = await cookie_of(url, logins[supervisor], timeout_s=20)
            yield Stage(gateway, part, url, cookie, {})
        finally:
            alive.cancel()
            await part.stop()


async def measure(stage: Stage, browser: Browser, plan: Plan) -> None:
    """Fill the board of the police's console, and measure its page."""
    at_ms = TimestampMs(now_ms() - 600_000)
    for number in range(plan.alarms):
        view = make_view(
            f"aware-{number:06d}.1", priority=1 + number % 4, raised_at_ms=at_ms + number
        )
        stage.views[view.alarm_id] = view
        await stage.gateway.view(view)
    alarms = f"{plan.alarms:,} open alarms"
    table(f"{alarms}:", "what", "p50", "p95", "most")
    await first_paint(stage, browser, plan)
    await one_change(stage, browser, plan)
    title = f"{alarms}, the wheel over {plan.turns} pages of the queue:"
    table(title, "meanwhile", f"frames over {SLOW_FRAME_MS} ms", "longest", "rows in the DOM")
    await scrolling(stage, browser, plan)
    title = f"{alarms}, {PAGES} pages on one console, 50 changes/s, {plan.pages_s:.0f} s each:"
    columns = ("p50", "p95", "most", "changes", "never", "messages/s per reader", "cut off")
    table(title, "readers", *columns)
    await many_pages(stage, browser, plan)
    if plan.minutes:
        table(
            f"{alarms}, 20 changes/s, after garbage collection:",
            *("minutes", "JS heap", "DOM nodes", "listeners", "server"),
        )
        await memory(stage, browser, plan)


async def main(plan: Plan) -> None:
    """Start all parts, and measure."""
    mosquitto, chromium = shutil.which("mosquitto"), shutil.which("chromium")
    if mosquitto is None or chromium is None:
        sys.exit("measure_console: mosquitto and chromium are needed (Debian: apt-get install)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Mosquitto(Path(mosquitto), folder)
        broker.start()
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=chromium, args=["--no-sandbox"]
                )
                sys.stdout.write(f"{machine()}, Chromium {browser.version}\n")
                table("What a page loads, uncompressed:", "page", "files", "bytes")
                for console in CONSOLES:
                    async with staged(broker, folder, console, supervisor=True) as stage:
                        await sizes(stage, browser, console, plan)
                async with staged(broker, folder, "police") as stage:
                    await measure(stage, browser, plan)
                await browser.close()
        finally:
            broker.kill()
    sys.stdout.write(f"\n{machine()} at the end\n")


def machine() -> str:
    """Say what this runs on, and how busy that is."""
    return f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"


def asked() -> Plan:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="under a minute, without memory")
    parser.add_argument("--minutes", type=float, default=5, help="of 20 changes/s for the memory")
    given = parser.parse_args()
    if given.quick:
        return Plan(alarms=ALARMS, loads=2, turns=1, change_s=3, minutes=0, pages_s=3)
    return Plan(alarms=ALARMS, loads=9, turns=10, change_s=15, minutes=given.minutes, pages_s=30)


if __name__ == "__main__":
    asyncio.run(main(asked()))
