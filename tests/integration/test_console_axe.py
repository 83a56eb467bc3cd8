"""Accessibility of every state of the page, judged by axe: no violation of WCAG 2.2 A and AA."""

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.integration.console_browser import Server, row
from tests.integration.console_wire import gateway_on
from tests.integration.test_console_layout import crowded

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


async def violations(page: Page, state: str) -> list[str]:
    """Return what axe finds wrong, a line for each rule and place."""
    found = (await Axe().run(page, options=RULES)).response["violations"]
    return [
        f"{state}: {one['id']}: {node['html'][:150]} ({node['failureSummary'][:200]})"
        for one in found
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["nl", "en"])
async def test_axe_finds_nothing_on_any_state(
    mosquitto: "Mosquitto", server: Server, page: Page, language: str, scheme: str
) -> None:
    """The door, the queue with all that a row can hold, details, menu, help, and a lost server."""
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.add_init_script(f"localStorage.setItem('dispatch.language', '{language}')")
    found: list[str] = []
    async with gateway_on(mosquitto.url) as gateway:
        cookies = await page.context.cookies()
        await page.context.clear_cookies()
        await page.goto(server.url)
        await expect(page.locator("input[name=password]")).to_be_visible()
        found += await violations(page, "door")
        await page.context.add_cookies(cookies)  # type: ignore[arg-type] # what it gave itself
        for view in crowded():
            await gateway.view(view)
        await page.reload()
        await expect(page.locator("tr.row")).to_have_count(7)
        found += await violations(page, "queue")
        for number in (1, 5, 6, 7):
            await page.locator(f"{row(f'aware-00000{number}.1')} .c-where").click()
            await page.locator("aside details").evaluate_all(
                "folds => folds.forEach((fold) => (fold.open = true))"
            )
            found += await violations(page, f"detail {number}")
        await page.locator("details.operator summary").click()
        found += await violations(page, "menu")
        await page.locator("[data-press=help]").click()
        found += await violations(page, "help")
        await page.keyboard.press("Escape")
        await page.set_viewport_size({"width": 390, "height": 844})
        found += await violations(page, "narrow")
        await server.stop()
        await expect(page.locator("[data-connection=lost]")).to_be_visible()
        found += await violations(page, "lost")
    assert [] == found
