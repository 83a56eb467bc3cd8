"""What a page keeps by itself: actions that could not be sent, and a home's other alarms."""

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Page, expect

from alarm_protocol.messages import Note, OwnTrack
from tests.integration.console_browser import Server, row
from tests.integration.console_wire import answered, gateway_on
from tests.unit.dispatch.views import make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]


async def write_note(page: Page, text: str) -> None:
    """Write a note on the chosen alarm and send it."""
    form = page.locator("aside form[data-action=note]")
    await form.locator("textarea").fill(text)
    await form.get_by_role("button").click()


async def test_what_could_not_be_sent_is_kept_and_never_shown_as_done(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Without a broker each note is kept: one is thrown away, the other sent later, by a key."""
    view = make_view(status="accepted")
    kept = page.locator("aside [data-kept=note]")
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(view)
        await page.goto(server.url)
        await page.locator(f"{row()} .c-where").click()
        await page.locator("aside details[data-more=note] summary").click()
    mosquitto.kill()
    await expect(page.locator("[data-connection=broker]")).to_be_visible()
    await write_note(page, "eerste")
    await expect(kept).to_have_count(1)
    await write_note(page, "tweede")
    await expect(kept).to_have_count(2)
    await expect(page.locator("aside .notice")).to_contain_text("Niet uitgevoerd")
    await expect(page.locator(".banners")).to_contain_text("2 acties zijn niet verzonden")
    await kept.filter(has_text="eerste").get_by_role("button", name="Weggooien").click()
    await expect(kept).to_have_count(1)
    await expect(kept).to_contain_text("tweede")

    mosquitto.start()
    async with gateway_on(mosquitto.url) as gateway:
        gateway.on_action = lambda action: answered(view, action, outcome="done")
        await gateway.view(view)
        await expect(page.locator("[data-connection=connected]")).to_be_visible()
        await expect(kept).to_have_count(1)
        await kept.get_by_role("button", name="Opnieuw versturen").press("Enter")
        await expect(page.locator("aside .notice")).to_contain_text("uitgevoerd.")
        await expect(kept).to_have_count(0)
        await expect(page.locator(".banners")).to_have_count(0)
        notes = [action.text for action in gateway.actions if isinstance(action, Note)]
        assert ["tweede"] == notes


async def test_a_household_shows_its_earlier_alarms(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """How many there were, and those this console holds, with how they ended, to be opened."""
    ended = OwnTrack(
        status="closed", disposition="mispress", close_reason="bewoner gesproken, kat op knop"
    )
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view("aware-000123.2", status="closed", own_track=ended))
        await gateway.view(make_view("aware-000777.2"))
        await gateway.view(make_view("aware-000123.3"))
        await page.goto(server.url)
        await page.locator(f"{row('aware-000123.3')} .c-where").click()
        earlier = page.locator("aside [data-earlier='2']")
        await expect(earlier.locator("li")).to_have_count(1)
        await expect(earlier.locator("li")).to_contain_text("Per ongeluk ingedrukt")
        await expect(earlier.locator("li")).to_contain_text("kat op knop")
        await expect(earlier).to_contain_text("1 eerdere staan niet meer op deze console")
        await earlier.get_by_role("button").click()
        await expect(page.locator("[data-detail='aware-000123.2']")).to_be_visible()
