"""The page when its server is gone: it says so at once, and it is back soon."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Page, expect

from tests.integration.console_browser import Server, row
from tests.integration.console_wire import DEADLINE_S, gateway_on
from tests.unit.dispatch.views import make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

AT_ONCE_MS = 500
BACK_OFF_MAX_MS = 5_000

WATCH = """
window.seen = { closed: null, said: null };
const Real = WebSocket;
window.WebSocket = class extends Real {
  constructor(url) {
    super(url);
    this.addEventListener("close", () => (seen.closed ??= Date.now()));
  }
};
new MutationObserver(() => {
  if (document.querySelector("[data-connection=lost]")) seen.said ??= Date.now();
}).observe(document, { attributes: true, childList: true, subtree: true });
"""


async def test_a_broken_socket_is_said_at_once(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """By the page's own clock, 'verbroken' comes right after the close, not after a silence."""
    async with gateway_on(mosquitto.url) as gateway:
        await page.add_init_script(WATCH)
        await gateway.view(make_view())
        await page.goto(server.url)
        await expect(page.locator("[data-connection=connected]")).to_be_visible()
        await server.stop()
        await expect(page.locator("[data-connection=lost]")).to_be_visible()
        await expect(page.locator(row())).to_be_visible()
        seen = await page.evaluate("seen")
        assert 0 <= seen["said"] - seen["closed"] < AT_ONCE_MS


HURRY = """
window.waits = [];
const timer = window.setTimeout;
window.setTimeout = (callback, afterMs) => {
  if (callback.name !== "open") return timer(callback, afterMs);
  waits.push(afterMs);
  return timer(callback, 1);
};
"""
"""Keeps how long the page wanted to wait before it tries again, and does not wait so long."""


async def test_the_page_tries_again_at_most_five_seconds_later(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """However long the server is away, it is asked again soon, and never in one rhythm."""
    await page.add_init_script(HURRY)
    await page.goto(server.url)
    await expect(page.locator("[data-connection]")).to_be_visible()
    await server.stop()
    waits: list[float] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(waits) < 12:
            waits = await page.evaluate("waits")
    assert min(waits[5:]) >= BACK_OFF_MAX_MS / 2
    assert max(waits) <= BACK_OFF_MAX_MS
    assert len(set(waits)) == len(waits)


async def test_a_page_that_opens_while_the_server_is_away_says_so(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """No empty screen that looks like a quiet night: it says that no alarm can be seen."""
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view())
        await page.route("**/api/session", lambda route: route.abort())
        await page.goto(server.url)
        told = page.get_by_role("alert").filter(has_text="De console is niet bereikbaar.")
        await expect(told).to_be_visible()
        await page.unroute("**/api/session")
        await expect(page.locator(row())).to_be_visible()
        await expect(told).not_to_be_attached()
