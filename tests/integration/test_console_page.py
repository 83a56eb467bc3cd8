"""The console's page in a real browser, against a scripted gateway on a real broker."""

from typing import TYPE_CHECKING

import pytest
from msgspec import structs
from playwright.async_api import Page, expect

from alarm_protocol.messages import OwnTrack
from tests.integration.console_browser import Server, accepting, row
from tests.integration.console_wire import answered, gateway_on, until
from tests.unit.dispatch.views import make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

SCRIPT = "<img src=x onerror=\"document.title='hacked'\"><b>jas</b>"
ROW = row()


async def test_an_alarm_appears_and_is_accepted(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """It comes within a second, counts in the title, and moves on by the gateway's answer."""
    async with gateway_on(mosquitto.url) as gateway:
        gateway.on_action = accepting(make_view())
        await page.goto(server.url)
        await expect(page.locator("[data-connection=connected]")).to_be_visible()
        await gateway.view(make_view())
        line = page.locator(f"section.open {ROW}")
        await expect(line).to_be_visible(timeout=1_000)
        await expect(line).to_contain_text("Leiden")
        await expect(line).to_contain_text("Haarlemmerstraat 112")
        await expect(page).to_have_title("(1) Meldkamer")
        await expect(page.get_by_role("alert").first).to_contain_text("prio 1, Leiden")
        await line.get_by_role("button", name="Aannemen").click()
        await expect(page.locator(f"section.progress {ROW}")).to_be_visible()
        await expect(page.locator("aside")).to_contain_text("Aangenomen door")
        await expect(page).to_have_title("Meldkamer")
        assert [action.operator for action in gateway.actions] == ["K. de Boer"]


async def test_a_conflict_names_who_was_first(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """The refusal is told at the alarm, with the state as it is now."""
    async with gateway_on(mosquitto.url) as gateway:
        now = make_view(version=2, status="accepted")
        gateway.on_action = lambda action: answered(
            now, action, outcome="refused", text="already accepted", acted_by="P. Bakker"
        )
        await gateway.view(make_view())
        await page.goto(server.url)
        await page.locator(f"section.open {ROW} button").click()
        told = page.locator(f"section.progress {ROW} .notice")
        await expect(told).to_contain_text("P. Bakker was eerder")


async def test_text_of_others_is_only_ever_text(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Markup in a household or a timeline is shown as it was written, and runs nothing."""
    view = make_view()
    assert view.household is not None
    household = structs.replace(view.household, resident=SCRIPT[:80], municipality="<i>Leiden</i>")
    entry = structs.replace(view.timeline[0], kind="note", text=SCRIPT, operator="<u>K</u>")
    own = OwnTrack(
        status="on_scene",
        accepted_by=SCRIPT,
        units=(SCRIPT,),
        assessment=SCRIPT,
        handed_over_to=SCRIPT,
        close_reason=SCRIPT,
    )
    view = make_view(
        household=household, timeline=(entry,), own_track=own, reasons=("<b>code</b>",)
    )
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(view)
        await page.goto(server.url)
        await page.locator(f"{ROW} td").nth(2).click()
        detail = page.locator("aside")
        await expect(detail).to_contain_text(SCRIPT)
        await expect(detail).to_contain_text("<u>K</u>")
        assert await page.locator("#app img, #app b, #app i, #app u").count() == 0
        assert await page.title() == "(1) Meldkamer"


async def test_a_lost_server_hides_nothing_and_comes_back_by_itself(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """The alarm stays in sight under a banner; after a restart the page has today's state."""
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view())
        await page.goto(server.url)
        await expect(page.locator(ROW)).to_be_visible()
        await server.stop()
        await expect(page.locator(".banner.bad")).to_contain_text("Verbinding verbroken")
        await expect(page.locator(f"section.open {ROW}")).to_be_visible()
        await gateway.view(make_view(version=2, status="accepted"))
        await server.start()
        await gateway.status()
        await expect(page.locator(f"section.progress {ROW}")).to_be_visible()
        await gateway.status()  # the last one may be old by now, if the page took its time
        await expect(page.locator("[data-connection=connected]")).to_be_visible()
        await until(lambda: gateway.confirmed, "confirmations")
