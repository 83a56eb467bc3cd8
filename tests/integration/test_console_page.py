"""The console's page in a real browser, against a scripted gateway on a real broker."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from msgspec import structs
from playwright.async_api import Page, async_playwright, expect

from alarm_protocol.messages import AlarmView, TrackAction
from alarm_protocol.runtime.broker_url import parse_broker_url
from dispatch.feed import Feed
from dispatch.settings import Settings
from dispatch.web.server import make_app
from tests.integration.conftest import free_port
from tests.integration.console_wire import answered, gateway_on, until
from tests.unit.dispatch.views import make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
SCRIPT = "<img src=x onerror=\"document.title='hacked'\"><b>jas</b>"
ROW = "tr[data-alarm='aware-000123.1']"


@pytest.fixture
async def page(program: Callable[[str], Path]) -> AsyncIterator[Page]:
    """Open a page at the size of a small control-room screen; any error in it fails the test."""
    async with async_playwright() as playwright:
        chromium = program("chromium")
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = await browser.new_page(viewport={"width": 1280, "height": 720}, locale="nl-NL")
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if is_fault(said.text) else None)
        yield page
        await browser.close()
        assert faults == []


def is_fault(text: str) -> bool:
    """Tell what the policy or Trusted Types blocked from a server that is simply away."""
    return "Content Security Policy" in text or "TrustedHTML" in text


class Server:
    """A console on a port that it keeps over stops and starts."""

    def __init__(self, url: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._settings = Settings(
            console="police", broker=parse_broker_url(url), host="127.0.0.1", port=self.port
        )
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Serve, with nothing remembered from before."""
        self._runner = web.AppRunner(make_app(Feed(self._settings)), shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """End the server; pages notice by themselves."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()


@pytest.fixture
async def server(mosquitto: "Mosquitto") -> AsyncIterator[Server]:
    """Serve a police console."""
    server = Server(mosquitto.url)
    await server.start()
    yield server
    await server.stop()


def accepting(view: AlarmView) -> Callable[[TrackAction], AlarmView]:
    """Answer every action by taking the alarm as accepted."""

    def answer(action: TrackAction) -> AlarmView:
        done = answered(view, action, outcome="done")
        own = structs.replace(view.own_track, status="accepted", accepted_by=action.operator)
        return structs.replace(done, status="accepted", own_track=own)

    return answer


async def test_an_alarm_appears_and_is_accepted(
    mosquitto: "Mosquitto", server: Server, page: Page
) -> None:
    """It comes within a second, counts in the title, and moves on by the gateway's answer."""
    async with gateway_on(mosquitto.url) as gateway:
        gateway.on_action = accepting(make_view())
        await page.goto(server.url)
        await expect(page.locator("[data-connection=connected]")).to_be_visible()
        await gateway.view(make_view())
        row = page.locator(f"section.open {ROW}")
        await expect(row).to_be_visible(timeout=1_000)
        await expect(row).to_contain_text("Leiden")
        await expect(row).to_contain_text("Haarlemmerstraat 112")
        await expect(page).to_have_title("(1) Meldkamer")
        await expect(page.get_by_role("alert").first).to_contain_text("prio 1, Leiden")
        await row.get_by_role("button", name="Aannemen").click()
        await expect(row).to_contain_text("Vul eerst uw naam in")
        assert gateway.actions == []
        await page.locator("#operator").fill("K. de Boer")
        await row.get_by_role("button", name="Aannemen").click()
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
        await page.locator("#operator").fill("K. de Boer")
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
    async with gateway_on(mosquitto.url) as gateway:
        await gateway.view(make_view(household=household, timeline=(entry,)))
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
        await expect(page.locator(".banner.bad")).to_contain_text(
            "Verbinding verbroken", timeout=10_000
        )
        await expect(page.locator(f"section.open {ROW}")).to_be_visible()
        await gateway.view(make_view(version=2, status="accepted"))
        await server.start()
        await gateway.status()
        await expect(page.locator(f"section.progress {ROW}")).to_be_visible(timeout=15_000)
        await gateway.status()  # the last one may be old by now, if the page took its time
        await expect(page.locator("[data-connection=connected]")).to_be_visible()
        await until(lambda: gateway.confirmed, "confirmations")
