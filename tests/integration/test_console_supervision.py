"""The supervisor's page in a real browser: what it shows, as text only, and to whom."""

from typing import TYPE_CHECKING

import pytest
from msgspec import structs
from playwright.async_api import Page, expect

from alarm_protocol import topics
from alarm_protocol.codec import encode
from alarm_protocol.messages import AnswerTimes, DeviceOutOfOrder, Overview, OwnTrack
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import DeviceId, TimestampMs
from tests.integration.console_browser import Server
from tests.integration.console_wire import Gateway, gateway_on
from tests.integration.test_console_axe import violations
from tests.unit.dispatch.core.test_overview import SAMPLE, make_overview
from tests.unit.dispatch.views import make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

SCRIPT = b"<img src=x onerror=\"document.title='hacked'\">\xff"
SEF = "Sef"


def full_overview() -> Overview:
    """Make one with all that it can hold."""
    devices = (
        DeviceOutOfOrder(device_id=DeviceId("aware-000017"), conditions=("silent", "tamper")),
        DeviceOutOfOrder(device_id=DeviceId("aware-000018"), test=True),
        DeviceOutOfOrder(
            device_id=DeviceId("aware-000019"),
            maintenance_until_ms=TimestampMs(now_ms() + 3_600_000),
        ),
    )
    answers = (
        AnswerTimes(norm="EN 50518", limit_ms=30_000, required_permille=800, count=5, within=5),
        AnswerTimes(norm="NFPA 1225", limit_ms=10_000, required_permille=900, count=5, within=2),
        AnswerTimes(norm="NENA-STA-020", limit_ms=15_000, required_permille=900, count=0, within=0),
    )
    samples = (
        structs.replace(SAMPLE, begin_hex=SCRIPT.hex(), topic="aware/v1/devices/<b>x</b>/press"),
        structs.replace(SAMPLE, begin_hex=None, reason="<i>reason</i>"),
    )
    return make_overview(
        at_ms=now_ms(),
        devices=devices,
        devices_omitted=40,
        device_counts={"silent": 41, "test": 1, "maintenance": 1},
        samples=samples,
        unreadable=2,
        condensed_presses=300,
        answers=answers,
        answer_p50_ms=8_200,
        answer_p90_ms=12_000,
    )


async def tell(gateway: Gateway) -> None:
    """Publish an overview, and an alarm that escalated; names in it are markup."""
    await gateway.raw(topics.overview("police"), encode(full_overview()))
    view = make_view(own_track=OwnTrack(escalation_level=2, accepted_by="<u>K</u>"))
    assert view.household is not None
    household = structs.replace(view.household, municipality="<s>Leiden</s>")
    await gateway.view(structs.replace(view, household=household))


async def test_it_shows_the_whole_and_runs_none_of_it(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """Escalations, devices, counters, bytes and answer times are there; markup is only text."""
    server.book.put(SEF, "supervisor")
    await server.admit(page, SEF)
    async with gateway_on(mosquitto.url) as gateway:
        await tell(gateway)
        await page.goto(server.url)
        await page.locator("details.operator summary").click()
        await page.get_by_role("link", name="Toezicht").click()
        await expect(page.locator(".escalations")).to_contain_text("<s>Leiden</s>")
        await expect(page.locator(".escalations")).to_contain_text("(<u>K</u>)")
        await expect(page.locator(".devices")).to_contain_text("geen teken van leven")
        await expect(page.locator(".devices")).to_contain_text("en nog 40")
        await expect(page.locator(".answers")).to_contain_text("100% (5 van 5)")
        await expect(page.locator(".answers .state.bad")).to_have_count(1)
        norms = "De grenzen zijn die van EN 50518, NFPA 1225, NENA-STA-020, "
        await expect(page.locator(".answers")).to_contain_text(norms)
        begin = page.locator("[data-begin]").first
        await expect(begin).to_have_text(SCRIPT.decode("latin-1").replace("\xff", r"\xff"))
        await expect(page.locator(".counters")).to_contain_text("niet zichtbaar")
        await expect(page.locator(".counters")).to_contain_text("<i>reason</i>")
        assert 0 == await page.locator("#app img, #app s, #app u, #app i, td b").count()
        assert await page.title() == "Toezicht · Meldkamer"
        async with page.expect_download() as download:
            await page.get_by_role("link", name="CSV downloaden").press("Enter")
        assert (await download.value).suggested_filename.startswith("supervision-police-")
        await page.get_by_role("button", name="English").press("Enter")
        await expect(page.locator("h1")).to_have_text("Supervision")
        await server.stop()
        await expect(page.locator("[data-warning]")).to_contain_text("No connection")
        await expect(page.locator(".devices")).to_contain_text("aware-000017")


async def test_an_operator_sees_no_link_and_no_page(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """The address alone opens nothing."""
    async with gateway_on(mosquitto.url) as gateway:
        await tell(gateway)
        await page.goto(server.url)
        await page.locator("details.operator summary").click()
        await expect(page.locator("[data-press=help]")).to_be_visible()
        assert 0 == await page.get_by_role("link", name="Toezicht").count()
        await page.goto(f"{server.url}supervision")
        assert "aware-000017" not in await page.content()
        await expect(page.locator("body")).to_contain_text("not_supervisor")


async def test_axe_finds_nothing_in_either_language_or_scheme(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """On a screen and on a phone, with everything that the page can hold."""
    server.book.put(SEF, "supervisor")
    await server.admit(page, SEF)
    found: list[str] = []
    async with gateway_on(mosquitto.url) as gateway:
        await tell(gateway)
        await page.goto(f"{server.url}supervision")
        await expect(page.locator(".devices")).to_be_visible()
        for language, title in (("nl", "Toezicht"), ("en", "Supervision")):
            await page.locator(f"[data-language={language}]").click()
            await expect(page.locator("h1")).to_have_text(title)
            await page.emulate_media(color_scheme="light")
            found += await violations(page, f"{language} light")
            await page.emulate_media(color_scheme="dark")
            found += await violations(page, f"{language} dark")
        await page.set_viewport_size({"width": 390, "height": 844})
        found += await violations(page, "narrow")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [] == found
