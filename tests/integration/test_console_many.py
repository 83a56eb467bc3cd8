"""A queue that is longer than a screen: only a page of it is drawn, and every alarm is in reach."""

from typing import TYPE_CHECKING

import pytest
from msgspec import structs
from playwright.async_api import Page, expect

from tests.integration.console_browser import Server, accepting, row
from tests.integration.console_wire import gateway_on
from tests.integration.test_console_axe import violations
from tests.unit.dispatch.views import RAISED_MS, make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

RANGE = "section.open [data-range]"
LAST = "aware-000119.1"


async def test_a_long_queue_draws_a_page_and_the_keyboard_reaches_the_last(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """50 rows whatever waits; by the buttons to the last page, and its alarm is accepted there."""
    views = [
        make_view(f"aware-{number:06d}.1", raised_at_ms=RAISED_MS + number) for number in range(120)
    ]
    async with gateway_on(mosquitto.url) as gateway:
        gateway.on_action = accepting(*views)
        for view in views:
            await gateway.view(view)
        await page.goto(server.url)
        await expect(page.locator("section.open .count")).to_have_text("120")
        await expect(page.locator(RANGE)).to_have_text("1\u201350 van 120")
        await expect(page.locator("section.open tr.row")).to_have_count(50)
        following = page.locator("section.open [data-turn=next]")
        await following.press("Enter")
        await following.press("Enter")
        await expect(page.locator(RANGE)).to_have_text("101\u2013120 van 120")
        assert [] == await violations(page, "last page")
        await page.locator(f"section.open {row(LAST)} [data-action=accept]").press("Enter")
        await expect(page.locator(f"section.progress {row(LAST)}")).to_be_visible()
        late = make_view("urgent-1.1", raised_at_ms=RAISED_MS - 1)
        await gateway.view(structs.replace(late, priority=1))
        await page.locator("section.open [data-turn=first]").press("Enter")
        await expect(page.locator(RANGE)).to_have_text("1\u201350 van 120")
        await expect(page.locator("section.open tr.row").first).to_have_attribute(
            "data-alarm", "urgent-1.1"
        )
