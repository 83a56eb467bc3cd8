"""The history and the incident page in a real browser, from views that the console was given."""

from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec import structs
from playwright.async_api import Page, expect

from alarm_protocol.messages import AlarmView, OwnTrack, TimelineEntry
from dispatch.web.history import Incident
from tests.integration.console_browser import Server, row
from tests.integration.console_wire import Gateway, gateway_on, until
from tests.integration.test_console_axe import violations
from tests.unit.dispatch.test_history import closed
from tests.unit.dispatch.views import POLICE_HOUSEHOLD, RAISED_MS, make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

SCRIPT = "<img src=x onerror=\"document.title='hacked'\">"
DAY = "2026-11-24"


def hostile() -> AlarmView:
    """Make a closed alarm whose every text is markup."""
    own = OwnTrack(
        status="closed",
        disposition="mispress",
        closed_at_ms=RAISED_MS,
        closed_by="<u>K</u>",
        close_reason=SCRIPT,
    )
    note = TimelineEntry(at_ms=RAISED_MS, kind="note", operator="<u>K</u>", text=SCRIPT)
    household = structs.replace(POLICE_HOUSEHOLD, resident=SCRIPT[:80], municipality="<s>Gouda</s>")
    return structs.replace(
        closed("aware-000777.1"), own_track=own, household=household, timeline=(note,)
    )


def many() -> list[AlarmView]:
    """Make more closed alarms than fit on a page."""
    return [closed(f"aware-{number:06d}.1", number * 1_000) for number in range(60)]


async def fill(gateway: Gateway) -> None:
    """Let a console keep sixty-one closed alarms, one of them hostile."""
    for view in (hostile(), *many()):
        await gateway.view(view)
    await until(lambda: len(gateway.confirmed) >= 61, "confirmations")


async def test_closed_alarms_are_found_by_keyboard_and_printed(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Paging, a question that stays in the address, one alarm whole, and none of it runs."""
    async with gateway_on(mosquitto.url) as gateway:
        await fill(gateway)
        await page.goto(server.url)
        await page.locator("details.operator summary").click()
        await page.get_by_role("link", name="Geschiedenis").press("Enter")
        await expect(page.get_by_role("heading", name="61 meldingen gevonden")).to_be_visible()
        await expect(page.locator("[data-range]")).to_have_text("1\u201350 van 61")
        await page.get_by_role("button", name="Volgende").press("Enter")
        await expect(page.locator("[data-range]")).to_have_text("51\u201361 van 61")
        await page.get_by_label("Afsluitcode").select_option("mispress")
        await page.get_by_label("Vanaf").fill(DAY)
        await page.get_by_label("Apparaat begint met").fill("aware-0007")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="1 melding gevonden")).to_be_visible()
        assert f"from={DAY}" in page.url
        await expect(page.locator("tbody tr")).to_contain_text("<s>Gouda</s>")
        await page.get_by_role("link", name="aware-000777.1").press("Enter")
        incident = page.locator("article.incident")
        await expect(incident).to_contain_text(SCRIPT)
        await expect(incident).to_contain_text("<u>K</u>")
        assert 0 == await page.locator("#app img, #app u, #app s").count()
        assert await page.title() == "Melding · Meldkamer"
        await page.emulate_media(media="print")
        await expect(page.locator(".bar")).to_be_hidden()
        await expect(page.get_by_role("button")).to_have_count(0)
        await expect(incident).to_contain_text("Afgedrukt")
        await page.emulate_media(media="screen")
        await page.go_back()
        await expect(page.get_by_role("heading", name="1 melding gevonden")).to_be_visible()
        assert "aware-0007" == await page.get_by_label("Apparaat begint met").input_value()


async def test_a_question_that_cannot_be_answered_is_told_in_words(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """In the server's words and in either language; what was found before is no answer to it."""
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(closed())
        await until(lambda: gateway.confirmed, "a confirmation")
        await page.goto(f"{server.url}history")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await page.get_by_label("Vanaf").fill(DAY)
        await page.get_by_label("Tot en met").fill("2026-11-01")
        await page.keyboard.press("Enter")
        banner = page.locator("[data-warning]")
        await expect(banner).to_contain_text("de dag vanaf ('from') ligt na de dag tot en met")
        await expect(page.locator("tbody tr")).to_have_count(0)
        await expect(page.get_by_label("Gemeente").locator("option")).to_have_count(2)
        await page.locator("[data-language=en]").click()
        await expect(banner).to_contain_text("is after the day up to and including")
        await page.get_by_label("Up to and including").fill(DAY)
        await page.keyboard.press("Enter")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await expect(banner).to_have_count(0)


async def test_what_was_found_and_an_alarm_are_downloaded(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """The table of the question in the address, and one alarm as the console was given it."""
    async with gateway_on(mosquitto.url) as gateway:
        await fill(gateway)
        await page.goto(f"{server.url}history?device=aware-0000&page=2")
        async with page.expect_download() as table:
            await page.get_by_role("link", name="CSV downloaden").click()
        path = await (await table.value).path()
        lines = path.read_text("utf-8").splitlines()
        assert 61 == len(lines)
        assert lines[0].startswith("melding,")
        await page.goto(f"{server.url}incident?alarm=aware-000777.1")
        async with page.expect_download() as whole:
            await page.get_by_role("link", name="JSON downloaden").click()
        download = await whole.value
        assert "aware-000777.1-police.json" == download.suggested_filename
        incident = msgspec.json.decode((await download.path()).read_bytes(), type=Incident)
        assert (True, hostile()) == (incident.closed, incident.view)
        told = page.get_by_text("alarm-gateway export aware-000777.1 --console police")
        await expect(told).to_be_hidden()
        await page.get_by_text("Bewijs", exact=True).click()
        await expect(told).to_be_visible()


async def test_axe_finds_nothing_in_either_language_or_scheme(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """The list and an alarm whole, on a screen and on a phone."""
    found: list[str] = []
    async with gateway_on(mosquitto.url) as gateway:
        await fill(gateway)
        addresses = ("history", "incident?alarm=aware-000777.1")
        for address in addresses:
            await page.goto(f"{server.url}{address}")
            for language in ("en", "nl"):
                await page.locator(f"[data-language={language}]").click()
                await expect(page.locator("h2").first).to_be_visible()
                for scheme in ("light", "dark"):
                    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                    found += await violations(page, f"{address} {language} {scheme}")
            await page.set_viewport_size({"width": 390, "height": 844})
            found += await violations(page, f"{address} narrow")
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            await page.set_viewport_size({"width": 1280, "height": 720})
    assert [] == found


async def test_what_is_chosen_in_the_queue_is_told(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Whoever opens an alarm is on record: the page says so once, and again on a new connection."""
    told: list[str | bytes] = []

    def hear(text: str | bytes) -> None:
        told.append(text)

    page.on("websocket", lambda socket: socket.on("framesent", hear))
    opened = '{"type":"opened","alarm_id":"aware-000123.1"}'
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view())
        await page.goto(server.url)
        await page.locator(f"{row()} .c-where").click()
        await until(lambda: told.count(opened) == 1, "the first word")
        await server.stop()
        await expect(page.locator("[data-connection=lost]")).to_be_visible()
        await server.start()
        await until(lambda: told.count(opened) == 2, "the word on the new connection")
