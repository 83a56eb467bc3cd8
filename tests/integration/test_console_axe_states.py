"""Axe on what the page shows when something is amiss or unfolded, for both agencies."""

from typing import TYPE_CHECKING, Any, Literal

import pytest
from msgspec import structs
from playwright.async_api import Page, expect

from alarm_protocol import topics
from alarm_protocol.codec import encode
from alarm_protocol.messages import OwnTrack
from alarm_protocol.units import CONSOLES, ConsoleId, TimestampMs
from tests.helpers.accounts import OPERATOR
from tests.integration.console_browser import Server, row, serving
from tests.integration.console_wire import Gateway, gateway_on, until
from tests.integration.test_console_axe import violations
from tests.integration.test_console_kept import write_note
from tests.integration.test_console_supervision import SEF, full_overview
from tests.unit.dispatch.views import RAISED_MS, make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.browser]

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HOME = "aware-000123"
UNFOLD = "folds => folds.forEach((fold) => (fold.open = true))"
BUSY: dict[ConsoleId, dict[str, Any]] = {
    "police": {
        "status": "unit_assigned",
        "own_track": OwnTrack(
            status="unit_assigned", accepted_by=OPERATOR, units=("HM 21.01", "HM 21.02")
        ),
    },
    "veilig_thuis": {
        "status": "assessed",
        "own_track": OwnTrack(
            status="assessed",
            accepted_by=OPERATOR,
            assessment="Acuut onveilig",
            conditions="Geen contact tot maandag",
            referred_to=("wijkagent", "slachtofferhulp"),
        ),
    },
}
"""An alarm in the middle of its work, on which each form may be filled in."""


async def looked_at(page: Page, state: str) -> list[str]:
    """Return what axe finds in a state, light and dark."""
    found: list[str] = []
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        found += await violations(page, f"{state}, {scheme}")
    return found


async def publish_home(gateway: Gateway, console: ConsoleId) -> None:
    """Publish an alarm that is being worked on, and what its home had before it."""
    ended = OwnTrack(
        status="closed", disposition="mispress", closed_by=OPERATOR, close_reason="kat op knop"
    )
    await gateway.view(
        make_view(f"{HOME}.2", console=console, status="closed", own_track=ended, version=4)
    )
    later = TimestampMs(RAISED_MS + 60_000)
    busy = make_view(f"{HOME}.3", console=console, raised_at_ms=later, **BUSY[console])
    await gateway.view(busy)
    await gateway.view(make_view("aware-000777.1", console=console))


async def refused_at_the_door(page: Page, server: Server) -> list[str]:
    """Try to sign in with a wrong password."""
    await page.goto(server.url)
    await page.locator("input[name=name]").fill(OPERATOR)
    await page.locator("input[name=password]").fill("niet het wachtwoord")
    await page.keyboard.press("Enter")
    await expect(page.locator(".door .notice")).to_be_visible()
    return await looked_at(page, "refused at the door")


async def unfolded(page: Page, server: Server) -> list[str]:
    """Open the alarm with all its forms, its home's earlier alarms, and the map."""
    await server.admit(page)
    await page.goto(server.url)
    await page.locator(f"{row(f'{HOME}.3')} .c-where").click()
    await page.locator("aside details").evaluate_all(UNFOLD)
    await expect(page.locator("aside [data-earlier='2'] li")).to_have_count(1)
    if await page.locator(".map").count():
        await page.locator(".map > summary").click()
        await expect(page.locator(".map svg")).to_be_visible()
    return await looked_at(page, "unfolded")


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("console", CONSOLES)
async def test_axe_finds_nothing_when_something_is_amiss(
    mosquitto: "Mosquitto", page: Page, console: ConsoleId, language: str
) -> None:
    """Refused at the door, all unfolded, actions kept without broker or server, nobody there."""
    await page.add_init_script(f"localStorage.setItem('dispatch.language', '{language}')")
    kept = page.locator("aside [data-kept=note]")
    async with serving(mosquitto.url, console) as server:
        async with gateway_on(mosquitto.url) as gateway:
            await publish_home(gateway, console)
            found = await refused_at_the_door(page, server)
            found += await unfolded(page, server)
        mosquitto.kill()
        await expect(page.locator("[data-connection=broker]")).to_be_visible()
        await write_note(page, "eerste")
        await expect(kept).to_have_count(1)
        found += await looked_at(page, "kept without a broker")
        await server.stop()
        await expect(page.locator("[data-connection=lost]")).to_be_visible()
        await write_note(page, "tweede")
        await expect(kept).to_have_count(2)
        found += await looked_at(page, "kept without a server")
        await server.start()
        await page.route("**/api/session", lambda route: route.abort())
        await page.goto(server.url)
        await expect(page.locator(".banner.bad")).to_be_visible()
        found += await looked_at(page, "opened without a server")
    assert [] == found


async def searched(page: Page, server: Server) -> list[str]:
    """Look at the history with alarms, with none, and when it cannot be asked."""
    found: list[str] = []
    await page.goto(f"{server.url}history")
    await expect(page.locator("tbody tr")).to_have_count(1)
    found += await looked_at(page, "history")
    await page.goto(f"{server.url}history?device=nergens")
    await expect(page.locator("#title-results")).to_be_visible()
    found += await looked_at(page, "history of nothing")
    await page.route("**/api/history*", lambda route: route.abort())
    await page.reload()
    await expect(page.locator("[data-warning]")).to_be_visible()
    found += await looked_at(page, "history that cannot be asked")
    return found


async def incidents(page: Page, server: Server) -> list[str]:
    """Look at an alarm that was closed, one that is open, and one that is not there."""
    found: list[str] = []
    for name, alarm in {"closed": f"{HOME}.2", "open": f"{HOME}.3"}.items():
        await page.goto(f"{server.url}incident?alarm={alarm}")
        await expect(page.locator("article.incident")).to_be_visible()
        found += await looked_at(page, f"incident, {name}")
    await page.goto(f"{server.url}incident?alarm=aware-999999.1")
    await expect(page.locator("main h1 + .quiet")).to_be_visible()
    found += await looked_at(page, "incident, missing")
    return found


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("console", CONSOLES)
async def test_axe_finds_nothing_on_the_pages_beside_the_queue(
    mosquitto: "Mosquitto", page: Page, console: ConsoleId, language: str
) -> None:
    """History, incident and supervision: full, empty, and when they cannot be fetched."""
    await page.add_init_script(f"localStorage.setItem('dispatch.language', '{language}')")
    async with serving(mosquitto.url, console) as server, gateway_on(mosquitto.url) as gateway:
        server.book.put(SEF, "supervisor")
        await server.admit(page, SEF)
        await publish_home(gateway, console)
        await until(lambda: len(gateway.confirmed) >= 3, "confirmations")
        found = await searched(page, server)
        found += await incidents(page, server)
        await page.goto(f"{server.url}supervision")
        await expect(page.locator(".consoles")).to_be_visible()
        found += await looked_at(page, "supervision, no overview yet")
        overview = structs.replace(full_overview(), console=console)
        await gateway.raw(topics.overview(console), encode(overview))
        await expect(page.locator(".devices")).to_be_visible()
        found += await looked_at(page, "supervision")
        await server.stop()
        await expect(page.locator("[data-warning]")).to_be_visible()
        found += await looked_at(page, "supervision, lost")
    assert [] == found
