"""The door of the page: signing in and out, and what is on the screen in between."""

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Page, expect

from tests.helpers.accounts import OPERATOR, PASSWORD
from tests.integration.console_browser import Server, row
from tests.integration.console_wire import gateway_on
from tests.unit.dispatch.views import make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]


async def fill_in(page: Page, password: str) -> None:
    """Sign in by the keyboard alone."""
    await page.locator("input[name=name]").fill(OPERATOR)
    await page.keyboard.press("Tab")
    await page.keyboard.type(password)
    await page.keyboard.press("Enter")


async def test_an_operator_signs_in_by_keyboard_and_out_again(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Before and after there is nothing of any alarm on the page, and a wrong password says so."""
    await page.context.clear_cookies()
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view())
        await page.goto(server.url)
        await expect(page.get_by_role("heading", name="Meldkamer")).to_be_visible()
        await fill_in(page, "niet het wachtwoord")
        await expect(page.locator(".door .notice")).to_have_text("Naam of wachtwoord klopt niet.")
        assert "Leiden" not in await page.content()
        await page.locator("input[name=password]").fill("")
        await fill_in(page, PASSWORD)
        await expect(page.locator(row())).to_be_visible()
        await expect(page.locator("[data-operator]")).to_have_text(OPERATOR)
        await page.locator("details.operator summary").click()
        await page.get_by_role("button", name="Afmelden", exact=True).click()
        await expect(page.locator(".door")).to_contain_text("U bent afgemeld.")
        assert "Leiden" not in await page.content()
        await page.reload()
        await expect(page.locator("input[name=password]")).to_be_visible()


async def test_a_page_whose_account_is_closed_is_empty_soon(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Whoever is disabled sees nothing more, without a reload."""
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view())
        await page.goto(server.url)
        await expect(page.locator(row())).to_be_visible()
        server.book.disable()
        await expect(page.locator(".door")).to_be_visible()
        assert "Leiden" not in await page.content()


async def test_who_only_reads_has_no_buttons_that_act(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """The role is shown, the alarm is shown, and nothing can be done with it."""
    server.book.put("Rie", "read_only")
    await server.admit(page, "Rie")
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view())
        await page.goto(server.url)
        await expect(page.locator("details.operator")).to_contain_text("alleen meekijken")
        await page.locator(f"{row()} button").click()
        await expect(page.locator("aside")).to_contain_text("Synthetische Bewoner")
        await expect(page.get_by_role("button", name="Aannemen")).to_have_count(0)
        await expect(page.locator("aside form")).to_have_count(0)
