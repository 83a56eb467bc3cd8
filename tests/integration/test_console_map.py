"""The map in a real browser: alarms, units, and a list that says the same; for the police only."""

from typing import TYPE_CHECKING

import pytest
from msgspec import structs
from playwright.async_api import Page, expect

from alarm_protocol.messages import Location, OwnTrack
from tests.integration.console_browser import Server
from tests.integration.console_wire import gateway_on
from tests.integration.test_console_axe import violations
from tests.integration.test_console_layout import FAULTS
from tests.unit.dispatch.views import POLICE_HOUSEHOLD, RAISED_MS, make_press, make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

GOUDA = structs.replace(POLICE_HOUSEHOLD, latitude=52.012, longitude=4.711, municipality="Gouda")
LIST = ".sheet ol > li"


async def test_the_map_and_its_list_show_the_same_alarms_and_units(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Numbers by urgency, a moved button where it is, a sent unit is busy, and a click opens."""
    moved = make_press(location=Location(latitude=52.203, longitude=4.4, accuracy_m=8.0))
    sent = OwnTrack(status="unit_assigned", accepted_by="K. de Boer", units=("HM 21.01",))
    views = [
        make_view("gouda-000001.1", household=GOUDA, raised_at_ms=RAISED_MS + 1),
        make_view("moved-000002.1", presses=(moved, make_press(sequence=18))),
        make_view("unknown-000003.1", household=None, priority=2),
        make_view("busy-000004.1", status="unit_assigned", own_track=sent),
    ]
    async with gateway_on(mosquitto.url) as gateway:
        for view in views:
            await gateway.view(view)
        await page.goto(server.url)
        await expect(page.locator("tr.row")).to_have_count(4)
        await expect(page.locator(".map svg")).to_have_count(0)
        await page.locator(".map summary").press("Enter")
        await expect(page.locator(LIST)).to_have_count(4)
        first, second, third, fourth = await page.locator(LIST).all_inner_texts()
        assert first == "1. Prio 1, Leiden, Haarlemmerstraat 112: openstaand"
        assert second == "2. Prio 1, Leiden (Gouda), Haarlemmerstraat 112: openstaand"
        assert third == "3. Prio 2, Adres onbekend, unknown-000003: openstaand (plaats onbekend)"
        assert fourth == "4. Prio 1, Leiden, Haarlemmerstraat 112: eenheid toegewezen"
        for alarm, number in (("gouda-000001", 2), ("moved-000002", 1), ("busy-000004", 4)):
            marker = page.locator(f"[data-marker='{alarm}.1'] text")
            await expect(marker).to_have_text(str(number))
        await expect(page.locator("[data-marker='unknown-000003.1']")).to_have_count(0)
        katwijk, leiden = [
            await page.locator(f"[data-marker='{alarm}']").bounding_box()
            for alarm in ("moved-000002.1", "busy-000004.1")
        ]
        assert katwijk is not None
        assert leiden is not None
        assert katwijk["x"] < leiden["x"]
        assert katwijk["y"] < leiden["y"]
        await expect(page.locator(".sheet ul > li").first).to_have_text("HM 21.01, Leiden: bezet")
        await expect(page.locator(".unit.busy")).to_have_count(1)
        await page.locator("[data-marker='gouda-000001.1'] text").click()
        await expect(page.locator("[data-detail='gouda-000001.1']")).to_be_visible()
        await page.locator(f"{LIST} button").nth(2).press("Enter")
        await expect(page.locator("[data-detail='unknown-000003.1']")).to_be_visible()
        assert [] == await violations(page, "map")


async def test_more_alarms_than_the_map_shows_are_counted_and_those_in_one_place_are_one_marker(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Fifty on the map and the rest in words; the most urgent in one place gives its number."""
    views = [
        make_view(f"aware-{number:06d}.1", raised_at_ms=RAISED_MS + number) for number in range(60)
    ]
    async with gateway_on(mosquitto.url) as gateway:
        for view in views:
            await gateway.view(view)
        await page.set_viewport_size({"width": 1920, "height": 1080})
        await page.goto(server.url)
        await expect(page.locator("section.open .count")).to_have_text("60")
        await expect(page.locator(LIST)).to_have_count(50)
        await expect(page.locator(".sheet p")).to_contain_text("10 minder dringende")
        await expect(page.locator(".marker")).to_have_count(1)
        await expect(page.locator(".marker text")).to_have_text("1+")
        found = {}
        for width in (390, 1280, 1920, 2560):
            await page.set_viewport_size({"width": width, "height": 900})
            await expect(page.locator(".map svg")).to_be_visible()
            found[width] = await page.evaluate(FAULTS)
        assert {390: [], 1280: [], 1920: [], 2560: []} == found


async def test_the_other_agency_has_no_map(mosquitto: "Mosquitto", page: Page) -> None:
    """Where a household is, Veilig Thuis is not told, and a wide screen leaves no room for it."""
    server = Server(mosquitto.url, "veilig_thuis")
    await server.start()
    try:
        await server.admit(page)
        await page.set_viewport_size({"width": 1920, "height": 1080})
        await page.goto(server.url)
        await expect(page.locator(".lists section")).not_to_have_count(0)
        await expect(page.locator(".map")).to_have_count(0)
        lists = await page.locator(".lists").bounding_box()
        assert lists is not None
        assert lists["width"] > 1_400
    finally:
        await server.stop()
