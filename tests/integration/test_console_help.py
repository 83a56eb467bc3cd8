"""What the page helps an operator with: the card, the nearest free unit, and the ten signs."""

from typing import TYPE_CHECKING

import pytest
from msgspec import structs
from playwright.async_api import Page, expect

from alarm_protocol.guidance import Guidance
from alarm_protocol.messages import AssignUnit, Note, OwnTrack
from tests.integration.console_browser import Server, row
from tests.integration.console_wire import answered, gateway_on, until
from tests.unit.dispatch.views import make_press, make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

OTHER = "aware-000124.1"
LATER = "then => performance.now() - then > 700"
"""Longer than the two halves of a double press are apart."""


async def test_units_stand_by_travel_time_with_the_free_ones_first(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """The nearest unit is on another alarm, so it comes last; choosing one fills the field only."""
    busy = OwnTrack(status="unit_assigned", units=("HM 21.01",))
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view(status="accepted"))
        await gateway.view(make_view(OTHER, status="unit_assigned", own_track=busy))
        await page.goto(server.url)
        await expect(page.locator(row(OTHER))).to_be_visible()
        await page.locator(f"{row()} .c-where").click()
        units = page.locator("aside .units button")
        assert "HM 21.02" == (await units.first.inner_text())
        assert "HM 21.01" == (await units.last.inner_text())
        shown = page.locator("aside .units li")
        await expect(shown.first).to_contain_text("vrij, ± 5 min rijden")
        await expect(shown.last).to_contain_text("bezet, ± 2 min rijden")
        await units.first.click()
        field = page.locator("form[data-action=assign_unit] input")
        await expect(field).to_have_value("HM 21.02")
        assert [] == gateway.actions


async def test_a_unit_that_is_busy_or_not_on_the_list_is_asked_about_first(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """The text and the focus stay; another unit takes the question away, a second submit sends."""
    busy = OwnTrack(status="unit_assigned", units=("HM 21.01",))
    view = make_view(status="accepted")
    field = page.locator("form[data-action=assign_unit] input")
    question = page.locator("aside [data-question]")
    async with gateway_on(mosquitto.url) as gateway:
        gateway.on_action = lambda action: answered(view, action, outcome="done")
        await gateway.view(view)
        await gateway.view(make_view(OTHER, status="unit_assigned", own_track=busy))
        await page.goto(server.url)
        await expect(page.locator(row(OTHER))).to_be_visible()
        await page.locator(f"{row()} .c-where").click()
        await field.fill("HM 99")
        await page.get_by_role("button", name="Eenheid toewijzen").click()
        await expect(question).to_contain_text("HM 99 staat niet op de lijst; verstuur nog eens")
        await expect(field).to_be_focused()
        await expect(field).to_have_value("HM 99")
        await field.fill("hm  21.01")
        await expect(question).to_have_count(0)
        await page.keyboard.press("Enter")
        await expect(question).to_contain_text(f"HM 21.01 is bezet met Leiden ({OTHER})")
        await expect(field).to_be_focused()
        await page.keyboard.press("Enter")  # the other half of a double press
        await expect(question).to_be_visible()
        await page.wait_for_function(LATER, arg=await page.evaluate("performance.now()"))
        assert [] == gateway.actions
        await page.keyboard.press("Enter")
        await expect(page.locator("aside .notice.good")).to_be_visible()
        await expect(question).to_have_count(0)
        await field.fill("hm 23.01")
        await page.keyboard.press("Enter")
        await until(lambda: len(gateway.actions) == 2, "the free unit, at once")
    sent = [one.unit for one in gateway.actions if isinstance(one, AssignUnit)]
    assert ["HM 21.01", "HM 23.01"] == sent


async def test_the_card_says_what_never_to_do_for_this_alarm(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Under duress nobody calls the resident; on an alarm that is closed there is no card."""
    view = make_view(presses=(make_press(trigger="duress"),), reasons=("verified_duress",))
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(view)
        await page.goto(server.url)
        await page.locator(f"{row()} .c-where").click()
        await expect(page.locator(".guidance")).to_contain_text("Bel de bewoner niet")
        await expect(page.locator(".guidance")).to_contain_text("Nooit doen")
        todo = page.locator(".guidance ul").first.locator("li")
        await expect(todo).to_have_text(list(Guidance().nl.police.todo))
        await expect(page.locator(".guidance")).to_contain_text("Voorbeeldtekst")
        own = OwnTrack(status="closed", disposition="genuine")
        await gateway.view(structs.replace(view, version=2, status="closed", own_track=own))
        await expect(page.locator(".guidance")).to_have_count(0)


async def test_ticked_signs_go_into_the_log(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """All ten are there; what is ticked is sent as one note, and nothing is sent without a tick."""
    view = make_view(status="accepted")
    async with gateway_on(mosquitto.url) as gateway:
        gateway.on_action = lambda action: answered(view, action, outcome="done")
        await gateway.view(view)
        await page.goto(server.url)
        await page.locator(f"{row()} .c-where").click()
        await page.locator(".signs summary").click()
        signs = page.locator(".signs input[type=checkbox]")
        await expect(signs).to_have_count(10)
        await page.locator(".signs button").click()
        await page.locator(".signs").get_by_text("volgen of in de gaten houden").click()
        await page.locator(".signs").get_by_text("vernieling").click()
        await page.locator(".signs button").press("Enter")
        await expect(page.locator("aside .notice.good")).to_be_visible()
        (note,) = gateway.actions
        assert isinstance(note, Note)
        assert "Signalen: volgen of in de gaten houden; vernieling" == note.text
