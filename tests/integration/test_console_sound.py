"""The sound, as the page itself says it is: off until the shift starts, by priority, silenced."""

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Locator, Page, expect

from tests.integration.console_browser import Server, row
from tests.integration.console_wire import gateway_on
from tests.unit.dispatch.views import make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]


def sound(page: Page, name: str, tone: str) -> Locator:
    """Find the sound's state where it is this one."""
    return page.locator(f"[data-sound={name}][data-tone={tone}]")


async def test_sound_is_off_until_the_shift_starts(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Before the gesture the page says so; after it, an alarm sounds until it is accepted."""
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view())
        await page.goto(server.url)
        await expect(page.locator(row())).to_be_visible()
        await expect(sound(page, "off", "none")).to_contain_text("GELUID UIT")
        await page.get_by_role("button", name="Dienst starten").click()
        await expect(sound(page, "on", "p1")).to_be_visible()
        await gateway.view(make_view(version=2, status="accepted"))
        await expect(sound(page, "on", "none")).to_be_visible()


async def test_silencing_is_not_accepting(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """The alarm stays open, and another alarm breaks the silence."""
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view())
        await page.goto(server.url)
        await page.get_by_role("button", name="Dienst starten").click()
        await expect(sound(page, "on", "p1")).to_be_visible()
        await page.get_by_role("button", name="Dempen 30 s").click()
        await expect(sound(page, "silenced", "none")).to_contain_text("Gedempt, nog")
        await expect(page.locator(f"section.open {row()}")).to_be_visible()
        await gateway.view(make_view("aware-000124.1"))
        await expect(sound(page, "on", "p1")).to_be_visible()


async def test_silence_ends_by_itself(mosquitto: "Mosquitto", server: Server, page: Page) -> None:
    """Thirty seconds later, by the page's clock, the same alarm sounds again."""
    async with gateway_on(mosquitto.url) as gateway:
        await page.clock.install()
        await gateway.view(make_view())
        await page.goto(server.url)
        await page.get_by_role("button", name="Dienst starten").click()
        await page.get_by_role("button", name="Dempen 30 s").click()
        await expect(sound(page, "silenced", "none")).to_be_visible()
        await page.clock.run_for(31_000)
        await expect(sound(page, "on", "p1")).to_be_visible()


@pytest.mark.parametrize(("test", "priority"), [(True, 1), (False, 2)])
async def test_a_test_and_a_lower_priority_never_sound_as_priority_1(
    mosquitto: "Mosquitto", server: Server, page: Page, *, test: bool, priority: int
) -> None:
    """The tone of priority 1 is for a real alarm of priority 1 alone."""
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view(test=test, priority=priority))
        await page.goto(server.url)
        await page.get_by_role("button", name="Dienst starten").click()
        await expect(sound(page, "on", "other")).to_be_visible()


async def test_a_wrong_clock_of_the_workplace_is_said(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """More than two seconds off is a banner; times on the page are the server's, with the zone."""
    async with gateway_on(mosquitto.url):
        await page.add_init_script("const real = Date.now; Date.now = () => real() - 60_000;")
        await page.goto(server.url)
        await expect(page.locator(".banner.warn").first).to_contain_text(
            "loopt 60 s achter op de server"
        )
        await expect(page.locator(".clock")).to_contain_text("CE")
